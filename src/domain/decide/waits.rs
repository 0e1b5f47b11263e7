//! Waits: for a time, or for a condition and a time at the latest.

use super::advance::{go, name_of, sequence_of};
use super::enroll::zone_of;
use super::restage::is_quiet;
use super::work::{About, Work};
use crate::domain::calendar::{Pause, resume_at};
use crate::domain::enrollment::{Enrollment, Phase};
use crate::domain::event::What;
use crate::domain::id::dice;
use crate::domain::sequence::{Act, Sequence, Step};
use crate::domain::time::Millis;

/// What is remembered of a wait whose condition came true.
pub const CAME_TRUE: &str = "came true";

/// Counts a wait from its anchor, in the zone as it is known now.
pub fn wait(work: &mut Work<'_>, enrollment: &Enrollment, sequence: &Sequence, pause: &Pause) {
    let (zone, source) = zone_of(work, sequence);
    let name = name_of(&zone);
    // Without a spread every seed gives the same instant.
    let spreads = pause.spread != Millis::ZERO;
    let thrown = || dice(&[work.lead.id.as_str(), &sequence.name, enrollment.at.as_deref().unwrap_or_default()]);
    let seed = if spreads { thrown() } else { 0 };
    let until = resume_at(enrollment.anchor, pause, &sequence.send.calendar_for(&work.lead, zone), seed);
    work.conclude(What::Moved {
        enrollment: enrollment.id.clone(),
        at: enrollment.at.clone(),
        phase: Phase::Waiting { until },
        anchor: enrollment.anchor,
        because: format!("waits, in the zone {name} of the {source}"),
        zone: Some(name),
    });
    work.note(&enrollment.id);
}

/// Goes on from a wait for a condition that holds by now; true if it did.
pub fn is_over(work: &mut Work<'_>, enrollment: &Enrollment, sequence: &Sequence) -> bool {
    let step = enrollment.at.as_deref().and_then(|at| sequence.step(at)).map(|(_, step)| step);
    let Some(Step { act: Act::WaitFor { when, .. }, id, next, .. }) = step else { return false };
    if when.needs().standing && is_quiet(work) {
        return false;
    }
    let rule = format!("{} {id}", sequence.name);
    if !work.holds(&rule, when, About { enrollment: Some(enrollment), ..About::default() }) {
        return false;
    }
    work.conclude(What::Branched { enrollment: enrollment.id.clone(), step: id.clone(), arm: CAME_TRUE.to_owned() });
    // What holds already takes no time: later waits count from the step before.
    let anchor = if enrollment.phase == Phase::Ready { enrollment.anchor } else { work.now };
    go(work, enrollment, sequence, *next, anchor);
    true
}

/// Counts a running wait again if its calendar changed, or its zone is another by now; a paused one is looked at when it goes on.
pub fn rezone(work: &mut Work<'_>, enrollment: &Enrollment, changed: bool) {
    let (Phase::Waiting { .. }, None) = (&enrollment.phase, &enrollment.paused) else { return };
    let Some(sequence) = sequence_of(work, enrollment) else { return };
    let zone = zone_of(work, &sequence).0;
    let step = enrollment.at.as_deref().and_then(|at| sequence.step(at));
    if let Some((_, Step { act: Act::Wait(pause) | Act::WaitFor { up_to: pause, .. }, .. })) = step
        && (changed || zone.iana_name() != enrollment.zone.as_deref())
    {
        wait(work, enrollment, &sequence, pause);
    }
}
