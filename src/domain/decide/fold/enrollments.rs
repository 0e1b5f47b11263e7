//! How facts about an enrollment change it.

use std::sync::Arc;

use super::super::colleagues::REPLIED;
use super::super::{frequency, tasks};
use super::count;
use crate::domain::enrollment::{Enrollment, Exit, Past, Pausing, Phase, StepFacts};
use crate::domain::event::{Event, What};
use crate::domain::id::EnrollmentId;
use crate::domain::lead::{Lead, Pending};
use crate::domain::time::{Instant, Millis};
use crate::domain::touch::Outcome;

/// Facts of one enrollment.
pub fn enrollment(lead: &mut Lead, event: &Event) {
    frequency::note(lead, event);
    let at = event.recorded_at;
    match &event.what {
        What::Pending { sequence, by, again, data } => {
            let pending = Pending { since: at, by: by.clone(), again: *again, data: data.clone() };
            lead.pending.insert(sequence.clone(), pending);
        }
        What::Dropped { sequence, .. } => drop(lead.pending.remove(sequence)),
        What::Enrolled { enrollment, sequence, version, by, at: first } => {
            lead.pending.remove(sequence);
            lead.past.entry(sequence.clone()).or_default().begun += 1;
            lead.enrollments.push(Enrollment {
                id: enrollment.clone(),
                sequence: sequence.clone(),
                version: version.clone(),
                entered_at: at,
                by: by.clone(),
                at: first.clone(),
                phase: Phase::Ready,
                anchor: at,
                paused: None,
                steps: Arc::default(),
                zone: None,
                onward: None,
                heeded: None,
            });
        }
        What::Moved { enrollment, at: step, phase, anchor, zone, .. } => with(lead, enrollment, |running| {
            if running.at != *step {
                running.onward = None;
            }
            running.at.clone_from(step);
            running.phase = phase.clone();
            running.anchor = *anchor;
            if zone.is_some() {
                running.zone.clone_from(zone);
            }
        }),
        What::Did { enrollment, step } => with(lead, enrollment, |running| {
            running.steps_mut().entry(step.clone()).or_default().done_at.get_or_insert(at);
        }),
        What::Adopted { enrollment, .. } => with(lead, enrollment, |running| adopted(running, event)),
        What::Branched { enrollment, step, arm } => with(lead, enrollment, |running| {
            let facts = running.steps_mut().entry(step.clone()).or_default();
            facts.done_at = Some(at);
            facts.outcome = Some(arm.clone());
        }),
        What::Queued { enrollment: Some(enrollment), step, touch, chosen, .. } => with(lead, enrollment, |running| {
            let variant = chosen.as_ref().map(|chosen| chosen.variant.clone());
            let facts = StepFacts { touch: Some(touch.clone()), variant, ..StepFacts::default() };
            running.steps_mut().insert(step.clone(), facts);
            running.phase = Phase::Sending { touch: touch.clone() };
        }),
        What::Touched { enrollment: Some(enrollment), step, outcome, .. } => {
            if !matches!(outcome, Outcome::Deferred { .. } | Outcome::Held { .. }) {
                count(lead, outcome.event_name(), event.occurred_at);
            }
            with(lead, enrollment, |running| {
                touched(running.steps_mut().entry(step.clone()).or_default(), outcome, event.occurred_at);
            });
        }
        What::Paused { enrollment, because, until } => with(lead, enrollment, |running| {
            let (since, left) = match (&running.paused, &running.phase) {
                (Some(already), _) => (already.since, already.left),
                (None, Phase::Waiting { until }) => (at, Some(until.since(at).max(Millis::ZERO))),
                (None, Phase::Ready | Phase::Sending { .. } | Phase::Tasked { .. } | Phase::Held { .. }) => (at, None),
            };
            running.paused = Some(Pausing { because: because.clone(), since, left, until: *until });
        }),
        What::Resumed { enrollment } => {
            tasks::thaw(lead, enrollment, at);
            with(lead, enrollment, |running| resumed(running, at));
        }
        What::ColleagueReplied { enrollment, heard_at, .. } => {
            with(lead, enrollment, |running| running.heeded = running.heeded.max(Some(*heard_at)));
        }
        What::Held { enrollment, hold } => {
            with(lead, enrollment, |running| running.phase = Phase::Held { hold: hold.clone() });
        }
        What::Exited { enrollment, exit } => exited(lead, enrollment, exit, at),
        _ => {}
    }
}

/// Puts an enrollment where another version has it, whose rule is about the colleagues who reply from then on. What is remembered of steps that are known by their place alone would be said of
/// others there.
fn adopted(running: &mut Enrollment, event: &Event) {
    let What::Adopted { to, at, phase, left, onward, zone, .. } = &event.what else { return };
    running.heeded = running.heeded.max(Some(event.recorded_at));
    running.version.clone_from(to);
    running.at.clone_from(at);
    running.phase = phase.clone();
    running.onward.clone_from(onward);
    if let Some(pausing) = &mut running.paused {
        pausing.left = *left;
    }
    if zone.is_some() {
        running.zone.clone_from(zone);
    }
    if running.steps.keys().any(|step| step.starts_with('#')) {
        running.steps_mut().retain(|step, _| !step.starts_with('#'));
    }
}

/// The time of a pause counts for no wait: neither for the one that was running, nor for one counted anew from the anchor.
fn resumed(running: &mut Enrollment, at: Instant) {
    let Some(pausing) = running.paused.take() else { return };
    running.anchor = running.anchor + at.since(running.anchor.max(pausing.since));
    if let (Phase::Waiting { until }, Some(left)) = (&mut running.phase, pausing.left) {
        *until = at + left;
    }
}

/// A step stays done since the first time: a sign that a mail of unknown outcome arrived does not move that.
fn touched(facts: &mut StepFacts, outcome: &Outcome, at: Instant) {
    facts.outcome = Some(outcome.state().as_str().to_owned());
    match outcome {
        Outcome::Accepted { brought, .. } => facts.brought.extend(brought.clone()),
        // A colleague's reply puts it off by our own rule, and no server.
        Outcome::Deferred { reply, until } if *until > at && !reply.starts_with(REPLIED) => {
            facts.deferred.push((at, *until));
        }
        _ => {}
    }
    if matches!(outcome, Outcome::Accepted { .. } | Outcome::Unknown { .. } | Outcome::Expired) {
        facts.done_at.get_or_insert(at);
    }
}

/// Ends an enrollment. One that failed before its first touch went out does not count for `again`.
fn exited(lead: &mut Lead, id: &EnrollmentId, exit: &Exit, at: Instant) {
    let Some(place) = lead.enrollments.iter().position(|enrollment| &enrollment.id == id) else { return };
    let ended = lead.enrollments.remove(place);
    let went_out = ended.steps.values().any(StepFacts::reached);
    let Past { counted, last_ended_at, last_exit, .. } = lead.past.entry(ended.sequence).or_default();
    if went_out || !matches!(exit, Exit::Failed(_)) {
        *counted += 1;
        *last_ended_at = Some(at);
        *last_exit = Some(exit.as_str().to_owned());
    }
}

pub fn with(lead: &mut Lead, id: &EnrollmentId, change: impl FnOnce(&mut Enrollment)) {
    if let Some(enrollment) = lead.enrollments.iter_mut().find(|enrollment| &enrollment.id == id) {
        change(enrollment);
    }
}
