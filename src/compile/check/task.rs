//! A step that a person does.

use super::acts::{Templates, filled, long, template_named};
use super::fields::{Fields, parse, scalar};
use super::steps::Inside;
use crate::compile::diagnostic::Code;
use crate::compile::syntax::Node;
use crate::compile::template::{self, Use};
use crate::domain::calendar::{Pause, Wait};
use crate::domain::sequence::{Act, Overdue, Patience, Task, TaskKind};

/// How long a sequence waits for a task whose step does not say.
const USUAL: Pause = Pause { wait: Wait::BusinessDays(5), spread: crate::domain::time::Millis::ZERO };
const MOST_OUTCOMES: usize = 20;

/// Reads a step with `task`.
pub fn task(
    sequence: &str,
    node: &Node,
    fields: &Fields<'_>,
    (inside, used): (Inside<'_>, &mut Templates),
) -> Option<Act> {
    let report = inside.around.report;
    let kind = fields.choice("task", &TaskKind::ALL.map(|kind| (kind.as_str(), kind)));
    let title = fields.need("title").and_then(|node| {
        let text = scalar(node, "title", report)?;
        let step = fields.text("id").unwrap_or("step");
        let parsed = template::inline(&format!("{sequence}#{step}.title"), text, node.place, report);
        parsed.check_values(inside.around.known.lead, inside.around.known.account, report);
        filled(&parsed, node.place, inside);
        Some(parsed.template)
    });
    let notes = fields.get("notes").and_then(|node| {
        let name = scalar(node, "notes", report)?;
        let parsed = template_named(name, node, inside)?;
        parsed.fits(Use::Notes, node.place, report);
        if !inside.has_sender {
            parsed.without_sender(report);
        }
        used.insert(name.to_owned(), parsed.template.clone());
        Some(name.to_owned())
    });
    let due = fields.get("due").and_then(|node| Some(long(parse(node, "due", report, Pause::parse)?, node, report)));
    let mut outcomes: Vec<String> = Vec::new();
    for (text, node) in fields.texts("outcomes") {
        if crate::compile::names::is_plain(text) {
            outcomes.push(text.to_owned());
        } else {
            let hint = "lower-case letters, digits, `-` and `_`, at most 64".to_owned();
            report.error_with(Code::BadName, node.place, format!("`{text}` cannot be an outcome"), hint);
        }
    }
    if outcomes.len() > MOST_OUTCOMES {
        let hint = "leave out those that no step asks about".to_owned();
        report.error_with(Code::BadValue, node.place, format!("a task has at most {MOST_OUTCOMES} outcomes"), hint);
    }
    let patience = match fields.get("wait") {
        Some(node) => patience(node, inside)?,
        None => Patience::UpTo(USUAL),
    };
    let choices = [("skip", Overdue::Skip), ("hold", Overdue::Hold), ("escalate", Overdue::Escalate)];
    let overdue = fields.choice("overdue", &choices).unwrap_or(Overdue::Skip);
    let told = overdue == Overdue::Escalate && due.is_some();
    if let Some(key) = fields.key("overdue").filter(|_| patience == Patience::None && !told) {
        let said = fields.text("overdue").unwrap_or_default();
        let message = format!("`wait: no` waits for nothing, so `overdue: {said}` never comes about");
        let hint =
            "wait with `wait: up_to 3bd`, remove `overdue`, or write `overdue: escalate` with a `due`".to_owned();
        report.warn(Code::NeverOverdue, key.place, message, hint);
    }
    Some(Act::Task(Box::new(Task { kind: kind?, title: title?, notes, due, outcomes, patience, overdue })))
}

/// `no`, or `up_to 3bd`.
fn patience(node: &Node, inside: Inside<'_>) -> Option<Patience> {
    let report = inside.around.report;
    let text = scalar(node, "wait", report)?;
    if text == "no" {
        return Some(Patience::None);
    }
    let Some(length) = text.strip_prefix("up_to ") else {
        let message = format!("`wait`: expected no or up_to 3bd, found `{text}`");
        report.error_with(Code::BadValue, node.place, message, "a task waits for whoever does it".to_owned());
        return None;
    };
    match Pause::parse(length.trim()) {
        Ok(pause) => Some(Patience::UpTo(long(pause, node, report))),
        Err(message) => {
            super::fields::unread(node, "wait", &message, report);
            None
        }
    }
}
