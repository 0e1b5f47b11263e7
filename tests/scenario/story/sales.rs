//! The part of the story that salespeople see: a score that grows, a handoff with its dossier, and a clock that is kept or broken.

use super::workspace::{CHAT_SECRET, CRM_SECRET};
use super::{DAN, GUS, running};
use crate::scene::{Scene, browse, escaped};
use crate::support::SOON;
use crate::support::http::{Call, Request};
use crate::support::receiver::Receiver;
use crate::support::watch::eventually;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// Checks a call's signature (Standard Webhooks) with a program that is not ours.
pub fn verify(call: &Request, secret: &str) {
    let header = |name| call.header(name).unwrap_or_else(|| panic!("a signed call has {name}"));
    let (id, at) = (header("webhook-id"), header("webhook-timestamp"));
    let mut key = String::new();
    for octet in STANDARD.decode(secret).expect("the secret is base64") {
        write!(key, "{octet:02x}").expect("a text takes what is written");
    }
    let mut openssl = Command::new("openssl")
        .args(["dgst", "-sha256", "-mac", "HMAC", "-macopt", &format!("hexkey:{key}"), "-binary"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("openssl starts");
    let signed = [format!("{id}.{at}.").as_bytes(), &call.body].concat();
    openssl.stdin.take().expect("stdin is a pipe").write_all(&signed).expect("openssl reads");
    let output = openssl.wait_with_output().expect("openssl ends");
    assert_eq!(header("webhook-signature"), format!("v1,{}", STANDARD.encode(output.stdout)));
}

/// Calls of a type about a lead, at a path.
fn calls(receiver: &Receiver, path: &str, kind: &str, lead: &str) -> Vec<Request> {
    let mut calls = receiver.requests();
    calls.retain(|call| {
        let body = call.json();
        call.path == path && body["type"] == kind && body["data"]["lead"]["email"] == lead
    });
    calls
}

fn wait_call(receiver: &Receiver, path: &str, kind: &str, lead: &str) -> Request {
    eventually(&format!("{kind} about {lead} at {path}"), SOON, || calls(receiver, path, kind, lead).into_iter().next())
}

fn lead(scene: &Scene, lead: &str) -> Value {
    scene.get(&format!("/v1/leads/{}", escaped(lead)))
}

/// The worked example of the model: a VP of 300 people in a target industry who looked at prices and asked for a demo has 80.
pub fn dan_becomes_hot(scene: &Scene, receiver: &Receiver) {
    assert_eq!((&lead(scene, DAN)["score"]["total"], &lead(scene, DAN)["stage"]), (&json!(40.0), &json!("lead")));
    scene.overture(&["event", DAN, "page_viewed", "--data", "path=/pricing"]).ok();
    assert_eq!((&lead(scene, DAN)["stage"], running(scene, DAN)), (&json!("mql"), 1));
    scene.post("/v1/events", &json!({"lead": {"email": DAN}, "name": "demo_requested"}));
    let dan = lead(scene, DAN);
    assert_eq!((&dan["stage"], &dan["temperature"], running(scene, DAN)), (&json!("sql"), &json!("hot"), 0));
    // Points decay from the moment they are given.
    let total = dan["score"]["total"].as_f64().expect("a score is a number");
    assert!((79.9..=80.0).contains(&total), "{total}");
    let sheet = scene.overture(&["score", DAN, "--json"]).ok().json();
    assert_eq!(sheet["lines"].as_array().map(Vec::len), Some(5), "{sheet}");
    for (path, secret) in [("/sales-chat", CHAT_SECRET), ("/crm", CRM_SECRET)] {
        let call = wait_call(receiver, path, "handoff.opened", DAN);
        verify(&call, secret);
        let data = &call.json()["data"];
        assert_eq!((&data["score"]["total"], &data["handoff"]["sla"]), (&json!(80.0), &json!("hot")));
        assert!(data["why_now"].to_string().contains("demo request"), "{data}");
    }
}

/// A look at the signed page changes nothing; the tap on its button meets the promise.
pub fn a_rep_taps_contacted(scene: &Scene, receiver: &Receiver) {
    let call = wait_call(receiver, "/sales-chat", "handoff.opened", DAN).json();
    let handoff = call["data"]["handoff"]["id"].as_str().expect("a handoff has an id").to_owned();
    let state = || {
        let handoff = scene.get(&format!("/v1/handoffs/{handoff}"));
        (handoff["state"].clone(), handoff["sla"].clone())
    };
    assert_eq!(state(), (json!("open"), json!("running")));
    let page = scene.daemon.reach(call["data"]["actions"]["contacted"].as_str().expect("an alert has its buttons"));
    let shown = browse(&page);
    assert!(shown.status == 200 && shown.body.contains("Dan"), "{} {}", shown.status, shown.body);
    assert_eq!(state(), (json!("open"), json!("running")), "whoever looks has not acted");
    assert_eq!(browse(&format!("{page}x")).status, 404, "a forged button is none");
    assert_eq!(Call::new("POST", &page).form("").send().status, 200);
    assert_eq!(state(), (json!("answered"), json!("met")));
}

pub fn nobody_answers_for_gus(scene: &Scene, receiver: &Receiver) {
    scene.overture(&["handoff", "open", GUS, "--reason", "met at the fair"]).ok();
    let opened = wait_call(receiver, "/sales-chat", "handoff.opened", GUS).json();
    assert_eq!(opened["data"]["handoff"]["reasons"].to_string(), json!(["act:met at the fair"]).to_string());
    wait_call(receiver, "/sales-chat", "sla.reminder", GUS);
    let breached = wait_call(receiver, "/sales-chat", "sla.breached", GUS);
    verify(&breached, CHAT_SECRET);
    let open = scene.overture(&["handoff", "list", "--json"]).ok().stdout;
    assert!(open.contains("breached"), "{open}");
}

/// At least once means under one id: whatever was told again is the same call.
pub fn nothing_was_told_twice(receiver: &Receiver) {
    let mut told: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let mut once: BTreeMap<(String, String, String), String> = BTreeMap::new();
    for call in receiver.requests() {
        let id = call.header("webhook-id").expect("a call has an id").to_owned();
        assert_eq!(told.entry(id.clone()).or_insert_with(|| call.body.clone()), &call.body, "{id} changed");
        let body = call.json();
        let what = (call.path.clone(), body["type"].to_string(), body["data"]["lead"]["email"].to_string());
        assert_eq!(once.entry(what.clone()).or_insert_with(|| id.clone()), &id, "{what:?} was told under two ids");
    }
}
