//! The frequency cap: over it a mail waits until the oldest falls out of the window. What is on its way counts as if it left now, so the
//! cap holds whenever it really leaves.

use super::advance::sequence_of;
use super::work::Work;
use crate::domain::enrollment::{Enrollment, Phase};
use crate::domain::event::{Event, What};
use crate::domain::id::{EnrollmentId, TouchId};
use crate::domain::lead::Lead;
use crate::domain::sequence::{Act, Kind, Sequence};
use crate::domain::time::{Instant, Millis};
use crate::domain::touch::Outcome;

/// A mail that was called off while it was handed over has come back by then.
const COME_BACK: Millis = Millis::MINUTE.times(20);

/// Until when a mail of a sequence has to wait; `None` where it may go.
fn full_until(work: &Work<'_>, sequence: &Sequence) -> Option<Instant> {
    let cap = work.playbook.settings.frequency_cap.filter(|_| sequence.kind != Kind::Transactional)?;
    let mails = &work.lead.mails;
    let gone = mails.sent.iter().map(|at| *at + cap.within);
    // What is on its way makes no room before it has left, and then for the whole window.
    // One that is asked for anew is the very one that asks here.
    let others = mails.leaving.iter().filter(|(touch, _)| !work.renewed.contains_key(*touch));
    let leaving = others.map(|(_, off)| off.map_or(work.now + cap.within, |off| off + COME_BACK));
    let mut counted: Vec<Instant> = gone.chain(leaving).filter(|until| *until > work.now).collect();
    counted.sort_unstable();
    let over = counted.len().checked_sub(cap.mails as usize)?;
    counted.get(over).copied()
}

/// Lets an enrollment wait before its mail where the cap is reached; true if it waits.
pub fn waits(work: &mut Work<'_>, enrollment: &Enrollment, sequence: &Sequence) -> bool {
    let Some(until) = full_until(work, sequence) else { return false };
    let known = matches!(enrollment.phase, Phase::Waiting { until: known } if known > work.now);
    if !known {
        work.conclude(What::Moved {
            enrollment: enrollment.id.clone(),
            at: enrollment.at.clone(),
            phase: Phase::Waiting { until },
            anchor: enrollment.anchor,
            because: "the frequency cap is reached".to_owned(),
            zone: None,
        });
        work.note(&enrollment.id);
    }
    true
}

/// The mails that a cap on their frequency counts: on their way, gone, called off.
pub fn note(lead: &mut Lead, event: &Event) {
    let at = event.recorded_at;
    let standing = |lead: &Lead, id: &EnrollmentId| {
        let running = lead.enrollments.iter().find(|running| &running.id == id)?;
        touch_of(&running.phase).cloned()
    };
    match &event.what {
        What::Queued { touch, counts: true, .. } => lead.mails.leaves(touch.clone()),
        What::Touched { touch, outcome, .. } if lead.mails.leaving.contains_key(touch) => match outcome {
            Outcome::Accepted { .. } | Outcome::Unknown { .. } => {
                lead.mails.leaving.remove(touch);
                lead.mails.left(event.occurred_at);
            }
            Outcome::Refused { .. } | Outcome::Expired => drop(lead.mails.leaving.remove(touch)),
            Outcome::Deferred { .. } | Outcome::Held { .. } => {}
        },
        What::Moved { enrollment, phase, .. } | What::Adopted { enrollment, phase, .. } => {
            if let Some(touch) = standing(lead, enrollment).filter(|touch| touch_of(phase) != Some(touch)) {
                lead.mails.called_off(&touch, at);
            }
        }
        What::Exited { enrollment, .. } => {
            if let Some(touch) = standing(lead, enrollment) {
                lead.mails.called_off(&touch, at);
            }
        }
        _ => {}
    }
}

const fn touch_of(phase: &Phase) -> Option<&TouchId> {
    match phase {
        Phase::Sending { touch } => Some(touch),
        Phase::Held { hold } => hold.touch.as_ref(),
        Phase::Ready | Phase::Waiting { .. } | Phase::Tasked { .. } => None,
    }
}

/// Whether an enrollment that waits does so before a mail, and not at a wait.
pub fn is_before_mail(work: &Work<'_>, enrollment: &Enrollment) -> bool {
    let sequence = sequence_of(work, enrollment);
    let step = sequence.as_ref().zip(enrollment.at.as_deref()).and_then(|(sequence, at)| sequence.step(at));
    step.is_some_and(|(_, step)| matches!(step.act, Act::Email { .. }))
}
