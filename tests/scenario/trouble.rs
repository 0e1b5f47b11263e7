//! A way out in trouble: its lane waits or stops in the same commit as the mail that found out, and somebody is told, once.

use crate::bench::Bench;
use crate::scene::{self, MAIL_THEN_CALL, Scene};
use crate::senders::{self, standing};
use crate::support::faulty_smtp::{Fault, FaultySmtp, Stage};
use crate::support::http;
use crate::support::receiver::{Answer, Receiver};
use crate::support::watch::eventually;
use crate::support::{SOON, free_port};
use overture::domain::decide::Ask;
use overture::domain::time::{Instant, Millis};
use overture::domain::touch::State;
use serde_json::Value;
use std::net::SocketAddr;

const BLOCKED: &str = "550 5.7.1 Service unavailable; client host [127.0.0.1] blocked using zen.spamhaus.org";

/// The alerts of a type, as they came.
fn alerts(receiver: &Receiver, kind: &str) -> Vec<Value> {
    receiver.requests().iter().map(http::Request::json).filter(|body| body["type"] == kind).collect()
}

#[test]
fn what_is_refused_because_of_us_is_tried_once_whoever_else_is_at_work() {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    server.always(Stage::Rcpt, Fault::reply(BLOCKED));
    let workspace = scene::workspace("sqlite", server.address(), &receiver, MAIL_THEN_CALL);
    let account = format!("{{host: 127.0.0.1, port: {}, security: none, connections: 4}}", server.address().port());
    workspace.set("senders.growth.smtp", &account);
    let scene = Scene::start(workspace);
    scene.arrive(&["ann@example.com"]).expect("the daemon answers");
    eventually("the stop is told", SOON, || (!alerts(&receiver, "lane.stopped").is_empty()).then_some(()));
    scene.wait_touch("ann@example.com", "first", "queued");
    let tried = server.commands().iter().filter(|line| line.starts_with("RCPT")).count();
    assert_eq!(tried, 1, "{:?}", server.commands());
}

#[test]
fn a_crash_right_after_the_refusal_was_stored_costs_neither_the_stop_nor_its_alert() {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    server.always(Stage::Rcpt, Fault::reply(BLOCKED));
    let workspace = scene::workspace("sqlite", server.address(), &receiver, MAIL_THEN_CALL);
    let mut scene = Scene::with(workspace, &[("OVERTURE_FAIL_POINT", "outcome.committed")]);
    let _ = scene.arrive(&["ann@example.com"]);
    scene.daemon.wait_end();
    scene.daemon.restart();
    eventually("the stop is told", SOON, || (!alerts(&receiver, "lane.stopped").is_empty()).then_some(()));
    assert_eq!(standing(&scene, "growth")["paused"], true);
}

#[test]
fn a_relay_that_is_not_there_is_tried_ever_more_seldom_and_told_once() {
    let (usual, receiver) = (FaultySmtp::start(), Receiver::start());
    let workspace = scene::workspace("sqlite", usual.address(), &receiver, MAIL_THEN_CALL);
    let port = free_port();
    workspace.live("growth", SocketAddr::from(([127, 0, 0, 1], port)));
    let bench = Bench::at("2026-01-05T09:00:00Z", workspace);
    for lead in ["ann@example.com", "bob@example.com"] {
        bench.ask(lead, Ask::Enroll { sequence: "scene".to_owned(), by: "test".to_owned(), again: false });
    }
    let start = bench.now();
    let mut waits = Vec::new();
    while bench.now().since(start) < Millis::HOUR {
        bench.work();
        let next = bench.next().expect("it is tried again");
        waits.push(next.since(bench.now()).0 / 1_000);
        bench.set(next);
    }
    for (wait, base) in waits.iter().zip([5, 10, 20, 40, 80, 160].into_iter().chain(std::iter::repeat(300))) {
        assert!((base..=base + base / 5).contains(wait), "{waits:?}");
    }
    let told = alerts(&receiver, "lane.unreachable");
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0]["data"]["lane"], "mail:growth");
    let at: jiff::Timestamp = told[0]["timestamp"].as_str().and_then(|text| text.parse().ok()).expect("an instant");
    let after = Instant::from_jiff(at).since(start);
    assert!((Millis::MINUTE.times(10)..Millis::MINUTE.times(20)).contains(&after), "{after:?}");
    let server = FaultySmtp::at(port);
    bench.work();
    bench.set(bench.next().unwrap_or_else(|| bench.now()));
    bench.work();
    let mut to: Vec<String> = server.taken().iter().map(|mail| mail.to.concat()).collect();
    to.sort();
    assert_eq!(to, ["ann@example.com", "bob@example.com"]);
    let lanes = bench.with(async |engine| engine.store.lanes().await.expect("the store answers"));
    let lane = lanes.iter().find(|lane| lane.name == "mail:growth").expect("the sender has a lane");
    assert_eq!((lane.failures, lane.failing_since, lane.blocked_reason.as_deref()), (0, None, None));
}

#[test]
fn how_long_a_relay_was_away_outlives_the_daemon() {
    let (usual, receiver) = (FaultySmtp::start(), Receiver::start());
    let workspace = scene::workspace("sqlite", usual.address(), &receiver, MAIL_THEN_CALL);
    senders::add(&workspace, "absent", SocketAddr::from(([127, 0, 0, 1], free_port())));
    let mut scene = Scene::start(workspace);
    senders::give_work(&scene, "absent");
    let failing = |scene: &Scene| {
        let metrics = http::get(&format!("{}/metrics", scene.daemon.private())).body;
        let line = metrics.lines().find(|line| line.starts_with("overture_lane_failures{lane=\"mail:absent\"}"))?;
        line.rsplit(' ').next()?.parse::<u32>().ok().filter(|failures| *failures > 0)
    };
    let before = eventually("a failure is counted", SOON, || failing(&scene));
    scene.daemon.kill9();
    scene.daemon.restart();
    assert!(failing(&scene).is_some_and(|after| after >= before));
    let doctor = scene.overture(&["doctor"]).stdout;
    assert!(doctor.contains("bad   sender absent: not reached since"), "{doctor}");
}

#[test]
fn mails_held_for_one_cause_are_told_once_for_their_step() {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let workspace = scene::workspace("sqlite", server.address(), &receiver, MAIL_THEN_CALL);
    let bench = Bench::at("2026-01-05T09:00:00Z", workspace);
    let held = |bench: &Bench, reply: &str, leads: std::ops::Range<u32>| {
        server.always(Stage::Dot, Fault::reply(reply));
        for number in leads {
            let lead = format!("lead{number}@example.com");
            bench.ask(&lead, Ask::Enroll { sequence: "scene".to_owned(), by: "test".to_owned(), again: false });
        }
        bench.work();
    };
    held(&bench, "554 5.6.0 Message content rejected", 0..40);
    held(&bench, "552 5.3.4 Message size exceeds fixed limit", 40..60);
    let told = alerts(&receiver, "mail.held");
    let causes: Vec<_> = told.iter().filter_map(|body| body["data"]["cause"].as_str()).collect();
    assert_eq!(causes, ["content", "size"], "{told:?}");
    assert!(told.iter().all(|body| body["data"]["sequence"] == "scene" && body["data"]["step"] == "first"), "{told:?}");
    assert_eq!(bench.touches().iter().filter(|touch| touch.state == State::Held).count(), 60);
}

#[test]
fn a_channel_for_alerts_that_stops_is_seen_by_whoever_looks() {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let steps = MAIL_THEN_CALL.replace("webhook: crm", "webhook: sales-chat");
    let scene = Scene::start(scene::workspace("sqlite", server.address(), &receiver, &steps));
    receiver.answer([Answer::Status(410)]);
    scene.arrive(&["ann@example.com"]).expect("the daemon answers");
    scene.wait_touch("ann@example.com", "call", "refused");
    let doctor = scene.overture(&["doctor"]).stdout;
    assert!(doctor.contains("bad   channel sales-chat: stopped: HTTP 410"), "{doctor}");
    assert!(doctor.contains("nobody is alerted of anything"), "{doctor}");
    assert!(doctor.contains("1 webhooks failed"), "{doctor}");
    let metrics = http::get(&format!("{}/metrics", scene.daemon.private())).body;
    assert!(metrics.contains("overture_lane_stopped{lane=\"hook:sales-chat\"} 1"), "{metrics}");
    let log = scene.daemon.log().text();
    assert!(log.lines().any(|line| line.contains("ERROR") && line.contains("the channel for alerts")), "{log}");
    assert_eq!(receiver.requests().len(), 1, "nobody calls it about its own stop");
}
