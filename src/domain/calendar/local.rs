//! Local clocks jump twice a year, so the way from a local time to an instant and back is written once.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, Offset, TimeZone};

use super::super::time::{Instant, Millis};

/// What the local clock shows at `at`.
pub fn clock(zone: &TimeZone, at: Instant) -> DateTime {
    zone.to_datetime(at.to_jiff())
}

/// The first instant at which the local clock shows `time` or later: the first after it when the clock jumps over
/// it, the first of the two when it comes twice. Times outside jiff's range are brought to the ends of it.
pub fn first(zone: &TimeZone, time: DateTime) -> Instant {
    let end = if time.year() < 1970 { Instant(i64::MIN) } else { Instant::NEVER };
    let at = |offset: Offset| offset.to_timestamp(time).map_or(end, Instant::from_jiff);
    match zone.to_ambiguous_timestamp(time).offset() {
        AmbiguousOffset::Unambiguous { offset } => at(offset),
        AmbiguousOffset::Fold { before, .. } => at(before),
        AmbiguousOffset::Gap { before, after } => {
            let (just_before, beyond) = (at(after), at(before));
            zone.following(just_before.to_jiff())
                .map(|jump| Instant::from_jiff(jump.timestamp()))
                .take_while(|jump| *jump <= beyond)
                .find(|jump| clock(zone, *jump) >= time)
                .unwrap_or(beyond)
        }
    }
}

/// The local date of `at` as days since 1970-01-01.
pub fn day_number(zone: &TimeZone, at: Instant) -> i32 {
    let midnight = clock(zone, at).date().to_datetime(jiff::civil::Time::midnight());
    let seconds = Offset::UTC.to_timestamp(midnight).map_or(0, Timestamp::as_second);
    i32::try_from(seconds.div_euclid(86_400)).unwrap_or(i32::MAX)
}

/// The instant at which the local date with this number begins, looking from `now`: where the clock goes back over
/// midnight after it was reached, the date begins a second time, and that counts while it lies ahead.
pub fn day_start(zone: &TimeZone, day: i32, now: Instant) -> Instant {
    let utc = Instant(0) + Millis::DAY.times(i64::from(day));
    let midnight = clock(&TimeZone::UTC, utc);
    let starts = first(zone, midnight);
    if starts > now {
        return starts;
    }
    zone.to_ambiguous_timestamp(midnight).later().map_or(starts, Instant::from_jiff)
}

/// The date `days` after `date`; the last that jiff knows when it lies beyond.
pub fn days_after(date: Date, days: u32) -> Date {
    date.saturating_add(jiff::SignedDuration::from_hours(24 * i64::from(days)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first_in(zone: &str, time: &str) -> String {
        let zone = TimeZone::get(zone).unwrap();
        let at = first(&zone, time.parse().unwrap());
        at.to_jiff().to_zoned(zone).strftime("%F %T %:z").to_string()
    }

    #[test]
    fn a_local_time_in_a_gap_is_the_first_instant_after_it() {
        for (zone, time, expected) in [
            ("Europe/Paris", "2026-03-29T02:30", "2026-03-29 03:00:00 +02:00"),
            ("Europe/Paris", "2026-03-29T02:00", "2026-03-29 03:00:00 +02:00"),
            ("America/New_York", "2026-03-08T02:59:59", "2026-03-08 03:00:00 -04:00"),
            ("Australia/Lord_Howe", "2026-10-04T02:10", "2026-10-04 02:30:00 +11:00"),
            ("Asia/Beirut", "2026-03-29T00:00", "2026-03-29 01:00:00 +03:00"),
            ("Pacific/Apia", "2011-12-30T12:00", "2011-12-31 00:00:00 +14:00"),
        ] {
            assert_eq!(first_in(zone, time), expected, "{time} in {zone}");
        }
    }

    #[test]
    fn a_local_time_that_comes_twice_is_the_first_of_the_two() {
        for (zone, time, expected) in [
            ("Europe/Paris", "2026-10-25T02:30", "2026-10-25 02:30:00 +02:00"),
            ("America/New_York", "2026-11-01T01:00", "2026-11-01 01:00:00 -04:00"),
            ("Australia/Lord_Howe", "2026-04-05T01:45", "2026-04-05 01:45:00 +11:00"),
            ("Europe/Paris", "2026-10-25T03:00", "2026-10-25 03:00:00 +01:00"),
        ] {
            assert_eq!(first_in(zone, time), expected, "{time} in {zone}");
        }
    }

    #[test]
    fn a_date_has_a_number_and_a_start() {
        let zone = TimeZone::get("Asia/Beirut").unwrap();
        let noon = first(&zone, "2026-03-29T12:00".parse().unwrap());
        let day = day_number(&zone, noon);
        assert_eq!(clock(&zone, day_start(&zone, day, Instant(0))), "2026-03-29T01:00".parse().unwrap());
        assert_eq!(day_number(&TimeZone::UTC, Instant(-1)), -1);
    }

    #[test]
    fn instants_at_the_ends_of_time_do_not_panic() {
        for at in [Instant(i64::MIN), Instant(i64::MAX), Instant::NEVER] {
            for zone in [TimeZone::UTC, TimeZone::get("Pacific/Auckland").unwrap()] {
                first(&zone, clock(&zone, at));
                day_start(&zone, day_number(&zone, at).saturating_add(1), at);
            }
        }
        assert_eq!(days_after("2026-01-31".parse().unwrap(), u32::MAX), Date::MAX);
    }
}
