//! A machine's clock that jumps under the daemon: backward nothing is armed again, forward is like a time in which nobody was there.

use crate::bench::{Bench, instant};
use crate::scene::{self, ANY_TIME, MAIL_THEN_CALL, Scene, on_both_databases};
use crate::support::faulty_smtp::FaultySmtp;
use crate::support::http::Request;
use crate::support::mail::Mail;
use crate::support::receiver::Receiver;
use crate::support::skipped;
use crate::support::workspace::Workspace;
use overture::domain::decide::Ask;
use overture::domain::suppression::Reason;
use overture::domain::time::Millis;
use overture::store::touches::Claim;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

on_both_databases!(
    a_clock_set_forward_past_a_promise_is_told_late_and_once,
    a_clock_set_back_over_midnight_keeps_a_sender_going_within_the_caps_of_both_dates,
    a_clock_set_back_by_a_day_makes_nobody_wait_longer_than_a_gap,
    a_claim_nobody_has_is_taken_over_a_lease_later_although_the_clock_was_set_back,
    a_place_whose_touch_a_stop_took_away_comes_back_although_who_had_it_is_gone,
);

const STEPS: &str = "\
enroll: [{on: arrived}]
steps:
  - {id: first, email: scene/first}
  - wait: 1h
  - {id: second, email: scene/second}
  - end: done
";

/// The library that gives one process another clock; nothing, said aloud, where it is not installed.
fn library() -> Option<PathBuf> {
    let folders = std::fs::read_dir("/usr/lib").ok()?.filter_map(|entry| Some(entry.ok()?.path()));
    let found = folders.map(|folder| folder.join("faketime/libfaketimeMT.so.1")).find(|library| library.exists());
    if found.is_none() {
        skipped("faketime");
    }
    found
}

/// Starts a daemon whose clock a file sets, and gives what sets it.
fn clocked(workspace: Workspace, library: &Path, start: &str) -> (Scene, impl Fn(&str) + use<>) {
    let offset = workspace.file("offset");
    let file = offset.display().to_string();
    let set = move |time: &str| std::fs::write(&offset, format!("@{time}\n")).expect("a file can be written");
    set(start);
    let environment = [
        ("LD_PRELOAD", library.to_str().expect("a path in UTF-8")),
        ("FAKETIME_TIMESTAMP_FILE", file.as_str()),
        ("FAKETIME_NO_CACHE", "1"),
        ("TZ", "UTC"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
    ];
    (Scene::with(workspace, &environment), set)
}

#[test]
fn a_clock_set_back_while_the_daemon_was_down_makes_nobody_wait_longer_than_a_gap() {
    let Some(library) = library() else { return };
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let workspace = scene::workspace("sqlite", server.address(), &receiver, MAIL_THEN_CALL);
    workspace.set("senders.growth.gap", "10m");
    let (mut scene, set) = clocked(workspace, &library, "2026-01-13 10:00:00");
    scene.arrive(&["ann@example.com"]).expect("it answers");
    scene.wait_touch("ann@example.com", "first", "accepted");
    scene.daemon.kill9();
    set("2026-01-12 10:00:00");
    scene.daemon.restart();
    set("2026-01-12 10:10:10");
    scene.arrive(&["bob@example.com"]).expect("it answers");
    scene.wait_touch("bob@example.com", "first", "accepted");
    assert_eq!(server.taken().len(), 2);
}

#[test]
fn a_daemon_whose_clock_jumps_to_and_fro_sends_each_mail_once_and_goes_on() {
    let Some(library) = library() else { return };
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let workspace = scene::workspace("sqlite", server.address(), &receiver, STEPS);
    assert!(workspace.read("sequences/scene.yaml").contains(ANY_TIME));
    let (scene, set) = clocked(workspace, &library, "2026-01-12 10:00:00");
    let set = |time: &str| set(&format!("2026-01-12 {time}"));
    scene.arrive(&["ann@example.com"]).expect("it answers");
    scene.wait_touch("ann@example.com", "first", "accepted");
    assert!(scene.touch("ann@example.com", "second").is_none(), "it waits for an hour");

    // Whoever comes wakes the daemon; by itself it would look within ten minutes.
    set("12:00:00");
    scene.arrive(&["bob@example.com"]).expect("it answers");
    scene.wait_touch("ann@example.com", "second", "accepted");
    scene.wait_touch("bob@example.com", "first", "accepted");

    set("09:30:00");
    scene.arrive(&["cyd@example.com"]).expect("it answers");
    scene.wait_touch("cyd@example.com", "first", "accepted");

    set("10:05:00");
    scene.arrive(&["dan@example.com"]).expect("it answers");
    scene.wait_touch("dan@example.com", "first", "accepted");
    assert!(scene.touch("bob@example.com", "second").is_none(), "its hour began two hours ahead");

    set("14:05:00");
    scene.arrive(&["eve@example.com"]).expect("it answers");
    for lead in ["bob@example.com", "cyd@example.com", "dan@example.com"] {
        scene.wait_touch(lead, "second", "accepted");
    }
    scene.wait_touch("eve@example.com", "first", "accepted");
    let mut taken: Vec<(String, String)> =
        server.taken().iter().map(|mail| (mail.shown_to(), mail.subject())).collect();
    taken.sort();
    let mails = |lead: &str, count: usize| -> Vec<(String, String)> {
        let subjects = ["First things", "Second thoughts"].into_iter().take(count);
        subjects.map(|subject| (format!("{lead}@example.com"), subject.to_owned())).collect()
    };
    let expected = [mails("ann", 2), mails("bob", 2), mails("cyd", 2), mails("dan", 2), mails("eve", 1)].concat();
    assert_eq!(taken, expected);
    assert!(scene.unknown().is_empty());
}

fn a_clock_set_forward_past_a_promise_is_told_late_and_once(database: &str) {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let workspace = scene::workspace(database, server.address(), &receiver, STEPS);
    let team = workspace.read("config/team.yaml");
    workspace.write("config/team.yaml", &team.replace("applies: temperature == \"hot\"", "applies: 'true'"));
    let bench = Bench::at("2026-01-12T09:00:00Z", workspace);
    bench.ask("ann@example.com", Ask::Enroll { sequence: "scene".to_owned(), by: "test".to_owned(), again: false });
    bench.ask("bob@example.com", Ask::HandOff { reason: "asked for a person".to_owned() });
    bench.work();
    // Ten minutes were promised, and the wait was an hour: both are over before anybody looks.
    bench.set(instant("2026-01-12T12:00:00Z"));
    bench.work();
    bench.set(bench.now() - Millis::HOUR.times(2));
    bench.work();
    bench.set(instant("2026-01-12T12:00:01Z"));
    bench.work();
    // What is due at one instant leaves in any order.
    let mut rungs: Vec<(String, Value)> = receiver
        .requests()
        .iter()
        .filter(|call| call.path == "/sales-chat")
        .map(Request::json)
        .map(|call| (call["type"].to_string(), call["data"]["rung"]["late"].clone()))
        .collect();
    rungs.sort_by(|a, b| a.0.cmp(&b.0));
    let expected = [("handoff.opened", json!(null)), ("sla.breached", json!(true)), ("sla.reminder", json!(true))];
    assert_eq!(rungs, expected.map(|(kind, late)| (format!("{kind:?}"), late)));
    let subjects: Vec<String> = server.taken().iter().map(Mail::subject).collect();
    assert_eq!(subjects, ["First things", "Second thoughts"], "what fell due meanwhile leaves, and is not too late");
}

const GROWTH: &str = "mail:growth";
const LEASE: Millis = Millis::MINUTE;

/// The sequence for one more, and what is to be done then.
fn comes(bench: &Bench, name: &str) {
    let enroll = Ask::Enroll { sequence: "scene".to_owned(), by: "test".to_owned(), again: false };
    bench.ask(&format!("{name}@example.com"), enroll);
    bench.work();
}

fn a_clock_set_back_over_midnight_keeps_a_sender_going_within_the_caps_of_both_dates(database: &str) {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let workspace = scene::workspace(database, server.address(), &receiver, MAIL_THEN_CALL);
    workspace.set("senders.growth.per_day", "3");
    workspace.set("senders.growth.zone", "UTC");
    let bench = Bench::at("2026-01-12T22:00:00Z", workspace);
    let sent = || server.taken().len();
    comes(&bench, "ann");
    bench.set(instant("2026-01-13T00:10:00Z"));
    comes(&bench, "bob");
    assert_eq!(sent(), 2);
    // It was the twelfth all the while: one is counted there, and one on the thirteenth.
    bench.set(instant("2026-01-12T22:10:00Z"));
    // What the daemon does when it finds the clock set back.
    bench.with(async |engine| engine.bring_turns_near().await.expect("the store answers"));
    comes(&bench, "cyd");
    assert_eq!(sent(), 3, "nobody waits for the thirteenth");
    comes(&bench, "dan");
    comes(&bench, "eve");
    assert_eq!(sent(), 4, "neither date has more than three");
    let lane = bench.with(async |engine| engine.store.lanes().await.expect("the store answers"));
    let lane = lane.into_iter().find(|lane| lane.name == GROWTH).expect("it has a lane");
    assert_eq!((lane.used, lane.before, lane.ready_at), (3, [3, 0], instant("2026-01-14T00:00:00Z")));
    bench.set(lane.ready_at);
    bench.work();
    assert_eq!(sent(), 5);
}

fn a_clock_set_back_by_a_day_makes_nobody_wait_longer_than_a_gap(database: &str) {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let workspace = scene::workspace(database, server.address(), &receiver, MAIL_THEN_CALL);
    workspace.set("senders.growth.gap", "10m");
    let bench = Bench::at("2026-01-13T10:00:00Z", workspace);
    comes(&bench, "ann");
    bench.set(instant("2026-01-12T10:00:00Z"));
    comes(&bench, "bob");
    assert_eq!(server.taken().len(), 1);
    bench.with(async |engine| engine.bring_turns_near().await.expect("the store answers"));
    bench.set(instant("2026-01-12T10:10:00Z"));
    bench.work();
    assert_eq!(server.taken().len(), 2, "its turn does not lie a day ahead");
}

fn a_claim_nobody_has_is_taken_over_a_lease_later_although_the_clock_was_set_back(database: &str) {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let workspace = scene::workspace(database, server.address(), &receiver, MAIL_THEN_CALL);
    let bench = Bench::at("2026-01-13T10:00:00Z", workspace).without_leases();
    bench.ask("ann@example.com", Ask::Enroll { sequence: "scene".to_owned(), by: "test".to_owned(), again: false });
    bench.with(async |engine| {
        while engine.wake(engine.now()).await.expect("the store answers") > 0 {}
        // Its answer is lost: nobody knows that the claim is theirs.
        let mut tx = engine.store.begin().await.expect("the store answers");
        let claim = Claim { lane: GROWTH, limit: 1, token: "lost", lease: LEASE, reserved_day: None };
        assert_eq!(tx.claim(&claim, engine.now()).await.expect("the store answers").len(), 1);
        tx.commit().await.expect("the store answers");
    });
    let taken_over = || bench.with(async |engine| engine.recover(engine.now()).await.expect("the store answers"));
    bench.set(instant("2026-01-12T10:00:00Z"));
    assert_eq!(taken_over(), 0);
    bench.with(async |engine| engine.bring_leases_near().await.expect("the store answers"));
    bench.set(bench.now() + LEASE + Millis(1));
    // Several daemons share the clock of their database, which nobody set.
    assert_eq!(taken_over(), usize::from(database == "sqlite"));
    if database == "sqlite" {
        bench.work();
        assert_eq!(server.taken().len(), 1);
    }
}

fn a_place_whose_touch_a_stop_took_away_comes_back_although_who_had_it_is_gone(database: &str) {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let workspace = scene::workspace(database, server.address(), &receiver, MAIL_THEN_CALL);
    workspace.set("senders.growth.per_day", "1");
    let bench = Bench::at("2026-01-12T10:00:00Z", workspace);
    bench.ask("ann@example.com", Ask::Enroll { sequence: "scene".to_owned(), by: "test".to_owned(), again: false });
    bench.with(async |engine| {
        while engine.wake(engine.now()).await.expect("the store answers") > 0 {}
        assert_eq!(engine.claim(GROWTH, 1).await.expect("the store answers").len(), 1);
    });
    bench.ask("ann@example.com", Ask::Suppress { reason: Reason::Manual });
    comes(&bench, "bob");
    assert_eq!(server.taken().len(), 0, "ann has the only place");
    let came_back = || bench.with(async |engine| engine.recover_places().await.expect("the store answers"));
    assert_eq!((came_back(), came_back()), (1, 0));
    bench.set(bench.now() + Millis::MINUTE);
    bench.work();
    assert_eq!(server.taken().iter().map(Mail::shown_to).collect::<Vec<_>>(), ["bob@example.com"]);
}
