//! What a touch's end means for the lead and for the enrollment it belongs to.

use super::advance::{self, go_to_next, requeue, sequence_of};
use super::input::{Effect, Reply};
use super::ladder::AFTER_HOURS;
use super::observe::suppress;
use super::pools;
use super::work::Work;
use crate::domain::enrollment::{Enrollment, Exit, Hold, Phase, StepFacts};
use crate::domain::event::What;
use crate::domain::id::{EnrollmentId, TouchId};
use crate::domain::sequence::{Act, OnFailure, OnUnknown};
use crate::domain::suppression::Reason;
use crate::domain::touch::{Outcome, RefusalClass, State};

pub fn came_back(
    work: &mut Work<'_>,
    touch: &TouchId,
    enrollment: Option<EnrollmentId>,
    step: String,
    outcome: Outcome,
) -> Reply {
    let after_hours = step == AFTER_HOURS;
    let fact = What::Touched { touch: touch.clone(), enrollment: enrollment.clone(), step, outcome: outcome.clone() };
    work.observe(fact);
    if matches!(outcome, Outcome::Refused { class: RefusalClass::Hard, .. }) {
        suppress(work, Reason::HardBounce);
        return Reply::Done;
    }
    let sending = |running: &&Enrollment| matches!(&running.phase, Phase::Sending { touch: sent } if sent == touch);
    let of_sequence = enrollment.is_some();
    let running = enrollment.and_then(|id| work.enrollment(&id).filter(sending).cloned());
    let Some(running) = running else {
        if matches!(outcome, Outcome::Deferred { .. }) {
            // A stop came while the server had it in hand: it is not tried again.
            let suppressed = work.lead.suppressed.or(work.case.suppressed).is_some();
            if of_sequence || (suppressed && after_hours) {
                work.effect(Effect::Cancel { touch: touch.clone(), reason: "stopped".to_owned() });
            }
        }
        return Reply::Done;
    };
    match outcome {
        Outcome::Accepted { .. } | Outcome::Expired => go_to_next(work, &running, work.occurred_at),
        Outcome::Unknown { reason } => match sequence_of(work, &running).map(|sequence| sequence.on_unknown) {
            Some(OnUnknown::Hold) => hold(work, &running, touch, &reason),
            Some(OnUnknown::Proceed) | None => go_to_next(work, &running, work.occurred_at),
        },
        Outcome::Refused { reply, .. } => refused(work, &running, touch, &reply),
        Outcome::Held { reason } => hold(work, &running, touch, &reason),
        Outcome::Deferred { .. } => {
            if let Some(pausing) = &running.paused {
                work.effect(Effect::Hold { touch: touch.clone(), reason: pausing.because.clone() });
            }
        }
    }
    Reply::Done
}

/// A sign of life from a touch of unknown outcome says that it arrived, and frees what was held for it. Whether a touch of an
/// ended enrollment is known to have arrived is known to its row alone.
pub fn confirm(work: &mut Work<'_>, touch: &TouchId) {
    let is_its = |facts: &StepFacts| facts.touch.as_ref() == Some(touch);
    let found = work.lead.enrollments.iter().find_map(|running| {
        let (step, facts) = running.steps.iter().find(|(_, facts)| is_its(facts))?;
        Some((running, step, facts))
    });
    let Some((running, step, facts)) = found else {
        work.effect(Effect::Confirm { touch: touch.clone() });
        return;
    };
    if facts.outcome.as_deref() != Some(State::Unknown.as_str()) {
        return;
    }
    let (running, step, facts) = (running.clone(), step.clone(), facts.clone());
    work.effect(Effect::Confirm { touch: touch.clone() });
    let anchor = facts.done_at.unwrap_or(work.occurred_at);
    let outcome = Outcome::accepted("a sign of life");
    let enrollment = Some(running.id.clone());
    work.conclude_at(What::Touched { touch: touch.clone(), enrollment, step, outcome }, anchor);
    if is_held_for(&running, touch) {
        go_to_next(work, &running, anchor);
    }
}

fn is_held_for(running: &Enrollment, touch: &TouchId) -> bool {
    matches!(&running.phase, Phase::Held { hold } if hold.touch.as_ref() == Some(touch))
}

/// A final refusal ends the enrollment; a webhook's step says for itself what it means.
fn refused(work: &mut Work<'_>, running: &Enrollment, touch: &TouchId, reply: &str) {
    let act = sequence_of(work, running)
        .and_then(|sequence| running.at.as_deref().and_then(|at| sequence.step(at).map(|(_, step)| step.act.clone())));
    match act {
        Some(Act::Webhook { on_failure: OnFailure::Continue, .. }) => go_to_next(work, running, work.now),
        Some(Act::Webhook { on_failure: OnFailure::Hold, .. }) => hold(work, running, touch, reply),
        // An edit took the step away while its touch was on the way; what it said of failures is gone with it.
        None if running.onward.is_some() => go_to_next(work, running, work.now),
        _ => work.exit(&running.id, &Exit::Failed(reply.to_owned())),
    }
}

fn hold(work: &mut Work<'_>, running: &Enrollment, touch: &TouchId, reason: &str) {
    let hold = Hold { reason: reason.to_owned(), touch: Some(touch.clone()) };
    work.conclude(What::Held { enrollment: running.id.clone(), hold });
    work.note(&running.id);
}

/// Tries a held touch again, or skips its step.
pub fn release(work: &mut Work<'_>, touch: &TouchId, skip: bool) -> Reply {
    let stands =
        |running: &&Enrollment| is_held_for(running, touch) || running.phase == Phase::Sending { touch: touch.clone() };
    let Some(running) = work.lead.enrollments.iter().find(stands).cloned() else {
        return Reply::Refused("the lead does not stand at this touch".to_owned());
    };
    if running.paused.is_some() && !skip {
        return Reply::Refused("the lead is paused in this sequence: what is resumed goes on by itself".to_owned());
    }
    if skip {
        work.effect(Effect::Cancel { touch: touch.clone(), reason: "skipped".to_owned() });
        go_to_next(work, &running, work.now);
    } else {
        again(work, &running, touch);
    }
    Reply::Done
}

/// New values may mend what a touch is held for, so each is tried again.
pub fn retry_held(work: &mut Work<'_>) {
    for running in work.lead.enrollments.clone() {
        if running.paused.is_none() {
            retry(work, &running);
        }
    }
}

/// Tries a touch again that was held before it left. One of unknown outcome, or refused, is for a person to decide.
pub fn retry(work: &mut Work<'_>, running: &Enrollment) {
    let Phase::Held { hold: Hold { touch: Some(touch), .. } } = &running.phase else { return };
    let of_it = |facts: &&StepFacts| facts.touch.as_ref() == Some(touch);
    let outcome = running.steps.values().find(of_it).and_then(|facts| facts.outcome.as_deref());
    if outcome == Some(State::Held.as_str()) {
        again(work, running, touch);
    }
}

fn again(work: &mut Work<'_>, running: &Enrollment, touch: &TouchId) {
    if sequence_of(work, running).is_some_and(|sequence| pools::has_moved(work, running, &sequence)) {
        work.renewed.insert(touch.clone(), None);
        advance::take(work, running);
        return;
    }
    work.conclude(What::Moved {
        enrollment: running.id.clone(),
        at: running.at.clone(),
        phase: Phase::Sending { touch: touch.clone() },
        anchor: running.anchor,
        because: "tried again".to_owned(),
        zone: None,
    });
    requeue(work, running, touch);
    work.note(&running.id);
}
