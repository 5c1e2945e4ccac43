//! How steep the network is in a region: the spectral norm of its affine map there, which is a Lipschitz constant of the
//! network within the region for Euclidean distances of free inputs and of all outputs together.
//!
//! Contract: by floating point, from the region's forms. The largest eigenvalue of the smaller Gram matrix comes from its
//! repeated squares: with t_i the trace of the i-th (each divided by its trace before it is squared), it is the product of
//! t_i^(1/2^i). Refuses maps with more than [`MOST`] inputs and outputs.

use super::{Bounds, Domain, points};
use crate::ir::Network;
use crate::region::Walker;
use rayon::prelude::*;

/// Most rows of the smaller Gram matrix.
pub const MOST: usize = 64;

/// Squares taken at most: the trace of the last exceeds the eigenvalue by a factor below 1 + 1e-12.
const SQUARES: usize = 44;

/// Fractional bits of the sum of norms.
const FRACTION: f64 = (1u64 << 40) as f64;

/// The steepest region so far, and the sum over all.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Slopes {
    /// Regions, or samples, added.
    pub count: u64,
    /// The largest norm, and a point of its region.
    pub steepest: Option<(f64, Vec<f64>)>,
    sum: u128,
}

impl Slopes {
    /// Adds a norm, at a point. Of equal ones the first stays.
    pub fn add(&mut self, norm: f64, at: &[f64]) {
        self.count += 1;
        self.sum = self.sum.saturating_add((norm * FRACTION) as u128);
        if self.steepest.as_ref().is_none_or(|(most, _)| norm > *most) {
            self.steepest = Some((norm, at.to_vec()));
        }
    }

    /// Mean norm; `None` of nothing.
    pub fn mean(&self) -> Option<f64> {
        (self.count > 0).then(|| self.sum as f64 / FRACTION / self.count as f64)
    }
}

/// The spectral norm of the map whose outputs have these affine forms over `d` inputs, constants last.
pub fn norm(outputs: &[Vec<f64>], d: usize) -> Option<f64> {
    let rows: Vec<&[f64]> = outputs.iter().flat_map(|o| o.chunks_exact(d + 1)).map(|row| &row[..d]).collect();
    let k = rows.len().min(d);
    if k == 0 || k > MOST {
        return None;
    }
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    let mut gram = vec![0.0; k * k];
    if rows.len() <= d {
        (0..k * k).for_each(|at| gram[at] = dot(rows[at / k], rows[at % k]));
    } else {
        for row in &rows {
            (0..k * k).for_each(|at| gram[at] += row[at / k] * row[at % k]);
        }
    }
    Some(eigenvalue(gram, k).sqrt())
}

/// The largest eigenvalue of a symmetric positive semidefinite matrix.
fn eigenvalue(mut m: Vec<f64>, k: usize) -> f64 {
    let mut log = 0.0;
    for square in 0..SQUARES {
        let trace: f64 = (0..k).map(|i| m[i * (k + 1)]).sum();
        if trace <= 0.0 {
            return 0.0;
        }
        let step = trace.ln() / 2f64.powi(square as i32);
        log += step;
        if square > 0 && step.abs() < 1e-17 {
            break;
        }
        m.iter_mut().for_each(|a| *a /= trace);
        let mut squared = vec![0.0; k * k];
        for i in 0..k {
            for (j, &a) in m[i * k..(i + 1) * k].iter().enumerate().filter(|(_, a)| **a != 0.0) {
                for (s, b) in squared[i * k..(i + 1) * k].iter_mut().zip(&m[j * k..(j + 1) * k]) {
                    *s += a * b;
                }
            }
        }
        m = squared;
    }
    log.exp()
}

/// Slopes in the regions of the first `count` seeded points of a domain (of [-1, 1]^d in all of space); `None` where the
/// map is too large.
pub fn seeded(network: &Network, domain: &Domain, seed: u64, count: u64) -> anyhow::Result<Option<Slopes>> {
    let (restricted, bounds) = domain.restrict(network)?;
    let walker = Walker::new(&restricted);
    of_points(&walker, &bounds, seed, count)
}

fn of_points(walker: &Walker, bounds: &Bounds, seed: u64, count: u64) -> anyhow::Result<Option<Slopes>> {
    let d = walker.dimension();
    let one = |k: u64| -> anyhow::Result<Option<(f64, Vec<f64>)>> {
        let (pattern, x) = points::sample(walker, bounds, seed, k)?;
        Ok(norm(&walker.with(&pattern)?.outputs, d).map(|n| (n, x)))
    };
    let found: Vec<Option<(f64, Vec<f64>)>> = (0..count).into_par_iter().map(one).collect::<Result<_, _>>()?;
    let Some(found) = found.into_iter().collect::<Option<Vec<_>>>() else { return Ok(None) };
    let mut slopes = Slopes::default();
    found.iter().for_each(|(norm, x)| slopes.add(*norm, x));
    Ok(Some(slopes))
}

#[cfg(test)]
mod tests {
    use super::norm;

    #[test]
    fn norms_by_hand() {
        // The last column holds constants, which do not count.
        let close = |outputs: &[Vec<f64>], d: usize, value: f64| {
            let got = norm(outputs, d).expect("a norm");
            assert!((got - value).abs() <= 1e-12 * value, "{got} and {value}");
        };
        close(&[vec![3.0, 4.0, 7.0]], 2, 5.0);
        close(&[vec![3.0, 9.0], vec![-4.0, 1.0]], 1, 5.0);
        // A rotation times 2: both eigenvalues are the same.
        close(&[vec![0.0, -2.0, 1.0, 2.0, 0.0, 1.0]], 2, 2.0);
        // Blocks: the steepest direction is not that of the largest row.
        close(&[vec![3.0, 0.0, 0.0, 0.0, 0.0, 2.5, 2.5, 0.0, 0.0, 2.5, 2.5, 0.0]], 3, 5.0);
        // [[1, 2], [3, 4]]: the root of 15 + sqrt(221).
        close(&[vec![1.0, 2.0, 0.0, 3.0, 4.0, 0.0]], 2, (15.0f64 + 221f64.sqrt()).sqrt());
        assert_eq!(norm(&[vec![0.0, 0.0, 5.0]], 2), Some(0.0));
        assert_eq!(norm(&[vec![0.0; 66 * 66]], 65), None);
    }
}
