//! The mail that must arrive: what sales promises out of hours. Where nobody knows whether it did, it is sent again: the same octets under
//! the same Message-ID, so that its reader's program can tell.

use crate::bench::Bench;
use crate::scene::{self, MAIL_THEN_CALL, on_both_databases};
use crate::support::faulty_smtp::{Fault, FaultySmtp, Stage};
use crate::support::receiver::Receiver;
use overture::domain::decide::Ask;
use overture::domain::time::Instant;
use overture::domain::touch::State;
use serde_json::{Map, json};

on_both_databases!(
    a_lost_answer_sends_it_again_as_it_was,
    a_crash_after_its_mark_sends_it_again_as_it_was,
    a_crash_before_its_mark_sends_it_once,
);

const ANN: &str = "ann@example.com";
const STEP: &str = "after_hours";

/// A handoff on a Saturday, whose promise goes out by mail.
fn promised(database: &str, server: &FaultySmtp) -> Bench {
    let receiver = Receiver::start();
    let workspace = scene::workspace(database, server.address(), &receiver, MAIL_THEN_CALL);
    let team = workspace.read("config/team.yaml");
    workspace.write("config/team.yaml", &team.replace("applies: temperature == \"hot\"", "applies: 'true'"));
    let bench = Bench::at("2026-01-10T09:00:00Z", workspace).without_leases();
    bench.ask(ANN, named("Ann"));
    bench.ask(ANN, Ask::HandOff { reason: "asked for a person".to_owned() });
    bench
}

fn named(name: &str) -> Ask {
    Ask::Change { set: Map::from_iter([("first_name".to_owned(), json!(name))]), add_tags: vec![] }
}

/// Does what is due until the promise was accepted.
fn until_accepted(bench: &Bench) {
    for _ in 0..50 {
        bench.work();
        if bench.touch(STEP).state == State::Accepted {
            return;
        }
        bench.set(bench.next().expect("something is due until it is accepted"));
    }
    panic!("it is not accepted, but {}", bench.touch(STEP).state.as_str());
}

/// Claims the promise and carries it as a daemon does that dies before it could say what came of it.
fn carried_and_lost(bench: &Bench) {
    bench.with(async |engine| {
        let mut line = engine.line("mail:growth");
        let claims = engine.claim("mail:growth", 1).await.expect("the store answers");
        engine.attempt(&claims[0], &mut line).await.expect("the store answers");
    });
    bench.ask(ANN, named("Anna"));
    bench.with(async |engine| engine.recover(Instant::NEVER).await.expect("the store answers"));
}

fn a_lost_answer_sends_it_again_as_it_was(database: &str) {
    let server = FaultySmtp::start();
    server.once(Stage::Dot, Fault::HangUp);
    let bench = promised(database, &server);
    bench.work();
    assert_eq!(bench.touch(STEP).state, State::Deferred);
    bench.ask(ANN, named("Anna"));
    until_accepted(&bench);
    let taken = server.taken();
    assert_eq!((taken.len(), &taken[0]), (2, &taken[1]));
}

fn a_crash_after_its_mark_sends_it_again_as_it_was(database: &str) {
    let server = FaultySmtp::start();
    let bench = promised(database, &server);
    carried_and_lost(&bench);
    until_accepted(&bench);
    let taken = server.taken();
    assert_eq!((taken.len(), &taken[0]), (2, &taken[1]));
    assert_eq!(taken[0].message_id(), bench.touch(STEP).message_id.expect("a mail has one"));
}

fn a_crash_before_its_mark_sends_it_once(database: &str) {
    let server = FaultySmtp::start();
    server.once(Stage::Data, Fault::HangUp);
    let bench = promised(database, &server);
    carried_and_lost(&bench);
    until_accepted(&bench);
    assert_eq!(server.taken().len(), 1);
}
