//! P25: told to stop in the middle of its work, the daemon finishes what it has in hand: nothing is unknown, nothing comes twice.

use crate::scene::{self, MAIL_THEN_CALL, Scene};
use crate::support::SOON;
use crate::support::faulty_smtp::{Fault, FaultySmtp, Stage};
use crate::support::receiver::Receiver;
use crate::support::watch::eventually;
use std::collections::BTreeSet;

const LEADS: usize = 60;

/// Stops the daemon while the server is about to answer at a stage, lets the answers go once it drains, and starts it again.
fn stopped_at(stage: Stage) {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let mut scene = Scene::start(scene::workspace("sqlite", server.address(), &receiver, MAIL_THEN_CALL));
    server.always(stage, Fault::Late);
    let leads: Vec<String> = (0..LEADS).map(|number| format!("lead{number}@example.com")).collect();
    scene.arrive(&leads.iter().map(String::as_str).collect::<Vec<_>>()).expect("the daemon answers");
    // The mails under way stand at the stage.
    let seen = |server: &FaultySmtp| server.commands().iter().filter(|line| line.starts_with("DATA")).count();
    eventually("mails are under way", SOON, || (seen(&server) >= 2).then_some(()));
    let log = scene.daemon.log().clone();
    let ended = std::thread::scope(|threads| {
        threads.spawn(|| {
            let draining = log.wait(SOON, |line| line.contains("stopping").then_some(()));
            server.release();
            draining.expect("the daemon says that it stops");
        });
        scene.daemon.term()
    });
    assert!(ended.success(), "{ended}");
    let before = server.taken().len();
    assert!(before < LEADS, "it stopped in the middle of its work");
    scene.daemon.restart();
    receiver.wait_for(LEADS);
    for lead in &leads {
        scene.wait_touch(lead, "first", "accepted");
    }
    let taken = server.taken();
    let reached: BTreeSet<String> = taken.iter().map(|mail| mail.to.concat()).collect();
    assert_eq!(
        (taken.len(), reached.len(), scene.unknown().len()),
        (LEADS, LEADS, 0),
        "{before} of them before the stop"
    );
}

#[test]
fn a_stop_while_the_server_thinks_about_the_message_loses_and_doubles_nothing() {
    stopped_at(Stage::Dot);
}

#[test]
fn a_stop_while_the_server_thinks_about_data_loses_and_doubles_nothing() {
    stopped_at(Stage::Data);
}
