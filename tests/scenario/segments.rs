//! A segment on a schedule: everybody in it enters once a tick, through a crash in the middle and a night in which nobody was there.

use crate::bench::{Bench, instant};
use crate::scene::{self, on_both_databases};
use crate::support::faulty_smtp::FaultySmtp;
use crate::support::receiver::Receiver;
use overture::domain::address::EmailAddress;
use overture::engine::{Listed, Terms};
use overture::store::Fault;
use serde_json::{Map, json};

on_both_databases!(
    a_tick_enrolls_its_segment_once_through_a_crash_and_a_missed_tick_fires_once_if_young_enough,
    of_two_schedules_of_a_group_that_tick_at_once_the_larger_priority_wins_everybody,
);

const STEPS: &str = "\
again: always
enroll:
  - every: '0 9 * * *'
    segment: lead.country == \"FR\"
    catch_up: 2h
steps:
  - wait: 1h
  - end: done
";

fn people(count: usize) -> Vec<Listed> {
    let row = |number: usize| Listed {
        address: EmailAddress::parse(&format!("person{number}@example.com")).expect("it is good"),
        set: Map::from_iter([("country".to_owned(), json!(if number.is_multiple_of(2) { "FR" } else { "DE" }))]),
        tags: Vec::new(),
    };
    (0..count).map(row).collect()
}

fn a_tick_enrolls_its_segment_once_through_a_crash_and_a_missed_tick_fires_once_if_young_enough(database: &str) {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let workspace = scene::workspace(database, server.address(), &receiver, STEPS);
    let bench = Bench::at("2026-01-12T08:00:00Z", workspace);
    let terms = Terms::default();
    bench.with(async |engine| engine.import(people(1_200), &terms).await.expect("the list comes in"));
    bench.work();
    assert_eq!(bench.next(), Some(instant("2026-01-12T09:00:00Z")), "one timer for the next tick");
    assert!(bench.enrollments(&["scene"]).is_empty());

    bench.set(instant("2026-01-12T09:00:00Z"));
    // It is begun, one page is gone through, and in the middle of the second the database goes away.
    bench.with(async |engine| {
        for _ in 0..2 {
            assert_eq!(engine.wake(engine.now()).await.expect("the store answers"), 1);
        }
        engine.store.faults().arm(Fault::Reset, 9);
        assert!(engine.wake(engine.now()).await.is_err());
    });
    let midway = bench.all("scene").len();
    assert!((1..600).contains(&midway), "{midway} of 600 after one page");
    bench.work();
    assert_eq!(bench.all("scene"), vec!["active"; 600]);

    bench.set(instant("2026-01-12T12:00:00Z"));
    bench.work();
    assert_eq!(bench.all("scene"), vec!["finished"; 600]);
    // Three days nobody was there; the last of the ticks is two hours old and counts once.
    bench.set(instant("2026-01-15T11:00:00Z"));
    bench.work();
    bench.work();
    let all = bench.all("scene");
    assert_eq!((all.len(), all.iter().filter(|state| *state == "active").count()), (1_200, 600));
    bench.set(instant("2026-01-17T11:00:01Z"));
    bench.work();
    assert_eq!(bench.all("scene"), vec!["finished"; 1_200], "a tick older than `catch_up` is let go");
    assert_eq!(bench.next(), Some(instant("2026-01-18T09:00:00Z")));
}

fn of_two_schedules_of_a_group_that_tick_at_once_the_larger_priority_wins_everybody(database: &str) {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let workspace = scene::workspace(database, server.address(), &receiver, STEPS);
    // By name the smaller priority would come first.
    for (name, priority) in [("a", 10), ("z", 90)] {
        let text = format!(
            "title: {name}\nkind: nurture\nexclusive: one\npriority: {priority}\n{}\
             enroll: [{{every: '0 9 * * *', segment: lead.country == \"FR\"}}]\nsteps: [{{wait: 1d}}]\n",
            scene::ANY_TIME
        );
        workspace.write(&format!("sequences/{name}.yaml"), &text);
    }
    let bench = Bench::at("2026-01-12T08:00:00Z", workspace);
    let terms = Terms::default();
    bench.with(async |engine| engine.import(people(1_200), &terms).await.expect("the list comes in"));
    bench.work();
    bench.set(instant("2026-01-12T09:00:00Z"));
    bench.work();
    assert_eq!((bench.all("z").len(), bench.all("a").len()), (600, 0));
}
