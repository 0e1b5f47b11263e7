//! Edits of what is running: what the plan says is what then happens, for every kind of edit, and nothing happens halfway.

use crate::bench::{Bench, instant};
use crate::scene::{self, Scene, on_both_databases};
use crate::support::faulty_smtp::FaultySmtp;
use crate::support::receiver::Receiver;
use crate::support::workspace::Workspace;
use overture::domain::address::EmailAddress;
use overture::domain::decide::Ask;
use overture::domain::event::{Mark, What};
use overture::domain::lead::Lead;
use overture::domain::task::TaskFact;
use overture::engine::{ApplyError, Order, Plan, Subject};
use overture::store::reports::LeadKey;
use std::collections::{BTreeMap, BTreeSet};

on_both_databases!(
    for_every_kind_of_edit_the_plan_says_what_then_happens,
    under_a_frequency_cap_the_plan_says_what_then_happens_too,
    what_goes_further_than_it_may_or_than_was_agreed_to_changes_nothing,
    going_back_is_applying_an_older_version,
);

const HEAD: &str = "kind: cadence\nsend: {from: growth, days: mon-fri, hours: 09:00-17:00, zone: UTC}\n";
const STEPS: &str = "\
steps:
  - {id: first, email: scene/first}
  - wait: 5d
  - {id: second, email: scene/second}
  - wait: 2d
  - {id: third, email: scene/first}
";
const FORKED: &str = "\
steps:
  - {id: first, email: scene/first}
  - wait: 5d
  - if: lead.country == \"DE\"
    then:
      - {id: second, email: scene/second}
  - else:
      - {id: other, email: scene/second}
  - wait: 2d
  - {id: third, email: scene/first}
";

const TASKED: &str = "\
owner: maya
steps:
  - {id: first, email: scene/first}
  - {id: call, task: call, title: Call them, wait: up_to 6bd, overdue: skip}
  - {id: second, email: scene/second}
";

const SPLIT: &str = "\
steps:
  - {id: first, email: scene/first}
  - wait: 5d
  - split:
      this: {weight: 1, steps: [{id: second, email: scene/second}]}
      that: {weight: 1, steps: [{id: other, email: scene/second}]}
  - wait: 2d
  - {id: third, email: scene/first}
";

fn steps(from: &str, change: &[(&str, &str)]) -> String {
    change.iter().fold(from.to_owned(), |text, (old, new)| {
        assert!(text.contains(old), "{text} has no {old}");
        text.replacen(old, new, 1)
    })
}

/// A sequence's name, its file before and after, and how many touches of three leads the edit releases, and drops on whatever day.
type Kind = (&'static str, String, Option<String>, (usize, usize));

/// Each kind of edit.
fn kinds() -> Vec<Kind> {
    const CALL: &str = "  - {id: call, task: call, title: Call them, wait: up_to 6bd, overdue: skip}\n";
    let file = |rest: &str| format!("{HEAD}{rest}");
    let edited = |change: &[(&str, &str)]| Some(file(&steps(STEPS, change)));
    let second = "  - {id: second, email: scene/second}\n";
    let waits =
        |long: &str| steps(STEPS, &[("wait: 5d", &format!("wait: {{for: lead.country == \"DE\", up_to: {long}}}"))]);
    // Whichever way a lead takes, its mail is another one.
    let split = [("weight: 1,", "weight: 3,"), ("id: second", "id: fifth"), ("id: other", "id: sixth")];
    vec![
        ("copy", file(STEPS), edited(&[("email: scene/second", "email: scene/first")]), (0, 0)),
        ("shortened", file(STEPS), edited(&[("wait: 5d", "wait: 1d")]), (1, 0)),
        ("lengthened", file(STEPS), edited(&[("wait: 5d", "wait: 8d")]), (0, 0)),
        ("moved", file(STEPS), Some(file(&format!("{}{second}", steps(STEPS, &[(second, "")])))), (0, 1)),
        ("renamed", file(STEPS), edited(&[("id: second", "id: later")]), (0, 3)),
        ("removed", file(STEPS), edited(&[(second, "")]), (0, 3)),
        ("before", file(STEPS), edited(&[("steps:\n", "steps:\n  - {id: hello, email: scene/first}\n")]), (0, 0)),
        (
            "after",
            file(STEPS),
            edited(&[(second, "  - {id: second, email: scene/second}\n  - {id: extra, email: scene/first}\n")]),
            (0, 0),
        ),
        ("branch", file(FORKED), Some(file(&steps(FORKED, &[("== \"DE\"", "!= \"DE\"")]))), (0, 2)),
        ("split", file(SPLIT), Some(file(&steps(SPLIT, &split))), (0, 3)),
        ("gone", file(STEPS), None, (0, 7)),
        ("stopping", file(STEPS), Some(file(&format!("stop: {{when: lead.country != \"DE\"}}\n{STEPS}"))), (0, 7)),
        ("goal", file(&format!("goal: signed_up\n{STEPS}")), Some(file(&format!("goal: bought\n{STEPS}"))), (0, 0)),
        ("heard", file(&waits("5d")), Some(file(&waits("1d"))), (1, 0)),
        ("tasked", file(TASKED), Some(file(&steps(TASKED, &[("up_to 6bd", "up_to 4bd")]))), (0, 0)),
        ("untasked", file(TASKED), Some(file(&steps(TASKED, &[(CALL, "")]))), (0, 1)),
        ("window", file(STEPS), Some(steps(&file(STEPS), &[("09:00-17:00", "13:00-17:00")])), (0, 0)),
        ("pinned", file(STEPS), Some(format!("in_flight: pin\n{}", file(&steps(STEPS, &[(second, "")])))), (0, 0)),
        ("finishing", file(STEPS), Some(format!("in_flight: finish\n{}", file(STEPS))), (0, 5)),
    ]
}

const WHO: [&str; 3] = ["wes", "mia", "sol"];

fn address(who: &str, kind: &str) -> String {
    format!("{who}-{kind}@example.com")
}

/// Of each kind: wes waits for his second mail since Thursday, mia's waits for Monday's window, and sol's first one does.
fn stage(database: &str, cap: Option<&str>) -> (Bench, FaultySmtp, Receiver) {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let workspace = scene::workspace(database, server.address(), &receiver, scene::TWO_MAILS);
    if let Some(cap) = cap {
        workspace.set("frequency_cap", cap);
    }
    for (kind, before, ..) in kinds() {
        workspace.write(&format!("sequences/edit/{kind}.yaml"), &before);
    }
    let bench = Bench::at("2026-03-02T10:00:00Z", workspace);
    let days = [("mia", "2026-03-02T10:00:00Z"), ("wes", "2026-03-05T10:00:00Z"), ("sol", "2026-03-08T10:00:00Z")];
    for (who, at) in days {
        bench.until(instant(at));
        for (kind, ..) in kinds() {
            let ask = Ask::Enroll { sequence: format!("edit/{kind}"), by: "test".to_owned(), again: false };
            bench.ask(&address(who, kind), ask);
        }
        bench.work();
    }
    (bench, server, receiver)
}

fn edit(workspace: &Workspace) {
    for (kind, _, after, _) in kinds() {
        let name = format!("sequences/edit/{kind}.yaml");
        match after {
            Some(after) => workspace.write(&name, &after),
            None => std::fs::remove_file(workspace.file(&name)).expect("the file is there"),
        }
    }
}

fn order(at_most: usize) -> Order {
    Order { at_most, by: "test".to_owned(), ..Order::default() }
}

fn plan(bench: &Bench) -> Plan {
    bench.with(async |engine| engine.plan(&order(0)).await.expect("there is a plan"))
}

/// What left, or was shown as a task, on which date: the lead with the step, and the date.
fn sent(bench: &Bench) -> BTreeSet<(String, String)> {
    let mut names = BTreeMap::new();
    for (kind, who) in kinds().iter().flat_map(|(kind, ..)| WHO.map(|who| (*kind, who))) {
        names.insert(lead(bench, &address(who, kind)).id, address(who, kind));
    }
    let rows = bench.touches();
    let left = rows.iter().filter_map(|row| Some((row, row.marked_at?.to_string()[..10].to_owned())));
    let mut left: BTreeSet<_> = left.map(|(row, date)| (format!("{} {}", names[&row.lead], row.step), date)).collect();
    for (id, name) in &names {
        let events = bench.with(async |engine| engine.store.history(id).await.expect("it has a history"));
        left.extend(events.into_iter().filter_map(|event| match event.what {
            What::Task { step, fact: TaskFact::Asked { open, .. }, .. } => {
                Some((format!("{name} {step}"), open.shown_at.to_string()[..10].to_owned()))
            }
            _ => None,
        }));
    }
    left
}

fn lead(bench: &Bench, address: &str) -> Lead {
    let key = LeadKey::Address(EmailAddress::parse(address).expect("an address"));
    let found = bench.with(async |engine| engine.store.leads(&[key]).await.expect("the store answers"));
    found.into_iter().flatten().next().expect("the lead is there")
}

/// What the edit meant for the leads of one kind, as they remember it; whom the files end with it has not to be told so twice.
fn remembered(bench: &Bench, kind: &str) -> BTreeMap<&'static str, usize> {
    let mut marks = BTreeMap::new();
    for who in WHO {
        let lead = lead(bench, &address(who, kind));
        let events = bench.with(async |engine| engine.store.history(&lead.id).await.expect("it has a history"));
        let mut adopted = None;
        for event in events {
            match event.what {
                What::Adopted { marks: told, .. } => {
                    for mark in &told {
                        *marks.entry(mark.as_str()).or_default() += 1;
                    }
                    adopted = (!told.contains(&Mark::Ends)).then_some(event.recorded_at);
                }
                What::Exited { .. } if adopted.take() == Some(event.recorded_at) => {
                    *marks.entry(Mark::Ends.as_str()).or_default() += 1;
                }
                _ => {}
            }
        }
    }
    marks
}

fn for_every_kind_of_edit_the_plan_says_what_then_happens(database: &str) {
    let (planned, bench) = plan_and_play(database, None);
    for (kind, _, _, (released, dropped)) in kinds() {
        let one = planned.sequences.iter().find(|one| one.name == format!("edit/{kind}")).expect("it was edited");
        assert_eq!((kind, one.released, one.dropped), (kind, released, dropped), "{one:#?}");
    }
    for touch in bench.touches().iter().filter(|touch| touch.sequence == "edit/copy" && touch.step == "second") {
        let stored = bench.with(async |engine| engine.store.revision(&touch.version).await.expect("the store answers"));
        assert_eq!(
            (touch.template.as_str(), stored.map(|one| one.file)),
            ("scene/first", Some("sequences/edit/copy.yaml".to_owned()))
        );
    }
}

fn under_a_frequency_cap_the_plan_says_what_then_happens_too(database: &str) {
    let (planned, _) = plan_and_play(database, Some("1 in 6d"));
    let shortened = planned.sequences.iter().find(|one| one.name == "edit/shortened").expect("it was edited");
    assert_eq!(shortened.released, 0, "whom the edit lets go on waits for the cap: {shortened:#?}");
}

/// Applies every kind of edit, and holds what the plan said against what happened, and what would have happened without.
fn plan_and_play(database: &str, cap: Option<&str>) -> (Plan, Bench) {
    let (bench, _server, _receiver) = stage(database, cap);
    let (same, _other_server, _other_receiver) = stage("sqlite", cap);
    edit(bench.workspace());
    let planned = plan(&bench);
    let applied = bench.with(async |engine| {
        let order = Order { fingerprint: Some(planned.fingerprint.clone()), ..order(100) };
        engine.apply(&order).await.expect("it is applied")
    });
    assert_eq!(applied.plan, planned, "nothing came in between");
    for (kind, ..) in kinds() {
        let one = planned.sequences.iter().find(|one| one.name == format!("edit/{kind}")).expect("it was edited");
        assert_eq!((kind, one.leads), (kind, 3), "{one:#?}");
        let mut marks: BTreeMap<&str, usize> = BTreeMap::new();
        for (mark, count) in one.steps.iter().flat_map(|step| &step.marks) {
            *marks.entry(mark).or_default() += count;
        }
        assert_eq!(marks, remembered(&bench, kind), "{kind}");
        assert_eq!(one.ended, marks.get("ends").copied().unwrap_or_default(), "{kind}");
    }
    let again = plan(&bench);
    assert!(again.sequences.is_empty(), "{again:#?}");

    let end = instant("2026-03-14T23:59:00Z");
    bench.until(end);
    same.until(end);
    let (with, without) = (sent(&bench), sent(&same));
    let count = |one: &BTreeSet<(String, String)>, other: &BTreeSet<(String, String)>| {
        let mut days: BTreeMap<String, usize> = BTreeMap::new();
        one.difference(other).for_each(|(_, date)| *days.entry(date.clone()).or_default() += 1);
        days
    };
    let (added, dropped) = (count(&with, &without), count(&without, &with));
    let told = |pick: fn(&overture::engine::Day) -> usize| -> BTreeMap<String, usize> {
        let days = planned.days.iter().map(|day| (day.date.clone(), pick(day)));
        days.filter(|(_, count)| *count > 0).collect()
    };
    assert_eq!(told(|day| day.more), added, "{:#?}", planned.days);
    assert_eq!(told(|day| day.fewer), dropped, "{:#?}", planned.days);
    if cap.is_none() {
        never_come(&planned, &bench, &same);
    }
    (planned, bench)
}

/// What the plan said is dropped never comes, on whatever day it was due, and nothing else.
fn never_come(planned: &Plan, bench: &Bench, same: &Bench) {
    let end = instant("2026-04-30T00:00:00Z");
    bench.until(end);
    same.until(end);
    let touches = |bench: &Bench| sent(bench).into_iter().map(|(touch, _)| touch).collect::<BTreeSet<String>>();
    let (with, without) = (touches(bench), touches(same));
    for (kind, ..) in kinds() {
        let one = planned.sequences.iter().find(|one| one.name == format!("edit/{kind}")).expect("it was edited");
        let of = |touch: &&String| touch.contains(&format!("-{kind}@"));
        let never: Vec<&String> = without.difference(&with).filter(of).collect();
        assert_eq!((kind, one.dropped), (kind, never.len()), "{never:?}");
    }
}

fn what_goes_further_than_it_may_or_than_was_agreed_to_changes_nothing(database: &str) {
    let (bench, _server, _receiver) = stage(database, None);
    edit(bench.workspace());
    let planned = plan(&bench);
    let touches = bench.touches();
    let refused = bench.with(async |engine| engine.apply(&order(5)).await.expect_err("it goes too far"));
    assert!(matches!(refused, ApplyError::TooMany { most: 5, .. }), "{refused}");
    assert_eq!((bench.touches(), plan(&bench)), (touches.clone(), planned.clone()));

    // Somebody answers, and leaves one of the sequences: the plan that was agreed to is not the plan of now.
    let replied = Ask::Hear { name: "replied".to_owned(), data: serde_json::Map::new(), touch: None };
    bench.ask(&address("sol", "copy"), replied);
    let agreed = Order { fingerprint: Some(planned.fingerprint.clone()), ..order(100) };
    let stale = bench.with(async |engine| engine.apply(&agreed).await.expect_err("the plan is stale"));
    let ApplyError::Stale(now) = stale else { panic!("{stale}") };
    assert_eq!((now.as_ref(), now.fingerprint == planned.fingerprint), (&plan(&bench), false));
    let cancelled = |touches: &[overture::store::reports::TouchRow]| {
        touches.iter().filter(|touch| touch.state.as_str() == "cancelled").count()
    };
    assert_eq!(cancelled(&bench.touches()), cancelled(&touches) + 1, "only the one who answered");
}

fn going_back_is_applying_an_older_version(database: &str) {
    let (bench, _server, _receiver) = stage(database, None);
    edit(bench.workspace());
    let name = "edit/removed";
    let one = Order { sequence: Some(name.to_owned()), ..order(100) };
    let applied = bench.with(async |engine| engine.apply(&one).await.expect("it is applied"));
    assert_eq!(applied.plan.sequences.len(), 1);
    let versions =
        bench.with(async |engine| engine.versions_of(Subject::Sequence(name)).await.expect("there are versions"));
    assert_eq!(
        (versions.len(), versions[0].applied, versions[0].running, versions[1].running),
        (2, true, Some(3), Some(0))
    );
    let diff =
        bench.with(async |engine| engine.diff_of(Subject::Sequence(name), None, None).await.expect("there is a diff"));
    assert!(diff.contains("\n-  - {id: second, email: scene/second}\n"), "{diff}");
    let back = Order { version: Some(versions[1].version[..8].to_owned()), ..one };
    let applied = bench.with(async |engine| engine.apply(&back).await.expect("it is applied"));
    assert_eq!((applied.plan.sequences[0].leads, applied.moved), (3, 3));
    let versions =
        bench.with(async |engine| engine.versions_of(Subject::Sequence(name)).await.expect("there are versions"));
    let older = versions.iter().find(|one| one.applied).expect("one is in force");
    assert_eq!((older.current, older.running), (true, Some(3)));
}

#[test]
fn an_apply_that_is_cut_off_goes_on_with_the_others() {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let steps = scene::TWO_MAILS.replace("wait: 2s", "wait: 9d");
    let workspace = scene::workspace("sqlite", server.address(), &receiver, &steps);
    workspace.set("senders.growth.per_day", "2000");
    let mut scene = Scene::with(workspace, &[("OVERTURE_FAIL_POINT", "apply.batch")]);
    let leads: Vec<String> = (0..700).map(|number| format!("lead{number}@example.com")).collect();
    let leads: Vec<&str> = leads.iter().map(String::as_str).collect();
    scene.arrive(&leads).expect("it answers");
    crate::support::watch::eventually("all first mails are sent", crate::support::SOON, || {
        (server.taken().len() == leads.len()).then_some(())
    });
    let file = scene.workspace.read("sequences/scene.yaml");
    scene.workspace.write("sequences/scene.yaml", &file.replace("wait: 9d", "wait: 20d"));
    let planned = scene.overture(&["plan", "--json"]).ok().json();
    assert_eq!((&planned["sequences"][0]["leads"], &planned["released"]), (&700.into(), &0.into()));
    scene.overture(&["apply", "--yes", "--json"]);
    scene.daemon.wait_end();
    scene.daemon.restart();
    let versions = scene.overture(&["sequence", "history", "scene", "--json"]).ok().json();
    let newest = &versions["versions"][0];
    assert_eq!((&newest["running"], &newest["applied"]), (&700.into(), &true.into()), "{versions:#}");
    let rest = scene.overture(&["plan"]).ok().stdout;
    assert!(rest.contains("nothing to apply"), "{rest}");
}
