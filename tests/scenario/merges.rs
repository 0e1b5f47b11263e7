//! Two leads that are found to be one person: what both were in, got and said, over real SMTP, through failing writes, on both databases.

use crate::bench::{Bench, instant};
use crate::scene::{self, on_both_databases};
use crate::support::faulty_smtp::{self, FaultySmtp, Stage};
use crate::support::postgres::Postgres;
use crate::support::receiver::Receiver;
use overture::domain::address::EmailAddress;
use overture::domain::decide::{Ask, fold};
use overture::domain::event::{Actor, What};
use overture::domain::lead::Lead;
use overture::domain::suppression::Reason;
use overture::domain::time::Millis;
use overture::engine::{Answer, Engine, Heard, Hit, Listed, Target, Terms};
use overture::store::Fault;
use overture::store::leads::LeadKey;
use overture::store::reports::{Leads, Touches};
use serde_json::{Map, json};

on_both_databases!(
    of_two_leads_in_one_sequence_one_goes_on_and_no_mail_comes_twice,
    what_is_due_at_the_moment_of_the_merge_is_done_once_whichever_of_the_two_came_first,
    what_only_the_other_is_in_goes_on_to_the_address_that_stays_at_its_time,
    all_that_was_of_the_other_is_found_by_its_old_names,
    a_mail_in_hand_is_waited_for,
    a_mail_whose_end_comes_with_the_very_commit_is_waited_for,
    what_is_said_of_the_old_mailbox_is_said_of_that_alone,
    a_mail_that_is_tried_again_after_the_merge_is_one_to_the_address_that_stays,
    what_fails_leaves_both_as_they_were_and_what_succeeds_is_whole,
    who_merges_from_both_ends_at_once_gets_one_lead_that_lost_nothing,
    who_was_taken_in_twice_is_found_at_the_end,
);

const OLD: &str = "zoe@old.example";
const NEW: &str = "zoe@acme.example";
const STEPS: &str =
    "steps:\n  - {id: first, email: scene/first}\n  - wait: 1d\n  - {id: second, email: scene/second}\n  - end: done\n";

fn bench(database: &str) -> (FaultySmtp, Bench) {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let workspace = scene::workspace(database, server.address(), &receiver, STEPS);
    (server, Bench::at("2026-01-12T08:00:00Z", workspace))
}

fn address(who: &str) -> EmailAddress {
    EmailAddress::parse(who).expect("it is good")
}

fn enroll() -> Ask {
    Ask::Enroll { sequence: "scene".to_owned(), by: "test".to_owned(), again: false }
}

fn hear(name: &str) -> Ask {
    Ask::Hear { name: name.to_owned(), data: Map::new(), touch: None }
}

async fn find(engine: &Engine, who: &str) -> Option<Lead> {
    engine.store.leads(&[LeadKey::Address(address(who))]).await.expect("the store answers").remove(0)
}

fn lead(bench: &Bench, who: &str) -> Lead {
    bench.with(async |engine| find(engine, who).await.expect("the lead is known"))
}

/// Has one take in another, or says why not.
async fn merge_in(engine: &Engine, (from, into): (&Lead, &Lead)) -> Option<Answer> {
    let ask = Ask::Absorb { other: from.id.clone(), found: None };
    let unit = engine.by_hand(Target::Lead(into.id.clone()), ask, "test");
    engine.record(vec![unit]).await.ok().map(|mut answers| answers.remove(0))
}

fn merge(bench: &Bench, from: &str, into: &str) -> Answer {
    let (from, into) = (lead(bench, from), lead(bench, into));
    bench.with(async |engine| merge_in(engine, (&from, &into)).await.expect("the store answers"))
}

fn got(server: &FaultySmtp, who: &str) -> Vec<String> {
    server.taken().into_iter().filter(|mail| mail.to == [who]).map(|mail| mail.subject()).collect()
}

/// What a lead is in the store, held against its events: no number lacks, and the lead is their fold.
async fn whole(engine: &Engine, who: &str) -> Lead {
    let lead = find(engine, who).await.expect("the lead is known");
    let events = engine.store.history(&lead.id).await.expect("the store answers");
    assert!(events.iter().map(|event| event.seq).eq(1..=lead.seq), "numbers without a gap up to {}", lead.seq);
    let folded = fold(&events).map(|folded| Lead { wake_at: lead.wake_at, ..folded });
    assert_eq!(folded.as_ref(), Some(&lead));
    lead
}

fn of_two_leads_in_one_sequence_one_goes_on_and_no_mail_comes_twice(database: &str) {
    let (server, bench) = bench(database);
    bench.ask(OLD, enroll());
    bench.work();
    bench.set(instant("2026-01-12T20:00:00Z"));
    bench.ask(NEW, enroll());
    bench.work();
    assert!(matches!(merge(&bench, OLD, NEW), Answer::Done { .. }));
    assert_eq!(bench.all("scene"), ["active", "exited"]);
    bench.until(instant("2026-02-12T08:00:00Z"));
    assert_eq!(
        (got(&server, OLD), got(&server, NEW)),
        (vec!["First things".to_owned()], vec!["First things".to_owned(), "Second thoughts".to_owned()])
    );
    let lead = bench.with(async |engine| whole(engine, NEW).await);
    assert_eq!(lead.past["scene"].counted, 2);
}

fn what_is_due_at_the_moment_of_the_merge_is_done_once_whichever_of_the_two_came_first(database: &str) {
    let (server, bench) = bench(database);
    let (first, second) = ("first@acme.example", "second@acme.example");
    for who in [OLD, NEW, first, second] {
        bench.ask(who, enroll());
    }
    bench.work();
    bench.set(instant("2026-01-13T08:00:00Z"));
    for (from, into) in [(OLD, NEW), (second, first)] {
        assert!(matches!(merge(&bench, from, into), Answer::Done { .. }));
    }
    assert_eq!(bench.all("scene"), ["active", "active", "exited", "exited"]);
    bench.until(instant("2026-01-14T08:00:00Z"));
    for (from, into) in [(OLD, NEW), (second, first)] {
        assert_eq!((got(&server, from).len(), got(&server, into).len()), (1, 2), "{from} into {into}");
        bench.with(async |engine| whole(engine, from).await);
    }
}

fn what_only_the_other_is_in_goes_on_to_the_address_that_stays_at_its_time(database: &str) {
    let (server, bench) = bench(database);
    bench.ask(OLD, enroll());
    bench.ask(NEW, hear("login"));
    bench.work();
    bench.set(instant("2026-01-12T20:00:00Z"));
    assert!(matches!(merge(&bench, OLD, NEW), Answer::Done { .. }));
    bench.until(instant("2026-01-13T07:59:59Z"));
    assert_eq!(got(&server, NEW), Vec::<String>::new());
    bench.until(instant("2026-01-13T08:00:00Z"));
    assert_eq!(
        (got(&server, OLD), got(&server, NEW)),
        (vec!["First things".to_owned()], vec!["Second thoughts".to_owned()])
    );
    assert_eq!(bench.all("scene"), ["finished"]);
}

fn all_that_was_of_the_other_is_found_by_its_old_names(database: &str) {
    let (_server, bench) = bench(database);
    bench.ask(OLD, enroll());
    bench.ask(NEW, hear("login"));
    bench.work();
    let (old, new, touch) = (lead(&bench, OLD), lead(&bench, NEW), bench.touch("first").id);
    merge(&bench, OLD, NEW);
    bench.set(bench.now() + Millis::HOUR);
    bench.ask(OLD, hear("webinar_attended"));
    bench.with(async |engine| {
        let by = [LeadKey::Address(address(OLD)), LeadKey::Id(old.id.clone()), LeadKey::Touch(touch.clone())];
        let found = engine.store.leads(&by).await.expect("the store answers");
        assert!(
            found.iter().flatten().count() == 3 && found.iter().flatten().all(|found| found.id == new.id),
            "{found:?}"
        );
        let reports = engine.store.reports();
        assert_eq!(reports.leads(&Leads::Newest, None, 10).await.expect("the store answers").rows.len(), 1);
        let of_it = reports.touches(&Touches::OfLead(new.id.clone()), None, 10).await.expect("the store answers");
        assert_eq!(of_it.rows.len(), 1);
        // A pixel in a mail from before, as its sender's link knows it.
        let hit = Hit { touch: touch.clone(), link: None, agent: scene::BROWSER.to_owned() };
        assert_eq!(engine.hit(hit).await.expect("the store answers"), Heard::Kept { to: None });
        let row =
            Listed { address: address(OLD), set: Map::from_iter([("city".to_owned(), json!("Lyon"))]), tags: vec![] };
        let landed = engine.import(vec![row], &Terms::default()).await.expect("the store answers");
        assert_eq!(landed[0].came.as_str(), "changed");
    });
    bench.until(bench.now() + Millis::MINUTE.times(2));
    let known = bench.with(async |engine| whole(engine, NEW).await);
    let heard = |name: &str| known.heard.get(name).map_or(0, |heard| heard.count);
    assert_eq!(["login", "webinar_attended", "opened", "sent"].map(heard), [1, 1, 1, 1]);
    assert_eq!((&known.attributes["city"], known.enrollments.len()), (&json!("Lyon"), 1));
    assert!(matches!(merge(&bench, OLD, NEW), Answer::Done { .. }), "again changes nothing");
    let ask = Ask::Unsubscribe { topic: None, touch: Some(touch.clone()) };
    bench.with(async |engine| {
        let mut unit = engine.by_hand(Target::Touch(touch), ask, "test");
        unit.input.actor = Actor::Human;
        engine.record(vec![unit]).await.expect("the store answers");
        assert_eq!(whole(engine, NEW).await.suppressed, Some(Reason::Unsubscribed));
    });
    assert_eq!(bench.all("scene"), ["exited"]);
    // What bounces at the old address is no news of the new one.
    let data = Map::from_iter([("hard".to_owned(), json!(true))]);
    bench.ask(NEW, Ask::Unsuppress);
    bench.ask(OLD, Ask::Hear { name: "bounced".to_owned(), data, touch: None });
    let suppressed = bench.with(async |engine| {
        let reports = engine.store.reports();
        (
            reports.suppression(OLD).await.expect("the store answers"),
            reports.suppression(NEW).await.expect("the store answers"),
        )
    });
    assert!(
        suppressed.0.is_some() && suppressed.1.is_none() && lead(&bench, NEW).suppressed.is_none(),
        "{suppressed:?}"
    );
}

fn a_mail_in_hand_is_waited_for(database: &str) {
    let (server, bench) = bench(database);
    bench.ask(OLD, enroll());
    bench.ask(NEW, hear("login"));
    bench.with(async |engine| engine.wake(engine.now()).await.expect("the store answers"));
    let claimed = bench.with(async |engine| engine.claim("mail:growth", 1).await.expect("the store answers").remove(0));
    let refused = merge(&bench, OLD, NEW);
    assert!(
        matches!(&refused, Answer::Refused { reason, .. } if reason.starts_with("`first` is on its way to zoe@old.example")),
        "{refused:?}"
    );
    bench.with(async |engine| {
        let mut line = engine.line("mail:growth");
        let carried = engine.attempt(&claimed, &mut line).await.expect("the store answers");
        engine.settle(&claimed, &carried).await.expect("the store answers");
        line.close().await;
    });
    assert!(matches!(merge(&bench, OLD, NEW), Answer::Done { .. }));
    bench.until(instant("2026-01-13T08:00:00Z"));
    assert_eq!((got(&server, OLD).len(), got(&server, NEW).len()), (1, 1));
}

fn a_mail_whose_end_comes_with_the_very_commit_is_waited_for(database: &str) {
    let (server, bench) = bench(database);
    bench.ask(OLD, enroll());
    bench.with(async |engine| engine.wake(engine.now()).await.expect("the store answers"));
    let claimed = bench.with(async |engine| engine.claim("mail:growth", 1).await.expect("the store answers").remove(0));
    bench.ask(NEW, enroll());
    let (old, new) = (lead(&bench, OLD), lead(&bench, NEW));
    let merged = bench.with(async |engine| {
        let mut line = engine.line("mail:growth");
        let carried = engine.attempt(&claimed, &mut line).await.expect("the store answers");
        line.close().await;
        // What comes while the first is written shares the next commit.
        let first = async {
            let unit = engine.by_hand(Target::Lead(new.id.clone()), hear("login"), "test");
            engine.record(vec![unit]).await.expect("the store answers");
        };
        let settled = async { engine.settle(&claimed, &carried).await.expect("the store answers") };
        tokio::join!(first, settled, merge_in(engine, (&old, &new))).2
    });
    assert!(matches!(merged, Some(Answer::Refused { .. })), "{merged:?}");
    assert!(matches!(merge(&bench, OLD, NEW), Answer::Done { .. }));
    bench.until(instant("2026-01-14T08:00:00Z"));
    assert_eq!(got(&server, OLD), ["First things"]);
    assert_eq!(got(&server, NEW), ["Second thoughts"]);
}

fn what_is_said_of_the_old_mailbox_is_said_of_that_alone(database: &str) {
    let (_server, bench) = bench(database);
    bench.ask(OLD, enroll());
    bench.ask(NEW, hear("login"));
    bench.work();
    let (old, touch) = (lead(&bench, OLD), bench.touch("first").id);
    merge(&bench, OLD, NEW);
    let bounced = |touch, address: &str| {
        let data = json!({"hard": true, "address": address}).as_object().cloned().unwrap_or_default();
        Ask::Hear { name: "bounced".to_owned(), data, touch }
    };
    let suppressed = |who: &str| {
        bench.with(async |engine| engine.store.reports().suppression(who).await.expect("the store answers").is_some())
    };
    let tell = |to: Target, ask: Ask| {
        bench.with(async |engine| {
            drop(engine.record(vec![engine.by_hand(to, ask, "test")]).await.expect("the store answers"));
        });
    };
    let to_old = || Target::Lead(old.id.clone());
    for (to, ask) in [
        (Target::Touch(touch.clone()), bounced(Some(touch.clone()), "")),
        (to_old(), bounced(None, "")),
        (Target::Address { address: address(OLD), create: false }, bounced(None, "someone@else.example")),
    ] {
        tell(to, ask);
        assert!(suppressed(OLD) && !suppressed(NEW) && lead(&bench, NEW).suppressed.is_none());
        bench.with(async |engine| engine.unsuppress(OLD, "test").await.expect("the store answers"));
    }
    bench.with(async |engine| engine.suppress(OLD, Reason::HardBounce, "test").await.expect("the store answers"));
    assert!(suppressed(OLD) && !suppressed(NEW) && bench.all("scene") == ["active"]);
    // What a person wants is another matter, and so is a bounce that names whoever it likes.
    bench.ask_as_person(NEW, Ask::Unsubscribe { topic: None, touch: None });
    bench.with(async |engine| engine.unsuppress(OLD, "test").await.expect("the store answers"));
    assert!(!suppressed(OLD) && suppressed(NEW) && lead(&bench, NEW).suppressed == Some(Reason::Unsubscribed));
    bench.ask(NEW, Ask::Unsuppress);
    bench.ask(NEW, bounced(None, "gmail.com"));
    assert!(suppressed(NEW) && !suppressed("gmail.com"));
}

fn a_mail_that_is_tried_again_after_the_merge_is_one_to_the_address_that_stays(database: &str) {
    let (server, bench) = bench(database);
    server.once(Stage::Dot, faulty_smtp::Fault::reply("451 4.3.0 later"));
    bench.ask(OLD, enroll());
    bench.ask(NEW, hear("login"));
    bench.work();
    let touch = bench.touch("first");
    assert_eq!(touch.state.as_str(), "deferred");
    merge(&bench, OLD, NEW);
    bench.until(bench.now() + Millis::HOUR);
    assert_eq!((got(&server, OLD), got(&server, NEW)), (vec![], vec!["First things".to_owned()]));
    let data = json!({"hard": true}).as_object().cloned().unwrap_or_default();
    bench.ask(NEW, Ask::Hear { name: "bounced".to_owned(), data, touch: Some(touch.id) });
    assert_eq!(lead(&bench, NEW).suppressed, Some(Reason::HardBounce));
}

fn what_fails_leaves_both_as_they_were_and_what_succeeds_is_whole(database: &str) {
    let (_server, bench) = bench(database);
    let mut failed = 0;
    for nth in 1..60 {
        let (from, into) = (format!("from{nth}@old.example"), format!("into{nth}@acme.example"));
        bench.ask(&from, enroll());
        bench.ask(&into, enroll());
        let (old, new) = (lead(&bench, &from), lead(&bench, &into));
        let answer = bench.with(async |engine| {
            engine.store.faults().arm(Fault::Reset, nth);
            let answer = merge_in(engine, (&old, &new)).await;
            engine.store.faults().disarm();
            answer
        });
        let whole = |who: &str| bench.with(async |engine| whole(engine, who).await);
        if let Some(Answer::Done { .. }) = answer {
            let one = whole(&into);
            assert_eq!((one.aliases.len(), one.enrollments.len(), whole(&from).id), (1, 1, new.id));
            break;
        }
        failed += 1;
        assert_eq!(
            (whole(&from).enrollments, whole(&into).enrollments),
            (old.enrollments.clone(), new.enrollments.clone())
        );
        assert!(matches!(merge(&bench, &from, &into), Answer::Done { .. }), "and once it works again it goes through");
    }
    assert!((10..59).contains(&failed), "{failed} places to fail at");
}

fn who_merges_from_both_ends_at_once_gets_one_lead_that_lost_nothing(database: &str) {
    let (_server, bench) = bench(database);
    bench.ask(OLD, enroll());
    bench.ask(NEW, enroll());
    let (old, new) = (lead(&bench, OLD), lead(&bench, NEW));
    bench.with(async |engine| {
        let say = async |who: &Lead, name: &str| {
            let unit = engine.by_hand(Target::Lead(who.id.clone()), hear(name), "test");
            engine.record(vec![unit]).await.expect("the store answers");
        };
        let merges = async { tokio::join!(merge_in(engine, (&old, &new)), merge_in(engine, (&new, &old))) };
        tokio::join!(say(&old, "login"), merges, say(&new, "login"), say(&old, "login"));
        let one = whole(engine, NEW).await;
        assert_eq!(one.id, whole(engine, OLD).await.id);
        assert_eq!((one.heard["login"].count, one.enrollments.len(), one.aliases.len()), (3, 1, 1));
    });
}

fn who_was_taken_in_twice_is_found_at_the_end(database: &str) {
    let (_server, bench) = bench(database);
    let third = "zoe@third.example";
    for who in [OLD, NEW, third] {
        bench.ask(who, hear("login"));
        bench.set(bench.now() + Millis::SECOND);
    }
    merge(&bench, OLD, NEW);
    merge(&bench, NEW, third);
    for who in [OLD, NEW, third] {
        let one = bench.with(async |engine| whole(engine, who).await);
        assert_eq!((one.address.as_str(), one.heard["login"].count), (third, 3));
        assert_eq!(one.aliases.iter().map(|alias| alias.address.as_str()).collect::<Vec<_>>(), [OLD, NEW]);
    }
    // Several names of one lead in one batch lead to it each.
    let answers = bench.with(async |engine| {
        let to = |who: &str| Target::Address { address: address(who), create: true };
        let units = [OLD, NEW, OLD, third].map(|who| engine.by_hand(to(who), hear("visited"), "test"));
        engine.record(units.into()).await.expect("the store answers")
    });
    assert!(answers.iter().all(|answer| matches!(answer, Answer::Done { created: false, .. })), "{answers:?}");
    assert_eq!(lead(&bench, third).heard["visited"].count, 4);
    let why = bench.with(async |engine| {
        let one = whole(engine, third).await;
        engine.why(&one).await.expect("the store answers")
    });
    let heard_at: Vec<_> =
        why.history.iter().filter(|entry| entry.event == "login").map(|entry| entry.of.as_deref()).collect();
    assert_eq!(heard_at, [Some(OLD), Some(NEW), None], "in the order it happened, each where it was heard");
}

/// Daemons of a fleet that merge, tell and send at once: nobody waits for ever, nothing is lost, no mail goes twice to one address.
#[test]
fn a_fleet_that_merges_while_it_sends_loses_and_doubles_nothing() {
    const PAIRS: usize = 12;
    let Some(postgres) = Postgres::shared() else { return };
    let database = postgres.database();
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let start = || {
        let workspace = scene::workspace(&database, server.address(), &receiver, STEPS);
        Bench::at("2026-01-12T08:00:00Z", workspace)
    };
    let (one, two) = (start(), start());
    let names = |pair: usize| (format!("p{pair}@old.example"), format!("p{pair}@acme.example"));
    for pair in 0..PAIRS {
        let (from, into) = names(pair);
        one.ask(&from, enroll());
        two.ask(&into, enroll());
    }
    let merging = |bench: &Bench, backwards: bool| {
        for pair in 0..PAIRS {
            let (from, into) = names(pair);
            let (from, into) = if backwards && pair % 2 == 0 { (into, from) } else { (from, into) };
            loop {
                let both = (lead(bench, &from), lead(bench, &into));
                let merged = bench.with(async |engine| merge_in(engine, (&both.0, &both.1)).await);
                match merged {
                    Some(Answer::Done { .. }) => break,
                    Some(Answer::Refused { .. }) | None => bench.work(),
                    Some(other) => panic!("{other:?}"),
                }
            }
            bench.ask(&from, hear("login"));
            bench.ask(&into, hear("login"));
        }
    };
    std::thread::scope(|threads| {
        threads.spawn(|| merging(&one, false));
        threads.spawn(|| merging(&two, true));
    });
    for days in 0..3 {
        one.until(instant("2026-01-12T09:00:00Z") + Millis::DAY.times(days));
    }
    for pair in 0..PAIRS {
        let (from, into) = names(pair);
        let lead = one.with(async |engine| whole(engine, &from).await);
        assert_eq!((lead.heard["login"].count, lead.enrollments.len()), (4, 0), "{from}");
        assert_eq!(lead.id, self::lead(&one, &into).id);
        for (who, subject) in
            [(&from, "First things"), (&into, "First things"), (&from, "Second thoughts"), (&into, "Second thoughts")]
        {
            let copies = got(&server, who).iter().filter(|got| *got == subject).count();
            assert!(copies <= 1, "{copies} of {subject} to {who}");
        }
        let second =
            got(&server, &from).iter().chain(&got(&server, &into)).filter(|got| *got == "Second thoughts").count();
        assert_eq!(second, 1, "the end of the sequence came once to the person of {from}");
        let exits = one.with(async |engine| engine.store.history(&lead.id).await.expect("the store answers"));
        assert_eq!(exits.iter().filter(|event| matches!(event.what, What::Exited { .. })).count(), 2);
    }
}
