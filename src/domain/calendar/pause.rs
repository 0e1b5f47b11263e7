//! A wait in a sequence means one thing each (`72h`, `3d`, `3bd`, `until Tue 09:30`), decided here and nowhere else.

use jiff::civil::{Time, Weekday};

use super::super::time::{Instant, Millis};
use super::length::{Amount, Unit, parse_length};
use super::week::{parse_clock_time, parse_weekday};
use super::{Calendar, local, scatter};

/// How long a step waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Elapsed time, whatever the local clock does.
    Elapsed(Millis),
    /// The same local clock time that many dates later.
    Days(u32),
    /// The same local clock time that many business days later.
    BusinessDays(u32),
    /// The next such local time, after the base and not at it.
    Until { weekday: Option<Weekday>, time: Time },
}

/// A wait and how far a lead's own instant may lie from its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pause {
    pub wait: Wait,
    pub spread: Millis,
}

impl Pause {
    /// Reads `72h`, `45m`, `90s`, `3d`, `2w`, `3bd` or `until Tue 09:30`, each with a spread such as `± 20m` (or
    /// `+- 20m`) if wanted. The error says what was expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (wait, spread) = split_spread(text)?;
        let until = wait.strip_prefix("until").filter(|rest| rest.starts_with([' ', ':']));
        match until {
            Some(rest) => Ok(Self { wait: parse_until(rest.trim_start_matches(':'))?, spread }),
            None => Ok(Self { wait: parse_wait(wait)?, spread }),
        }
    }

    /// Reads what follows `until:`, such as `09:30`, `Tue 09:30` or `Tue 09:30 ± 20m`.
    pub fn parse_until(text: &str) -> Result<Self, String> {
        let (wait, spread) = split_spread(text)?;
        Ok(Self { wait: parse_until(wait)?, spread })
    }
}

/// When a lead that began to wait at `base` goes on: the wait, then its spread, never before `base`. The calendar
/// gives the zone, days and holidays of the sequence; its hours play no part, since only acting steps look for a
/// window. [`Instant::NEVER`] when no business day comes.
pub fn resume_at(base: Instant, pause: &Pause, calendar: &Calendar, seed: u64) -> Instant {
    let zone = calendar.zone();
    let clock = local::clock(zone, base);
    let waited = match pause.wait {
        Wait::Elapsed(length) => base + length,
        Wait::Days(days) => local::first(zone, local::days_after(clock.date(), days).to_datetime(clock.time())),
        Wait::BusinessDays(days) => calendar.add_business_days(base, days).unwrap_or(Instant::NEVER),
        Wait::Until { weekday, time } => next_local(base, weekday, time, calendar),
    };
    // The clock of the second pass through an overlap is that of the first, which lies before it.
    let waited = waited.max(base);
    if waited >= Instant::NEVER {
        return Instant::NEVER;
    }
    let earliest = match pause.wait {
        Wait::Until { .. } => waited,
        Wait::Elapsed(_) | Wait::Days(_) | Wait::BusinessDays(_) => base.max(waited - pause.spread),
    };
    earliest + scatter(seed, (waited + pause.spread).since(earliest))
}

fn next_local(base: Instant, weekday: Option<Weekday>, time: Time, calendar: &Calendar) -> Instant {
    let today = local::clock(calendar.zone(), base).date();
    // Two weeks, since this week's may have passed and a jump of the clock may bring next week's forward.
    (0..=14)
        .map(|days| local::days_after(today, days))
        .filter(|date| weekday.is_none_or(|weekday| date.weekday() == weekday))
        .map(|date| local::first(calendar.zone(), date.to_datetime(time)))
        .find(|at| *at > base)
        .unwrap_or(Instant::NEVER)
}

fn split_spread(text: &str) -> Result<(&str, Millis), String> {
    let Some((wait, spread)) = text.split_once('±').or_else(|| text.split_once("+-")) else {
        return Ok((text.trim(), Millis::ZERO));
    };
    match parse_length(spread) {
        Ok(length) => Ok((wait.trim(), length)),
        Err(_) => Err(format!("expected a spread such as `± 20m` or `± 2h`, found `± {}`", spread.trim())),
    }
}

fn parse_wait(text: &str) -> Result<Wait, String> {
    let amount = Amount::parse(text).ok_or_else(|| {
        format!("expected a wait such as `45m`, `72h`, `3d`, `2w`, `3bd` or `until 09:30`, found `{text}`")
    })??;
    Ok(match amount.unit {
        Unit::Second | Unit::Minute | Unit::Hour => Wait::Elapsed(amount.elapsed()),
        Unit::Day => Wait::Days(amount.count),
        Unit::Week => Wait::Days(amount.count * 7),
        Unit::BusinessDay => Wait::BusinessDays(amount.count),
    })
}

fn parse_until(text: &str) -> Result<Wait, String> {
    let text = text.trim();
    let (weekday, time) = match text.split_once(char::is_whitespace) {
        Some((weekday, time)) => (Some(parse_weekday(weekday)?), time),
        None => (None, text),
    };
    match parse_clock_time(time) {
        Ok(time) => Ok(Wait::Until { weekday, time }),
        Err(_) => Err(format!("expected a local time such as `09:30` or `Tue 09:30`, found `{text}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Hours, Weekdays};
    use super::*;
    use jiff::tz::TimeZone;

    fn office(zone: &str) -> Calendar {
        let hours = [Hours::parse("09:00-17:00").unwrap()];
        let holidays = ["2026-12-25".parse().unwrap()].into();
        Calendar::new(TimeZone::get(zone).unwrap(), Weekdays::parse("mon-fri").unwrap(), &hours, holidays)
    }

    fn at(calendar: &Calendar, local_time: &str) -> Instant {
        local::first(calendar.zone(), local_time.parse().unwrap())
    }

    #[test]
    fn each_wait_means_one_thing_across_clock_changes() {
        let paris = office("Europe/Paris");
        for (base, pause, expected) in [
            ("2026-03-28T10:00", "24h", "2026-03-29T11:00"),
            ("2026-03-28T10:00", "1d", "2026-03-29T10:00"),
            ("2026-03-28T02:30", "1d", "2026-03-29T03:00"),
            ("2026-10-24T02:30", "1d", "2026-10-25T02:30"),
            ("2026-10-23T23:00", "2w", "2026-11-06T23:00"),
            ("2026-03-27T20:15", "1bd", "2026-03-30T20:15"),
            ("2026-12-24T08:00", "3bd", "2026-12-30T08:00"),
            ("2026-03-28T10:00", "until 09:30", "2026-03-29T09:30"),
            ("2026-03-28T09:29", "until: 09:30", "2026-03-28T09:30"),
            ("2026-03-28T09:30", "until 09:30", "2026-03-29T09:30"),
            ("2026-03-31T09:31", "until Tue 09:30", "2026-04-07T09:30"),
            ("2026-03-28T23:00", "until 02:30", "2026-03-29T03:00"),
            ("2026-06-01T10:00", "90s", "2026-06-01T10:01:30"),
        ] {
            let resumed = resume_at(at(&paris, base), &Pause::parse(pause).unwrap(), &paris, 1);
            assert_eq!(local::clock(paris.zone(), resumed), expected.parse().unwrap(), "{pause} from {base}");
        }
    }

    #[test]
    fn a_spread_goes_both_ways_but_never_before_the_base_and_after_until_only_forward() {
        let paris = office("Europe/Paris");
        let base = at(&paris, "2026-06-01T10:00");
        let range = |text: &str| {
            let pause = Pause::parse(text).unwrap();
            let seen: Vec<i64> =
                (0..2_000).map(|seed| resume_at(base, &pause, &paris, seed).since(base).0 / 60_000).collect();
            (*seen.iter().min().unwrap(), *seen.iter().max().unwrap())
        };
        assert_eq!(range("2h ± 20m"), (100, 139));
        assert_eq!(range("10m +- 20m"), (0, 29));
        assert_eq!(range("until 11:00 ± 20m"), (60, 79));
    }

    #[test]
    fn a_wait_for_business_days_that_never_come_never_ends() {
        let never = Calendar::new(TimeZone::UTC, Weekdays::default(), &[], std::collections::BTreeSet::new());
        assert_eq!(resume_at(Instant(0), &Pause::parse("1bd ± 5m").unwrap(), &never, 1), Instant::NEVER);
        assert_eq!(resume_at(Instant::NEVER, &Pause::parse("2d").unwrap(), &never, 1), Instant::NEVER);
    }

    #[test]
    fn what_is_not_a_wait_says_what_was_expected() {
        for text in ["", "3", "3 days", "1d 4h", "until", "untilly 09:30", "-3d", "3bd4", "tomorrow"] {
            assert!(Pause::parse(text).unwrap_err().starts_with("expected a wait"), "{text}");
        }
        for text in ["until 25:00", "until Tue", "until Tue 9", "until 09:30 Tue"] {
            assert!(Pause::parse(text).unwrap_err().starts_with("expected a "), "{text}");
        }
        for text in ["3d ±", "3d ± soon", "3d ± 1bd"] {
            assert!(Pause::parse(text).unwrap_err().starts_with("expected a spread"), "{text}");
        }
        assert!(Pause::parse("99999w").unwrap_err().contains("at most 100 years"));
        assert_eq!(Pause::parse_until("tue 9:30 ± 5m"), Pause::parse("until Tue 09:30 +- 5m"));
    }
}
