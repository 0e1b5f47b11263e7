//! What must hold of every calendar in every zone, tried on calendars made by chance.

use std::collections::BTreeSet;

use jiff::Zoned;
use jiff::civil::{Date, Time};
use jiff::tz::{TimeZone, TimeZoneDatabase};
use proptest::prelude::*;

use super::*;

pub(super) fn every_zone() -> Vec<TimeZone> {
    let bundled = TimeZoneDatabase::bundled();
    bundled.available().filter_map(|name| bundled.get(name.as_str()).ok()).collect()
}

fn hours() -> impl Strategy<Value = Hours> {
    (0_i8..24, 0_i8..60, 0_i8..24, 0_i8..60).prop_map(|(from, past, to, beyond)| Hours {
        from: Time::constant(from, past, 0, 0),
        to: Time::constant(to, beyond, 0, 0),
    })
}

pub(super) fn holidays() -> impl Strategy<Value = BTreeSet<Date>> {
    prop::collection::btree_set(
        (2024_i16..2034, 1_i8..13, 1_i8..29).prop_map(|(y, m, d)| Date::constant(y, m, d)),
        0..40,
    )
}

pub(super) fn calendar() -> impl Strategy<Value = Calendar> {
    let days = (1_u8..128).prop_map(|bits| {
        let week = jiff::civil::Weekday::Monday.cycle_forward().take(7);
        week.filter(|day| bits & 1 << day.to_monday_zero_offset() != 0).fold(Weekdays::default(), Weekdays::with)
    });
    (prop::sample::select(every_zone()), days, prop::collection::vec(hours(), 1..4), holidays())
        .prop_map(|(zone, days, hours, holidays)| Calendar::new(zone, days, &hours, holidays))
}

/// Instants of 2024 to 2033, every other one within a day of a change of the zone's offset.
pub(super) fn instant(zone: &TimeZone, share: u64, near_a_change: bool) -> Instant {
    let at = Instant(1_704_067_200_000) + scatter(share, Millis::DAY.times(3_650));
    let change = zone.following(at.to_jiff()).next().map(|change| Instant::from_jiff(change.timestamp()));
    match change {
        Some(change) if near_a_change => change - Millis::DAY + scatter(share, Millis::DAY.times(2)),
        _ => at,
    }
}

/// Whether the local clock shows a time within the hours, by looking at it and nothing else.
fn clock_is_in_hours(calendar: &Calendar, at: Instant) -> bool {
    let now = local::clock(&calendar.zone, at);
    let yesterday = now.date().yesterday().unwrap();
    calendar.spans.iter().any(|span| {
        let in_span = |date: Date| {
            let last = if span.over_midnight { date.tomorrow().unwrap() } else { date };
            let (from, to) = (date.to_datetime(span.from), last.to_datetime(span.to));
            calendar.is_business_day(date) && from <= now && now < to
        };
        in_span(now.date()) || in_span(yesterday)
    })
}

/// Whether an instant lies in a window of one of the dates around it, each bound the first instant at which the clock shows its time.
fn lies_in_a_window(calendar: &Calendar, at: Instant) -> bool {
    let day = local::clock(&calendar.zone, at).date();
    let dates = day.saturating_sub(jiff::Span::new().days(2)).series(jiff::Span::new().days(1)).take(5);
    dates.filter(|date| calendar.is_business_day(*date)).any(|date| {
        calendar.spans.iter().any(|span| {
            let last = if span.over_midnight { date.tomorrow().unwrap() } else { date };
            let bound = |date: Date, time| local::first(&calendar.zone, date.to_datetime(time));
            bound(date, span.from) <= at && at < bound(last, span.to)
        })
    })
}

/// True when the clock was set back or forward within the three hours before, and shows some times twice or none.
pub(super) fn clock_changed_lately(zone: &TimeZone, at: Instant) -> bool {
    zone.to_offset(at.to_jiff()) != zone.to_offset((at - Millis::HOUR.times(3)).to_jiff())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_next_opening_is_the_first_open_instant(calendar in calendar(), share: u64, near: bool) {
        let at = instant(&calendar.zone, share, near);
        let Some(opens) = calendar.next_open(at) else { return Ok(()) };
        prop_assert!(opens >= at);
        prop_assert!(calendar.is_open(opens));
        prop_assert_eq!(calendar.next_open(opens), Some(opens));
        prop_assert_eq!(calendar.working_between(at, opens), Millis::ZERO);
        for look in [at, opens, at + scatter(share, opens.since(at))] {
            prop_assert_eq!(calendar.is_open(look), lies_in_a_window(&calendar, look));
            if !clock_changed_lately(&calendar.zone, look) {
                prop_assert_eq!(calendar.is_open(look), clock_is_in_hours(&calendar, look));
            }
        }
        if let Some(closes) = calendar.closes_at(opens) {
            prop_assert!(closes > opens && !calendar.is_open(closes) && calendar.is_open(closes - Millis(1)));
            prop_assert_eq!(calendar.working_between(opens, closes), closes.since(opens));
        }
    }

    #[test]
    fn working_time_added_and_measured_agree(calendar in calendar(), share: u64, near: bool, days in 0_i64..60) {
        let from = instant(&calendar.zone, share, near);
        let to = from + Millis::HOUR.times(24 * days) + scatter(share ^ 1, Millis::DAY);
        let between = calendar.working_between(from, to);
        let middle = from + scatter(share ^ 2, to.since(from));
        let halves = calendar.working_between(from, middle).0 + calendar.working_between(middle, to).0;
        prop_assert_eq!(between.0, halves);
        prop_assert!(between <= to.since(from));
        if between > Millis::ZERO {
            let reached = calendar.add_working(from, between).unwrap();
            prop_assert!(reached <= to);
            prop_assert_eq!(calendar.working_between(from, reached), between);
        }
        let length = scatter(share ^ 3, Millis::HOUR.times(100));
        if let Some(reached) = calendar.add_working(from, length) {
            prop_assert_eq!(calendar.working_between(from, reached), length);
        }
    }

    #[test]
    fn a_pause_never_ends_before_its_base_and_later_bases_end_later(
        calendar in calendar(), share: u64, near: bool, days in 0_u32..400, apart in 0_i64..200_000_000,
    ) {
        let base = instant(&calendar.zone, share, near);
        let later = base + Millis(apart);
        let plain = |wait| Pause { wait, spread: Millis::ZERO };
        let time = Time::constant(i8::try_from(days % 24).unwrap(), 30, 0, 0);
        for wait in [Wait::Days(days), Wait::BusinessDays(days), Wait::Until { weekday: None, time }] {
            let pause = Pause { wait, spread: Millis::HOUR };
            prop_assert!(resume_at(base, &pause, &calendar, share) >= base);
            let (one, other) = (resume_at(base, &plain(wait), &calendar, 0), resume_at(later, &plain(wait), &calendar, 0));
            // The second pass through an overlap shows earlier times again, so a copy of the clock time goes back too;
            // business days bring several dates to one, each with its own clock time.
            let twice = clock_changed_lately(&calendar.zone, base) || clock_changed_lately(&calendar.zone, later);
            let many_to_one = matches!(wait, Wait::BusinessDays(_));
            prop_assert!(one <= other || twice || many_to_one, "{wait:?} from {base} ends {one}, from {later} {other}");
        }
    }

    #[test]
    fn days_keep_the_clock_time_unless_the_clock_jumps_over_it(calendar in calendar(), share: u64, near: bool, days in 1_u32..400) {
        let base = instant(&calendar.zone, share, near);
        let end = resume_at(base, &Pause { wait: Wait::Days(days), spread: Millis::ZERO }, &calendar, 0);
        let wanted = local::days_after(local::clock(&calendar.zone, base).date(), days)
            .to_datetime(local::clock(&calendar.zone, base).time());
        let ended: Zoned = end.to_jiff().to_zoned(calendar.zone.clone());
        prop_assert!(ended.datetime() >= wanted);
        prop_assert!(ended.datetime() == wanted || local::clock(&calendar.zone, end - Millis(1)) < wanted);
    }
}

fn office(days: &str, hours: &[&str], holidays: &[&str]) -> Calendar {
    let hours: Vec<Hours> = hours.iter().map(|hours| Hours::parse(hours).unwrap()).collect();
    let holidays = holidays.iter().map(|date| date.parse().unwrap()).collect();
    Calendar::new(TimeZone::get("Europe/Paris").unwrap(), Weekdays::parse(days).unwrap(), &hours, holidays)
}

fn at(calendar: &Calendar, time: &str) -> Instant {
    local::first(&calendar.zone, time.parse().unwrap())
}

#[test]
fn a_shift_over_midnight_belongs_to_the_date_on_which_it_starts() {
    let night = office("mon-fri", &["22:00-06:00"], &["2026-05-01"]);
    for (time, open) in [
        ("2026-05-01T05:59", true),
        ("2026-05-01T06:00", false),
        ("2026-05-01T23:00", false),
        ("2026-05-02T01:00", false),
        ("2026-05-04T01:00", false),
        ("2026-05-04T22:00", true),
        ("2026-05-09T05:00", true),
    ] {
        assert_eq!(night.is_open(at(&night, time)), open, "{time}");
    }
    assert_eq!(night.closes_at(at(&night, "2026-05-04T23:00")), Some(at(&night, "2026-05-05T06:00")));
}

#[test]
fn working_time_is_counted_in_real_hours_when_the_clock_changes() {
    let always = office("mon-sun", &["00:00-24:00"], &["2026-01-01"]);
    for (from, to, hours) in [
        ("2026-03-29T00:00", "2026-03-30T00:00", 23),
        ("2026-10-25T00:00", "2026-10-26T00:00", 25),
        ("2025-12-31T00:00", "2026-01-03T00:00", 48),
    ] {
        assert_eq!(always.working_between(at(&always, from), at(&always, to)), Millis::HOUR.times(hours), "{from}");
    }
}

#[test]
fn hours_that_overlap_count_once() {
    let messy = office("mon-sun", &["13:00-18:00", "09:00-14:00", "20:00-10:00"], &[]);
    let day = messy.working_between(at(&messy, "2026-05-04T09:00"), at(&messy, "2026-05-05T09:00"));
    assert_eq!(day, Millis::HOUR.times(22));
    assert_eq!(messy.closes_at(at(&messy, "2026-05-04T21:00")), Some(at(&messy, "2026-05-05T18:00")));
}

#[test]
fn a_calendar_that_never_opens_or_never_closes_says_so() {
    let never = office("mon", &[], &[]);
    assert!(never.never_opens());
    assert_eq!((never.next_open(Instant(0)), never.add_working(Instant(0), Millis(1))), (None, None));
    let always = Calendar::always(TimeZone::UTC);
    assert_eq!((always.next_open(Instant(7)), always.closes_at(Instant(7))), (Some(Instant(7)), None));
    assert_eq!(
        office("mon-sun", &["00:00-24:00"], &["1999-01-01"])
            .closes_at(Instant::from_jiff("2026-01-01T00:00Z".parse().unwrap())),
        None
    );
}

#[test]
fn instants_at_the_ends_of_time_do_not_panic() {
    let calendar = office("mon-fri", &["09:00-17:00", "22:00-06:00"], &[]);
    for at in [Instant(i64::MIN), Instant(i64::MAX), Instant::NEVER] {
        calendar.next_open(at);
        calendar.closes_at(at);
        calendar.add_working(at, Millis(i64::MAX));
        calendar.add_business_days(at, u32::MAX);
        calendar.working_between(at, at + Millis::DAY.times(9));
        calendar.working_between(at - Millis::DAY.times(9), at);
    }
}
