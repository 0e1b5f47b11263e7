//! Chance is a hash, so that the same lead waits the same on every replay.

use super::super::time::Millis;

/// A length from zero to `span` (both included), even over all seeds and always the same for one.
pub fn scatter(seed: u64, span: Millis) -> Millis {
    let Ok(widest) = u64::try_from(span.0) else { return Millis::ZERO };
    let share = (u128::from(mixed(seed)) * (u128::from(widest) + 1)) >> 64;
    Millis(i64::try_from(share).unwrap_or(span.0))
}

/// The output function of `SplitMix64`: neighbouring seeds land far apart.
const fn mixed(seed: u64) -> u64 {
    let seed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let seed = (seed ^ (seed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let seed = (seed ^ (seed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    seed ^ (seed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbouring_seeds_spread_evenly() {
        let mut tenths = [0; 10];
        for seed in 0..10_000 {
            let at = scatter(seed, Millis(999)).0;
            tenths[usize::try_from(at / 100).unwrap()] += 1;
        }
        assert!(tenths.iter().all(|n| (900..1_100).contains(n)), "{tenths:?}");
    }

    #[test]
    fn no_span_and_the_widest_are_fine() {
        assert_eq!(scatter(7, Millis::ZERO), Millis::ZERO);
        assert_eq!(scatter(7, Millis(-5)), Millis::ZERO);
        assert!(scatter(u64::MAX, Millis(i64::MAX)) >= Millis::ZERO);
    }
}
