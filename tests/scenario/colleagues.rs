//! `stop.colleagues`: what a person's reply means for the others of the account, over real SMTP, through failing writes, on both databases.

use crate::bench::{Bench, instant};
use crate::scene::{self, on_both_databases};
use crate::support::faulty_smtp::FaultySmtp;
use crate::support::receiver::Receiver;
use overture::domain::address::EmailAddress;
use overture::domain::decide::Ask;
use overture::domain::event::{Actor, What};
use overture::domain::time::{Instant, Millis};
use overture::domain::touch::Outcome;
use overture::engine::rehearse::{Agenda, Decided, People, Said, Sent, World};
use overture::engine::{Target, sentence};
use overture::store::Fault;
use overture::store::leads::LeadKey;
use serde_json::Map;
use std::ops::Range;

on_both_databases!(
    a_reply_ends_what_hundreds_of_colleagues_are_in_once_each_whatever_fails,
    after_a_reply_is_committed_no_claim_lets_a_mail_of_a_colleague_leave,
    a_touch_in_hand_is_taken_back_by_the_commit_that_stops_it,
    a_delay_holds_the_next_mail_of_each_colleague_back_from_the_reply_on_and_no_longer,
    a_paused_colleague_goes_on_when_somebody_resumes_it,
);

const ANN: &str = "ann@acme.example";
const BOB: &str = "bob@acme.example";
const CY: &str = "cy@acme.example";
const ELSEWHERE: &str = "dee@other.example";

fn steps(rule: &str) -> String {
    let mails = "steps:\n  - {id: first, email: scene/first}\n  - wait: 1d\n  - {id: second, email: scene/second}\n  - end: done\n";
    format!("stop: {{colleagues: {rule}}}\n{mails}")
}

fn bench(database: &str, steps: &str) -> (FaultySmtp, Bench) {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let workspace = scene::workspace(database, server.address(), &receiver, steps);
    (server, Bench::at("2026-01-12T08:00:00Z", workspace))
}

fn enroll(bench: &Bench, who: &str) {
    bench.ask(who, Ask::Enroll { sequence: "scene".to_owned(), by: "test".to_owned(), again: false });
}

fn reply(bench: &Bench, who: &str) {
    let address = EmailAddress::parse(who).expect("it is good");
    let ask = Ask::Hear { name: "replied".to_owned(), data: Map::new(), touch: None };
    bench.with(async |engine| {
        let mut unit = engine.by_hand(Target::Address { address, create: false }, ask, "test");
        unit.input.actor = Actor::Human;
        engine.record(vec![unit]).await.expect("the store answers");
    });
}

/// What happened to a lead, in sentences.
pub fn history(bench: &Bench, who: &str) -> Vec<String> {
    let key = LeadKey::Address(EmailAddress::parse(who).expect("it is good"));
    bench.with(async |engine| {
        let lead = engine.store.leads(&[key]).await.expect("the store answers").remove(0).expect("the lead is known");
        let history = engine.store.history(&lead.id).await.expect("the store answers");
        history.iter().map(sentence).collect()
    })
}

/// The subjects of the mails that somebody got.
fn got(server: &FaultySmtp, who: &str) -> Vec<String> {
    server.taken().into_iter().filter(|mail| mail.to == [who]).map(|mail| mail.subject()).collect()
}

fn many(bench: &Bench, people: Range<usize>) {
    let units = |engine: &overture::engine::Engine| {
        let ask = || Ask::Enroll { sequence: "scene".to_owned(), by: "test".to_owned(), again: false };
        let address = |number| EmailAddress::parse(&format!("person{number}@acme.example")).expect("it is good");
        let to = |number| Target::Address { address: address(number), create: true };
        people.map(|number| engine.by_hand(to(number), ask(), "test")).collect()
    };
    bench.with(async |engine| drop(engine.record(units(engine)).await.expect("the store answers")));
}

fn a_reply_ends_what_hundreds_of_colleagues_are_in_once_each_whatever_fails(database: &str) {
    let waits = "stop: {colleagues: stop}\nsteps:\n  - wait: 30d\n  - end: done\n";
    let (_server, bench) = bench(database, waits);
    many(&bench, 0..700);
    enroll(&bench, ELSEWHERE);
    enroll(&bench, ANN);
    bench.work();
    reply(&bench, ANN);
    for nth in 1..40 {
        bench.with(async |engine| {
            engine.store.faults().arm(Fault::Reset, nth);
            drop(engine.wake(engine.now()).await);
            engine.store.faults().disarm();
        });
    }
    bench.work();
    let all = bench.all("scene");
    let count = |state: &str| all.iter().filter(|one| *one == state).count();
    assert_eq!((count("exited"), count("active")), (701, 1), "everybody of the account, and nobody else");
    for number in [0, 499, 500, 699] {
        let told = history(&bench, &format!("person{number}@acme.example"));
        let of = |part: &str| told.iter().filter(|line| line.contains(part)).count();
        assert_eq!((of("a colleague replied at"), of("stopped (a colleague replied)")), (1, 1), "{told:?}");
    }
    // Who comes after the reply is in it, and stays.
    bench.set(bench.now() + Millis::SECOND);
    many(&bench, 700..701);
    bench.work();
    assert_eq!(bench.all("scene").iter().filter(|state| *state == "active").count(), 2);
}

fn after_a_reply_is_committed_no_claim_lets_a_mail_of_a_colleague_leave(database: &str) {
    let (server, bench) = bench(database, &steps("stop"));
    for who in [ANN, BOB, ELSEWHERE] {
        enroll(&bench, who);
    }
    bench.work();
    bench.set(instant("2026-01-13T08:00:00Z"));
    bench.with(async |engine| engine.wake(engine.now()).await.expect("the store answers"));
    reply(&bench, ANN);
    // Nobody was told yet.
    bench.with(async |engine| engine.deliver_once(engine.now()).await.expect("the store answers"));
    assert_eq!(
        (got(&server, BOB), got(&server, ANN)),
        (vec!["First things".to_owned()], vec!["First things".to_owned()])
    );
    assert_eq!(got(&server, ELSEWHERE), ["First things", "Second thoughts"]);
    assert!(history(&bench, BOB).iter().any(|line| line.contains("stopped (a colleague replied)")));
    bench.until(instant("2026-02-13T08:00:00Z"));
    assert_eq!(got(&server, BOB), ["First things"]);
}

fn a_touch_in_hand_is_taken_back_by_the_commit_that_stops_it(database: &str) {
    let (server, bench) = bench(database, &steps("stop"));
    enroll(&bench, ANN);
    bench.work();
    enroll(&bench, BOB);
    let claimed = bench.with(async |engine| engine.claim("mail:growth", 1).await.expect("the store answers").remove(0));
    reply(&bench, ANN);
    bench.with(async |engine| {
        assert_eq!(engine.wake(engine.now()).await.expect("the store answers"), 1, "one page of the account");
        let mut line = engine.line("mail:growth");
        let carried = engine.attempt(&claimed, &mut line).await.expect("the store answers");
        engine.settle(&claimed, &carried).await.expect("the store answers");
        line.close().await;
    });
    bench.work();
    assert_eq!(got(&server, BOB), Vec::<String>::new());
    assert_eq!(bench.touches().iter().filter(|touch| touch.state.as_str() == "cancelled").count(), 1);
}

fn a_delay_holds_the_next_mail_of_each_colleague_back_from_the_reply_on_and_no_longer(database: &str) {
    let (server, bench) = bench(database, &steps("delay 3d"));
    for who in [ANN, BOB, ELSEWHERE] {
        enroll(&bench, who);
    }
    bench.work();
    bench.set(instant("2026-01-12T20:00:00Z"));
    reply(&bench, ANN);
    enroll(&bench, CY);
    let ends = bench.now() + Millis::DAY.times(3);
    bench.until(ends - Millis(1));
    assert_eq!((got(&server, BOB), got(&server, CY)), (vec!["First things".to_owned()], vec![]));
    assert_eq!(got(&server, ELSEWHERE), ["First things", "Second thoughts"]);
    let told = history(&bench, BOB);
    let why = format!("does not leave before {ends}: a colleague replied");
    assert_eq!(told.iter().filter(|line| line.contains(&why)).count(), 1, "{told:?}");
    bench.until(ends);
    assert_eq!(
        (got(&server, BOB), got(&server, CY)),
        (vec!["First things".to_owned(), "Second thoughts".to_owned()], vec!["First things".to_owned()])
    );
    // Its own reply holds nobody back who replied, and the wait after the mail was not frozen.
    bench.until(ends + Millis::DAY);
    assert_eq!(got(&server, CY), ["First things", "Second thoughts"]);
}

fn a_paused_colleague_goes_on_when_somebody_resumes_it(database: &str) {
    let (server, bench) = bench(database, &steps("pause"));
    for who in [ANN, BOB] {
        enroll(&bench, who);
    }
    bench.work();
    bench.set(instant("2026-01-12T20:00:00Z"));
    reply(&bench, ANN);
    bench.until(instant("2026-02-12T20:00:00Z"));
    assert_eq!((bench.all("scene"), got(&server, BOB).len()), (vec!["exited".to_owned(), "paused".to_owned()], 1));
    bench.ask(BOB, Ask::Resume { sequence: None });
    bench.until(instant("2026-02-13T07:59:59Z"));
    assert_eq!(got(&server, BOB).len(), 1, "half a day was left of the wait");
    bench.until(instant("2026-02-13T08:00:00Z"));
    assert_eq!(got(&server, BOB), ["First things", "Second thoughts"]);
    let paused = |what: &What| matches!(what, What::Paused { .. });
    let key = LeadKey::Address(EmailAddress::parse(BOB).expect("it is good"));
    let events = bench.with(async |engine| {
        let lead = engine.store.leads(&[key]).await.expect("the store answers").remove(0).expect("the lead is known");
        engine.store.history(&lead.id).await.expect("the store answers")
    });
    assert_eq!(events.iter().filter(|event| paused(&event.what)).count(), 1);
}

/// A rehearsal whose people take everything, and what left of it: to whom, which step, when.
struct Takers(Vec<(usize, String, Instant)>);

impl People for Takers {
    fn receive(&mut self, sent: &Sent<'_>, _: &mut Agenda) -> Outcome {
        self.0.push((sent.number, sent.touch.step.clone(), sent.now));
        Outcome::accepted("250 ok")
    }

    fn notice(&mut self, _: &Decided<'_>, _: &mut Agenda) {}
}

/// What leaves to Bob, with the hours since the beginning, where Ann replies after twelve.
fn rehearsed(rule: &str) -> Vec<(String, i64)> {
    let (_server, bench) = bench("sqlite", &steps(rule));
    let (start, playbook) = (bench.now(), bench.with(async |engine| engine.playbook()));
    let mut world = World::new(&playbook, start);
    let mut join = |who: &str| {
        let address = EmailAddress::parse(who).expect("it is good");
        let account = overture::domain::account::account_of(&address);
        let id = overture::domain::id::LeadId(overture::domain::id::derived(&[who]));
        world.add(overture::domain::decide::newborn(id, address, account, start))
    };
    let (ann, bob) = (join(ANN), join(BOB));
    for number in [ann, bob] {
        let ask = Ask::Enroll { sequence: "scene".to_owned(), by: "test".to_owned(), again: false };
        world.say(start, number, Said::by_person(ask));
    }
    let reply = Ask::Hear { name: "replied".to_owned(), data: Map::new(), touch: None };
    world.say(start + Millis::HOUR.times(12), ann, Said::by_person(reply));
    let mut takers = Takers(Vec::new());
    world.run(start + Millis::DAY.times(30), &mut takers);
    let hours = |at: Instant| at.since(start).0 / Millis::HOUR.0;
    takers.0.into_iter().filter(|(to, ..)| *to == bob).map(|(_, step, at)| (step, hours(at))).collect()
}

#[test]
fn a_rehearsal_heeds_replies_as_the_engine_does() {
    let first = ("first".to_owned(), 0);
    assert_eq!(rehearsed("ignore"), [first.clone(), ("second".to_owned(), 24)]);
    assert_eq!(rehearsed("delay 3d"), [first.clone(), ("second".to_owned(), 84)]);
    assert_eq!(rehearsed("pause"), std::slice::from_ref(&first));
    assert_eq!(rehearsed("stop"), [first]);
}
