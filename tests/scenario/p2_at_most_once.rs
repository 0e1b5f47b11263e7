//! P2: a mail whose answer was lost is never sent again by itself: it is listed, a person may send it again, and a sign of life settles it.

use crate::scene::{self, MAIL_THEN_CALL, Scene, browse, on_both_databases};
use crate::support::SOON;
use crate::support::faulty_smtp::{Fault, FaultySmtp, Stage};
use crate::support::receiver::Receiver;
use crate::support::watch::eventually;
use serde_json::json;

on_both_databases!(
    a_mail_of_unknown_outcome_is_sent_again_only_by_hand,
    a_mail_of_unknown_outcome_is_accepted_when_somebody_answers_it,
);

const ANN: &str = "ann@example.com";

/// A scene in which the server took Ann's mail and hung up after the dot.
fn unknown(database: &str) -> (FaultySmtp, Receiver, Scene, String) {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    server.once(Stage::Dot, Fault::HangUp);
    let scene = Scene::start(scene::workspace(database, server.address(), &receiver, MAIL_THEN_CALL));
    scene.arrive(&[ANN]).expect("the daemon answers");
    let touch = scene.wait_touch(ANN, "first", "unknown");
    let id = touch["id"].as_str().expect("a touch has an id").to_owned();
    (server, receiver, scene, id)
}

fn a_mail_of_unknown_outcome_is_sent_again_only_by_hand(database: &str) {
    let (server, receiver, mut scene, id) = unknown(database);
    let listed = scene.unknown();
    assert_eq!(listed.iter().map(|touch| touch["id"].clone()).collect::<Vec<_>>(), [json!(id)]);
    // The sequence goes on all the same, and says so.
    receiver.wait_for(1);
    scene.daemon.kill9();
    scene.daemon.restart();
    // Whoever comes after her is served: so whatever would have been sent again by itself would be there by then.
    scene.arrive(&["bob@example.com"]).expect("the daemon answers");
    scene.wait_touch("bob@example.com", "first", "accepted");
    let of_ann = || server.taken().into_iter().filter(|mail| mail.to == [ANN]).collect::<Vec<_>>();
    assert_eq!((of_ann().len(), scene.unknown().len()), (1, 1));
    scene.overture(&["unknown", "resend", &id]).ok();
    scene.wait_touch(ANN, "first", "accepted");
    let mails = of_ann();
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0].message_id(), mails[1].message_id());
    assert!(scene.unknown().is_empty());
    let again = scene.overture(&["unknown", "resend", &id]);
    assert_eq!(again.code, Some(1), "what is known is not sent again: {}{}", again.stdout, again.stderr);
    assert_eq!(of_ann().len(), 2);
    let calls = receiver.requests().iter().filter(|call| String::from_utf8_lossy(&call.body).contains(ANN)).count();
    assert_eq!(calls, 1, "the step after it was done once");
}

fn a_mail_of_unknown_outcome_is_accepted_when_somebody_answers_it(database: &str) {
    let (server, _receiver, scene, _) = unknown(database);
    let mail = server.wait_taken(1).remove(0);
    let link = mail.targets("href").into_iter().find(|link| link.contains("/c/")).expect("the mail has a tracked link");
    assert_eq!(browse(&scene.daemon.reach(&link)).status, 302);
    eventually("a click proves that it arrived", SOON, || {
        scene.touch(ANN, "first").filter(|touch| touch["state"] == "accepted")
    });
    assert!(scene.unknown().is_empty());
    assert_eq!(server.taken().len(), 1);
}
