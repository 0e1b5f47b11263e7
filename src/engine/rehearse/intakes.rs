//! How many are in each sequence that has limits, and who waits for room.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::domain::calendar::local;
use crate::domain::decide::shifted;
use crate::domain::lead::Lead;
use crate::domain::playbook::Playbook;
use crate::domain::sequence::{Intake, Sequence};
use crate::domain::time::Instant;
use crate::engine::release::{limited, today, zone_of};

pub(super) struct Intakes<'p> {
    playbook: &'p Playbook,
    day: i32,
    all: BTreeMap<String, Intake>,
    /// By sequence: since when, and the number of the lead.
    pending: BTreeMap<String, BTreeSet<(Instant, usize)>>,
    /// When room is looked for next, as it stands in the queue.
    asked: Option<Instant>,
}

impl<'p> Intakes<'p> {
    pub fn of(playbook: &'p Playbook) -> Self {
        let all = limited(playbook).into_iter().map(|name| (name.to_owned(), Intake::default())).collect();
        Self { playbook, day: i32::MIN, all, pending: BTreeMap::new(), asked: None }
    }

    /// Takes in a lead: what it is in, and what it waits for.
    pub fn join(&mut self, lead: &Lead, number: usize, now: Instant) {
        if self.all.is_empty() && lead.pending.is_empty() {
            return;
        }
        let today = today(self.playbook, now);
        self.turn(today.day);
        for running in &lead.enrollments {
            if let Some(intake) = self.all.get_mut(&running.sequence) {
                intake.active += 1;
                intake.entered_today += u32::from(running.entered_at >= today.began_at);
            }
        }
        for (sequence, waits) in &lead.pending {
            self.pending.entry(sequence.clone()).or_default().insert((waits.since, number));
            if let Some(intake) = self.all.get_mut(sequence) {
                intake.waiting = true;
            }
        }
    }

    /// Goes on from what was counted before: it knows of those too who have left again.
    pub fn resume(&mut self, counted: BTreeMap<String, Intake>, now: Instant) {
        self.turn(today(self.playbook, now).day);
        for (sequence, before) in counted {
            if let Some(intake) = self.all.get_mut(&sequence) {
                *intake = before;
            }
        }
    }

    /// How many wait, by sequence.
    pub fn waiting(&self) -> impl Iterator<Item = (&str, u64)> {
        self.pending.iter().map(|(sequence, pending)| (sequence.as_str(), pending.len() as u64))
    }

    /// How many more a sequence takes: as many as come, where an edit took its limits away.
    fn room(&self, sequence: &Sequence) -> u32 {
        sequence.limits.room(self.all.get(&sequence.name).copied().unwrap_or_default())
    }

    /// The counts as a decision sees them.
    pub fn now(&mut self, now: Instant) -> BTreeMap<String, Intake> {
        self.turn(today(self.playbook, now).day);
        self.all.clone()
    }

    pub fn shift(&mut self, sequence: &str, (active, entered): (i64, i64), day: i32) {
        self.turn(day);
        if let Some(intake) = self.all.get_mut(sequence) {
            intake.active = shifted(intake.active, active);
            intake.entered_today = shifted(intake.entered_today, entered);
        }
    }

    /// A lead waits since then, or no more.
    pub fn waits(&mut self, sequence: &str, number: usize, since: Option<Instant>) {
        let pending = self.pending.entry(sequence.to_owned()).or_default();
        pending.retain(|(_, waiting)| *waiting != number);
        pending.extend(since.map(|since| (since, number)));
        let waiting = !pending.is_empty();
        if let Some(intake) = self.all.get_mut(sequence) {
            intake.waiting = waiting;
        }
    }

    /// Who may enter now, and what.
    pub fn let_in(&mut self, now: Instant) -> Vec<(usize, String)> {
        // Who is not let in now is asked again when something changes, not at once and for ever.
        self.asked = Some(now);
        self.turn(today(self.playbook, now).day);
        let mut sequences: Vec<&Sequence> =
            self.pending.keys().filter_map(|name| self.playbook.sequences.get(name)).map(AsRef::as_ref).collect();
        sequences.sort_by_key(|sequence| Reverse(sequence.priority));
        let first = |sequence: &&Sequence| {
            let room = self.room(sequence);
            let pending = self.pending.get(&sequence.name).into_iter().flatten();
            pending.take(room as usize).map(|(_, number)| (*number, sequence.name.clone())).collect::<Vec<_>>()
        };
        sequences.iter().flat_map(first).collect()
    }

    /// When there may be room for somebody who waits, if that is to be put in the queue: now, or with the next date.
    pub fn next(&mut self, now: Instant) -> Option<Instant> {
        if self.pending.values().all(BTreeSet::is_empty) {
            return None;
        }
        let date = today(self.playbook, now).day;
        let tomorrow = || local::day_start(&zone_of(self.playbook), date + 1, now);
        let waiting = self.pending.iter().filter(|(_, pending)| !pending.is_empty());
        let next = waiting.filter_map(|(name, _)| {
            let sequence = self.playbook.sequences.get(name)?;
            let mut intake = self.all.get(name).copied().unwrap_or_default();
            if self.day != date {
                intake.entered_today = 0;
            }
            let spent = sequence.limits.new_per_day.is_some_and(|limit| intake.entered_today >= limit);
            match sequence.limits.room(intake) {
                0 if spent => Some(tomorrow()),
                0 => None,
                _ => Some(now),
            }
        });
        let next = next.min()?;
        (self.asked != Some(next)).then(|| {
            self.asked = Some(next);
            next
        })
    }

    fn turn(&mut self, day: i32) {
        if day > self.day {
            self.day = day;
            for intake in self.all.values_mut() {
                intake.entered_today = 0;
            }
        }
    }
}
