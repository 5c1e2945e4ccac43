//! The affine forms of a stage's rows on one cell, stored coefficient by coefficient so that all rows are evaluated at
//! a vertex together.
//!
//! Contract: each form carries a bound on its error against the exact composition of the stored numbers. Updates by
//! one unit add to the bound what the same term adds in a full composition, and are limited in number, so the bound of
//! a sum of m terms, m u Σ|term|, holds throughout (Higham 2002, section 4.2). Products and sums are fused, which
//! rounds once where the bound allows for two. What the terms add to a row's bound, Σ|weight| share, is bounded by the
//! length of its weights times the length of the shares (Cauchy and Schwarz).

use super::bits::Ones;
use super::compose::Add;
use super::reduced::{Delta, Part};
use super::stage::{Link, Rows};
use super::vertex::{Row, Vertex};
use crate::region::Forms;
use crate::vectors::{wide, widest};

/// Updates between two full compositions.
const UPDATES: usize = 48;
/// Rows in one vector.
const LANES: usize = 4;

/// Forms of the rows of one stage.
#[derive(Clone, Debug, Default)]
pub struct RowForms {
    /// Rows, rounded up to a multiple of eight.
    pub stride: usize,
    pub rows: usize,
    /// `D + 1` blocks of `stride` numbers, the constant last.
    pub values: Vec<f64>,
    /// Bound on the error of each coefficient.
    pub error: Vec<f64>,
    /// Sum of absolute coefficients.
    pub weight: Vec<f64>,
    /// Error including that of rounding the constant.
    pub full: Vec<f64>,
    /// What a row as a term brings into the error of the rows behind it, per weight.
    pub share: Vec<f64>,
    /// Whether some row may be a constant: no coefficient beyond its error.
    pub flat: bool,
    updates: usize,
    /// The choices of the stage before that these forms belong to, and which cell's they were.
    upper: Vec<u64>,
    cell: u64,
    /// Rows before whose columns are to be added, and per such row its form times the slope.
    pub terms: Vec<u32>,
    pub factors: Vec<f64>,
}

impl RowForms {
    /// Rows of a stage from the forms of its source.
    pub fn load<const D: usize>(&mut self, rows: &Rows, forms: &Forms) {
        self.rows = rows.unit.len();
        self.stride = self.rows.next_multiple_of(8);
        self.resize::<D>();
        for (i, (&unit, &t)) in rows.unit.iter().zip(&rows.level).enumerate() {
            let row = forms.row(unit as usize, D + 1);
            (0..=D).for_each(|k| self.values[k * self.stride + i] = row[k]);
            let constant = row[D] - t;
            self.values[D * self.stride + i] = constant;
            let rounding = if t == 0.0 || row[D] == 0.0 { 0.0 } else { f64::EPSILON * constant.abs() };
            self.error[i] = forms.errors[unit as usize] + rounding;
        }
        self.sum_up::<D>();
    }

    /// Rows behind a dense layer, from the rows before it and the side of each; `cell` tells their cells apart.
    pub fn compose<const D: usize>(&mut self, link: &Link, before: &RowForms, upper: &[u64], cell: u64) {
        let flips: usize = self.upper.iter().zip(upper).map(|(a, b)| (a ^ b).count_ones() as usize).sum();
        let steps = self.updates + flips;
        let fresh = self.cell != cell || self.upper.len() != upper.len() || steps > UPDATES || 2 * flips > before.rows;
        let mut shares = Length::default();
        self.terms.clear();
        if fresh {
            (self.stride, self.rows, self.updates, self.cell) = (link.stride, link.rows, 0, cell);
            self.resize::<D>();
            for (w, &upper) in upper.iter().enumerate() {
                let [lower, higher] = link.sloped[w];
                self.terms.extend(Ones(upper & higher | !upper & lower).map(|k| (64 * w + k) as u32));
            }
            let slope = |i: usize| link.slopes[i][usize::from(upper[i / 64] >> (i % 64) & 1 == 1)];
            self.put_factors::<D>(before, slope, &mut shares);
        } else {
            self.updates = steps;
            for (w, (old, new)) in self.upper.iter().zip(upper).enumerate() {
                self.terms.extend(Ones(old ^ new).map(|k| (64 * w + k) as u32));
            }
            let change = |i: usize| {
                let [lower, higher] = link.slopes[i];
                if upper[i / 64] >> (i % 64) & 1 == 1 { higher - lower } else { lower - higher }
            };
            self.put_factors::<D>(before, change, &mut shares);
        }
        self.upper.clear();
        self.upper.extend_from_slice(upper);
        let start = fresh.then(|| (&link.bias[..], rounding(before.rows)));
        let (columns, norms) = (&link.columns, &link.norms);
        self.flat = widest(Add::<D> { own: self, start, columns, norms, length: shares.bound() });
    }

    /// Rows of a part of a reduced network, from the generators that are not zero on the cell.
    pub fn assemble<'d, const D: usize>(&mut self, part: &Part, deltas: impl Iterator<Item = &'d Delta>) {
        self.stride = part.stride;
        self.rows = part.rows.len();
        self.resize::<D>();
        let s = self.stride;
        let (own, generators) = part.values.split_at((D + 1) * s);
        self.values.copy_from_slice(own);
        self.error.copy_from_slice(&part.errors[..s]);
        let rounding = (part.before + 8) as f64 * (f64::EPSILON / 2.0);
        let mut rounds = false;
        for delta in deltas.filter(|d| (d.generator as usize) < part.before) {
            rounds = true;
            let g = delta.generator as usize;
            let (weights, errors) = (&generators[g * s..(g + 1) * s], &part.errors[(1 + g) * s..(2 + g) * s]);
            for k in 0..=D {
                let column = &mut self.values[k * s..(k + 1) * s];
                column.iter_mut().zip(weights).for_each(|(v, w)| *v += w * delta.form[k]);
            }
            let each = delta.error + rounding * delta.size;
            let bounds = self.error.iter_mut().zip(weights).zip(errors);
            bounds.for_each(|((e, w), own)| *e += w.abs() * each + own * delta.size);
        }
        if rounds {
            for k in 0..=D {
                let own = &own[k * s..(k + 1) * s];
                self.error.iter_mut().zip(own).for_each(|(e, v)| *e += rounding * v.abs());
            }
        }
        self.error.iter_mut().for_each(|e| *e *= 1.0 + 1e-9);
        self.sum_up::<D>();
    }

    /// Per term, the form of its row times a slope.
    #[inline(always)]
    fn put_factors<const D: usize>(&mut self, before: &RowForms, slope: impl Fn(usize) -> f64, shares: &mut Length) {
        self.factors.resize(self.terms.len() * (D + 1), 0.0);
        let s = before.stride;
        let (linear, constant) = before.values.split_at(D * s);
        let linear: [&[f64]; D] = std::array::from_fn(|k| &linear[k * s..(k + 1) * s]);
        for (&i, factors) in self.terms.iter().zip(self.factors.chunks_exact_mut(D + 1)) {
            let i = i as usize;
            let slope = slope(i);
            (0..D).for_each(|k| factors[k] = slope * linear[k][i]);
            factors[D] = slope * constant[i];
            shares.add(slope.abs() * before.share[i]);
        }
    }

    fn resize<const D: usize>(&mut self) {
        self.values.resize(self.stride * (D + 1), 0.0);
        for v in [&mut self.error, &mut self.weight, &mut self.full, &mut self.share] {
            v.resize(self.stride, 0.0);
        }
    }

    /// What the bounds of the rows' values need.
    fn sum_up<const D: usize>(&mut self) {
        self.terms.clear();
        self.factors.clear();
        self.flat = widest(Add::<D> { own: self, start: None, columns: &[], norms: &[], length: 0.0 });
    }

    /// Composes anew the next time.
    pub fn forget(&mut self) {
        self.cell = 0;
    }

    /// Whether some row may be a constant.
    pub fn flat(&self) -> bool {
        self.flat
    }

    /// Coefficient `k` of row `i`; the constant at `D`.
    pub fn coefficient(&self, i: usize, k: usize) -> f64 {
        self.values[k * self.stride + i]
    }

    /// Bound on the error of each coefficient of row `i`.
    pub fn error(&self, i: usize) -> f64 {
        self.error[i]
    }

    /// One row.
    #[inline(always)]
    pub fn row<const D: usize>(&self, i: usize) -> Row<D> {
        let w = std::array::from_fn(|k| self.values[k * self.stride + i]);
        Row { w, c: self.values[D * self.stride + i], weight: self.weight[i], error: self.full[i] }
    }

    /// Signs of the rows named in `open` at vertices that follow each other: per vertex, the words of those certainly
    /// positive, of those certainly negative, and as many words left as they are.
    pub fn signs<const D: usize>(&self, vertices: &[Vertex<D>], open: &[u64], signs: &mut [u64]) {
        wide(Signs { forms: self, vertices, open, signs });
    }

    /// Signs of the rows of one word, in vectors of which some row is open.
    #[inline(always)]
    fn word<const D: usize>(&self, v: &Vertex<D>, word: usize, open: u64) -> (u64, u64) {
        let (start, s) = (64 * word, self.stride);
        let mut at = s.min(start + 64);
        let (mut positive, mut negative) = (0u64, 0u64);
        while at > start {
            at -= LANES;
            if open >> (at - start) & ((1 << LANES) - 1) == 0 {
                (positive, negative) = (positive << LANES, negative << LANES);
                continue;
            }
            let mut value = lanes(&self.values, D * s + at).map(|c| c * v.finite);
            for k in 0..D {
                let w = lanes(&self.values, k * s + at);
                (0..LANES).for_each(|l| value[l] = w[l].mul_add(v.at.x[k], value[l]));
            }
            let (weight, full) = (lanes(&self.weight, at), lanes(&self.full, at));
            let bound: [f64; LANES] = std::array::from_fn(|l| weight[l].mul_add(v.blur, full[l] * v.spread));
            let clear: [bool; LANES] = std::array::from_fn(|l| value[l].abs() > bound[l]);
            let below: [bool; LANES] = std::array::from_fn(|l| value[l] < 0.0);
            let (mut c, mut b) = (0, 0);
            (0..LANES).for_each(|l| c |= u64::from(clear[l]) << l);
            (0..LANES).for_each(|l| b |= u64::from(below[l]) << l);
            positive = positive << LANES | c & !b;
            negative = negative << LANES | c & b;
        }
        (positive, negative)
    }
}

#[inline(always)]
fn lanes(from: &[f64], at: usize) -> [f64; LANES] {
    from[at..at + LANES].try_into().expect("as many numbers as lanes")
}

/// Rounding of a coefficient behind so many rows, updates included, per unit of the sizes of its terms.
pub fn rounding(rows: usize) -> f64 {
    (rows + UPDATES + 8) as f64 * (f64::EPSILON / 2.0)
}

/// The Euclidean length of a vector of numbers that are not negative, from above.
#[derive(Debug, Default)]
pub struct Length {
    squares: f64,
    sum: f64,
}

impl Length {
    /// One more number.
    #[inline(always)]
    pub fn add(&mut self, x: f64) {
        self.squares += x * x;
        self.sum += x;
    }

    /// The length; squares may have vanished that are below the smallest number.
    #[inline(always)]
    pub fn bound(&self) -> f64 {
        if self.sum == 0.0 { 0.0 } else { (self.squares + 1e-300).sqrt() * (1.0 + 1e-9) }
    }
}

/// Signs at several vertices.
struct Signs<'a, const D: usize> {
    forms: &'a RowForms,
    vertices: &'a [Vertex<D>],
    open: &'a [u64],
    signs: &'a mut [u64],
}

impl<const D: usize> pulp::NullaryFnOnce for Signs<'_, D> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let words = self.open.len();
        for (w, &open) in self.open.iter().enumerate() {
            if open == 0 {
                continue;
            }
            let vectors = (open | open >> 1 | open >> 2 | open >> 3) & 0x1111_1111_1111_1111;
            let many = 2 * open.count_ones() >= 3 * vectors.count_ones();
            for (v, signs) in self.vertices.iter().zip(self.signs.chunks_exact_mut(3 * words)) {
                let (mut p, mut n) = (0, 0);
                if many {
                    (p, n) = self.forms.word(v, w, open);
                    (p, n) = (p & open, n & open);
                } else {
                    for k in Ones(open) {
                        let (value, bound) = self.forms.row::<D>(64 * w + k).at(v);
                        p |= u64::from(value > bound) << k;
                        n |= u64::from(-value > bound) << k;
                    }
                }
                (signs[w], signs[words + w]) = (p, n);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_bounded_from_above_also_where_squares_vanish() {
        for numbers in [vec![3.0, 4.0], vec![1e-170; 100], vec![0.0, f64::MIN_POSITIVE], vec![0.0; 3], vec![1e200]] {
            let mut length = Length::default();
            numbers.iter().for_each(|&x| length.add(x));
            let largest = numbers.iter().fold(0.0, |m: f64, &x| m.max(x));
            let exact: f64 = numbers.iter().map(|x| (x / largest).powi(2)).sum::<f64>().sqrt() * largest;
            assert!(largest == 0.0 || length.bound() >= exact, "{numbers:?}");
            assert_eq!(length.bound() == 0.0, largest == 0.0);
        }
    }
}
