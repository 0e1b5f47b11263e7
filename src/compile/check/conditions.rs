//! Conditions stand in many files; wherever they stand, a fault is shown under the characters that made it.

use std::collections::BTreeMap;

use super::fields::scalar;
use crate::compile::diagnostic::{Code, Report};
use crate::compile::syntax::Node;
use crate::domain::condition::{Condition, Deeds, Scope, Type};

/// What a condition may speak of where it stands.
#[derive(Clone, Copy)]
pub struct Speaks<'a> {
    pub lead: &'a BTreeMap<String, Type>,
    pub account: &'a BTreeMap<String, Type>,
    /// The steps of the file; an empty map lets none.
    pub steps: &'a Deeds,
    pub event: bool,
}

/// Compiles the condition in a node; faults go to the report.
pub fn condition(node: &Node, what: &str, speaks: Speaks<'_>, report: &Report) -> Option<Condition> {
    let text = scalar(node, what, report)?;
    let scope = Scope { lead: speaks.lead, account: speaks.account, steps: Some(speaks.steps), event: speaks.event };
    match Condition::compile(text, &scope) {
        Ok(condition) => Some(condition),
        Err(faults) => {
            let source = report.source(node.place.source);
            for fault in faults {
                let end = if fault.span.is_empty() { fault.span.start } else { fault.span.end };
                let place = node.within(&source, fault.span.start, end);
                report.error_with(Code::BadCondition, place, fault.message, fault.hint);
            }
            None
        }
    }
}
