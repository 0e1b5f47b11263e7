//! Deadlines and clock changes as other tools compute them, so that our arithmetic is not its own judge.

#[path = "support/corpora.rs"]
mod corpora;

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Date, DateTime, Time};
use jiff::tz::TimeZone;
use overture::domain::calendar::{Calendar, Hours, Weekdays, holidays_in, local, zone_named};
use overture::domain::time::{Instant, Millis};
use serde::Deserialize;

use crate::corpora::corpus;

#[derive(Deserialize)]
struct Unstable {
    changed: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Holidays {
    holidays: BTreeMap<String, BTreeSet<Date>>,
}

#[derive(Deserialize)]
struct Deadline {
    zone: String,
    country: String,
    open: i8,
    close: i8,
    start: i64,
    business_minutes: i64,
    due: i64,
}

#[derive(Deserialize)]
struct Local {
    zone: String,
    #[serde(rename = "local")]
    time: DateTime,
    #[serde(alias = "transition", alias = "earlier")]
    utc: i64,
}

#[derive(Deserialize)]
struct Changes {
    zone: String,
    transitions: Vec<Change>,
}

#[derive(Deserialize)]
struct Change {
    at: i64,
    before: i64,
    after: i64,
}

fn text(file: &str) -> Option<String> {
    Some(std::fs::read_to_string(corpus(file)?).expect("the corpus is text"))
}

fn lines<T: for<'a> Deserialize<'a>>(file: &str) -> Option<Vec<T>> {
    Some(text(file)?.lines().map(|line| serde_json::from_str(line).expect("a line of the corpus")).collect())
}

/// Zones whose rules changed lately are left out: the zone database of the machine may be older than the corpus.
fn stable_zone(name: &str) -> Option<TimeZone> {
    let unstable: Unstable = serde_json::from_str(&text("time/unstable-zones.json")?).expect("the list of zones");
    if unstable.changed.contains(name) { None } else { Some(zone_named(name).expect("a zone of the corpus")) }
}

const fn second(at: i64) -> Instant {
    Instant(at * 1_000)
}

#[test]
fn deadlines_in_business_minutes_are_those_of_other_tools() {
    let Some(deadlines) = lines::<Deadline>("time/business-deadlines.jsonl") else { return };
    let holidays: Holidays =
        serde_json::from_str(&text("time/holidays.json").expect("holidays beside deadlines")).expect("holidays");
    let mut checked = 0;
    for case in deadlines {
        let Some(zone) = stable_zone(&case.zone) else { continue };
        let hours = Hours { from: Time::constant(case.open, 0, 0, 0), to: Time::constant(case.close, 0, 0, 0) };
        let days = Weekdays::parse("mon-fri").expect("weekdays");
        let calendar = Calendar::new(zone, days, &[hours], holidays.holidays[&case.country].clone());
        let (start, length) = (second(case.start), Millis::MINUTE.times(case.business_minutes));
        assert_eq!(calendar.add_working(start, length), Some(second(case.due)), "{} + {length:?}", case.zone);
        assert_eq!(calendar.working_between(start, second(case.due)), length, "{} from {start}", case.zone);
        checked += 1;
    }
    assert!(checked >= 200, "only {checked} deadlines were checked");
}

#[test]
fn the_holidays_of_countries_are_those_of_the_package_they_were_made_of() {
    let Some(text) = text("time/holidays.json") else { return };
    let theirs: Holidays = serde_json::from_str(&text).expect("holidays");
    assert!(theirs.holidays.len() > 3, "only {} countries were checked", theirs.holidays.len());
    for (country, days) in theirs.holidays {
        let years = days.first().expect("a day").year()..=days.last().expect("a day").year();
        let ours = holidays_in(&country).unwrap_or_else(|| panic!("{country} is known"));
        let ours: BTreeSet<Date> = ours.iter().filter(|day| years.contains(&day.year())).copied().collect();
        assert_eq!(ours, days, "{country}");
    }
}

#[test]
fn local_times_become_instants_as_in_the_zone_database() {
    let Some(cases) = lines::<Local>("time/local-resolve.jsonl") else { return };
    let mut checked = 0;
    for case in cases {
        let Some(zone) = stable_zone(&case.zone) else { continue };
        assert_eq!(local::first(&zone, case.time), second(case.utc), "{} in {}", case.time, case.zone);
        checked += 1;
    }
    assert!(checked >= 500, "only {checked} local times were checked");
}

#[test]
fn clocks_change_when_the_zone_database_says() {
    let Some(zones) = lines::<Changes>("time/transitions.jsonl") else { return };
    for case in zones {
        let Some(zone) = stable_zone(&case.zone) else { continue };
        for change in case.transitions {
            let offset = |at: Instant| i64::from(zone.to_offset(at.to_jiff()).seconds());
            let seen = (offset(second(change.at) - Millis(1)), offset(second(change.at)));
            assert_eq!(seen, (change.before, change.after), "{} at {}", case.zone, second(change.at));
        }
    }
}
