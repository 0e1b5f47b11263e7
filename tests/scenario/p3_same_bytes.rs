//! P3: what is tried again is the same, octet for octet, under the same name.

use crate::bench::Bench;
use crate::scene::{self, MAIL_THEN_CALL, Scene, TAKEN_OVER, on_both_databases};
use crate::support::faulty_smtp::{Fault, FaultySmtp, Stage};
use crate::support::receiver::{Answer, Receiver};
use crate::support::watch::eventually;
use overture::domain::decide::Ask;
use serde_json::{Map, json};

on_both_databases!(
    a_webhook_is_called_again_with_the_same_id_and_bytes,
    a_webhook_whose_answer_was_lost_in_a_crash_is_called_again,
    a_mail_that_was_turned_away_after_its_last_byte_comes_again_as_it_was,
);

fn same(receiver: &Receiver, calls: usize) {
    let requests = receiver.requests();
    assert_eq!(requests.len(), calls);
    let id = requests[0].header("webhook-id").expect("a call has an id");
    for again in &requests[1..] {
        assert_eq!(again.header("webhook-id"), Some(id));
        assert_eq!(again.body, requests[0].body, "a retry is what was tried before");
    }
}

fn a_webhook_is_called_again_with_the_same_id_and_bytes(database: &str) {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    receiver.answer([Answer::HangUp]);
    let scene = Scene::start(scene::workspace(database, server.address(), &receiver, MAIL_THEN_CALL));
    scene.arrive(&["ann@example.com"]).expect("the daemon answers");
    receiver.wait_for(1);
    // What changed in the meantime is not in the retry: it stays the call that it was.
    let touch = scene.wait_touch("ann@example.com", "call", "deferred");
    receiver.wait_for(2);
    let done = scene.wait_touch("ann@example.com", "call", "accepted");
    assert_eq!(done["id"], touch["id"]);
    same(&receiver, 2);
    assert_eq!(server.taken().len(), 1);
}

fn a_webhook_whose_answer_was_lost_in_a_crash_is_called_again(database: &str) {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    receiver.answer([Answer::Silence]);
    let mut scene = Scene::start(scene::workspace(database, server.address(), &receiver, MAIL_THEN_CALL));
    scene.arrive(&["ann@example.com"]).expect("the daemon answers");
    receiver.wait_for(1);
    scene.daemon.kill9();
    scene.daemon.restart();
    eventually("the call is made again", TAKEN_OVER, || (receiver.requests().len() >= 2).then_some(()));
    scene.wait_touch("ann@example.com", "call", "accepted");
    same(&receiver, 2);
    assert!(scene.unknown().is_empty(), "a call is never of unknown outcome: it is made until it is answered");
}

fn a_mail_that_was_turned_away_after_its_last_byte_comes_again_as_it_was(database: &str) {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    server.once(Stage::Dot, Fault::reply("451 4.3.0 please try again"));
    let workspace = scene::workspace(database, server.address(), &receiver, MAIL_THEN_CALL);
    let bench = Bench::at("2026-01-05T09:00:00Z", workspace);
    let named =
        |name: &str| Ask::Change { set: Map::from_iter([("first_name".to_owned(), json!(name))]), add_tags: vec![] };
    bench.ask("ann@example.com", named("Ann"));
    bench.ask("ann@example.com", Ask::Enroll { sequence: "scene".to_owned(), by: "test".to_owned(), again: false });
    bench.work();
    assert_eq!((server.turned_away().len(), server.taken().len()), (1, 0));
    // She is called otherwise by now; the mail that may have been seen is not.
    bench.ask("ann@example.com", named("Anna"));
    let next = bench.next().expect("it is tried again");
    bench.set(next);
    bench.work();
    assert_eq!(server.taken(), server.turned_away());
}
