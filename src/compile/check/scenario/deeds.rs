//! What happens to the lead of a test.

use serde_json::{Map, Value as Json};

use super::super::fields::{Fields, Keys, date, entries, scalar, unknown};
use super::{Inside, attribute};
use crate::compile::diagnostic::Code;
use crate::compile::names;
use crate::compile::syntax::{Entry, Node, Style, Value};
use crate::domain::handoff::Act;
use crate::domain::scenario::{By, Deed, Happening, StepName, When};
use crate::domain::stage::Stage as LifeStage;
use crate::domain::task::TaskAct;

const DEEDS: [&str; 16] = [
    "event",
    "open",
    "click",
    "reply",
    "bounce",
    "unsubscribe",
    "out_of_office",
    "set",
    "stage",
    "enroll",
    "pause",
    "resume",
    "rep",
    "task",
    "colleague",
    "at",
];
const HAPPENING: Keys = Keys {
    what: "an event of a test",
    known: &[
        "at",
        "event",
        "with",
        "open",
        "click",
        "url",
        "by",
        "reply",
        "bounce",
        "unsubscribe",
        "out_of_office",
        "set",
        "stage",
        "enroll",
        "pause",
        "resume",
        "rep",
        "task",
        "outcome",
        "colleague",
    ],
    later: &[],
};
/// Keys that say more about some deeds.
const MORE: [(&str, &[&str]); 4] =
    [("with", &["event"]), ("url", &["click"]), ("by", &["open", "click"]), ("outcome", &["task"])];
/// The outcome of a task that nobody does.
const SKIPPED: &str = "skipped";
/// Where a click leads that does not say.
const SOMEWHERE: &str = "https://example.com/";

/// Reads one item of `events`.
pub fn happening(node: &Node, inside: Inside<'_>) -> Option<Happening> {
    let report = inside.stage.report;
    let fields = Fields::of(node, HAPPENING, report)?;
    let when = when(fields.need("at")?, inside);
    let named: Vec<&str> = DEEDS.into_iter().filter(|deed| *deed != "at" && fields.key(deed).is_some()).collect();
    let [what] = named.as_slice() else {
        let found = if named.is_empty() { "none".to_owned() } else { named.join(" and ") };
        let message = format!("one thing happens at a time; found {found}");
        let hint = format!("one of {}", DEEDS[..DEEDS.len() - 1].join(", "));
        report.error_with(Code::StepKind, fields.place, message, hint);
        return None;
    };
    for (more, _) in MORE.iter().filter(|(_, deeds)| !deeds.contains(what)) {
        if let Some(key) = fields.key(more) {
            let message = format!("`{more}` says nothing about `{what}`");
            report.error_with(Code::UnknownKey, key.place, message, format!("remove `{more}`"));
        }
    }
    let deed = deed(what, &fields, inside)?;
    Some(Happening { when: when?, deed, line: report.source(node.place.source).position(node.place.start).0 })
}

/// A time, or `STEP + 10m`: so long after the step's touch left.
fn when(node: &Node, inside: Inside<'_>) -> Option<When> {
    let report = inside.stage.report;
    let text = scalar(node, "at", report)?.trim();
    let is_step = text.starts_with(|c: char| c.is_ascii_alphabetic());
    if !is_step {
        return super::super::fields::parse(node, "at", report, |text| inside.clock.instant(text)).map(When::At);
    }
    let (step, wait) = text.split_once('+').unwrap_or((text, "0s"));
    let step = inside.step(step.trim(), node.place)?;
    let length = |_: &str| crate::domain::calendar::parse_length(wait.trim());
    let wait = super::super::fields::parse(node, "at", report, length)?;
    Some(When::AfterStep { step, wait })
}

fn deed(what: &str, fields: &Fields<'_>, inside: Inside<'_>) -> Option<Deed> {
    let report = inside.stage.report;
    let node = fields.get(what)?;
    let step = || scalar(node, what, report).and_then(|text| inside.step(text, node.place));
    let by = fields.choice("by", &[("person", By::Person), ("machine", By::Machine)]).unwrap_or(By::Person);
    Some(match what {
        "event" => Deed::Event { name: super::super::event_name(node, "event", report)?, data: data(fields) },
        "open" => Deed::Open { step: step()?, by },
        "click" => Deed::Click { step: step()?, url: fields.text("url").unwrap_or(SOMEWHERE).to_owned(), by },
        "reply" => Deed::Reply { step: if node.text() == Some("true") { None } else { Some(step()?) } },
        "bounce" => Deed::Bounce { step: step()? },
        "unsubscribe" => {
            let topic = scalar(node, what, report)?;
            Deed::Unsubscribe { topic: (topic != "everything").then(|| topic.to_owned()) }
        }
        "out_of_office" => Deed::OutOfOffice {
            until: match node.text() {
                Some("true") => None,
                _ => Some(super::super::fields::parse(node, what, report, date)?),
            },
        },
        "set" => Deed::Set { values: values(node, inside) },
        "stage" => Deed::Stage { to: stage(node, inside)? },
        "enroll" => Deed::Enroll { sequence: sequence(node, inside)? },
        "pause" => Deed::Pause,
        "resume" => Deed::Resume,
        "task" => {
            let step = step()?;
            let act = task_act(&step, node, fields, inside)?;
            Deed::Task { step, act }
        }
        "colleague" => fields.choice("colleague", &[("replies", ())]).map(|()| Deed::ColleagueReplies)?,
        _ => Deed::Rep { act: act(fields)? },
    })
}

fn act(fields: &Fields<'_>) -> Option<Act> {
    let choices = [("claim", 0), ("contacted", 1), ("not_ready", 2), ("wrong_person", 3)];
    Some(match fields.choice("rep", &choices)? {
        0 => Act::Claim,
        1 => Act::Contacted,
        2 => Act::NotReady { reason: "said in a test".to_owned() },
        _ => Act::WrongPerson,
    })
}

/// How the task of a step ends: with one of its outcomes, or skipped.
fn task_act(step: &StepName, node: &Node, fields: &Fields<'_>, inside: Inside<'_>) -> Option<TaskAct> {
    let report = inside.stage.report;
    let Some(task) = inside.task(step) else {
        let message = format!("`{}` is no task", step.step);
        report.error_with(Code::UnknownStep, node.place, message, "name a step with `task`".to_owned());
        return None;
    };
    let words = || task.outcomes.iter().map(String::as_str).chain([SKIPPED]);
    match fields.text("outcome") {
        Some(SKIPPED) => Some(TaskAct::Skip),
        Some(word) if task.outcomes.is_empty() || task.outcomes.iter().any(|known| known == word) => {
            Some(TaskAct::Done { outcome: Some(word.to_owned()) })
        }
        Some(word) => {
            let place = fields.get("outcome").map_or(node.place, |node| node.place);
            let message = format!("`{word}` is no outcome of `{}`", step.step);
            report.error_with(Code::UnknownChoice, place, message, names::hint(word, words()));
            None
        }
        None if task.outcomes.is_empty() => Some(TaskAct::Done { outcome: None }),
        None => {
            let message = format!("how did `{}` come out?", step.step);
            let hint = format!("add `outcome:` with one of {}", words().collect::<Vec<_>>().join(", "));
            report.error_with(Code::MissingKey, node.place, message, hint);
            None
        }
    }
}

fn sequence(node: &Node, inside: Inside<'_>) -> Option<String> {
    let (known, report) = (inside.stage.sequences, inside.stage.report);
    let name = scalar(node, "enroll", report)?;
    if known.contains_key(name) {
        return Some(name.to_owned());
    }
    unknown(Code::UnknownSequence, node.place, name, known.keys().map(String::as_str), report);
    None
}

/// A stage of the lifecycle.
pub fn stage(node: &Node, inside: Inside<'_>) -> Option<LifeStage> {
    let report = inside.stage.report;
    let name = scalar(node, "stage", report)?;
    let found = LifeStage::parse(name);
    if found.is_none() {
        unknown(Code::UnknownStage, node.place, name, LifeStage::ALL.map(LifeStage::as_str), report);
    }
    found
}

/// Attributes with their values, as their declared types.
pub fn values(node: &Node, inside: Inside<'_>) -> Map<String, Json> {
    let read = |Entry { key, value }: &Entry| {
        let read = attribute(&key.text, key.place, value, inside.stage)?;
        Some((key.text.clone(), read))
    };
    entries(node, "set", inside.stage.report).iter().filter_map(read).collect()
}

/// The data of an event, as JSON would carry it: numbers and truth values where they are written plainly.
fn data(fields: &Fields<'_>) -> Map<String, Json> {
    fields.map("with").iter().map(|Entry { key, value }| (key.text.clone(), plain(value))).collect()
}

fn plain(node: &Node) -> Json {
    match &node.value {
        Value::Scalar { text, style: Style::Plain } => {
            let read = serde_json::from_str::<Json>(text).ok().filter(|value| !value.is_object());
            read.unwrap_or_else(|| text.clone().into())
        }
        Value::Scalar { text, .. } => text.clone().into(),
        Value::List(items) => items.iter().map(plain).collect(),
        Value::Map(entries) => {
            Json::Object(entries.iter().map(|Entry { key, value }| (key.text.clone(), plain(value))).collect())
        }
    }
}
