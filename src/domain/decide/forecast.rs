//! The touches that lie ahead of an enrollment, as far as calendars and the frequency cap can tell: what depends on what somebody does is
//! taken as it is today, and a task as one that nobody does.

use std::collections::BTreeSet;

use super::adopt::touch_of;
use super::enroll::sequence_zone;
use super::facts::View;
use super::ways::portion_of;
use crate::domain::calendar::{Calendar, resume_at};
use crate::domain::enrollment::{Enrollment, Onward, Phase};
use crate::domain::id::dice;
use crate::domain::lead::Lead;
use crate::domain::playbook::Playbook;
use crate::domain::sequence::{Act, Kind, Overdue, Patience, Sequence, Step};
use crate::domain::time::Instant;

/// Steps looked at, so that the longest sequence costs no more than a long one.
const STEPS: usize = 500;

/// One touch to come.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Send {
    pub at: Instant,
    pub step: String,
}

/// What lies ahead of an enrollment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ahead {
    /// The touches to come, in their order.
    pub sends: Vec<Send>,
    /// The steps on the way by their index, the one it stands at among them.
    pub steps: BTreeSet<usize>,
}

/// The touches and steps to come. `ready_at` is when the touch it stands at may leave, if that is known.
pub fn forecast(
    (lead, enrollment): (&Lead, &Enrollment),
    ready_at: Option<Instant>,
    playbook: &Playbook,
    now: Instant,
) -> Ahead {
    let Some(sequence) = playbook.version(&enrollment.version) else { return Ahead::default() };
    let zone = sequence_zone(lead, &playbook.settings, sequence).0;
    let calendar = sequence.send.calendar_for(lead, zone);
    let mails = gone(lead, enrollment, now);
    Walk { lead, enrollment, sequence, playbook, calendar, at: now, mails, ahead: Ahead::default() }.go(ready_at)
}

/// When the mails left that a cap counts; those on their way are taken to leave now, but for the one it stands at.
fn gone(lead: &Lead, enrollment: &Enrollment, now: Instant) -> Vec<Instant> {
    let own = touch_of(enrollment);
    let leaving = lead.mails.leaving.iter().filter(|(touch, off)| off.is_none() && Some(*touch) != own);
    lead.mails.sent.iter().copied().chain(leaving.map(|_| now)).collect()
}

struct Walk<'a> {
    lead: &'a Lead,
    enrollment: &'a Enrollment,
    sequence: &'a Sequence,
    playbook: &'a Playbook,
    calendar: Calendar,
    at: Instant,
    /// When mails left and will leave that the cap counts.
    mails: Vec<Instant>,
    ahead: Ahead,
}

impl Walk<'_> {
    fn go(mut self, ready_at: Option<Instant>) -> Ahead {
        let here = self.enrollment.at.as_deref().and_then(|at| self.sequence.step(at)).map(|(index, _)| index);
        self.ahead.steps.extend(here);
        let mut next = self.begin(here, ready_at);
        for _ in 0..STEPS {
            let Some((index, step)) = next.and_then(|index| Some((index, self.sequence.steps.get(index)?))) else {
                break;
            };
            self.ahead.steps.insert(index);
            next = self.take(step);
            if self.at >= Instant::NEVER {
                break;
            }
        }
        self.ahead
    }

    /// The first step to look at; nothing where it stands until somebody comes.
    fn begin(&mut self, here: Option<usize>, ready_at: Option<Instant>) -> Option<usize> {
        let after = match &self.enrollment.onward {
            Some(Onward::End) => None,
            Some(Onward::To(step)) => self.sequence.step(step).map(|(index, _)| index),
            None => here.and_then(|here| self.sequence.steps[here].next),
        };
        let paused = self.enrollment.paused.as_ref();
        if let Some(pausing) = paused {
            self.at = pausing.until?.max(self.at);
        }
        match &self.enrollment.phase {
            Phase::Ready => here,
            Phase::Waiting { until } => {
                let left = paused.and_then(|pausing| pausing.left);
                self.at = left.map_or((*until).max(self.at), |left| self.at + left);
                let waits_for_cap = here.is_some_and(|here| matches!(self.sequence.steps[here].act, Act::Email { .. }));
                if waits_for_cap && self.enrollment.onward.is_none() { here } else { after }
            }
            Phase::Sending { .. } => {
                let step = self.enrollment.at.clone().unwrap_or_default();
                self.at = ready_at.unwrap_or(self.at).max(self.at);
                if here.is_some_and(|here| matches!(self.sequence.steps[here].act, Act::Email { .. })) {
                    self.mails.push(self.at);
                }
                self.ahead.sends.push(Send { at: self.at, step });
                after
            }
            Phase::Tasked { task } => {
                let open = self.lead.task(task).filter(|open| open.overdue == Overdue::Skip)?;
                self.at = open.patient_until?.max(self.at);
                after
            }
            Phase::Held { .. } => None,
        }
    }

    fn take(&mut self, step: &Step) -> Option<usize> {
        let view = View::new(self.lead, self.playbook, self.at).within(self.enrollment);
        match &step.act {
            Act::Email { .. } | Act::Webhook { .. } | Act::Task(_) if self.is_done(step) => step.next,
            Act::Email { .. } => {
                self.at = self.capped(self.at);
                self.touch(step);
                self.mails.push(self.at);
                step.next
            }
            Act::Webhook { .. } => {
                self.touch(step);
                step.next
            }
            Act::Task(task) => {
                self.touch(step);
                let Patience::UpTo(pause) = &task.patience else { return step.next };
                let seed = dice(&[self.lead.id.as_str(), &self.sequence.name, &step.id]);
                self.at = resume_at(self.at, pause, &self.calendar, seed);
                step.next.filter(|_| task.overdue == Overdue::Skip)
            }
            Act::Wait(pause) | Act::WaitFor { up_to: pause, .. } => {
                let over = matches!(&step.act, Act::WaitFor { when, .. } if when.test(&view, self.at).value);
                if !over {
                    let seed = dice(&[self.lead.id.as_str(), &self.sequence.name, &step.id]);
                    self.at = resume_at(self.at, pause, &self.calendar, seed);
                }
                step.next
            }
            Act::Branch { arms, otherwise } => {
                let taken = arms.iter().find(|arm| arm.when.test(&view, self.at).value);
                taken.map_or(*otherwise, |arm| arm.then).or(step.next)
            }
            Act::Split(ways) => {
                let taken = portion_of(&self.lead.id, (&self.sequence.name, &step.id), ways);
                taken.and_then(|place| ways.get(place)).and_then(|way| way.then).or(step.next)
            }
            Act::Set(_) | Act::Handoff { .. } | Act::Enroll { .. } => step.next,
            Act::End { .. } => None,
        }
    }

    fn is_done(&self, step: &Step) -> bool {
        self.enrollment.steps.get(&step.id).is_some_and(|facts| facts.done_at.is_some())
    }

    /// A touch leaves, or a task is shown, when the window opens.
    fn touch(&mut self, step: &Step) {
        self.at = self.calendar.next_open(self.at).unwrap_or(Instant::NEVER);
        if self.at < Instant::NEVER {
            self.ahead.sends.push(Send { at: self.at, step: step.id.clone() });
        }
    }

    /// When the cap lets one more mail go, if this one could go at an instant.
    fn capped(&self, mut at: Instant) -> Instant {
        let cap = self.playbook.settings.frequency_cap.filter(|_| self.sequence.kind != Kind::Transactional);
        let Some(cap) = cap else { return at };
        loop {
            let mut full: Vec<Instant> =
                self.mails.iter().map(|gone| *gone + cap.within).filter(|until| *until > at).collect();
            full.sort_unstable();
            match full.len().checked_sub(cap.mails as usize).and_then(|over| full.get(over)) {
                Some(until) => at = *until,
                None => return at,
            }
        }
    }
}
