//! The sends that an edit adds and drops over the next days.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::domain::calendar::local;
use crate::domain::decide::Send;
use crate::domain::time::Instant;

/// How many dates a plan looks ahead, the present one included.
pub const DATES: u32 = 7;

/// The sends of one date that come or no longer come on it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Day {
    pub date: String,
    pub added: usize,
    pub dropped: usize,
}

/// Counts sends by date in the zone of the workspace.
pub struct Days {
    zone: TimeZone,
    until: Instant,
    counts: BTreeMap<Date, (usize, usize)>,
}

impl Days {
    pub fn new(zone: TimeZone, now: Instant) -> Self {
        let today = local::clock(&zone, now).date();
        let until = local::first(&zone, local::days_after(today, DATES).to_datetime(jiff::civil::Time::midnight()));
        Self { zone, until, counts: BTreeMap::new() }
    }

    /// Whether an instant lies in the days that are counted.
    pub fn holds(&self, at: Instant) -> bool {
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

    pub fn counted(self) -> Vec<Day> {
        let day = |(date, (added, dropped)): (Date, (usize, usize))| Day { date: date.to_string(), added, dropped };
        self.counts.into_iter().map(day).collect()
    }
}
