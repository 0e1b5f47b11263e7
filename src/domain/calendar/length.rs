//! Lengths of time are written the same everywhere (`45m`, `24h`, `90d`), so they are read in one place.

use super::super::time::Millis;

/// A hundred years: more is a slip of the pen, and keeps all arithmetic far from its limits.
const LONGEST: Millis = Millis::DAY.times(36_500);

/// What may follow the number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Second,
    Minute,
    Hour,
    Day,
    Week,
    BusinessDay,
}

impl Unit {
    fn of(text: &str) -> Option<Self> {
        match text {
            "s" => Some(Self::Second),
            "m" => Some(Self::Minute),
            "h" => Some(Self::Hour),
            "d" => Some(Self::Day),
            "w" => Some(Self::Week),
            "bd" => Some(Self::BusinessDay),
            _ => None,
        }
    }

    /// Its elapsed length; that of a business day is the whole date.
    const fn length(self) -> Millis {
        match self {
            Self::Second => Millis::SECOND,
            Self::Minute => Millis::MINUTE,
            Self::Hour => Millis::HOUR,
            Self::Day | Self::BusinessDay => Millis::DAY,
            Self::Week => Millis::DAY.times(7),
        }
    }
}

/// A number with its unit, at most a hundred years.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Amount {
    pub count: u32,
    pub unit: Unit,
}

impl Amount {
    /// Reads a whole number directly followed by its unit; none when it is anything else.
    pub(super) fn parse(text: &str) -> Option<Result<Self, String>> {
        let text = text.trim();
        let (number, unit) = text.split_at(text.find(|c: char| !c.is_ascii_digit())?);
        let (unit, counted) = (Unit::of(unit)?, !number.is_empty());
        let amount = number.parse().ok().map(|count| Self { count, unit });
        let fitting = amount.filter(|amount| amount.elapsed() <= LONGEST);
        counted.then(|| fitting.ok_or_else(|| format!("`{text}` is too long: at most 100 years (36500d)")))
    }

    /// The elapsed length of it.
    pub(super) const fn elapsed(self) -> Millis {
        self.unit.length().times(self.count as i64)
    }
}

/// Reads an elapsed length: a whole number and `s`, `m`, `h`, `d` (24 hours) or `w`, at most a hundred years.
/// The error says what was expected.
pub fn parse_length(text: &str) -> Result<Millis, String> {
    let text = text.trim();
    match Amount::parse(text) {
        Some(Ok(Amount { unit: Unit::BusinessDay, .. })) => {
            Err(format!("expected a fixed length such as `5m`, `24h`, `90d` or `2w`; `{text}` counts business days"))
        }
        Some(amount) => amount.map(Amount::elapsed),
        None => Err(format!("expected a length such as `5m`, `24h`, `90d` or `2w`, found `{text}`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_a_number_and_a_unit() {
        for (text, length) in [
            ("90s", Millis::SECOND.times(90)),
            ("5m", Millis::MINUTE.times(5)),
            ("24h", Millis::DAY),
            (" 90d ", Millis::DAY.times(90)),
            ("2w", Millis::DAY.times(14)),
            ("0m", Millis::ZERO),
        ] {
            assert_eq!(parse_length(text), Ok(length), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_length_says_what_was_expected() {
        for text in ["", "5", "m", "5 m", "-5m", "1.5h", "5M", "5min", "1d 4h", "½d", "3bd"] {
            assert!(parse_length(text).unwrap_err().starts_with("expected a"), "{text}");
        }
        for text in ["36501d", "99999999999999999999h"] {
            assert!(parse_length(text).unwrap_err().contains("at most 100 years"), "{text}");
        }
    }
}
