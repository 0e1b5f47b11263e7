//! Schedules as production has them, without their rows: each tick once, for whoever is in the segment then; of those at one instant the larger
//! priority first.

use std::cmp::Reverse;

use jiff::tz::TimeZone;

use crate::domain::calendar::Cron;
use crate::domain::condition::Condition;
use crate::domain::decide::{Ask, Input, View};
use crate::domain::event::Actor;
use crate::domain::lead::Lead;
use crate::domain::playbook::Playbook;
use crate::domain::sequence::{Sequence, Trigger};
use crate::domain::time::Instant;
use crate::engine::tick::zone_of;

pub(super) struct Schedules<'p>(Vec<Schedule<'p>>);

struct Schedule<'p> {
    sequence: &'p str,
    cron: &'p Cron,
    segment: &'p Condition,
    zone: TimeZone,
}

impl<'p> Schedules<'p> {
    pub fn of(playbook: &'p Playbook) -> Self {
        let mut all = Vec::new();
        let mut sequences: Vec<&Sequence> = playbook.sequences.values().map(AsRef::as_ref).collect();
        sequences.sort_by_key(|sequence| (Reverse(sequence.priority), &sequence.name));
        for sequence in sequences {
            for trigger in &sequence.enroll {
                if let Trigger::Every { cron, segment, .. } = trigger {
                    let zone = zone_of(sequence, &playbook.settings);
                    all.push(Schedule { sequence: &sequence.name, cron, segment, zone });
                }
            }
        }
        Self(all)
    }

    /// The first tick of each after an instant.
    pub fn first(&self, after: Instant) -> Vec<(usize, Instant)> {
        (0..self.0.len()).filter_map(|schedule| Some((schedule, self.next(schedule, after)?))).collect()
    }

    pub fn next(&self, schedule: usize, after: Instant) -> Option<Instant> {
        let Schedule { cron, zone, .. } = self.0.get(schedule)?;
        cron.next(after, zone)
    }

    /// Whether a tick may mean anything to a lead: it is known, in the segment, and not in the sequence. The decision asks again.
    pub fn wants(&self, schedule: usize, lead: &Lead, playbook: &Playbook, now: Instant) -> bool {
        let Some(Schedule { sequence, segment, .. }) = self.0.get(schedule) else { return false };
        let inside = lead.enrollments.iter().any(|running| running.sequence == *sequence);
        lead.seq > 0 && !inside && segment.test(&View::new(lead, playbook, now), now).value
    }

    pub fn input(&self, schedule: usize, at: Instant) -> Option<Input> {
        let Schedule { sequence, cron, .. } = self.0.get(schedule)?;
        let ask = Ask::Tick { sequence: (*sequence).to_owned(), cron: cron.to_string(), at };
        Some(Input { ask, occurred_at: at, source: "engine".to_owned(), actor: Actor::System })
    }
}
