//! How much memory a run will take, before it takes it: what `--max-memory` compares with.
//!
//! Contract: an upper estimate from sizes alone (inputs, units, rows, regions asked for), stated term by term in
//! `docs/performance.md`. Regions handled at a time are reduced until the estimate fits; what does not fit with one
//! at a time is refused with the estimate.

use super::bounds::Bounds;
use super::certify::Certify;
use crate::ir::{Linear, Network, Op};
use crate::polytope::working_memory;
use crate::region::{Walker, last_uses};

/// The program itself, its threads and the solvers' libraries.
const PROGRAM: u64 = 96 << 20;
/// Bytes of one float.
const FLOAT: u64 = 8;
/// Bytes kept for a face beside its points.
const FACE: u64 = 128;

/// What a run takes, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// The program and the network.
    pub fixed: u64,
    /// One region while its faces are decided.
    pub region: u64,
    /// Everything kept of the regions met.
    pub kept: u64,
}

/// What a run remembers of each region beside its pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remember {
    /// A point inside, while it waits to be visited.
    Points,
    /// Its faces, for samples that meet it again.
    Faces,
}

/// A number of bytes with a unit.
pub fn in_words(bytes: u64) -> String {
    match bytes {
        0..1_000_000 => format!("{} kB", bytes.div_ceil(1000)),
        1_000_000..1_000_000_000 => format!("{} MB", bytes.div_ceil(1_000_000)),
        _ => format!("{:.1} GB", bytes as f64 / 1e9),
    }
}

impl Memory {
    /// Estimates a run that meets at most `regions` regions and remembers their patterns, with a point each or their faces.
    pub fn estimate(walker: &Walker, bounds: &Bounds, certify: &Certify, regions: u64, remember: Remember) -> Memory {
        let network = walker.network();
        let (d, units) = (walker.dimension() as u64, rows_of(network));
        let walls = bounds.len() as u64;
        let rows = walls + units;
        let points = rows * d * FLOAT;
        let certificates = match certify {
            Certify::No => 0,
            Certify::Verify => 256 * (d + rows) * FLOAT,
            // Witnesses as they were, rounded, and as bytes; the bytes grow by doubling.
            Certify::Keep(_) => 256 * (d + rows) * FLOAT + points * 2 + points,
        };
        let region = forms(network, d)
            + units * (d * FLOAT + 64)
            + walls * d * FLOAT
            + (rows.max(2 * walls)) * (d * FLOAT + 64)
            + working_memory(d as usize, rows as usize, walls as usize) as u64
            + certificates;
        let pattern = walker.layout().empty().bytes().len() as u64 + 64;
        let each = match remember {
            Remember::Points => 3 * pattern + d * FLOAT,
            Remember::Faces => 2 * pattern + rows * FACE,
        };
        let kept = regions.saturating_mul(each);
        Memory { fixed: PROGRAM + 3 * FLOAT * parameters(network), region, kept }
    }

    /// The most bytes with `at_once` regions under way.
    pub fn total(&self, at_once: u64) -> u64 {
        self.fixed.saturating_add(self.kept).saturating_add(self.region.saturating_mul(at_once))
    }

    /// How many regions, at most `wanted`, may be under way within `limit`; an error says what to do.
    pub fn admit(&self, limit: Option<u64>, wanted: usize) -> anyhow::Result<usize> {
        let Some(limit) = limit else { return Ok(wanted.max(1)) };
        let least = self.total(1);
        anyhow::ensure!(
            least <= limit,
            "this takes up to {}, and --max-memory allows {}: {} for the network, {} for one region, {} for the regions met; \
             {}",
            in_words(least),
            in_words(limit),
            in_words(self.fixed),
            in_words(self.region),
            in_words(self.kept),
            if self.kept > self.region {
                "lower --max-regions or --samples, or allow more"
            } else {
                "allow more, or audit fewer inputs at a time with --slice"
            }
        );
        let room = limit.saturating_sub(self.fixed).saturating_sub(self.kept);
        Ok((room / self.region.max(1)).clamp(1, wanted.max(1) as u64) as usize)
    }
}

/// Most half-spaces that a region can have.
fn rows_of(network: &Network) -> u64 {
    let of = |op: &Op, length: usize| match op {
        Op::Activation(a) => (0..length).map(|i| a.curve(i).breakpoints().len().min(2)).sum(),
        Op::Max(m) => (0..m.groups()).map(|g| m.group(g).len().saturating_sub(1)).sum(),
        _ => 0usize,
    };
    network.nodes.iter().map(|n| of(&n.op, n.len()) as u64).sum()
}

/// Most bytes of affine forms that are alive at a time, in pairs of numbers.
fn forms(network: &Network, d: u64) -> u64 {
    let last = last_uses(network);
    let size = |id: usize| network.nodes[id].len() as u64 * 2 * ((d + 1) * FLOAT + FLOAT);
    let (mut alive, mut most) = (0, 0);
    for id in 0..network.nodes.len() {
        alive += size(id);
        most = most.max(alive);
        let done = network.sources(id).iter().filter(|&&s| last[s] == id).map(|&s| size(s)).sum::<u64>();
        alive = alive.saturating_sub(done);
    }
    most
}

/// Stored coefficients.
fn parameters(network: &Network) -> u64 {
    let of = |linear: &Linear| match linear {
        Linear::Dense(m) => m.weight.len(),
        Linear::Conv(c) => c.weight.len(),
        Linear::Sparse { weights, columns, .. } => weights.len() + columns.len(),
        Linear::Index(index) => index.len(),
        Linear::Identity | Linear::Scale(_) | Linear::Block(_) => 0,
    };
    let of_node = |op: &Op| if let Op::Affine(a) = op { of(&a.linear) } else { 0 };
    network.nodes.iter().map(|n| of_node(&n.op) as u64).sum()
}
