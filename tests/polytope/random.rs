//! Seeded random regions.

use polyaudit::polytope::Halfspaces;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

pub struct Random(ChaCha8Rng);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(ChaCha8Rng::seed_from_u64(seed))
    }

    /// Uniform in [-1, 1).
    pub fn signed(&mut self) -> f64 {
        (self.0.next_u64() >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }

    pub fn below(&mut self, n: usize) -> usize {
        (self.0.next_u64() % n as u64) as usize
    }

    /// Roughly normal.
    pub fn normal(&mut self) -> f64 {
        (0..6).map(|_| self.signed()).sum::<f64>() / 2f64.sqrt()
    }
}

/// Which peculiarities a region gets.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Kind {
    Generic,
    /// Every hyperplane through the origin.
    NoBias,
    /// Small integer weights, copies, multiples, hyperplanes along walls.
    Degenerate,
    /// Pairs of hyperplanes at relative distances 1e-3 … 1e-12.
    Near,
    /// Without walls.
    Unbounded,
}

/// Rows of `units` hyperplanes on the side of a random point of the box.
pub fn region(d: usize, units: usize, kind: Kind, seed: u64) -> (Halfspaces, Vec<f64>) {
    let mut r = Random::new(seed);
    let x: Vec<f64> = (0..d).map(|_| r.signed()).collect();
    let mut h =
        if kind == Kind::Unbounded { Halfspaces::new(d) } else { Halfspaces::boxed(&vec![-1.0; d], &vec![1.0; d]) };
    let mut before: Vec<(Vec<f64>, f64)> = Vec::new();
    for _ in 0..units {
        let fresh = |r: &mut Random| -> (Vec<f64>, f64) {
            let a = (0..d).map(|_| f64::from(r.normal() as f32)).collect();
            (a, f64::from(r.normal() as f32) * 0.5)
        };
        let (mut a, mut b) = fresh(&mut r);
        match kind {
            Kind::NoBias => b = 0.0,
            Kind::Degenerate => {
                a.iter_mut().for_each(|a| *a = (*a * 1.5).round());
                b = (b * 2.0).round();
                match r.below(5) {
                    0 if !before.is_empty() => {
                        let (p, q) = before[r.below(before.len())].clone();
                        (a, b) = (p.iter().map(|x| 3.0 * x).collect(), 3.0 * q);
                    }
                    1 => {
                        a.fill(0.0);
                        a[r.below(d)] = 2.0;
                        b = 2.0;
                    }
                    _ => {}
                }
                if a.iter().all(|&a| a == 0.0) {
                    a[0] = 1.0;
                }
            }
            Kind::Near if !before.is_empty() && r.below(2) == 0 => {
                let (p, q) = before[r.below(before.len())].clone();
                let scale = 10f64.powi(-(3 + r.below(10) as i32));
                (a, b) = (p.iter().map(|x| x * (1.0 + scale * r.signed())).collect(), q + scale * r.signed());
            }
            _ => {}
        }
        let side: f64 = b - a.iter().zip(&x).map(|(a, x)| a * x).sum::<f64>();
        if side == 0.0 {
            continue;
        }
        before.push((a.clone(), b));
        let sign = side.signum();
        h.push(&a.iter().map(|a| sign * a).collect::<Vec<_>>(), sign * b, 0.0);
    }
    (h, x)
}
