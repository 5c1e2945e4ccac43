//! An affine section of the input space, from what was asked for.
//!
//! Contract: the section is `origin + Σ t_k directions[k]` with the numbers stored here, each a float64. Through
//! points: the first is the origin, the directions are the rounded differences. Random: a seeded point of the domain
//! and directions with independent normal coordinates, scaled by the width of each input and rounded to float32.

use crate::explore::Domain;
use crate::hash::hex;
use crate::ir::Network;
use crate::report::Slice as Described;
use anyhow::ensure;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use sha2::{Digest, Sha256};

/// Stream of the seed's numbers that random slices use; sampling counts its streams from 0.
const STREAM: u64 = u64::MAX - 1;

/// Which section of the input space to audit.
#[derive(Clone, Debug, PartialEq)]
pub enum Slice {
    /// Through a point along directions.
    Span {
        /// The point, then the directions: one value per input each.
        vectors: Vec<Vec<f64>>,
        /// Names of the files they came from.
        files: Vec<String>,
    },
    /// Through points.
    Points {
        /// One value per input each.
        points: Vec<Vec<f64>>,
        /// Names of the files they came from.
        files: Vec<String>,
    },
    /// Seeded, of so many dimensions.
    Random(usize),
}

impl Slice {
    /// The slice of a box or of all space.
    pub fn of(&self, domain: Domain, network: &Network, seed: u64) -> anyhow::Result<Domain> {
        let n = network.input_len();
        let within = match domain {
            Domain::Box { lo, hi } => Some((lo, hi)),
            _ => None,
        };
        if let Slice::Span { vectors, files } | Slice::Points { points: vectors, files } = self {
            let flag = if matches!(self, Slice::Span { .. }) { "--slice" } else { "--slice-points" };
            for (vector, file) in vectors.iter().zip(files) {
                ensure!(vector.len() == n, "{flag} {file} has {} numbers, the model has {n} inputs", vector.len());
            }
        }
        let (origin, directions) = match self {
            Slice::Span { vectors, .. } => (vectors[0].clone(), vectors[1..].to_vec()),
            Slice::Points { points, files } => {
                for (point, file) in points.iter().zip(files) {
                    let (lo, hi) = within.clone().unwrap_or_else(|| (point.clone(), point.clone()));
                    let outside = (0..n).find(|&j| point[j] < lo[j] || point[j] > hi[j]);
                    if let Some(j) = outside {
                        let hint = "state a domain that holds the points with --domain";
                        anyhow::bail!("{file} lies outside of the domain: input {j} is {}; {hint}", point[j]);
                    }
                }
                let difference = |p: &Vec<f64>| p.iter().zip(&points[0]).map(|(x, o)| x - o).collect();
                (points[0].clone(), points[1..].iter().map(difference).collect())
            }
            Slice::Random(dimensions) => random(*dimensions, n, within.as_ref(), seed),
        };
        let free = within.as_ref().map_or(n, |(lo, hi)| lo.iter().zip(hi).filter(|(l, h)| l < h).count());
        ensure!(directions.len() <= free, "a slice of {} dimensions of {free} free inputs", directions.len());
        Ok(Domain::Slice { origin, directions, within })
    }

    /// What the report says of it.
    pub fn described(&self, domain: &Domain) -> Option<Described> {
        let Domain::Slice { origin, directions, .. } = domain else { return None };
        let (kind, files) = match self {
            Slice::Span { files, .. } => ("span", files.clone()),
            Slice::Points { files, .. } => ("points", files.clone()),
            Slice::Random(_) => ("random", vec![]),
        };
        let mut hash = Sha256::new();
        origin.iter().chain(directions.iter().flatten()).for_each(|v| hash.update(v.to_le_bytes()));
        let digits = hex(hash.finalize());
        let dimensions = directions.len() as u64;
        Some(Described { kind: kind.into(), dimensions, files, sha256: format!("sha256:{digits}") })
    }
}

/// A point of the domain and directions.
fn random(dimensions: usize, n: usize, within: Option<&(Vec<f64>, Vec<f64>)>, seed: u64) -> (Vec<f64>, Vec<Vec<f64>>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(STREAM);
    let mut uniform = || ((rng.next_u64() >> 11) as f64 + 0.5) / (1u64 << 53) as f64;
    let bounds = |j: usize| within.map_or((-1.0, 1.0), |(lo, hi)| (lo[j], hi[j]));
    let origin = (0..n)
        .map(|j| {
            let ((lo, hi), u) = (bounds(j), uniform());
            f64::from((lo * (1.0 - u) + hi * u) as f32).clamp(lo, hi)
        })
        .collect();
    let directions = (0..dimensions)
        .map(|_| {
            (0..n)
                .map(|j| {
                    let normal = (-2.0 * uniform().ln()).sqrt() * (std::f64::consts::TAU * uniform()).cos();
                    f64::from((normal * (bounds(j).1 - bounds(j).0)) as f32)
                })
                .collect()
        })
        .collect();
    (origin, directions)
}
