//! Limits of a sequence: never more than they say, through crashes and while two engines let people in; who waits enters when there is room.

use crate::bench::{Bench, instant};
use crate::scene::{self, on_both_databases};
use crate::support::faulty_smtp::FaultySmtp;
use crate::support::receiver::Receiver;
use overture::config::Environment;
use overture::daemon;
use overture::domain::address::EmailAddress;
use overture::domain::decide::Ask;
use overture::engine::{Answer, Order, Target, limited, today};
use overture::store::Fault;

on_both_databases!(
    never_more_are_in_a_sequence_or_enter_it_in_a_day_than_its_limits_say,
    who_waits_enters_at_once_when_an_edit_raises_the_limits_or_takes_them_away,
);

const STEPS: &str = "\
limits: {active: 10, new_per_day: 15}
steps:
  - wait: 2h
  - end: done
";

fn enroll(bench: &Bench, people: std::ops::Range<usize>) -> usize {
    let ask = || Ask::Enroll { sequence: "scene".to_owned(), by: "test".to_owned(), again: false };
    let to = |number| {
        let address = EmailAddress::parse(&format!("person{number}@example.com")).expect("it is good");
        Target::Address { address, create: true }
    };
    let answers = bench.with(async |engine| {
        let units = people.map(|number| engine.by_hand(to(number), ask(), "test")).collect();
        engine.record(units).await.expect("the store answers")
    });
    answers.iter().filter(|answer| matches!(answer, Answer::Pending { .. })).count()
}

/// How many are in it, and came today, and wait, by the counters and by the enrollments themselves.
fn standing(bench: &Bench) -> (usize, usize, i64) {
    let all = bench.all("scene");
    let active = all.iter().filter(|state| *state == "active").count();
    let (intake, pending) = bench.with(async |engine| {
        let date = today(&engine.playbook(), engine.now());
        let mut tx = engine.store.begin().await.expect("the store answers");
        let intake = tx.intakes(&limited(&engine.playbook()), date).await.expect("the store answers")["scene"];
        tx.rollback().await.expect("the store answers");
        (intake, engine.store.pending_counts().await.expect("the store answers").remove("scene").unwrap_or(0))
    });
    assert_eq!(intake.active as usize, active, "the counter and the enrollments");
    (active, intake.entered_today as usize, pending)
}

fn never_more_are_in_a_sequence_or_enter_it_in_a_day_than_its_limits_say(database: &str) {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let workspace = scene::workspace(database, server.address(), &receiver, STEPS);
    let bench = Bench::at("2026-01-12T08:00:00Z", workspace);
    assert_eq!(enroll(&bench, 0..30), 20, "ten at a time");
    bench.work();
    assert_eq!(standing(&bench), (10, 10, 20));

    bench.set(instant("2026-01-12T10:00:00Z"));
    // Ten have left; each write of letting the next five in fails once, and nobody is counted twice for it.
    bench.with(async |engine| while engine.wake(engine.now()).await.expect("the store answers") > 9 {});
    for nth in 1..60 {
        bench.with(async |engine| {
            engine.store.faults().arm(Fault::Reset, nth);
            drop(engine.wake(engine.now()).await);
            engine.store.faults().disarm();
        });
    }
    bench.work();
    assert_eq!(standing(&bench), (5, 15, 15), "fifteen a day");
    let midnight = instant("2026-01-12T23:00:00Z");
    bench.set(instant("2026-01-12T12:30:00Z"));
    bench.work();
    assert_eq!((standing(&bench), bench.next()), ((0, 15, 15), Some(midnight)), "a day of Berlin");
    bench.set(midnight);
    bench.work();
    assert_eq!(standing(&bench), (10, 10, 5));
    bench.set(instant("2026-01-13T02:00:00Z"));
    bench.work();
    assert_eq!(standing(&bench), (5, 15, 0));
}

/// How many are in it, and how many wait.
fn inside(bench: &Bench) -> (usize, i64) {
    let active = bench.all("scene").iter().filter(|state| *state == "active").count();
    let pending = bench.with(async |engine| engine.store.pending_counts().await.expect("the store answers"));
    (active, pending.get("scene").copied().unwrap_or(0))
}

fn who_waits_enters_at_once_when_an_edit_raises_the_limits_or_takes_them_away(database: &str) {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let workspace = scene::workspace(database, server.address(), &receiver, STEPS);
    let file = workspace.read("sequences/scene.yaml");
    let limits = |text: &str| file.replace("limits: {active: 10, new_per_day: 15}\n", text);
    workspace.write("sequences/scene.yaml", &limits("limits: {active: 2}\n"));
    let bench = Bench::at("2026-01-12T08:00:00Z", workspace);
    assert_eq!(enroll(&bench, 0..9), 7);
    bench.work();
    assert_eq!(inside(&bench), (2, 7));

    bench.workspace().write("sequences/scene.yaml", &limits("limits: {active: 5}\n"));
    bench.with(async |engine| daemon::adopt(engine, bench.workspace().path(), &Environment::new()).await);
    assert_eq!(bench.next(), Some(bench.now()), "somebody may enter now");
    bench.work();
    assert_eq!(inside(&bench), (5, 4));

    bench.workspace().write("sequences/scene.yaml", &limits(""));
    let order = Order { at_most: 50, by: "test".to_owned(), ..Order::default() };
    bench.with(async |engine| engine.apply(&order).await.expect("it is applied"));
    assert_eq!(bench.next(), Some(bench.now()), "everybody may enter now");
    bench.work();
    assert_eq!((inside(&bench), bench.next()), ((9, 0), Some(instant("2026-01-12T10:00:00Z"))));
}
