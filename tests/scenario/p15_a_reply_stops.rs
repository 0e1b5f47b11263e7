//! P15: a person's reply stops the sequence before its next mail, also one that waits in the queue already.

use crate::scene::{self, Scene, TWO_MAILS, on_both_databases, reply_to};
use crate::support::faulty_smtp::FaultySmtp;
use crate::support::receiver::Receiver;

on_both_databases!(a_reply_takes_the_queued_mail_back, an_automatic_reply_only_delays_it);

const ANN: &str = "ann@example.com";
const BOB: &str = "bob@example.com";

/// A scene in which the second mail waits in the queue of a sender that stands still.
fn queued(database: &str) -> (FaultySmtp, Scene) {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let scene = Scene::start(scene::workspace(database, server.address(), &receiver, TWO_MAILS));
    scene.arrive(&[ANN]).expect("the daemon answers");
    server.wait_taken(1);
    scene.overture(&["pause", "sender", "growth"]).ok();
    scene.wait_touch(ANN, "second", "queued");
    (server, scene)
}

/// Lets the sender go on, and waits until Bob, who comes after Ann, has all his mails; gives the subjects of hers.
fn after(server: &FaultySmtp, scene: &Scene) -> Vec<String> {
    scene.overture(&["resume", "sender", "growth"]).ok();
    scene.arrive(&[BOB]).expect("the daemon answers");
    scene.wait_touch(BOB, "second", "accepted");
    server.taken().into_iter().filter(|mail| mail.to == [ANN]).map(|mail| mail.subject()).collect()
}

fn a_reply_takes_the_queued_mail_back(database: &str) {
    let (server, scene) = queued(database);
    let reply = reply_to(&server.taken()[0].message_id(), ANN);
    scene.ingest(&reply).ok();
    scene.wait_touch(ANN, "second", "cancelled");
    // A mail server that is not sure hands the same message over again.
    scene.ingest(&reply).ok();
    assert_eq!(after(&server, &scene), ["First things"]);
    let why = scene.overture(&["why", ANN]).ok().stdout;
    assert!(why.contains("repl"), "{why}");
    let events = scene.rows(&format!("/v1/leads/{}/events", scene::escaped(ANN)), "events");
    assert_eq!(events.iter().filter(|event| event["name"] == "replied").count(), 1);
}

fn an_automatic_reply_only_delays_it(database: &str) {
    let (server, scene) = queued(database);
    let reply = reply_to(&server.taken()[0].message_id(), ANN);
    let away = reply.replacen("Subject: Re:", "Auto-Submitted: auto-replied\r\nSubject: Out of office:", 1);
    let away = away.replace("Thank you, that sounds good. Can we talk?", "I am not at my desk.");
    scene.ingest(&away).ok();
    // Who is away gets nothing for a while, and has not answered: the rest comes when the pause is over, here by hand.
    assert_eq!(after(&server, &scene), ["First things"]);
    scene.overture(&["resume", "lead", ANN]).ok();
    scene.wait_touch(ANN, "second", "accepted");
    let events = scene.rows(&format!("/v1/leads/{}/events", scene::escaped(ANN)), "events");
    assert!(events.iter().all(|event| event["name"] != "replied"), "{events:?}");
}
