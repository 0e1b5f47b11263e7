//! The times of a test: local, or counted from its start.

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;

use crate::domain::calendar::{Calendar, Pause, Wait, local as clock, parse_length, resume_at};
use crate::domain::time::{Instant, Millis};

/// The zone of a test, and when it starts.
pub struct Clock {
    pub zone: TimeZone,
    pub start: Instant,
}

const EXPECTED: &str = "a time such as `2026-03-02 09:00`, `+2d`, `+2d 09:30` or `+90m`";

impl Clock {
    /// Reads a local time, or one counted from the start.
    pub fn instant(&self, text: &str) -> Result<Instant, String> {
        match text.trim().strip_prefix('+') {
            None => local(text, &self.zone),
            Some(text) => match text.trim().split_once(' ') {
                None => self.later(text),
                Some((days, time)) => {
                    let date = clock::clock(&self.zone, self.later(days)?).date();
                    let time: Time =
                        time.trim().parse().map_err(|_| format!("expected {EXPECTED}, found `+{text}`"))?;
                    Ok(clock::first(&self.zone, date.to_datetime(time)))
                }
            },
        }
    }

    fn later(&self, text: &str) -> Result<Instant, String> {
        let wrong = || format!("expected {EXPECTED}, found `+{text}`");
        if text.trim() == "0" {
            return Ok(self.start);
        }
        let pause = Pause::parse(text).map_err(|_| wrong())?;
        match pause.wait {
            Wait::Elapsed(_) | Wait::Days(_) if pause.spread == Millis::ZERO => {
                Ok(resume_at(self.start, &pause, &Calendar::always(self.zone.clone()), 0))
            }
            _ => Err(wrong()),
        }
    }

    /// Reads when a touch is expected: a minute, a second, a date, a stretch `09:00..09:30`, or `± 20m` around any of the first.
    pub fn between(&self, text: &str) -> Result<(Instant, Instant), String> {
        if let Some((middle, spread)) = text.split_once('±').or_else(|| text.split_once("+-")) {
            let spread = parse_length(spread)?;
            let (from, to) = self.moment(middle)?;
            return Ok((from - spread, to + spread));
        }
        let Some((from, to)) = text.split_once("..") else { return self.moment(text) };
        let (first, _) = self.moment(from)?;
        let last = match to.trim().parse::<Time>() {
            Ok(time) => {
                let date = clock::clock(&self.zone, first).date();
                whole(to, clock::first(&self.zone, date.to_datetime(time)))
            }
            Err(_) => self.moment(to)?.1,
        };
        if last < first {
            return Err(format!("`{text}` ends before it begins"));
        }
        Ok((first, last))
    }

    fn moment(&self, text: &str) -> Result<(Instant, Instant), String> {
        let text = text.trim();
        if let Ok(date) = text.parse::<Date>()
            && text.len() == 10
        {
            let first = clock::first(&self.zone, date.to_datetime(Time::midnight()));
            let next = date.tomorrow().map_err(|_| format!("`{text}` is the last date there is"))?;
            return Ok((first, clock::first(&self.zone, next.to_datetime(Time::midnight())) - Millis(1)));
        }
        let at = self.instant(text)?;
        Ok((at, whole(text, at)))
    }
}

/// The end of the minute a time names, or of the second if it names one.
fn whole(text: &str, at: Instant) -> Instant {
    let named = if text.matches(':').count() > 1 { Millis::SECOND } else { Millis::MINUTE };
    at + named - Millis(1)
}

/// Reads `2026-03-02 09:00` in a zone, or RFC 3339.
pub fn local(text: &str, zone: &TimeZone) -> Result<Instant, String> {
    let text = text.trim();
    if let Ok(at) = text.parse::<jiff::Timestamp>() {
        return Ok(Instant::from_jiff(at));
    }
    let read: Result<DateTime, _> = text.parse();
    read.map(|time| clock::first(zone, time)).map_err(|_| format!("expected {EXPECTED}, found `{text}`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_count_from_the_start_on_the_local_clock() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        // Two days before the clock goes forward.
        let clock = Clock { start: local("2026-03-27 09:00", &zone).unwrap(), zone };
        for (text, expected) in [
            ("+3d", "2026-03-30T07:00:00Z"),
            ("+72h", "2026-03-30T08:00:00Z"),
            ("+3d 10:15", "2026-03-30T08:15:00Z"),
            ("2026-03-30 09:00", "2026-03-30T07:00:00Z"),
            ("2026-03-30T09:00:00Z", "2026-03-30T09:00:00Z"),
            ("+0", "2026-03-27T08:00:00Z"),
        ] {
            assert_eq!(clock.instant(text).unwrap().to_string(), expected, "{text}");
        }
        for text in ["soon", "+", "+3bd", "+3d 25:00", "2026-02-30 09:00", "+2d ± 1h"] {
            assert!(clock.instant(text).unwrap_err().contains("expected a time"), "{text}");
        }
    }

    #[test]
    fn a_touch_is_expected_in_a_minute_a_second_a_date_or_a_stretch() {
        let clock = Clock { start: Instant(0), zone: TimeZone::UTC };
        let between = |text: &str| clock.between(text).map(|(from, to)| (from.0, to.0 + 1)).unwrap();
        let (minute, day) = (60_000, 86_400_000);
        assert_eq!(between("1970-01-01 00:01"), (minute, 2 * minute));
        assert_eq!(between("1970-01-01 00:01:30"), (90_000, 91_000));
        assert_eq!(between("1970-01-02"), (day, 2 * day));
        assert_eq!(between("+1d 00:00..00:30"), (day, day + 31 * minute));
        assert_eq!(between("1970-01-01 00:10 ± 5m"), (5 * minute, 16 * minute));
        assert_eq!(between("+1d..+2d 00:00"), (day, 2 * day + minute));
        assert!(clock.between("+2d..+1d").unwrap_err().contains("ends before it begins"));
    }
}
