//! People write `mon-fri` and `09:00-17:30`; parsed once here, they cannot be wrong later.

use std::fmt;

use jiff::civil::{Time, Weekday};

const NAMES: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// A set of weekdays, one bit each from Monday.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weekdays(u8);

impl Weekdays {
    pub const ALL: Self = Self(0b111_1111);

    /// Reads `mon-fri`, `mon,wed,fri`, or a mixture; ranges may wrap (`fri-mon`). The error says what was expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut days = Self::default();
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (mut day, last) = (parse_weekday(first)?, parse_weekday(last)?);
            days = days.with(day);
            while day != last {
                day = day.next();
                days = days.with(day);
            }
        }
        Ok(days)
    }

    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn contains(self, day: Weekday) -> bool {
        self.0 & bit(day) != 0
    }

    /// How many days are in it.
    pub const fn count(self) -> u32 {
        self.0.count_ones()
    }

    /// The days of either.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    #[must_use]
    pub fn with(self, day: Weekday) -> Self {
        Self(self.0 | bit(day))
    }
}

/// Shown as [`Weekdays::parse`] reads it, runs as ranges.
impl fmt::Display for Weekdays {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut runs: Vec<(usize, usize)> = Vec::new();
        for day in (0..7).filter(|day| self.0 & 1 << day != 0) {
            match runs.last_mut() {
                Some(run) if run.1 + 1 == day => run.1 = day,
                _ => runs.push((day, day)),
            }
        }
        for (n, (first, last)) in runs.into_iter().enumerate() {
            let comma = if n > 0 { "," } else { "" };
            match last - first {
                0 => write!(f, "{comma}{}", &NAMES[first][..3])?,
                _ => write!(f, "{comma}{}-{}", &NAMES[first][..3], &NAMES[last][..3])?,
            }
        }
        Ok(())
    }
}

/// Opening hours of one day. An end that is not after the start lies on the next date; midnight to midnight is the
/// whole day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hours {
    pub from: Time,
    pub to: Time,
}

impl Hours {
    pub const WHOLE_DAY: Self = Self { from: Time::midnight(), to: Time::midnight() };

    /// Reads `09:00-17:30`, `22:00-06:00` (over midnight) or `00:00-24:00`. The error says what was expected.
    pub fn parse(text: &str) -> Result<Self, String> {
        let expected = || format!("expected hours such as `09:00-17:30` or `22:00-06:00`, found `{text}`");
        let (from, to) = text.split_once('-').ok_or_else(expected)?;
        let until_midnight = to.trim() == "24:00";
        let from = parse_clock_time(from)?;
        let to = if until_midnight { Time::midnight() } else { parse_clock_time(to)? };
        if from == to && !until_midnight {
            return Err(format!("`{text}` starts and ends at the same time; the whole day is `00:00-24:00`"));
        }
        Ok(Self { from, to })
    }
}

/// Shown as [`Hours::parse`] reads it.
impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let to = if self.to == Time::midnight() { "24:00".into() } else { self.to.strftime("%H:%M").to_string() };
        write!(f, "{}-{to}", self.from.strftime("%H:%M"))
    }
}

/// Reads a weekday by its English name or the first three letters of it, in any case.
pub fn parse_weekday(text: &str) -> Result<Weekday, String> {
    let wanted = text.trim().to_ascii_lowercase();
    let found = NAMES.iter().position(|name| *name == wanted || name[..3] == wanted);
    found
        .and_then(|day| Weekday::from_monday_zero_offset(i8::try_from(day).ok()?).ok())
        .ok_or_else(|| format!("expected a weekday (mon, tue, wed, thu, fri, sat, sun), found `{}`", text.trim()))
}

/// Reads a time of day from `00:00` to `23:59`; the hour may have one digit.
pub fn parse_clock_time(text: &str) -> Result<Time, String> {
    let text = text.trim();
    let digits = |part: &str, most: usize| {
        let fits = !part.is_empty() && part.len() <= most && part.bytes().all(|byte| byte.is_ascii_digit());
        fits.then(|| part.parse::<i8>().ok()).flatten()
    };
    let time = text.split_once(':').filter(|(_, minute)| minute.len() == 2);
    time.and_then(|(hour, minute)| Time::new(digits(hour, 2)?, digits(minute, 2)?, 0, 0).ok())
        .ok_or_else(|| format!("expected a time of day such as `09:30`, found `{text}`"))
}

fn bit(day: Weekday) -> u8 {
    1 << day.to_monday_zero_offset()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weekdays_read_as_people_write_them() {
        for (text, shown) in [
            ("mon-fri", "mon-fri"),
            ("Mon, Wed ,FRI", "mon,wed,fri"),
            ("sat-sun", "sat-sun"),
            ("fri-mon", "mon,fri-sun"),
            ("monday-thursday,saturday", "mon-thu,sat"),
            ("tue", "tue"),
            ("tue-mon", "mon-sun"),
        ] {
            assert_eq!(Weekdays::parse(text).unwrap().to_string(), shown, "{text}");
        }
    }

    #[test]
    fn hours_read_as_people_write_them() {
        for (text, shown) in [
            ("09:00-17:30", "09:00-17:30"),
            ("9:00 - 12:00", "09:00-12:00"),
            ("22:00-06:00", "22:00-06:00"),
            ("00:00-24:00", "00:00-24:00"),
            ("18:00-00:00", "18:00-24:00"),
        ] {
            assert_eq!(Hours::parse(text).unwrap().to_string(), shown, "{text}");
        }
    }

    #[test]
    fn what_is_not_a_day_or_hour_says_what_was_expected() {
        for text in ["", "mon-", "-fri", "mo", "mon fri", "mon--fri", "weekdays", "1-5", "mon,", "é12"] {
            let error = Weekdays::parse(text).unwrap_err();
            assert!(error.starts_with("expected a weekday"), "{text}: {error}");
        }
        for text in ["", "9-17", "09:00", "09:00-25:00", "24:00-06:00", "09:60-10:00", "09:0-10:00", "+9:00-10:00"] {
            assert!(Hours::parse(text).unwrap_err().starts_with("expected"), "{text}");
        }
        assert!(Hours::parse("09:00-09:00").unwrap_err().contains("00:00-24:00"));
    }
}
