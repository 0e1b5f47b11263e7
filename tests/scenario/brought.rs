//! What a webhook's answer and a task bring is there for the steps after them.

use crate::scene::{self, Scene, on_both_databases};
use crate::support::faulty_smtp::FaultySmtp;
use crate::support::receiver::{Answer, Receiver};
use crate::support::watch::eventually;
use serde_json::json;

const ANN: &str = "ann@example.com";

const STEPS: &str = "\
enroll: [{on: arrived}]
steps:
  - {id: book, webhook: crm, with: {address: '{{lead.email}}'}}
  - {id: call, task: call, title: 'Call about {{step.meeting_url}}', outcomes: [connected, voicemail]}
  - {id: again, webhook: crm, with: {seats: '{{step.seats}}'}}
  - {id: told, email: scene/brought}
  - end: done
";

const MAIL: &str = "---
subject: \"After {{step.outcome}}\"
---
You are expected at {{step.meeting_url}}, {{step.seats}} of you.

---

{{company.name}} · {{company.postal_address}}

[Unsubscribe]({{unsubscribe_url}})
";

on_both_databases!(what_answers_and_tasks_bring_is_said_by_the_steps_after_them);

fn what_answers_and_tasks_bring_is_said_by_the_steps_after_them(database: &str) {
    let (server, receiver) = (FaultySmtp::start(), Receiver::start());
    let brought = |seats| Answer::Json(json!({"meeting_url": "https://meet.example/7", "seats": seats, "list": [1]}));
    receiver.answer([brought(3), Answer::Json(json!({"seats": 4}))]);
    let workspace = scene::workspace(database, server.address(), &receiver, STEPS);
    workspace.write("templates/scene/brought.md", MAIL);
    let scene = Scene::start(workspace);
    scene.arrive(&[ANN]).expect("the daemon answers");
    let task = eventually("she is to be called", crate::support::SOON, || {
        scene.get("/v1/tasks")["tasks"].as_array().and_then(|tasks| tasks.first().cloned())
    });
    assert_eq!(task["title"], "Call about https://meet.example/7");
    let id = task["id"].as_str().expect("a task has an id").to_owned();
    scene.overture(&["task", "done", &id, "--outcome", "connected"]).ok();
    scene.wait_touch(ANN, "told", "accepted");
    let calls = receiver.requests();
    assert_eq!(calls[1].json()["data"]["with"]["seats"], "3");
    let mail = server.wait_taken(1).remove(0);
    assert_eq!(mail.subject(), "After connected");
    assert!(mail.text().contains("at https://meet.example/7, 4 of you"), "{}", mail.text());
}
