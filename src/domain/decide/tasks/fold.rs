//! How facts about tasks change their lead.

use super::super::fold::{count, with};
use crate::domain::enrollment::Phase;
use crate::domain::event::{Event, What};
use crate::domain::id::EnrollmentId;
use crate::domain::lead::Lead;
use crate::domain::task::TaskFact;
use crate::domain::time::Instant;

/// Folds a fact about a task into its lead.
pub fn fold(lead: &mut Lead, event: &Event) {
    let What::Task { task: id, enrollment, step, fact } = &event.what else { return };
    match fact {
        TaskFact::Asked { open, waits } => {
            lead.tasks.push(open.as_ref().clone());
            with(lead, enrollment, |running| {
                running.steps_mut().entry(step.clone()).or_default().task = Some(id.clone());
                if *waits {
                    running.phase = Phase::Tasked { task: id.clone() };
                }
            });
            return;
        }
        TaskFact::Snoozed { until, .. } => {
            if let Some(task) = lead.tasks.iter_mut().find(|task| &task.id == id) {
                task.shown_at = *until;
                task.due_at = task.due_at.max(task.due_at.map(|_| *until));
            }
        }
        TaskFact::Assigned { to, .. } => {
            if let Some(task) = lead.tasks.iter_mut().find(|task| &task.id == id) {
                task.owner = Some(to.clone());
            }
        }
        TaskFact::Overdue { .. } => {
            count(lead, fact.name(), event.occurred_at);
            if let Some(task) = lead.tasks.iter_mut().find(|task| &task.id == id) {
                task.late = true;
            }
        }
        TaskFact::Done { .. } => count(lead, fact.name(), event.occurred_at),
        TaskFact::Skipped { .. } | TaskFact::CalledOff { .. } => {}
    }
    let Some(outcome) = fact.outcome() else { return };
    lead.tasks.retain(|task| &task.id != id);
    with(lead, enrollment, |running| {
        let facts = running.steps_mut().entry(step.clone()).or_default();
        facts.outcome = Some(outcome.to_owned());
        if !matches!(fact, TaskFact::CalledOff { .. }) {
            facts.done_at.get_or_insert(event.occurred_at);
        }
    });
}

/// A pause counts for no task of its enrollment: what lay ahead when it began lies as far ahead when it ends.
pub fn thaw(lead: &mut Lead, enrollment: &EnrollmentId, at: Instant) {
    let running = lead.enrollments.iter().find(|running| &running.id == enrollment);
    let Some(since) = running.and_then(|running| running.paused.as_ref()).map(|pausing| pausing.since) else { return };
    for task in lead.tasks.iter_mut().filter(|task| &task.enrollment == enrollment) {
        let since = since.max(task.asked_at);
        let times = [Some(&mut task.shown_at), task.due_at.as_mut(), task.patient_until.as_mut()];
        for ahead in times.into_iter().flatten().filter(|ahead| **ahead > since) {
            *ahead = *ahead + at.since(since);
        }
    }
}
