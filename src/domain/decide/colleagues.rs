//! Colleagues: when a person of the same account replied, a sequence may hold back, pause or end what it does for the others.
//!
//! The reply is kept on the account and read by every decision about somebody else there. A pause or an end is done once a reply, to who
//! was in the sequence when it was heard; a delay is about the next touch of whoever is in it, also of who came later, and freezes no wait.

use super::advance::sequence_of;
use super::input::Effect;
use super::pause::pause;
use super::work::Work;
use crate::domain::account::Replied;
use crate::domain::enrollment::{Enrollment, Exit, Phase};
use crate::domain::event::{Actor, What};
use crate::domain::id::EnrollmentId;
use crate::domain::lead::Lead;
use crate::domain::playbook::Playbook;
use crate::domain::sequence::{Act, Colleagues, Sequence};
use crate::domain::time::Instant;
use crate::domain::touch::Outcome;

/// Why an enrollment is paused or ended, or a touch held back.
pub const REPLIED: &str = "a colleague replied";

/// What a reply means for one enrollment of a colleague now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Means {
    NotBefore(Instant),
    Pause,
    Stop,
}

fn means(rule: Colleagues, running: &Enrollment, reply: &Replied, now: Instant) -> Option<Means> {
    let fresh = running.entered_at <= reply.heard_at && running.heeded.is_none_or(|heeded| heeded < reply.heard_at);
    match rule {
        Colleagues::Ignore => None,
        Colleagues::Delay(by) => Some(reply.at + by).filter(|until| *until > now).map(Means::NotBefore),
        Colleagues::Pause => fresh.then_some(Means::Pause),
        Colleagues::Stop => fresh.then_some(Means::Stop),
    }
}

/// Lets the account know that this lead replied.
pub fn tell(work: &mut Work<'_>) {
    let Some(account) = work.lead.account.clone() else { return };
    let counts = |name: &str, actor: Actor, stale: bool| name == "replied" && actor != Actor::Machine && !stale;
    let replies = work.fresh.iter().filter(|fresh| counts(&fresh.name, fresh.actor, fresh.stale));
    let Some(at) = replies.map(|fresh| fresh.occurred_at).max() else { return };
    let reply = Replied { lead: work.lead.id.clone(), at, heard_at: work.now };
    let tell = are_to_be_told(work.playbook);
    work.effect(Effect::Replied { account, reply, tell });
}

/// Pauses and ends what the reply of a colleague pauses and ends, once.
pub fn heed(work: &mut Work<'_>) {
    let Some(reply) = work.case.colleague.clone() else { return };
    for running in work.lead.enrollments.clone() {
        let Some(sequence) = sequence_of(work, &running) else { continue };
        let Some(means) = means(sequence.stop.colleagues, &running, &reply, work.now) else { continue };
        if matches!(means, Means::NotBefore(_)) {
            continue;
        }
        let Replied { lead, at, heard_at } = reply.clone();
        work.conclude(What::ColleagueReplied { enrollment: running.id.clone(), lead, at, heard_at });
        let by_hand = running.paused.as_ref().is_some_and(|pausing| pausing.until.is_none());
        match means {
            Means::Stop => work.exit(&running.id, &Exit::Stopped(REPLIED.to_owned())),
            Means::Pause if !by_hand => pause(work, &running.id, REPLIED, None),
            Means::Pause | Means::NotBefore(_) => {}
        }
    }
}

/// Lets an enrollment wait before its task as long as a reply holds it back; true if it waits.
pub fn waits(work: &mut Work<'_>, enrollment: &Enrollment, sequence: &Sequence) -> bool {
    let Some(reply) = &work.case.colleague else { return false };
    let Some(Means::NotBefore(until)) = means(sequence.stop.colleagues, enrollment, reply, work.now) else {
        return false;
    };
    if enrollment.phase != (Phase::Waiting { until }) {
        work.conclude(What::Moved {
            enrollment: enrollment.id.clone(),
            at: enrollment.at.clone(),
            phase: Phase::Waiting { until },
            anchor: enrollment.anchor,
            because: REPLIED.to_owned(),
            zone: None,
        });
        work.note(&enrollment.id);
    }
    true
}

/// Whether an enrollment that waits does so before a task, and not at a wait.
pub fn is_before_task(work: &Work<'_>, enrollment: &Enrollment) -> bool {
    let sequence = sequence_of(work, enrollment);
    let step = sequence.as_ref().zip(enrollment.at.as_deref()).and_then(|(sequence, at)| sequence.step(at));
    step.is_some_and(|(_, step)| matches!(step.act, Act::Task(_)))
}

/// What keeps a touch of an enrollment from leaving now because a colleague replied: it is put off, and its lead decides.
pub fn put_off(
    (lead, enrollment): (&Lead, &EnrollmentId),
    reply: &Replied,
    playbook: &Playbook,
    now: Instant,
) -> Option<Outcome> {
    let running = lead.enrollments.iter().find(|running| running.id == *enrollment)?;
    let rule = playbook.version(&running.version)?.stop.colleagues;
    let until = match means(rule, running, reply, now)? {
        Means::NotBefore(until) => until,
        Means::Pause | Means::Stop => now,
    };
    Some(Outcome::Deferred { reply: format!("{REPLIED} at {}", reply.at), until })
}

/// Whether any version that somebody may be in heeds the replies of colleagues.
pub fn are_heeded(playbook: &Playbook) -> bool {
    playbook.versions.values().any(|sequence| sequence.stop.colleagues != Colleagues::Ignore)
}

/// Whether any of them pauses or ends what others are in: then each of these is to be looked at.
pub fn are_to_be_told(playbook: &Playbook) -> bool {
    let acts = |rule: Colleagues| matches!(rule, Colleagues::Pause | Colleagues::Stop);
    playbook.versions.values().any(|sequence| acts(sequence.stop.colleagues))
}
