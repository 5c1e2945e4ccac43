//! Moments and quantiles of a histogram of small integers.
//!
//! Contract: sums are exact integers until the last division. Quantiles are nearest rank; the deviation is the
//! population's.

/// A histogram: `counts[k]` is how often `k` occurred.
#[derive(Clone, Copy, Debug)]
pub struct Distribution<'a> {
    counts: &'a [u64],
    total: u64,
}

impl<'a> Distribution<'a> {
    /// The distribution of a histogram; `None` when nothing was counted.
    pub fn new(counts: &'a [u64]) -> Option<Distribution<'a>> {
        let total = counts.iter().sum();
        (total > 0).then_some(Distribution { counts, total })
    }

    /// How many were counted.
    pub fn total(&self) -> u64 {
        self.total
    }

    /// Mean.
    pub fn mean(&self) -> f64 {
        let sum: u128 = self.counts.iter().enumerate().map(|(k, &n)| k as u128 * u128::from(n)).sum();
        sum as f64 / self.total as f64
    }

    /// Population variance, from exact integer sums: `(n Σk² − (Σk)²) / n²`.
    pub fn variance(&self) -> f64 {
        let sum = |power: u32| -> u128 {
            self.counts.iter().enumerate().map(|(k, &n)| (k as u128).pow(power) * u128::from(n)).sum()
        };
        let n = u128::from(self.total);
        (n * sum(2) - sum(1) * sum(1)) as f64 / (self.total as f64 * self.total as f64)
    }

    /// Population standard deviation.
    pub fn deviation(&self) -> f64 {
        self.variance().sqrt()
    }

    /// Nearest-rank quantile at `percent` of 100: the smallest value with at least that share at or below it.
    pub fn quantile(&self, percent: u64) -> usize {
        self.ranked((u128::from(self.total) * u128::from(percent)).div_ceil(100).max(1) as u64)
    }

    /// The value of this rank, counted from 1: the smallest with at least so many values at or below it.
    pub fn ranked(&self, rank: u64) -> usize {
        let mut below = 0;
        for (k, &n) in self.counts.iter().enumerate() {
            below += n;
            if below >= rank {
                return k;
            }
        }
        self.max()
    }

    /// Share of the value `k`.
    pub fn share(&self, k: usize) -> f64 {
        self.counts.get(k).copied().unwrap_or(0) as f64 / self.total as f64
    }

    /// How many values are at most `k`.
    pub fn at_most(&self, k: usize) -> u64 {
        self.counts.iter().take(k + 1).sum()
    }

    /// Smallest value that occurred.
    pub fn min(&self) -> usize {
        self.counts.iter().position(|&n| n > 0).unwrap_or(0)
    }

    /// Largest value that occurred.
    pub fn max(&self) -> usize {
        self.counts.iter().rposition(|&n| n > 0).unwrap_or(0)
    }

    /// Share of values at most `k`.
    pub fn share_at_most(&self, k: usize) -> f64 {
        self.at_most(k) as f64 / self.total as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_histogram_by_hand() {
        // 2, 2, 3, 5
        let d = Distribution::new(&[0, 0, 2, 1, 0, 1, 0]).expect("not empty");
        assert_eq!((d.mean(), d.min(), d.max(), d.total()), (3.0, 2, 5, 4));
        assert_eq!(d.variance(), 1.5);
        assert_eq!((d.quantile(50), d.quantile(75), d.quantile(76), d.quantile(95)), (2, 3, 5, 5));
        assert_eq!((d.share_at_most(2), d.share_at_most(9)), (0.5, 1.0));
        assert!(Distribution::new(&[0, 0]).is_none());
    }
}
