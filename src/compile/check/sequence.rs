//! One sequence file: who enters, what ends it, and its steps.

use std::collections::BTreeSet;

use super::conditions::{Speaks, condition};
use super::fields::{Fields, Keys, not_yet, scalar};
use super::known::Known;
use super::scoring::length;
use super::{send, steps};
use crate::compile::diagnostic::{Code, Report};
use crate::compile::syntax::Node;
use crate::domain::sequence::{Act, Again, AtSql, Kind, OnUnknown, Sequence, Stop, Trigger};
use crate::domain::time::Millis;

const FILE: Keys = Keys {
    what: "a sequence",
    known: &[
        "title",
        "kind",
        "topic",
        "owner",
        "enroll",
        "again",
        "send",
        "stop",
        "at_sql",
        "goal",
        "max_lateness",
        "on_unknown",
        "steps",
    ],
    later: &["exclusive", "priority", "limits", "in_flight", "track", "experiments", "catch_up"],
};
const TRIGGER: Keys =
    Keys { what: "a trigger", known: &["on", "when"], later: &["every", "segment", "catch_up", "zone"] };
const STOP: Keys = Keys { what: "`stop`", known: &["on", "when"], later: &["colleagues"] };

/// What a sequence file is read with.
#[derive(Clone, Copy)]
pub struct Around<'a> {
    pub known: Known<'a>,
    pub has_address: bool,
    pub report: &'a Report,
}

/// Reads one sequence; `None` only when it cannot be one at all. The caller gives it its version.
pub fn sequence(name: &str, root: &Node, around: Around<'_>) -> Option<Sequence> {
    let Around { known, report, .. } = around;
    let fields = Fields::of(root, FILE, report)?;
    let kinds = [("cadence", Kind::Cadence), ("nurture", Kind::Nurture), ("transactional", Kind::Transactional)];
    fields.need("kind");
    let kind = fields.choice("kind", &kinds).unwrap_or(Kind::Nurture);
    if let Some(key) = fields.key("topic").filter(|_| kind != Kind::Nurture) {
        let message = format!("a {} has no `topic`; only a nurture's unsubscribe can be limited to one", kind.as_str());
        report.error(Code::UnknownKey, key.place, message);
    }
    let ids = steps::ids(root);
    let speaks = Speaks { lead: known.lead, account: known.account, steps: &ids, event: false };
    let send = send::sending(&fields, kind, known);
    let body = steps::steps(name, &fields, steps::Inside { around, speaks, kind });
    if send.from.is_none()
        && let Some(step) = body.steps.iter().find(|step| matches!(step.act, Act::Email { .. }))
    {
        let message = format!("the step `{}` mails, but `send.from` names no sender", step.id);
        report.error_with(Code::MissingSender, fields.place, message, "add `send: {from: …}`".to_owned());
    }
    Some(Sequence {
        name: name.to_owned(),
        version: String::new(),
        title: fields.text("title").unwrap_or(name).to_owned(),
        kind,
        topic: fields.text("topic").map(str::to_owned),
        owner: fields.text("owner").map(str::to_owned),
        enroll: fields.list("enroll").into_iter().filter_map(|node| trigger(node, speaks, report)).collect(),
        again: again(&fields),
        send,
        stop: stop(&fields, speaks),
        at_sql: at_sql(&fields, kind),
        goal: fields.get("goal").and_then(|node| super::event_name(node, "goal", report)),
        max_lateness: fields.parse("max_lateness", length).unwrap_or(Millis::DAY),
        on_unknown: on_unknown(&fields),
        steps: body.steps,
        templates: body.templates,
    })
}

fn trigger(node: &Node, speaks: Speaks<'_>, report: &Report) -> Option<Trigger> {
    let fields = Fields::of(node, TRIGGER, report)?;
    if fields.key("every").is_some() || fields.key("segment").is_some() {
        return None;
    }
    let on = fields.need("on").and_then(|node| super::event_name(node, "on", report))?;
    let no_steps = BTreeSet::new();
    let speaks = Speaks { event: true, steps: &no_steps, ..speaks };
    let when = match fields.get("when") {
        Some(node) => Some(condition(node, "when", speaks, report)?),
        None => None,
    };
    Some(Trigger { on, when })
}

fn again(fields: &Fields<'_>) -> Again {
    let read = |text: &str| match text {
        "never" => Ok(Again::Never),
        "always" => Ok(Again::Always),
        text => length(text)
            .map(Again::After)
            .map_err(|_| format!("expected never, always or a time such as 90d, found `{text}`")),
    };
    fields.parse("again", read).unwrap_or(Again::Never)
}

fn stop(fields: &Fields<'_>, speaks: Speaks<'_>) -> Stop {
    let report = fields.report;
    let Some(fields) = fields.get("stop").and_then(|node| Fields::of(node, STOP, report)) else {
        return Stop::default();
    };
    let on = fields.list("on").into_iter().filter_map(|node| super::event_name(node, "on", report)).collect();
    Stop { on, when: fields.get("when").and_then(|node| condition(node, "when", speaks, report)) }
}

fn at_sql(fields: &Fields<'_>, kind: Kind) -> AtSql {
    let choices = [("exit", AtSql::Exit), ("pause", AtSql::Pause), ("ignore", AtSql::Ignore)];
    let usual = if kind == Kind::Nurture { AtSql::Exit } else { AtSql::Ignore };
    fields.choice("at_sql", &choices).unwrap_or(usual)
}

fn on_unknown(fields: &Fields<'_>) -> OnUnknown {
    let choices = [("proceed", OnUnknown::Proceed), ("hold", OnUnknown::Hold)];
    fields.choice("on_unknown", &choices).unwrap_or(OnUnknown::Proceed)
}

/// Tells a value that only later versions read as a mapping.
pub fn plain<'a>(node: &'a Node, what: &str, report: &Report) -> Option<&'a str> {
    if let crate::compile::syntax::Value::Map(entries) = &node.value {
        let keys: Vec<&str> = entries.iter().map(|entry| entry.key.text.as_str()).collect();
        not_yet(node.place, &format!("`{what}` with {}", keys.join(", ")), report);
        return None;
    }
    scalar(node, what, report)
}
