//! Where samples come from: seeded uniform points of the domain, or given data points in a seeded order.
//!
//! Contract: a data point on the domain's boundary stands for the region that its neighbourhood inside the domain lies
//! in. One outside of the domain, or exactly on a unit's hyperplane (where it belongs to several regions), is left out
//! and counted as such; nothing is moved or drawn anew. The order is a seeded shuffle, so that the first n points of a run
//! are a random choice of n of them.

use super::bounds::Bounds;
use super::{Domain, cell, points};
use crate::region::{NoRegion, Pattern, Walker};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// Stream of the seed's numbers that the order of data points uses; samples count theirs from 0.
const STREAM: u64 = u64::MAX - 1_000;

/// Where samples come from.
pub enum Source<'a> {
    /// Uniform points.
    Uniform {
        /// Their seed.
        seed: u64,
        /// How many; as many as about a minute allows where that is not stated.
        count: Option<u64>,
    },
    /// Given points.
    Data(DataPoints<'a>),
}

/// Given points, one value per input of the whole network each.
pub struct DataPoints<'a> {
    rows: &'a [Vec<f64>],
    domain: &'a Domain,
    free: Vec<usize>,
    /// Which rows are looked at, in order.
    order: Vec<usize>,
}

/// Data points that are in no count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// Outside of the domain: how many, and the smallest row, from 0.
    pub outside: (u64, usize),
    /// On the hyperplane of a unit: likewise.
    pub on_hyperplane: (u64, usize),
}

impl LeftOut {
    /// All of them.
    pub fn count(&self) -> u64 {
        self.outside.0 + self.on_hyperplane.0
    }

    /// Counts row `row`.
    pub fn add(&mut self, row: usize, outside: bool) {
        let (count, first) = if outside { &mut self.outside } else { &mut self.on_hyperplane };
        *first = if *count == 0 { row } else { row.min(*first) };
        *count += 1;
    }
}

/// A sample: the pattern of its region and a point strictly inside it; or the row that is left out, and whether because
/// it is outside of the domain.
pub type Drawn = Result<(Pattern, Vec<f64>), (usize, bool)>;

impl<'a> DataPoints<'a> {
    /// The first `count` of `rows` in a seeded order; all of them without a count.
    pub fn new(rows: &'a [Vec<f64>], domain: &'a Domain, seed: u64, count: Option<u64>) -> DataPoints<'a> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(STREAM);
        let mut order: Vec<usize> = (0..rows.len()).collect();
        for k in (1..order.len()).rev() {
            order.swap(k, ((u128::from(rng.next_u64()) * (k as u128 + 1)) >> 64) as usize);
        }
        order.truncate(count.map_or(usize::MAX, |n| usize::try_from(n).unwrap_or(usize::MAX)));
        DataPoints { rows, domain, free: domain.free_inputs(), order }
    }

    fn locate(&self, walker: &Walker, bounds: &Bounds, row: usize) -> Drawn {
        let point = &self.rows[row];
        if let Domain::Box { lo, hi } = self.domain
            && (0..point.len()).any(|j| point[j] < lo[j] || point[j] > hi[j])
        {
            return Err((row, true));
        }
        let x: Vec<f64> = self.free.iter().map(|&j| point[j]).collect();
        let on_hyperplane = |_: NoRegion| (row, false);
        if bounds.contains(&x) {
            return Ok((walker.pattern_at(&x).map_err(on_hyperplane)?, x));
        }
        let region = walker.at(&x).map_err(on_hyperplane)?;
        let inwards: Vec<f64> =
            bounds.frame().unwrap_or_default().iter().zip(&x).map(|([lo, hi], x)| (lo + hi) / 2.0 - x).collect();
        let inside = cell::interior_point(walker, &region, bounds, &x, &inwards, &[]);
        inside.map(|inside| (region.pattern, inside)).ok_or((row, false))
    }
}

impl Source<'_> {
    /// How many samples to take, where that is stated.
    pub fn count(&self) -> Option<u64> {
        match self {
            Source::Uniform { count, .. } => *count,
            Source::Data(data) => Some(data.order.len() as u64),
        }
    }

    /// Sample `k`.
    pub fn draw(&self, walker: &Walker, bounds: &Bounds, k: u64) -> anyhow::Result<Drawn> {
        match self {
            Source::Uniform { seed, .. } => points::sample(walker, bounds, *seed, k).map(Ok),
            Source::Data(data) => Ok(data.locate(walker, bounds, data.order[k as usize])),
        }
    }
}
