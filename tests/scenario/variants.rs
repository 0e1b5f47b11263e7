//! A mail in two variants: each lead gets one of them, what comes back is counted once through failures, and once one is better beyond doubt
//! everybody after gets it.

use crate::bench::{Bench, instant};
use crate::scene::{self, Scene, on_both_databases};
use crate::support::daemon::overture;
use crate::support::faulty_smtp::FaultySmtp;
use crate::support::receiver::Receiver;
use overture::domain::address::EmailAddress;
use overture::domain::decide::Ask;
use overture::domain::event::Actor;
use overture::engine::{Target, Unit};
use overture::store::Fault;
use overture::store::leads::LeadKey;
use overture::store::reports::{ExperimentLine, TouchRow};
use serde_json::{Map, Value};
use std::collections::BTreeSet;

on_both_databases!(the_better_variant_wins_and_everybody_after_gets_it);

const STEPS: &str = "\
enroll: [{on: arrived}]
steps:
  - id: ask
    email:
      variants: {dry: scene/first, warm: {template: scene/second, weight: 1}}
      winner: {by: replied, at_least: 20, confidence: 0.95}
  - wait: 30d
  - end: done
";

fn arrive(bench: &Bench, people: std::ops::Range<usize>) {
    bench.with(async |engine| {
        let unit = |number| {
            let address = EmailAddress::parse(&format!("person{number}@example.com")).expect("it is good");
            let ask = Ask::Hear { name: "arrived".to_owned(), data: Map::new(), touch: None };
            engine.by_hand(Target::Address { address, create: true }, ask, "test")
        };
        engine.record(people.map(unit).collect()).await.expect("the store answers");
    });
    bench.work();
}

/// A person answers a mail; told again under the same key, it is the same answer.
fn reply(bench: &Bench, touch: &TouchRow) -> Unit {
    let ask = Ask::Hear { name: "replied".to_owned(), data: Map::new(), touch: Some(touch.id.clone()) };
    let mut unit = bench.with(async |engine| engine.by_hand(Target::Touch(touch.id.clone()), ask, "mailbox"));
    unit.input.actor = Actor::Human;
    unit.key = Some(("mailbox".to_owned(), touch.id.to_string()));
    unit
}

/// Writes units whose commit fails at each of its statements in turn before it goes through, and again after it did.
fn record_through_failures(bench: &Bench, units: &[Unit]) {
    bench.with(async |engine| {
        for nth in 1..40 {
            engine.store.faults().arm(Fault::Reset, nth);
            drop(engine.record(units.to_vec()).await);
            engine.store.faults().disarm();
        }
        for _ in 0..2 {
            engine.record(units.to_vec()).await.expect("the store answers");
        }
    });
}

fn experiment(bench: &Bench) -> ExperimentLine {
    let mut all = bench.with(async |engine| engine.store.reports().experiments(Some("scene")).await);
    all.as_mut().expect("the store answers").pop().expect("mails were counted")
}

/// Mails and replies of a variant by its counter.
fn counted(bench: &Bench, variant: &str) -> (usize, usize) {
    let line = experiment(bench);
    let arm = line.arms.iter().find(|arm| arm.variant == variant).expect("it was sent");
    (usize::try_from(arm.mails).expect("few"), usize::try_from(arm.hits).expect("few"))
}

fn the_better_variant_wins_and_everybody_after_gets_it(database: &str) {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let bench = Bench::at("2026-01-12T08:00:00Z", scene::workspace(database, server.address(), &receiver, STEPS));
    arrive(&bench, 0..90);
    let touches = bench.touches();
    let of = |variant: &str| touches.iter().filter(|row| row.variant.as_deref() == Some(variant)).collect::<Vec<_>>();
    let (dry, warm) = (of("dry"), of("warm"));
    assert_eq!((touches.len(), dry.len() + warm.len()), (90, 90));
    assert_eq!((counted(&bench, "dry"), counted(&bench, "warm")), ((dry.len(), 0), (warm.len(), 0)));
    let sent = |subject: &str| server.taken().iter().filter(|mail| mail.subject() == subject).count();
    assert_eq!((sent("First things"), sent("Second thoughts")), (dry.len(), warm.len()));
    assert_eq!(experiment(&bench).winner, None, "nobody has answered");

    let answers: Vec<Unit> = warm.iter().map(|touch| reply(&bench, touch)).collect();
    record_through_failures(&bench, &answers[..1]);
    assert_eq!(counted(&bench, "warm"), (warm.len(), 1), "once, whatever failed");
    record_through_failures(&bench, &answers);
    bench.work();
    assert_eq!((counted(&bench, "dry"), counted(&bench, "warm")), ((dry.len(), 0), (warm.len(), warm.len())));
    let won = experiment(&bench);
    assert_eq!((won.winner.as_deref(), won.won_at), (Some("warm"), Some(instant("2026-01-12T08:00:00Z"))));
    let told = receiver.requests().into_iter().map(|call| call.json()).find(|call| call["type"] == "experiment.won");
    assert_eq!(told.map(|call| call["data"]["winner"].clone()), Some(Value::from("warm")));

    arrive(&bench, 90..120);
    let known: BTreeSet<_> = touches.iter().map(|row| row.id.clone()).collect();
    let new = bench.touches().into_iter().filter(|row| row.step == "ask" && !known.contains(&row.id));
    let after: Vec<_> = new.map(|row| row.variant).collect();
    assert_eq!(after, vec![Some("warm".to_owned()); 30]);
    assert_eq!((sent("First things"), sent("Second thoughts")), (dry.len(), warm.len() + 30));
    assert_eq!(experiment(&bench), won, "what was found stays as it was found");

    let had_dry = bench.with(async |engine| {
        let key = LeadKey::Id(dry[0].lead.clone());
        engine.store.leads(&[key]).await.expect("the store answers").remove(0).expect("it is there").address.to_string()
    });
    let new: Vec<String> = (200..206).map(|number| format!("person{number}@example.com")).collect();
    for who in &new {
        bench.ask(who, Ask::Change { set: Map::new(), add_tags: vec![] });
    }
    let marked = |who: &str| {
        let shown = overture(bench.workspace(), &["preview", "scene", "--lead", who, "--json"]).ok().json();
        let ways = shown["steps"].as_array().expect("there are steps").iter().filter(|leg| leg["taken_now"] == true);
        ways.map(|leg| leg["way"].to_string()).collect::<Vec<_>>().join(" ")
    };
    assert!(new.iter().all(|who| marked(who).contains("warm, weight 1, the winner")), "whoever comes gets the winner");
    assert!(marked(&had_dry).contains("dry"), "who had the other keeps it");
}

#[test]
fn what_is_counted_is_shown_by_the_api_and_the_command() {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let scene = Scene::start(scene::workspace("sqlite", server.address(), &receiver, STEPS));
    let empty = scene.overture(&["sequence", "experiments", "scene"]).ok().stdout;
    assert!(empty.contains("not enough data: `dry` has 0 of 20 mails"), "{empty}");
    let people = ["ann@example.com", "bob@example.com", "cleo@example.com"];
    scene.arrive(&people).expect("the daemon answers");
    let touches: Vec<Value> = people.iter().map(|who| scene.wait_touch(who, "ask", "accepted")).collect();
    let mine = touches[0]["variant"].as_str().expect("a touch has its variant").to_owned();
    let why = scene.overture(&["why", people[0]]).ok().stdout;
    assert!(why.contains(&format!("`ask` was queued as `{mine}`")), "{why}");

    let told = scene.get("/v1/experiments?sequence=scene");
    let one = &told["experiments"][0];
    assert_eq!((&one["state"], &one["success"]), (&Value::from("not_enough_data"), &Value::from("replied")));
    let mails = |name: &str| {
        let all = one["variants"].as_array().expect("there are variants");
        all.iter().find(|arm| arm["variant"] == name).expect("it is one of them")["mails"].as_u64()
    };
    let got = |name: &str| touches.iter().filter(|touch| touch["variant"] == name).count() as u64;
    assert_eq!((mails("dry"), mails("warm")), (Some(got("dry")), Some(got("warm"))));
    let shown = scene.overture(&["sequence", "experiments"]).ok().stdout;
    assert!(shown.contains("success: replied; at least 20 mails of each; confidence 0.95"), "{shown}");
    assert_eq!(scene.overture(&["sequence", "experiments", "--json"]).ok().json(), scene.get("/v1/experiments"));
    assert_eq!(scene.call("GET", "/v1/experiments?sequence=none", &Value::Null).status, 404);
}
