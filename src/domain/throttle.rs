//! A sender may do so much a day and so often, so what it carries waits on a lane that knows when it is ready again.
//!
//! The lane counts by the local date of the sender's zone, and never backward: when the clock is set back to an earlier date, what is
//! taken counts on that date, which it still knows, and on every date up to the greatest, so that neither has more than its cap. A clock
//! that falls by more than two dates was wrong before, and the lane starts afresh.

use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use super::calendar::{local, scatter};
use super::time::{Instant, Millis};

/// By how many dates a clock may fall back and still have been right: zone changes and corrections stay below. So many are remembered.
const CREDIBLE_DAYS: usize = 2;

/// What one sender, domain or channel may still do. A lane is claimed from only when `ready_at` has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lane {
    /// Nothing is taken before.
    pub ready_at: Instant,
    /// The least time from one to the next; zero lets many be taken at once.
    pub gap: Millis,
    /// By how much a gap may be longer, by hash.
    pub spread: Millis,
    /// The local date that `used` counts, in days since 1970-01-01.
    pub day: i32,
    pub used: u32,
    /// The same of the dates before, the latest first.
    pub before: [u32; CREDIBLE_DAYS],
    /// The most in one local date; none for no limit.
    pub cap: Option<u32>,
}

impl Lane {
    /// A lane that has done nothing yet and is ready.
    pub const fn new(gap: Millis, spread: Millis, cap: Option<u32>) -> Self {
        Self { ready_at: Instant(i64::MIN), gap, spread, day: i32::MIN, used: 0, before: [0; CREDIBLE_DAYS], cap }
    }

    /// Takes up to `wanted` and says how many: none before the lane is ready, one at a time with a gap, never more
    /// than the cap leaves. What is taken counts on [`Lane::day`], which [`Lane::give_back`] wants to know.
    pub fn reserve(&mut self, wanted: u32, now: Instant, zone: &TimeZone, seed: u64) -> u32 {
        self.turn_to(local::day_number(zone, now), now);
        if wanted == 0 || now < self.ready_at {
            return 0;
        }
        let ahead = self.ahead(zone, now);
        let left = self.left(ahead);
        let taken = wanted.min(left).min(if self.gap > Millis::ZERO { 1 } else { u32::MAX });
        self.counts().take(ahead + 1).for_each(|count| *count = count.saturating_add(taken));
        if taken > 0 && self.gap > Millis::ZERO {
            self.hold_until(now + self.gap + scatter(seed, self.spread));
        }
        if let Some(next) = self.full_until(zone, now) {
            self.hold_until(next);
        }
        taken
    }

    /// Returns `n` that were reserved at this same instant.
    pub fn untake(&mut self, n: u32, zone: &TimeZone, now: Instant) {
        let dates = self.ahead(zone, now) + 1;
        self.lower(n, (0, dates), zone, now);
    }

    /// Returns `n` that were reserved on the date `reserved_on` and did not leave; those of a date that is no longer known are gone
    /// with it. A lane that only waited for the next date is ready after one more gap.
    pub fn give_back(&mut self, n: u32, reserved_on: i32, zone: &TimeZone, now: Instant) {
        let place = self.day.checked_sub(reserved_on).and_then(|place| usize::try_from(place).ok());
        if let Some(place) = place.filter(|place| *place <= CREDIBLE_DAYS) {
            self.lower(n, (place, 1), zone, now);
        }
    }

    /// Takes `n` off so many counts, from one of them on.
    fn lower(&mut self, n: u32, (from, dates): (usize, usize), zone: &TimeZone, now: Instant) {
        let was_full = self.full_until(zone, now);
        self.counts().skip(from).take(dates).for_each(|count| *count = count.saturating_sub(n));
        let is_full = self.full_until(zone, now);
        if was_full == Some(self.ready_at) && is_full != was_full {
            self.ready_at = self.ready_at.min(is_full.unwrap_or(now + self.gap + self.spread));
        }
    }

    /// Holds the lane until `until`, unless it waits longer already.
    pub fn hold_until(&mut self, until: Instant) {
        self.ready_at = self.ready_at.max(until);
    }

    /// What counts on the greatest date, and on those before it.
    fn counts(&mut self) -> impl Iterator<Item = &mut u32> {
        std::iter::once(&mut self.used).chain(&mut self.before)
    }

    /// How many dates the greatest one lies ahead of the clock.
    fn ahead(&self, zone: &TimeZone, now: Instant) -> usize {
        let ahead = self.day.saturating_sub(local::day_number(zone, now));
        usize::try_from(ahead).unwrap_or(0).min(CREDIBLE_DAYS)
    }

    /// How many the cap leaves for each of the dates from the clock's to the greatest.
    fn left(&self, ahead: usize) -> u32 {
        let most = std::iter::once(self.used).chain(self.before).take(ahead + 1).max().unwrap_or(0);
        self.cap.map_or(u32::MAX, |cap| cap.saturating_sub(most))
    }

    /// When the date begins that follows the last full one, if there is a full one.
    pub fn full_until(&self, zone: &TimeZone, now: Instant) -> Option<Instant> {
        let (ahead, cap) = (self.ahead(zone, now), self.cap?);
        let counts = std::iter::once(self.used).chain(self.before).take(ahead + 1);
        let (_, after) = counts.zip((i32::MIN..=self.day.saturating_add(1)).rev()).find(|(count, _)| *count >= cap)?;
        Some(local::day_start(zone, after, now))
    }

    fn turn_to(&mut self, today: i32, now: Instant) {
        let passed = i64::from(today) - i64::from(self.day);
        if passed > 0 {
            let [yesterday, _] = self.before;
            self.before = match passed {
                1 => [self.used, yesterday],
                2 => [0, self.used],
                _ => [0, 0],
            };
            (self.day, self.used) = (today, 0);
        } else if passed.unsigned_abs() > CREDIBLE_DAYS as u64 {
            (self.day, self.used, self.before, self.ready_at) = (today, 0, [0; CREDIBLE_DAYS], now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    fn zone(name: &str) -> TimeZone {
        TimeZone::get(name).unwrap()
    }

    fn at(zone: &TimeZone, time: &str) -> Instant {
        local::first(zone, time.parse().unwrap())
    }

    #[test]
    fn a_full_lane_is_ready_at_the_next_local_midnight() {
        let (paris, mut lane) = (zone("Europe/Paris"), Lane::new(Millis::ZERO, Millis::ZERO, Some(50)));
        let now = at(&paris, "2026-03-28T15:00");
        assert_eq!(lane.reserve(30, now, &paris, 1), 30);
        assert_eq!(lane.ready_at, Instant(i64::MIN));
        assert_eq!(lane.reserve(30, now, &paris, 1), 20);
        assert_eq!(lane.ready_at, at(&paris, "2026-03-29T00:00"));
        assert_eq!(lane.reserve(1, lane.ready_at - Millis(1), &paris, 1), 0);
        assert_eq!(lane.reserve(99, lane.ready_at, &paris, 1), 50);
    }

    #[test]
    fn a_gap_lets_one_go_at_a_time() {
        let (paris, mut lane) = (zone("Europe/Paris"), Lane::new(Millis::MINUTE, Millis::SECOND, None));
        let now = at(&paris, "2026-03-28T15:00");
        assert_eq!(lane.reserve(10, now, &paris, 1), 1);
        let next = lane.ready_at.since(now);
        assert!((Millis(60_000)..=Millis(61_000)).contains(&next), "{next:?}");
        assert_eq!(lane.reserve(10, now + Millis(59_999), &paris, 1), 0);
    }

    #[test]
    fn what_is_given_back_the_same_day_opens_a_full_lane_again_and_a_day_later_nothing() {
        let (paris, mut lane) = (zone("Europe/Paris"), Lane::new(Millis::ZERO, Millis::ZERO, Some(2)));
        let now = at(&paris, "2026-03-28T15:00");
        lane.reserve(2, now, &paris, 1);
        let day = lane.day;
        lane.give_back(1, day, &paris, now);
        assert_eq!((lane.reserve(5, now, &paris, 1), lane.reserve(5, now, &paris, 1)), (1, 0));
        let tomorrow = now + Millis::DAY;
        assert_eq!(lane.reserve(2, tomorrow, &paris, 1), 2);
        lane.give_back(2, day, &paris, tomorrow);
        assert_eq!(lane.reserve(1, tomorrow, &paris, 1), 0);
    }

    #[test]
    fn a_lane_filled_by_a_wrong_clock_is_not_stuck_for_years() {
        let (paris, mut lane) = (zone("Europe/Paris"), Lane::new(Millis::MINUTE, Millis::ZERO, Some(1)));
        assert_eq!(lane.reserve(1, at(&paris, "2040-01-01T15:00"), &paris, 1), 1);
        let now = at(&paris, "2026-03-28T15:00");
        assert_eq!(lane.reserve(1, now, &paris, 1), 1);
        assert_eq!(lane.ready_at, at(&paris, "2026-03-29T00:00"));
    }

    #[test]
    fn a_clock_set_back_over_midnight_counts_on_for_both_dates_and_waits_for_none() {
        let (paris, mut lane) = (zone("Europe/Paris"), Lane::new(Millis::ZERO, Millis::ZERO, Some(4)));
        assert_eq!(lane.reserve(1, at(&paris, "2026-01-12T22:00"), &paris, 1), 1);
        assert_eq!(lane.reserve(2, at(&paris, "2026-01-13T00:30"), &paris, 1), 2);
        let back = at(&paris, "2026-01-12T23:30");
        assert_eq!(lane.reserve(1, back, &paris, 1), 1);
        assert_eq!(lane.reserve(9, back, &paris, 1), 1, "the later date has four");
        assert_eq!(lane.ready_at, at(&paris, "2026-01-14T00:00"));
        assert_eq!(lane.reserve(9, at(&paris, "2026-01-14T00:00"), &paris, 1), 4);
    }

    #[test]
    fn an_earlier_date_that_is_full_keeps_a_clock_set_back_waiting_for_the_next_alone() {
        let (paris, mut lane) = (zone("Europe/Paris"), Lane::new(Millis::ZERO, Millis::ZERO, Some(2)));
        assert_eq!(lane.reserve(2, at(&paris, "2026-01-12T22:00"), &paris, 1), 2);
        assert_eq!(lane.reserve(1, at(&paris, "2026-01-13T00:30"), &paris, 1), 1);
        assert_eq!(lane.reserve(1, at(&paris, "2026-01-12T23:30"), &paris, 1), 0);
        assert_eq!(lane.ready_at, at(&paris, "2026-01-13T00:00"));
        assert_eq!(lane.reserve(9, lane.ready_at, &paris, 1), 1);
    }

    #[test]
    fn what_was_asked_in_vain_after_a_clock_was_set_back_counts_on_no_date() {
        let (paris, mut lane) = (zone("Europe/Paris"), Lane::new(Millis::ZERO, Millis::ZERO, Some(4)));
        assert_eq!(lane.reserve(1, at(&paris, "2026-01-13T00:30"), &paris, 1), 1);
        let back = at(&paris, "2026-01-12T23:30");
        assert_eq!(lane.reserve(9, back, &paris, 1), 3);
        lane.untake(2, &paris, back);
        assert_eq!((lane.used, lane.before, lane.ready_at), (2, [1, 0], back));
    }

    #[test]
    fn a_cap_of_nothing_never_lets_go() {
        let mut lane = Lane::new(Millis::ZERO, Millis::ZERO, Some(0));
        assert_eq!(lane.reserve(3, Instant(5), &TimeZone::UTC, 1), 0);
        assert_eq!(lane.ready_at, Instant(0) + Millis::DAY);
    }

    #[derive(Clone, Debug)]
    enum Step {
        Pass(i64),
        SetBack(i64),
        Take(u32),
        GiveBack(u32),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            2 => (0_i64..7_200_000).prop_map(Step::Pass),
            1 => (0_i64..130_000_000).prop_map(Step::Pass),
            1 => (0_i64..72_000_000).prop_map(Step::SetBack),
            6 => (1_u32..6).prop_map(Step::Take),
            1 => (1_u32..3).prop_map(Step::GiveBack),
        ];
        prop::collection::vec(step, 1..120)
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn never_over_the_cap_of_a_date_nor_two_within_a_gap(
            name in prop::sample::select(vec!["Europe/Paris", "America/Nuuk", "Asia/Beirut", "America/Havana", "UTC"]),
            start in 1_700_000_000_000_i64..1_900_000_000_000,
            cap in 0_u32..8,
            gap in prop_oneof![Just(0_i64), 1_i64..5_400_000],
            steps in steps(),
        ) {
            let zone = zone(name);
            let mut lane = Lane::new(Millis(gap), Millis(gap / 4), Some(cap));
            let (mut now, mut latest, mut really, mut last) = (Instant(start), Instant(start), 0, None);
            let mut by_date: BTreeMap<i32, u32> = BTreeMap::new();
            for (seed, step) in (0_u64..).zip(steps) {
                match step {
                    Step::Pass(length) => (now, really) = (now + Millis(length), really + length),
                    Step::SetBack(length) => now = (now - Millis(length)).max(latest - Millis::HOUR.times(40)),
                    Step::Take(wanted) => {
                        let taken = lane.reserve(wanted, now, &zone, seed);
                        if taken > 0 && gap > 0 {
                            prop_assert_eq!(taken, 1);
                            prop_assert!(last.is_none_or(|last| really - last >= gap), "within the gap");
                            last = Some(really);
                        }
                        let date = by_date.entry(local::day_number(&zone, now)).or_default();
                        *date += taken;
                        prop_assert!(*date <= cap, "{} of {} on one date", date, cap);
                        prop_assert!(taken > 0 || lane.ready_at > now || wanted == 0, "would spin");
                    }
                    Step::GiveBack(n) => {
                        let used = by_date.entry(lane.day).or_default();
                        let n = n.min(*used);
                        *used -= n;
                        lane.give_back(n, lane.day, &zone, now);
                    }
                }
                latest = latest.max(now);
            }
        }
    }
}
