//! The frequency cap over real SMTP: what the server took counts, whatever the store answered.

use crate::bench::{Bench, instant};
use crate::scene::{self, ANY_TIME, on_both_databases};
use crate::support::faulty_smtp::{Fault, FaultySmtp, Stage};
use crate::support::mail::Mail;
use crate::support::receiver::Receiver;
use overture::domain::decide::Ask;

on_both_databases!(over_the_cap_a_mail_waits_also_for_one_of_unknown_outcome_and_the_larger_priority_goes_first);

fn sequence(priority: u8, mail: &str) -> String {
    let steps = format!("steps:\n  - {{id: mail, email: scene/{mail}}}\n  - end: done\n");
    format!("title: x\nkind: nurture\npriority: {priority}\n{ANY_TIME}{steps}")
}

fn over_the_cap_a_mail_waits_also_for_one_of_unknown_outcome_and_the_larger_priority_goes_first(database: &str) {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let workspace = scene::workspace(database, server.address(), &receiver, scene::MAIL_THEN_CALL);
    workspace.set("frequency_cap", "1 in 7d");
    workspace.write("sequences/low.yaml", &sequence(10, "first"));
    workspace.write("sequences/high.yaml", &sequence(90, "second"));
    let bench = Bench::at("2026-01-12T08:00:00Z", workspace);
    let enroll = |sequence: &str| {
        let ask = Ask::Enroll { sequence: sequence.to_owned(), by: "test".to_owned(), again: false };
        bench.ask("ann@example.com", ask);
    };
    // The server takes it, and hangs up before it says so.
    server.once(Stage::Dot, Fault::HangUp);
    enroll("scene");
    bench.work();
    enroll("low");
    enroll("high");
    bench.work();
    let subjects = || server.taken().iter().map(Mail::subject).collect::<Vec<_>>();
    assert_eq!(subjects(), ["First things"]);
    bench.set(instant("2026-01-19T07:59:59Z"));
    bench.work();
    assert_eq!(subjects().len(), 1);
    bench.set(instant("2026-01-19T08:00:00Z"));
    bench.work();
    assert_eq!(subjects(), ["First things", "Second thoughts"]);
    bench.set(instant("2026-01-26T08:00:00Z"));
    bench.work();
    assert_eq!(subjects(), ["First things", "Second thoughts", "First things"]);
}
