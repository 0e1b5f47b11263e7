//! The table of waits, row by row, in every zone of the IANA database: one meaning each, also where clocks jump.

use std::collections::BTreeSet;

use jiff::civil::{DateTime, Time, Weekday};
use jiff::tz::TimeZone;
use proptest::prelude::*;

use super::properties::{calendar, clock_changed_lately, every_zone, holidays, instant};
use super::*;

/// 2024 to 2033, as far as rules are known.
const FIRST: Instant = Instant(1_704_067_200_000);
const LAST: Instant = Instant(2_019_686_400_000);

/// The changes of a zone's clock in these years.
fn changes(zone: &TimeZone) -> Vec<Instant> {
    let following = zone.following(FIRST.to_jiff()).map(|change| Instant::from_jiff(change.timestamp()));
    following.take_while(|change| *change < LAST).collect()
}

/// Whether `end` is the first instant at which the clock shows `wanted` or a later time.
fn is_first(zone: &TimeZone, end: Instant, wanted: DateTime) -> bool {
    let before = (1..=48).map(|step| end - Millis::MINUTE.times(5 * step));
    local::clock(zone, end) >= wanted && before.chain([end - Millis(1)]).all(|at| local::clock(zone, at) < wanted)
}

fn waited(base: Instant, wait: Wait, calendar: &Calendar) -> Instant {
    resume_at(base, &Pause { wait, spread: Millis::ZERO }, calendar, 0)
}

#[test]
fn days_over_every_change_of_every_clock_end_at_the_first_such_local_time() {
    let mut checked = 0;
    for zone in every_zone() {
        let calendar = Calendar::always(zone.clone());
        for change in changes(&zone) {
            for minutes in [-90, -30, 0, 30, 90] {
                let base = change - Millis::DAY + Millis::MINUTE.times(minutes);
                let wanted =
                    local::clock(&zone, base).date().tomorrow().unwrap().to_datetime(local::clock(&zone, base).time());
                let end = waited(base, Wait::Days(1), &calendar);
                assert!(is_first(&zone, end, wanted), "{:?}: {base} and a day is not {end}", zone.iana_name());
                checked += 1;
            }
        }
    }
    assert!(checked > 1_000, "only {checked} were checked");
}

#[test]
fn a_cron_of_fixed_hours_fires_once_a_date_over_every_change_of_every_clock() {
    let crons: Vec<Cron> = ["30 2 * * *", "0 3 * * *"].into_iter().map(|text| Cron::parse(text).unwrap()).collect();
    for zone in every_zone() {
        for (change, cron) in changes(&zone).into_iter().step_by(7).zip(crons.iter().cycle()) {
            let mut at = change - Millis::DAY.times(2);
            let mut date = local::clock(&zone, cron.next(at, &zone).unwrap()).date();
            for _ in 0..4 {
                let next = cron.next(at, &zone).unwrap();
                assert!(next > at, "{cron} in {:?} after {at}", zone.iana_name());
                assert_eq!(local::clock(&zone, next).date(), date, "{cron} in {:?} after {at}", zone.iana_name());
                (at, date) = (next, date.tomorrow().unwrap());
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn elapsed_time_is_elapsed_whatever_the_clock_shows(calendar in calendar(), share: u64, near: bool, hours in 0_i64..10_000) {
        let base = instant(calendar.zone(), share, near);
        prop_assert_eq!(waited(base, Wait::Elapsed(Millis::HOUR.times(hours)), &calendar), base + Millis::HOUR.times(hours));
    }

    #[test]
    fn business_days_are_counted_one_by_one_and_keep_the_clock_time(calendar in calendar(), share: u64, near: bool, days in 1_u32..30) {
        let base = instant(calendar.zone(), share, near);
        let end = waited(base, Wait::BusinessDays(days), &calendar);
        if end == Instant::NEVER {
            return Ok(());
        }
        let (from, time) = (local::clock(calendar.zone(), base).date(), local::clock(calendar.zone(), base).time());
        let passed = (1..).map(|n| local::days_after(from, n)).filter(|date| calendar.is_business_day(*date));
        let last = passed.take(days as usize).last().unwrap();
        let found = local::first(calendar.zone(), last.to_datetime(time));
        prop_assert_eq!(end, found.max(base));
    }

    #[test]
    fn until_is_the_next_such_local_time_and_none_before_it_is_left_out(
        calendar in calendar(), share: u64, near: bool, (hour, minute) in (0_i8..24, 0_i8..60), weekday in 0_i8..8,
    ) {
        let zone = calendar.zone();
        let base = instant(zone, share, near);
        let time = Time::constant(hour, minute, 0, 0);
        let weekday = Weekday::from_monday_zero_offset(weekday).ok();
        let end = waited(base, Wait::Until { weekday, time }, &calendar);
        prop_assert!(end > base && end < Instant::NEVER);
        let first = local::clock(zone, base).date();
        let dates = (0..=15).map(|n| local::days_after(first, n)).filter(|date| weekday.is_none_or(|day| day == date.weekday()));
        let next = dates.map(|date| local::first(zone, date.to_datetime(time))).find(|at| *at > base);
        prop_assert_eq!(Some(end), next);
    }

    #[test]
    fn a_spread_stays_within_its_bounds_and_is_always_the_same_for_one_lead(
        calendar in calendar(), share: u64, near: bool, (days, minutes) in (0_u32..20, 0_i64..600), seed: u64,
    ) {
        let base = instant(calendar.zone(), share, near);
        let spread = Millis::MINUTE.times(minutes);
        let time = Time::constant(9, 30, 0, 0);
        let elapsed = Wait::Elapsed(Millis::HOUR.times(i64::from(days)));
        for wait in [elapsed, Wait::Days(days), Wait::BusinessDays(days), Wait::Until { weekday: None, time }] {
            let plain = waited(base, wait, &calendar);
            let pause = Pause { wait, spread };
            let end = resume_at(base, &pause, &calendar, seed);
            if plain == Instant::NEVER {
                continue;
            }
            let earliest = if matches!(wait, Wait::Until { .. }) { plain } else { base.max(plain - spread) };
            prop_assert!(earliest <= end && end <= plain + spread, "{wait:?} from {base} ends {end}, not by {plain}");
            prop_assert_eq!(end, resume_at(base, &pause, &calendar, seed));
        }
    }

    #[test]
    fn no_open_instant_is_skipped_on_the_way_to_the_next_one(calendar in calendar(), share: u64, near: bool) {
        let at = instant(calendar.zone(), share, near);
        let Some(opens) = calendar.next_open(at) else { return Ok(()) };
        let closed = opens.since(at).0;
        for step in 0..200 {
            let look = at + Millis(closed / 200 * step);
            prop_assert!(look >= opens || !calendar.is_open(look), "{look} is open and lies before {opens}");
        }
    }

    #[test]
    fn the_holidays_of_a_lead_close_as_the_calendars_own_do(
        calendar in calendar(), local in holidays(), share: u64, near: bool, days in 0_u32..20,
    ) {
        let at = instant(calendar.zone(), share, near);
        let own: BTreeSet<Date> = calendar.holidays.union(&local).copied().collect();
        let both = Calendar { holidays: Arc::new(own), ..calendar.clone() };
        let apart = calendar.closed_also(Arc::new(local));
        prop_assert_eq!(apart.next_open(at), both.next_open(at));
        prop_assert_eq!(apart.add_business_days(at, days), both.add_business_days(at, days));
        let length = Millis::HOUR.times(i64::from(days) * 7);
        prop_assert_eq!(apart.add_working(at, length), both.add_working(at, length));
        if !clock_changed_lately(apart.zone(), at) {
            prop_assert_eq!(apart.closes_at(at), both.closes_at(at));
        }
    }
}
