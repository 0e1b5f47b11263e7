//! Every address of the private listener but its pages.

use serde_json::{Value, json};

use super::schema::{boolean, integer, of, text, time, words};
use super::{Operation, delete, document, get, post, put};
use crate::domain::sequence::TaskKind;
use crate::domain::stage::Stage;
use crate::domain::touch::State;
use crate::web::ops;
use crate::web::private::{
    LIST, MAIL, edits, enrollments, events, experiments, files, handoffs, import, leads, mail, pauses, suppressions,
    tasks, tokens, touches,
};

type Asked = (&'static str, Value, Option<Value>);

fn page() -> [Asked; 2] {
    let size = json!({"type": "integer", "minimum": 1, "maximum": 500, "default": 100});
    [("cursor", text(), None), ("limit", size, Some(json!(20)))]
}

fn asked(name: &'static str, schema: Value, example: Value) -> Asked {
    (name, schema, Some(example))
}

pub fn table() -> Vec<Operation> {
    [facts(), people(), ways(), stops(), sales(), inbox(), edited(), house(), open()].into_iter().flatten().collect()
}

fn facts() -> Vec<Operation> {
    let event = json!({"lead": {"email": "zoe@example.com"}, "name": "page_viewed", "data": {"path": "/pricing"}, "create": true});
    vec![
        post("/v1/events", "Tells a fact about a lead; the answer comes once it is durable", events::one)
            .takes("Event", event.clone())
            .gives("Recorded")
            .problems([404, 409])
            .once(),
        post("/v1/events/batch", "Tells up to a thousand facts, each answered by itself", events::batch)
            .takes("Events", json!({"events": [event]}))
            .gives("Results")
            .once(),
    ]
}

fn people() -> Vec<Operation> {
    let order = words(["newest", "hottest"]);
    vec![
        get("/v1/leads", "Lists leads, the newest first; by one of `stage`, `tag`, `attention` and `order`", leads::list)
            .asks(page())
            .asks([
                asked("stage", words(Stage::ALL.map(Stage::as_str)), json!("mql")),
                asked("tag", text(), json!("fair-2026")),
                ("attention", boolean(), None),
                ("order", order, None),
            ])
            .gives("Leads"),
        put("/v1/leads", "Makes a lead or changes it; null takes a value away, tags are added", leads::upsert)
            .takes("LeadChange", json!({"email": "zoe@example.com", "attributes": {"first_name": "Zoe"}, "tags": ["fair-2026"]}))
            .gives("Lead"),
        post("/v1/leads/import", "Brings in up to a thousand rows of a list, each answered", import::import)
            .takes("List", json!({"rows": [{"line": 2, "email": "tom@example.org", "attributes": {"company": "Acme"}}], "tag": "fair-2026"}))
            .gives("RowResults")
            .problems([404])
            .up_to(LIST),
        get("/v1/leads/{lead}", "Shows all that is known of a lead", leads::one).gives("Lead").problems([404, 422]),
        get("/v1/leads/{lead}/why", "Explains what happened to a lead and what did not", leads::why)
            .gives("Why")
            .problems([404, 422]),
        get("/v1/leads/{lead}/score", "Shows a score as a sum, now or at any past instant", leads::score)
            .asks([asked("at", time(), json!("2026-01-05T08:55:00Z"))])
            .gives("Sheet")
            .problems([404]),
        get("/v1/leads/{lead}/events", "Lists what was recorded of a lead", leads::events)
            .asks([
                ("cursor", integer(), None),
                page()[1].clone(),
                ("order", words(["oldest", "newest"]), None),
            ])
            .gives("Facts")
            .problems([404]),
        post(
            "/v1/leads/{lead}/merge",
            "Takes in another lead that is the same person: what is known of it, and what it is in, is this one's",
            leads::merge,
        )
        .takes("Merging", json!({"from": "zoe@old.example"}))
        .gives("Lead")
        .problems([404, 409]),
        post("/v1/leads/{lead}/stage", "Moves a lead to a stage by a named act", leads::stage)
            .takes("Staging", json!({"stage": "customer", "reason": "signed"}))
            .problems([404, 409]),
    ]
}

fn ways() -> Vec<Operation> {
    let states = ["active", "paused", "held", "finished", "exited", "failed", "running"];
    let enrollment = json!({"lead": "zoe@example.com", "sequence": "trial-nurture"});
    vec![
        get(
            "/v1/enrollments",
            "Lists who goes or went through which sequence, by `lead` or by `sequence`",
            enrollments::list,
        )
        .asks([
            asked("lead", text(), json!("zoe@example.com")),
            ("sequence", text(), None),
            ("state", words(states), None),
        ])
        .asks(page())
        .gives("Enrollments")
        .problems([404]),
        post("/v1/enrollments", "Puts a lead into a sequence", enrollments::enroll)
            .takes("Enrolling", enrollment.clone())
            .gives("Enrolled")
            .problems([404, 409]),
        delete("/v1/enrollments", "Takes a lead out of one sequence, or of all", enrollments::remove)
            .takes("Leaving", enrollment)
            .problems([404, 409]),
        get("/v1/touches", "Lists mails and calls, the newest first", touches::list)
            .asks([
                asked("state", words(State::ALL.map(State::as_str)), json!("unknown")),
                ("lead", text(), None),
                ("sequence", text(), None),
            ])
            .asks(page())
            .gives("Touches")
            .problems([404]),
        get("/v1/touches/{touch}", "Shows what became of a mail or a call", touches::one)
            .gives("Touch")
            .problems([404]),
        post(
            "/v1/touches/{touch}/resend",
            "Sends a mail of unknown outcome again, under its Message-ID",
            touches::resend,
        )
        .problems([404, 409]),
        post("/v1/touches/{touch}/release", "Tries a held mail or call again, or skips it", touches::release)
            .takes("Releasing", json!({"skip": true}))
            .problems([404, 409]),
    ]
}

fn stops() -> Vec<Operation> {
    vec![
        get("/v1/suppressions", "Lists who must not be contacted", suppressions::list)
            .asks(page())
            .gives("Suppressions"),
        post(
            "/v1/suppressions",
            "Suppresses an address or a domain; what runs for it ends in the same commit",
            suppressions::add,
        )
        .takes("Suppressing", json!({"target": "gone@example.com"}))
        .gives("Suppressed"),
        delete("/v1/suppressions/{target}", "Lifts a suppression", suppressions::lift).problems([404, 409, 422]),
        get("/v1/pauses", "Lists what stands still, by hand or because the other side refuses us", pauses::list)
            .gives("Pauses"),
        post("/v1/pauses", "Pauses `all`, `sequence:NAME`, `sender:NAME`, `channel:NAME` or `lead:ID`", pauses::pause)
            .takes("Pausing", json!({"scope": "sequence:trial-nurture"}))
            .problems([404, 409]),
        delete("/v1/pauses/{scope}", "Resumes what was paused", pauses::resume).problems([404, 409, 422]),
    ]
}

fn sales() -> Vec<Operation> {
    vec![
        get("/v1/handoffs", "Lists handoffs, the newest first; those that wait, the one due first", handoffs::list)
            .asks([asked("state", words(["waiting", "open", "claimed", "answered", "closed"]), json!("waiting"))])
            .asks(page())
            .gives("Handoffs"),
        post("/v1/handoffs", "Gives a lead to sales, whatever its score", handoffs::open)
            .takes("HandingOff", json!({"lead": "zoe@example.com", "reason": "met at the fair"}))
            .problems([404, 409]),
        get("/v1/handoffs/{handoff}", "Shows a handoff with its dossier", handoffs::one)
            .gives("Handoff")
            .problems([404]),
        post("/v1/handoffs/{handoff}/act", "Claims or answers a handoff", handoffs::act)
            .takes("Acting", json!({"act": "contacted", "by": "ines"}))
            .problems([404, 409]),
    ]
}

fn inbox() -> Vec<Operation> {
    let states = ["open", "snoozed", "paused", "done", "skipped", "overdue", "called_off"];
    let bulk = json!({"act": "done", "filter": {"owner": "maya", "kind": "call"}, "outcome": "voicemail"});
    vec![
        get("/v1/tasks", "Lists what people are asked to do, the one due first first", tasks::list)
            .asks([
                asked("state", words(states), json!("open")),
                ("owner", text(), None),
                ("kind", words(TaskKind::ALL.map(TaskKind::as_str)), None),
                ("sequence", text(), None),
                ("lead", text(), None),
                ("due_by", time(), None),
                ("overdue", boolean(), None),
            ])
            .asks(page())
            .gives("Tasks")
            .problems([404]),
        post(
            "/v1/tasks/bulk",
            "Does, skips, puts off or gives away up to 500 tasks, each answered by itself",
            tasks::bulk,
        )
        .takes("Bulk", bulk)
        .gives("TaskResults")
        .problems([404]),
        get("/v1/tasks/{task}", "Shows a task with its notes", tasks::one).gives("Task").problems([404]),
        post("/v1/tasks/{task}/{act}", "Says that a task is `done`, or does `skip`, `snooze` or `assign`", tasks::act)
            .takes("Doing", json!({"outcome": "connected", "by": "maya"}))
            .problems([404, 409]),
    ]
}

fn edited() -> Vec<Operation> {
    let named = || [("sequence", text(), Some(json!("trial-nurture"))), ("scoring", boolean(), None)];
    vec![
        get("/v1/plan", "Says what applying the files would do to those in flight, and changes nothing", edits::plan)
            .asks([
                ("sequence", text(), None),
                ("scoring", boolean(), None),
                ("version", text(), None),
                ("all", boolean(), None),
            ])
            .gives("Plan")
            .problems([404, 409])
            .patient(),
        post("/v1/apply", "Applies the files exactly as a plan made now says, or does nothing", edits::apply)
            .takes("Applying", json!({"plan": "6f1d0c3a9b2e4d57", "at_most": 50}))
            .gives("Applied")
            .problems([404, 409])
            .patient(),
        get(
            "/v1/versions",
            "Lists the versions of a sequence, with who is in each, or of the scoring file; the newest first",
            edits::versions,
        )
        .asks(named())
        .gives("Versions")
        .problems([404]),
        get(
            "/v1/versions/diff",
            "Shows what changed between two versions of a sequence and its templates, or of the scoring file",
            edits::diff,
        )
        .asks(named().into_iter().chain([("old", text(), None), ("new", text(), None)]))
        .gives("Diff")
        .problems([404]),
    ]
}

fn house() -> Vec<Operation> {
    let message = "From: zoe@example.com\r\nSubject: Re: hello\r\n\r\nCall me.\r\n";
    vec![
        get("/v1/sequences", "Lists sequences with how many stand in each", files::sequences).gives("Sequences"),
        get("/v1/sequences/{*name}", "Shows a sequence, step by step", files::sequence)
            .gives("Sequence")
            .problems([404]),
        get(
            "/v1/experiments",
            "Shows mails in several variants: what was counted of each, and which one has won",
            experiments::list,
        )
        .asks([("sequence", text(), None)])
        .gives("Experiments")
        .problems([404]),
        get("/v1/senders", "Shows how much each sender has sent today and may still", files::senders).gives("Senders"),
        post("/v1/mail", "Takes in one message that came back, as it was delivered", mail::ingest)
            .takes_kind("message/rfc822", json!({}), json!(message))
            .gives("MailRead")
            .problems([404, 409])
            .up_to(MAIL),
        get("/v1/tokens", "Lists keys to this API, without their secrets", tokens::list).gives("Tokens"),
        post("/v1/tokens", "Makes a key; its secret is in this answer and nowhere else", tokens::issue)
            .takes("Issuing", json!({"name": "crm", "scopes": ["read"]}))
            .gives("Token"),
        delete("/v1/tokens/{token}", "Revokes a key", tokens::revoke).problems([404]),
        get("/v1/services", "Shows what the daemon's services last did", ops::services).gives("Services"),
    ]
}

fn open() -> Vec<Operation> {
    vec![
        get("/healthz", "Whether the process answers", ops::health),
        get("/readyz", "Whether the database takes writes and the daemon goes on", ops::ready)
            .gives("Ready")
            .problems([503]),
        get("/metrics", "Counters and gauges in the text format of Prometheus", ops::metrics).gives_kind("text/plain"),
        get("/openapi.json", "This document", async || axum::Json(document())).gives("Document"),
    ]
}

/// A part of a path by its name: its schema, and an example.
pub fn part(name: &str) -> (Value, &'static str) {
    match name {
        "lead" => (of("Who"), "zoe@example.com"),
        "touch" => (of("Id"), "tch_01kcvx7ems5dzs6tpz4jhe1a8g"),
        "task" => (of("Id"), "tsk_01kcvx7ems5dzs6tpz4jhe1a8g"),
        "act" => (words(["done", "skip", "snooze", "assign"]), "done"),
        "handoff" => (of("Id"), "hnd_01kcvx7ems5dzs6tpz4jhe1a8g"),
        "target" => (text(), "gone@example.com"),
        "scope" => (text(), "sequence:trial-nurture"),
        "name" => (text(), "trial-nurture"),
        _ => (of("Id"), "tok_01kcvx7ems5dzs6tpz4jhe1a8g"),
    }
}
