//! Seeded chance: the same seed throws the same.

/// `SplitMix64`.
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64) -> Self {
        Self(seed ^ 0x6f76_6572_7475_7265)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 up to, and without, `below`.
    pub fn below(&mut self, below: usize) -> usize {
        usize::try_from(self.next() % below.max(1) as u64).expect("a remainder is smaller than its divisor")
    }

    pub fn between(&mut self, least: i64, most: i64) -> i64 {
        least + i64::try_from(self.next() % (most - least + 1).unsigned_abs()).expect("the span is small")
    }

    /// True in so many of a hundred throws.
    pub fn falls(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub fn pick<T: Clone>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())].clone()
    }

    /// A choice by its weight.
    pub fn weighed<T: Clone>(&mut self, all: &[(usize, T)]) -> T {
        let mut place = self.below(all.iter().map(|(weight, _)| weight).sum());
        for (weight, choice) in all {
            if place < *weight {
                return choice.clone();
            }
            place -= weight;
        }
        all[0].1.clone()
    }
}
