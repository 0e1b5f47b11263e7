//! Says when a failed try is made again: soon at first, then ever more seldom, and never all at the same moment.
//!
//! Spread is a hash of the touch and the try, so that a plan and a replay see the same instants. A spread delay is never
//! shorter than its base: a greylisting server counts its minutes exactly.

use super::time::Millis;

/// The plan of tries a touch follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schedule {
    /// 5 m, 15 m, 30 m, 1 h, 2 h, 4 h, then every 4 h; when to give up is the touch's lateness, decided elsewhere.
    Mail,
    /// Every 5 m for half an hour, then as [`Schedule::Mail`] from its second step.
    Greylisted,
    /// Ten tries at 0, 5 s, 5 m, 30 m, 2 h, 5 h, 10 h, 14 h, 20 h, 24 h after the one before (Standard Webhooks 1.0).
    Webhook,
}

const MAIL: [Millis; 6] = [
    Millis::MINUTE.times(5),
    Millis::MINUTE.times(15),
    Millis::MINUTE.times(30),
    Millis::HOUR,
    Millis::HOUR.times(2),
    Millis::HOUR.times(4),
];
const WEBHOOK: [Millis; 10] = [
    Millis::ZERO,
    Millis::SECOND.times(5),
    Millis::MINUTE.times(5),
    Millis::MINUTE.times(30),
    Millis::HOUR.times(2),
    Millis::HOUR.times(5),
    Millis::HOUR.times(10),
    Millis::HOUR.times(14),
    Millis::HOUR.times(20),
    Millis::HOUR.times(24),
];
const GREYLIST_TRIES: u32 = 6;

/// The wait after `tries` tries (1 = the first one failed; webhooks also take 0: before the first), up to 20 % longer
/// by `seed`. None: there is no further try, the touch has failed.
pub fn next_try(schedule: Schedule, tries: u32, seed: u64) -> Option<Millis> {
    let base = match schedule {
        Schedule::Mail => mail_base(tries),
        Schedule::Greylisted if tries <= GREYLIST_TRIES => MAIL[0],
        Schedule::Greylisted => mail_base(tries - GREYLIST_TRIES + 1),
        Schedule::Webhook => *WEBHOOK.get(tries as usize)?,
    };
    Some(spread(base, seed, tries))
}

fn mail_base(tries: u32) -> Millis {
    let step = (tries.max(1) - 1) as usize;
    MAIL[step.min(MAIL.len() - 1)]
}

/// How long a lane waits whose other side could not be reached `failures` times in a row: 5 s, then twice as long each time up to 5 min,
/// up to 20 % longer by `seed`.
pub fn lane_pause(failures: u32, seed: u64) -> Millis {
    let doublings = failures.saturating_sub(1).min(6);
    let base = Millis::SECOND.times(5 << doublings).min(Millis::MINUTE.times(5));
    spread(base, seed, failures)
}

/// What a server asked for in `Retry-After`, brought into 5 s to 24 h; never earlier than `planned`.
pub fn honoured(asked: Millis, planned: Millis) -> Millis {
    asked.clamp(Millis::SECOND.times(5), Millis::DAY).max(planned)
}

/// Lengthens by 0 to 20 %.
fn spread(base: Millis, seed: u64, tries: u32) -> Millis {
    let share = i64::try_from(mix(seed ^ u64::from(tries).rotate_left(32)) % 200_001).unwrap_or(0);
    Millis(base.0 + base.0 / 1_000 * share / 1_000)
}

/// The finisher of `SplitMix64`: neighbouring seeds give unrelated numbers.
fn mix(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_webhook_is_tried_ten_times_and_then_has_failed() {
        let bases: Vec<i64> = WEBHOOK.iter().map(|wait| wait.0 / 1_000).collect();
        assert_eq!(bases, [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400]);
        assert_eq!(next_try(Schedule::Webhook, 0, 7), Some(Millis::ZERO));
        assert!(next_try(Schedule::Webhook, 9, 7).is_some());
        assert_eq!(next_try(Schedule::Webhook, 10, 7), None);
    }

    #[test]
    fn greylisted_mail_comes_back_every_five_minutes_before_it_slows_down() {
        let minutes = |tries| next_try(Schedule::Greylisted, tries, 1).unwrap().0 / 60_000;
        assert!((1..=6).all(|tries| (5..=6).contains(&minutes(tries))));
        assert!((15..=18).contains(&minutes(7)), "{}", minutes(7));
        assert!((240..=288).contains(&minutes(50)));
    }

    #[test]
    fn a_server_that_asks_for_a_week_or_for_nothing_is_heard_within_bounds() {
        assert_eq!(honoured(Millis::DAY.times(7), Millis::ZERO), Millis::DAY);
        assert_eq!(honoured(Millis::ZERO, Millis::ZERO), Millis::SECOND.times(5));
        assert_eq!(honoured(Millis::MINUTE, Millis::HOUR), Millis::HOUR);
    }

    #[test]
    fn a_lane_that_reaches_nobody_tries_ever_more_seldom_up_to_five_minutes() {
        let seconds: Vec<i64> = (1..=9).map(|failures| lane_pause(failures, 3).0 / 1_000).collect();
        for (seconds, base) in seconds.into_iter().zip([5, 10, 20, 40, 80, 160, 300, 300, 300]) {
            assert!((base..=base + base / 5).contains(&seconds), "{seconds} for {base}");
        }
        assert!(lane_pause(u32::MAX, 3) <= Millis::MINUTE.times(6));
    }

    proptest! {
        #[test]
        fn a_wait_is_never_shorter_than_its_base_nor_a_fifth_longer(tries in 0_u32..200, seed: u64) {
            let base = mail_base(tries).0;
            let wait = next_try(Schedule::Mail, tries, seed).unwrap().0;
            prop_assert!(wait >= base && wait <= base + base / 5);
            prop_assert_eq!(Some(Millis(wait)), next_try(Schedule::Mail, tries, seed));
        }
    }

    #[test]
    fn a_thousand_touches_spread_over_the_whole_fifth() {
        let base = Millis::MINUTE.0 * 5;
        let tenths: std::collections::BTreeSet<i64> =
            (0..1_000).map(|seed| (next_try(Schedule::Mail, 1, seed).unwrap().0 - base) * 10 / (base / 5)).collect();
        assert!(tenths.len() >= 10, "{tenths:?}");
    }
}
