//! Counts by small whole numbers, and what they say.

/// How often each whole number came; what is larger than the last counts as the last.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    pub counts: Vec<u64>,
}

impl Histogram {
    pub fn new(most: usize) -> Self {
        Self { counts: vec![0; most + 1] }
    }

    pub fn add(&mut self, value: usize) {
        self.add_many(value, 1);
    }

    pub fn add_many(&mut self, value: usize, times: u64) {
        let last = self.counts.len().saturating_sub(1);
        if let Some(count) = self.counts.get_mut(value.min(last)) {
            *count += times;
        }
    }

    pub fn total(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The largest number that came.
    pub fn largest(&self) -> Option<usize> {
        self.counts.iter().rposition(|count| *count > 0)
    }
}

/// The smallest number that so many percent of all do not exceed; none of nothing.
pub fn quantile(histogram: &Histogram, percent: u64) -> Option<usize> {
    let total = histogram.total();
    let wanted = (total * percent).div_ceil(100).max(1);
    let mut seen = 0;
    histogram.counts.iter().position(|count| {
        seen += count;
        total > 0 && seen >= wanted
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_a_value_that_came() {
        let mut days = Histogram::new(5);
        assert_eq!(quantile(&days, 50), None);
        for day in [0, 1, 1, 9] {
            days.add(day);
        }
        assert_eq!(
            (quantile(&days, 50), quantile(&days, 90), days.largest(), days.total()),
            (Some(1), Some(5), Some(5), 4)
        );
    }
}
