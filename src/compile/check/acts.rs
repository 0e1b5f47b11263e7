//! What a single step does.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::conditions::condition;
use super::fields::{Fields, Keys, parse, scalar, unknown};
use super::steps::{Inside, STEP, kinds};
use super::{copy, set, task};
use crate::compile::diagnostic::{Code, Report};
use crate::compile::source::Place;
use crate::compile::syntax::{Key, Node, Value};
use crate::compile::template::{self, Use};
use crate::domain::calendar::{Pause, Wait};
use crate::domain::sequence::{Act, OnFailure, With};
use crate::domain::template::Template;

const ALL: [&str; 10] = ["email", "webhook", "task", "wait", "if", "split", "set", "handoff", "enroll", "end"];
const HANDOFF: Keys = Keys { what: "a handoff", known: &["reason", "when"], later: &["team", "rep", "sla"] };
const WAIT: Keys = Keys { what: "a wait", known: &["until", "for", "up_to"], later: &[] };
const FILE: Keys = Keys { what: "a value from a file", known: &["template"], later: &[] };

pub type Templates = BTreeMap<String, Arc<Template>>;

/// The one thing a step does, told where it does none or several, or has keys that belong to another.
pub fn one_thing<'a>(fields: &Fields<'a>) -> Option<&'a str> {
    let found = kinds(fields);
    let kind = match found.as_slice() {
        [kind] => *kind,
        // A task says itself how long it is waited for.
        ["task", "wait"] | ["wait", "task"] => "task",
        [] => {
            // Where a key is unknown it was told, and is what the step was to do.
            if fields.entries().iter().all(|entry| STEP.known.contains(&entry.key.text.as_str())) {
                let hint = format!("a step does one of: {}", ALL.join(", "));
                fields.report.error_with(Code::StepKind, fields.place, "this step does nothing", hint);
            }
            return None;
        }
        several => {
            let hint = "write each as an item of its own, with its own `- `".to_owned();
            let message = format!("a step does one thing; this does {}", several.join(" and "));
            fields.report.error_with(Code::StepKind, fields.place, message, hint);
            return None;
        }
    };
    misplaced(fields, kind);
    Some(kind)
}

/// Tells a key of `wait` that stands where a step does, as in `- until: 09:30`.
pub fn is_bare_wait(item: &Node, report: &Report) -> bool {
    let Value::Map(entries) = &item.value else { return false };
    let is_of_wait = |key: &&Key| WAIT.known.contains(&key.text.as_str());
    let Some(key) = entries.iter().map(|entry| &entry.key).find(is_of_wait) else { return false };
    let message = format!("`{}` is a key of `wait`, and none of a step", key.text);
    report.error_with(Code::UnknownKey, key.place, message, format!("write `- wait: {{{}: …}}`", key.text));
    true
}

/// Reads what a step does; `None` when it is nothing that can be done.
pub fn act(sequence: &str, fields: &Fields<'_>, (inside, used): (Inside<'_>, &mut Templates)) -> Option<Act> {
    let kind = one_thing(fields)?;
    let node = if kind == "end" && fields.key(kind).is_some() { None } else { fields.get(kind) };
    match kind {
        "email" => copy::email(node?, inside, used),
        "task" => task::task(sequence, node?, fields, (inside, used)),
        "webhook" => webhook(sequence, node?, fields, (inside, used)),
        "wait" => wait(node?, inside),
        "set" => Some(Act::Set(set::assigns(node?, inside))),
        "handoff" => handoff(node?, inside),
        "enroll" => enroll(node?, inside),
        _ => {
            let reason =
                fields.entries().iter().find(|entry| entry.key.text == "end").and_then(|entry| entry.value.text());
            Some(Act::End { reason: reason.unwrap_or("end").to_owned() })
        }
    }
}

/// Keys that belong to other kinds of steps.
fn misplaced(fields: &Fields<'_>, kind: &str) {
    let of_tasks = ["title", "notes", "due", "outcomes", "overdue"].map(|key| (key, "task"));
    for (key, owner) in [("with", "webhook"), ("on_failure", "webhook"), ("then", "if")].into_iter().chain(of_tasks) {
        if kind != owner
            && let Some(key) = fields.key(key)
        {
            let message = format!("`{}` belongs to a step with `{owner}`", key.text);
            let hint = format!("move it to one, or remove it: this step does `{kind}`");
            fields.report.error_with(Code::UnknownKey, key.place, message, hint);
        }
    }
}

/// A template of templates/ by its name.
pub fn template_named<'a>(name: &str, node: &Node, inside: Inside<'a>) -> Option<&'a template::Parsed> {
    let templates = inside.around.known.templates;
    let found = templates.get(name);
    if found.is_none() {
        let report = inside.around.report;
        let stripped = name.strip_prefix("templates/").unwrap_or(name);
        let bare = stripped.rsplit_once('.').map_or(stripped, |(bare, _)| bare);
        if bare != name && templates.contains_key(bare) {
            let message = format!("a template is named without `templates/` and without its extension: `{name}`");
            report.error_with(Code::UnknownTemplate, node.place, message, format!("write `{bare}`"));
        } else {
            unknown(Code::UnknownTemplate, node.place, name, templates.keys().map(String::as_str), report);
        }
    }
    found
}

fn webhook(
    sequence: &str,
    node: &Node,
    fields: &Fields<'_>,
    (inside, used): (Inside<'_>, &mut Templates),
) -> Option<Act> {
    let report = inside.around.report;
    let channel = scalar(node, "webhook", report)?;
    if let Some(names) = inside.around.known.names
        && !names.channels.contains(channel)
    {
        unknown(Code::UnknownChannel, node.place, channel, names.channels.iter().map(String::as_str), report);
    }
    let mut with = BTreeMap::new();
    for entry in fields.map("with") {
        let step = fields.text("id").unwrap_or("step");
        let name = format!("{sequence}#{step}.{}", entry.key.text);
        if let Some(value) = value(&name, &entry.value, (inside, used)) {
            with.insert(entry.key.text.clone(), value);
        }
    }
    let choices = [("continue", OnFailure::Continue), ("hold", OnFailure::Hold), ("exit", OnFailure::Exit)];
    let on_failure = fields.choice("on_failure", &choices).unwrap_or(OnFailure::Continue);
    Some(Act::Webhook { channel: channel.to_owned(), with, on_failure })
}

fn value(name: &str, node: &Node, (inside, used): (Inside<'_>, &mut Templates)) -> Option<With> {
    let report = inside.around.report;
    if let Value::Map(_) = &node.value {
        let fields = Fields::of(node, FILE, report)?;
        let node = fields.need("template")?;
        let name = scalar(node, "template", report)?;
        let parsed = template_named(name, node, inside)?;
        filled(parsed, node.place, inside);
        used.insert(name.to_owned(), parsed.template.clone());
        return Some(With::Template(name.to_owned()));
    }
    let text = scalar(node, "with", report)?;
    let parsed = template::inline(name, text, node.place, report);
    parsed.check_values(inside.around.known.lead, inside.around.known.account, report);
    filled(&parsed, node.place, inside);
    Some(With::Text(parsed.template))
}

/// Tells what a text of a step cannot be filled with.
pub fn filled(parsed: &template::Parsed, user: Place, inside: Inside<'_>) {
    parsed.fits(Use::Webhook, user, inside.around.report);
    if !inside.has_sender {
        parsed.without_sender(inside.around.report);
    }
}

fn wait(node: &Node, inside: Inside<'_>) -> Option<Act> {
    let report = inside.around.report;
    let Value::Map(_) = &node.value else {
        let text = scalar(node, "wait", report)?;
        if text.starts_with("up_to") || text == "no" {
            let hint = "write `wait: 2d`, or `wait: {for: …, up_to: 2d}`".to_owned();
            report.error_with(Code::BadValue, node.place, format!("`wait: {text}` belongs to a task"), hint);
            return None;
        }
        return Some(Act::Wait(long(parse(node, "wait", report, Pause::parse)?, node, report)));
    };
    let fields = Fields::of(node, WAIT, report)?;
    if fields.key("for").is_none() && fields.key("up_to").is_none() {
        return Some(Act::Wait(
            fields.need("until").and_then(|node| parse(node, "until", report, Pause::parse_until))?,
        ));
    }
    if let Some(key) = fields.key("until") {
        let hint = "keep one of them; for the longest wait beside `for`, write `up_to`".to_owned();
        report.error_with(Code::UnknownKey, key.place, "a wait is `until` a time or `for` a condition, not both", hint);
    }
    let when = fields.need("for").and_then(|node| condition(node, "for", inside.speaks, report));
    let up_to =
        fields.need("up_to").and_then(|node| Some(long(parse(node, "up_to", report, Pause::parse)?, node, report)));
    match (when, up_to) {
        (Some(when), Some(up_to)) => Some(Act::WaitFor { when, up_to }),
        _ => None,
    }
}

/// A wait, told of if it is longer than anybody means.
pub fn long(pause: Pause, node: &Node, report: &Report) -> Pause {
    let days = match pause.wait {
        Wait::Elapsed(length) => length.0 / crate::domain::time::Millis::DAY.0,
        Wait::Days(days) => i64::from(days),
        Wait::BusinessDays(days) => i64::from(days) * 7 / 5,
        Wait::Until { .. } => 0,
    };
    if days > 366 {
        let hint = "a lead's interest does not last that long; if days were meant, write `d` and not `w`".to_owned();
        report.warn(Code::LongWait, node.place, "this wait is longer than a year", hint);
    }
    pause
}

fn handoff(node: &Node, inside: Inside<'_>) -> Option<Act> {
    let report = inside.around.report;
    if inside.around.known.names.is_some_and(|names| !names.teams) {
        let hint = "declare `teams` and `routing` in config/team.yaml".to_owned();
        report.error_with(Code::NoTeam, node.place, "there is no team to hand a lead to", hint);
    }
    let Value::Map(_) = &node.value else {
        let reason = scalar(node, "handoff", report)?.to_owned();
        return Some(Act::Handoff { reason, when: None });
    };
    let fields = Fields::of(node, HANDOFF, report)?;
    let reason = fields.need_text("reason").map(str::to_owned);
    let when = match fields.get("when") {
        Some(node) => Some(condition(node, "when", inside.speaks, report)?),
        None => None,
    };
    Some(Act::Handoff { reason: reason?, when })
}

fn enroll(node: &Node, inside: Inside<'_>) -> Option<Act> {
    let report = inside.around.report;
    let sequence = scalar(node, "enroll", report)?;
    if let Some(known) = inside.around.known.names
        && !known.sequences.contains(sequence)
    {
        unknown(Code::UnknownSequence, node.place, sequence, known.sequences.iter().map(String::as_str), report);
    }
    Some(Act::Enroll { sequence: sequence.to_owned() })
}
