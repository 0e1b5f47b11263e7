//! P22: a value that is missing holds the mail until it is given; one that is hostile is text like any other.

use crate::corpora::corpus;
use crate::scene::{self, MAIL_THEN_CALL, Scene, browse};
use crate::senders::lead;
use crate::support::SOON;
use crate::support::faulty_smtp::FaultySmtp;
use crate::support::mail::Mail;
use crate::support::receiver::Receiver;
use crate::support::watch::eventually;
use serde_json::{Value, json};
use std::collections::BTreeMap;

const MAIL: &str = "---\nsubject: Dear {{lead.first_name}}\n---\nHi {{lead.first_name}},\n\n\
    read [yours](https://northwind.example/p?n={{lead.first_name}}).\n\n\
    {{company.name}} · {{company.postal_address}}\n\n[Unsubscribe]({{unsubscribe_url}})\n";

fn start() -> (Scene, FaultySmtp, Receiver) {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let workspace = scene::workspace("sqlite", server.address(), &receiver, MAIL_THEN_CALL);
    workspace.write("templates/scene/first.md", MAIL);
    (Scene::start(workspace), server, receiver)
}

#[test]
fn a_missing_value_holds_the_mail_until_it_is_given() {
    let (scene, server, _receiver) = start();
    let (ann, bob, blank) = ("ann@example.com", "bob@example.com", "blank@example.com");
    scene.call("PUT", "/v1/leads", &json!({"email": bob, "attributes": {"first_name": "Bob"}}));
    scene.call("PUT", "/v1/leads", &json!({"email": blank, "attributes": {"first_name": " \t\u{a0} "}}));
    scene.arrive(&[ann, bob, blank]).expect("the daemon answers");
    for address in [ann, blank] {
        let touch = scene.wait_touch(address, "first", "held");
        assert!(touch["reason"].as_str().is_some_and(|reason| reason.contains("first_name")), "{touch}");
    }
    scene.wait_touch(bob, "first", "accepted");
    let attention = scene.rows("/v1/leads?attention=true", "leads");
    let mut shown: Vec<&str> = attention.iter().filter_map(|lead| lead["email"].as_str()).collect();
    shown.sort_unstable();
    assert_eq!(shown, [ann, blank]);
    assert!(lead(&scene, ann)["attention"].to_string().contains("first_name"));
    let why = scene.overture(&["why", ann]).ok().stdout;
    assert!(why.contains("first_name"), "{why}");
    // A value that says nothing about it mends nothing.
    scene.call("PUT", "/v1/leads", &json!({"email": ann, "attributes": {"last_name": "Ashworth"}}));
    eventually("it is tried and held again", SOON, || {
        scene.touch(ann, "first").filter(|touch| touch["state"] == "held")
    });
    assert_eq!(server.taken().len(), 1);
    scene.call("PUT", "/v1/leads", &json!({"email": ann, "attributes": {"first_name": "Ann"}}));
    scene.wait_touch(ann, "first", "accepted");
    let to_ann: Vec<String> = server.taken().iter().filter(|mail| mail.to == [ann]).map(Mail::subject).collect();
    assert_eq!(to_ann, ["Dear Ann"]);
    assert_eq!(lead(&scene, ann)["attention"], json!([]));
    assert!(server.taken().iter().all(|mail| mail.to != [blank]));
}

/// The names of all tags of a mail's HTML, in order.
fn tags(mail: &Mail) -> Vec<String> {
    let html = mail.html();
    html.split('<').skip(1).map(|tag| tag.chars().take_while(|c| c.is_alphanumeric() || *c == '/').collect()).collect()
}

/// The names of all headers, in order.
fn headers(mail: &Mail) -> Vec<String> {
    let text = String::from_utf8_lossy(&mail.raw);
    let head = text.split("\r\n\r\n").next().unwrap_or_default();
    let names = head.split("\r\n").filter(|line| !line.starts_with([' ', '\t']));
    names.map(|line| line.split(':').next().unwrap_or_default().to_owned()).collect()
}

fn naughty() -> Vec<String> {
    let mut all: Vec<String> = [
        "Ann\r\nBcc: everybody@example.com",
        "Ann\n\n<script>alert(1)</script>",
        "{{company.name}}",
        "{{{{raw}}}}",
        "Ann\u{0}\u{1b}[2J",
        "](https://evil.example) [x",
        "![x](https://evil.example/x.png)",
        "<img src=x onerror=alert(1)>",
        "\u{202e}nnA\u{2028}\u{feff}",
        "=?utf-8?q?=0d=0aBcc:_x?=",
        "https://evil.example/",
        "**Ann** <https://evil.example>",
        "&lt;b&gt;",
        "\"><a href=\"https://evil.example\">",
    ]
    .map(str::to_owned)
    .into();
    if let Some(file) = corpus("injection-strings/blns.json") {
        let text = std::fs::read_to_string(file).expect("the strings can be read");
        let strings: Vec<String> = serde_json::from_str(&text).expect("the strings are JSON");
        all.extend(strings.into_iter().filter(|text| !text.trim().is_empty()).step_by(4));
    }
    all
}

#[test]
fn a_hostile_value_is_text_in_every_part_of_a_mail() {
    let (scene, server, _receiver) = start();
    let strings = naughty();
    let named = |number: usize| format!("lead{number}@example.com");
    let row = |(number, text): (usize, &String)| json!({"line": number, "email": named(number), "attributes": {"first_name": text}});
    let plain = json!({"line": 9_999, "email": "plain@example.com", "attributes": {"first_name": "Ann"}});
    let rows: Vec<Value> = strings.iter().enumerate().map(row).chain([plain]).collect();
    let told = scene.post("/v1/leads/import", &json!({"rows": rows, "enroll": "scene"}));
    let entered = told["results"].as_array().into_iter().flatten().filter(|row| row["result"] != "refused").count();
    let done = |touch: &&Value| {
        touch["step"] == "first" && ["accepted", "held"].contains(&touch["state"].as_str().unwrap_or_default())
    };
    let touches = eventually("every mail is sent or held", SOON * 2, || {
        Some(scene.rows("/v1/touches?sequence=scene", "touches"))
            .filter(|touches| touches.iter().filter(done).count() == entered)
    });
    let held: Vec<&Value> = touches.iter().filter(|touch| touch["state"] == "held").collect();
    assert!(held.iter().all(|touch| touch["reason"].as_str().is_some_and(|reason| !reason.is_empty())), "{held:?}");
    assert!(held.len() * 2 < entered, "most values can be written: {held:?}");
    let mails: BTreeMap<String, Mail> = server.taken().into_iter().map(|mail| (mail.to.concat(), mail)).collect();
    assert_eq!(mails.len() + held.len(), entered);
    let control = &mails["plain@example.com"];
    assert!(tags(control).len() > 5 && control.targets("href").len() == 2);
    for (number, text) in strings.iter().enumerate() {
        let Some(mail) = mails.get(&named(number)) else { continue };
        assert_eq!(headers(mail), headers(control), "{text:?}");
        assert_eq!(tags(mail), tags(control), "{text:?}: {}", mail.html());
        assert_eq!(
            (mail.shown_to(), mail.targets("href").len(), mail.targets("src").len()),
            (named(number), 2, 1),
            "{text:?}"
        );
        let raw = String::from_utf8_lossy(&mail.raw);
        assert!(raw.split("\r\n").all(|line| line.len() < 998 && !line.contains(['\r', '\n'])), "{text:?}");
        assert!(!mail.subject().contains(['\r', '\n']), "{text:?}");
        let link = mail.targets("href").remove(0);
        let location = browse(&scene.daemon.reach(&link)).header("location").map(str::to_owned).unwrap_or_default();
        assert!(location.starts_with("https://northwind.example/p?n="), "{text:?}: {location}");
    }
    let log = scene.daemon.log().text();
    let told = strings.iter().filter(|text| text.trim().chars().count() > 8).find(|text| log.contains(text.trim()));
    assert_eq!(told, None, "no value of a lead is logged");
}
