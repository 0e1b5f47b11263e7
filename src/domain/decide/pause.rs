//! A pause freezes what is left of a wait, and puts aside a touch that has not left.

use jiff::civil::Date;

use super::advance::requeue;
use super::enroll::calendar_of;
use super::facts::lead_zone;
use super::input::{Effect, Reply};
use super::waits::rezone;
use super::work::Work;
use super::{tasks, touches};
use crate::domain::calendar::local;
use crate::domain::enrollment::{Enrollment, Phase};
use crate::domain::event::What;
use crate::domain::id::EnrollmentId;
use crate::domain::sequence::Kind;
use crate::domain::time::{Instant, Millis};

/// An out-of-office pauses at most so long.
const LONGEST: Millis = Millis::DAY.times(30);

pub fn pause(work: &mut Work<'_>, id: &EnrollmentId, because: &str, until: Option<Instant>) {
    let Some(enrollment) = work.enrollment(id) else { return };
    if let Phase::Sending { touch } = &enrollment.phase {
        let touch = touch.clone();
        work.effect(Effect::Hold { touch, reason: because.to_owned() });
    }
    work.conclude(What::Paused { enrollment: id.clone(), because: because.to_owned(), until });
    work.note(id);
    tasks::note_of(work, id);
}

pub fn by_hand(work: &mut Work<'_>, sequence: Option<&str>, because: &str) -> Reply {
    let by_itself = |e: &&Enrollment| e.paused.as_ref().is_none_or(|pausing| pausing.until.is_some());
    let running =
        work.lead.enrollments.iter().filter(by_itself).filter(|e| sequence.is_none_or(|name| e.sequence == name));
    let ids: Vec<_> = running.map(|enrollment| enrollment.id.clone()).collect();
    for id in &ids {
        pause(work, id, because, None);
    }
    if ids.is_empty() { Reply::Refused("nothing of this lead is running there".to_owned()) } else { Reply::Done }
}

pub fn resume(work: &mut Work<'_>, sequence: Option<&str>) -> Reply {
    let paused =
        work.lead.enrollments.iter().filter(|e| e.paused.is_some() && sequence.is_none_or(|name| e.sequence == name));
    let ids: Vec<_> = paused.map(|enrollment| enrollment.id.clone()).collect();
    for id in &ids {
        go_on(work, id);
    }
    if ids.is_empty() { Reply::Refused("nothing of this lead is paused there".to_owned()) } else { Reply::Done }
}

/// Ends the pauses that end by themselves.
pub fn resume_due(work: &mut Work<'_>) {
    let due = |until: Option<Instant>| until.is_some_and(|until| until <= work.now);
    let over = work.lead.enrollments.iter().filter(|e| e.paused.as_ref().is_some_and(|pausing| due(pausing.until)));
    let ids: Vec<_> = over.map(|enrollment| enrollment.id.clone()).collect();
    for id in &ids {
        go_on(work, id);
    }
}

fn go_on(work: &mut Work<'_>, id: &EnrollmentId) {
    work.conclude(What::Resumed { enrollment: id.clone() });
    work.note(id);
    tasks::note_of(work, id);
    let Some(enrollment) = work.enrollment(id).cloned() else { return };
    match &enrollment.phase {
        Phase::Sending { touch } => {
            requeue(work, &enrollment, touch);
        }
        Phase::Held { .. } => touches::retry(work, &enrollment),
        Phase::Waiting { .. } => rezone(work, &enrollment, false),
        Phase::Ready | Phase::Tasked { .. } => {}
    }
}

/// Pauses cadences and nurtures until the day after the return, in working days; three of them where no day is stated.
pub fn out_of_office(work: &mut Work<'_>, back: Option<Date>) {
    for enrollment in work.lead.enrollments.clone() {
        let Some(sequence) = work.playbook.version(&enrollment.version).cloned() else { continue };
        if sequence.kind == Kind::Transactional || enrollment.paused.as_ref().is_some_and(|p| p.until.is_none()) {
            continue;
        }
        let calendar = calendar_of(work, &sequence);
        let zone = lead_zone(&work.lead, &work.playbook.settings, sequence.send.fallback_zone.as_deref());
        let (from, days) = match back {
            Some(date) => (local::first(&zone, date.to_datetime(local::clock(&zone, work.now).time())), 1),
            None => (work.now, 3),
        };
        let until = calendar.add_business_days(from.max(work.now), days).unwrap_or(Instant::NEVER);
        // Who answers again without a date has not changed it.
        let stated = enrollment.paused.as_ref().and_then(|pausing| pausing.until).filter(|_| back.is_none());
        let until = until.min(work.now + LONGEST);
        pause(work, &enrollment.id, "out of office", Some(stated.map_or(until, |stated| stated.max(until))));
    }
}
