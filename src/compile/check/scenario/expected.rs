//! What a test expects.

use super::super::fields::{Fields, Keys, number, parse, scalar, unknown};
use super::{Inside, deeds};
use crate::compile::diagnostic::Code;
use crate::compile::names;
use crate::compile::syntax::{Entry, Node, Value};
use crate::domain::scenario::{Expected, ExpectedHandoff, ExpectedTouch, StepName};

const EXPECTED: Keys = Keys {
    what: "`expect`",
    known: &["touches", "tasks", "enrolled", "exit", "stage", "score", "temperature", "handoff", "attributes"],
    later: &[],
};
/// How an enrollment may end.
const EXITS: [&str; 14] = [
    "no",
    "finished",
    "replied",
    "unsubscribed",
    "bounced",
    "complained",
    "suppressed",
    "erased",
    "goal",
    "stopped",
    "reached_sql",
    "removed",
    "failed",
    "won",
];

/// Reads `expect`.
pub fn expected(node: &Node, inside: Inside<'_>) -> Option<Expected> {
    let report = inside.stage.report;
    let fields = Fields::of(node, EXPECTED, report)?;
    Some(Expected {
        touches: in_order(&fields, "touches", inside),
        tasks: in_order(&fields, "tasks", inside),
        enrolled: super::yes_or_no(&fields, "enrolled"),
        exit: fields.get("exit").and_then(|node| exit(node, inside)),
        stage: fields.get("stage").and_then(|node| deeds::stage(node, inside)),
        score: fields.parse("score", score),
        temperature: fields.get("temperature").and_then(|node| temperature(node, inside)),
        handoff: fields.get("handoff").and_then(|node| handoff(node, inside)),
        attributes: fields
            .get("attributes")
            .map(|node| deeds::values(node, inside).into_iter().collect())
            .unwrap_or_default(),
    })
}

/// A list of touches or of tasks.
fn in_order(fields: &Fields<'_>, key: &str, inside: Inside<'_>) -> Option<Vec<ExpectedTouch>> {
    let report = inside.stage.report;
    let tasks = key == "tasks";
    fields.key(key)?;
    let node = fields.get(key);
    let items = match node.map(|node| &node.value) {
        Some(Value::List(items)) => items.as_slice(),
        _ => &[],
    };
    if let Some(node) = node.filter(|node| !matches!(node.value, Value::List(_))) {
        let hint = "write `[]` where none is expected, else `- STEP: TIME` for each".to_owned();
        report.error_with(Code::WrongShape, node.place, format!("expected a list, found {}", node.kind()), hint);
    }
    let one = |item: &Node| {
        let found = touch(item, inside)?;
        if inside.task(&found.step).is_some() != tasks {
            let (is, list) = if tasks { ("is no task", "touches") } else { ("is a task", "tasks") };
            let message = format!("`{}` {is}", found.step.step);
            report.error_with(Code::UnknownStep, item.place, message, format!("expect it under `{list}`"));
        }
        Some(found)
    };
    Some(items.iter().filter_map(one).collect())
}

/// `STEP`, or `STEP: TIME`, and `variant: NAME` beside it.
fn touch(node: &Node, inside: Inside<'_>) -> Option<ExpectedTouch> {
    let report = inside.stage.report;
    let line = report.source(node.place.source).position(node.place.start).0;
    if let Value::Map(entries) = &node.value {
        let is_variant = |entry: &Entry| entry.key.text == "variant";
        let (entry, wanted) = match entries.as_slice() {
            [entry] => (entry, None),
            [entry, wanted] | [wanted, entry] if is_variant(wanted) => (entry, Some(wanted)),
            _ => {
                let hint = "`- {STEP: TIME, variant: NAME}` expects a variant of its mail".to_owned();
                report.error_with(Code::WrongShape, node.place, "one touch each: `- STEP: TIME`", hint);
                return None;
            }
        };
        let step = inside.step(&entry.key.text, entry.key.place)?;
        let between = parse(&entry.value, &entry.key.text, report, |text| match text.trim() {
            "any" => Ok(None),
            text => inside.clock.between(text).map(Some),
        })?;
        let variant = match wanted {
            Some(wanted) => Some(variant(&wanted.value, &step, inside)?),
            None => None,
        };
        return Some(ExpectedTouch { step, between, variant, line });
    }
    let step = inside.step(scalar(node, "a step", report)?, node.place)?;
    Some(ExpectedTouch { step, between: None, variant: None, line })
}

/// A variant of the mail of a step.
fn variant(node: &Node, step: &StepName, inside: Inside<'_>) -> Option<String> {
    let text = scalar(node, "variant", inside.stage.report)?;
    let sequence = inside.stage.sequences.get(&step.sequence)?;
    let tried = sequence.experiments().find(|(tried, _)| tried.id == step.step);
    let known = || tried.iter().flat_map(|(_, experiment)| &experiment.variants).map(|variant| variant.name.as_str());
    if known().any(|name| name == text) {
        return Some(text.to_owned());
    }
    let message = format!("`{}` has no variant `{text}`", step.step);
    inside.stage.report.error_with(Code::UnknownChoice, node.place, message, names::hint(text, known()));
    None
}

fn exit(node: &Node, inside: Inside<'_>) -> Option<String> {
    let text = scalar(node, "exit", inside.stage.report)?;
    let word = text.split(':').next().unwrap_or(text).trim();
    if EXITS.contains(&word) {
        return Some(text.to_owned());
    }
    let message = format!("no sequence ends as `{word}`");
    inside.stage.report.error_with(Code::UnknownChoice, node.place, message, names::hint(word, EXITS));
    None
}

/// `57`, or `50..80`.
fn score(text: &str) -> Result<(f64, f64), String> {
    let Some((from, to)) = text.split_once("..") else { return number(text).map(|score| (score, score)) };
    let (from, to) = (number(from.trim())?, number(to.trim())?);
    if from <= to { Ok((from, to)) } else { Err(format!("`{text}` ends before it begins")) }
}

fn temperature(node: &Node, inside: Inside<'_>) -> Option<String> {
    let text = scalar(node, "temperature", inside.stage.report)?;
    let known = || inside.stage.bands.iter().map(|(name, _)| name.as_str()).chain(["hot"]);
    if known().any(|name| name == text) {
        return Some(text.to_owned());
    }
    let message = format!("there is no temperature `{text}`");
    inside.stage.report.error_with(Code::UnknownChoice, node.place, message, names::hint(text, known()));
    None
}

/// `true`, `false`, `TEAM` or `TEAM/REP`.
fn handoff(node: &Node, inside: Inside<'_>) -> Option<ExpectedHandoff> {
    let (report, staff) = (inside.stage.report, inside.stage.staff);
    let text = scalar(node, "handoff", report)?;
    match text {
        "true" | "yes" => return Some(ExpectedHandoff::Any),
        "false" | "no" => return Some(ExpectedHandoff::None),
        _ => {}
    }
    let (team, rep) = text.split_once('/').map_or((text, None), |(team, rep)| (team, Some(rep)));
    if !staff.teams.contains_key(team) {
        unknown(Code::UnknownTeam, node.place, team, staff.teams.keys().map(String::as_str), report);
        return None;
    }
    if let Some(rep) = rep.filter(|rep| !staff.reps.contains_key(*rep)) {
        unknown(Code::UnknownRep, node.place, rep, staff.reps.keys().map(String::as_str), report);
        return None;
    }
    Some(ExpectedHandoff::To { team: team.to_owned(), rep: rep.map(str::to_owned) })
}
