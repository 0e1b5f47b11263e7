//! P25: told to stop in the middle of its work, the daemon finishes what it has in hand: nothing is unknown, nothing comes twice.

use crate::scene::{self, MAIL_THEN_CALL, Scene};
use crate::support::SOON;
use crate::support::faulty_smtp::{Fault, FaultySmtp, Stage};
use crate::support::postgres::Postgres;
use crate::support::receiver::Receiver;
use crate::support::watch::eventually;
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

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

/// In a fleet others watch its leases, and a server may take longer to answer than one lasts.
#[test]
fn a_daemon_of_a_fleet_that_stops_keeps_what_it_has_in_hand_for_as_long_as_servers_think() {
    const PAST_TWO_LEASES: Duration = Duration::from_secs(5);
    let Some(postgres) = Postgres::shared() else { return };
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let database = postgres.database();
    let part = || {
        let workspace = scene::workspace(&database, server.address(), &receiver, MAIL_THEN_CALL);
        workspace.set("database.lease", "2s");
        workspace
    };
    let mut ending = Scene::start(part());
    server.always(Stage::Dot, Fault::Late);
    ending.arrive(&["ann@example.com"]).expect("the daemon answers");
    eventually("its mail is under way", SOON, || {
        ending.touch("ann@example.com", "first").filter(|touch| touch["state"] == "marked")
    });
    let staying = Scene::start(part());
    let log = ending.daemon.log().clone();
    let ended = std::thread::scope(|threads| {
        threads.spawn(|| {
            log.wait(SOON, |line| line.contains("stopping").then_some(())).expect("the daemon says that it stops");
            let stopped = Instant::now();
            eventually("leases run out", SOON, || (stopped.elapsed() > PAST_TWO_LEASES).then_some(()));
            server.release();
        });
        ending.daemon.term()
    });
    assert!(ended.success(), "{ended}");
    server.mend();
    staying.wait_touch("ann@example.com", "first", "accepted");
    assert_eq!((server.taken().len(), staying.unknown().len()), (1, 0));
}
