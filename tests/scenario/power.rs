//! P1 and P2 under a power cut: a sync comes before every acknowledgement and before the first byte of every message, and what was synced is
//! enough to know both.

use crate::scene::{self, MAIL_THEN_CALL, Scene};
use crate::support::faulty_smtp::FaultySmtp;
use crate::support::power::{Power, Seen};
use crate::support::receiver::Receiver;
use serde_json::json;

const EVENTS: usize = 40;

fn start(power: &Power, workspace: crate::support::workspace::Workspace, more: &[(&str, &str)]) -> Scene {
    let environment = power.environment();
    let shim = environment.iter().map(|(name, value)| (*name, value.as_str()));
    Scene::with(workspace, &shim.chain(more.iter().copied()).collect::<Vec<_>>())
}

#[test]
fn a_sync_comes_before_every_acknowledgement_and_a_power_cut_takes_none_back() {
    let Some(power) = Power::watch() else { return };
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let mut scene = start(&power, scene::workspace("sqlite", server.address(), &receiver, MAIL_THEN_CALL), &[]);
    let before = power.seen().len();
    for number in 0..EVENTS {
        let told =
            json!({"lead": {"email": format!("lead{number}@example.com")}, "name": "page_viewed", "create": true});
        scene.post("/v1/events", &told);
    }
    scene.daemon.kill9();
    let seen = power.seen().split_off(before);
    let answers = seen.split(|seen| *seen == Seen::Answered);
    let synced: Vec<bool> = answers.map(|between| between.iter().any(|seen| matches!(seen, Seen::Synced(_)))).collect();
    assert_eq!(synced.len(), EVENTS + 1, "every answer was seen: {seen:?}");
    assert!(synced[..EVENTS].iter().all(|synced| *synced), "a sync before each answer: {synced:?}");
    let lost = power.cut(&scene.workspace);
    println!("the cut took {lost} bytes");
    scene.daemon.restart();
    assert_eq!(scene.rows("/v1/leads", "leads").len(), EVENTS);
}

#[test]
fn a_power_cut_after_a_message_left_finds_its_mark() {
    let Some(power) = Power::watch() else { return };
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let workspace = scene::workspace("sqlite", server.address(), &receiver, MAIL_THEN_CALL);
    scene::one_connection(&workspace, server.address());
    let mut scene = start(&power, workspace, &[("OVERTURE_FAIL_POINT", "body.written:3")]);
    let leads = ["ann@example.com", "bob@example.com", "cid@example.com", "dan@example.com"];
    let _ = scene.arrive(&leads);
    scene.daemon.wait_end();
    let seen: Vec<Seen> = power.seen().into_iter().filter(|seen| *seen != Seen::Answered).collect();
    let mails: Vec<usize> =
        seen.iter().enumerate().filter(|(_, seen)| **seen == Seen::Written).map(|(at, _)| at).collect();
    assert_eq!(mails.len(), 3, "{seen:?}");
    for at in mails {
        let asked = seen[..at].iter().rposition(|seen| *seen == Seen::Asked).expect("DATA comes first");
        let synced = seen[asked..at].iter().any(|seen| matches!(seen, Seen::Synced(_)));
        assert!(synced, "the mark is on the disk before the message leaves: {seen:?}");
    }
    power.cut(&scene.workspace);
    scene.daemon.restart();
    for lead in leads {
        scene.wait_touch(lead, "call", "accepted");
    }
    assert_eq!(server.taken().len(), leads.len(), "nobody has it twice");
    assert_eq!(scene.unknown().len(), 1, "the one under way is listed");
}
