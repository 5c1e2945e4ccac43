//! The affine forms of a stage's rows on one cell, stored coefficient by coefficient so that all rows are evaluated at
//! a vertex together.
//!
//! Contract: each form carries a bound on its error against the exact composition of the stored numbers. Updates by
//! one unit add to the bound what the same term adds in a full composition, and are limited in number, so the bound of
//! a sum of m terms, m u Σ|term|, holds throughout (Higham 2002, section 4.2).

use super::stage::{Link, Rows};
use super::vertex::{Row, Vertex, full_error};
use crate::polytope::vectorised;
use crate::region::Forms;

/// Updates between two full compositions.
const UPDATES: usize = 48;

/// Forms of the rows of one stage.
#[derive(Clone, Debug, Default)]
pub struct RowForms {
    /// Rows, rounded up to a multiple of eight.
    stride: usize,
    rows: usize,
    /// `D + 1` blocks of `stride` numbers, the constant last.
    values: Vec<f64>,
    /// Bound on the error of each coefficient.
    error: Vec<f64>,
    /// Sum of absolute coefficients.
    weight: Vec<f64>,
    /// Error including that of rounding the constant.
    full: Vec<f64>,
    /// Largest absolute coefficient.
    magnitude: Vec<f64>,
    /// Whether some row may be a constant: no coefficient beyond its error.
    flat: bool,
    updates: usize,
    /// The choices of the stage before that these forms belong to, and which cell's they were.
    upper: Vec<u64>,
    cell: u64,
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
        self.finish::<D>();
    }

    /// Rows behind a dense layer, from the rows before it and the side of each; `cell` tells their cells apart.
    pub fn compose<const D: usize>(
        &mut self,
        link: &Link,
        before: &RowForms,
        upper: &[u64],
        slopes: impl Fn(usize) -> [f64; 2],
        cell: u64,
    ) {
        self.stride = link.stride;
        self.rows = link.rows;
        let flips: usize = self.upper.iter().zip(upper).map(|(a, b)| (a ^ b).count_ones() as usize).sum();
        let steps = self.updates + flips;
        let fresh = self.cell != cell || self.upper.len() != upper.len() || steps > UPDATES || 2 * flips > before.rows;
        let terms = (before.rows + UPDATES + 8) as f64 * (f64::EPSILON / 2.0);
        if fresh {
            self.resize::<D>();
            self.values.fill(0.0);
            self.values[D * self.stride..].copy_from_slice(&link.bias);
            (0..self.stride).for_each(|j| self.error[j] = terms * link.bias[j].abs());
            for i in 0..before.rows {
                let slope = slopes(i)[usize::from(upper[i / 64] >> (i % 64) & 1 == 1)];
                if slope != 0.0 {
                    self.add::<D>(link, before, i, slope, terms);
                }
            }
            (self.updates, self.cell) = (0, cell);
        } else {
            self.updates = steps;
            for w in 0..upper.len() {
                for k in super::bits::Ones(self.upper[w] ^ upper[w]) {
                    let i = 64 * w + k;
                    let [lower, higher] = slopes(i);
                    let rise = upper[w] >> k & 1 == 1;
                    self.add::<D>(link, before, i, if rise { higher - lower } else { lower - higher }, terms);
                }
            }
        }
        self.upper.clear();
        self.upper.extend_from_slice(upper);
        self.finish::<D>();
    }

    fn add<const D: usize>(&mut self, link: &Link, before: &RowForms, i: usize, slope: f64, terms: f64) {
        let s = self.stride;
        let column = &link.columns[i * s..(i + 1) * s];
        let factors: [f64; 9] =
            std::array::from_fn(|k| if k <= D { slope * before.values[k * before.stride + i] } else { 0.0 });
        let blame = slope.abs() * (before.error[i] + terms * before.magnitude[i]) * (1.0 + 1e-9);
        let (values, error) = (&mut self.values, &mut self.error);
        vectorised(|| {
            for k in 0..=D {
                for (v, w) in values[k * s..(k + 1) * s].iter_mut().zip(column) {
                    *v += w * factors[k];
                }
            }
            for (e, w) in error.iter_mut().zip(column) {
                *e += w.abs() * blame;
            }
        });
    }

    fn resize<const D: usize>(&mut self) {
        self.values.resize(self.stride * (D + 1), 0.0);
        for v in [&mut self.error, &mut self.weight, &mut self.full, &mut self.magnitude] {
            v.resize(self.stride, 0.0);
        }
    }

    fn finish<const D: usize>(&mut self) {
        let s = self.stride;
        let (values, weight, magnitude) = (&self.values, &mut self.weight, &mut self.magnitude);
        let (error, full, rows) = (&self.error, &mut self.full, self.rows);
        self.flat = vectorised(|| {
            weight.fill(0.0);
            magnitude.fill(0.0);
            for k in 0..=D {
                for j in 0..s {
                    let size = values[k * s + j].abs();
                    magnitude[j] = if size > magnitude[j] { size } else { magnitude[j] };
                    if k < D {
                        weight[j] += size;
                    }
                }
            }
            for j in 0..s {
                weight[j] *= 1.0 + 1e-9;
                full[j] = full_error::<D>(error[j], values[D * s + j]);
            }
            (0..rows).fold(false, |flat, j| flat | (weight[j] <= (D as f64 + 1.0) * error[j]))
        });
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

    /// Signs of the rows named in `open` at a vertex: the words of those certainly positive, then of those certainly
    /// negative.
    #[inline(always)]
    pub fn signs<const D: usize>(&self, v: &Vertex<D>, open: &[u64], positive: &mut [u64], negative: &mut [u64]) {
        for (w, &bits) in open.iter().enumerate() {
            let (mut p, mut n) = (0, 0);
            if bits.count_ones() > 12 {
                (p, n) = self.block(v, w);
                (p, n) = (p & bits, n & bits);
            } else {
                for k in super::bits::Ones(bits) {
                    let (value, bound) = self.row::<D>(64 * w + k).at(v);
                    p |= u64::from(value > bound) << k;
                    n |= u64::from(-value > bound) << k;
                }
            }
            (positive[w], negative[w]) = (p, n);
        }
    }

    /// Signs of all rows of one word.
    #[inline(always)]
    fn block<const D: usize>(&self, v: &Vertex<D>, word: usize) -> (u64, u64) {
        let (start, end) = (64 * word, self.stride.min(64 * word + 64));
        let s = self.stride;
        vectorised(|| {
            let (mut p, mut n) = (0u64, 0u64);
            let mut at = start;
            while at < end {
                let mut value = [0.0; 8];
                let constant = &self.values[D * s + at..D * s + at + 8];
                for l in 0..8 {
                    value[l] = constant[l] * v.finite;
                }
                for k in 0..D {
                    let column = &self.values[k * s + at..k * s + at + 8];
                    for l in 0..8 {
                        value[l] += column[l] * v.at.x[k];
                    }
                }
                let (weight, full) = (&self.weight[at..at + 8], &self.full[at..at + 8]);
                let (mut above, mut below) = (0u64, 0u64);
                for l in 0..8 {
                    let bound = weight[l] * v.blur + full[l] * v.spread;
                    above |= u64::from(value[l] > bound) << l;
                    below |= u64::from(-value[l] > bound) << l;
                }
                p |= above << (at - start);
                n |= below << (at - start);
                at += 8;
            }
            (p, n)
        })
    }
}
