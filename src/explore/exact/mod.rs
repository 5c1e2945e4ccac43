//! Enumeration in exact arithmetic from beginning to end: for small networks, and as the oracle of the fast methods.
//!
//! Contract: no floating point decides anything. Regions are found by going through the units in order and asking, of
//! each cell, whether the unit's hyperplane passes its interior; facets are what an exact simplex method proves
//! irredundant. Nothing is shared with the fast methods but the rational type and the names of hyperplanes and
//! patterns. The order of regions, and what a limit on regions leaves out, do not depend on the number of threads.

mod cell;
mod forms;
mod point;
mod simplex;
mod tree;

use super::{Bounds, Control, Progress, State as End, Tally, points};
use crate::ir::{Network, Op, Rational, rational};
use crate::region::{HyperplaneId, Layout, Pattern};
use cell::Cell;
use point::Point;
use rayon::prelude::*;
use std::collections::BTreeSet;
use tree::{Frame, Next, State};

/// Seeded points that are carried down the tree.
pub const CARRIED_POINTS: u64 = 100;

/// Open states into which the top of the tree is unfolded before subtrees are handed to threads.
const SUBTREES: usize = 256;

/// Subtrees handled between two looks at the limit on regions.
const BLOCK: usize = 16;

/// What an exact enumeration found.
#[derive(Debug, Default)]
pub struct Found {
    /// Counts over the regions.
    pub tally: Tally,
    /// Of these, how many reach to infinity.
    pub unbounded: u64,
    /// Sources that vanish identically on some region.
    pub vanishing: BTreeSet<HyperplaneId>,
    /// Carried points that reached a region whose choices are those of the forward pass.
    pub points: u64,
    /// Whether all regions were counted.
    pub end: End,
}

/// A region, as the exact enumeration sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExactRegion {
    /// Its pattern.
    pub pattern: Pattern,
    /// Per interior face, in order of the credited source: all sources on it, each with whether the region is on its
    /// lower side; the first is credited.
    pub interior: Vec<Vec<(HyperplaneId, bool)>>,
    /// Number of walls.
    pub walls: usize,
    /// Sources that lie along a wall.
    pub on_walls: Vec<HyperplaneId>,
    /// Whether it is bounded.
    pub bounded: bool,
    /// A point strictly inside.
    pub inside: Vec<Rational>,
}

/// Enumerates the regions of `network` within `bounds`, at most `max_regions`, and shows each to `visit`, in order.
pub fn enumerate(
    network: &Network,
    bounds: &Bounds,
    seed: u64,
    max_regions: u64,
    control: &Control,
    mut visit: impl FnMut(ExactRegion) -> anyhow::Result<()>,
) -> anyhow::Result<Found> {
    let d = network.input_len();
    let carried = points::uniform(d, bounds, seed, CARRIED_POINTS)?;
    let exact = |x: &Vec<f64>| Point::of(x.iter().map(|&c| rational(c)));
    let frame = Frame {
        network,
        layout: Layout::new(network),
        needed: forms::needed(network),
        points: carried.iter().map(exact).collect(),
    };
    let values: Vec<Vec<Vec<Rational>>> =
        frame.points.par_iter().map(|x| network.evaluate_exactly(&x.exact())).collect();
    let run = Run { frame, values, whole_space: !bounds.is_bounded(), control };
    let mut found = Found::default();
    let trees = run.unfold(State::root(&run.frame, Cell::domain(d, bounds)));
    for block in trees.chunks(BLOCK) {
        let room = max_regions - found.tally.count;
        let mut parts: Vec<Part> = block.par_iter().map(|state| run.subtree(state.clone(), room)).collect();
        for (k, part) in parts.iter_mut().enumerate() {
            let left = max_regions - found.tally.count;
            if part.regions.len() as u64 > left {
                *part = run.subtree(block[k].clone(), left);
            }
            let full = part.regions.len() as u64 == left && part.more;
            found.points += part.points;
            found.vanishing.extend(&part.vanishing);
            for region in part.regions.drain(..) {
                count(&mut found, &region);
                visit(region)?;
            }
            if part.more {
                found.end = if full { End::regions(max_regions) } else { control.exhausted().unwrap_or_default() };
            }
            if found.end != End::Complete {
                return Ok(found);
            }
        }
        let done = found.tally.count;
        control.report(Progress { done, total: None, regions: done, note: "regions", rows: None });
    }
    Ok(found)
}

struct Run<'a> {
    frame: Frame<'a>,
    /// Per carried point, the forward pass.
    values: Vec<Vec<Vec<Rational>>>,
    whole_space: bool,
    control: &'a Control<'a>,
}

/// What one subtree holds.
#[derive(Default)]
struct Part {
    regions: Vec<ExactRegion>,
    vanishing: BTreeSet<HyperplaneId>,
    points: u64,
    /// Whether it ended early.
    more: bool,
}

impl Run<'_> {
    /// The top of the tree as a list of subtrees, in order; the same list for any number of threads.
    fn unfold(&self, root: State) -> Vec<State> {
        let mut trees = vec![(root, false)];
        while trees.iter().filter(|t| !t.1).count() < SUBTREES
            && trees.iter().any(|t| !t.1)
            && self.control.exhausted().is_none()
        {
            let next: Vec<Vec<(State, bool)>> = trees
                .into_par_iter()
                .map(|(state, whole)| {
                    if whole {
                        return vec![(state, true)];
                    }
                    match state.advance(&self.frame) {
                        Next::Region(state) => vec![(*state, true)],
                        Next::Branches(states) => states.into_iter().map(|s| (s, false)).collect(),
                    }
                })
                .collect();
            trees = next.into_iter().flatten().collect();
        }
        trees.into_iter().map(|t| t.0).collect()
    }

    /// The first `limit` regions of a subtree.
    fn subtree(&self, root: State, limit: u64) -> Part {
        let mut part = Part::default();
        let mut open = vec![root];
        while let Some(state) = open.pop() {
            if part.regions.len() as u64 == limit || self.control.exhausted().is_some() {
                part.more = true;
                break;
            }
            match state.advance(&self.frame) {
                Next::Branches(states) => open.extend(states.into_iter().rev()),
                Next::Region(state) => {
                    part.points += state.points.iter().filter(|&&k| self.agrees(&state, k as usize)).count() as u64;
                    part.vanishing.extend(&state.vanishing);
                    part.regions.push(self.region(*state));
                }
            }
        }
        part
    }

    /// Whether the forward pass at a carried point makes the state's choices, or is exactly between two of which this
    /// is one.
    fn agrees(&self, state: &State, point: usize) -> bool {
        let values = &self.values[point];
        self.frame.network.nodes.iter().enumerate().all(|(id, node)| match &node.op {
            Op::Activation(a) => (0..node.len()).all(|i| {
                let levels = a.curve(i).breakpoints();
                if levels.is_empty() {
                    return true;
                }
                let (piece, z) = (self.frame.layout.get(&state.pattern, id, i), &values[a.source][i]);
                (piece == 0 || *z >= rational(levels[piece - 1]))
                    && levels.get(piece).is_none_or(|&t| *z <= rational(t))
            }),
            Op::Max(m) => (0..m.groups()).filter(|&g| m.group(g).len() > 1).all(|g| {
                let chosen = m.group(g)[self.frame.layout.get(&state.pattern, id, g)];
                values[m.source][chosen as usize] == values[id][g]
            }),
            _ => true,
        })
    }

    fn region(&self, state: State) -> ExactRegion {
        let (mut interior, mut on_walls, mut walls) = (vec![], vec![], 0);
        for facet in &state.cell.facets {
            let mut sources = facet.sources.clone();
            sources.sort_unstable();
            if facet.wall {
                walls += 1;
                on_walls.extend(sources.iter().map(|s| s.0));
            } else {
                interior.push(sources);
            }
        }
        interior.sort_unstable();
        on_walls.sort_unstable();
        let bounded = !self.whole_space || state.cell.bounded();
        let inside = state.cell.inside.exact();
        ExactRegion { pattern: state.pattern, interior, walls, on_walls, bounded, inside }
    }
}

fn count(found: &mut Found, region: &ExactRegion) {
    found.tally.add(region.interior.len(), region.walls, 1);
    found.unbounded += u64::from(!region.bounded);
    for face in &region.interior {
        let unit = found.tally.units.entry(face[0].0).or_default();
        *(if face[0].1 { &mut unit.lower } else { &mut unit.upper }) += 1;
    }
    let coincident = region.interior.iter().flat_map(|face| face[1..].iter().map(|s| s.0));
    for id in coincident.chain(region.on_walls.iter().copied()) {
        found.tally.units.entry(id).or_default().coincident += 1;
    }
}
