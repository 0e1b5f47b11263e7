//! Cron expressions are the five fields people know from Unix, and fire once per local time across the clock's jumps.
//!
//! The `cron` crate reads the pattern and walks local times; it knows Quartz's fields (seconds first, Sunday as 1) and is wrong around
//! jumps of the clock, so both are translated here. Fixed hours fire at the first instant after a gap and the first of two passes;
//! with `*` as the hour, ticks follow elapsed time, as Vixie's cron does.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use cron::Schedule;
use jiff::civil::DateTime as Clock;
use jiff::tz::{Offset, TimeZone};

use super::super::time::{Instant, Millis};
use super::local;

const FIELDS: [Field; 5] = [
    Field { name: "minute", least: 0, most: 59, words: &[] },
    Field { name: "hour", least: 0, most: 23, words: &[] },
    Field { name: "day of the month", least: 1, most: 31, words: &[] },
    Field {
        name: "month",
        least: 1,
        most: 12,
        words: &["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    },
    Field { name: "weekday", least: 0, most: 7, words: &["sun", "mon", "tue", "wed", "thu", "fri", "sat"] },
];
/// How far ahead a tick is looked for, in days: the 29th of February comes after eight years at most.
const AHEAD: i64 = 366 * 8 + 10;

struct Field {
    name: &'static str,
    least: u32,
    most: u32,
    words: &'static [&'static str],
}

/// A cron expression.
#[derive(Clone)]
pub struct Cron {
    text: String,
    /// One schedule, or two where both a day of the month and a weekday are named: either will do.
    schedules: Vec<Schedule>,
    /// Whether it goes by elapsed time: its hour is any.
    hourly: bool,
}

impl Cron {
    /// Reads five fields: minute, hour, day of the month, month, weekday (0-7 or names, 0 and 7 are Sunday).
    ///
    /// # Errors
    /// Says which field is wrong, and what it may be.
    pub fn parse(text: &str) -> Result<Self, String> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minute, hour, day, month, weekday] = fields.as_slice() else {
            let found = fields.len();
            return Err(format!("expected five fields (minute hour day month weekday), found {found} in `{text}`"));
        };
        let read = |place: usize, field: &str| FIELDS[place].values(field);
        let (minute, hours) = (read(0, minute)?, read(1, hour)?);
        let (days, months, weekdays) = (read(2, day)?, read(3, month)?, read(4, weekday)?);
        // Sunday is 1 there, and never 0 or 7.
        let quartz: Vec<u32> = weekdays.iter().map(|day| day % 7 + 1).collect();
        let either = !day.starts_with('*') && !fields[4].starts_with('*');
        let any = "*".to_owned();
        let pattern = |days: &str, weekdays: &str| {
            let text = format!("0 {} {} {days} {} {weekdays} *", list(&minute), list(&hours), list(&months));
            Schedule::from_str(&text).map_err(|error| format!("`{text}` cannot be read: {error}"))
        };
        let (of_days, of_weekdays) = (list(&days), list(&quartz));
        let schedules = if either {
            vec![pattern(&of_days, &any)?, pattern(&any, &of_weekdays)?]
        } else {
            vec![pattern(&of_days, &of_weekdays)?]
        };
        let cron = Self { text: text.to_owned(), schedules, hourly: hour.starts_with('*') };
        match cron.next(Instant(0), &TimeZone::UTC) {
            Some(_) => Ok(cron),
            None => Err(format!("`{text}` names a day that never comes")),
        }
    }

    /// The first tick after an instant, in a zone.
    pub fn next(&self, after: Instant, zone: &TimeZone) -> Option<Instant> {
        if self.hourly { self.next_elapsed(after, zone) } else { self.next_local(after, zone) }
    }

    /// The last tick after one instant and not after another. Looked for from the end, in ever longer spans, so that neither many ticks
    /// nor a long time take long.
    pub fn last(&self, after: Instant, until: Instant, zone: &TimeZone) -> Option<Instant> {
        let mut span = Millis::MINUTE;
        loop {
            let from = after.max(until - span);
            let mut found = None;
            while let Some(at) = self.next(found.unwrap_or(from), zone).filter(|at| *at <= until) {
                found = Some(at);
            }
            if found.is_some() || from <= after {
                return found;
            }
            span = span.times(2);
        }
    }

    /// Ticks of fixed hours: each local time once.
    fn next_local(&self, after: Instant, zone: &TimeZone) -> Option<Instant> {
        // A second pass of the clock shows times that were ticks of the first one: those lie before `after` and are left out.
        let from = local::clock(zone, after - Millis::HOUR.times(3));
        self.ticks(from).map(|clock| local::first(zone, clock)).find(|at| *at > after)
    }

    /// Ticks of any hour: the clock's offset is fixed until it jumps, and then counted anew.
    fn next_elapsed(&self, after: Instant, zone: &TimeZone) -> Option<Instant> {
        let mut from = after;
        loop {
            let offset = zone.to_offset(from.to_jiff());
            let jump = zone.following(from.to_jiff()).next().map(|jump| Instant::from_jiff(jump.timestamp()));
            let found = self.ticks(offset.to_datetime(from.to_jiff())).find_map(|clock| {
                let at = Instant::from_jiff(offset.to_timestamp(clock).ok()?);
                (at > after).then_some(at)
            });
            match (found, jump) {
                (Some(at), Some(jump)) if at >= jump => from = jump,
                (found, _) => return found,
            }
        }
    }

    /// Local times of its ticks after one, in order.
    fn ticks(&self, from: Clock) -> impl Iterator<Item = Clock> + '_ {
        let seconds = Offset::UTC.to_timestamp(from).map_or(0, jiff::Timestamp::as_second);
        let start = DateTime::<Utc>::from_timestamp(seconds - 1, 0).unwrap_or_default();
        let last = seconds + AHEAD * 86_400;
        let mut ways: Vec<_> = self.schedules.iter().map(|schedule| schedule.after(&start).peekable()).collect();
        std::iter::from_fn(move || {
            let next = ways.iter_mut().filter_map(|way| way.peek().map(DateTime::timestamp)).min()?;
            for way in &mut ways {
                way.next_if(|tick| tick.timestamp() == next);
            }
            (next <= last).then(|| local::clock(&TimeZone::UTC, Instant(next * 1_000)))
        })
    }
}

impl fmt::Display for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Debug for Cron {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cron").field(&self.text).finish()
    }
}

/// Two are equal if they tick at the same times, however they are written.
impl PartialEq for Cron {
    fn eq(&self, other: &Self) -> bool {
        self.hourly == other.hourly && self.schedules == other.schedules
    }
}

impl Field {
    /// The numbers a field names: `*`, `5`, `1-5`, `*/15`, `10-50/20`, lists of them, and names.
    fn values(&self, text: &str) -> Result<Vec<u32>, String> {
        let mut values = Vec::new();
        for part in text.split(',') {
            let (range, step) = match part.split_once('/') {
                Some((range, step)) => (range, step.parse().ok().filter(|step| *step > 0)),
                None => (part, Some(1)),
            };
            let (from, to) = match range.split_once('-') {
                _ if range == "*" => (Some(self.least), Some(self.most)),
                Some((from, to)) => (self.number(from), self.number(to)),
                None if part.contains('/') => (self.number(range), Some(self.most)),
                None => (self.number(range), self.number(range)),
            };
            let (Some(step), Some(from), Some(mut to)) = (step, from, to) else { return Err(self.wrong(part)) };
            if to == 0 && self.name == "weekday" {
                // A week that ends on Sunday.
                to = if from == 0 { 0 } else { 7 };
            }
            if from > to {
                return Err(format!("the {} `{part}` ends before it begins; write it in two parts", self.name));
            }
            values.extend((from..=to).step_by(step));
        }
        values.sort_unstable();
        values.dedup();
        Ok(values)
    }

    fn number(&self, text: &str) -> Option<u32> {
        let named = self.words.iter().position(|word| text.eq_ignore_ascii_case(word));
        let first = u32::from(self.name == "month");
        let number = named.and_then(|place| u32::try_from(place).ok()).map(|place| place + first);
        number.or_else(|| text.parse().ok()).filter(|number| (self.least..=self.most).contains(number))
    }

    fn wrong(&self, part: &str) -> String {
        let words = if self.words.is_empty() { String::new() } else { format!(" or {}", self.words.join(", ")) };
        format!("the {} is {} to {}{words}, found `{part}`", self.name, self.least, self.most)
    }
}

fn list(values: &[u32]) -> String {
    values.iter().map(u32::to_string).collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ticks(text: &str, zone: &str, from: &str, count: usize) -> Vec<String> {
        let (cron, zone) = (Cron::parse(text).unwrap(), TimeZone::get(zone).unwrap());
        let mut at = local::first(&zone, from.parse().unwrap());
        let mut told = Vec::new();
        for _ in 0..count {
            at = cron.next(at, &zone).unwrap();
            told.push(at.to_jiff().to_zoned(zone.clone()).strftime("%a %d %H:%M%:z").to_string());
        }
        told
    }

    #[test]
    fn weekdays_are_those_of_unix() {
        assert_eq!(
            ticks("0 9 * * Mon", "Europe/Berlin", "2026-03-01T00:00", 2),
            ["Mon 02 09:00+01:00", "Mon 09 09:00+01:00"]
        );
        for sunday in ["0 9 * * 0", "0 9 * * 7", "0 9 * * sun"] {
            assert_eq!(ticks(sunday, "UTC", "2026-03-02T00:00", 1), ["Sun 08 09:00+00:00"], "{sunday}");
        }
        assert_eq!(ticks("0 9 * * 1-5", "UTC", "2026-03-06T10:00", 1), ["Mon 09 09:00+00:00"]);
    }

    #[test]
    fn a_day_and_a_weekday_are_either_or() {
        assert_eq!(
            ticks("0 9 13 * Fri", "UTC", "2026-03-01T00:00", 3),
            ["Fri 06 09:00+00:00", "Fri 13 09:00+00:00", "Fri 20 09:00+00:00"]
        );
        assert_eq!(ticks("0 9 1,15 * Mon", "UTC", "2026-04-01T10:00", 2), ["Mon 06 09:00+00:00", "Mon 13 09:00+00:00"]);
    }

    #[test]
    fn a_fixed_hour_fires_once_each_local_date_across_the_clocks_jumps() {
        assert_eq!(
            ticks("30 2 * * *", "America/New_York", "2026-03-07T00:00", 3),
            ["Sat 07 02:30-05:00", "Sun 08 03:00-04:00", "Mon 09 02:30-04:00"]
        );
        assert_eq!(
            ticks("30 1 * * *", "America/New_York", "2026-10-31T00:00", 3),
            ["Sat 31 01:30-04:00", "Sun 01 01:30-04:00", "Mon 02 01:30-05:00"]
        );
    }

    #[test]
    fn every_quarter_of_an_hour_fires_each_quarter_of_the_year() {
        for zone in ["America/New_York", "Europe/Berlin", "Australia/Lord_Howe"] {
            let (cron, zone) = (Cron::parse("*/15 * * * *").unwrap(), TimeZone::get(zone).unwrap());
            let start = local::first(&zone, "2026-01-01T00:00".parse().unwrap());
            let end = local::first(&zone, "2027-01-01T00:00".parse().unwrap());
            let (mut at, mut count) = (start - Millis(1), 0);
            while let Some(next) = cron.next(at, &zone).filter(|next| *next < end) {
                assert!(next > at);
                (at, count) = (next, count + 1);
            }
            assert_eq!(count, 35_040);
        }
    }

    #[test]
    fn the_last_tick_is_the_one_before_the_next_however_far_back_it_lies() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let start = local::first(&zone, "2026-01-01T00:00".parse().unwrap());
        for (text, days) in [("*/5 * * * *", 2), ("30 2 * * *", 120), ("0 9 1 1 *", 1_500)] {
            let cron = Cron::parse(text).unwrap();
            let end = start + Millis::DAY.times(days);
            let mut ticks = vec![start - Millis(1)];
            while let Some(next) = cron.next(ticks[ticks.len() - 1], &zone).filter(|next| *next <= end) {
                ticks.push(next);
            }
            for pair in ticks.windows(2) {
                assert_eq!(cron.last(start - Millis(1), pair[1], &zone), Some(pair[1]), "{text}");
                let before = Some(pair[0]).filter(|at| *at >= start);
                assert_eq!(cron.last(start - Millis(1), pair[1] - Millis(1), &zone), before, "{text}");
            }
        }
    }

    #[test]
    fn what_is_wrong_is_told_by_the_field() {
        for (text, told) in [
            ("0 9 * *", "expected five fields"),
            ("60 9 * * *", "the minute is 0 to 59, found `60`"),
            ("0 9 * * Mob", "the weekday is 0 to 7 or sun, mon"),
            ("0 17-9 * * *", "the hour `17-9` ends before it begins"),
            ("*/0 * * * *", "found `*/0`"),
            ("0 9 31 2 *", "a day that never comes"),
        ] {
            assert!(Cron::parse(text).unwrap_err().contains(told), "{text}: {:?}", Cron::parse(text));
        }
    }
}
