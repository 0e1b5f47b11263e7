//! Mails go in office hours and promises count in working time, so one calendar answers for both, exact across zones.
//!
//! A window belongs to the date on which it starts: a shift over midnight is open until its end even when the next
//! date is closed, and a holiday closes only the windows that start on it. Local times become instants by one rule
//! ([`local::first`]): the first instant at which the local clock shows that time or a later one. All arithmetic
//! goes from date to date and then from instant to instant, never minute by minute.

pub mod countries;
pub mod cron;
pub mod holidays;
pub mod length;
pub mod local;
pub mod pause;
#[cfg(test)]
mod properties;
pub mod spread;
#[cfg(test)]
mod table;
pub mod week;
mod windows;
pub mod zone;

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use jiff::civil::Date;
use jiff::tz::TimeZone;

pub use cron::Cron;
pub use holidays::{Dates, holidays_at, holidays_in};
pub use length::parse_length;
pub use pause::{Pause, Wait, resume_at};
pub use spread::scatter;
pub use week::{Hours, Weekdays};
pub use zone::{ZoneHints, ZoneSource, zone_named};

use self::windows::{Span, Windows};
use super::time::{Instant, Millis};

/// No holidays, shared by all that have none.
static NONE: LazyLock<Dates> = LazyLock::new(Dates::default);

/// How far ahead an opening is looked for: two years and a leap day.
const OPENING_DAYS: u32 = 731;
/// How far ahead working time is added up: forty years.
const WORKING_DAYS: u32 = 14_610;

/// The days, hours and holidays of one place. Clones share everything, so that each lead can have its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Calendar {
    zone: TimeZone,
    days: Weekdays,
    spans: Arc<[Span]>,
    holidays: Dates,
    /// Those of where one lead lives, beside its own.
    local: Dates,
}

impl Calendar {
    /// Makes a calendar; hours may come in any order and overlap, and none at all means never open.
    pub fn new(zone: TimeZone, days: Weekdays, hours: &[Hours], holidays: BTreeSet<Date>) -> Self {
        let holidays = if holidays.is_empty() { NONE.clone() } else { Arc::new(holidays) };
        Self { zone, days, spans: Span::merged(hours).into(), holidays, local: NONE.clone() }
    }

    /// The calendar that is open at every instant.
    pub fn always(zone: TimeZone) -> Self {
        Self::new(zone, Weekdays::ALL, &[Hours::WHOLE_DAY], BTreeSet::new())
    }

    /// The zone in which its days and hours are read.
    pub const fn zone(&self) -> &TimeZone {
        &self.zone
    }

    /// The same days, hours and holidays in another zone.
    #[must_use]
    pub fn in_zone(&self, zone: TimeZone) -> Self {
        Self { zone, ..self.clone() }
    }

    /// The same calendar, closed on the holidays of where somebody lives as well.
    #[must_use]
    pub fn closed_also(self, local: Dates) -> Self {
        Self { local, ..self }
    }

    /// True when no week of it has a window, holidays aside.
    pub fn never_opens(&self) -> bool {
        self.days.is_empty() || self.spans.is_empty()
    }

    /// The days on which it opens, holidays aside.
    pub const fn weekdays(&self) -> Weekdays {
        self.days
    }

    /// Whether the days of both open and close at the same times.
    pub fn same_hours(&self, other: &Self) -> bool {
        self.spans == other.spans
    }

    /// The opening hours of one of its days, added up.
    pub fn working_day(&self) -> Millis {
        self.spans.iter().map(Span::length).fold(Millis::ZERO, |sum, length| Millis(sum.0 + length.0))
    }

    /// The date from which on its holidays leave no day open for longer than an opening is looked for.
    pub fn stays_closed_from(&self) -> Option<Date> {
        let (first, last) = (self.holidays.first()?, self.holidays.last()?);
        let mut closed: Option<(Date, u32)> = None;
        let mut date = *first;
        while date <= *last {
            closed = match closed {
                _ if self.is_business_day(date) => None,
                None => Some((date, 1)),
                Some((since, days)) if days >= OPENING_DAYS => return Some(since),
                Some((since, days)) => Some((since, days + 1)),
            };
            date = date.tomorrow().ok()?;
        }
        None
    }

    /// True when `date` is one of its days and no holiday, whatever its hours.
    pub fn is_business_day(&self, date: Date) -> bool {
        self.days.contains(date.weekday()) && !self.holidays.contains(&date) && !self.local.contains(&date)
    }

    /// True when `at` lies in a window; the closing instant does not.
    pub fn is_open(&self, at: Instant) -> bool {
        self.next_open(at) == Some(at)
    }

    /// The first open instant not before `at`; none when it does not open within two years.
    pub fn next_open(&self, at: Instant) -> Option<Instant> {
        if self.is_always_open() {
            return Some(at);
        }
        self.windows(at, OPENING_DAYS).find(|window| window.closes > at).map(|window| window.opens.max(at))
    }

    /// When the opening hours around `at` end; none when closed at `at`, or when they go on for two years.
    pub fn closes_at(&self, at: Instant) -> Option<Instant> {
        if self.is_always_open() || !self.is_open(at) {
            return None;
        }
        let mut closes = at;
        for window in self.windows(at, OPENING_DAYS) {
            if window.opens > closes {
                return Some(closes);
            }
            closes = closes.max(window.closes);
        }
        None
    }

    /// The instant at which `length` of working time has passed since `from`: a length of zero ends at the next
    /// opening, and one that just fills a window ends when it closes. None when forty years do not hold it.
    pub fn add_working(&self, from: Instant, length: Millis) -> Option<Instant> {
        if self.is_always_open() {
            return Some(from + length.max(Millis::ZERO));
        }
        let (mut passed, mut left) = (from, length.max(Millis::ZERO));
        for window in self.windows(from, WORKING_DAYS) {
            let opens = window.opens.max(passed);
            if window.closes <= opens {
                continue;
            }
            let open = window.closes.since(opens);
            if left <= open {
                return Some(opens + left);
            }
            left = Millis(left.0 - open.0);
            passed = window.closes;
        }
        None
    }

    /// The working time between two instants; zero when `to` is not after `from`.
    pub fn working_between(&self, from: Instant, to: Instant) -> Millis {
        if to <= from {
            return Millis::ZERO;
        }
        if self.is_always_open() {
            return to.since(from);
        }
        let (mut passed, mut sum) = (from, 0_i64);
        for window in self.windows(from, u32::MAX).take_while(|window| window.opens < to) {
            let (opens, closes) = (window.opens.max(passed), window.closes.min(to));
            if closes > opens {
                sum += closes.since(opens).0;
                passed = closes;
            }
        }
        Millis(sum)
    }

    /// The same local clock time `days` business days later, whatever the hours; `at` itself for none of them.
    /// None when two years pass without a business day.
    pub fn add_business_days(&self, at: Instant, days: u32) -> Option<Instant> {
        let local = local::clock(&self.zone, at);
        let (mut date, mut left, mut idle) = (local.date(), days, 0);
        if days == 0 {
            return Some(at);
        }
        while left > 0 {
            date = date.tomorrow().ok()?;
            idle += 1;
            if self.is_business_day(date) {
                (left, idle) = (left - 1, 0);
            } else if idle > OPENING_DAYS {
                return None;
            }
        }
        Some(local::first(&self.zone, date.to_datetime(local.time())))
    }

    fn is_always_open(&self) -> bool {
        let closes = !self.holidays.is_empty() || !self.local.is_empty();
        self.days == Weekdays::ALL && !closes && self.spans.first().is_some_and(Span::fills_a_day)
    }

    fn windows(&self, at: Instant, days: u32) -> Windows<'_> {
        Windows::around(self, at, days)
    }
}

/// The first instant not before `at` at which a touch may leave; none when the window never opens.
pub fn allowed(at: Instant, calendar: &Calendar) -> Option<Instant> {
    calendar.next_open(at)
}

/// How much of a time lies in the window: what a touch that waited through it is late by.
pub fn window_time_between(from: Instant, until: Instant, calendar: &Calendar) -> Millis {
    calendar.working_between(from, until)
}
