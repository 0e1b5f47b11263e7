//! The sends that lie ahead of an enrollment, as far as calendars can tell: what depends on what somebody does is taken as it is today.

use std::collections::BTreeSet;

use super::enroll::sequence_zone;
use super::facts::View;
use super::ways::portion_of;
use crate::domain::calendar::{Calendar, resume_at};
use crate::domain::enrollment::{Enrollment, Onward, Phase};
use crate::domain::id::dice;
use crate::domain::lead::Lead;
use crate::domain::playbook::Playbook;
use crate::domain::sequence::{Act, Sequence, Step};
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
    Walk { lead, enrollment, sequence, playbook, calendar, at: now, ahead: Ahead::default() }.go(ready_at)
}

struct Walk<'a> {
    lead: &'a Lead,
    enrollment: &'a Enrollment,
    sequence: &'a Sequence,
    playbook: &'a Playbook,
    calendar: Calendar,
    at: Instant,
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
                after
            }
            Phase::Sending { .. } => {
                let step = self.enrollment.at.clone().unwrap_or_default();
                self.at = ready_at.unwrap_or(self.at).max(self.at);
                self.ahead.sends.push(Send { at: self.at, step });
                after
            }
            Phase::Held { .. } | Phase::Tasked { .. } => None,
        }
    }

    fn take(&mut self, step: &Step) -> Option<usize> {
        let view = View::new(self.lead, self.playbook, self.at).within(self.enrollment);
        match &step.act {
            Act::Email { .. } | Act::Webhook { .. } | Act::Task(_) => {
                let facts = self.enrollment.steps.get(&step.id);
                if facts.is_none_or(|facts| facts.done_at.is_none()) {
                    self.at = self.calendar.next_open(self.at).unwrap_or(Instant::NEVER);
                    if self.at < Instant::NEVER {
                        self.ahead.sends.push(Send { at: self.at, step: step.id.clone() });
                    }
                }
                step.next
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
}
