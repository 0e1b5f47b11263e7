//! Conditions may ask about any step of their file, also a later one; so what the steps are is gathered before they are read.

use super::steps::KINDS;
use crate::compile::syntax::{Node, Value};
use crate::domain::condition::{Deed, Deeds};

/// All steps of a file that have an id, at any depth, with what can be asked about them.
pub fn deeds(root: &Node) -> Deeds {
    let mut deeds = Deeds::new();
    gather(root.get("steps"), &mut deeds);
    deeds
}

fn gather(steps: Option<&Node>, deeds: &mut Deeds) {
    let Some(Value::List(items)) = steps.map(|node| &node.value) else { return };
    for step in items {
        // An `else` is part of the `if` before it, and no step.
        let continues = step.get("else").or_else(|| step.get("else if")).is_some();
        if let Some(id) = step.get("id").and_then(Node::text).filter(|_| !continues) {
            deeds.insert(id.to_owned(), deed(step));
        }
        gather(step.get("then"), deeds);
        gather(step.get("else"), deeds);
        if let Some(Value::Map(ways)) = step.get("split").map(|node| &node.value) {
            for way in ways {
                gather(way.value.get("steps"), deeds);
            }
        }
    }
}

fn deed(step: &Node) -> Deed {
    if step.get("email").is_some() {
        return Deed::Mail;
    }
    if step.get("task").is_none() {
        // What a step does that says nothing known is told at the step itself.
        let is_known = KINDS.iter().any(|kind| step.get(kind).is_some());
        return if is_known { Deed::Other } else { Deed::Any };
    }
    let outcomes = step.get("outcomes").map(|node| match &node.value {
        Value::List(items) => items.iter().filter_map(Node::text).map(str::to_owned).collect(),
        _ => node.text().map(str::to_owned).into_iter().collect(),
    });
    Deed::Task(outcomes.unwrap_or_default())
}
