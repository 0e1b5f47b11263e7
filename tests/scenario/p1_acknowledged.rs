//! P1: what was acknowledged is there after the process was killed in the middle of its work.

use crate::scene::{self, MAIL_THEN_CALL, Scene, on_both_databases};
use crate::support::faulty_smtp::FaultySmtp;
use crate::support::receiver::Receiver;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Mutex;

on_both_databases!(an_acknowledged_event_survives_a_kill);

/// Events that are acknowledged before the kill.
const ENOUGH: usize = 60;

fn an_acknowledged_event_survives_a_kill(database: &str) {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let workspace = scene::workspace(database, server.address(), &receiver, MAIL_THEN_CALL);
    let mut scene = Scene::start(workspace);
    let acknowledged = Mutex::new(BTreeSet::new());
    std::thread::scope(|scope| {
        let (scene, acknowledged) = (&scene, &acknowledged);
        for teller in 0..4 {
            scope.spawn(move || {
                for n in 0.. {
                    let key = format!("{teller}-{n}");
                    let lead = format!("lead{}@example.com", n % 7);
                    let told = json!({"lead": {"email": lead}, "name": "page_viewed", "create": true, "key": key,
                                      "data": {"key": key}});
                    // The kill is what ends this: a call that finds nobody.
                    match scene.attempt("POST", "/v1/events", &told) {
                        Ok(response) if response.status == 200 => {
                            acknowledged.lock().expect("no teller panics").insert((lead, key));
                        }
                        Ok(response) => panic!("{}: {}", response.status, response.body),
                        Err(_) => return,
                    }
                }
            });
        }
        crate::support::watch::eventually("enough is acknowledged", crate::support::SOON, || {
            (acknowledged.lock().expect("no teller panics").len() >= ENOUGH).then_some(())
        });
        scene.daemon.kill_now();
    });
    scene.daemon.kill9();
    scene.daemon.restart();
    let mut kept = BTreeSet::new();
    for lead in (0..7).map(|n| format!("lead{n}@example.com")) {
        for event in scene.rows(&format!("/v1/leads/{}/events", scene::escaped(&lead)), "events") {
            if event["name"] == "page_viewed" {
                let key = event["what"].to_string();
                let key = key.split("\"key\":\"").nth(1).and_then(|rest| rest.split('"').next());
                let key = key.unwrap_or_else(|| panic!("the event has its data: {event}")).to_owned();
                assert!(kept.insert((lead.clone(), key)), "kept twice: {event}");
            }
        }
    }
    let acknowledged = acknowledged.into_inner().expect("no teller panics");
    let lost: Vec<_> = acknowledged.difference(&kept).collect();
    assert!(lost.is_empty(), "acknowledged and lost: {lost:?}");
}
