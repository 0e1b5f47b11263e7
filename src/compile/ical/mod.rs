//! Companies keep their days off in a calendar program, so its export (iCalendar, RFC 5545) is read as holidays.
//!
//! Only what makes days is read, and that strictly: all-day events, several days long or repeated every year. Whatever would
//! be understood by halves, such as an event with a time of day or a weekly rule, is an error at its line.

mod lines;
mod repeat;

use std::collections::BTreeSet;

use jiff::civil::Date;

use super::diagnostic::{Code, Report};
use super::source::Place;
use lines::{Line, lines};
use repeat::Rule;

/// What is wrong with a line, and what to do about it.
pub struct Fault {
    message: String,
    hint: String,
}

/// Days of one event at most.
const LONGEST: i32 = 366;

/// All days that the events of a calendar file cover; what is wrong is told at its line.
pub fn days(source: usize, report: &Report) -> BTreeSet<Date> {
    let text = report.source(source);
    let tell = |span: std::ops::Range<usize>, fault: Fault| {
        report.error_with(
            Code::CalendarFile,
            Place { source, start: span.start, end: span.end },
            fault.message,
            fault.hint,
        );
    };
    let mut days = BTreeSet::new();
    let mut open: Vec<(String, usize)> = Vec::new();
    let mut event: Option<Event> = None;
    let mut seen = false;
    for line in lines(&text.text) {
        let line = match line {
            Ok(line) => line,
            Err((span, fault)) => {
                tell(span, fault);
                continue;
            }
        };
        match line.name.as_str() {
            "BEGIN" => {
                open.push((line.value.to_ascii_uppercase(), line.span.start));
                seen |= is_open(&open, &["VCALENDAR"]);
                if is_open(&open, &["VCALENDAR", "VEVENT"]) {
                    event = Some(Event::default());
                }
            }
            "END" => {
                if is_open(&open, &["VCALENDAR", "VEVENT"])
                    && let Some(event) = event.take()
                {
                    match event.days() {
                        Ok(found) => days.extend(found),
                        Err(fault) => tell(line.span.clone(), fault),
                    }
                }
                if open.pop().is_none_or(|(name, _)| !name.eq_ignore_ascii_case(&line.value)) {
                    tell(line.span, Fault::new(format!("`END:{}` ends nothing that is open", line.value), WHOLE));
                    return days;
                }
            }
            _ if is_open(&open, &["VCALENDAR", "VEVENT"]) => {
                if let Some(fault) = event.as_mut().and_then(|event| event.take(&line).err()) {
                    tell(line.span, fault);
                }
            }
            _ => {}
        }
    }
    if let Some((name, at)) = open.pop() {
        tell(at..at + 6 + name.len(), Fault::new(format!("`BEGIN:{name}` is never ended"), WHOLE));
    } else if !seen {
        tell(0..0, Fault::new("there is no `BEGIN:VCALENDAR` in this file", WHOLE));
    }
    days
}

const WHOLE: &str = "export the calendar again, as a whole iCalendar file";
const WHOLE_DAYS: &str = "only all-day events close a day: write `DTSTART;VALUE=DATE:20261224`";

fn is_open(open: &[(String, usize)], names: &[&str]) -> bool {
    open.iter().map(|(name, _)| name.as_str()).eq(names.iter().copied())
}

/// One VEVENT while it is read.
#[derive(Default)]
struct Event {
    start: Option<Date>,
    end: Option<Date>,
    length: Option<i32>,
    rule: Option<Rule>,
    except: BTreeSet<Date>,
    also: BTreeSet<Date>,
    cancelled: bool,
}

impl Event {
    fn take(&mut self, line: &Line) -> Result<(), Fault> {
        match line.name.as_str() {
            "DTSTART" => self.start = Some(date(&line.value)?),
            "DTEND" => self.end = Some(date(&line.value)?),
            "DURATION" => self.length = Some(length(&line.value)?),
            "RRULE" => self.rule = Some(Rule::parse(&line.value)?),
            "EXDATE" => self.except.extend(line.value.split(',').map(date).collect::<Result<Vec<_>, _>>()?),
            "RDATE" => self.also.extend(line.value.split(',').map(date).collect::<Result<Vec<_>, _>>()?),
            "STATUS" => self.cancelled = line.value.eq_ignore_ascii_case("CANCELLED"),
            "RECURRENCE-ID" | "EXRULE" => {
                let message = format!("`{}` changes single days of a repeated event, and is not read", line.name);
                return Err(Fault::new(message, "write these days as events of their own, with EXDATE in the other"));
            }
            _ => {}
        }
        Ok(())
    }

    fn days(self) -> Result<BTreeSet<Date>, Fault> {
        let start = self.start.ok_or_else(|| Fault::new("this event has no valid `DTSTART`", WHOLE_DAYS))?;
        let to_end = self.end.map(|end| start.until(end).map_or(0, |span| span.get_days()));
        let length = to_end.or(self.length).unwrap_or(1);
        if !(1..=LONGEST).contains(&length) {
            let message = format!("this event lasts {length} days");
            return Err(Fault::new(
                message,
                format!("an event lasts 1 to {LONGEST} days; DTEND is the day after the last"),
            ));
        }
        if self.cancelled {
            return Ok(BTreeSet::new());
        }
        let mut starts = self.rule.map_or_else(|| BTreeSet::from([start]), |rule| rule.from(start));
        starts.extend(self.also);
        let begins = starts.into_iter().filter(|day| !self.except.contains(day));
        Ok(begins
            .flat_map(|day| day.series(jiff::Span::new().days(1)).take(usize::try_from(length).unwrap_or(1)))
            .collect())
    }
}

impl Fault {
    pub fn new(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { message: message.into(), hint: hint.into() }
    }
}

/// `20261224`; a time of day after it is an error.
fn date(text: &str) -> Result<Date, Fault> {
    let text = text.trim();
    let digits = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    let found = digits.then(|| Date::strptime("%Y%m%d", text).ok()).flatten();
    found.ok_or_else(|| Fault::new(format!("expected a date such as 20261224, found `{text}`"), WHOLE_DAYS))
}

/// `P2D` or `P1W`, in days.
fn length(text: &str) -> Result<i32, Fault> {
    let inner = text.trim().trim_start_matches('+').strip_prefix('P');
    let days = inner.and_then(|inner| match (inner.strip_suffix('D'), inner.strip_suffix('W')) {
        (Some(days), _) => days.parse::<i32>().ok(),
        (_, Some(weeks)) => weeks.parse::<i32>().ok()?.checked_mul(7),
        _ => None,
    });
    days.ok_or_else(|| Fault::new(format!("expected whole days such as `P2D` or `P1W`, found `{text}`"), WHOLE_DAYS))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::diagnostic::Diagnostic;
    use super::super::source::Source;
    use super::*;

    fn read(text: &str) -> (Vec<String>, Vec<Diagnostic>) {
        let report = Report::default();
        let source = report.add(Source::new("config/off.ics", text));
        let days = days(source, &report).iter().map(ToString::to_string).collect();
        (days, report.into_diagnostics())
    }

    fn event(lines: &str) -> String {
        format!("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nBEGIN:VEVENT\r\n{lines}\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n")
    }

    #[test]
    fn an_all_day_event_closes_its_days() {
        for (lines, days) in [
            ("DTSTART;VALUE=DATE:20261224\r\nSUMMARY:a\\, long\r\n  day", vec!["2026-12-24"]),
            ("DTSTART:20261230\r\nDTEND;VALUE=DATE:20270102", vec!["2026-12-30", "2026-12-31", "2027-01-01"]),
            ("DTSTART:20261224\r\nDURATION:P2D", vec!["2026-12-24", "2026-12-25"]),
            ("DTSTART;X=\"a:b;c\":20261224\r\nSTATUS:CANCELLED", vec![]),
            (
                "DTSTART:20261224\r\nRDATE;VALUE=DATE:20270104,20270105\r\nEXDATE:20261224",
                vec!["2027-01-04", "2027-01-05"],
            ),
            ("DTSTART:20261224\r\nBEGIN:VALARM\r\nDTSTART:20260101T100000Z\r\nEND:VALARM", vec!["2026-12-24"]),
        ] {
            let (found, wrong) = read(&event(lines));
            assert!(wrong.is_empty(), "{lines}: {wrong:?}");
            assert_eq!(found, days, "{lines}");
        }
    }

    #[test]
    fn an_event_repeats_every_year_by_its_rule() {
        for (start, rule, first) in [
            ("20260501", "FREQ=YEARLY", ["2026-05-01", "2027-05-01", "2028-05-01"]),
            ("20260501", "FREQ=YEARLY;INTERVAL=2", ["2026-05-01", "2028-05-01", "2030-05-01"]),
            ("20240229", "FREQ=YEARLY;WKST=MO", ["2024-02-29", "2028-02-29", "2032-02-29"]),
            ("20261126", "FREQ=YEARLY;BYMONTH=11;BYDAY=4TH", ["2026-11-26", "2027-11-25", "2028-11-23"]),
            ("20260525", "FREQ=YEARLY;BYDAY=-1MO;BYMONTH=5", ["2026-05-25", "2027-05-31", "2028-05-29"]),
            ("20261102", "FREQ=YEARLY;BYMONTH=6,11;BYMONTHDAY=2", ["2026-11-02", "2027-06-02", "2027-11-02"]),
            (
                "20261103",
                "FREQ=YEARLY;BYMONTH=11;BYDAY=TU;BYMONTHDAY=2,3,4,5,6,7,8",
                ["2026-11-03", "2027-11-02", "2028-11-07"],
            ),
            ("20261231", "FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=-1", ["2026-12-31", "2027-12-31", "2028-12-31"]),
        ] {
            let (found, wrong) = read(&event(&format!("DTSTART;VALUE=DATE:{start}\r\nRRULE:{rule}")));
            assert!(wrong.is_empty(), "{rule}: {wrong:?}");
            assert_eq!(found[..3], first, "{rule}");
        }
        let ends = |rule: &str| read(&event(&format!("DTSTART:20260501\r\nRRULE:FREQ=YEARLY;{rule}"))).0;
        assert_eq!(ends("COUNT=2"), ["2026-05-01", "2027-05-01"]);
        assert_eq!(ends("UNTIL=20270501T000000Z"), ["2026-05-01", "2027-05-01"]);
        assert_eq!(ends("WKST=SU").last().unwrap(), "2099-05-01");
    }

    #[test]
    fn what_is_wrong_is_told_at_its_line() {
        let whole = |text: &str| text.replace('\n', "\r\n");
        for (text, line, part) in [
            (event("DTSTART:20261224T090000Z"), 4, "only all-day events"),
            (event("SUMMARY:x"), 5, "no valid `DTSTART`"),
            (event("DTSTART:20261224\r\nRRULE:FREQ=WEEKLY"), 5, "FREQ=YEARLY"),
            (event("DTSTART:20261224\r\nRRULE:FREQ=YEARLY;BYSETPOS=1"), 5, "`BYSETPOS`"),
            (event("DTSTART:20261224\r\nRRULE:FREQ=YEARLY;BYDAY=9XX"), 5, "`BYDAY`"),
            (event("DTSTART:20261224\r\nDTEND:20261224"), 6, "lasts 0 days"),
            (event("DTSTART:20261224\r\nRECURRENCE-ID:20261224"), 5, "single days"),
            (event("no colon here"), 4, "`NAME:value`"),
            (whole("BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR\n"), 3, "ends nothing that is open"),
            (whole("BEGIN:VCALENDAR\n"), 1, "never ended"),
            ("hello: you".to_owned(), 1, "no `BEGIN:VCALENDAR`"),
        ] {
            let (_, wrong) = read(&text);
            let found = wrong.iter().any(|one| {
                one.position().0 == line
                    && format!("{} {}", one.message, one.hint.clone().unwrap_or_default()).contains(part)
            });
            assert!(found, "{text}: {wrong:#?}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_odd(body in "[A-Z:;=,0-9\r\n \"é-]{0,200}", rule in "[A-Z=;,0-9-]{0,40}") {
            read(&body);
            read(&event(&format!("DTSTART:20260101\r\nRRULE:FREQ=YEARLY;{rule}\r\n{body}")));
        }
    }
}
