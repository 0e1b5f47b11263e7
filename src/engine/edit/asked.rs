//! What an edit brings at once, and what it takes away.

use std::collections::BTreeSet;

use crate::domain::decide::{Ahead, Decision, Effect, touch_of};
use crate::domain::enrollment::{Enrollment, Phase};
use crate::domain::time::Instant;

/// A touch or a task that a decision asks for.
pub struct Asked {
    pub step: String,
    pub at: Instant,
    pub is_task: bool,
    /// It was asked for before, and is anew.
    pub was_in_hand: bool,
}

pub fn asked_of(decision: &Decision, enrollment: &Enrollment) -> Vec<Asked> {
    let known = |id: &str| match &enrollment.phase {
        Phase::Tasked { task } => task.as_str() == id,
        _ => touch_of(enrollment).is_some_and(|touch| touch.as_str() == id),
    };
    let one = |effect: &Effect| match effect {
        Effect::Queue(touch) if touch.enrollment.as_ref() == Some(&enrollment.id) => Some(Asked {
            step: touch.step.clone(),
            at: touch.ready_at,
            is_task: false,
            was_in_hand: known(touch.id.as_str()),
        }),
        Effect::Task(row) if row.enrollment == enrollment.id && row.state == "open" => Some(Asked {
            step: row.step.clone(),
            at: row.shown_at,
            is_task: true,
            was_in_hand: known(row.id.as_str())
                || enrollment.steps.get(&row.step).is_some_and(|facts| facts.task.is_some()),
        }),
        _ => None,
    };
    decision.effects.iter().filter_map(one).collect()
}

/// Touches of steps that do not come any more.
pub fn gone(before: &Ahead, after: &Ahead) -> usize {
    let still: BTreeSet<&str> = after.sends.iter().map(|send| send.step.as_str()).collect();
    before.sends.iter().filter(|send| !still.contains(send.step.as_str())).count()
}

/// An enrollment as if somebody resumed it now: what was left of its wait is left.
pub fn resumed(running: &Enrollment, now: Instant) -> Enrollment {
    let mut running = running.clone();
    if let (Some(pausing), Phase::Waiting { until }) = (running.paused.take(), &mut running.phase) {
        *until = pausing.left.map_or(*until, |left| now + left);
    }
    running
}
