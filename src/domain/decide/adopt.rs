//! What an edit does to an enrollment in flight: one function says it, for the plan and for the deed.
//!
//! The step is found again by its id, the time already waited is kept, what was done is not done again, and a touch that is on its way
//! stays as it is. Where the step is gone, the enrollment lands on the next old one that is still there.

use std::collections::{BTreeMap, BTreeSet};

use super::advance::{name_of, take};
use super::align::Alignment;
use super::edit::{Edit, Fate, InHand, Landing, Standing};
use super::enroll::sequence_zone;
use super::input::{Effect, Reply};
use super::work::Work;
use crate::domain::calendar::{Calendar, Pause, Wait, resume_at};
use crate::domain::enrollment::{Enrollment, Exit, Hold, Onward, Phase};
use crate::domain::event::{Mark, What};
use crate::domain::id::{TouchId, dice};
use crate::domain::playbook::Settings;
use crate::domain::sequence::{Act, InFlight, Sequence, Step, ZoneRule};
use crate::domain::time::{Instant, Millis};
use crate::domain::touch::State;

/// Why a touch of a step that is gone never leaves.
const CALLED_OFF: &str = "an edit took its step away";

/// What an edit does to one enrollment; nothing if it is in no old version, or finishes the one it began.
pub fn adopt(standing: Standing<'_>, edit: &Edit, settings: &Settings, now: Instant) -> Option<Landing> {
    let (old, alignment) = edit.from(&standing.enrollment.version)?;
    match edit.rule(old) {
        InFlight::Pin => None,
        InFlight::Finish => Some(finish(standing.enrollment)),
        InFlight::Adopt => {
            let nothing;
            let new = if let Some(new) = &edit.new {
                new.as_ref()
            } else {
                nothing = Sequence { steps: Vec::new(), ..old.as_ref().clone() };
                &nothing
            };
            Some(Move { standing, old, new, alignment, settings, now }.land())
        }
    }
}

/// It ends after the touch in hand; where there is none, now.
fn finish(enrollment: &Enrollment) -> Landing {
    let sending = matches!(enrollment.phase, Phase::Sending { .. } | Phase::Tasked { .. });
    Landing {
        onward: sending.then_some(Onward::End),
        marks: [Mark::Ends].into(),
        ends: !sending,
        ..Landing::staying(enrollment)
    }
}

impl Landing {
    fn staying(enrollment: &Enrollment) -> Self {
        Self {
            at: enrollment.at.clone(),
            phase: enrollment.phase.clone(),
            left: enrollment.paused.as_ref().and_then(|pausing| pausing.left),
            onward: enrollment.onward.clone(),
            zone: None,
            lost: None,
            touch: None,
            marks: BTreeSet::new(),
            ends: false,
        }
    }
}

/// One enrollment between two versions.
struct Move<'a> {
    standing: Standing<'a>,
    old: &'a Sequence,
    new: &'a Sequence,
    alignment: &'a Alignment,
    settings: &'a Settings,
    now: Instant,
}

impl Move<'_> {
    fn land(&self) -> Landing {
        let enrollment = self.standing.enrollment;
        let Some(at) = enrollment.at.as_deref() else { return Landing::staying(enrollment) };
        let Some((index, step)) = self.old.step(at) else {
            // It waits for the touch of a step that an earlier edit took away.
            return self.reorient(Landing::staying(enrollment));
        };
        let Some(place) = self.alignment.to(index) else { return self.lose(index) };
        let mut landing = self.stay((index, step), &self.new.steps[place]);
        landing.at = Some(self.new.steps[place].id.clone());
        if self.alignment.is_moved(index) {
            landing.marks.insert(Mark::Moved);
        }
        landing
    }

    /// Its step is still there.
    fn stay(&self, (index, was): (usize, &Step), step: &Step) -> Landing {
        let enrollment = self.standing.enrollment;
        let landing = Landing { onward: None, ..Landing::staying(enrollment) };
        let touches = matches!(step.act, Act::Email { .. } | Act::Webhook { .. } | Act::Task(_));
        match &enrollment.phase {
            Phase::Ready => landing,
            Phase::Waiting { until } => match pause_of(step) {
                Some(_) if self.same_wait(index, was, step) => landing,
                Some(pause) => self.wait_until(landing, *until, self.end_of(step, pause)),
                // A mail that waits for the frequency cap waits on.
                None if touches => landing,
                None => self.go_on(landing, *until > self.now),
            },
            // A person has it in hand.
            Phase::Tasked { .. } => landing,
            Phase::Sending { touch } | Phase::Held { hold: Hold { touch: Some(touch), .. } } => {
                match self.touch_in_hand(touch) {
                    None => landing,
                    Some(_) if !touches => {
                        let off = Landing { touch: Some(Fate::CalledOff), ..landing };
                        self.go_on(off, true)
                    }
                    Some(in_hand) => self.renew(landing, index, in_hand),
                }
            }
            Phase::Held { .. } => landing,
        }
    }

    /// Its touch has not left, and goes as the new version has it. One that was held gets its chance again where its copy changed.
    fn renew(&self, landing: Landing, index: usize, in_hand: InHand) -> Landing {
        let same = self.alignment.is_same(index);
        let held = matches!(landing.phase, Phase::Held { .. });
        if held && same {
            return landing;
        }
        let mut landing = landing;
        let (then, kept) = (in_hand.ready_at, self.same_window() && !held);
        let ready_at = if kept { then } else { self.opens_at() };
        landing.touch = Some(Fate::Renewed { at: kept.then_some(then) });
        landing.phase = Phase::Ready;
        if !same {
            landing.marks.insert(Mark::NewCopy);
        }
        if self.standing.enrollment.paused.is_none() {
            let before = if held { Instant::NEVER } else { then.max(self.now) };
            landing.marks.extend(self.mark(before, ready_at.max(self.now)));
        }
        landing
    }

    /// Its step is gone: on to the next old one that is still there.
    fn lose(&self, index: usize) -> Landing {
        let enrollment = self.standing.enrollment;
        let next = self.alignment.after(index, self.old).map(|place| &self.new.steps[place]);
        let mut landing = Landing { lost: enrollment.at.clone(), onward: None, ..Landing::staying(enrollment) };
        landing.marks.insert(Mark::LostStep);
        let in_hand = match &enrollment.phase {
            Phase::Sending { touch } | Phase::Held { hold: Hold { touch: Some(touch), .. } } => {
                let Some(in_hand) = self.touch_in_hand(touch) else {
                    landing.onward = Some(next.map_or(Onward::End, |step| Onward::To(step.id.clone())));
                    return landing;
                };
                landing.touch = Some(Fate::CalledOff);
                Some(in_hand)
            }
            Phase::Tasked { .. } => {
                landing.onward = Some(next.map_or(Onward::End, |step| Onward::To(step.id.clone())));
                return landing;
            }
            Phase::Ready | Phase::Waiting { .. } | Phase::Held { .. } => None,
        };
        landing.at = next.map(|step| step.id.clone());
        let waited = match (&enrollment.phase, in_hand) {
            (Phase::Waiting { until }, _) => *until,
            (Phase::Held { .. }, _) => Instant::NEVER,
            (_, Some(in_hand)) => in_hand.ready_at,
            (Phase::Ready | Phase::Sending { .. } | Phase::Tasked { .. }, None) => self.now,
        };
        match next {
            None => Landing { phase: Phase::Ready, left: None, marks: with(landing.marks, Mark::Ends), ..landing },
            Some(step) => match pause_of(step) {
                Some(pause) => self.wait_until(landing, waited, self.end_of(step, pause)),
                None => self.go_on(landing, waited > self.now || in_hand.is_some()),
            },
        }
    }

    /// Where it goes after a touch on its way, said by an earlier edit, may be gone again.
    fn reorient(&self, mut landing: Landing) -> Landing {
        if let Some(Onward::To(step)) = &landing.onward
            && let Some((index, _)) = self.old.step(step)
        {
            let place = self.alignment.to(index).or_else(|| self.alignment.after(index, self.old));
            landing.onward = Some(place.map_or(Onward::End, |place| Onward::To(self.new.steps[place].id.clone())));
        }
        landing
    }

    /// Waits until another instant than before: what is over by now ends now, so that later waits do not count from the past.
    fn wait_until(&self, mut landing: Landing, before: Instant, until: Instant) -> Landing {
        landing.zone = Some(name_of(&self.zone()));
        let Some(pausing) = &self.standing.enrollment.paused else {
            landing.phase = Phase::Waiting { until: until.max(self.now) };
            landing.marks.extend(self.mark(before.max(self.now), until.max(self.now)));
            return landing;
        };
        landing.left = Some(until.since(pausing.since).max(Millis::ZERO));
        landing.phase = Phase::Waiting { until: until.max(pausing.since) };
        landing.marks.extend(self.mark(before, until).filter(|mark| *mark != Mark::Released));
        landing
    }

    fn go_on(&self, landing: Landing, early: bool) -> Landing {
        let released = early && self.standing.enrollment.paused.is_none();
        let marks = if released { with(landing.marks, Mark::Released) } else { landing.marks };
        Landing { phase: Phase::Ready, left: None, marks, ..landing }
    }

    /// What it means that something comes at another instant than before.
    fn mark(&self, before: Instant, after: Instant) -> Option<Mark> {
        match before.cmp(&after) {
            std::cmp::Ordering::Less => Some(Mark::Later),
            std::cmp::Ordering::Equal => None,
            std::cmp::Ordering::Greater if after <= self.now => Some(Mark::Released),
            std::cmp::Ordering::Greater => Some(Mark::Sooner),
        }
    }

    /// What is known of a touch that may still be changed.
    fn touch_in_hand(&self, touch: &TouchId) -> Option<InHand> {
        let facts = self.standing.enrollment.steps.values().find(|facts| facts.touch.as_ref() == Some(touch));
        let outcome = facts.and_then(|facts| facts.outcome.as_deref());
        let open = outcome.is_none_or(|outcome| [State::Held, State::Deferred].iter().any(|s| s.as_str() == outcome));
        self.standing.in_hand.filter(|in_hand| open && !in_hand.under_way)
    }

    fn same_wait(&self, index: usize, was: &Step, step: &Step) -> bool {
        let pauses = (pause_of(was), pause_of(step));
        let counts_days = |pause: &Pause| !matches!(pause.wait, Wait::Elapsed(_));
        let same = self.alignment.is_same(index) || pauses.0 == pauses.1;
        same && (self.same_window() || !pauses.1.is_some_and(counts_days))
    }

    /// Whether days, hours, holidays and zone are those of before.
    fn same_window(&self) -> bool {
        let (old, new) = (&self.old.send, &self.new.send);
        let sender = old.zone != ZoneRule::Sender || old.from == new.from;
        sender
            && old.lead_holidays == new.lead_holidays
            && (&old.calendar, &old.zone, &old.fallback_zone) == (&new.calendar, &new.zone, &new.fallback_zone)
    }

    fn zone(&self) -> jiff::tz::TimeZone {
        sequence_zone(self.standing.lead, self.settings, self.new).0
    }

    fn calendar(&self) -> Calendar {
        self.new.send.calendar_for(self.standing.lead, self.zone())
    }

    fn opens_at(&self) -> Instant {
        self.calendar().next_open(self.now).unwrap_or(Instant::NEVER)
    }

    /// When a wait that counts from when the step before really happened is over.
    fn end_of(&self, step: &Step, pause: &Pause) -> Instant {
        let Standing { lead, enrollment, .. } = self.standing;
        let seed = dice(&[lead.id.as_str(), &self.new.name, &step.id]);
        resume_at(enrollment.anchor, pause, &self.calendar(), seed)
    }
}

fn with(mut marks: BTreeSet<Mark>, mark: Mark) -> BTreeSet<Mark> {
    marks.insert(mark);
    marks
}

/// How long a step waits at most, if it waits.
const fn pause_of(step: &Step) -> Option<&Pause> {
    match &step.act {
        Act::Wait(pause) | Act::WaitFor { up_to: pause, .. } => Some(pause),
        _ => None,
    }
}

/// Applies an edit to those of a lead's enrollments that it is about.
pub fn carry_out(work: &mut Work<'_>, edit: &Edit, in_hand: &BTreeMap<TouchId, InHand>) -> Reply {
    for enrollment in work.lead.enrollments.clone() {
        let touch = touch_of(&enrollment).cloned();
        let known = touch.as_ref().and_then(|touch| in_hand.get(touch)).copied();
        let standing = Standing { lead: &work.lead, enrollment: &enrollment, in_hand: known };
        if enrollment.sequence == edit.sequence
            && let Some(landing) = adopt(standing, edit, &work.playbook.settings, work.now)
        {
            put(work, edit, (&enrollment, touch), landing);
        }
    }
    Reply::Done
}

/// The touch an enrollment stands at.
pub fn touch_of(enrollment: &Enrollment) -> Option<&TouchId> {
    match &enrollment.phase {
        Phase::Sending { touch } => Some(touch),
        Phase::Held { hold } => hold.touch.as_ref(),
        Phase::Ready | Phase::Waiting { .. } | Phase::Tasked { .. } => None,
    }
}

fn put(work: &mut Work<'_>, edit: &Edit, (before, touch): (&Enrollment, Option<TouchId>), landing: Landing) {
    let id = before.id.clone();
    let to = edit.new.as_ref().map_or_else(|| before.version.clone(), |new| new.version.clone());
    let Landing { at, phase, left, onward, zone, lost, touch: fate, marks, ends } = landing;
    let from = before.version.clone();
    work.conclude(What::Adopted { enrollment: id.clone(), from, to, lost, at, phase, left, onward, zone, marks });
    work.note(&id);
    match (fate, touch) {
        (Some(Fate::CalledOff), Some(touch)) => work.call_off(touch, CALLED_OFF),
        (Some(Fate::Renewed { at }), Some(touch)) => {
            work.renewed.insert(touch.clone(), at);
            let Some(running) = work.enrollment(&id).cloned() else { return };
            take(work, &running);
            if let Some(pausing) = &running.paused {
                work.effect(Effect::Hold { touch, reason: pausing.because.clone() });
            }
        }
        _ => {}
    }
    if ends {
        work.exit(&id, &Exit::Finished("ended by an edit".to_owned()));
    }
}
