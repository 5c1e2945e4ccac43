//! Confidence intervals at 95 %.
//!
//! References: mean by Student's t (W. S. Gosset, The probable error of a mean, Biometrika 6 (1908)); proportion by
//! E. B. Wilson, J. Amer. Stat. Assoc. 22 (1927); quantile by order statistics (H. A. David and H. N. Nagaraja, Order
//! Statistics, 3rd ed., section 7.1), which assumes no distribution. Of integers the last covers more than it states,
//! because ties widen what lies between two order statistics. Coverage: I. J. Good, Biometrika 40
//! (1953), with the variance of W. W. Esty, Annals of Statistics 11 (1983).

use super::Distribution;
use statrs::distribution::{Binomial, ContinuousCDF, DiscreteCDF, StudentsT};

/// The 0.975 quantile of the standard normal distribution.
const NORMAL: f64 = 1.959_963_984_540_054;

/// The share on either side of an interval.
const TAIL: f64 = 0.025;

/// The 0.975 quantile of Student's t with `f` degrees of freedom.
fn student(f: f64) -> Option<f64> {
    StudentsT::new(0.0, 1.0, f).ok().map(|t| t.inverse_cdf(1.0 - TAIL))
}

/// Interval of the mean of independent draws; `None` below two of them.
pub fn mean_interval(draws: &Distribution) -> Option<[f64; 2]> {
    let n = draws.total() as f64;
    if n < 2.0 {
        return None;
    }
    let half = student(n - 1.0)? * (draws.variance() / (n - 1.0)).sqrt();
    Some([draws.mean() - half, draws.mean() + half])
}

/// Wilson's interval of a proportion.
pub fn proportion_interval(hits: u64, draws: u64) -> Option<[f64; 2]> {
    if draws == 0 {
        return None;
    }
    let (n, p, z) = (draws as f64, hits as f64 / draws as f64, NORMAL);
    let centre = (p + z * z / (2.0 * n)) / (1.0 + z * z / n);
    let half = z / (1.0 + z * z / n) * (p * (1.0 - p) / n + z * z / (4.0 * n * n)).sqrt();
    Some([(centre - half).max(0.0), (centre + half).min(1.0)])
}

/// Good–Turing estimate of the share of the sampled distribution that lies in what was met, and its interval: of `draws`
/// draws, `once` met something that no other met, and `twice` things were met by two.
pub fn coverage_interval(draws: u64, once: u64, twice: u64) -> Option<(f64, [f64; 2])> {
    let [low, high] = proportion_interval(once, draws)?;
    let (n, f1, f2) = (draws as f64, once as f64, twice as f64);
    let share = 1.0 - f1 / n;
    let half = NORMAL * (f1 - f1 * f1 / n + 2.0 * f2).max(0.0).sqrt() / n;
    // The normal interval is too narrow where few were met once; Wilson's, of the share of these, is not.
    Some((share, [(share - half).min(1.0 - high).max(0.0), (share + half).max(1.0 - low).min(1.0)]))
}

/// Interval of the quantile at `percent` of 100, between two order statistics; `None` where the draws are too few for
/// either end.
pub fn quantile_interval(draws: &Distribution, percent: u64) -> Option<[usize; 2]> {
    let n = draws.total();
    let below = Binomial::new(percent as f64 / 100.0, n).ok()?;
    // The quantile lies below the r-th order statistic when fewer than r draws are at most the quantile.
    let first = |share: f64| {
        let (mut low, mut high) = (0, n);
        while low < high {
            let middle = low + (high - low) / 2;
            if below.cdf(middle) > share { high = middle } else { low = middle + 1 }
        }
        low
    };
    let (lower, upper) = (first(TAIL), first(1.0 - TAIL) + 1);
    (lower >= 1 && upper <= n).then(|| [draws.ranked(lower), draws.ranked(upper)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_student() {
        // Published tables: 12.706 at 1, 2.571 at 5, 2.228 at 10, 1.984 at 100 degrees of freedom.
        for (f, t) in [(1.0, 12.706), (5.0, 2.571), (10.0, 2.228), (100.0, 1.984)] {
            assert!((student(f).expect("a quantile") - t).abs() < 5e-4, "{f}");
        }
    }

    #[test]
    fn wilson_by_hand() {
        let [low, high] = proportion_interval(0, 10).expect("draws");
        assert!(low == 0.0 && (high - 0.2775).abs() < 1e-3);
    }

    /// Published table (David and Nagaraja): the median of 20 draws lies between the 6th and the 15th with 95.9 %.
    #[test]
    fn order_statistics_of_the_median() {
        let mut counts = vec![1u64; 21];
        counts[0] = 0;
        let draws = Distribution::new(&counts).expect("draws");
        assert_eq!(quantile_interval(&draws, 50), Some([6, 15]));
        assert_eq!(quantile_interval(&draws, 99), None);
    }
}
