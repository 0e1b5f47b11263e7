//! Another scoring file: nothing changes before it is applied, the plan says what then happens, and nobody is announced by it.

use crate::bench::{Bench, instant};
use crate::scene::{self, Scene, on_both_databases};
use crate::support::faulty_smtp::FaultySmtp;
use crate::support::receiver::Receiver;
use crate::support::workspace::Workspace;
use overture::domain::decide::Ask;
use overture::domain::id::LeadId;
use overture::engine::{ApplyError, Order, Plan, Shift, Subject};
use overture::store::reports::Leads;
use serde_json::{Value, json};
use std::collections::BTreeMap;

on_both_databases!(
    the_plan_of_another_scoring_file_says_what_then_happens,
    nobody_is_handed_to_sales_by_another_file_alone_and_by_what_is_heard_then,
    whoever_meets_a_lead_of_another_scoring_file_learns_which_one_is_in_force,
    going_back_to_an_older_scoring_file_gives_the_scores_it_gave,
    going_back_from_a_scoring_file_that_was_never_applied_lasts_too,
    sequences_that_are_edited_with_the_scoring_file_meet_the_new_scores,
);

const FILE: &str = "config/scoring.yaml";
const WARM_ONLY: &str = "kind: cadence
send: {from: growth, days: mon-sun, hours: 00:00-24:00, zone: UTC}
stop: {when: score < 10}
steps:
  - {id: first, email: scene/first}
  - wait: 3d
  - {id: second, email: scene/second}
";

/// What each lead did, in numbers of events.
const PEOPLE: [(&str, &[(&str, usize)]); 6] = [
    ("reader", &[("whitepaper_downloaded", 3)]),
    ("student", &[("webinar_attended", 2)]),
    ("buyer", &[("quote_requested", 2), ("whitepaper_downloaded", 1)]),
    ("visitor", &[("webinar_attended", 1)]),
    ("quiet", &[("login", 1)]),
    ("ready", &[("demo_requested", 1)]),
];

/// Downloads make hot, webinars give nothing any more.
fn edited(file: &str) -> String {
    let file = file
        .replace("on: whitepaper_downloaded, points: 5, at_most: 15 in 90d", "on: whitepaper_downloaded, points: 85");
    let edited =
        file.replace("on: webinar_attended, points: 10, at_most: 20 in 90d", "on: webinar_attended, points: 1");
    assert!(edited.contains("points: 85") && edited.contains("webinar_attended, points: 1}"), "{edited}");
    edited
}

/// All have been heard of a day ago; `visitor` and `student` are in a cadence for those with ten points.
fn stage(database: &str) -> (Bench, FaultySmtp, Receiver) {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let workspace = scene::workspace(database, server.address(), &receiver, scene::TWO_MAILS);
    workspace.write("sequences/warm-only.yaml", WARM_ONLY);
    let bench = Bench::at("2026-03-02T10:00:00Z", workspace);
    for (who, heard) in PEOPLE {
        for (name, times) in heard {
            (0..*times).for_each(|_| hear(&bench, who, name));
        }
    }
    for who in ["visitor", "student"] {
        let ask = Ask::Enroll { sequence: "warm-only".to_owned(), by: "test".to_owned(), again: false };
        bench.ask(&address(who), ask);
    }
    bench.until(instant("2026-03-03T10:00:00Z"));
    (bench, server, receiver)
}

fn address(who: &str) -> String {
    format!("{who}@example.com")
}

/// A person does something.
fn hear(bench: &Bench, who: &str, name: &str) {
    bench.ask_as_person(&address(who), Ask::Hear { name: name.to_owned(), data: serde_json::Map::new(), touch: None });
    bench.work();
}

fn edit(workspace: &Workspace) {
    workspace.write(FILE, &edited(&workspace.read(FILE)));
}

fn order(at_most: usize) -> Order {
    Order { at_most, by: "test".to_owned(), ..Order::default() }
}

fn plan(bench: &Bench) -> Plan {
    bench.with(async |engine| engine.plan(&order(0)).await.expect("there is a plan"))
}

/// Temperature, stage and rounded score of each lead, by its name.
fn standings(bench: &Bench) -> BTreeMap<String, (String, String, String)> {
    let reports = bench
        .with(async |engine| engine.store.reports().leads(&Leads::Newest, None, 500).await.expect("the store answers"));
    let one = |row: overture::store::reports::LeadLine| {
        (row.address, (row.temperature, row.stage.to_string(), format!("{:.1}", row.score)))
    };
    reports.rows.into_iter().map(one).collect()
}

fn shifts(pairs: impl Iterator<Item = (String, String)>) -> Vec<Shift> {
    let mut counts: BTreeMap<(String, String), usize> = BTreeMap::new();
    pairs.filter(|(from, to)| from != to).for_each(|pair| *counts.entry(pair).or_default() += 1);
    counts.into_iter().map(|((from, to), leads)| Shift { from, to, leads }).collect()
}

/// The names of all events of a lead.
fn names(bench: &Bench, who: &str) -> Vec<String> {
    let lead = lead(bench, who);
    let events = bench.with(async |engine| engine.store.history(&lead).await.expect("it has a history"));
    events.iter().map(|event| event.what.name().to_owned()).collect()
}

fn lead(bench: &Bench, who: &str) -> LeadId {
    let rows = bench.with(async |engine| {
        engine.store.reports().leads(&Leads::Newest, None, 500).await.expect("the store answers").rows
    });
    rows.into_iter().find(|row| row.address == address(who)).expect("it is known").id
}

fn the_plan_of_another_scoring_file_says_what_then_happens(database: &str) {
    let (bench, _server, _receiver) = stage(database);
    let before = standings(&bench);
    edit(bench.workspace());
    let planned = plan(&bench);
    let scoring = planned.scoring.clone().expect("the scoring file changed");
    assert_eq!(plan(&bench).fingerprint, planned.fingerprint);
    assert_eq!(standings(&bench), before, "a plan changes nothing");

    let refused = bench.with(async |engine| engine.apply(&order(1)).await.expect_err("it drops two mails"));
    assert!(matches!(refused, ApplyError::TooMany { most: 1, .. }), "{refused}");
    assert_eq!(standings(&bench), before);

    let applied = bench.with(async |engine| {
        let agreed = Order { fingerprint: Some(planned.fingerprint.clone()), ..order(10) };
        engine.apply(&agreed).await.expect("it is applied")
    });
    assert_eq!((&applied.plan, applied.scored), (&planned, PEOPLE.len()));
    let after = standings(&bench);
    let moved = |pick: fn(&(String, String, String)) -> String| {
        shifts(before.iter().map(|(who, stood)| (pick(stood), pick(&after[who]))))
    };
    assert_eq!(
        (scoring.bands.clone(), scoring.stages.clone()),
        (moved(|one| one.0.clone()), moved(|one| one.1.clone()))
    );
    let changed = before.iter().filter(|(who, stood)| stood.2 != after[*who].2).count();
    assert_eq!((scoring.leads, scoring.scores, changed), (PEOPLE.len(), 4, 4), "{before:#?} {after:#?}");
    let hot = Shift { from: "cold".to_owned(), to: "hot".to_owned(), leads: 1 };
    assert!(scoring.bands.contains(&hot) && scoring.stages.iter().all(|shift| shift.to == "mql"), "{scoring:#?}");
    assert_eq!((scoring.waiting, scoring.announced, scoring.ended, scoring.dropped), (2, 0, 2, 2), "{scoring:#?}");
    let ended = bench.all("warm-only");
    assert_eq!(ended, ["exited", "exited"]);
    assert!(plan(&bench).is_empty(), "nothing is left to apply");
}

fn nobody_is_handed_to_sales_by_another_file_alone_and_by_what_is_heard_then(database: &str) {
    let (bench, _server, receiver) = stage(database);
    let told = |who: &str| {
        let about = |body: &[u8]| String::from_utf8_lossy(body).contains(&address(who));
        receiver.requests().iter().filter(|request| about(&request.body)).count()
    };
    edit(bench.workspace());
    bench.with(async |engine| engine.apply(&order(10)).await.expect("it is applied"));
    bench.until(instant("2026-03-06T10:00:00Z"));
    for who in ["reader", "buyer"] {
        let names = names(&bench, who);
        assert!(names.contains(&"rescored".to_owned()) && !names.contains(&"handoff_opened".to_owned()), "{names:?}");
    }
    assert_eq!((told("reader"), told("buyer")), (0, 0), "no alert is sent");
    hear(&bench, "reader", "login");
    assert_eq!(names(&bench, "reader").iter().filter(|name| *name == "handoff_opened").count(), 1);
    assert!(told("reader") > 0, "now sales is told");
    assert!(!names(&bench, "buyer").contains(&"handoff_opened".to_owned()));
}

fn whoever_meets_a_lead_of_another_scoring_file_learns_which_one_is_in_force(database: &str) {
    let (bench, _server, _receiver) = stage(database);
    edit(bench.workspace());
    let (before, after) = bench.with(async |engine| {
        let before = engine.playbook();
        engine.apply(&order(10)).await.expect("it is applied");
        let after = engine.playbook();
        // As another daemon of a fleet, which was not told.
        engine.set_playbook(before.as_ref().clone());
        (before, after)
    });
    assert_ne!(before.scoring.version, after.scoring.version);
    hear(&bench, "newcomer", "whitepaper_downloaded");
    assert_eq!(standings(&bench)[&address("newcomer")].2, "5.0", "nobody whom it met was scored by the new one");
    hear(&bench, "quiet", "whitepaper_downloaded");
    let sold = |score: &str| ("hot".to_owned(), "sql".to_owned(), score.to_owned());
    assert_eq!(standings(&bench)[&address("quiet")], sold("85.0"), "now it knows");
    hear(&bench, "newcomer", "login");
    assert_eq!(standings(&bench)[&address("newcomer")], sold("85.0"), "who was missed is scored anew first");
    for who in ["quiet", "newcomer"] {
        let names = names(&bench, who);
        assert_eq!(names.iter().filter(|name| *name == "rescored").count(), 1, "{names:?}");
    }
}

fn going_back_to_an_older_scoring_file_gives_the_scores_it_gave(database: &str) {
    let (bench, _server, _receiver) = stage(database);
    let before = standings(&bench);
    edit(bench.workspace());
    bench.with(async |engine| engine.apply(&order(10)).await.expect("it is applied"));
    let versions = bench.with(async |engine| engine.versions_of(Subject::Scoring).await.expect("there are versions"));
    assert_eq!((versions.len(), versions.iter().filter(|one| one.applied && one.current).count()), (2, 1));
    let diff = bench.with(async |engine| engine.diff_of(Subject::Scoring, None, None).await.expect("there is a diff"));
    assert!(diff.contains("--- a/config/scoring.yaml") && diff.contains("points: 85"), "{diff}");
    let older = versions.iter().find(|one| !one.applied).expect("one was before");
    let back = Order { scoring: true, version: Some(older.version[..8].to_owned()), ..order(10) };
    let applied = bench.with(async |engine| engine.apply(&back).await.expect("it is applied"));
    assert_eq!(applied.plan.scoring.map(|scoring| scoring.to), Some(older.version.clone()));
    let scores = |all: &BTreeMap<String, (String, String, String)>| -> Vec<String> {
        all.values().map(|stood| format!("{} {}", stood.0, stood.2)).collect()
    };
    assert_eq!(scores(&standings(&bench)), scores(&before));
    let rest = plan(&bench);
    assert_eq!((rest.is_empty(), rest.set_aside.len()), (true, 1), "the file takes no part: {rest:#?}");
    assert_eq!(rest.set_aside[0].version, older.version);
    bench.with(async |engine| engine.apply(&order(10)).await.expect("nothing is applied"));
    assert_eq!(scores(&standings(&bench)), scores(&before), "and applying all that changed does not bring it back");
    let named = Order { scoring: true, ..order(10) };
    let forth = bench.with(async |engine| engine.plan(&named).await.expect("there is a plan"));
    assert!(forth.scoring.is_some(), "the file still says something else");
}

fn going_back_from_a_scoring_file_that_was_never_applied_lasts_too(database: &str) {
    let (bench, _server, _receiver) = stage(database);
    let before = standings(&bench);
    let versions = bench.with(async |engine| engine.versions_of(Subject::Scoring).await.expect("there are versions"));
    edit(bench.workspace());
    let back = Order { scoring: true, version: Some(versions[0].version.clone()), ..order(10) };
    bench.with(async |engine| engine.apply(&back).await.expect("it is applied"));
    let rest = plan(&bench);
    assert_eq!((rest.is_empty(), rest.set_aside.len()), (true, 1), "the file takes no part: {rest:#?}");
    bench.with(async |engine| engine.apply(&order(10)).await.expect("nothing is applied"));
    assert_eq!(standings(&bench), before);
    let again = bench.with(async |engine| engine.plan(&back).await.expect("there is a plan"));
    assert!(again.is_empty(), "it was gone back to already: {again:#?}");
    let named = Order { scoring: true, ..order(10) };
    bench.with(async |engine| engine.apply(&named).await.expect("it is applied"));
    assert_ne!(standings(&bench), before, "applied by itself the file counts");
}

fn sequences_that_are_edited_with_the_scoring_file_meet_the_new_scores(database: &str) {
    let (bench, _server, _receiver) = stage(database);
    edit(bench.workspace());
    let longer = WARM_ONLY.replace("score < 10", "score < 1").replace("wait: 3d", "wait: 2d");
    bench.workspace().write("sequences/warm-only.yaml", &longer);
    let planned = plan(&bench);
    let (scoring, sequence) = (planned.scoring.as_ref().expect("it changed"), &planned.sequences[0]);
    assert_eq!((scoring.ended, sequence.leads), (2, 0), "the old version ends them before the new one could keep them");
    let applied = bench.with(async |engine| engine.apply(&order(10)).await.expect("it is applied"));
    assert_eq!((applied.plan.scoring == planned.scoring, applied.plan.sequences == planned.sequences), (true, true));
    assert_eq!((applied.moved, bench.all("warm-only")), (0, vec!["exited".to_owned(), "exited".to_owned()]));
}

/// Everybody who arrives is hot at once.
fn eager(file: &str) -> String {
    file.replace("engagement:\n", "engagement:\n  - {name: arrival, on: arrived, points: 85}\n")
}

fn field(row: &Value, key: &str) -> String {
    row[key].as_str().unwrap_or_default().to_owned()
}

#[test]
fn a_changed_scoring_file_counts_for_nobody_before_it_is_applied_and_an_apply_that_is_cut_off_goes_on() {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let steps = scene::TWO_MAILS.replace("wait: 2s", "wait: 9d");
    let workspace = scene::workspace("sqlite", server.address(), &receiver, &steps);
    let mut scene = Scene::with(workspace, &[("OVERTURE_FAIL_POINT", "apply.batch")]);
    let leads: Vec<String> = (0..700).map(|number| format!("lead{number:03}@example.com")).collect();
    let leads: Vec<&str> = leads.iter().map(String::as_str).collect();
    scene.arrive(&leads).expect("it answers");
    let temperatures = |scene: &Scene| {
        let mut counts: BTreeMap<String, usize> = BTreeMap::new();
        scene
            .rows("/v1/leads", "leads")
            .iter()
            .for_each(|row| *counts.entry(field(row, "temperature")).or_default() += 1);
        counts
    };
    let all = |word: &str| BTreeMap::from([(word.to_owned(), 700)]);
    let file = scene.workspace.read(FILE);
    scene.workspace.write(FILE, &eager(&file));
    scene.daemon.reload();
    let waits = |line: &str| line.contains("is not the scoring file in force").then_some(());
    scene.daemon.log().wait(crate::support::SOON, waits).expect("it says that the file waits");
    scene.post("/v1/events", &json!({"lead": {"email": leads[0]}, "name": "login"}));
    assert_eq!(temperatures(&scene), all("cold"), "the file was read, and counts for nobody");
    let planned = scene.overture(&["plan", "--json"]).ok().json();
    assert_eq!(planned["scoring"]["bands"], json!([{"from": "cold", "to": "hot", "leads": 700}]), "{planned:#}");
    let told = scene.overture(&["plan", "--scoring"]).ok().stdout;
    assert!(told.contains("temperature cold -> hot: 700 leads"), "{told}");
    scene.overture(&["apply", "--yes", "--json"]);
    scene.daemon.wait_end();
    scene.daemon.restart();
    assert_eq!(temperatures(&scene), all("hot"));
    let rest = scene.overture(&["plan"]).ok().stdout;
    assert!(rest.contains("nothing to apply"), "{rest}");
    assert_eq!(scene.rows("/v1/handoffs", "handoffs").len(), 0);
    let history = scene.overture(&["scoring", "history"]).ok().stdout;
    assert!(history.contains("every lead"), "{history}");
    let diff = scene.overture(&["scoring", "diff"]).ok().stdout;
    assert!(diff.contains("+  - {name: arrival, on: arrived, points: 85}"), "{diff}");
    let score = scene.overture(&["score", leads[0], "--json"]).ok().json();
    assert_eq!(score["lines"][0]["rule"], "arrival", "{score:#}");
}
