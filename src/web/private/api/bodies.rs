//! What requests carry.

use serde_json::{Value, json};

use super::schema::{any, boolean, integer, list, maybe, object, of, short, text, time, words};
use crate::domain::sequence::TaskKind;
use crate::domain::stage::Stage;
use crate::domain::suppression::Reason;
use crate::engine::Right;

/// What may be said of a task that is done, put off or given away.
fn doing() -> [(&'static str, Value); 5] {
    [
        ("outcome?", maybe(short(64))),
        ("until?", maybe(time())),
        ("for?", maybe(text())),
        ("to?", maybe(short(64))),
        ("by?", maybe(short(64))),
    ]
}

pub fn schemas() -> Vec<(&'static str, Value)> {
    let reasons = Reason::ALL.into_iter().filter(|reason| *reason != Reason::Erased).map(Reason::as_str);
    let reasons = json!({"type": "string", "enum": reasons.collect::<Vec<_>>(), "default": "manual"});
    let name = json!({"type": "string", "pattern": "^[A-Za-z0-9_.:-]{1,100}$"});
    let key = maybe(json!({"type": "string", "minLength": 1, "maxLength": 255}));
    let whom = json!({
        "oneOf": [
            object([("id", of("Id")), ("email?", json!({"type": "null"}))]),
            object([("email", of("Email")), ("id?", json!({"type": "null"}))]),
        ]
    });
    let row =
        object([("line", integer()), ("email", text()), ("attributes?", of("Attributes")), ("tags?", list(&text()))]);
    let few = |schema: Value| json!({"type": "array", "items": schema, "maxItems": 1_000});
    vec![
        ("Id", json!({"type": "string", "description": "26 characters, with or without a prefix such as `lead_`"})),
        ("Email", json!({"type": "string", "format": "email", "maxLength": 254})),
        ("Who", json!({"type": "string", "description": "the address or the id of a lead"})),
        ("Attributes", json!({"type": "object", "description": "values of declared attributes; null takes one away"})),
        (
            "Event",
            object([
                ("lead", whom),
                ("name", name),
                ("occurred_at?", maybe(time())),
                ("data?", any()),
                ("actor?", maybe(words(["human", "machine", "system"]))),
                ("create?", boolean()),
                ("key?", key),
            ]),
        ),
        ("Events", object([("events", few(json!({})))])),
        (
            "LeadChange",
            object([("email", of("Email")), ("attributes?", of("Attributes")), ("tags?", list(&of("Tag")))]),
        ),
        ("Tag", json!({"type": "string", "maxLength": 100})),
        (
            "List",
            object([
                ("rows", few(row)),
                ("overwrite?", boolean()),
                ("tag?", maybe(of("Tag"))),
                ("enroll?", maybe(text())),
                ("again?", boolean()),
            ]),
        ),
        ("Merging", object([("from", of("Who"))])),
        ("Staging", object([("stage", words(Stage::ALL.map(Stage::as_str))), ("reason", short(500))])),
        ("Enrolling", object([("lead", of("Who")), ("sequence", text()), ("again?", boolean())])),
        ("Leaving", object([("lead", of("Who")), ("sequence?", maybe(text())), ("reason?", maybe(text()))])),
        ("Releasing", object([("skip?", boolean())])),
        ("Suppressing", object([("target", short(254)), ("reason?", reasons)])),
        (
            "Applying",
            object([
                ("sequence?", maybe(text())),
                ("scoring?", boolean()),
                ("version?", maybe(text())),
                ("plan?", maybe(text())),
                ("at_most?", maybe(integer())),
            ]),
        ),
        ("Pausing", object([("scope", text())])),
        ("HandingOff", object([("lead", of("Who")), ("reason", short(500))])),
        (
            "Acting",
            object([
                ("act", words(["claim", "contacted", "not_ready", "wrong_person"])),
                ("by", short(64)),
                ("reason?", maybe(json!({"type": "string", "maxLength": 500}))),
            ]),
        ),
        ("Doing", object(doing())),
        ("Bulk", bulk()),
        (
            "Issuing",
            object([
                ("name", short(64)),
                ("scopes", json!({"type": "array", "minItems": 1, "items": words(Right::ALL.map(Right::as_str))})),
            ]),
        ),
    ]
}

/// One act on many tasks.
fn bulk() -> Value {
    let [outcome, until, length, to, by] = doing();
    let tasks = json!({"type": "array", "items": of("Id"), "maxItems": 500});
    let filter = object([
        ("state?", maybe(words(["open", "snoozed"]))),
        ("owner?", maybe(text())),
        ("kind?", maybe(words(TaskKind::ALL.map(TaskKind::as_str)))),
        ("sequence?", maybe(text())),
        ("lead?", maybe(of("Who"))),
        ("due_by?", maybe(time())),
        ("overdue?", boolean()),
        ("cursor?", maybe(text())),
        ("limit?", maybe(json!({"type": "integer", "minimum": 1, "maximum": 500}))),
    ]);
    object([
        ("act", words(["done", "skip", "snooze", "assign"])),
        ("tasks?", tasks),
        ("filter?", maybe(filter)),
        outcome,
        until,
        length,
        to,
        by,
    ])
}
