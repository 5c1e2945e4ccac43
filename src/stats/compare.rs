//! Distances between distributions of counts, and permutation tests.
//!
//! Contract: histograms are indexed by value; tests are seeded and the same on every machine.
//!
//! References
//! \[1\] Phipson, Smyth, Permutation P-values should never be zero, Stat. Appl. Genet. Mol. Biol. 9, 2010: (1 + hits) / (1 + draws).
//! \[2\] Holm, A simple sequentially rejective multiple test procedure, Scand. J. Stat. 6, 1979.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Random relabellings of a test that is not exhaustive.
pub const DRAWS: u64 = 9_999;

/// Most relabellings that are all tried.
const EXHAUSTIVE: u64 = 20_000;

/// Half the sum of the differences of two distributions' shares: 0 equal, 1 disjoint.
pub fn total_variation(a: &[u64], b: &[u64]) -> f64 {
    0.5 * shares(a, b).map(|(x, y)| (x - y).abs()).sum::<f64>()
}

/// Largest difference of the cumulative shares (Kolmogorov and Smirnov).
pub fn kolmogorov(a: &[u64], b: &[u64]) -> f64 {
    cumulative(a, b).fold(0.0, |most, gap| f64::max(most, gap.abs()))
}

/// Mean number of steps by which one distribution has to be moved to become the other (Wasserstein, Mallows).
pub fn transport(a: &[u64], b: &[u64]) -> f64 {
    cumulative(a, b).map(f64::abs).sum()
}

fn shares<'a>(a: &'a [u64], b: &'a [u64]) -> impl Iterator<Item = (f64, f64)> + 'a {
    let (m, n) = (a.iter().sum::<u64>().max(1) as f64, b.iter().sum::<u64>().max(1) as f64);
    let at = |h: &[u64], k: usize| h.get(k).copied().unwrap_or(0) as f64;
    (0..a.len().max(b.len())).map(move |k| (at(a, k) / m, at(b, k) / n))
}

fn cumulative<'a>(a: &'a [u64], b: &'a [u64]) -> impl Iterator<Item = f64> + 'a {
    shares(a, b).scan(0.0, |sum, (x, y)| {
        *sum += x - y;
        Some(*sum)
    })
}

/// p-value of [`kolmogorov`] for two samples of independent draws, by seeded relabelling \[1\].
pub fn same_distribution(a: &[u64], b: &[u64], seed: u64) -> f64 {
    let first = a.iter().sum::<u64>() as usize;
    let mut pool: Vec<u32> = vec![];
    for h in [a, b] {
        h.iter().enumerate().for_each(|(k, &n)| pool.extend((0..n).map(|_| k as u32)));
    }
    let observed = kolmogorov(a, b);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let length = a.len().max(b.len());
    let (mut left, mut right) = (vec![0u64; length], vec![0u64; length]);
    let mut hits = 0;
    for _ in 0..DRAWS {
        shuffle(&mut pool, first, &mut rng);
        left.fill(0);
        right.fill(0);
        pool[..first].iter().for_each(|&k| left[k as usize] += 1);
        pool[first..].iter().for_each(|&k| right[k as usize] += 1);
        hits += u64::from(kolmogorov(&left, &right) >= observed - 1e-12);
    }
    (1 + hits) as f64 / (1 + DRAWS) as f64
}

/// Puts a random choice of the pool in front.
fn shuffle<T>(pool: &mut [T], front: usize, rng: &mut ChaCha8Rng) {
    for k in 0..front.min(pool.len().saturating_sub(1)) {
        let left = (pool.len() - k) as u64;
        // The bias of the remainder is below 2^-40 for pools of up to 2^24.
        pool.swap(k, k + (rng.next_u64() % left) as usize);
    }
}

/// The outcome of a permutation test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Permutation {
    /// Share of the relabellings that separate the groups at least as well.
    pub p_value: f64,
    /// Relabellings tried.
    pub tried: u64,
    /// Whether these were all of them.
    pub exhaustive: bool,
}

/// Whether the labels of `groups` matter for the mean: the sum of squares between groups, under all relabellings where
/// they are few, else under seeded ones \[1\].
pub fn groups_differ(groups: &[Vec<f64>], seed: u64) -> Permutation {
    let sizes: Vec<usize> = groups.iter().map(Vec::len).collect();
    let mut pool: Vec<f64> = groups.concat();
    let observed = between(&pool, &sizes);
    let scale = pool.iter().fold(0.0, |m: f64, v| m.max(v * v)) * pool.len() as f64;
    let reaches = |value: f64| value >= observed - 1e-12 * scale;
    if multinomial(&sizes).is_some_and(|n| n <= EXHAUSTIVE) {
        let (mut hits, mut tried) = (0u64, 0u64);
        assign(&pool.clone(), &sizes, &mut vec![usize::MAX; pool.len()], 0, 0, &mut |labels| {
            let mut sums = vec![0.0; sizes.len()];
            labels.iter().zip(&pool).for_each(|(&g, v)| sums[g] += v);
            tried += 1;
            hits += u64::from(reaches(squares(&sums, &sizes)));
        });
        return Permutation { p_value: hits as f64 / tried.max(1) as f64, tried, exhaustive: true };
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut hits = 0;
    for _ in 0..DRAWS {
        let all = pool.len();
        shuffle(&mut pool, all, &mut rng);
        hits += u64::from(reaches(between(&pool, &sizes)));
    }
    Permutation { p_value: (1 + hits) as f64 / (1 + DRAWS) as f64, tried: DRAWS, exhaustive: false }
}

fn between(pool: &[f64], sizes: &[usize]) -> f64 {
    let mut rest = pool;
    let sums: Vec<f64> = (sizes.iter())
        .map(|&n| {
            let (mine, after) = rest.split_at(n);
            rest = after;
            mine.iter().sum()
        })
        .collect();
    squares(&sums, sizes)
}

/// Sum of squares between groups, up to a constant of the pool.
fn squares(sums: &[f64], sizes: &[usize]) -> f64 {
    let all = sums.iter().sum::<f64>() / sizes.iter().sum::<usize>().max(1) as f64;
    sums.iter().zip(sizes).map(|(s, &n)| n as f64 * (s / n.max(1) as f64 - all).powi(2)).sum()
}

/// Number of ways to fill groups of these sizes; `None` where it does not fit.
fn multinomial(sizes: &[usize]) -> Option<u64> {
    let (mut ways, mut taken) = (1u64, 0u64);
    for &size in sizes {
        for k in 1..=size as u64 {
            taken += 1;
            ways = ways.checked_mul(taken)? / k;
        }
    }
    Some(ways)
}

/// Calls `each` with every labelling that fills groups of these sizes.
fn assign(
    pool: &[f64],
    sizes: &[usize],
    labels: &mut Vec<usize>,
    group: usize,
    from: usize,
    each: &mut dyn FnMut(&[usize]),
) {
    if group + 1 == sizes.len() {
        let whole: Vec<usize> = labels.iter().map(|&l| if l == usize::MAX { group } else { l }).collect();
        return each(&whole);
    }
    let missing = sizes[group] - labels.iter().filter(|&&l| l == group).count();
    if missing == 0 {
        return assign(pool, sizes, labels, group + 1, 0, each);
    }
    for k in from..pool.len() {
        if labels[k] == usize::MAX {
            labels[k] = group;
            assign(pool, sizes, labels, group, k + 1, each);
            labels[k] = usize::MAX;
        }
    }
}

/// p-values of a family of tests, adjusted for their number \[2\].
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[a].total_cmp(&p_values[b]));
    let (mut out, mut least) = (vec![0.0; p_values.len()], 0.0f64);
    for (rank, &k) in order.iter().enumerate() {
        least = least.max((p_values.len() - rank) as f64 * p_values[k]).min(1.0);
        out[k] = least;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_by_hand() {
        let (a, b) = ([0, 2, 2], [0, 1, 2, 1]);
        assert_eq!(total_variation(&a, &b), 0.25);
        assert_eq!(kolmogorov(&a, &b), 0.25);
        assert_eq!(transport(&a, &b), 0.5);
        assert_eq!(total_variation(&[1, 0], &[0, 1]), 1.0);
        assert_eq!((total_variation(&a, &a), kolmogorov(&a, &a), transport(&a, &a)), (0.0, 0.0, 0.0));
    }

    #[test]
    fn few_models_are_relabelled_in_every_way() {
        // Of the 20 ways to choose three of six, only the observed one and its mirror image separate as well.
        let test = groups_differ(&[vec![1.0, 2.0, 3.0], vec![7.0, 8.0, 9.0]], 0);
        assert_eq!(test, Permutation { p_value: 0.1, tried: 20, exhaustive: true });
        let test = groups_differ(&[vec![1.0, 2.0], vec![1.5, 1.5], vec![1.0, 2.0]], 0);
        assert_eq!((test.p_value, test.tried), (1.0, 90));
    }

    #[test]
    fn many_models_are_relabelled_by_seed() {
        let group = |shift: f64| (0..12).map(|k| f64::from(k) + shift).collect::<Vec<f64>>();
        let test = groups_differ(&[group(0.0), group(20.0)], 3);
        assert!(!test.exhaustive && test.p_value == 1e-4, "{test:?}");
        assert_eq!(test, groups_differ(&[group(0.0), group(20.0)], 3));
    }

    /// Under the null hypothesis p-values are at most uniform: of 200 tests at level 0.05 about ten reject.
    #[test]
    fn the_test_keeps_its_level() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        let mut draw = || {
            let mut h = vec![0u64; 8];
            (0..60).for_each(|_| h[(rng.next_u64() % 8) as usize] += 1);
            h
        };
        let rejected = (0..60).filter(|&k| same_distribution(&draw(), &draw(), k) <= 0.05).count();
        assert!(rejected <= 8, "{rejected} of 60");
        assert!(same_distribution(&[60, 0, 0], &[0, 0, 60], 1) <= 2e-4);
    }

    #[test]
    fn adjustment_by_hand() {
        assert_eq!(holm(&[0.01, 0.04, 0.03]), [0.03, 0.06, 0.06]);
        assert_eq!(holm(&[0.9, 0.8]), [1.0, 1.0]);
    }
}
