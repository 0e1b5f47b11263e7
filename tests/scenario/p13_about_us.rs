//! P13: a refusal about us stops the sender, or holds the mail, and tells somebody; it never costs a lead its address.

use crate::scene::{self, MAIL_THEN_CALL, Scene};
use crate::senders::{self, lead, standing, why};
use crate::support::SOON;
use crate::support::faulty_smtp::{Fault, FaultySmtp, Login, Stage};
use crate::support::http::Request;
use crate::support::receiver::Receiver;
use crate::support::watch::eventually;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What a server says of us, by the name of the sender it is said to.
const OF_US: [(&str, Stage, &str); 6] = [
    ("listed", Stage::Dot, "554 5.7.1 Message blocked: our reputation service lists your host"),
    ("blocked", Stage::Rcpt, "550 5.7.1 Service unavailable; client host [127.0.0.1] blocked using zen.spamhaus.org"),
    (
        "dmarc",
        Stage::Dot,
        "550 5.7.26 Unauthenticated email from northwind.example is not accepted due to its DMARC policy",
    ),
    ("relay", Stage::Rcpt, "554 5.7.1 <someone>: Relay access denied"),
    ("greeting", Stage::Connect, "554 5.3.2 No SMTP service here"),
    ("hello", Stage::Mail, "550 5.7.1 Your domain is on our block list"),
];

fn said_after_message(name: &str) -> bool {
    OF_US.iter().any(|(other, stage, _)| *other == name && *stage == Stage::Dot)
}

const PASSWORD: Login = Login { offers: "PLAIN", user: "maya", password: "another" };
const MECHANISM: Login = Login { offers: "CRAM-MD5", user: "maya", password: "secret" };

/// The alerts about stopped ways out, each with the lane it names.
fn alerts(receiver: &Receiver) -> Vec<(String, Request)> {
    let lane = |request: &Request| request.json()["data"]["lane"].as_str().unwrap_or_default().to_owned();
    let told = receiver.requests().into_iter().filter(|request| request.json()["type"] == "lane.stopped");
    told.map(|request| (lane(&request), request)).collect()
}

#[test]
fn a_refusal_about_us_stops_the_sender_and_tells_it_and_spares_the_lead() {
    let (usual, receiver) = (FaultySmtp::start(), Receiver::start());
    let workspace = scene::workspace("sqlite", usual.address(), &receiver, MAIL_THEN_CALL);
    let mut servers: Vec<(&str, &str, FaultySmtp)> = Vec::new();
    for (name, stage, reply) in OF_US {
        let server = FaultySmtp::start();
        server.always(stage, Fault::reply(reply));
        senders::add(&workspace, name, server.address());
        servers.push((name, reply.rsplit(' ').next().unwrap_or_default(), server));
    }
    for (name, login, said) in [("password", PASSWORD, "535"), ("mechanism", MECHANISM, "CRAM-MD5")] {
        let server = FaultySmtp::start();
        server.wants(login);
        senders::add_with(&workspace, name, server.address(), "user: maya, password: secret");
        servers.push((name, said, server));
    }
    let scene = Scene::start(workspace);
    for (name, ..) in &servers {
        senders::give_work(&scene, name);
    }
    for (name, said, server) in &servers {
        eventually(&format!("{name} stops and says why"), SOON, || why(&scene, name).contains(said).then_some(()));
        let address = format!("{name}@example.com");
        assert_eq!((standing(&scene, name)["paused"].clone(), server.taken().len()), (json!(true), 0), "{name}");
        // What was refused after the message is put off with its bytes. Another connection may have it in hand for a moment.
        eventually(&format!("the mail of {name} waits"), SOON, || {
            let state = scene.touch(&address, "first")?["state"].clone();
            (state == "queued" || (state == "deferred" && said_after_message(name))).then_some(())
        });
        let found = lead(&scene, &address);
        assert_eq!(
            (&found["suppressed"], found["enrollments"].as_array().map(Vec::len)),
            (&json!(null), Some(1)),
            "{name}"
        );
    }
    assert_eq!(scene.rows("/v1/suppressions", "suppressions"), Vec::<Value>::new());
    let told =
        eventually("each stop is told", SOON, || Some(alerts(&receiver)).filter(|told| told.len() >= servers.len()));
    let lanes: BTreeSet<String> = told.iter().map(|(lane, _)| lane.clone()).collect();
    assert_eq!((lanes, told.len()), (servers.iter().map(|(name, ..)| format!("mail:{name}")).collect(), servers.len()));
    assert!(told.iter().all(|(_, request)| !String::from_utf8_lossy(&request.body).contains("@example.com")));
    let doctor = scene.overture(&["doctor"]);
    for (name, _, server) in &servers {
        assert!(doctor.stdout.contains(&format!("sender {name}: stopped:")), "{}", doctor.stdout);
        server.mend();
        if ["password", "mechanism"].contains(name) {
            server.wants(Login { offers: "PLAIN LOGIN", user: "maya", password: "secret" });
        }
        scene.overture(&["resume", "sender", name]).ok();
    }
    for (name, _, server) in &servers {
        scene.wait_touch(&format!("{name}@example.com"), "first", "accepted");
        assert_eq!(server.taken().len(), 1, "{name}");
    }
}

#[test]
fn an_objection_to_one_mail_holds_it_until_a_person_lets_it_go() {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let scene = Scene::start(scene::workspace("sqlite", server.address(), &receiver, MAIL_THEN_CALL));
    let objections = [
        ("content@example.com", Stage::Dot, "554 5.6.0 Message content rejected"),
        ("size@example.com", Stage::Dot, "552 5.3.4 Message size exceeds fixed limit"),
        ("curt@example.com", Stage::Rcpt, "550 no thank you"),
        ("policy@example.com", Stage::Data, "554 5.7.0 Local policy violation"),
    ];
    for (address, stage, reply) in objections {
        server.once(stage, Fault::reply(reply));
        scene.arrive(&[address]).expect("the daemon answers");
        let touch = scene.wait_touch(address, "first", "held");
        assert!(touch["reason"].as_str().is_some_and(|reason| reason.contains(reply)), "{touch}");
        let found = lead(&scene, address);
        assert_eq!(
            (&found["suppressed"], found["enrollments"].as_array().map(Vec::len)),
            (&json!(null), Some(1)),
            "{found}"
        );
        assert_eq!(standing(&scene, "growth")["paused"], false, "other mails of the sender go on");
    }
    let attention = scene.rows("/v1/leads?attention=true", "leads");
    assert_eq!(attention.len(), objections.len(), "{attention:?}");
    let doctor = scene.overture(&["doctor"]).stdout;
    assert!(doctor.contains("4 held"), "{doctor}");
    for (address, ..) in objections {
        let touch = scene.touch(address, "first").expect("it is held");
        scene.overture(&["touches", "release", touch["id"].as_str().expect("a touch has an id")]).ok();
        scene.wait_touch(address, "first", "accepted");
    }
    assert_eq!(server.taken().len(), objections.len());
    assert_eq!(scene.rows("/v1/leads?attention=true", "leads"), Vec::<Value>::new());
}

#[test]
fn only_a_verdict_on_the_address_suppresses_it() {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let scene = Scene::start(scene::workspace("sqlite", server.address(), &receiver, MAIL_THEN_CALL));
    let (gone, there) = ("gone@example.com", "there@example.com");
    server.refuse(
        gone,
        "550 5.1.1 <gone@example.com>: Recipient address rejected: User unknown in virtual mailbox table",
    );
    scene.arrive(&[gone, there]).expect("the daemon answers");
    let touch = scene.wait_touch(gone, "first", "refused");
    assert!(touch["reply"].as_str().is_some_and(|reply| reply.starts_with("550 5.1.1")), "{touch}");
    scene.wait_touch(there, "first", "accepted");
    let found = lead(&scene, gone);
    assert_eq!((&found["suppressed"], &found["enrollments"]), (&json!("hard_bounce"), &json!([])));
    let listed = scene.rows("/v1/suppressions", "suppressions");
    assert_eq!(listed.iter().map(|row| row["target"].clone()).collect::<Vec<_>>(), [json!(gone)]);
    assert_eq!((standing(&scene, "growth")["paused"].clone(), alerts(&receiver).len()), (json!(false), 0));
    assert_eq!(lead(&scene, there)["suppressed"], json!(null));
}
