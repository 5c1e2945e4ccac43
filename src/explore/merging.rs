//! Regions after merging neighbours with equal affine maps: a second count, from the adjacency of regions.
//!
//! Contract: sees every region of an enumeration by crossing faces, with its faces, and derives the neighbour across each face
//! that it sees from the lower side. Two maps are equal when every coefficient of every output is: floats with error bounds
//! tell them apart, the ways from the units that differ to the outputs or else exact forms decide what these leave open. A pair that stays undecided leaves the count unknown. Off for
//! networks and budgets where it would outweigh the enumeration itself.

use super::cell::CellFaces;
use super::memory::in_words;
use super::slope::{self, Slopes};
use crate::ir::Op;
use crate::region::{Pattern, Region, Walker};
use std::collections::HashMap;

/// Values of a network up to which neighbours are looked at: each takes a pass through it.
const VALUES: usize = 20_000;

/// Bytes kept of a region beside its pattern.
const EACH: u64 = 96;

/// Regions by number, and which of them are one after merging.
#[derive(Debug, Default)]
pub struct Classes {
    known: HashMap<Pattern, usize>,
    /// Union-find over the known patterns.
    parent: Vec<usize>,
}

/// The adjacency of equal regions so far.
pub struct Merging<'a> {
    walker: &'a Walker<'a>,
    /// Why nothing is merged, if so.
    off: Option<String>,
    classes: Classes,
    /// How steep the network is in the regions seen; `None` where its map is too large.
    pub slopes: Option<Slopes>,
}

impl Classes {
    /// Why at most `regions` regions are not merged, beside a run that takes `taken` bytes.
    pub fn refused(walker: &Walker, regions: u64, taken: u64, max_memory: Option<u64>) -> Option<String> {
        let values: usize = walker.network().nodes.iter().map(|n| n.len()).sum();
        let bytes = regions.saturating_mul(walker.layout().empty().bytes().len() as u64 + EACH);
        match max_memory {
            _ if values > VALUES => {
                Some(format!("the network has {values} values, and each pair of neighbours takes a pass through it"))
            }
            Some(limit) if taken.saturating_add(bytes) > limit => Some(format!(
                "the adjacency takes up to {} more, and --max-memory allows {}",
                in_words(bytes),
                in_words(limit)
            )),
            _ => None,
        }
    }

    /// The number of a pattern, which is known from now on.
    pub fn index(&mut self, pattern: &Pattern) -> usize {
        if let Some(&k) = self.known.get(pattern) {
            return k;
        }
        let k = self.parent.len();
        self.parent.push(k);
        self.known.insert(pattern.clone(), k);
        k
    }

    /// The number of a pattern, if it is known.
    pub fn known(&self, pattern: &Pattern) -> Option<usize> {
        self.known.get(pattern).copied()
    }

    /// Makes two of them one.
    pub fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        self.parent[a.max(b)] = a.min(b);
    }

    /// How many are left.
    pub fn count(&self) -> u64 {
        (0..self.parent.len()).filter(|&k| self.parent[k] == k).count() as u64
    }

    fn root(&mut self, mut k: usize) -> usize {
        while self.parent[k] != k {
            self.parent[k] = self.parent[self.parent[k]];
            k = self.parent[k];
        }
        k
    }
}

impl<'a> Merging<'a> {
    /// Ready for at most `regions` regions, beside an enumeration that takes `taken` bytes.
    pub fn new(walker: &'a Walker<'a>, regions: u64, taken: u64, max_memory: Option<u64>) -> Merging<'a> {
        let off = Classes::refused(walker, regions, taken, max_memory);
        Merging { walker, off, classes: Classes::default(), slopes: Some(Slopes::default()) }
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
        let here = self.classes.index(pattern);
        for face in cell.interior.iter().filter(|f| f.lower) {
            let mut on_face = vec![face.credited];
            on_face.extend(&face.coincident);
            on_face.extend(&region.vanishing);
            on_face.sort_unstable();
            let Ok(across) = self.walker.across(pattern, &on_face, &face.direction) else {
                self.off = Some("a neighbour could not be derived with certainty".into());
                return Ok(());
            };
            match equal(self.walker, &region, &across) {
                Some(false) => {}
                Some(true) => {
                    let there = self.classes.index(&across.pattern);
                    self.classes.join(here, there);
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
    pub fn finish(self) -> Result<u64, String> {
        match self.off {
            Some(why) => Err(why),
            None => Ok(self.classes.count()),
        }
    }
}

/// Whether the network's affine maps in two regions are the same; `None` where deciding it exceeds the budget of exact
/// forms.
pub fn equal(walker: &Walker, a: &Region, b: &Region) -> Option<bool> {
    let cols = walker.dimension() + 1;
    let outputs = a.outputs.iter().zip(&b.outputs).zip(a.output_errors.iter().zip(&b.output_errors));
    for ((x, y), (xe, ye)) in outputs {
        let rows = x.chunks_exact(cols).zip(y.chunks_exact(cols)).zip(xe.iter().zip(ye));
        for ((x, y), (xe, ye)) in rows {
            if x.iter().zip(y).any(|(p, q)| (p - q).abs() > (xe + ye) * (1.0 + 1e-10)) {
                return Some(false);
            }
        }
    }
    if !reaches_outputs(walker, &a.pattern, &b.pattern) {
        return Some(true);
    }
    for output in &walker.network().outputs {
        for unit in 0..walker.network().nodes[output.node].len() {
            let form = |r: &Region| walker.exact_form(&r.pattern, output.node, unit);
            if form(a)? != form(b)? {
                return Some(false);
            }
        }
    }
    Some(true)
}

/// Whether a difference of two patterns can change an output's affine form: not where all ways from it to the outputs lead
/// through weights of zero, through flat pieces, or to candidates that are not chosen.
fn reaches_outputs(walker: &Walker, a: &Pattern, b: &Pattern) -> bool {
    let (network, layout) = (walker.network(), walker.layout());
    let mut differ: Vec<Vec<bool>> = Vec::with_capacity(network.nodes.len());
    for (id, node) in network.nodes.iter().enumerate() {
        let any = |source: usize| differ[source].contains(&true);
        let here: Vec<bool> = match &node.op {
            Op::Input => vec![false; node.len()],
            Op::Affine(map) if !any(map.source) => vec![false; node.len()],
            Op::Affine(map) => {
                let row = |i| {
                    let mut hit = false;
                    map.linear.for_row(i, |j, w| hit |= w != 0.0 && differ[map.source][j]);
                    hit
                };
                (0..node.len()).map(row).collect()
            }
            Op::Sum(sources) => (0..node.len()).map(|i| sources.iter().any(|&s| differ[s][i])).collect(),
            Op::Activation(map) => {
                let unit = |i| {
                    let (here, there) = (layout.get(a, id, i), layout.get(b, id, i));
                    here != there || differ[map.source][i] && map.curve(i).slope(here) != 0.0
                };
                (0..node.len()).map(unit).collect()
            }
            Op::Max(map) => {
                let group = |g| {
                    let (here, there) = (layout.get(a, id, g), layout.get(b, id, g));
                    here != there || differ[map.source][map.group(g)[here] as usize]
                };
                (0..node.len()).map(group).collect()
            }
        };
        differ.push(here);
    }
    network.outputs.iter().any(|output| differ[output.node].contains(&true))
}
