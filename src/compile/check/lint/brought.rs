//! Values that steps before one would have to bring, and none can.

use std::collections::BTreeSet;

use super::Files;
use super::ways::{after, reached};
use crate::compile::diagnostic::Code;
use crate::domain::sequence::{Act, Sequence, With};
use crate::domain::template::Template;

/// Tells each step whose text cannot do without a value of earlier steps that nothing before it brings: every lead would be held there.
pub fn never_brought(files: Files<'_>, name: &str, sequence: &Sequence) {
    if !files.is_sound(name) || !sequence.steps.iter().any(|step| asked(sequence, &step.act).next().is_some()) {
        return;
    }
    let behind_calls = behind(sequence, |act| matches!(act, Act::Webhook { .. }));
    let behind_tasks = behind(sequence, |act| matches!(act, Act::Task(_)));
    for (at, step) in sequence.steps.iter().enumerate() {
        let brought = |value: &str| behind_calls.contains(&at) || value == "outcome" && behind_tasks.contains(&at);
        let missing: BTreeSet<&str> = asked(sequence, &step.act).filter(|value| !brought(value)).collect();
        for value in missing {
            let Some(place) = files.step(name, step) else { continue };
            let message = format!("`step.{value}` is said here, and no step before this one brings it");
            let hint = format!(
                "put the webhook that answers with `{value}` before it{}, or write a fallback, `{{{{or step.{value} \"…\"}}}}`",
                if value == "outcome" { ", or a task" } else { "" }
            );
            files.report.error_with(Code::UnknownValue, place, message, hint);
        }
    }
}

/// The steps that a lead can come to after one of some kind.
fn behind(sequence: &Sequence, kind: impl Fn(&Act) -> bool) -> BTreeSet<usize> {
    let of_kind = sequence.steps.iter().enumerate().filter(|(_, step)| kind(&step.act));
    reached(sequence, of_kind.flat_map(|(at, _)| after(sequence, at)), |_| true)
}

/// The values of earlier steps that the texts of a step cannot do without.
fn asked<'s>(sequence: &'s Sequence, act: &'s Act) -> impl Iterator<Item = &'s str> {
    let needs = texts(sequence, act).into_iter().flat_map(|text| &text.needs).filter(|need| !need.optional);
    needs.filter_map(|need| need.path.strip_prefix("step.")).filter(|value| *value != "id")
}

/// The texts that are filled at a step.
fn texts<'s>(sequence: &'s Sequence, act: &'s Act) -> Vec<&'s Template> {
    let file = |name: &str| sequence.templates.get(name).map(AsRef::as_ref);
    match act {
        Act::Email { copy } => copy.templates().filter_map(file).collect(),
        Act::Webhook { with, .. } => {
            let text = |value: &'s With| match value {
                With::Text(text) => Some(text.as_ref()),
                With::Template(name) => file(name),
            };
            with.values().filter_map(text).collect()
        }
        Act::Task(task) => {
            let notes = task.notes.as_deref().and_then(file);
            [task.title.as_ref()].into_iter().chain(notes).collect()
        }
        _ => Vec::new(),
    }
}
