//! Units and groups that stay on one piece over a whole bounded domain, proven without seeing its regions.
//!
//! Three means, each used for what the one before left open: interval arithmetic, bounds that run backwards
//! ([`relax`]), and these again on halves of the box, halves of halves and so on.
//!
//! Contract: what is named is proven over the whole box around the domain, rounding included; what is not named is open.
//! The work is bounded by a number of multiplications, so that the same is proven on every machine; only a caller that
//! asks to end, as at a time limit, cuts it short by the clock.

use super::relax::{self, Effort, Ranges};
use super::{Bounds, reach};
use crate::ir::{Network, NodeId, Op};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// Multiplications spent at most: a second or two of one core.
pub const BUDGET: u64 = 300_000_000;

/// Most inputs whose box is bisected: of more, half of one side is almost the whole.
pub const BISECTED: usize = 20;

/// How often a part of the box is halved at most.
const DEPTH: usize = 24;

/// By what a unit was proven constant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Means {
    /// Interval arithmetic, forwards.
    Intervals,
    /// Linear bounds, backwards.
    Relaxation,
    /// Linear bounds over parts of the box.
    Bisection,
}

/// A unit or group.
pub type Unit = (NodeId, usize);

/// What is proven.
#[derive(Clone, Debug, Default)]
pub struct Proven {
    /// The piece (of a group: the candidate) that a unit stays on, and how that is known.
    pub units: BTreeMap<Unit, (usize, Means)>,
    /// Whether the effort ended before the search.
    pub cut_short: bool,
}

/// Units of the restricted network that are constant over its bounds, besides those in `switching`, which are known not to be.
pub fn constant(network: &Network, bounds: &Bounds, switching: &BTreeSet<Unit>, effort: &mut Effort) -> Proven {
    let mut out = Proven::default();
    let Some(frame) = bounds.frame() else { return out };
    let note = |units: &mut BTreeMap<Unit, (usize, Means)>, ranges: &[Vec<[f64; 2]>], means| {
        for (unit, piece) in decided(network, ranges) {
            units.entry(unit).or_insert((piece, means));
        }
    };
    note(&mut out.units, &reach::intervals(network, frame), Means::Intervals);
    let mut open = choices(network);
    open.retain(|u| !switching.contains(u) && !out.units.contains_key(u));
    if open.is_empty() {
        return out;
    }
    let ranges = relax::ranges(network, frame, None, effort);
    note(&mut out.units, &ranges.of, Means::Relaxation);
    open.retain(|u| !out.units.contains_key(u));
    out.cut_short = !ranges.whole && !open.is_empty();
    if (1..=BISECTED).contains(&frame.len()) && ranges.whole && !open.is_empty() {
        let (proven, left) = bisect(network, frame, ranges, open, effort);
        out.cut_short = left;
        out.units.extend(proven.into_iter().map(|(unit, piece)| (unit, (piece, Means::Bisection))));
    }
    out
}

/// A part of the box.
struct Part {
    frame: Vec<[f64; 2]>,
    /// What is known over a part that contains it.
    within: Rc<Ranges>,
    open: BTreeSet<Unit>,
    depth: usize,
}

/// Those of `open` that are on the same piece in every part; whether the effort ended first.
fn bisect(
    network: &Network,
    frame: &[[f64; 2]],
    ranges: Ranges,
    open: BTreeSet<Unit>,
    effort: &mut Effort,
) -> (BTreeMap<Unit, usize>, bool) {
    let (mut alive, mut pieces) = (open.clone(), BTreeMap::<Unit, usize>::new());
    let mut parts = vec![Part { frame: frame.to_vec(), within: Rc::new(ranges), open, depth: 0 }];
    while let Some(mut part) = parts.pop() {
        part.open.retain(|u| alive.contains(u));
        if part.open.is_empty() {
            continue;
        }
        // A point on another piece than a part is on ends the search for its unit.
        let middle: Vec<f64> = part.frame.iter().map(|[lo, hi]| lo / 2.0 + hi / 2.0).collect();
        let values = network.evaluate(&middle).nodes;
        let mut ended: Vec<Unit> = vec![];
        for &(id, unit) in &part.open {
            let here = match &network.nodes[id].op {
                Op::Activation(a) => a.curve(unit).piece(values[a.source][unit]),
                _ => continue,
            };
            if *pieces.entry((id, unit)).or_insert(here) != here {
                ended.push((id, unit));
            }
        }
        if part.depth > 0 {
            let known = relax::ranges(network, &part.frame, Some(&part.within), effort);
            for (unit, piece) in decided(network, &known.of).into_iter().filter(|(u, _)| alive.contains(u)) {
                match *pieces.entry(unit).or_insert(piece) == piece {
                    true => _ = part.open.remove(&unit),
                    false => ended.push(unit),
                }
            }
            part.within = Rc::new(known);
        }
        ended.iter().for_each(|u| _ = alive.remove(u));
        part.open.retain(|u| alive.contains(u));
        if effort.is_over() {
            // What is open here or in a part not yet seen is not proven.
            parts.push(part);
            parts.iter().flat_map(|p| &p.open).for_each(|u| _ = alive.remove(u));
            pieces.retain(|u, _| alive.contains(u));
            return (pieces, true);
        }
        if part.depth == DEPTH {
            part.open.iter().for_each(|u| _ = alive.remove(u));
            continue;
        }
        let [width, moved] = [|p: &Part, j: usize| p.frame[j][1] - p.frame[j][0], |p: &Part, j| p.within.influence[j]];
        let order = |&a: &usize, &b: &usize| {
            moved(&part, a).total_cmp(&moved(&part, b)).then(width(&part, a).total_cmp(&width(&part, b)))
        };
        let side = (0..frame.len()).max_by(order).expect("a box of at least one input");
        for upper in [true, false] {
            let mut half = part.frame.clone();
            half[side][usize::from(!upper)] = middle[side];
            let within = part.within.clone();
            parts.push(Part { frame: half, within, open: part.open.clone(), depth: part.depth + 1 });
        }
    }
    pieces.retain(|u, _| alive.contains(u));
    (pieces, false)
}

/// Units and groups that have a choice.
fn choices(network: &Network) -> BTreeSet<Unit> {
    let of = |(id, node): (NodeId, &crate::ir::Node)| -> Vec<Unit> {
        let open = (0..node.len()).filter(|&unit| match &node.op {
            Op::Activation(a) => a.curve(unit).pieces() > 1,
            Op::Max(m) => m.group(unit).len() > 1,
            _ => false,
        });
        open.map(|unit| (id, unit)).collect()
    };
    network.nodes.iter().enumerate().flat_map(of).collect()
}

/// The units and groups that these ranges leave no choice, and on which piece.
fn decided(network: &Network, ranges: &[Vec<[f64; 2]>]) -> Vec<(Unit, usize)> {
    let mut out = vec![];
    for (id, unit) in choices(network) {
        match &network.nodes[id].op {
            Op::Activation(a) => {
                out.extend(relax::certain(a.curve(unit), ranges[a.source][unit]).map(|piece| ((id, unit), piece)))
            }
            Op::Max(m) => {
                let interval = |c: &u32| ranges[m.source][*c as usize];
                let group = m.group(unit);
                let best = (0..group.len()).max_by(|&a, &b| interval(&group[a])[0].total_cmp(&interval(&group[b])[0]));
                let Some(best) = best else { continue };
                let floor = interval(&group[best])[0];
                if group.iter().enumerate().all(|(c, i)| c == best || interval(i)[1] < floor) {
                    out.push(((id, unit), best));
                }
            }
            _ => {}
        }
    }
    out
}
