//! The sends that an edit adds and drops over the next days.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::domain::calendar::local;
use crate::domain::decide::Send;
use crate::domain::playbook::Settings;
use crate::domain::time::Instant;

/// How many dates a plan looks ahead, the present one included.
pub const DATES: u32 = 7;

/// The sends of one date that come or no longer come on it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Day {
    pub date: String,
    /// Sends that come on it with the edit, and not without.
    pub more: usize,
    /// Sends that come on it without the edit, and not with it; they may come on another.
    pub fewer: usize,
}

/// More mails of those in flight on one date than their sender may send on one, where the edit adds some.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Crowded {
    pub sender: String,
    pub date: String,
    pub mails: usize,
    pub per_day: u32,
}

/// Whether a count is of how it comes with the edit, or of how it would without.
#[derive(Clone, Copy, Debug)]
pub enum With {
    Edit,
    None,
}

/// Counts sends by date in the zone of the workspace.
pub struct Days {
    zone: TimeZone,
    until: Instant,
    counts: BTreeMap<Date, (usize, usize)>,
    /// Mails by sender and date: how many there are with the edit, and how many were there without.
    mails: BTreeMap<String, BTreeMap<Date, (usize, usize)>>,
}

impl Days {
    pub fn new(zone: TimeZone, now: Instant) -> Self {
        let today = local::clock(&zone, now).date();
        let until = local::first(&zone, local::days_after(today, DATES).to_datetime(jiff::civil::Time::midnight()));
        Self { zone, until, counts: BTreeMap::new(), mails: BTreeMap::new() }
    }

    /// Counts what a sender mails, with the edit or without.
    pub fn mailed(&mut self, sender: &str, with: With, mails: impl Iterator<Item = Instant>) {
        for at in mails.filter(|at| *at < self.until) {
            let dates = self.mails.entry(sender.to_owned()).or_default();
            let (more, fewer) = dates.entry(local::clock(&self.zone, at).date()).or_default();
            match with {
                With::Edit => *more += 1,
                With::None => *fewer += 1,
            }
        }
    }

    /// Whether an instant lies in the days that are counted.
    fn holds(&self, at: Instant) -> bool {
        at < self.until
    }

    /// Counts what comes on a date with the edit and did not without it, and the other way round.
    pub fn compare(&mut self, before: &[Send], after: &[Send]) {
        let (before, after) = (self.dated(before), self.dated(after));
        for (date, _) in after.difference(&before) {
            self.counts.entry(*date).or_default().0 += 1;
        }
        for (date, _) in before.difference(&after) {
            self.counts.entry(*date).or_default().1 += 1;
        }
    }

    fn dated<'s>(&self, sends: &'s [Send]) -> BTreeSet<(Date, &'s str)> {
        let within = sends.iter().filter(|send| self.holds(send.at));
        within.map(|send| (local::clock(&self.zone, send.at).date(), send.step.as_str())).collect()
    }

    /// The days with a difference, and who could not keep up with them.
    pub fn counted(self, settings: &Settings) -> (Vec<Day>, Vec<Crowded>) {
        let mut crowded = Vec::new();
        for (sender, dates) in &self.mails {
            let Some(per_day) = settings.senders.get(sender).and_then(|sender| sender.per_day) else { continue };
            for (date, (mails, without)) in dates {
                if mails > without && *mails > per_day as usize {
                    let (sender, date) = (sender.clone(), date.to_string());
                    crowded.push(Crowded { sender, date, mails: *mails, per_day });
                }
            }
        }
        let day = |(date, (more, fewer)): (Date, (usize, usize))| Day { date: date.to_string(), more, fewer };
        (self.counts.into_iter().map(day).collect(), crowded)
    }
}
