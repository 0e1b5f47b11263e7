//! Steps that no lead can reach.

use std::collections::BTreeSet;

use super::Files;
use super::ways::{after, closed, reached};
use crate::compile::diagnostic::Code;
use crate::domain::sequence::Sequence;

/// Tells the first step of each part of a sequence that no lead can reach.
pub fn unreachable(files: Files<'_>, name: &str, sequence: &Sequence) {
    if !sequence.steps.is_empty() && files.is_sound(name) {
        let written = reached(sequence, Some(0), |_| true);
        let closed = closed(sequence);
        let open = reached(sequence, Some(0), |way| !closed.contains(&way));
        let mut told: BTreeSet<usize> = BTreeSet::new();
        for (at, step) in sequence.steps.iter().enumerate().filter(|(at, _)| !open.contains(at)) {
            if !told.contains(&at)
                && let Some(place) = files.step(name, step)
            {
                let hint = if written.contains(&at) {
                    "what was asked before lets no lead come here: ask something else, or remove it"
                } else {
                    "every way before it ends; move or remove it"
                };
                files.report.warn(Code::Unreachable, place, "this step can never be reached", hint.to_owned());
            }
            told.insert(at);
            told.extend(after(sequence, at));
        }
    }
}
