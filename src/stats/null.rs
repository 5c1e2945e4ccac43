//! The null model: isotropic random hyperplanes that meet a cube, in expectation, and how far a histogram is from it.
//!
//! Expectations by Crofton's formula (R. Schneider and W. Weil, Stochastic and Integral Geometry, 2008, sections 5.1 and
//! 14.2): k such hyperplanes meet in a common flat that meets a convex body K with probability
//! `k! κ_k 2^-k V_k(K) / V_1(K)^k`, V_k the intrinsic volumes and κ_k the volume of the unit ball. Every region of an
//! arrangement in general position has one lowest flat, so that regions and faces are sums over flats.

use super::Distribution;
use super::interval::proportion_interval;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Replicates of the bootstrap.
const REPLICATES: usize = 200;

/// Most draws of one replicate; larger counts leave their noise to the smaller side.
const DRAWS: u64 = 20_000;

fn choose(n: u64, k: usize) -> f64 {
    (0..k as u64).map(|i| (n as f64 - i as f64) / (i as f64 + 1.0)).product()
}

/// `k! κ_k 2^-k`, by `κ_k = κ_{k-2}·2π/k`.
fn constant(k: usize) -> f64 {
    let ball =
        (1..=k).rev().step_by(2).fold(1.0, |v, j| v * if j == 1 { 2.0 } else { std::f64::consts::TAU / j as f64 });
    let factorial: f64 = (1..=k).map(|i| i as f64).product();
    factorial * ball / 2f64.powi(k as i32)
}

/// Probability that a flat of `k` hyperplanes meets an `m`-dimensional face of the cube in `d` dimensions.
fn meets(k: usize, m: usize, d: usize) -> f64 {
    constant(k) * choose(m as u64, k) / (d as f64).powi(k as i32)
}

/// Expectations of `n` random hyperplanes that meet a cube in `d` dimensions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expected {
    /// Regions.
    pub regions: f64,
    /// Interior faces over regions, the ratio of the expectations.
    pub interior: f64,
    /// Total faces over regions, likewise.
    pub total: f64,
}

/// Expectations by the closed form.
pub fn expected(d: usize, n: u64) -> Expected {
    let (mut regions, mut interior, mut walls) = (0.0, 0.0, 0.0);
    for k in 0..=d.min(n as usize) {
        let flats = choose(n, k);
        regions += flats * meets(k, d, d);
        interior += 2.0 * k as f64 * flats * meets(k, d, d);
        walls += 2.0 * d as f64 * flats * meets(k, d - 1, d);
    }
    Expected { regions, interior: interior / regions, total: (interior + walls) / regions }
}

/// The number of hyperplanes whose expected number of regions is nearest to `regions`.
pub fn planes_for(d: usize, regions: f64) -> u64 {
    let (mut low, mut high) = (0u64, 1u64);
    while expected(d, high).regions < regions {
        (low, high) = (high, 2 * high);
    }
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if expected(d, middle).regions < regions { low = middle } else { high = middle }
    }
    let off = |n: u64| (expected(d, n).regions - regions).abs();
    if off(low) <= off(high) { low } else { high }
}

/// How far a histogram is from the null's, each with a 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Distance {
    /// Total variation: half the sum of the differences of the shares.
    pub variation: f64,
    /// Its interval.
    pub variation_interval: [f64; 2],
    /// Total variation that a histogram of the null itself, of the same size, stays below in 95 of 100 cases.
    pub noise: f64,
    /// The null's 99th percentile (nearest rank).
    pub percentile: usize,
    /// Share of the histogram beyond it.
    pub tail: f64,
    /// Its interval.
    pub tail_interval: [f64; 2],
    /// The null's own share beyond it, at most 0.01.
    pub null_tail: f64,
    /// Mean over the null's mean.
    pub mean_ratio: f64,
    /// Its interval.
    pub mean_ratio_interval: [f64; 2],
}

/// Compares a histogram of face counts with one of the null. The null is a simulation and is resampled; so is the
/// histogram if it is `sampled`, while an enumeration is taken as it is.
pub fn compare(counts: &[u64], null: &[u64], sampled: bool, seed: u64) -> Option<Distance> {
    let (model, reference) = (Distribution::new(counts)?, Distribution::new(null)?);
    let percentile = reference.quantile(99);
    let tail = |d: &Distribution| 1.0 - d.share_at_most(percentile);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let (mut variations, mut tails, mut ratios, mut noise) = (vec![], vec![], vec![], vec![]);
    for _ in 0..REPLICATES {
        let again = resampled(null, reference.total().min(DRAWS), &mut rng);
        let again = Distribution::new(&again)?;
        let drawn;
        let own = if sampled {
            drawn = resampled(counts, model.total().min(DRAWS), &mut rng);
            Distribution::new(&drawn)?
        } else {
            model
        };
        let twin = resampled(null, model.total().min(DRAWS), &mut rng);
        variations.push(variation(&own, &again));
        tails.push(1.0 - own.share_at_most(again.quantile(99)));
        ratios.push(own.mean() / again.mean());
        noise.push(variation(&Distribution::new(&twin)?, &again));
    }
    noise.sort_by(f64::total_cmp);
    let value = variation(&model, &reference);
    // Resampling moves both sides apart, never together: the distance itself is the middle, not the replicates' mean.
    let excess = interval(&mut variations);
    Some(Distance {
        variation: value,
        variation_interval: [(2.0 * value - excess[1]).max(0.0).min(value), excess[1].max(value)],
        noise: noise[REPLICATES * 95 / 100 - 1],
        percentile,
        tail: tail(&model),
        tail_interval: tail_interval(interval(&mut tails), tail(&model), model.total(), sampled),
        null_tail: tail(&reference),
        mean_ratio: model.mean() / reference.mean(),
        mean_ratio_interval: interval(&mut ratios),
    })
}

/// The interval of the share beyond the percentile. Draws of a sample that has nothing there have nothing either, and
/// would leave no room for what was not met: Wilson's interval is joined to theirs.
fn tail_interval(drawn: [f64; 2], tail: f64, total: u64, sampled: bool) -> [f64; 2] {
    let hits = (tail * total as f64).round() as u64;
    match proportion_interval(hits, total).filter(|_| sampled) {
        Some([low, high]) => [drawn[0].min(low), drawn[1].max(high)],
        None => drawn,
    }
}

/// The middle 95 of 100 values.
fn interval(values: &mut [f64]) -> [f64; 2] {
    values.sort_by(f64::total_cmp);
    let cut = values.len() / 40;
    [values[cut], values[values.len() - 1 - cut]]
}

fn variation(a: &Distribution, b: &Distribution) -> f64 {
    let most = a.max().max(b.max());
    (0..=most).map(|k| (a.share(k) - b.share(k)).abs()).sum::<f64>() / 2.0
}

/// As many draws with replacement.
fn resampled(counts: &[u64], draws: u64, rng: &mut ChaCha8Rng) -> Vec<u64> {
    let ends: Vec<u64> = counts
        .iter()
        .scan(0, |sum, &n| {
            *sum += n;
            Some(*sum)
        })
        .collect();
    let total = ends.last().copied().unwrap_or(0);
    let mut out = vec![0; counts.len()];
    for _ in 0..draws {
        let at = ((u128::from(rng.next_u64()) * u128::from(total)) >> 64) as u64;
        out[ends.partition_point(|&end| end <= at)] += 1;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closed_forms_by_hand() {
        // Two random chords of a square cross with probability 2πA/P² = π/8.
        assert!((meets(2, 2, 2) - std::f64::consts::PI / 8.0).abs() < 1e-12);
        let e = expected(2, 2);
        assert!((e.regions - (3.0 + std::f64::consts::PI / 8.0)).abs() < 1e-12);
        assert!((e.total * e.regions - 4.0 * e.regions).abs() < 1e-9, "in a square the mean is four");
        assert_eq!(expected(1, 5).regions, 6.0);
        assert_eq!(planes_for(2, expected(2, 17).regions), 17);
        let one = expected(3, 1);
        assert!((one.regions - 2.0).abs() < 1e-12 && (one.interior - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_histogram_is_no_farther_from_itself_than_noise() {
        let null = [0, 0, 0, 300, 400, 200, 80, 20];
        let d = compare(&null, &null, true, 1).expect("counts");
        assert!(d.variation == 0.0 && d.noise > 0.0 && d.mean_ratio == 1.0 && d.tail == d.null_tail);
        let shifted = [0, 0, 0, 0, 300, 400, 200, 80, 20];
        let d = compare(&shifted, &null, true, 1).expect("counts");
        assert!(d.variation > d.noise && d.variation_interval[0] > d.noise && d.mean_ratio_interval[0] > 1.0);
    }
}
