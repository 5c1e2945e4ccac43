//! Seeded points of the domain.
//!
//! Contract: point `k` depends on the seed and on `k` only, so that any number of threads draws the same points.

use super::bounds::Bounds;
use crate::region::{Pattern, Walker};
use anyhow::Context;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use rayon::prelude::*;

/// How often a point is drawn anew when it lies on a hyperplane, before giving up.
const TRIES: usize = 64;

/// Points of the frame that are tried for one point of a polytope.
const REJECTIONS: usize = 1 << 20;

/// The stream of numbers behind point `k`.
fn stream(seed: u64, k: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(k);
    rng
}

/// A uniform number of [0, 1) with 53 random bits.
fn unit(rng: &mut ChaCha8Rng) -> f64 {
    (rng.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

/// A uniform point of a box.
fn in_box(rng: &mut ChaCha8Rng, bounds: impl Iterator<Item = [f64; 2]>) -> Vec<f64> {
    bounds
        .map(|[lo, hi]| {
            let u = unit(rng);
            lo * (1.0 - u) + hi * u
        })
        .collect()
}

/// A uniform point of the domain; in R^d, of the box [-1, 1]^d. Of a polytope by rejection from its frame.
fn draw(rng: &mut ChaCha8Rng, d: usize, bounds: &Bounds) -> anyhow::Result<Vec<f64>> {
    match bounds {
        Bounds::Space => Ok(in_box(rng, (0..d).map(|_| [-1.0, 1.0]))),
        Bounds::Box(b) => Ok(in_box(rng, b.iter().copied())),
        Bounds::Polytope(p) => (0..REJECTIONS)
            .map(|_| in_box(rng, p.frame.iter().copied()))
            .find(|t| bounds.contains(t))
            .context("the slice fills less than a millionth of the box around it: no uniform samples"),
    }
}

/// Uniform point `k` with its pattern; a point exactly on a hyperplane is drawn anew.
pub fn sample(walker: &Walker, bounds: &Bounds, seed: u64, k: u64) -> anyhow::Result<(Pattern, Vec<f64>)> {
    let mut rng = stream(seed, k);
    let mut last = None;
    for _ in 0..TRIES {
        let x = draw(&mut rng, walker.dimension(), bounds)?;
        match walker.pattern_at(&x) {
            Ok(pattern) => return Ok((pattern, x)),
            Err(reason) => last = Some(reason),
        }
    }
    Err(last.expect("at least one try").into())
}

/// Points taken through the network together, of a network of small layers.
const TOGETHER: usize = 64;
/// Most values of one layer for points taken together.
const VALUES: usize = 1 << 20;

/// The uniform points up to `count`, each as [`sample`] gives it; fewer once `stop` says so.
pub fn samples(
    walker: &Walker,
    bounds: &Bounds,
    seed: u64,
    count: u64,
    stop: &(dyn Fn() -> bool + Sync),
) -> anyhow::Result<Vec<(Pattern, Vec<f64>)>> {
    let largest = walker.network().nodes.iter().map(|n| n.len()).max().unwrap_or(1).max(1);
    let together = (VALUES / largest).clamp(1, TOGETHER) as u64;
    let some = |block: u64| -> anyhow::Result<Vec<(Pattern, Vec<f64>)>> {
        if stop() {
            return Ok(vec![]);
        }
        let own = together * block..count.min(together * (block + 1));
        let points = own.clone().map(|k| draw(&mut stream(seed, k), walker.dimension(), bounds));
        let points = points.collect::<anyhow::Result<Vec<_>>>()?;
        let patterns = walker.patterns_at(&points);
        (own.zip(points.into_iter().zip(patterns)))
            .map(|(k, (x, pattern))| pattern.map_or_else(|| sample(walker, bounds, seed, k), |p| Ok((p, x))))
            .collect()
    };
    let blocks = (0..count.div_ceil(together)).into_par_iter().map(some);
    Ok(blocks.collect::<anyhow::Result<Vec<_>>>()?.into_iter().flatten().collect())
}

/// The first `count` uniform points, wherever they fall.
pub fn uniform(d: usize, bounds: &Bounds, seed: u64, count: u64) -> anyhow::Result<Vec<Vec<f64>>> {
    (0..count).map(|k| draw(&mut stream(seed, k), d, bounds)).collect()
}

/// Where an enumeration starts: a seeded point off every hyperplane.
pub fn start(walker: &Walker, bounds: &Bounds, seed: u64) -> anyhow::Result<(Pattern, Vec<f64>)> {
    if let Bounds::Polytope(p) = bounds
        && let Ok(pattern) = walker.pattern_at(&p.interior)
    {
        return Ok((pattern, p.interior.clone()));
    }
    sample(walker, bounds, seed, u64::MAX)
}
