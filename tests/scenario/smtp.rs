//! A mail server that is not there, breaks off, or answers nonsense: the mail leaves once, when it is mended, and until then everybody can
//! see why it has not.

use crate::bench::Bench;
use crate::scene::{self, MAIL_THEN_CALL, Scene};
use crate::senders::{self, standing, why};
use crate::support::faulty_smtp::{Fault, FaultySmtp, Login, Stage};
use crate::support::receiver::Receiver;
use crate::support::watch::eventually;
use crate::support::{SOON, free_port};
use overture::domain::decide::Ask;
use overture::domain::touch::State;
use serde_json::json;
use std::net::SocketAddr;
use std::time::Duration;

/// A workspace, and servers at work for senders of their own.
fn start(servers: &[(&str, &FaultySmtp)]) -> (Scene, FaultySmtp, Receiver) {
    let (usual, receiver) = (FaultySmtp::start(), Receiver::start());
    let workspace = scene::workspace("sqlite", usual.address(), &receiver, MAIL_THEN_CALL);
    for (name, server) in servers {
        senders::add(&workspace, name, server.address());
    }
    (Scene::start(workspace), usual, receiver)
}

#[test]
fn a_server_that_is_not_there_gets_the_mail_once_it_is() {
    let (usual, receiver) = (FaultySmtp::start(), Receiver::start());
    let workspace = scene::workspace("sqlite", usual.address(), &receiver, MAIL_THEN_CALL);
    let port = free_port();
    senders::add(&workspace, "absent", SocketAddr::from(([127, 0, 0, 1], port)));
    let scene = Scene::start(workspace);
    let lead = senders::give_work(&scene, "absent");
    let said = eventually("the sender says why", SOON, || Some(why(&scene, "absent")).filter(|why| !why.is_empty()));
    assert!(said.contains(&format!("127.0.0.1:{port}")), "{said}");
    assert_eq!(standing(&scene, "absent")["waiting"], 1);
    let doctor = scene.overture(&["doctor"]);
    assert_eq!(doctor.code, Some(1), "{}", doctor.stdout);
    assert!(doctor.stdout.contains("bad   sender absent: 127.0.0.1:"), "{}", doctor.stdout);
    // Nobody else waits for it.
    scene.arrive(&["ann@example.com"]).expect("the daemon answers");
    scene.wait_touch("ann@example.com", "first", "accepted");
    assert_eq!(scene.touch(&lead, "first").map(|touch| touch["state"].clone()), Some(json!("queued")));
    let server = FaultySmtp::at(port);
    scene.wait_touch(&lead, "first", "accepted");
    assert_eq!(server.taken().len(), 1);
    assert_eq!(why(&scene, "absent"), "", "it says no more than is the matter");
}

#[test]
fn a_server_that_breaks_off_at_any_command_gets_the_mail_once_when_it_is_mended() {
    let stages = [
        ("connect", Stage::Connect),
        ("ehlo", Stage::Ehlo),
        ("mail", Stage::Mail),
        ("rcpt", Stage::Rcpt),
        ("data", Stage::Data),
    ];
    let servers: Vec<(&str, FaultySmtp)> = stages
        .into_iter()
        .map(|(name, stage)| {
            let server = FaultySmtp::start();
            server.always(stage, Fault::HangUp);
            (name, server)
        })
        .collect();
    let all: Vec<(&str, &FaultySmtp)> = servers.iter().map(|(name, server)| (*name, server)).collect();
    let (scene, _usual, _receiver) = start(&all);
    for (name, _) in &servers {
        senders::give_work(&scene, name);
    }
    for (name, server) in &servers {
        eventually(&format!("{name} says why it waits"), SOON, || (!why(&scene, name).is_empty()).then_some(()));
        assert_eq!((standing(&scene, name)["paused"].clone(), server.taken().len()), (json!(false), 0), "{name}");
        server.mend();
    }
    for (name, server) in &servers {
        scene.wait_touch(&format!("{name}@example.com"), "first", "accepted");
        assert_eq!(server.taken().len(), 1, "{name}");
    }
    assert!(scene.unknown().is_empty());
}

#[test]
fn a_server_that_breaks_off_after_the_message_leaves_it_unknown_with_the_reason() {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    server.once(Stage::Dot, Fault::HangUp);
    let scene = Scene::start(scene::workspace("sqlite", server.address(), &receiver, MAIL_THEN_CALL));
    scene.arrive(&["ann@example.com"]).expect("the daemon answers");
    let touch = scene.wait_touch("ann@example.com", "first", "unknown");
    assert!(touch["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{touch}");
    let doctor = scene.overture(&["doctor"]).stdout;
    assert!(doctor.contains("1 unknown") && doctor.contains("overture unknown list"), "{doctor}");
    assert_eq!(scene.unknown().len(), 1);
    receiver.wait_for(1);
    assert_eq!(server.taken().len(), 1);
}

#[test]
fn a_slow_server_gets_each_mail_once() {
    let stages = [
        ("banner", Stage::Connect),
        ("mail", Stage::Mail),
        ("rcpt", Stage::Rcpt),
        ("data", Stage::Data),
        ("dot", Stage::Dot),
    ];
    let servers: Vec<(&str, FaultySmtp)> = stages
        .into_iter()
        .map(|(name, stage)| {
            let server = FaultySmtp::start();
            server.always(stage, Fault::Late);
            (name, server)
        })
        .collect();
    let all: Vec<(&str, &FaultySmtp)> = servers.iter().map(|(name, server)| (*name, server)).collect();
    let (scene, _usual, _receiver) = start(&all);
    for (name, _) in &servers {
        senders::give_work(&scene, name);
    }
    // A slow server keeps nobody else waiting.
    scene.arrive(&["ann@example.com"]).expect("the daemon answers");
    scene.wait_touch("ann@example.com", "first", "accepted");
    for (name, server) in &servers {
        // Its mail may be under way still; the others never get as far.
        server.wait_taken(usize::from(*name == "dot"));
        assert_eq!(server.taken().len(), usize::from(*name == "dot"), "{name}");
        server.release();
    }
    for (name, server) in &servers {
        scene.wait_touch(&format!("{name}@example.com"), "first", "accepted");
        assert_eq!(server.taken().len(), 1, "{name}");
    }
}

#[test]
fn a_go_ahead_without_a_recipient_is_no_go_ahead() {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let workspace = scene::workspace("sqlite", server.address(), &receiver, MAIL_THEN_CALL);
    workspace.set(
        "senders.growth.smtp",
        &format!("{{host: 127.0.0.1, port: {}, security: none, connections: 1}}", server.address().port()),
    );
    let scene = Scene::start(workspace);
    let (gone, there) = ("gone@example.com", "there@example.com");
    server.refuse(gone, "550 5.1.1 <gone@example.com>: User unknown");
    // It lets the message come although it took no recipient (RFC 2920 allows it to those who pipeline).
    server.always(Stage::Data, Fault::reply("354 End data with <CR><LF>.<CR><LF>"));
    scene.arrive(&[gone]).expect("the daemon answers");
    let touch = scene.wait_touch(gone, "first", "refused");
    assert!(
        touch["reply"].as_str().is_some_and(|reply| reply.starts_with("550 5.1.1")) && touch["marked_at"].is_null(),
        "{touch}"
    );
    scene.arrive(&[there]).expect("the daemon answers");
    scene.wait_touch(there, "first", "accepted");
    let taken: Vec<_> = server.taken().into_iter().map(|mail| mail.to).collect();
    assert_eq!((taken, scene.unknown().len()), (vec![vec![there.to_owned()]], 0));
}

#[test]
fn a_refusal_for_now_is_tried_again_later_with_its_reason_to_be_seen() {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let scene = Scene::start(scene::workspace("sqlite", server.address(), &receiver, MAIL_THEN_CALL));
    for (address, stage, reply) in [
        ("grey@example.com", Stage::Rcpt, "450 4.7.1 Greylisted, try again in 5 minutes"),
        ("full@example.com", Stage::Rcpt, "452 4.2.2 Mailbox full"),
        ("later@example.com", Stage::Dot, "451 4.3.0 Try again later"),
    ] {
        server.once(stage, Fault::reply(reply));
        scene.arrive(&[address]).expect("the daemon answers");
        let touch = scene.wait_touch(address, "first", "deferred");
        assert_eq!(touch["reply"], reply, "{touch}");
        let instant =
            |key: &str| touch[key].as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok()).expect("an instant");
        let wait = instant("ready_at").duration_since(instant("created_at")).as_secs();
        assert!((300..400).contains(&wait), "five minutes, and up to a fifth more: {touch}");
        assert_eq!(standing(&scene, "growth")["paused"], false);
    }
    assert_eq!((server.taken().len(), scene.unknown().len()), (0, 0));
}

/// A server that says nothing at a stage, asked by somebody who waits a quarter of a second for it.
fn silent_at(stage: Stage) -> (FaultySmtp, Receiver, Bench) {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    server.wants(Login { offers: "PLAIN", user: "maya", password: "secret" });
    server.always(stage, Fault::Silence);
    let workspace = scene::workspace("sqlite", server.address(), &receiver, MAIL_THEN_CALL);
    let login =
        format!("{{host: 127.0.0.1, port: {}, security: none, user: maya, password: secret}}", server.address().port());
    workspace.set("senders.growth.smtp", &login);
    let bench = Bench::at("2026-01-05T09:00:00Z", workspace).impatient(Duration::from_millis(250));
    bench.ask("ann@example.com", Ask::Enroll { sequence: "scene".to_owned(), by: "test".to_owned(), again: false });
    bench.work();
    (server, receiver, bench)
}

#[test]
fn a_server_that_falls_silent_before_the_message_gets_it_once_when_it_is_mended() {
    for stage in [Stage::Connect, Stage::Ehlo, Stage::Auth, Stage::Mail, Stage::Rcpt, Stage::Data] {
        let (server, _receiver, bench) = silent_at(stage);
        let touch = bench.touch("first");
        assert_eq!((touch.state, touch.attempts, touch.marked_at), (State::Queued, 0, None), "{stage:?}");
        let lanes = bench.with(async |engine| engine.store.lanes().await.expect("the store answers"));
        let why = lanes.iter().find_map(|lane| lane.blocked_reason.clone()).unwrap_or_default();
        assert!(why.contains("said nothing for 250 ms"), "{stage:?}: {why}");
        server.mend();
        bench.set(bench.next().expect("it is tried again"));
        bench.work();
        assert_eq!((server.taken().len(), bench.touch("first").state), (1, State::Accepted), "{stage:?}");
    }
}

#[test]
fn a_server_that_falls_silent_after_the_message_leaves_it_unknown() {
    let (server, _receiver, bench) = silent_at(Stage::Dot);
    assert_eq!((server.taken().len(), bench.touch("first").state), (1, State::Unknown));
    server.mend();
    while let Some(next) = bench.next() {
        bench.set(next);
        bench.work();
    }
    assert_eq!(server.taken().len(), 1, "nobody sends it again by itself");
}
