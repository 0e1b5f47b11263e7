//! Rules that repeat a day every year (RFC 5545, section 3.3.10, FREQ=YEARLY).

use std::collections::BTreeSet;

use jiff::civil::{Date, Weekday};

use super::Fault;

/// Rules without an end are followed to the end of this year.
const LAST_YEAR: i16 = 2099;
const HINT: &str = "read are FREQ=YEARLY with INTERVAL, COUNT, UNTIL, BYMONTH, BYMONTHDAY and BYDAY; write other days as events of their own";

/// When an event comes again.
#[derive(Debug)]
pub struct Rule {
    every: i16,
    count: Option<usize>,
    until: Option<Date>,
    months: Vec<i32>,
    month_days: Vec<i32>,
    /// Weekdays, each with its number in the month or the year where it has one.
    weekdays: Vec<(Option<i32>, Weekday)>,
}

impl Rule {
    /// Reads a rule; a part that would be ignored is an error.
    pub fn parse(text: &str) -> Result<Self, Fault> {
        let (mut months, mut month_days, mut weekdays) = (Vec::new(), Vec::new(), Vec::new());
        let (mut yearly, mut every, mut count, mut until) = (false, 1, None, None);
        for part in text.split(';').filter(|part| !part.is_empty()) {
            let (key, value) = part.split_once('=').unwrap_or((part, ""));
            let wrong = || Fault::new(format!("`{key}` cannot be `{value}`"), HINT);
            match key.to_ascii_uppercase().as_str() {
                "FREQ" => yearly = value.eq_ignore_ascii_case("YEARLY"),
                "INTERVAL" => every = value.parse().ok().filter(|every| (1..=100).contains(every)).ok_or_else(wrong)?,
                "COUNT" => count = Some(value.parse().ok().filter(|count| *count > 0).ok_or_else(wrong)?),
                "UNTIL" => until = Some(super::date(value.get(..8).unwrap_or(value))?),
                "BYMONTH" => months = numbers(value, 1..=12, false).ok_or_else(wrong)?,
                "BYMONTHDAY" => month_days = numbers(value, 1..=31, true).ok_or_else(wrong)?,
                "BYDAY" => weekdays = value.split(',').map(weekday).collect::<Option<_>>().ok_or_else(wrong)?,
                "WKST" => {}
                _ => return Err(Fault::new(format!("`{key}` is no part of a rule that is read"), HINT)),
            }
        }
        if !yearly {
            return Err(Fault::new(format!("`{text}` does not repeat every year"), HINT));
        }
        Ok(Self { every, count, until, months, month_days, weekdays })
    }

    /// The days it names from `start` on, which is always the first.
    pub fn from(&self, start: Date) -> BTreeSet<Date> {
        let last = self.until.unwrap_or(Date::constant(LAST_YEAR, 12, 31)).min(Date::constant(LAST_YEAR, 12, 31));
        let years = (start.year()..=last.year()).step_by(usize::from(self.every.unsigned_abs()));
        let days = years.flat_map(|year| {
            let first = Date::new(year, 1, 1).unwrap_or(Date::MAX);
            first.series(jiff::Span::new().days(1)).take(usize::from(first.days_in_year().unsigned_abs()))
        });
        let named = days.filter(|day| *day > start && *day <= last && self.names(*day, start));
        std::iter::once(start).chain(named).take(self.count.unwrap_or(usize::MAX)).collect()
    }

    fn names(&self, day: Date, start: Date) -> bool {
        let by_itself = self.month_days.is_empty() && self.weekdays.is_empty();
        let month = match self.months.as_slice() {
            [] => !by_itself || day.month() == start.month(),
            months => months.contains(&i32::from(day.month())),
        };
        let (of_month, from_end) = (i32::from(day.day()), i32::from(day.day()) - i32::from(day.days_in_month()) - 1);
        let month_day = match self.month_days.as_slice() {
            [] => !by_itself || day.day() == start.day(),
            days => days.contains(&of_month) || days.contains(&from_end),
        };
        month && month_day && (self.weekdays.is_empty() || self.weekdays.iter().any(|one| self.is_weekday(day, *one)))
    }

    fn is_weekday(&self, day: Date, (number, weekday): (Option<i32>, Weekday)) -> bool {
        let (of, days) = if self.months.is_empty() {
            (i32::from(day.day_of_year()), i32::from(day.days_in_year()))
        } else {
            (i32::from(day.day()), i32::from(day.days_in_month()))
        };
        let (from_start, from_end) = ((of - 1) / 7 + 1, -((days - of) / 7 + 1));
        day.weekday() == weekday && number.is_none_or(|number| number == from_start || number == from_end)
    }
}

fn numbers(text: &str, bounds: std::ops::RangeInclusive<i32>, from_end: bool) -> Option<Vec<i32>> {
    let fits = |number: &i32| bounds.contains(number) || (from_end && bounds.contains(&-number));
    text.split(',').map(|number| number.parse::<i32>().ok().filter(fits)).collect()
}

/// `MO`, `4TH` or `-1MO`.
fn weekday(text: &str) -> Option<(Option<i32>, Weekday)> {
    let at = text.len().checked_sub(2).filter(|at| text.is_char_boundary(*at))?;
    let names = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"];
    let day = names.iter().position(|name| name.eq_ignore_ascii_case(&text[at..]))?;
    let day = Weekday::from_monday_zero_offset(i8::try_from(day).ok()?).ok()?;
    let number = match text[..at].trim_start_matches('+') {
        "" => None,
        number => Some(number.parse::<i32>().ok().filter(|number| (1..=53).contains(&number.abs()))?),
    };
    Some((number, day))
}
