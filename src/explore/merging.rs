//! Regions after merging neighbours with equal affine maps: a second count, from the adjacency of regions.
//!
//! Contract: sees every region of an enumeration by crossing faces, with its faces, and derives the neighbour across each face
//! that it sees from the lower side. Two maps are equal when every coefficient of every output is: floats with error bounds
//! tell them apart, exact forms decide what these leave open. A pair that stays undecided leaves the count unknown. Off for
//! networks and budgets where it would outweigh the enumeration itself.

use super::cell::CellFaces;
use super::memory::in_words;
use super::slope::{self, Slopes};
use crate::region::{Pattern, Region, Walker};
use std::collections::HashMap;

/// Values of a network up to which neighbours are looked at: each takes a pass through it.
const VALUES: usize = 20_000;

/// Bytes kept of a region beside its pattern.
const EACH: u64 = 96;

/// The adjacency of equal regions so far.
pub struct Merging<'a> {
    walker: &'a Walker<'a>,
    /// Why nothing is merged, if so.
    off: Option<String>,
    known: HashMap<Pattern, usize>,
    /// Union-find over the known patterns.
    parent: Vec<usize>,
    /// How steep the network is in the regions seen; `None` where its map is too large.
    pub slopes: Option<Slopes>,
}

impl<'a> Merging<'a> {
    /// Ready for at most `regions` regions, beside an enumeration that takes `taken` bytes.
    pub fn new(walker: &'a Walker<'a>, regions: u64, taken: u64, max_memory: Option<u64>) -> Merging<'a> {
        let values: usize = walker.network().nodes.iter().map(|n| n.len()).sum();
        let bytes = regions.saturating_mul(walker.layout().empty().bytes().len() as u64 + EACH);
        let off = match max_memory {
            _ if values > VALUES => {
                Some(format!("the network has {values} values, and each pair of neighbours takes a pass through it"))
            }
            Some(limit) if taken.saturating_add(bytes) > limit => Some(format!(
                "the adjacency takes up to {} more, and --max-memory allows {}",
                in_words(bytes),
                in_words(limit)
            )),
            _ => None,
        };
        Merging { walker, off, known: HashMap::new(), parent: vec![], slopes: Some(Slopes::default()) }
    }

    /// Sees a region: its pattern, its faces, a point inside.
    pub fn visit(&mut self, pattern: &Pattern, cell: &CellFaces, inside: &[f64]) -> anyhow::Result<()> {
        if self.off.is_some() {
            self.slopes = None;
            return Ok(());
        }
        let region = self.walker.with(pattern)?;
        match (slope::norm(&region.outputs, self.walker.dimension()), &mut self.slopes) {
            (Some(norm), Some(slopes)) => slopes.add(norm, inside),
            _ => self.slopes = None,
        }
        let here = self.index(pattern);
        for face in cell.interior.iter().filter(|f| f.lower) {
            let mut on_face = vec![face.credited];
            on_face.extend(&face.coincident);
            on_face.extend(&region.vanishing);
            on_face.sort_unstable();
            let Ok(across) = self.walker.across(pattern, &on_face, &face.direction) else {
                self.off = Some("a neighbour could not be derived with certainty".into());
                return Ok(());
            };
            match self.equal(&region, &across) {
                Some(false) => {}
                Some(true) => {
                    let there = self.index(&across.pattern);
                    let (a, b) = (self.root(here), self.root(there));
                    self.parent[a.max(b)] = a.min(b);
                }
                None => {
                    self.off = Some("an exact comparison of two maps would take more than its budget".into());
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    /// How many are left after merging; or why that is not known.
    pub fn finish(mut self) -> Result<u64, String> {
        match self.off.take() {
            Some(why) => Err(why),
            None => Ok((0..self.parent.len()).filter(|&k| self.parent[k] == k).count() as u64),
        }
    }

    fn equal(&self, a: &Region, b: &Region) -> Option<bool> {
        let cols = self.walker.dimension() + 1;
        let outputs = a.outputs.iter().zip(&b.outputs).zip(a.output_errors.iter().zip(&b.output_errors));
        for ((x, y), (xe, ye)) in outputs {
            let rows = x.chunks_exact(cols).zip(y.chunks_exact(cols)).zip(xe.iter().zip(ye));
            for ((x, y), (xe, ye)) in rows {
                if x.iter().zip(y).any(|(p, q)| (p - q).abs() > (xe + ye) * (1.0 + 1e-10)) {
                    return Some(false);
                }
            }
        }
        for output in &self.walker.network().outputs {
            for unit in 0..self.walker.network().nodes[output.node].len() {
                let form = |r: &Region| self.walker.exact_form(&r.pattern, output.node, unit);
                if form(a)? != form(b)? {
                    return Some(false);
                }
            }
        }
        Some(true)
    }

    fn index(&mut self, pattern: &Pattern) -> usize {
        if let Some(&k) = self.known.get(pattern) {
            return k;
        }
        let k = self.parent.len();
        self.parent.push(k);
        self.known.insert(pattern.clone(), k);
        k
    }

    fn root(&mut self, mut k: usize) -> usize {
        while self.parent[k] != k {
            self.parent[k] = self.parent[self.parent[k]];
            k = self.parent[k];
        }
        k
    }
}
