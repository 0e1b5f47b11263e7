//! A receiver that hangs, or asks for patience: its calls come again under the same id, and no other channel waits for it.

use crate::bench::Bench;
use crate::scene::{self, Scene};
use crate::support::faulty_smtp::FaultySmtp;
use crate::support::receiver::{Answer, Receiver};
use overture::domain::decide::Ask;
use overture::domain::time::Millis;
use overture::domain::touch::State;
use serde_json::Value;

const BOTH: &str = "\
enroll: [{on: arrived}]
steps:
  - {id: crm, webhook: crm, with: {a: b}}
  - end: done
";

fn start(crm: &Receiver) -> (Scene, FaultySmtp, Receiver) {
    let (server, other) = (FaultySmtp::start(), Receiver::start());
    let workspace = scene::workspace("sqlite", server.address(), &other, BOTH);
    workspace.channel("crm", &crm.url("/crm"));
    let head = format!("title: Other\nkind: nurture\n{}", scene::ANY_TIME);
    workspace.write("sequences/other.yaml", &format!("{head}{}", BOTH.replace("crm", "sales-chat")));
    (Scene::start(workspace), server, other)
}

fn seconds_until_ready(touch: &Value) -> i64 {
    let instant =
        |key: &str| touch[key].as_str().and_then(|text| text.parse::<jiff::Timestamp>().ok()).expect("an instant");
    instant("ready_at").duration_since(instant("created_at")).as_secs()
}

#[test]
fn a_receiver_that_hangs_is_called_again_and_holds_up_nobody() {
    let crm = Receiver::start();
    crm.answer([Answer::Silence, Answer::HangUp]);
    let (scene, _server, _other) = start(&crm);
    scene.arrive(&["ann@example.com", "bob@example.com"]).expect("the daemon answers");
    crm.wait_for(2);
    for lead in ["ann@example.com", "bob@example.com"] {
        scene.wait_touch(lead, "sales-chat", "accepted");
    }
    assert!(scene.rows("/v1/touches?state=accepted", "touches").iter().all(|touch| touch["step"] == "sales-chat"));
    crm.wait_for(3);
    let hung = crm.wait_for(4);
    for lead in ["ann@example.com", "bob@example.com"] {
        scene.wait_touch(lead, "crm", "accepted");
    }
    let ids: std::collections::BTreeSet<_> = hung.iter().map(|call| call.header("webhook-id")).collect();
    assert_eq!((hung.len(), ids.len()), (4, 2), "each was tried twice under its own id");
}

#[test]
fn a_receiver_that_asks_for_patience_is_given_it() {
    let crm = Receiver::start();
    crm.answer([Answer::With(429, "retry-after", "1800".to_owned()), Answer::With(503, "retry-after", "1".to_owned())]);
    let (scene, _server, _other) = start(&crm);
    scene.arrive(&["ann@example.com"]).expect("the daemon answers");
    let touch = scene.wait_touch("ann@example.com", "crm", "deferred");
    assert!((1_800..1_900).contains(&seconds_until_ready(&touch)), "{touch}");
    assert!(touch["reply"].as_str().is_some_and(|reply| reply.starts_with("HTTP 429")), "{touch}");
    scene.arrive(&["bob@example.com"]).expect("the daemon answers");
    let touch = scene.wait_touch("bob@example.com", "crm", "deferred");
    assert!((5..30).contains(&seconds_until_ready(&touch)), "never sooner than planned: {touch}");
    scene.wait_touch("bob@example.com", "crm", "accepted");
    assert_eq!(crm.requests().len(), 3);
}

#[test]
fn a_receiver_that_refuses_is_asked_again_and_the_sequence_waits() {
    let crm = Receiver::start();
    crm.answer([Answer::Status(404)]);
    let (scene, _server, _other) = start(&crm);
    scene.arrive(&["ann@example.com"]).expect("the daemon answers");
    let touch = scene.wait_touch("ann@example.com", "crm", "deferred");
    assert!(touch["reply"].as_str().is_some_and(|reply| reply.starts_with("HTTP 404")), "{touch}");
    scene.wait_touch("ann@example.com", "crm", "accepted");
    let calls = crm.requests();
    assert_eq!((calls.len(), calls[0].header("webhook-id")), (2, calls[1].header("webhook-id")));
    assert_eq!(calls[0].body, calls[1].body);
}

#[test]
fn a_call_that_fails_ten_times_has_failed_and_its_step_says_what_then() {
    let crm = Receiver::start();
    crm.answer(std::iter::repeat_n(Answer::Status(500), 30));
    let (server, other) = (FaultySmtp::start(), Receiver::start());
    let workspace = scene::workspace("sqlite", server.address(), &other, BOTH);
    workspace.channel("crm", &crm.url("/crm"));
    for then in ["continue", "hold", "exit"] {
        let steps = format!(
            "title: Then\nkind: nurture\n{}steps:\n  - {{id: call, webhook: crm, on_failure: {then}}}\n  - {{id: next, email: scene/first}}\n",
            scene::ANY_TIME
        );
        workspace.write(&format!("sequences/{then}.yaml"), &steps);
    }
    let bench = Bench::at("2026-01-05T09:00:00Z", workspace);
    for then in ["continue", "hold", "exit"] {
        bench.ask(
            &format!("{then}@example.com"),
            Ask::Enroll { sequence: then.to_owned(), by: "test".to_owned(), again: false },
        );
    }
    let start = bench.now();
    bench.work();
    while let Some(next) = bench.next() {
        bench.set(next);
        bench.work();
    }
    let days = bench.now().since(start).0 / Millis::DAY.0;
    assert!(
        (3..=5).contains(&days),
        "nine waits add up to three days and a half, and a fifth more at most: {days} days"
    );
    assert_eq!(crm.requests().len(), 30, "ten tries each");
    for touch in bench.touches().iter().filter(|touch| touch.step == "call") {
        let last = touch.reply.as_deref().unwrap_or_default();
        assert!(
            touch.state == State::Refused && touch.attempts == 10 && last.contains("the last of 10 tries"),
            "{touch:?}"
        );
    }
    let mailed: Vec<_> = server.taken().iter().map(|mail| mail.to.concat()).collect();
    assert_eq!(mailed, ["continue@example.com"]);
    let mut stand = bench.enrollments(&["continue", "hold", "exit"]);
    stand.sort();
    assert_eq!(stand, ["continue finished", "exit failed", "hold held"]);
}
