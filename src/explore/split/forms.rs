//! The affine forms of a stage's rows on one cell, stored coefficient by coefficient so that all rows are evaluated at
//! a vertex together.
//!
//! Contract: each form carries a bound on its error against the exact composition of the stored numbers. Updates by
//! one unit add to the bound what the same term adds in a full composition, and are limited in number, so the bound of
//! a sum of m terms, m u Σ|term|, holds throughout (Higham 2002, section 4.2). Products and sums are fused, which
//! rounds once where the bound allows for two.

use super::reduced::{Delta, Part};
use super::stage::{Link, Rows};
use super::vertex::{Row, Vertex, full_error};
use crate::polytope::wide;
use crate::region::Forms;

/// Updates between two full compositions.
const UPDATES: usize = 48;
/// Factors of a term: at most eight inputs, the constant, and the share of the error.
const MOST: usize = 10;
/// Rows in one vector.
const LANES: usize = 4;

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
    /// Rows before whose columns are to be added, and per such row its form times the slope, and its share of the error.
    terms: Vec<u32>,
    factors: Vec<f64>,
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
        self.terms.clear();
        self.factors.clear();
        wide(Add::<D> { own: self, columns: &[] });
    }

    /// Rows behind a dense layer, from the rows before it and the side of each; `cell` tells their cells apart.
    pub fn compose<const D: usize>(&mut self, link: &Link, before: &RowForms, upper: &[u64], cell: u64) {
        self.stride = link.stride;
        self.rows = link.rows;
        let flips: usize = self.upper.iter().zip(upper).map(|(a, b)| (a ^ b).count_ones() as usize).sum();
        let steps = self.updates + flips;
        let fresh = self.cell != cell || self.upper.len() != upper.len() || steps > UPDATES || 2 * flips > before.rows;
        let rounding = (before.rows + UPDATES + 8) as f64 * (f64::EPSILON / 2.0);
        self.terms.clear();
        self.factors.clear();
        if fresh {
            self.resize::<D>();
            self.values[..D * self.stride].fill(0.0);
            self.values[D * self.stride..].copy_from_slice(&link.bias);
            (0..self.stride).for_each(|j| self.error[j] = rounding * link.bias[j].abs());
            for i in 0..before.rows {
                let slope = link.slopes[i][usize::from(upper[i / 64] >> (i % 64) & 1 == 1)];
                if slope != 0.0 {
                    self.term::<D>(before, i, slope, rounding);
                }
            }
            (self.updates, self.cell) = (0, cell);
        } else {
            self.updates = steps;
            for w in 0..upper.len() {
                for k in super::bits::Ones(self.upper[w] ^ upper[w]) {
                    let i = 64 * w + k;
                    let [lower, higher] = link.slopes[i];
                    let rise = upper[w] >> k & 1 == 1;
                    self.term::<D>(before, i, if rise { higher - lower } else { lower - higher }, rounding);
                }
            }
        }
        self.upper.clear();
        self.upper.extend_from_slice(upper);
        wide(Add::<D> { own: self, columns: &link.columns });
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
        self.terms.clear();
        self.factors.clear();
        wide(Add::<D> { own: self, columns: &[] });
    }

    #[inline(always)]
    fn term<const D: usize>(&mut self, before: &RowForms, i: usize, slope: f64, rounding: f64) {
        self.terms.push(i as u32);
        let mut factors = [0.0; MOST];
        (0..=D).for_each(|k| factors[k] = slope * before.values[k * before.stride + i]);
        factors[D + 1] = slope.abs() * (before.error[i] + rounding * before.magnitude[i]) * (1.0 + 1e-9);
        self.factors.extend_from_slice(&factors[..D + 2]);
    }

    fn resize<const D: usize>(&mut self) {
        self.values.resize(self.stride * (D + 1), 0.0);
        for v in [&mut self.error, &mut self.weight, &mut self.full, &mut self.magnitude] {
            v.resize(self.stride, 0.0);
        }
    }

    /// Adds the terms to the rows from `at` on, `LANES` times `N` of them, and sums up what the bounds of their values
    /// need; whether one of them is flat.
    #[inline(always)]
    fn add<const D: usize, const N: usize>(&mut self, columns: &[f64], at: usize) -> bool {
        let s = self.stride;
        let place = |k: usize, n: usize| k * s + at + LANES * n;
        let mut w: [[[f64; LANES]; N]; D] =
            std::array::from_fn(|k| std::array::from_fn(|n| lanes(&self.values, place(k, n))));
        let mut c: [[f64; LANES]; N] = std::array::from_fn(|n| lanes(&self.values, place(D, n)));
        let mut e: [[f64; LANES]; N] = std::array::from_fn(|n| lanes(&self.error, place(0, n)));
        for (&i, f) in self.terms.iter().zip(self.factors.chunks_exact(D + 2)) {
            for n in 0..N {
                let column = lanes(columns, i as usize * s + at + LANES * n);
                for k in 0..D {
                    (0..LANES).for_each(|l| w[k][n][l] = column[l].mul_add(f[k], w[k][n][l]));
                }
                (0..LANES).for_each(|l| c[n][l] = column[l].mul_add(f[D], c[n][l]));
                (0..LANES).for_each(|l| e[n][l] = column[l].abs().mul_add(f[D + 1], e[n][l]));
            }
        }
        let mut flat = false;
        for n in 0..N {
            let (mut weight, mut magnitude) = ([0.0; LANES], c[n].map(f64::abs));
            for k in 0..D {
                for l in 0..LANES {
                    let size = w[k][n][l].abs();
                    weight[l] += size;
                    magnitude[l] = if size > magnitude[l] { size } else { magnitude[l] };
                }
                set(&mut self.values, place(k, n), &w[k][n]);
            }
            (0..LANES).for_each(|l| weight[l] *= 1.0 + 1e-9);
            for l in 0..LANES {
                flat |= weight[l] <= (D as f64 + 1.0) * e[n][l] && at + LANES * n + l < self.rows;
            }
            set(&mut self.values, place(D, n), &c[n]);
            set(&mut self.error, place(0, n), &e[n]);
            set(&mut self.weight, place(0, n), &weight);
            set(&mut self.magnitude, place(0, n), &magnitude);
            set(&mut self.full, place(0, n), &std::array::from_fn(|l| full_error::<D>(e[n][l], c[n][l])));
        }
        flat
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

#[inline(always)]
fn set(to: &mut [f64], at: usize, lanes: &[f64; LANES]) {
    to[at..at + LANES].copy_from_slice(lanes);
}

/// Adds all terms to all rows.
struct Add<'a, const D: usize> {
    own: &'a mut RowForms,
    columns: &'a [f64],
}

impl<const D: usize> pulp::NullaryFnOnce for Add<'_, D> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let mut flat = false;
        for at in (0..self.own.stride).step_by(2 * LANES) {
            // As many vectors at a time as registers hold.
            flat |= if D <= 4 {
                self.own.add::<D, 2>(self.columns, at)
            } else {
                self.own.add::<D, 1>(self.columns, at) | self.own.add::<D, 1>(self.columns, at + LANES)
            };
        }
        self.own.flat = flat;
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
                    for k in super::bits::Ones(open) {
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
