//! What a subtree adds to the run: integers only, in dense arrays, so that parts add up to the same totals in any
//! grouping.

use super::names::Names;
use super::stage::Stages;
use crate::explore::{Tally, UnitFaces};
use crate::region::HyperplaneId;
use serde::{Deserialize, Serialize};

/// The regions of the network cut off after a layer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prefix {
    /// Regions of the domain.
    pub regions: u64,
    /// Sum of their faces, walls included.
    pub total: u64,
    /// Sum of their interior faces.
    pub interior: u64,
}

/// Volume in units of 2^-100 of the domain's.
pub const VOLUME_UNIT: f64 = 1.0 / (1u128 << 100) as f64;

/// Counts over the regions of a subtree, or of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Regions.
    pub regions: u64,
    /// Regions that do not reach infinity.
    pub bounded: u64,
    /// Regions with a vertex on more hyperplanes than it takes.
    pub degenerate: u64,
    /// `total[k]`: regions with k faces.
    pub total: Vec<u64>,
    /// `interior[k]`: regions with k interior faces.
    pub interior: Vec<u64>,
    /// `walls[k]`: regions with k walls.
    pub walls: Vec<u64>,
    /// Per source, faces seen from its lower and from its upper side.
    pub faces: Vec<[u64; 2]>,
    /// Per source, faces it lies on without being credited.
    pub coincident: Vec<u64>,
    /// Per source, whether it vanishes identically on some region of its layer.
    pub vanishing: Vec<bool>,
    /// Per row, whether some region is on its lower and on its upper side.
    pub seen: Vec<[bool; 2]>,
    /// Per stage, the regions of the network up to it.
    pub prefix: Vec<Prefix>,
    /// Sum of vertices over regions.
    pub vertices: u64,
    /// Interior (region, vertex) pairs by the sides of the vertex's units (bit i: upper side of the i-th of them).
    pub corners: Vec<u64>,
    /// Per number of walls through a vertex, (region, vertex) pairs.
    pub wall_pairs: Vec<u64>,
    /// Per number of walls, pairs whose region is on the lower side of all other hyperplanes of the vertex: as many as
    /// there are such vertices.
    pub distinct: Vec<u64>,
    /// Per source, the vertices of the complex on it, by the number of walls through them; of two and three inputs.
    pub on_source: Vec<[u64; 3]>,
    /// `volume_by_total[k]`: sum of the volumes of regions with k faces, in units of 2^-100 of the domain's.
    pub volume_by_total: Vec<u128>,
    /// Volume of the largest region, likewise.
    pub largest: u128,
    /// Sum of volumes, in units of 2^-100 of the domain's.
    pub volume: u128,
    /// Bound on its error, likewise.
    pub volume_error: u128,
    /// Seeded points that arrived in a region.
    pub reached: u64,
    /// Those whose forward pass gives the region's pattern.
    pub matched: u64,
    /// Faces on which two or more sources lie.
    pub shared: u64,
}

impl Counts {
    /// All zero, for so many inputs and these stages.
    pub fn new(d: usize, stages: &Stages) -> Counts {
        let sources = stages.ids.len();
        Counts {
            faces: vec![[0; 2]; sources],
            coincident: vec![0; sources],
            vanishing: vec![false; sources],
            seen: vec![[false; 2]; sources],
            prefix: vec![Prefix::default(); stages.list.len()],
            corners: vec![0; 1 << d],
            wall_pairs: vec![0; d + 1],
            distinct: vec![0; d + 1],
            on_source: vec![[0; 3]; if d == 2 || d == 3 { sources } else { 0 }],
            total: vec![0; 64],
            interior: vec![0; 64],
            walls: vec![0; 64],
            ..Counts::default()
        }
    }

    /// Adds another part.
    pub fn merge(&mut self, other: &Counts) {
        self.regions += other.regions;
        self.bounded += other.bounded;
        self.degenerate += other.degenerate;
        self.vertices += other.vertices;
        self.volume += other.volume;
        self.volume_error += other.volume_error;
        self.reached += other.reached;
        self.matched += other.matched;
        self.shared += other.shared;
        let lists = [
            (&mut self.total, &other.total),
            (&mut self.interior, &other.interior),
            (&mut self.walls, &other.walls),
            (&mut self.coincident, &other.coincident),
            (&mut self.corners, &other.corners),
            (&mut self.wall_pairs, &other.wall_pairs),
            (&mut self.distinct, &other.distinct),
        ];
        for (mine, theirs) in lists {
            if mine.len() < theirs.len() {
                mine.resize(theirs.len(), 0);
            }
            mine.iter_mut().zip(theirs).for_each(|(m, t)| *m += t);
        }
        let more = other.volume_by_total.len().max(self.volume_by_total.len());
        self.volume_by_total.resize(more, 0);
        self.volume_by_total.iter_mut().zip(&other.volume_by_total).for_each(|(m, t)| *m += t);
        self.largest = self.largest.max(other.largest);
        self.on_source.iter_mut().zip(&other.on_source).for_each(|(m, t)| (0..3).for_each(|k| m[k] += t[k]));
        self.faces.iter_mut().zip(&other.faces).for_each(|(m, t)| (0..2).for_each(|k| m[k] += t[k]));
        self.vanishing.iter_mut().zip(&other.vanishing).for_each(|(m, t)| *m |= t);
        self.seen.iter_mut().zip(&other.seen).for_each(|(m, t)| (0..2).for_each(|k| m[k] |= t[k]));
        for (mine, theirs) in self.prefix.iter_mut().zip(&other.prefix) {
            mine.regions += theirs.regions;
            mine.total += theirs.total;
            mine.interior += theirs.interior;
        }
    }

    /// In the terms of every exploration.
    pub fn tally(&self, names: &Names) -> Tally {
        let cut = |counts: &[u64]| counts[..counts.iter().rposition(|&n| n > 0).map_or(0, |k| k + 1)].to_vec();
        let mut tally = Tally {
            count: self.regions,
            total: cut(&self.total),
            interior: cut(&self.interior),
            walls: cut(&self.walls),
            ..Tally::default()
        };
        for (k, &id) in names.ids.iter().enumerate() {
            let ([lower, upper], coincident) = (self.faces[k], self.coincident[k]);
            if lower + upper + coincident > 0 {
                tally.units.insert(id, UnitFaces { lower, upper, coincident });
            }
        }
        tally
    }

    /// Sources that vanish identically somewhere.
    pub fn vanishing(&self, names: &Names) -> Vec<HyperplaneId> {
        self.vanishing.iter().zip(&names.ids).filter(|(v, _)| **v).map(|(_, id)| *id).collect()
    }
}
