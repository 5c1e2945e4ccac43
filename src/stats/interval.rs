//! Confidence intervals at 95 %.
//!
//! References: mean by Student's t (W. S. Gosset, The probable error of a mean, Biometrika 6 (1908); quantile by the
//! Cornish–Fisher expansion, Abramowitz and Stegun 26.7.5); proportion by E. B. Wilson, J. Amer. Stat. Assoc. 22 (1927).

use super::Distribution;

/// The 0.975 quantile of the standard normal distribution.
const NORMAL: f64 = 1.959_963_984_540_054;

/// The 0.975 quantile of Student's t with `f` degrees of freedom; good to 1e-3 from f = 5 on.
fn student(f: f64) -> f64 {
    let z = NORMAL;
    let g1 = (z.powi(3) + z) / 4.0;
    let g2 = (5.0 * z.powi(5) + 16.0 * z.powi(3) + 3.0 * z) / 96.0;
    let g3 = (3.0 * z.powi(7) + 19.0 * z.powi(5) + 17.0 * z.powi(3) - 15.0 * z) / 384.0;
    let g4 = (79.0 * z.powi(9) + 776.0 * z.powi(7) + 1482.0 * z.powi(5) - 1920.0 * z.powi(3) - 945.0 * z) / 92160.0;
    z + g1 / f + g2 / f.powi(2) + g3 / f.powi(3) + g4 / f.powi(4)
}

/// Interval of the mean of independent draws; `None` below six of them.
pub fn mean_interval(draws: &Distribution) -> Option<[f64; 2]> {
    let n = draws.total() as f64;
    if n < 6.0 {
        return None;
    }
    let half = student(n - 1.0) * (draws.variance() / (n - 1.0)).sqrt();
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_of_student() {
        // Published tables: 2.571 at 5, 2.228 at 10, 1.984 at 100 degrees of freedom.
        for (f, t) in [(5.0, 2.571), (10.0, 2.228), (100.0, 1.984)] {
            assert!((student(f) - t).abs() < 2e-3, "{f}");
        }
    }

    #[test]
    fn wilson_by_hand() {
        let [low, high] = proportion_interval(0, 10).expect("draws");
        assert!(low == 0.0 && (high - 0.2775).abs() < 1e-3);
    }
}
