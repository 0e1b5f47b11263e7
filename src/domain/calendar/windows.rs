//! Hours of a day become windows of instants here, in order, so that the calendar's arithmetic is a walk over them.

use jiff::civil::{Date, Time};

use super::super::time::{Instant, Millis};
use super::{Calendar, Hours, local};

const DAY_SECONDS: i32 = 86_400;

/// Opening hours after merging: disjoint, in order of their start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub from: Time,
    pub to: Time,
    /// The end lies on the date after the start.
    pub over_midnight: bool,
}

impl Span {
    /// Sorts the hours of a day and joins those that touch.
    pub(super) fn merged(hours: &[Hours]) -> Vec<Self> {
        let mut seconds: Vec<(i32, i32)> = hours.iter().map(|hours| (second_of(hours.from), end_of(*hours))).collect();
        seconds.sort_unstable();
        let mut joined: Vec<(i32, i32)> = Vec::with_capacity(seconds.len());
        for (from, to) in seconds {
            match joined.last_mut() {
                Some(last) if from <= last.1 => last.1 = last.1.max(to),
                _ => joined.push((from, to)),
            }
        }
        joined.into_iter().map(|(from, to)| Self::between(from, to)).collect()
    }

    fn between(from: i32, to: i32) -> Self {
        Self { from: time_of(from), to: time_of(to), over_midnight: to >= DAY_SECONDS }
    }

    /// How long it is by the clock.
    pub(super) fn length(&self) -> Millis {
        let end = second_of(self.to) + if self.over_midnight { DAY_SECONDS } else { 0 };
        Millis::SECOND.times(i64::from(end - second_of(self.from)))
    }

    /// True when it leaves no time of its date closed.
    pub(super) fn fills_a_day(&self) -> bool {
        self.from == Time::midnight() && self.over_midnight
    }
}

/// One stretch of open time: `opens` is in it, `closes` is not.
#[derive(Clone, Copy, Debug)]
pub(super) struct Window {
    pub opens: Instant,
    pub closes: Instant,
}

/// The windows from the one that may still be open, ordered by opening; neighbours may overlap.
pub(super) struct Windows<'a> {
    calendar: &'a Calendar,
    date: Option<Date>,
    span: usize,
    days_left: u32,
}

impl<'a> Windows<'a> {
    /// Starts on the date before that of `at`, whose shift may reach over midnight, and looks `days` ahead.
    pub(super) fn around(calendar: &'a Calendar, at: Instant, days: u32) -> Self {
        let today = local::clock(&calendar.zone, at).date();
        let date = (!calendar.never_opens()).then(|| today.yesterday().unwrap_or(today));
        Self { calendar, date, span: 0, days_left: days.saturating_add(2) }
    }

    fn next_date(&mut self) {
        self.span = 0;
        self.days_left -= 1;
        self.date = self.date.filter(|_| self.days_left > 0).and_then(|date| date.tomorrow().ok());
    }
}

impl Iterator for Windows<'_> {
    type Item = Window;

    fn next(&mut self) -> Option<Window> {
        loop {
            let date = self.date?;
            let span = self.calendar.spans.get(self.span);
            let Some(span) = span.filter(|_| self.span > 0 || self.calendar.is_business_day(date)) else {
                self.next_date();
                continue;
            };
            self.span += 1;
            let last = if span.over_midnight { date.tomorrow().ok()? } else { date };
            let opens = local::first(&self.calendar.zone, date.to_datetime(span.from));
            let closes = local::first(&self.calendar.zone, last.to_datetime(span.to));
            if opens < closes {
                return Some(Window { opens, closes });
            }
        }
    }
}

fn second_of(time: Time) -> i32 {
    (i32::from(time.hour()) * 60 + i32::from(time.minute())) * 60 + i32::from(time.second())
}

fn end_of(hours: Hours) -> i32 {
    let (from, to) = (second_of(hours.from), second_of(hours.to));
    if to <= from { to + DAY_SECONDS } else { to }
}

fn time_of(second: i32) -> Time {
    Time::midnight().wrapping_add(jiff::SignedDuration::from_secs(i64::from(second % DAY_SECONDS)))
}
