//! A promise of an answer counts in working time, so its deadline and rungs are instants on a calendar.
//!
//! The clock starts at the handoff, or at the next opening when that falls out of hours. Rungs in percent are of the
//! allowed working time; all others count from the start of the clock.

use serde::{Deserialize, Serialize};

use super::calendar::length::parse_length;
use super::calendar::{Calendar, Pause, Wait, resume_at};
use super::time::{Instant, Millis};

/// Where on its clock a rung of the ladder stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RungAt {
    /// That share of the allowed working time; over 100 is after the breach.
    Percent(u32),
    /// Elapsed time.
    Elapsed(Millis),
    /// The same local clock time that many business days later.
    BusinessDays(u32),
    /// The same local clock time that many dates later.
    Days(u32),
}

impl RungAt {
    /// Reads `60%`, `30m`, `2bd`, `3d` or `2w`. The error says what was expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let expected = || format!("expected a rung such as `60%`, `30m`, `2bd` or `3d`, found `{text}`");
        if let Some(percent) = text.strip_suffix('%') {
            let digits = percent.bytes().all(|byte| byte.is_ascii_digit());
            let percent = percent.parse().ok().filter(|percent| digits && *percent <= MOST_PERCENT);
            return percent.map(Self::Percent).ok_or_else(expected);
        }
        match Pause::parse(text).map_err(|_| expected())? {
            Pause { wait: Wait::Elapsed(length), spread: Millis::ZERO } => Ok(Self::Elapsed(length)),
            Pause { wait: Wait::BusinessDays(days), spread: Millis::ZERO } => Ok(Self::BusinessDays(days)),
            Pause { wait: Wait::Days(days), spread: Millis::ZERO } => Ok(Self::Days(days)),
            Pause { .. } => Err(expected()),
        }
    }
}

const MOST_PERCENT: u32 = 100_000;

/// The time in which an answer was promised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Allowed {
    /// Working time (`5m`, `4h`).
    Working(Millis),
    /// Until the same local clock time that many business days later (`1bd`).
    BusinessDays(u32),
}

impl Allowed {
    /// Reads `5m`, `4h` or `1bd`. The error says what was expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        match RungAt::parse(text) {
            Ok(RungAt::BusinessDays(days)) => Ok(Self::BusinessDays(days)),
            _ => parse_length(text)
                .map(Self::Working)
                .map_err(|_| format!("expected a time to answer such as `5m`, `4h` or `1bd`, found `{}`", text.trim())),
        }
    }

    /// The working time it holds for a clock that starts with a handoff at `started_at`.
    pub fn working(self, calendar: &Calendar, started_at: Instant) -> Millis {
        match self {
            Self::Working(length) => length,
            Self::BusinessDays(days) => {
                let opens = starts_at(calendar, started_at);
                let ends = calendar.add_business_days(opens, days).unwrap_or(opens);
                calendar.working_between(opens, ends)
            }
        }
    }
}

/// When the clock of a handoff at `started_at` begins to run; [`Instant::NEVER`] when its calendar never opens.
pub fn starts_at(calendar: &Calendar, started_at: Instant) -> Instant {
    calendar.next_open(started_at).unwrap_or(Instant::NEVER)
}

/// When the allowed working time is over; [`Instant::NEVER`] when the calendar does not hold that much.
pub fn deadline(calendar: &Calendar, started_at: Instant, allowed: Millis) -> Instant {
    calendar.add_working(started_at, allowed).unwrap_or(Instant::NEVER)
}

/// When a rung falls due; [`Instant::NEVER`] when its calendar never gets there.
pub fn rung_at(calendar: &Calendar, started_at: Instant, allowed: Millis, rung: RungAt) -> Instant {
    let from_start = |wait| {
        let pause = Pause { wait, spread: Millis::ZERO };
        resume_at(starts_at(calendar, started_at), &pause, calendar, 0)
    };
    match rung {
        RungAt::Percent(percent) => deadline(calendar, started_at, share(allowed, percent)),
        RungAt::Elapsed(length) => from_start(Wait::Elapsed(length)),
        RungAt::BusinessDays(days) => from_start(Wait::BusinessDays(days)),
        RungAt::Days(days) => from_start(Wait::Days(days)),
    }
}

fn share(allowed: Millis, percent: u32) -> Millis {
    let share = i128::from(allowed.0) * i128::from(percent) / 100;
    Millis(i64::try_from(share).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::super::calendar::{Hours, Weekdays, local};
    use super::*;
    use jiff::tz::TimeZone;

    fn paris() -> Calendar {
        let hours = ["09:00-12:30", "14:00-18:00"].map(|hours| Hours::parse(hours).unwrap());
        let holidays = ["2026-05-01".parse().unwrap()].into();
        let zone = TimeZone::get("Europe/Paris").unwrap();
        Calendar::new(zone, Weekdays::parse("mon-fri").unwrap(), &hours, holidays)
    }

    fn at(calendar: &Calendar, time: &str) -> Instant {
        local::first(calendar.zone(), time.parse().unwrap())
    }

    #[test]
    fn rungs_stand_on_the_working_calendar() {
        let paris = paris();
        for (start, allowed, rung, expected) in [
            ("2026-04-28T10:00", "5m", "60%", "2026-04-28T10:03"),
            ("2026-04-28T10:00", "5m", "100%", "2026-04-28T10:05"),
            ("2026-04-28T12:28", "5m", "100%", "2026-04-28T14:03"),
            ("2026-04-28T12:28", "5m", "200%", "2026-04-28T14:08"),
            ("2026-04-30T17:58", "5m", "100%", "2026-05-04T09:03"),
            ("2026-05-02T11:00", "5m", "0%", "2026-05-04T09:00"),
            ("2026-05-02T11:00", "5m", "2bd", "2026-05-06T09:00"),
            ("2026-04-30T11:00", "5m", "2bd", "2026-05-05T11:00"),
            ("2026-04-30T11:00", "5m", "30m", "2026-04-30T11:30"),
            ("2026-04-30T20:00", "5m", "30m", "2026-05-04T09:30"),
            ("2026-04-30T11:00", "5m", "1d", "2026-05-01T11:00"),
            ("2026-04-30T11:00", "1bd", "100%", "2026-05-04T11:00"),
            ("2026-04-30T11:00", "1bd", "50%", "2026-04-30T16:15"),
        ] {
            let start_at = at(&paris, start);
            let allowed = Allowed::parse(allowed).unwrap().working(&paris, start_at);
            let due = rung_at(&paris, start_at, allowed, RungAt::parse(rung).unwrap());
            assert_eq!(local::clock(paris.zone(), due), expected.parse().unwrap(), "{rung} from {start}");
        }
    }

    #[test]
    fn a_calendar_that_never_opens_has_no_deadline() {
        let never = Calendar::new(TimeZone::UTC, Weekdays::ALL, &[], std::collections::BTreeSet::new());
        assert_eq!(deadline(&never, Instant(0), Millis::MINUTE), Instant::NEVER);
        for rung in [RungAt::Percent(u32::MAX), RungAt::Elapsed(Millis(5)), RungAt::BusinessDays(1)] {
            assert_eq!(rung_at(&never, Instant(0), Millis(i64::MAX), rung), Instant::NEVER);
        }
    }

    #[test]
    fn rungs_and_promises_say_what_was_expected() {
        for text in ["", "%", "-5%", "60 percent", "999999%", "until 09:30", "2bd ± 5m"] {
            assert!(RungAt::parse(text).unwrap_err().starts_with("expected a rung"), "{text}");
        }
        for text in ["", "60%", "soon"] {
            assert!(Allowed::parse(text).unwrap_err().starts_with("expected a time to answer"), "{text}");
        }
        assert_eq!(serde_json::to_string(&RungAt::Percent(60)).unwrap(), r#"{"percent":60}"#);
    }
}
