//! P6: looking changes nothing: a pixel and a link append one event each time they are fetched, and no other GET and no HEAD changes a row.

use crate::links::{clicks, one_click, pixel};
use crate::rows::{difference, rows};
use crate::scene::{self, BROWSER, MAIL_THEN_CALL, Scene, browse, escaped};
use crate::support::faulty_smtp::FaultySmtp;
use crate::support::http::{Call, Request};
use crate::support::receiver::Receiver;
use serde_json::{Value, json};

const ANN: &str = "ann@example.com";

/// A lead that got its mail and its call, and was handed to sales.
fn at_rest() -> (Scene, FaultySmtp, Vec<String>) {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let scene = Scene::start(scene::workspace("sqlite", server.address(), &receiver, MAIL_THEN_CALL));
    scene.arrive(&[ANN]).expect("the daemon answers");
    scene.wait_touch(ANN, "call", "accepted");
    scene.post("/v1/handoffs", &json!({"lead": ANN, "reason": "asked for a person"}));
    let told = receiver.wait_for(3);
    let alert = told.iter().map(Request::json).find(|body| body["data"]["actions"].is_object());
    let actions = alert.expect("an alert has buttons")["data"]["actions"].clone();
    let buttons = actions.as_object().into_iter().flatten().filter_map(|(_, link)| link.as_str().map(str::to_owned));
    for touch in scene.touches() {
        let (lead, step) = (ANN, touch["step"].as_str().expect("a touch has a step"));
        scene.wait_touch(lead, step, "accepted");
    }
    (scene, server, buttons.collect())
}

/// Every address that may be looked at with a key.
fn private(scene: &Scene) -> Vec<String> {
    let touch =
        scene.touches().first().and_then(|touch| touch["id"].as_str().map(str::to_owned)).expect("there are touches");
    let handoffs = scene.get("/v1/handoffs");
    let handoff = handoffs["handoffs"][0]["id"].as_str().expect("there is a handoff").to_owned();
    let mut all: Vec<String> = [
        "/healthz",
        "/readyz",
        "/metrics",
        "/v1/leads",
        "/v1/leads?attention=true",
        "/v1/enrollments?sequence=scene",
        "/v1/touches",
        "/v1/suppressions",
        "/v1/pauses",
        "/v1/handoffs",
        "/v1/sequences",
        "/v1/sequences/scene",
        "/v1/senders",
        "/v1/services",
    ]
    .map(str::to_owned)
    .into();
    all.extend(
        ["", "/why", "/score", "/score?at=2026-01-05T10:00:00Z", "/events"]
            .map(|part| format!("/v1/leads/{}{part}", escaped(ANN).replace("%40", "@"))),
    );
    all.extend([format!("/v1/touches/{touch}"), format!("/v1/handoffs/{handoff}")]);
    all
}

#[test]
fn no_other_get_and_no_head_changes_a_row() {
    let (scene, server, buttons) = at_rest();
    let mail = server.taken().remove(0);
    assert_eq!(buttons.len(), 4, "{buttons:?}");
    let before = rows(&scene.workspace);
    assert!(before.values().map(Vec::len).sum::<usize>() > 10);
    let mut looked = 0;
    for path in private(&scene) {
        for method in ["GET", "HEAD"] {
            let status = scene.call(method, &path, &Value::Null).status;
            assert_eq!(status, 200, "{method} {path}");
            looked += 1;
        }
    }
    let pages: Vec<String> =
        [one_click(&mail)].into_iter().chain(buttons).map(|link| scene.daemon.reach(&link)).collect();
    let plain = ["/", "/robots.txt"].map(|path| format!("{}{path}", scene.daemon.public()));
    for url in pages.iter().chain(&plain) {
        for method in ["GET", "HEAD"] {
            let answer = Call::new(method, url).header("user-agent", BROWSER).send();
            assert_eq!(answer.status, 200, "{method} {url}");
            looked += 1;
        }
    }
    for (link, status) in [(pixel(&mail), 200), (clicks(&mail).remove(0), 302)] {
        let answer = Call::new("HEAD", &scene.daemon.reach(&link)).header("user-agent", BROWSER).send();
        assert_eq!(answer.status, status, "HEAD {link}");
    }
    for path in ["/c/nothing", "/o/nothing.gif", "/u/nothing", "/h/nothing", "/v1/leads", "/.git/config"] {
        browse(&format!("{}{path}", scene.daemon.public()));
    }
    assert_eq!(difference(&before, &rows(&scene.workspace)), [""; 0], "after {looked} looks");
}

#[test]
fn a_pixel_and_a_link_append_one_event_each_time() {
    let (scene, server, _) = at_rest();
    let mail = server.taken().remove(0);
    let names = || -> Vec<String> {
        let page = scene.get(&format!("/v1/leads/{ANN}/events?limit=200"));
        let events = page["events"].as_array().expect("a page has rows");
        events.iter().map(|event| event["name"].as_str().unwrap_or_default().to_owned()).collect()
    };
    let mut expected = names();
    let (pixel, link) = (scene.daemon.reach(&pixel(&mail)), scene.daemon.reach(&clicks(&mail)[0]));
    for (url, status, name) in
        [(&pixel, 200, "opened"), (&link, 302, "clicked"), (&pixel, 200, "opened"), (&link, 302, "clicked")]
    {
        assert_eq!(browse(url).status, status);
        expected.push(name.to_owned());
        assert_eq!(names(), expected);
    }
    let answer = browse(&link);
    assert!(answer.header("cache-control").is_some_and(|value| value.contains("no-store")), "{answer:?}");
    assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
}
