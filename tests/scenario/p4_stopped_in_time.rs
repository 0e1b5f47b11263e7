//! P4: nothing leaves after a suppression, an unsubscribe, a reply or a pause was committed, however far the mail had come.

use crate::scene::{self, Scene, TWO_MAILS, on_both_databases, reply_to};
use crate::support::faulty_smtp::{Fault, FaultySmtp, Stage};
use crate::support::receiver::Receiver;
use serde_json::json;

on_both_databases!(
    a_suppression_before_the_mark_keeps_the_mail_here,
    a_reply_before_the_mark_keeps_the_mail_here,
    an_unsubscribe_before_the_mark_keeps_the_mail_here,
    a_pause_before_the_mark_keeps_the_mail_here_until_it_is_resumed,
);

const ANN: &str = "ann@example.com";
const BOB: &str = "bob@example.com";

/// Holds the server's answer to DATA for Ann's mail of a step, lets something be committed, and lets the answer go: then nothing of
/// that mail may leave. Bob's mail, which comes after it on the same connection's lane, shows that it was her turn.
fn held_at_data(database: &str, second: bool, commit: impl FnOnce(&Scene, &FaultySmtp)) -> (FaultySmtp, Scene) {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let workspace = scene::workspace(database, server.address(), &receiver, TWO_MAILS);
    scene::one_connection(&workspace, server.address());
    let scene = Scene::start(workspace);
    if !second {
        server.once(Stage::Data, Fault::Late);
    }
    scene.arrive(&[ANN]).expect("the daemon answers");
    let before = if second {
        server.wait_taken(1);
        server.once(Stage::Data, Fault::Late);
        1
    } else {
        0
    };
    server.wait_begun(before + 1);
    commit(&scene, &server);
    server.release();
    scene.arrive(&[BOB]).expect("the daemon answers");
    scene.wait_touch(BOB, "second", "accepted");
    let of_ann = server.taken().iter().filter(|mail| mail.to == [ANN]).count();
    assert_eq!(
        of_ann,
        before,
        "mails to her: {:?}",
        server.taken().iter().map(|m| (&m.to, m.subject())).collect::<Vec<_>>()
    );
    (server, scene)
}

fn a_suppression_before_the_mark_keeps_the_mail_here(database: &str) {
    let (_server, scene) = held_at_data(database, false, |scene, _| {
        scene.post("/v1/suppressions", &json!({ "target": ANN }));
    });
    scene.wait_touch(ANN, "first", "cancelled");
    assert!(scene.unknown().is_empty());
}

fn a_reply_before_the_mark_keeps_the_mail_here(database: &str) {
    let (_server, scene) = held_at_data(database, true, |scene, server| {
        let heard = scene.ingest(&reply_to(&server.taken()[0].message_id(), ANN)).ok();
        assert!(heard.stderr.contains("repl") || heard.stdout.contains("repl"), "{heard:?}");
    });
    scene.wait_touch(ANN, "second", "cancelled");
}

fn an_unsubscribe_before_the_mark_keeps_the_mail_here(database: &str) {
    let (_server, scene) = held_at_data(database, true, |scene, server| {
        let header = server.taken()[0].header("List-Unsubscribe").expect("a nurture mail has one");
        let link = header.trim_start_matches('<').split('>').next().expect("a link in brackets").to_owned();
        let post = crate::support::http::Call::new("POST", &scene.daemon.reach(&link))
            .form("List-Unsubscribe=One-Click")
            .send();
        assert_eq!(post.status, 200, "{}", post.body);
    });
    scene.wait_touch(ANN, "second", "cancelled");
}

fn a_pause_before_the_mark_keeps_the_mail_here_until_it_is_resumed(database: &str) {
    let (server, scene) = held_at_data(database, false, |scene, _| {
        scene.overture(&["pause", "lead", ANN]).ok();
    });
    scene.overture(&["resume", "lead", ANN]).ok();
    scene.wait_touch(ANN, "second", "accepted");
    let of_ann: Vec<_> =
        server.taken().into_iter().filter(|mail| mail.to == [ANN]).map(|mail| mail.subject()).collect();
    assert_eq!(of_ann, ["First things", "Second thoughts"]);
}
