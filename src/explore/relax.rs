//! Tighter ranges of a network's values over a box: bounds that run backwards through its layers.
//!
//! A value is an affine function of the nodes before it. Going back, each unit that may switch is replaced by a line below
//! (or above) its curve over the range known for it, so that a bound over the inputs remains (CROWN, Zhang et al. 2018;
//! DeepPoly, Singh et al. 2019). Unlike intervals this keeps what units share.
//!
//! Contract: rigorous, rounding included: the coefficients at hand are taken as exact, and what rounding changed in them is
//! paid at each node by that node's known range. Any slope gives a sound line, because its offset is computed from the
//! curve. Deterministic: the work is counted in multiplications, not in seconds, and its end does not depend on threads.

use super::reach;
use crate::ir::{Activation, Curve, Linear, Network, NodeId, Op};
use rayon::prelude::*;

/// Elements that are bounded between two looks at the effort left.
const AT_ONCE: usize = 64;

/// Most inputs over which it is noted how far each one moves the bounds.
const NOTED: usize = 64;

/// Ranges of values.
#[derive(Clone, Debug)]
pub struct Ranges {
    /// Of each element of each node.
    pub of: Vec<Vec<[f64; 2]>>,
    /// Per input, how far it moves the bounds, summed over the elements bounded; zero of more than 64 inputs.
    pub influence: Vec<f64>,
    /// Whether every element in question was bounded before the effort ended.
    pub whole: bool,
}

/// How much a search for bounds may cost.
pub struct Effort<'a> {
    /// Multiplications left; what is spent is taken from them.
    pub left: u64,
    /// Whether the caller asks to end, as at an interruption or a time limit.
    pub ends: &'a dyn Fn() -> bool,
}

impl Effort<'_> {
    /// So many multiplications, whatever time they take.
    pub fn of(left: u64) -> Effort<'static> {
        Effort { left, ends: &|| false }
    }

    /// Whether nothing is left. A request to end is final.
    pub fn is_over(&mut self) -> bool {
        if (self.ends)() {
            self.left = 0;
        }
        self.left == 0
    }
}

/// Ranges over the box, where it is a part of one over which they lie `within` others.
pub fn ranges(network: &Network, frame: &[[f64; 2]], within: Option<&Ranges>, effort: &mut Effort) -> Ranges {
    let mut out = Ranges { of: vec![], influence: vec![0.0; frame.len()], whole: true };
    for id in 0..network.nodes.len() {
        let mut values = reach::of_node(network, id, frame, &out.of);
        if let Some(outer) = within {
            values.iter_mut().zip(&outer.of[id]).for_each(|(v, o)| *v = [v[0].max(o[0]), v[1].min(o[1])]);
        }
        out.of.push(values);
        let open: Vec<usize> = in_question(network, id, &out.of[id]);
        for some in open.chunks(AT_ONCE) {
            if effort.is_over() {
                out.whole = false;
                break;
            }
            let bound = |back: &mut Backward, &unit: &usize| {
                let before = back.spent;
                let low = back.lower(&out.of, id, unit, 1.0);
                let high = -back.lower(&out.of, id, unit, -1.0);
                (unit, low, high, std::mem::take(&mut back.influence), back.spent - before)
            };
            let found: Vec<_> = some.par_iter().map_init(|| Backward::new(network), bound).collect();
            for (unit, low, high, moved, spent) in found {
                let [l, h] = &mut out.of[id][unit];
                // A bound that is no number bounds nothing.
                *l = if low > *l { low } else { *l };
                *h = if high < *h { high } else { *h };
                out.influence.iter_mut().zip(moved).for_each(|(i, m)| *i += m);
                effort.left = effort.left.saturating_sub(spent);
            }
        }
    }
    out
}

/// Elements of a node that a unit or group behind it needs to know better: its piece is not certain.
fn in_question(network: &Network, id: NodeId, values: &[[f64; 2]]) -> Vec<usize> {
    let mut open = vec![];
    for node in network.nodes[id + 1..].iter() {
        match &node.op {
            Op::Activation(a) if a.source == id => {
                open.extend((0..values.len()).filter(|&i| certain(a.curve(i), values[i]).is_none()))
            }
            Op::Max(m) if m.source == id => {
                for g in 0..m.groups() {
                    let floor = m.group(g).iter().map(|&c| values[c as usize][0]).fold(f64::NEG_INFINITY, f64::max);
                    let rivals = m.group(g).iter().map(|&c| c as usize).filter(|&c| values[c][1] >= floor);
                    let rivals: Vec<usize> = rivals.collect();
                    open.extend(rivals.iter().filter(|_| rivals.len() > 1));
                }
            }
            _ => {}
        }
    }
    open.sort_unstable();
    open.dedup();
    open
}

/// The piece that values of this range lie on, where it is one.
pub fn certain(curve: &Curve, [lo, hi]: [f64; 2]) -> Option<usize> {
    let (first, last) = (curve.piece(lo), curve.piece(hi));
    (first == last).then_some(first)
}

/// A sum with the sizes of what was added, for the bound of its rounding.
#[derive(Default)]
struct Total {
    value: f64,
    size: f64,
    terms: usize,
    /// What rounded coefficients can be wrong by, at most.
    slack: f64,
}

impl Total {
    /// Adds a number that is right but for a few roundings of its own.
    fn add(&mut self, x: f64) {
        self.value += x;
        self.size += x.abs();
        self.terms += 1;
    }

    /// No more than the exact sum.
    fn floor(&self) -> f64 {
        let room = (self.terms + 16) as f64 * f64::EPSILON * self.size + self.terms as f64 * f64::MIN_POSITIVE;
        self.value - (room + self.slack) * (1.0 + 1e-6)
    }
}

/// One element after the other, on its way back to the inputs.
struct Backward<'a> {
    network: &'a Network,
    /// Per node, coefficients of its elements, the sum of the sizes added in each, and how many were added at most.
    nodes: Vec<(Vec<f64>, Vec<f64>, usize)>,
    /// Per input, how far it moves the bound.
    influence: Vec<f64>,
    /// Multiplications so far.
    spent: u64,
}

impl<'a> Backward<'a> {
    fn new(network: &'a Network) -> Backward<'a> {
        Backward { network, nodes: vec![(vec![], vec![], 0); network.nodes.len()], influence: vec![], spent: 0 }
    }

    /// A lower bound of `sign` times an element.
    fn lower(&mut self, of: &[Vec<[f64; 2]>], id: NodeId, unit: usize, sign: f64) -> f64 {
        let mut total = Total::default();
        self.open(id);
        (self.nodes[id].0[unit], self.nodes[id].2) = (sign, 1);
        for at in (0..=id).rev() {
            let (given, sizes, terms) = std::mem::take(&mut self.nodes[at]);
            if terms > 0 {
                let room = (terms + 4) as f64 * f64::EPSILON;
                for ((size, range), g) in sizes.iter().zip(&of[at]).zip(&given) {
                    if *size > 0.0 || *g != 0.0 {
                        let magnitude = range[0].abs().max(range[1].abs());
                        total.slack += (room * size + terms as f64 * f64::MIN_POSITIVE) * magnitude;
                    }
                }
                self.step(at, &given, of, &mut total);
            }
            self.nodes[at] = (given, sizes, 0);
        }
        total.floor()
    }

    /// Makes the coefficients of a node ready, all zero.
    fn open(&mut self, id: NodeId) {
        let (given, sizes, terms) = &mut self.nodes[id];
        if *terms == 0 {
            let length = self.network.nodes[id].len();
            [given, sizes].into_iter().for_each(|v| {
                v.clear();
                v.resize(length, 0.0);
            });
        }
    }

    /// From the coefficients of a node to those of its sources.
    fn step(&mut self, id: NodeId, given: &[f64], of: &[Vec<[f64; 2]>], total: &mut Total) {
        let network = self.network;
        let nonzero = || given.iter().copied().enumerate().filter(|(_, g)| *g != 0.0);
        network.sources(id).iter().for_each(|&s| self.open(s));
        match &network.nodes[id].op {
            Op::Input => {
                if self.influence.len() != given.len() {
                    self.influence = vec![0.0; if given.len() <= NOTED { given.len() } else { 0 }];
                }
                for (j, g) in nonzero() {
                    let [lo, hi] = of[id][j];
                    total.add(if g > 0.0 { g * lo } else { g * hi });
                    if let Some(moved) = self.influence.get_mut(j) {
                        *moved += g.abs() * (hi - lo);
                    }
                }
            }
            Op::Affine(a) => {
                let (into, sizes, terms) = &mut self.nodes[a.source];
                for (i, g) in nonzero() {
                    if let Some(b) = &a.bias {
                        total.add(g * b.get(i));
                    }
                    let g = a.divisor.as_ref().map_or(g, |d| g / d.get(i));
                    if let Linear::Dense(m) = &a.linear {
                        let row = &m.weight[i * m.cols..(i + 1) * m.cols];
                        for ((c, s), w) in into.iter_mut().zip(sizes.iter_mut()).zip(row) {
                            *c += g * w;
                            *s += (g * w).abs();
                        }
                        *terms += 1;
                        self.spent += m.cols as u64;
                    } else {
                        let mut visits = 0;
                        a.linear.for_row(i, |j, w| {
                            into[j] += g * w;
                            sizes[j] += (g * w).abs();
                            visits += 1;
                        });
                        *terms += visits;
                        self.spent += 1 + visits as u64;
                    }
                }
            }
            Op::Sum(sources) => {
                for &s in sources {
                    nonzero().for_each(|(i, g)| self.pass(s, i, g));
                    self.nodes[s].2 += 1;
                }
            }
            Op::Activation(a) => {
                for (i, g) in nonzero() {
                    let (slope, offset) = line(a, i, of[a.source][i], g > 0.0);
                    self.pass(a.source, i, g * slope);
                    total.add(g * offset);
                }
                self.nodes[a.source].2 += 1;
            }
            Op::Max(m) => {
                let ranges = &of[m.source];
                for (i, g) in nonzero() {
                    let group = m.group(i);
                    let best =
                        (group.iter().map(|&c| c as usize)).max_by(|&a, &b| ranges[a][0].total_cmp(&ranges[b][0]));
                    let Some(best) = best else { continue };
                    let rivals = group.iter().map(|&c| c as usize).filter(|&c| c != best);
                    let top = rivals.map(|c| ranges[c][1]).fold(f64::NEG_INFINITY, f64::max);
                    if g > 0.0 || top <= ranges[best][0] {
                        self.pass(m.source, best, g);
                    } else {
                        total.add(g * top.max(ranges[best][1]));
                    }
                }
                self.nodes[m.source].2 += 1;
            }
        }
    }

    /// Adds to a coefficient.
    fn pass(&mut self, node: NodeId, element: usize, by: f64) {
        let (into, sizes, _) = &mut self.nodes[node];
        into[element] += by;
        sizes[element] += by.abs();
        self.spent += 1;
    }
}

/// A line below (or above) the curve of a unit over a range: slope and offset. Of the chord and the slopes of the pieces
/// it is the one that is nearest in the middle.
fn line(a: &Activation, unit: usize, range: [f64; 2], below: bool) -> (f64, f64) {
    let curve = a.curve(unit);
    if let Some(piece) = certain(curve, range) {
        return (curve.slope(piece), curve.offset(piece));
    }
    let [lo, hi] = range;
    if !(lo.is_finite() && hi.is_finite()) {
        return (0.0, if below { f64::NEG_INFINITY } else { f64::INFINITY });
    }
    let points = || curve.breakpoints().iter().copied().filter(|t| lo < *t && *t < hi).chain([lo, hi]);
    // The curve minus the line is piecewise linear: it is smallest and largest at one of these points.
    let offset = |slope: f64| {
        let gaps = points().map(|p| {
            let (value, along) = (curve.value(p), slope * p);
            let piece = curve.piece(p);
            let size = (curve.slope(piece) * p).abs() + curve.offset(piece).abs() + along.abs();
            let room = if along == 0.0 && value == 0.0 { 0.0 } else { 8.0 * f64::EPSILON * size + f64::MIN_POSITIVE };
            if below { value - along - room } else { value - along + room }
        });
        gaps.fold(if below { f64::INFINITY } else { f64::NEG_INFINITY }, |a, b| if below { a.min(b) } else { a.max(b) })
    };
    let chord = (curve.value(hi) - curve.value(lo)) / (hi - lo);
    let slopes = (curve.piece(lo)..=curve.piece(hi)).map(|p| curve.slope(p)).chain([chord]);
    let middle = lo / 2.0 + hi / 2.0;
    let lines = slopes.filter(|s| s.is_finite()).map(|slope| (slope, offset(slope)));
    let height =
        |(slope, offset): &(f64, f64)| if below { slope * middle + offset } else { -(slope * middle + offset) };
    lines.max_by(|a, b| height(a).total_cmp(&height(b))).unwrap_or((0.0, offset(0.0)))
}
