//! Who goes first where a sender is full: the larger priority, and what was promised to a person before any of them.

use crate::bench::{Bench, instant};
use crate::scene::{self, on_both_databases};
use crate::support::faulty_smtp::FaultySmtp;
use crate::support::receiver::Receiver;
use overture::domain::decide::Ask;
use overture::domain::time::Millis;

on_both_databases!(
    what_waits_for_a_full_sender_leaves_by_the_priority_of_its_sequence_and_then_by_its_age,
    a_lane_that_many_wait_on_by_many_priorities_gives_each_out_once,
);

fn sequence(priority: u8) -> String {
    let send = scene::ANY_TIME;
    format!(
        "title: P{priority}\nkind: nurture\ntopic: p{priority}\npriority: {priority}\n{send}steps:\n  - {{id: m{priority}, email: scene/first}}\n"
    )
}

fn stage(database: &str, priorities: &[u8], per_day: usize) -> (Bench, FaultySmtp) {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let workspace = scene::workspace(database, server.address(), &receiver, scene::TWO_MAILS);
    for priority in priorities {
        workspace.write(&format!("sequences/p{priority}.yaml"), &sequence(*priority));
    }
    workspace.set("senders.growth.per_day", &per_day.to_string());
    workspace.set("senders.growth.zone", "UTC");
    (Bench::at("2026-01-12T10:00:00Z", workspace), server)
}

fn enters(bench: &Bench, person: &str, priority: u8) {
    let enroll = Ask::Enroll { sequence: format!("p{priority}"), by: "test".to_owned(), again: false };
    bench.ask(&format!("{person}@example.com"), enroll);
    bench.work();
}

/// Whom mails went to, in the order in which they left.
fn sent(server: &FaultySmtp) -> Vec<String> {
    server.taken().iter().map(|mail| mail.shown_to().replace("@example.com", "")).collect()
}

fn what_waits_for_a_full_sender_leaves_by_the_priority_of_its_sequence_and_then_by_its_age(database: &str) {
    let (bench, server) = stage(database, &[10, 50, 90], 2);
    for (person, priority) in [("ann", 10), ("bob", 10), ("cyd", 10), ("dan", 50), ("eve", 90), ("fay", 90)] {
        enters(&bench, person, priority);
        bench.set(bench.now() + Millis::MINUTE);
    }
    assert_eq!(sent(&server), ["ann", "bob"], "nobody is kept back while there is room");
    bench.set(instant("2026-01-13T00:00:00Z"));
    bench.work();
    assert_eq!(sent(&server)[2..], ["eve", "fay"]);
    enters(&bench, "guy", 50);
    bench.set(instant("2026-01-14T00:00:00Z"));
    bench.work();
    assert_eq!(sent(&server)[4..], ["dan", "guy"]);
    bench.set(instant("2026-01-15T00:00:00Z"));
    bench.work();
    assert_eq!(sent(&server)[6..], ["cyd"]);
}

fn a_lane_that_many_wait_on_by_many_priorities_gives_each_out_once(database: &str) {
    let (bench, server) = stage(database, &[0, 20, 40, 60, 80, 100], 1_000);
    let people: Vec<(String, u8)> = (0..60_u8).map(|number| (format!("person{number:02}"), number % 6 * 20)).collect();
    for (person, priority) in &people {
        let enroll = Ask::Enroll { sequence: format!("p{priority}"), by: "test".to_owned(), again: false };
        bench.ask(&format!("{person}@example.com"), enroll);
    }
    bench.with(async |engine| while engine.wake(engine.now()).await.expect("the store answers") > 0 {});
    let claimed = bench.with(async |engine| {
        let mut all = Vec::new();
        loop {
            let some = engine.claim("mail:growth", 7).await.expect("the store answers");
            if some.is_empty() {
                return all;
            }
            all.extend(some.into_iter().map(|claimed| (claimed.row.step, claimed.lead.address.to_string())));
        }
    });
    let mut expected: Vec<(u8, String, String)> = people
        .iter()
        .map(|(person, priority)| (100 - priority, format!("m{priority}"), format!("{person}@example.com")))
        .collect();
    expected.sort();
    let ranks: Vec<&str> = claimed.iter().map(|(step, _)| step.as_str()).collect();
    assert_eq!(ranks, expected.iter().map(|(_, step, _)| step.as_str()).collect::<Vec<_>>());
    let (mut whose, mut all) = (claimed, expected.into_iter().map(|(_, step, to)| (step, to)).collect::<Vec<_>>());
    whose.sort();
    all.sort();
    assert_eq!(whose, all);
    assert!(server.taken().is_empty(), "nothing was carried");
}
