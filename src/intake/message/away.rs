//! The day somebody is back, read from an out-of-office text: English, German and French, in the forms people write.

use std::sync::LazyLock;

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};
use mail_parser::DateTime;
use regex::{Captures, Regex};

/// Absences longer than this are misread dates.
const LONGEST_DAYS: i32 = 366;
/// How far behind a word like "until" the date may stand, in bytes.
const REACH: usize = 40;

static LEADS_TO_A_DATE: LazyLock<Regex> = LazyLock::new(|| {
    fixed(
        r"\b(until|till|through|thru|back (on|in)|back|return(ing)?( to (the|my) office)?( on)?|bis( zum| einschließlich)?|zurück|wieder (ab|am|im|erreichbar)|ab( dem)?|jusqu'au|jusqu'à|jusqu’au|jusqu’à|de retour|retour|reprendrai)\b",
    )
});
static MONTHS: [&str; 12] = [
    "jan(?:uary|uar|vier)?|jänner|janv",
    "feb(?:ruary|ruar)?|février|fév(?:r)?",
    "mar(?:ch)?|märz|mars",
    "apr(?:il)?|avril|avr",
    "may|mai",
    "june?|juni|juin",
    "july?|juli|juillet|juil",
    "aug(?:ust)?|août",
    "sept?(?:ember|embre)?",
    "o[ck]t(?:ober|obre)?",
    "nov(?:ember|embre)?",
    "de[cz](?:ember|embre)?|déc(?:embre)?",
];
static WEEKDAYS: [(&str, Weekday); 7] = [
    ("monday|montag|lundi", Weekday::Monday),
    ("tuesday|dienstag|mardi", Weekday::Tuesday),
    ("wednesday|mittwoch|mercredi", Weekday::Wednesday),
    ("thursday|donnerstag|jeudi", Weekday::Thursday),
    ("friday|freitag|vendredi", Weekday::Friday),
    ("saturday|samstag|sonnabend|samedi", Weekday::Saturday),
    ("sunday|sonntag|dimanche", Weekday::Sunday),
];
/// A day as written; groups: ISO y m d · dotted or slashed a b y · day month y · month day (to day) y · weekday.
static DAYS: LazyLock<Regex> = LazyLock::new(|| {
    let months = MONTHS.join("|");
    let weekdays = WEEKDAYS.map(|(names, _)| names).join("|");
    let sep = r"(?:\s*(?:-|–|to|bis|au|until)\s*)";
    fixed(&[
        r"(?P<iy>20\d\d)-(?P<im>\d{1,2})-(?P<id>\d{1,2})".to_owned(),
        r"(?P<a>\d{1,2})(?P<mark>[./])(?P<b>\d{1,2})(?:[./](?P<y>(?:20)?\d\d)\b|\.|\b)".to_owned(),
        format!(r"(?:\d{{1,2}}{sep})?(?P<d1>\d{{1,2}})(?:st|nd|rd|th|er|\.)?\s*(?:of\s+)?(?P<m1>{months})\b\.?,?(?:\s+(?P<y1>20\d\d))?"),
        format!(r"(?P<m2>{months})\.?\s+(?:the\s+)?(?:\d{{1,2}}(?:st|nd|rd|th)?{sep})?(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?\b,?(?:\s+(?P<y2>20\d\d))?"),
        format!(r"(?P<w>{weekdays})"),
    ]
    .join("|"))
});

/// The day the sender is back, if subject or text say it in a form we read. Days without a year or a date are those that come
/// next after the mail was written.
pub fn until(subject: &str, text: &str, written: Option<&DateTime>) -> Option<Date> {
    let written = written.and_then(|at| {
        Date::new(i16::try_from(at.year).ok()?, i8::try_from(at.month).ok()?, i8::try_from(at.day).ok()?).ok()
    });
    [subject, text].into_iter().find_map(|text| named_day(&text.to_lowercase(), written))
}

fn named_day(text: &str, written: Option<Date>) -> Option<Date> {
    let found: Vec<(usize, Date, bool)> = DAYS
        .captures_iter(text)
        .filter_map(|day| {
            let whole = day.get(0)?;
            let date = read(&day, written).filter(|date| plausible(*date, written))?;
            Some((whole.start(), date, is_range(whole.as_str())))
        })
        .collect();
    let after_a_word = |start: usize| {
        let words = LEADS_TO_A_DATE.find_iter(text);
        words
            .filter(|word| word.end() <= start)
            .any(|word| start - word.end() < REACH && !text[word.end()..start].contains('.'))
    };
    let led = found.iter().filter(|(start, ..)| after_a_word(*start)).map(|(_, date, _)| *date).max();
    led.or_else(|| found.iter().filter(|(.., range)| *range).map(|(_, date, _)| *date).max())
}

fn is_range(text: &str) -> bool {
    text.contains(['–', '-']) && !text.starts_with("20") || text.contains(" to ")
}

/// Not before the mail, and not after more than a year.
fn plausible(date: Date, written: Option<Date>) -> bool {
    written.is_none_or(|written| written.until(date).is_ok_and(|away| (0..=LONGEST_DAYS).contains(&away.get_days())))
}

fn read(day: &Captures<'_>, written: Option<Date>) -> Option<Date> {
    let number = |name: &str| day.name(name).and_then(|text| text.as_str().parse::<i16>().ok());
    if let Some(year) = number("iy") {
        return date(year, number("im")?, number("id")?);
    }
    if let (Some(a), Some(b)) = (number("a"), number("b")) {
        let year = number("y").map(|year| if year < 100 { 2_000 + year } else { year });
        let (first, second) = (of_year(year, b, a, written), of_year(year, a, b, written));
        let fits = |date: &Date| plausible(*date, written);
        return if &day["mark"] == "." { first } else { nearest(first.filter(fits), second.filter(fits)) };
    }
    let month = |name: &str| day.name(name).and_then(|text| month_of(text.as_str()));
    if let Some(days) = number("d1") {
        return of_year(number("y1"), month("m1")?, days, written);
    }
    if let Some(days) = number("d2") {
        return of_year(number("y2"), month("m2")?, days, written);
    }
    let name = day.name("w")?.as_str();
    let (_, weekday) = WEEKDAYS.iter().find(|(names, _)| names.split('|').any(|known| known == name))?;
    written?.nth_weekday(1, *weekday).ok()
}

/// Slashes mean day and month in either order; the reading that comes first after the mail is the likelier absence.
fn nearest(a: Option<Date>, b: Option<Date>) -> Option<Date> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        _ => a.or(b),
    }
}

/// The day in that year, or in the first year in which it is not over.
fn of_year(year: Option<i16>, month: i16, day: i16, written: Option<Date>) -> Option<Date> {
    if let Some(year) = year {
        return date(year, month, day);
    }
    let written = written?;
    let this = date(written.year(), month, day)?;
    if this >= written { Some(this) } else { this.checked_add(1.year()).ok() }
}

fn date(year: i16, month: i16, day: i16) -> Option<Date> {
    Date::new(year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
}

fn month_of(name: &str) -> Option<i16> {
    static WHOLE: LazyLock<Vec<Regex>> =
        LazyLock::new(|| MONTHS.iter().map(|names| fixed(&format!("^(?:{names})$"))).collect());
    let at = WHOLE.iter().position(|names| names.is_match(name))?;
    i16::try_from(at + 1).ok()
}

fn fixed(pattern: &str) -> Regex {
    Regex::new(pattern).expect("the patterns are fixed and checked by the tests")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_of_return_is_read_as_people_write_it() {
        let written = DateTime {
            year: 2026,
            month: 11,
            day: 20,
            hour: 9,
            minute: 0,
            second: 0,
            tz_before_gmt: false,
            tz_hour: 0,
            tz_minute: 0,
        };
        for (text, expected) in [
            ("I am out of the office until 2026-12-01.", Some("2026-12-01")),
            ("I will be back on December 7th, please call.", Some("2026-12-07")),
            ("Returning to the office on 7 January.", Some("2027-01-07")),
            ("I am away from 23 to 27 November with limited access.", Some("2026-11-27")),
            ("I will be travelling on December 10-14.", Some("2026-12-14")),
            ("Out until Monday", Some("2026-11-23")),
            ("back on Tuesday, 1 December 2026", Some("2026-12-01")),
            ("I return 12/01/2026.", Some("2026-12-01")),
            ("I return 30/11/2026.", Some("2026-11-30")),
            ("Ich bin bis 30.11.2026 nicht im Büro.", Some("2026-11-30")),
            ("Ich bin vom 21.11. bis zum 4.12. im Urlaub.", Some("2026-12-04")),
            ("Ab dem 7. Dezember bin ich wieder erreichbar.", Some("2026-12-07")),
            ("Ich bin ab Montag, 30. November wieder da.", Some("2026-11-30")),
            ("Je suis absent jusqu'au 3 décembre 2026 inclus.", Some("2026-12-03")),
            ("De retour le 1er décembre", Some("2026-12-01")),
            ("Je serai de retour lundi.", Some("2026-11-23")),
            ("I am away. Our office was founded on 3 May 1999. Call 555 12 30.", None),
            ("until 31.02.2026", None),
            ("back on 2031-01-01", None),
            ("I am out of the office.", None),
        ] {
            assert_eq!(until("", text, Some(&written)).map(|day| day.to_string()).as_deref(), expected, "{text}");
        }
        assert_eq!(until("Away until May 5", "", None), None);
        assert_eq!(
            until("Away until May 5", "", Some(&written)).map(|day| day.to_string()).as_deref(),
            Some("2027-05-05")
        );
    }
}
