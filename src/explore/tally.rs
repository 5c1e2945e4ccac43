//! The running counts of an exploration: integers only, so that adding parts in any order gives the same totals.

use crate::region::HyperplaneId;
use std::collections::BTreeMap;

/// Faces that one hyperplane source contributed, by the side they were seen from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnitFaces {
    /// Faces seen from the side of the lower piece.
    pub lower: u64,
    /// Faces seen from the side of the upper piece.
    pub upper: u64,
    /// Faces on which the source lies without being credited.
    pub coincident: u64,
}

/// Counts over regions (enumeration) or over samples (sampling).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Regions, or samples, counted.
    pub count: u64,
    /// `total[k]`: how many have k faces, walls included.
    pub total: Vec<u64>,
    /// `interior[k]`: how many have k interior faces.
    pub interior: Vec<u64>,
    /// `walls[k]`: how many have k walls.
    pub walls: Vec<u64>,
    /// Regions with an undecided row: in no histogram.
    pub undecided: u64,
    /// Faces by credited hyperplane source.
    pub units: BTreeMap<HyperplaneId, UnitFaces>,
}

impl Tally {
    /// Counts a region with its numbers of interior faces and walls, `times` times.
    pub fn add(&mut self, interior: usize, walls: usize, times: u64) {
        self.count += times;
        bump(&mut self.total, interior + walls, times);
        bump(&mut self.interior, interior, times);
        bump(&mut self.walls, walls, times);
    }

    /// Regions, or samples, looked at: counted or undecided.
    pub fn seen(&self) -> u64 {
        self.count + self.undecided
    }

    /// Adds another tally.
    pub fn merge(&mut self, other: &Tally) {
        self.count += other.count;
        self.undecided += other.undecided;
        for (mine, theirs) in
            [(&mut self.total, &other.total), (&mut self.interior, &other.interior), (&mut self.walls, &other.walls)]
        {
            theirs.iter().enumerate().for_each(|(k, &n)| bump(mine, k, n));
        }
        for (id, faces) in &other.units {
            let mine = self.units.entry(*id).or_default();
            mine.lower += faces.lower;
            mine.upper += faces.upper;
            mine.coincident += faces.coincident;
        }
    }
}

fn bump(histogram: &mut Vec<u64>, k: usize, by: u64) {
    if histogram.len() <= k {
        histogram.resize(k + 1, 0);
    }
    histogram[k] += by;
}
