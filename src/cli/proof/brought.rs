//! What earlier steps bring: known of a lead that came by them, and else only named, so that a text can be looked at all the same.

use serde_json::{Map, Value, json};

use super::Proof;
use crate::domain::enrollment::brought;
use crate::domain::sequence::Step;
use crate::domain::template::{LinkTarget, Template};

impl Proof<'_> {
    /// What a text at a step may say as `step.NAME`.
    pub(super) fn step_values(&self, step: &Step, text: &Template) -> Map<String, Value> {
        let running = self.lead.enrollments.iter().find(|running| running.sequence == self.sequence.name);
        let known = running.map(|running| brought(&running.steps, &step.id)).unwrap_or_default();
        let mut values: Map<String, Value> = known.into_iter().collect();
        values.insert("id".to_owned(), json!(step.id));
        for need in text.needs.iter().filter(|need| !need.optional) {
            if let Some(name) = need.path.strip_prefix("step.") {
                values.entry(name).or_insert_with(|| stand_in(name, text));
            }
        }
        values
    }
}

/// Stands for a value that nobody knows yet: `[step.seats]`, and an address where a link leads there.
fn stand_in(name: &str, text: &Template) -> Value {
    let path = format!("step.{name}");
    let leads_there = |link: &LinkTarget| matches!(link, LinkTarget::Templated(target) if target.contains(&path));
    if text.links().iter().any(leads_there) {
        json!(format!("https://example.com/{path}"))
    } else {
        json!(format!("[{path}]"))
    }
}
