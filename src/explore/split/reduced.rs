//! What a network is on one cell, without the units and groups that are decided all over it.
//!
//! Contract: over the cell, every value that a later stage compares is an affine function of the input and of one
//! *generator* per open unit or group: what its value is beyond that of a reference piece (or candidate), a number between
//! known bounds. This is the zonotope of Girard (HSCC 2005) and Singh et al. (NeurIPS 2018) with its symbols kept exact:
//! on a smaller cell, where the piece is known, the generator is an affine function and the forms are those of the
//! network. A unit is left out only where bounds that include all rounding errors decide it. Later stages are then as
//! small as what is open, whatever the size of the network: convolutions cost as much as the units that bend on the cell.

use super::vertex::{Row, Vertex};
use crate::ir::Curve;

/// Covers the rounding of bounds.
pub const SLACK: f64 = 1.0 + 1e-9;
/// Far below every bound that matters; covers underflow.
const TINY: f64 = 1e-290;

/// A unit with an open breakpoint, or a group that more than one candidate can win.
#[derive(Clone, Copy, Debug)]
pub struct Gate {
    /// The unit; of a group, its place among the stage's groups.
    pub unit: u32,
    /// Its first row in the part.
    pub first: u32,
    /// How many rows it has: open breakpoints, or candidates.
    pub rows: u32,
    /// Breakpoints that are certainly below its value.
    pub below: u32,
    /// The piece, or the row of the candidate, that its generator is counted from.
    pub reference: u32,
    /// Bounds of its generator.
    pub swing: [f64; 2],
}

/// One stage on the cell.
#[derive(Clone, Debug, Default)]
pub struct Part {
    /// Per row, the number it has in the stage: its row, or its place among its group's candidates.
    pub rows: Vec<u32>,
    /// The open units or groups, in order.
    pub gates: Vec<Gate>,
    /// Rows, rounded up to a multiple of eight.
    pub stride: usize,
    /// Generators of earlier stages that can enter.
    pub before: usize,
    /// Column by column, each of `stride` numbers: the inputs, the constant (less the breakpoint), the generators.
    pub values: Vec<f64>,
    /// The same for bounds on errors: of the inputs and the constant together, then of each generator.
    pub errors: Vec<f64>,
    /// Candidates equal to one that is a row: the row, and the other's place in the group.
    pub mates: Vec<(u32, u32)>,
}

/// A network on a cell, from a stage on.
#[derive(Clone, Debug, Default)]
pub struct Reduced {
    /// The stage.
    pub first: usize,
    /// One per stage from there on.
    pub parts: Vec<Part>,
    /// Per stage, the choices of all rows or groups; those that are open are to be overwritten.
    pub chosen: Vec<Vec<u64>>,
    /// Per part, the number of the first of its generators.
    pub offsets: Vec<usize>,
    /// Number of generators.
    pub size: usize,
    /// Sources that vanish identically on it.
    pub vanishing: Vec<u32>,
}

/// A generator on a cell where its choice is made: an affine function.
#[derive(Clone, Copy, Debug)]
pub struct Delta {
    /// Which generator.
    pub generator: u32,
    /// Its coefficients, the constant behind the last input.
    pub form: [f64; 9],
    /// Bound on the error of each.
    pub error: f64,
    /// The largest of them.
    pub size: f64,
}

/// What bounds say of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Above,
    Below,
    /// It is zero everywhere.
    Vanishes,
    Open,
}

impl Verdict {
    /// That of row `k` by the words of open rows, and of rows on whose upper side the cell is.
    pub fn noted(open: &[u64], upper: &[u64], k: usize) -> Verdict {
        let has = |words: &[u64]| words[k / 64] >> (k % 64) & 1 == 1;
        match (has(open), has(upper)) {
            (true, _) => Verdict::Open,
            (_, true) => Verdict::Above,
            _ => Verdict::Below,
        }
    }
}

impl Part {
    /// A part without rows.
    pub fn new(before: usize) -> Part {
        Part { before, ..Part::default() }
    }

    /// Words that hold its choices: one bit per row of units, one word per group.
    pub fn words(&self, groups: bool) -> usize {
        if groups { self.gates.len() } else { self.rows.len().div_ceil(64) }
    }

    /// Takes its rows from forms with the constant last, one after the other, and their errors.
    pub fn fill(&mut self, rows: &[f64], errors: &[f64], d: usize) {
        let (n, width) = (self.rows.len(), d + 1 + self.before);
        self.stride = n.next_multiple_of(8);
        self.values = vec![0.0; width * self.stride];
        self.errors = vec![0.0; (1 + self.before) * self.stride];
        for (i, row) in rows.chunks_exact(width).enumerate() {
            for (k, &v) in row.iter().enumerate() {
                self.values[column(k, width, d) * self.stride + i] = v;
            }
        }
        for (i, row) in errors.chunks_exact(1 + self.before).enumerate() {
            row.iter().enumerate().for_each(|(k, &e)| self.errors[k * self.stride + i] = e);
        }
    }
}

/// The column of the `k`-th of `width` numbers of a form, whose constant is last.
pub fn column(k: usize, width: usize, d: usize) -> usize {
    if k == width - 1 {
        d
    } else if k < d {
        k
    } else {
        k + 1
    }
}

/// A form with the constant last; bounds on the errors of the inputs' coefficients and the constant, then of each
/// generator's.
#[derive(Clone, Copy, Debug)]
pub struct Line<'a> {
    pub row: &'a [f64],
    pub errors: &'a [f64],
}

impl Line<'_> {
    /// Whether nothing was rounded.
    pub fn exact(&self) -> bool {
        self.errors.iter().all(|&e| e == 0.0)
    }

    /// This form less another, and its errors.
    pub fn minus(&self, other: &Line) -> (Vec<f64>, Vec<f64>) {
        let row: Vec<f64> = self.row.iter().zip(other.row).map(|(x, y)| x - y).collect();
        let d = self.row.len() - self.errors.len();
        let errors = (0..self.errors.len()).map(|k| {
            let size = if k > 0 { row[d + k - 1].abs() } else { outer(&row, d) };
            let sum = (self.errors[k] + other.errors[k]) * SLACK;
            if sum == 0.0 && size == 0.0 { 0.0 } else { sum + f64::EPSILON * size }
        });
        let errors = errors.collect();
        (row, errors)
    }
}

/// The largest coefficient of an input, or the constant.
pub fn outer(row: &[f64], d: usize) -> f64 {
    row[..d].iter().fold(row[row.len() - 1].abs(), |m, v| m.max(v.abs()))
}

/// Bounds over a cell of forms in the input and in generators.
pub struct Gauge<const D: usize> {
    pub vertices: Vec<Vertex<D>>,
    swings: Vec<[f64; 2]>,
}

impl<const D: usize> Gauge<D> {
    pub fn new(vertices: Vec<Vertex<D>>) -> Gauge<D> {
        Gauge { vertices, swings: vec![] }
    }

    /// Number of generators.
    pub fn len(&self) -> usize {
        self.swings.len()
    }

    pub fn push(&mut self, swing: [f64; 2]) {
        self.swings.push(swing);
    }

    /// Bounds of a form.
    pub fn range(&self, line: &Line) -> [f64; 2] {
        let (row, error) = (line.row, line.errors[0]);
        let (generators, c) = (&row[D..row.len() - 1], row[row.len() - 1]);
        let form = Row::<D>::new(std::array::from_fn(|k| row[k]), c, error);
        let (mut lo, mut hi) = (f64::INFINITY, f64::NEG_INFINITY);
        for v in &self.vertices {
            let (value, bound) = form.at(v);
            (lo, hi) = (lo.min(value - bound), hi.max(value + bound));
        }
        let (mut low, mut high, mut size, mut slack) = (0.0, 0.0, lo.abs().max(hi.abs()), 0.0);
        for ((w, e), [l, h]) in generators.iter().zip(&line.errors[1..]).zip(&self.swings) {
            slack += e * (l.abs() + h.abs());
            let (a, b) = (w * l, w * h);
            let (least, most) = if a < b { (a, b) } else { (b, a) };
            (low, high, size) = (low + least, high + most, size + (most - least));
        }
        let n = generators.len();
        slack += (n + 8) as f64 * f64::EPSILON * size;
        [lo + low - slack * SLACK - TINY, hi + high + slack * SLACK + TINY]
    }

    /// The side of zero that a form keeps to.
    pub fn verdict(&self, line: &Line) -> (Verdict, [f64; 2]) {
        let range = self.range(line);
        let verdict = match range {
            [lo, _] if lo > 0.0 => Verdict::Above,
            [_, hi] if hi < 0.0 => Verdict::Below,
            _ if line.exact() && line.row.iter().all(|&v| v == 0.0) => Verdict::Vanishes,
            _ => Verdict::Open,
        };
        (verdict, range)
    }
}

/// Bounds of what a curve's value is beyond that of a reference piece, for an argument between bounds.
pub fn swing(curve: &Curve, reference: usize, range: [f64; 2]) -> [f64; 2] {
    let (slope, offset) = (curve.slope(reference), curve.offset(reference));
    let inside = curve.breakpoints().iter().copied().filter(|&t| t > range[0] && t < range[1]);
    let (mut lo, mut hi) = (f64::INFINITY, f64::NEG_INFINITY);
    for z in inside.chain(range) {
        let p = curve.piece(z);
        let (line, base) = (curve.slope(p) * z, slope * z);
        let value = line + curve.offset(p) - base - offset;
        let size = line.abs() + base.abs() + offset.abs() + curve.offset(p).abs();
        let slack = if value == 0.0 && p == reference { 0.0 } else { 8.0 * f64::EPSILON * size + TINY };
        (lo, hi) = (lo.min(value - slack), hi.max(value + slack));
    }
    [lo, hi]
}

/// Bounds of a value from those of what is left when a breakpoint is taken off it.
pub fn lifted(range: [f64; 2], level: f64) -> [f64; 2] {
    if level == 0.0 {
        return range;
    }
    let slack = 2.0 * f64::EPSILON * (level.abs() + range[0].abs().max(range[1].abs()));
    [range[0] + level - slack, range[1] + level + slack]
}

/// What the value of a unit on `piece` is beyond that on `reference`: a form like `line`, which has the breakpoint `level`
/// taken off, and its errors.
pub fn change(curve: &Curve, reference: usize, piece: usize, level: f64, line: &Line) -> (Vec<f64>, Vec<f64>) {
    let factor = curve.slope(piece) - curve.slope(reference);
    let summand = curve.offset(piece) - curve.offset(reference);
    let (row, last) = (line.row, line.row.len() - 1);
    let mut form: Vec<f64> = row.iter().map(|v| v * factor).collect();
    if factor.abs() == 1.0 && level == 0.0 && summand == 0.0 {
        return (form, line.errors.to_vec());
    }
    form[last] = factor * (row[last] + level) + summand;
    let d = row.len() - line.errors.len();
    let slopes = curve.slope(piece).abs() + curve.slope(reference).abs();
    let offsets = curve.offset(piece).abs() + curve.offset(reference).abs();
    let errors = line.errors.iter().enumerate().map(|(k, e)| {
        let size = if k > 0 { slopes * row[d + k - 1].abs() } else { slopes * (outer(row, d) + level.abs()) + offsets };
        e * factor.abs() * SLACK + 8.0 * f64::EPSILON * size
    });
    let errors = errors.collect();
    (form, errors)
}
