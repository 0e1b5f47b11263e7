//! A rehearsal is the real thing without a database: the same files, leads, deeds and clock give the same touches, each at the same instant.

use crate::bench::{Bench, instant};
use crate::scene::{self, on_both_databases};
use crate::support::faulty_smtp::FaultySmtp;
use crate::support::receiver::Receiver;
use overture::domain::address::EmailAddress;
use overture::domain::decide::Ask;
use overture::domain::event::Actor;
use overture::domain::lead::Lead;
use overture::domain::time::{Instant, Millis};
use overture::domain::touch::{Outcome, State};
use overture::engine::Target;
use overture::engine::rehearse::{Agenda, Decided, People, Said, Sent, World};
use overture::store::reports::LeadKey;
use serde_json::{Map, Value, json};

on_both_databases!(a_rehearsal_and_the_engine_send_the_same_touches_at_the_same_instants);

const START: &str = "2026-03-02T08:00:00Z";
const END: &str = "2026-03-29T20:00:00Z";

const NURTURE: &str = "kind: nurture
topic: tips
enroll: [{on: signed_up}]
send: {from: growth, days: mon-fri, hours: 09:00-12:30, zone: lead, fallback_zone: Europe/Berlin, holidays: [lead.country]}
stop: {on: [meeting_booked]}
goal: demo_requested
steps:
  - {id: first, email: scene/first}
  - wait: 2d ± 3h
  - id: read
    wait: {for: 'clicked(\"first\")', up_to: 4d}
  - if: clicked(\"first\")
    then:
      - {id: call, webhook: crm, with: {address: '{{lead.email}}'}}
      - wait: 20m
      - {id: more, email: scene/second}
  - else:
      - wait: 3bd
      - {id: nudge, email: scene/second}
  - split:
      short:
        weight: 1
        steps: [{id: short, email: scene/first}]
      long:
        weight: 1
        steps: [{wait: 1d}, {id: long, email: scene/second}]
  - {id: hand, handoff: {reason: went through all of it, when: 'score >= 1'}}
";

const CADENCE: &str = "kind: cadence
enroll: [{on: page_viewed, when: 'event.path == \"/pricing\"'}]
send: {from: outbound, days: mon-fri, hours: 08:00-18:00, zone: UTC}
steps:
  - {id: hello, email: scene/first}
  - wait: 30h
  - {id: again, email: scene/second}
  - wait: {until: Tue 09:30}
  - {id: last, email: scene/first}
";

/// Goes before the nurture sequence, of the same sender, which is full on most days.
const NEWS: &str = "kind: nurture
topic: tips
priority: 90
enroll: [{on: signed_up}]
send: {from: growth, days: mon-fri, hours: 09:00-17:00, zone: lead, fallback_zone: Europe/Berlin}
steps:
  - wait: 1d
  - {id: news, email: scene/second}
  - wait: 1d
  - {id: more_news, email: scene/first}
";

const PEOPLE: usize = 9;

/// What is done about a lead, which is asked for what it has in its hands by then.
type Deed = fn(&Lead) -> Ask;

fn hear(name: &str, data: &Value) -> Ask {
    Ask::Hear { name: name.to_owned(), data: data.as_object().cloned().unwrap_or_default(), touch: None }
}

fn click(lead: &Lead) -> Ask {
    let running = lead.enrollments.iter().find(|running| running.sequence == "played/nurture");
    let touch = running.and_then(|running| running.steps.get("first")?.touch.clone());
    let (running, touch) = running.zip(touch).expect("its first mail was asked for");
    Ask::Hit {
        name: "clicked".to_owned(),
        touch,
        step: "first".to_owned(),
        enrollment: Some(running.id.clone()),
        url: Some("https://northwind.example/guide".to_owned()),
        verdict: Actor::Human,
        reason: "a person's browser".to_owned(),
    }
}

/// Who does what when, in the order of the time.
fn deeds() -> Vec<(Instant, usize, Deed)> {
    // At no instant at which a window opens, or a gap ends.
    let at = |day: i64, minutes: i64| {
        instant(START) + Millis::DAY.times(day) + Millis::MINUTE.times(minutes) + Millis(13_337)
    };
    let mut deeds: Vec<(Instant, usize, Deed)> = Vec::new();
    for who in 0..PEOPLE {
        let minutes = i64::try_from(who).expect("few people") * 7;
        deeds.push((at(0, minutes), who, |_| hear("signed_up", &json!({}))));
        if who % 2 == 0 {
            deeds.push((at(1, 30 + minutes), who, |_| hear("page_viewed", &json!({"path": "/pricing"}))));
        }
    }
    deeds.push((at(3, 61), 1, click));
    deeds.push((at(3, 200), 4, click));
    deeds.push((at(4, 5), 2, |_| hear("replied", &json!({}))));
    deeds.push((at(4, 9), 6, |_| hear("auto_replied", &json!({"until": "2026-03-10"}))));
    deeds.push((at(4, 30), 3, |_| Ask::Change {
        set: Map::from_iter([("zone".to_owned(), json!("Asia/Tokyo"))]),
        add_tags: vec![],
    }));
    deeds.push((at(5, 0), 5, |_| hear("meeting_booked", &json!({}))));
    deeds.push((at(8, 15), 7, |_| hear("demo_requested", &json!({}))));
    deeds.push((at(9, 0), 8, |_| Ask::Unsubscribe { topic: Some("tips".to_owned()), touch: None }));
    deeds.sort_by_key(|(at, who, _)| (*at, *who));
    deeds
}

fn attributes(who: usize) -> Map<String, Value> {
    let (country, zone) = [("DE", "Europe/Berlin"), ("US", "America/New_York"), ("IN", "Asia/Kolkata")][who % 3];
    Map::from_iter([("country".to_owned(), json!(country)), ("zone".to_owned(), json!(zone))])
}

fn address(who: usize) -> String {
    format!("person{who}@company{who}.example")
}

/// A touch as it left: when, whose, of which step, and by which sender or channel.
type Left = (Instant, String, String, String);

/// Takes everything, and keeps what left.
struct Taker {
    left: Vec<Left>,
}

impl People for Taker {
    fn receive(&mut self, sent: &Sent<'_>, _: &mut Agenda) -> Outcome {
        let step = format!("{} {}", sent.touch.sequence, sent.touch.step);
        self.left.push((sent.now, sent.lead.address.to_string(), step, sent.touch.lane.clone()));
        Outcome::accepted("250 taken")
    }

    fn notice(&mut self, _: &Decided<'_>, _: &mut Agenda) {}
}

fn stage(database: &str) -> (Bench, FaultySmtp, Receiver) {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let workspace = scene::workspace(database, server.address(), &receiver, scene::TWO_MAILS);
    workspace.write("sequences/played/nurture.yaml", NURTURE);
    workspace.write("sequences/played/cadence.yaml", CADENCE);
    workspace.write("sequences/played/news.yaml", NEWS);
    workspace.set("senders.growth.per_day", "4");
    workspace.set("senders.growth.gap", "90s");
    workspace.set("senders.outbound.gap", "20s");
    let bench = Bench::at(START, workspace);
    for who in 0..PEOPLE {
        bench.ask(&address(who), Ask::Change { set: attributes(who), add_tags: vec![] });
    }
    bench.work();
    (bench, server, receiver)
}

fn lead(bench: &Bench, who: usize) -> Lead {
    let key = LeadKey::Address(parsed(who));
    let found = bench.with(async |engine| engine.store.leads(&[key]).await.expect("the store answers"));
    found.into_iter().flatten().next().expect("the lead is there")
}

fn parsed(who: usize) -> EmailAddress {
    EmailAddress::parse(&address(who)).expect("an address of the test is good")
}

/// The touches that the engine sent.
fn played(bench: &Bench) -> Vec<Left> {
    for (at, who, deed) in deeds() {
        bench.until(at);
        let ask = deed(&lead(bench, who));
        let to = Target::Address { address: parsed(who), create: false };
        bench.with(async |engine| {
            let mut unit = engine.by_hand(to, ask, "api");
            unit.input.actor = Actor::Human;
            engine.record(vec![unit]).await.expect("the store answers");
        });
    }
    bench.until(instant(END));
    let whose = |id| (0..PEOPLE).map(|who| lead(bench, who)).find(|lead| lead.id == id).expect("it is one of them");
    let left = bench.touches().into_iter().filter(|row| row.state == State::Accepted);
    let rows = left.filter_map(|row| Some((row.marked_at.or(row.done_at)?, row)));
    let left = rows
        .map(|(at, row)| (at, whose(row.lead).address.to_string(), format!("{} {}", row.sequence, row.step), row.lane));
    left.collect()
}

fn rehearsed(bench: &Bench, leads: Vec<Lead>) -> Vec<Left> {
    let playbook = bench.with(async |engine| engine.playbook());
    let (mut world, mut taker) = (World::new(&playbook, instant(START)), Taker { left: Vec::new() });
    let numbers: Vec<usize> = leads.into_iter().map(|lead| world.add(lead)).collect();
    for (at, who, deed) in deeds() {
        world.run(at, &mut taker);
        let ask = deed(world.lead(numbers[who]).expect("it was added"));
        world.say(at, numbers[who], Said::by_person(ask));
    }
    world.run(instant(END), &mut taker);
    taker.left
}

fn a_rehearsal_and_the_engine_send_the_same_touches_at_the_same_instants(database: &str) {
    let (bench, _server, _receiver) = stage(database);
    let leads: Vec<Lead> = (0..PEOPLE).map(|who| lead(&bench, who)).collect();
    let mut rehearsed = rehearsed(&bench, leads);
    let mut played = played(&bench);
    rehearsed.sort();
    played.sort();
    let missing: Vec<&Left> = played.iter().filter(|touch| !rehearsed.contains(touch)).collect();
    let added: Vec<&Left> = rehearsed.iter().filter(|touch| !played.contains(touch)).collect();
    assert!(missing.is_empty() && added.is_empty(), "not rehearsed: {missing:#?}\nnot sent: {added:#?}");
    assert_eq!(rehearsed.len(), played.len());
    for step in [
        "played/nurture more",
        "played/nurture nudge",
        "played/nurture call",
        "played/cadence last",
        "played/news news",
    ] {
        assert!(played.iter().any(|(_, _, of, _)| of == step), "nobody came to {step}: {played:#?}");
    }
    assert!(played.iter().any(|(_, _, _, lane)| lane == "hook:sales-chat"), "sales was told: {played:#?}");
}
