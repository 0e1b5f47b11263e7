//! What makes a mail too late to be of use: its server, which asked for it later, and nothing of our own.

use crate::bench::{Bench, instant};
use crate::scene::{self, on_both_databases};
use crate::support::faulty_smtp::{Fault, FaultySmtp, Stage};
use crate::support::receiver::Receiver;
use overture::domain::decide::Ask;
use overture::domain::time::Millis;

const ANN: &str = "ann@example.com";

const STEPS: &str = "\
max_lateness: 2h
enroll: [{on: arrived}]
steps:
  - {id: first, email: scene/first}
  - {id: second, email: scene/second}
";

on_both_databases!(
    a_mail_that_its_server_puts_off_for_longer_than_that_is_skipped,
    a_pause_and_a_downtime_after_a_deferral_make_nothing_late,
);

fn staged(database: &str) -> (Bench, FaultySmtp) {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let bench = Bench::at("2026-01-12T10:00:00Z", scene::workspace(database, server.address(), &receiver, STEPS));
    (bench, server)
}

fn enters(bench: &Bench) {
    bench.ask(ANN, Ask::Enroll { sequence: "scene".to_owned(), by: "test".to_owned(), again: false });
    bench.work();
}

fn a_mail_that_its_server_puts_off_for_longer_than_that_is_skipped(database: &str) {
    let (bench, server) = staged(database);
    server.refuse(ANN, "451 4.7.1 busy");
    enters(&bench);
    bench.until(instant("2026-01-12T12:00:00Z"));
    assert_eq!(bench.touch("first").state.as_str(), "deferred");
    server.mend();
    bench.until(instant("2026-01-13T12:00:00Z"));
    assert_eq!(bench.touch("first").state.as_str(), "expired");
    assert_eq!(bench.touch("second").state.as_str(), "accepted", "the sequence goes on");
}

fn a_pause_and_a_downtime_after_a_deferral_make_nothing_late(database: &str) {
    let (bench, server) = staged(database);
    server.once(Stage::Rcpt, Fault::reply("451 4.7.1 busy"));
    enters(&bench);
    assert_eq!(bench.touch("first").state.as_str(), "deferred");
    bench.ask(ANN, Ask::Pause { sequence: None, because: "test".to_owned() });
    bench.until(bench.now() + Millis::DAY);
    assert!(server.taken().is_empty());
    bench.ask(ANN, Ask::Resume { sequence: None });
    // And nobody was there for two days.
    bench.set(bench.now() + Millis::DAY.times(2));
    bench.work();
    assert_eq!(bench.touch("first").state.as_str(), "accepted");
}
