//! What good answers hold, and the one shape of all problems.

mod edits;

use serde_json::{Value, json};

use super::schema::{any, boolean, each, integer, list, maybe, number, object, of, text, time, words};
use crate::domain::sequence::TaskKind;
use crate::domain::stage::Stage;
use crate::domain::suppression::Reason;
use crate::domain::task::STATES;
use crate::domain::touch::State;

pub fn schemas() -> Vec<(&'static str, Value)> {
    [general(), people(), ways(), sales(), edits::edits(), house()].into_iter().flatten().collect()
}

/// A page of a list.
fn page(name: &'static str, row: &'static str) -> Value {
    object([(name, list(&of(row))), ("next", maybe(text()))])
}

fn general() -> Vec<(&'static str, Value)> {
    let problem = json!({
        "type": "object",
        "description": "RFC 9457; a problem may have members of its own",
        "properties": {"type": text(), "title": text(), "status": integer(), "detail": text()},
        "required": ["type", "title", "status", "detail"],
    });
    vec![
        ("Problem", problem),
        ("Done", object([("status", text())])),
        ("Ready", object([("status", text()), ("sequences", integer())])),
        ("Document", any()),
        (
            "Recorded",
            object([("status", words(["recorded", "duplicate"])), ("lead", of("Id")), ("created?", boolean())]),
        ),
        ("Results", object([("results", list(&json!({"anyOf": [of("Recorded"), of("Problem")]})))])),
    ]
}

fn people() -> Vec<(&'static str, Value)> {
    let running = object([
        ("id", of("Id")),
        ("sequence", text()),
        ("version", text()),
        ("entered_at", time()),
        ("by", text()),
        ("step", maybe(text())),
        ("phase", words(["paused", "ready", "waiting", "sending", "tasked", "held"])),
        ("until", maybe(time())),
    ]);
    let handoff = object([
        ("id", of("Id")),
        ("team", text()),
        ("rep", text()),
        ("opened_at", time()),
        ("reasons", list(&text())),
        ("claimed_by", maybe(text())),
        ("answered", maybe(words(["in_time", "late", "no_clock"]))),
        ("due_at", maybe(time())),
        ("breached", boolean()),
    ]);
    let alias = object([("id", of("Id")), ("email", text()), ("merged_at", time())]);
    let lead = object([
        ("id", of("Id")),
        ("email", text()),
        ("account", maybe(text())),
        ("created_at", time()),
        ("stage", of("Stage")),
        ("stage_since", time()),
        ("score", of("Score")),
        ("temperature", text()),
        ("attributes", any()),
        ("suppressed", maybe(of("Suppression"))),
        ("opted_out", list(&text())),
        ("attention", list(&text())),
        ("aliases", list(&alias)),
        ("last_human_at", maybe(time())),
        ("enrollments", list(&running)),
        ("handoff", maybe(handoff)),
        ("next_look_at", maybe(time())),
        ("created?", boolean()),
        ("merged?", boolean()),
    ]);
    let row = object([
        ("line", integer()),
        ("result", words(["created", "changed", "unchanged", "refused"])),
        ("reason?", text()),
        ("enrolled?", boolean()),
        ("suppressed?", boolean()),
    ]);
    vec![
        ("Stage", words(Stage::ALL.map(Stage::as_str))),
        ("Suppression", words(Reason::ALL.map(Reason::as_str))),
        ("Score", object([("total", number()), ("fit", number()), ("engagement", number())])),
        ("Lead", lead),
        ("Leads", page("leads", "LeadLine")),
        ("LeadLine", lead_line()),
        ("RowResults", object([("results", list(&row))])),
        ("Why", why()),
        ("Sheet", sheet()),
        ("Facts", object([("events", list(&of("Fact"))), ("next", maybe(integer()))])),
        ("Fact", fact()),
    ]
}

fn lead_line() -> Value {
    object([
        ("id", of("Id")),
        ("email", text()),
        ("account", maybe(text())),
        ("stage", of("Stage")),
        ("score", of("Score")),
        ("temperature", text()),
        ("suppressed", maybe(of("Suppression"))),
        ("attention", integer()),
        ("created_at", time()),
        ("updated_at", time()),
        ("next_look_at", maybe(time())),
    ])
}

fn why() -> Value {
    let entry = object([
        ("seq", integer()),
        ("at", time()),
        ("of", maybe(text())),
        ("sequence", maybe(text())),
        ("event", text()),
        ("text", text()),
    ]);
    object([
        ("lead", of("Id")),
        ("email", text()),
        ("stage", of("Stage")),
        ("score", of("Score")),
        ("temperature", text()),
        ("stands", list(&text())),
        ("versions", list(&object([("version", text()), ("file", text()), ("commit", maybe(text()))]))),
        ("history", list(&entry)),
    ])
}

fn sheet() -> Value {
    let line = object([
        ("rule", text()),
        ("ledger", words(["fit", "engagement"])),
        ("worth", number()),
        ("points", number()),
        ("since", time()),
        ("ends", maybe(time())),
        ("event", integer()),
        ("model", text()),
    ]);
    object([
        ("lead", of("Id")),
        ("at", time()),
        ("score", of("Score")),
        ("temperature", text()),
        ("lines", list(&line)),
    ])
}

fn fact() -> Value {
    object([
        ("seq", integer()),
        ("name", text()),
        ("occurred_at", time()),
        ("recorded_at", time()),
        ("source", text()),
        ("actor", words(["human", "machine", "system"])),
        ("text", text()),
        ("what", any()),
    ])
}

fn ways() -> Vec<(&'static str, Value)> {
    let enrollment = object([
        ("id", of("Id")),
        ("lead", of("Id")),
        ("sequence", text()),
        ("version", text()),
        ("state", words(["active", "paused", "held", "finished", "exited", "failed"])),
        ("exit", maybe(text())),
        ("detail", maybe(text())),
        ("step", maybe(text())),
        ("entered_at", time()),
        ("ended_at", maybe(time())),
    ]);
    let touch = object([
        ("id", of("Id")),
        ("lead", of("Id")),
        ("enrollment", maybe(of("Id"))),
        ("sequence", text()),
        ("version", text()),
        ("file", maybe(text())),
        ("commit", maybe(text())),
        ("step", text()),
        ("channel", words(["email", "webhook"])),
        ("lane", text()),
        ("policy", words(["at_most_once", "at_least_once"])),
        ("state", words(State::ALL.map(State::as_str))),
        ("reason", maybe(text())),
        ("reply", maybe(text())),
        ("attempts", integer()),
        ("template", text()),
        ("variant", maybe(text())),
        ("message_id", maybe(text())),
        ("ready_at", time()),
        ("created_at", time()),
        ("marked_at", maybe(time())),
        ("done_at", maybe(time())),
    ]);
    let enrolled = [
        ("status", words(["enrolled", "pending"])),
        ("lead", of("Id")),
        ("enrollment?", of("Id")),
        ("sequence", text()),
        ("reason?", text()),
    ];
    let suppression = object([("target", text()), ("reason", of("Suppression")), ("source", text()), ("at", time())]);
    let pause = object([("scope", text()), ("since", time()), ("by", text())]);
    let stopped = object([("scope", text()), ("why", maybe(text()))]);
    vec![
        ("Enrollments", page("enrollments", "Enrollment")),
        ("Enrollment", enrollment),
        ("Enrolled", object(enrolled)),
        ("Touches", page("touches", "Touch")),
        ("Touch", touch),
        ("Suppressions", page("suppressions", "SuppressionLine")),
        ("SuppressionLine", suppression),
        ("Suppressed", object([("status", text()), ("target", text()), ("reason", of("Suppression"))])),
        ("Pauses", object([("pauses", list(&pause)), ("stopped", list(&stopped))])),
    ]
}

fn sales() -> Vec<(&'static str, Value)> {
    let handoff = object([
        ("id", of("Id")),
        ("lead", of("Id")),
        ("email", maybe(text())),
        ("team", text()),
        ("rep", text()),
        ("state", words(["open", "claimed", "answered", "closed"])),
        ("sla", words(["met", "breached", "running", "none"])),
        ("reason", text()),
        ("opened_at", time()),
        ("due_at", maybe(time())),
        ("answered_at", maybe(time())),
        ("closed_because", maybe(text())),
        ("dossier?", maybe(any())),
    ]);
    let result = object([("task", of("Id")), ("status", words(["done", "refused"])), ("reason?", text())]);
    vec![
        ("Handoffs", page("handoffs", "Handoff")),
        ("Handoff", handoff),
        ("Tasks", page("tasks", "Task")),
        ("Task", task()),
        ("TaskResults", object([("results", list(&result)), ("next", maybe(text()))])),
    ]
}

fn task() -> Value {
    object([
        ("id", of("Id")),
        ("lead", of("Id")),
        ("email", maybe(text())),
        ("enrollment", of("Id")),
        ("sequence", text()),
        ("version", text()),
        ("step", text()),
        ("kind", words(TaskKind::ALL.map(TaskKind::as_str))),
        ("title", text()),
        ("missing", maybe(text())),
        ("owner", maybe(text())),
        ("state", words(STATES)),
        ("outcomes", list(&text())),
        ("asked_at", time()),
        ("shown_at", time()),
        ("due_at", maybe(time())),
        ("overdue", boolean()),
        ("outcome", maybe(text())),
        ("ended_by", maybe(text())),
        ("ended_at", maybe(time())),
        ("notes?", maybe(text())),
    ])
}

fn house() -> Vec<(&'static str, Value)> {
    let counts = each(&integer());
    let step = object([
        ("id", text()),
        ("act", words(["email", "webhook", "task", "wait", "if", "split", "set", "handoff", "enroll", "end"])),
        ("line", integer()),
        ("next", maybe(text())),
        ("here", integer()),
        ("touches", counts.clone()),
    ]);
    let limits = object([
        ("active", maybe(integer())),
        ("in_it", integer()),
        ("new_per_day", maybe(integer())),
        ("entered_today", integer()),
        ("pending", integer()),
    ]);
    let sequence = |steps: Value, more: (&'static str, Value)| {
        object([
            ("name", text()),
            ("title", text()),
            ("kind", words(["cadence", "nurture", "transactional"])),
            ("topic", maybe(text())),
            ("owner", maybe(text())),
            ("version", text()),
            ("limits?", maybe(limits.clone())),
            ("steps", steps),
            more,
        ])
    };
    let sender = object([
        ("name", text()),
        ("address", text()),
        ("used_today", integer()),
        ("cap", maybe(integer())),
        ("gap_seconds", integer()),
        ("ready_at", maybe(time())),
        ("paused", boolean()),
        ("why", maybe(text())),
        ("waiting", integer()),
    ]);
    let service = object([
        ("name", text()),
        ("runs", integer()),
        ("last_run", maybe(time())),
        ("next_wake", maybe(time())),
        ("last_error", maybe(object([("at", time()), ("error", text())]))),
    ]);
    let read = object([
        ("matched", boolean()),
        ("why?", text()),
        ("event?", text()),
        ("touch?", of("Id")),
        ("lead?", maybe(of("Id"))),
        ("status?", words(["recorded", "duplicate"])),
    ]);
    let token = object([
        ("id", of("Id")),
        ("name", text()),
        ("scopes", list(&text())),
        ("created_at", time()),
        ("last_used_at", maybe(time())),
        ("revoked_at", maybe(time())),
        ("token?", text()),
    ]);
    vec![
        ("Sequences", object([("sequences", list(&sequence(integer(), ("enrollments", counts))))])),
        ("Sequence", sequence(list(&step), ("enrollments?", any()))),
        ("Senders", object([("senders", list(&sender))])),
        ("Services", object([("services", list(&service))])),
        ("MailRead", read),
        ("Tokens", object([("tokens", list(&of("Token")))])),
        ("Token", token),
    ]
}
