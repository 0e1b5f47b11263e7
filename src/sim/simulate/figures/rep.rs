//! What a rep is given, and what came of it.

use jiff::tz::TimeZone;

use super::add;
use crate::domain::calendar::{Calendar, local};
use crate::domain::handoff::Met;
use crate::domain::time::{Instant, Millis};
use crate::sim::simulate::series::Histogram;

/// Working minutes to an answer that are told apart.
const MINUTES: usize = 24 * 60;

#[derive(Clone, Debug)]
pub struct RepFigures {
    pub name: String,
    calendar: Option<Calendar>,
    pub handoffs: u64,
    /// By day.
    pub by_day: Vec<u32>,
    /// Handoffs by weekday from Monday and hour, of the rep's zone.
    pub by_hour: Vec<[u64; 24]>,
    /// Hours that clocks ran, by weekday and hour.
    pub clock_hours: Vec<[u64; 24]>,
    pub in_time: u64,
    pub late: u64,
    pub breached: u64,
    /// Closed without an answer.
    pub unanswered: u64,
    pub open: u64,
    pub most_open: u64,
    /// Working minutes from the handoff to the answer.
    pub minutes: Histogram,
    pub tasks: TaskFigures,
    pub work: Work,
}

/// Tasks of one rep.
#[derive(Clone, Debug, Default)]
pub struct TaskFigures {
    pub asked: u64,
    /// By day.
    pub by_day: Vec<u32>,
    pub done: u64,
    /// Of those that were done: after they were due.
    pub late: u64,
    pub skipped: u64,
    /// Their sequence waited for them as long as it may.
    pub overdue: u64,
    pub open: u64,
}

/// What handoffs and tasks take of a rep's working time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    pub busy: Millis,
    /// All the working time there was, days off left out.
    pub open: Millis,
    /// The day on which something first had to wait for longer than a whole working day, because others came before it.
    pub behind_from: Option<usize>,
}

impl RepFigures {
    pub(super) fn new(name: String, calendar: Option<Calendar>, days: usize) -> Self {
        Self {
            name,
            calendar,
            handoffs: 0,
            by_day: vec![0; days],
            by_hour: vec![[0; 24]; 7],
            clock_hours: vec![[0; 24]; 7],
            in_time: 0,
            late: 0,
            breached: 0,
            unanswered: 0,
            open: 0,
            most_open: 0,
            minutes: Histogram::new(MINUTES),
            tasks: TaskFigures { by_day: vec![0; days], ..TaskFigures::default() },
            work: Work::default(),
        }
    }

    pub(super) fn opens(&mut self, now: Instant, day: Option<usize>) {
        self.handoffs += 1;
        self.holds();
        if let Some(day) = day {
            add(&mut self.by_day, day);
        }
        let (weekday, hour) = self.place(now);
        self.by_hour[weekday][hour] += 1;
    }

    /// One more handoff is open.
    pub(super) fn holds(&mut self) {
        self.open += 1;
        self.most_open = self.most_open.max(self.open);
    }

    pub(super) fn answers(&mut self, opened_at: Instant, at: Instant, met: Met) {
        match met {
            Met::InTime | Met::NoClock => self.in_time += 1,
            Met::Late => self.late += 1,
        }
        let working =
            self.calendar.as_ref().map_or(at.since(opened_at), |calendar| calendar.working_between(opened_at, at));
        self.minutes.add(usize::try_from(working.0 / Millis::MINUTE.0).unwrap_or(0));
        self.run(opened_at, at);
    }

    /// Counts the hours in which a clock ran, open hours alone.
    pub(super) fn run(&mut self, from: Instant, to: Instant) {
        let mut at = from;
        while at < to {
            let open = self.calendar.as_ref().and_then(|calendar| calendar.next_open(at)).unwrap_or(at);
            if open >= to {
                return;
            }
            let (weekday, hour) = self.place(open);
            self.clock_hours[weekday][hour] += 1;
            at = open + Millis::HOUR;
        }
    }

    fn place(&self, at: Instant) -> (usize, usize) {
        let utc = TimeZone::UTC;
        let clock = local::clock(self.calendar.as_ref().map_or(&utc, Calendar::zone), at);
        let weekday = usize::try_from(clock.weekday().to_monday_zero_offset()).unwrap_or(0);
        (weekday, usize::try_from(clock.hour()).unwrap_or(0))
    }

    /// Handoffs that were answered, in time or late.
    pub const fn answered(&self) -> u64 {
        self.in_time + self.late
    }
}
