//! P14: what machines answer - delays, absences, challenges, reports about authentication - suppresses nobody and is nobody's reply.

use crate::returned::{about, all_recorded, delivered_to, feedback, recorded};
use crate::scene::{self, Scene, reply_to};
use crate::senders::lead;
use crate::support::faulty_smtp::FaultySmtp;
use crate::support::mail::Mail;
use crate::support::receiver::Receiver;
use serde_json::{Value, json};

const ANN: &str = "ann@example.com";
const STEPS: &str =
    "enroll: [{on: arrived}]\nsteps:\n  - {id: first, email: scene/first}\n  - wait: 9d\n  - end: done\n";

fn after_the_first_mail() -> (Scene, Mail) {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let scene = Scene::start(scene::workspace("sqlite", server.address(), &receiver, STEPS));
    scene.arrive(&[ANN]).expect("the daemon answers");
    scene.wait_touch(ANN, "first", "accepted");
    let mail = server.wait_taken(1).remove(0);
    (scene, mail)
}

/// What machines say of our mail, by name.
fn machines(mail: &Mail) -> Vec<(String, String)> {
    let back = |text: &str| delivered_to(&mail.from, text);
    let mut all: Vec<(String, String)> =
        all_recorded("auto-replies/auto").into_iter().map(|(name, text)| (name, back(&text))).collect();
    for report in ["002", "003", "004"] {
        let name = format!("dsn-postfix-live/{report}.eml");
        all.extend(recorded(&name).map(|text| (name, back(&about(&text, ANN)))));
    }
    for kind in ["auth-failure", "not-spam", "dmarc"] {
        all.push((format!("feedback {kind}"), back(&feedback(kind, mail))));
    }
    let answered = format!("In-Reply-To: {0}\r\nReferences: {0}\r\n", mail.message_id());
    for (number, (name, headers)) in [
        ("a challenge", "From: Ann <ann@example.com>\r\nSubject: Please confirm your message to ann@example.com\r\n"),
        (
            "BoxTrapper",
            "From: ann@example.com\r\nSubject: Your email requires verification verify#1234\r\nX-Autorespond: yes\r\n",
        ),
        (
            "an absence in German",
            "From: ann@example.com\r\nSubject: Abwesenheitsnotiz: First things\r\nAuto-Submitted: auto-replied\r\n",
        ),
        ("an absence without a header", "From: ann@example.com\r\nSubject: Out of office: First things\r\n"),
        (
            "a ticket system",
            "From: help@example.com\r\nSubject: [#4711] We got your mail\r\nAuto-Submitted: auto-generated\r\n",
        ),
        ("a receipt to nobody", "From: ann@example.com\r\nSubject: Read: First things\r\nReturn-Path: <>\r\n"),
    ]
    .into_iter()
    .enumerate()
    {
        let text = format!(
            "{headers}{answered}Message-ID: <machine-{number}@example.com>\r\n\r\nPlease stop and click https://challenge.example/x\r\n"
        );
        all.push((name.to_owned(), text));
    }
    all
}

#[test]
fn what_machines_answer_suppresses_nobody_and_is_no_reply() {
    let (scene, mail) = after_the_first_mail();
    let said = machines(&mail);
    for (name, message) in &said {
        let heard = scene.ingest(message).ok();
        assert!(
            !heard.stdout.contains("event: replied") && !heard.stderr.contains("event: replied"),
            "{name}: {heard:?}"
        );
        let found = lead(&scene, ANN);
        let running = found["enrollments"].as_array().map(Vec::len);
        assert_eq!((&found["suppressed"], running), (&Value::Null, Some(1)), "{name}: {heard:?}");
    }
    let events = scene.get(&format!("/v1/leads/{ANN}/events?limit=200"));
    let names: Vec<&str> =
        events["events"].as_array().into_iter().flatten().filter_map(|event| event["name"].as_str()).collect();
    let count = |name: &str| names.iter().filter(|found| **found == name).count();
    assert_eq!((count("replied"), count("suppressed"), count("exited")), (0, 0, 0), "{names:?}");
    // They were heard, not merely lost.
    assert!(count("auto_replied") >= 5, "{names:?}");
    assert!(said.len() < 10 || count("delivery_note") >= 3, "{names:?}");
    assert_eq!(scene.rows("/v1/suppressions", "suppressions"), Vec::<Value>::new());
    let reply = scene.ingest(&reply_to(&mail.message_id(), ANN)).ok();
    let found = lead(&scene, ANN);
    assert_eq!(
        (&found["enrollments"], &found["suppressed"]),
        (&json!([]), &Value::Null),
        "a person's reply ends it: {reply:?}"
    );
}

#[test]
fn a_report_of_a_failure_and_a_complaint_suppress() {
    let (scene, mail) = after_the_first_mail();
    let complaint = scene.ingest(&delivered_to(&mail.from, &feedback("abuse", &mail))).ok();
    assert_eq!(lead(&scene, ANN)["suppressed"], "complaint", "{complaint:?}");
    let Some(report) = recorded("dsn-postfix-live/001.eml") else { return };
    let (scene, mail) = after_the_first_mail();
    let report = delivered_to(&mail.from, &about(&report, ANN));
    for _ in 0..2 {
        let heard = scene.ingest(&report).ok();
        let found = lead(&scene, ANN);
        assert_eq!((&found["suppressed"], &found["enrollments"]), (&json!("hard_bounce"), &json!([])), "{heard:?}");
    }
}
