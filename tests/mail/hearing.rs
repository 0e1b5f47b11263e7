//! Real bounces, reports, automatic replies and people's replies, delivered to a return path of ours.

use std::collections::BTreeMap;
use std::fs;

use overture::domain::id::TouchId;
use overture::intake::message::{Bounce, Incoming, Kind, read};
use serde_json::Value;

use crate::corpora::{corpus, files};
use crate::parts::{SEAL, TOUCH};

/// The mail as our server would hand it over: with the address it was delivered to.
fn delivered(bytes: &[u8]) -> Vec<u8> {
    let header = format!("Delivered-To: {}\r\n", SEAL.return_path(TOUCH, "bounces.northwind.example"));
    let mbox = bytes.starts_with(b"From ").then(|| bytes.iter().position(|b| *b == b'\n').map_or(0, |at| at + 1));
    let (before, after) = bytes.split_at(mbox.unwrap_or(0));
    [before, header.as_bytes(), after].concat()
}

fn heard(bytes: &[u8]) -> Incoming {
    read(&delivered(bytes), &SEAL)
}

fn answer(headers: &str, body: &str) -> Incoming {
    let id = SEAL.message_id(TOUCH, "northwind.example");
    let mail = format!(
        "From: Zoe <zoe@bucher.example>\r\nMessage-ID: <1@x>\r\nDate: Fri, 20 Nov 2026 09:00:00 +0100\r\nIn-Reply-To: {id}\r\n{headers}\r\n\r\n{body}"
    );
    read(mail.as_bytes(), &SEAL)
}

/// What upstream's own tests say of a file.
fn labels(file: &str) -> BTreeMap<String, Value> {
    let Some(path) = corpus(file) else { return BTreeMap::new() };
    let lines: Vec<Value> =
        fs::read_to_string(path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    lines
        .into_iter()
        .map(|line| (line["file"].as_str().unwrap().split('/').next_back().unwrap().to_owned(), line))
        .collect()
}

#[test]
fn of_the_reports_of_postfix_only_failed_is_a_bounce() {
    let kinds: Vec<Kind> = files("dsn-postfix-live", ".eml").iter().map(|(_, bytes)| heard(bytes).kind).collect();
    if kinds.is_empty() {
        return;
    }
    let bounces: Vec<&Bounce> =
        kinds.iter().filter_map(|kind| if let Kind::Bounce(bounce) = kind { Some(bounce) } else { None }).collect();
    assert_eq!(bounces.len(), 2, "{kinds:#?}");
    assert_eq!(bounces.iter().filter(|bounce| bounce.hard).count(), 1, "{bounces:#?}");
    let hard = bounces.iter().find(|bounce| bounce.hard).unwrap();
    assert_eq!(hard.status.as_deref(), Some("5.1.1"));
    assert!(hard.recipient.as_deref().unwrap().contains('@') && hard.diagnostic.contains("550"), "{hard:?}");
    let notes: Vec<&Kind> = kinds.iter().filter(|kind| matches!(kind, Kind::DeliveryNote { .. })).collect();
    let note = |what: &str| Kind::DeliveryNote { what: what.to_owned() };
    assert!(notes.contains(&&note("delayed")) && notes.contains(&&note("relayed")), "{notes:?}");
}

#[test]
fn a_report_without_our_token_or_with_a_forged_one_does_nothing() {
    for (name, bytes) in files("dsn-postfix-live", ".eml") {
        assert!(matches!(read(&bytes, &SEAL), Incoming { kind: Kind::Unmatched { .. }, touch: None, .. }), "{name}");
        let forged = overture::seal::Seal::new(&[1; 32]);
        assert!(matches!(read(&delivered(&bytes), &forged).kind, Kind::Unmatched { .. }), "{name}");
    }
}

#[test]
fn bounces_agree_with_those_who_collected_them() {
    let labels = labels("bounce-sisimai/expected.jsonl");
    let (mut wrong, mut wrongly_hard) = (Vec::new(), Vec::new());
    let (mut all, mut hard_missed, mut hard) = (0, 0, 0);
    for (name, bytes) in files("bounce-sisimai/eml", ".eml") {
        let expected = labels[&name]["expected"].get(0).cloned().unwrap_or_default();
        let reason = expected["reason"].as_str().unwrap_or_default();
        let is_hard = expected["hardbounce"] == true;
        let kind = heard(&bytes).kind;
        let fine = match (reason, &kind) {
            ("", _) => true,
            ("feedback", kind) => matches!(kind, Kind::Complaint | Kind::DeliveryNote { .. }),
            ("vacation", kind) => matches!(kind, Kind::AutoReply { .. }),
            ("delivered", kind) => matches!(kind, Kind::DeliveryNote { .. }),
            // A delay is a note for us where they count it as a soft bounce.
            (_, Kind::DeliveryNote { what }) => what.contains("delayed"),
            // What they call filtered or suspended is a status 5.2.1 or "user unknown", which is final for us.
            (_, Kind::Bounce(bounce)) => !bounce.hard || is_hard || matches!(reason, "filtered" | "suspend"),
            _ => false,
        };
        all += 1;
        hard += usize::from(is_hard);
        if is_hard && !matches!(&kind, Kind::Bounce(bounce) if bounce.hard) {
            hard_missed += 1;
            println!("missed {name}: {reason}: {:.230}", format!("{kind:?}"));
        }
        if !fine {
            wrong.push(format!("{name}: {reason} hard {is_hard}: {:.200}", format!("{kind:?}")));
        }
        if !is_hard
            && matches!(&kind, Kind::Bounce(bounce) if bounce.hard)
            && !matches!(reason, "" | "filtered" | "suspend")
        {
            wrongly_hard.push(name);
        }
    }
    println!("{} of {all} differ: {wrong:#?}\n{hard_missed} of {hard} hard ones were taken for soft", wrong.len());
    // One report of two recipients, labelled by the other one, and one of a broken local delivery that says "no such user".
    assert!(wrongly_hard.len() <= 2, "{wrongly_hard:?}");
    assert!(wrong.len() * 20 <= all, "{wrong:#?}");
    assert!(hard_missed * 2 <= hard.max(1), "{hard_missed} of {hard}");
}

#[test]
fn most_bounces_of_mailing_lists_are_no_replies() {
    let (mut all, mut replies) = (0, Vec::new());
    for (name, bytes) in files("bounce-flufl/txt", ".txt") {
        all += 1;
        if matches!(heard(&bytes).kind, Kind::Reply { .. }) {
            replies.push(name);
        }
    }
    println!("{} of {all} read as replies: {replies:?}", replies.len());
    assert!(replies.len() * 4 <= all, "{} of {all}: {replies:?}", replies.len());
}

#[test]
fn an_automatic_reply_is_never_a_persons() {
    for (name, bytes) in files("auto-replies/auto", ".eml") {
        let Incoming { kind: Kind::AutoReply { until }, touch, .. } = heard(&bytes) else {
            panic!("{name}: {:?}", heard(&bytes).kind)
        };
        assert_eq!(touch, Some(TouchId(TOUCH.to_owned())));
        let expected = match name.as_str() {
            "dovecot-sieve-vacation.eml" => Some("2026-11-23"),
            "sisimai-rfc3834-01.eml" => Some("2005-05-05"),
            "sisimai-rfc3834-04.eml" => Some("2013-07-31"),
            _ => None,
        };
        assert_eq!(until.map(|day| day.to_string()).as_deref(), expected, "{name}");
    }
    for headers in [
        "Subject: Automatische Antwort: Zum Start",
        "Subject: x\r\nReturn-Path: <>",
        "Subject: x\r\nAuto-Submitted: auto-generated",
        "Subject: x\r\nX-Autoreply: yes",
        "Subject: Out of office Re: Zum Start",
    ] {
        assert!(matches!(answer(headers, "I am away").kind, Kind::AutoReply { until: None }), "{headers}");
    }
}

#[test]
fn a_persons_reply_is_one_and_its_own_words_are_kept() {
    let samples = files("human-replies", ".eml").into_iter().map(|(name, bytes)| (name, bytes, String::new()));
    let bodies = ["_text", ".html"].into_iter().flat_map(|ending| files("human-replies", ending));
    let wrapped = bodies.map(|(name, bytes)| {
        let html = name.contains(".html");
        let kind = if html { "text/html" } else { "text/plain" };
        (
            name,
            bytes,
            format!("From: Bob <bob@x.example>\r\nSubject: Re: Test\r\nContent-Type: {kind}; charset=utf-8\r\n\r\n"),
        )
    });
    for (name, bytes, head) in samples.chain(wrapped) {
        let references =
            format!("X-Before: 1\r\nReferences: <other@x> {}\r\n", SEAL.message_id(TOUCH, "northwind.example"));
        let mail = [references.as_bytes(), head.as_bytes(), &bytes].concat();
        let incoming = read(&mail, &SEAL);
        let Kind::Reply { text, stop } = &incoming.kind else { panic!("{name}: {:?}", incoming.kind) };
        assert_eq!(incoming.touch.as_ref().map(TouchId::as_str), Some(TOUCH), "{name}");
        assert!(!stop && (text.starts_with("Hello") || text.starts_with("Hi")), "{name}: {text}");
        if name.contains(".eml") || name.ends_with("_text") {
            assert_eq!(text.trim(), "Hello", "{name}");
        }
    }
    let reply = answer(
        "Subject: Re: Zum Start",
        "Yes please\r\n\r\nOn Fri, Nov 20, 2026 Maya <m@n.example> wrote:\r\n> unsubscribe",
    );
    assert_eq!(reply.kind, Kind::Reply { text: "Yes please".to_owned(), stop: false });
    assert_eq!((reply.message_id.as_str(), reply.from.as_deref()), ("1@x", Some("zoe@bucher.example")));
    assert_eq!(reply.at.unwrap().to_string(), "2026-11-20T08:00:00Z");
    assert_eq!(answer("Subject: Re: x", "Stop!\r\n").kind, Kind::Reply { text: "Stop!".to_owned(), stop: true });
}

#[test]
fn our_own_mail_and_noise_are_nothing() {
    let own = format!(
        "From: a@b.example\r\nMessage-ID: {}\r\nSubject: x\r\n\r\nhi",
        SEAL.message_id(TOUCH, "northwind.example")
    );
    assert!(matches!(heard(own.as_bytes()).kind, Kind::Unmatched { .. }));
    for noise in [&b""[..], b"\xff\xfe\x00", b"no header at all", b"Subject: x\r\n\r\n"] {
        let incoming = read(noise, &SEAL);
        assert!(matches!(incoming.kind, Kind::Unmatched { .. }), "{noise:?}: {incoming:?}");
        assert!(incoming.message_id.starts_with("sha256:"));
    }
}

#[test]
fn a_complaint_needs_our_token_and_an_authentication_report_is_a_note() {
    let report = |kind: &str| {
        format!(
            "From: fbl@provider.example\r\nSubject: complaint\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=feedback-report; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b\r\nContent-Type: message/feedback-report\r\n\r\nFeedback-Type: {kind}\r\nVersion: 1\r\n\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: a@b.example\r\nMessage-ID: {}\r\n\r\nhi\r\n--b--\r\n",
            SEAL.message_id(TOUCH, "northwind.example")
        )
    };
    assert_eq!(read(report("abuse").as_bytes(), &SEAL).kind, Kind::Complaint);
    assert!(matches!(read(report("auth-failure").as_bytes(), &SEAL).kind, Kind::DeliveryNote { .. }));
    assert!(matches!(read(report("not-spam").as_bytes(), &SEAL).kind, Kind::DeliveryNote { .. }));
    let foreign = report("abuse").replace("<t.", "<u.");
    assert!(matches!(read(foreign.as_bytes(), &SEAL).kind, Kind::Unmatched { .. }));
}
