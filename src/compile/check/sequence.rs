//! One sequence file: who enters, what ends it, and its steps.

use super::conditions::{Speaks, condition};
use super::fields::{Fields, Keys};
use super::known::Known;
use super::scoring::length;
use super::{deeds, entry, send, steps};
use crate::compile::diagnostic::{Code, Report};
use crate::compile::syntax::Node;
use crate::domain::condition::Deed;
use crate::domain::sequence::{Act, AtSql, Colleagues, Kind, OnUnknown, Sequence, Stop};
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
        "exclusive",
        "priority",
        "limits",
        "in_flight",
        "send",
        "stop",
        "at_sql",
        "goal",
        "max_lateness",
        "on_unknown",
        "steps",
    ],
    later: &[],
};
const STOP: Keys = Keys { what: "`stop`", known: &["on", "when", "colleagues"], later: &[] };

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
        report.error_with(Code::UnknownKey, key.place, message, "remove it, or write `kind: nurture`".to_owned());
    }
    let mut deeds = deeds::deeds(root);
    if known.is_stored() {
        for deed in deeds.values_mut() {
            *deed = Deed::Any;
        }
    }
    let speaks = Speaks { lead: known.lead, account: known.account, steps: &deeds, event: false };
    let send = send::sending(&fields, kind, known);
    let body = steps::steps(name, &fields, steps::Inside { around, speaks, kind, has_sender: send.from.is_some() });
    if send.from.is_none()
        && !send::is_misspelt(&fields)
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
        enroll: fields.list("enroll").into_iter().filter_map(|node| entry::trigger(node, speaks, report)).collect(),
        again: entry::again(&fields),
        exclusive: entry::exclusive(&fields),
        priority: entry::priority(&fields),
        limits: entry::limits(&fields),
        in_flight: entry::in_flight(&fields),
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

fn stop(fields: &Fields<'_>, speaks: Speaks<'_>) -> Stop {
    let report = fields.report;
    let Some(fields) = fields.get("stop").and_then(|node| Fields::of(node, STOP, report)) else {
        return Stop::default();
    };
    let on = fields.list("on").into_iter().filter_map(|node| super::event_name(node, "on", report)).collect();
    let when = fields.get("when").and_then(|node| condition(node, "when", speaks, report));
    Stop { on, when, colleagues: fields.parse("colleagues", colleagues).unwrap_or_default() }
}

fn colleagues(text: &str) -> Result<Colleagues, String> {
    let expected = || format!("expected ignore, delay 14d, pause or stop, found `{text}`");
    match text.split_once(' ') {
        None if text == "ignore" => Ok(Colleagues::Ignore),
        None if text == "pause" => Ok(Colleagues::Pause),
        None if text == "stop" => Ok(Colleagues::Stop),
        Some(("delay", by)) => length(by).map(Colleagues::Delay).map_err(|_| expected()),
        _ => Err(expected()),
    }
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
