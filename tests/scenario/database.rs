//! A database that somebody else holds, and one that goes away for a while.

use crate::scene::{self, MAIL_THEN_CALL, Scene, browse};
use crate::support::daemon::overture;
use crate::support::faulty_smtp::{Fault, FaultySmtp, Stage};
use crate::support::postgres::{Fsync, Postgres};
use crate::support::receiver::Receiver;
use crate::support::watch::eventually;
use crate::support::{SOON, http};
use serde_json::json;

const ANN: &str = "ann@example.com";
const BOB: &str = "bob@example.com";

#[test]
fn a_second_daemon_on_one_folder_is_refused_and_the_first_goes_on() {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let scene = Scene::start(scene::workspace("sqlite", server.address(), &receiver, MAIL_THEN_CALL));
    let second = overture(&scene.workspace, &["run"]);
    assert_eq!(second.code, Some(2), "{}{}", second.stdout, second.stderr);
    assert!(second.stderr.contains("is in use by process"), "{}", second.stderr);
    assert!(second.stderr.lines().count() < 6, "one clear message: {}", second.stderr);
    // The first is still there for commands, at its listeners, and for its leads.
    scene.overture(&["event", ANN, "arrived", "--create"]).ok();
    scene.wait_touch(ANN, "call", "accepted");
    assert_eq!(server.taken().len(), 1);
}

#[test]
fn a_database_that_goes_away_and_comes_back_costs_nothing() {
    let Some(postgres) = Postgres::own(Fsync::On) else { return crate::support::skipped("postgresql") };
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    server.once(Stage::Dot, Fault::Late);
    let scene = Scene::start(scene::workspace(&postgres.database(), server.address(), &receiver, MAIL_THEN_CALL));
    scene.arrive(&[ANN]).expect("the daemon answers");
    // The server has her mail, and its answer comes when there is nowhere to write it down.
    let link = server.wait_taken(1)[0].targets("href").into_iter().find(|link| link.contains("/c/"));
    postgres.stop();
    server.release();
    let told = json!({"lead": {"email": BOB}, "name": "arrived", "create": true});
    let refused = scene.call("POST", "/v1/events", &told);
    assert_eq!(refused.status, 503, "what cannot be written down is not acknowledged: {}", refused.body);
    assert_eq!(browse(&scene.daemon.reach(&link.expect("the mail has a tracked link"))).status, 503);
    let ready = http::get(&format!("{}/readyz", scene.daemon.private()));
    assert_eq!(ready.status, 503, "{}", ready.body);
    postgres.restart(Fsync::On);
    eventually("it hears again", SOON, || {
        (scene.attempt("POST", "/v1/events", &told).ok()?.status == 200).then_some(())
    });
    // The answer was kept until it could be written down: she is not of unknown outcome.
    scene.wait_touch(ANN, "first", "accepted");
    scene.wait_touch(ANN, "call", "accepted");
    scene.wait_touch(BOB, "call", "accepted");
    assert_eq!(server.taken().len(), 2);
    assert!(scene.unknown().is_empty());
    assert_eq!(http::get(&format!("{}/readyz", scene.daemon.private())).status, 200);
}
