//! Centre, metric and Gram matrix of a large region: walls by structure, products in blocks.
//!
//! Contract: as [`super::dense`], but a wall costs nothing in any product, and only `H⁻¹`, `H⁻¹Aᵀ` and `A H⁻¹Aᵀ` over
//! the units' rows are stored. The blocks are fixed, so the result does not depend on the number of threads.

use super::check::Check;
use super::gram::{Gram, Store};
use super::observer::Observer;
use super::rows::Halfspaces;
use super::tolerances::{CENTRED, RIDGE, SLACK_RATIO, STEP_SHARE};
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt;
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;

/// Newton steps at most; each costs a factorisation.
const STEPS: usize = 5;
/// Columns of one block.
const BLOCK: usize = 128;

/// One position: a wall's axis and sign, or a column of the unit rows.
#[derive(Clone, Copy)]
enum Kind {
    Wall(usize, f64),
    Unit(usize),
}

/// Products of the unscaled rows, over unit rows of length one.
pub(super) struct Blocked {
    d: usize,
    units: usize,
    kinds: Vec<Kind>,
    /// `H⁻¹`, d × d.
    inverse: Vec<f64>,
    /// `H⁻¹Aᵀ`, column-major d × units.
    reach: Vec<f64>,
    /// `A H⁻¹ Aᵀ`, units × units.
    inner: Vec<f64>,
}

impl Blocked {
    /// Column of position `p`, divided by the slacks.
    pub fn column(&self, p: usize, slack: &[f64], out: &mut [f64]) {
        let (d, m) = (self.d, self.units);
        let scale = 1.0 / slack[p];
        match self.kinds[p] {
            Kind::Wall(axis, sign) => {
                let row = &self.inverse[axis * d..(axis + 1) * d];
                for ((o, kind), s) in out.iter_mut().zip(&self.kinds).zip(slack) {
                    *o = sign * scale / s
                        * match *kind {
                            Kind::Wall(k, other) => other * row[k],
                            Kind::Unit(j) => self.reach[j * d + axis],
                        };
                }
            }
            Kind::Unit(i) => {
                let (row, reach) = (&self.inner[i * m..(i + 1) * m], &self.reach[i * d..(i + 1) * d]);
                for ((o, kind), s) in out.iter_mut().zip(&self.kinds).zip(slack) {
                    *o = scale / s
                        * match *kind {
                            Kind::Wall(k, other) => other * reach[k],
                            Kind::Unit(j) => row[j],
                        };
                }
            }
        }
    }

    /// `x += c H⁻¹ a_p`.
    pub fn step(&self, p: usize, c: f64, x: &mut [f64]) {
        let d = self.d;
        match self.kinds[p] {
            Kind::Wall(axis, sign) => super::kernel::axpy(c * sign, &self.inverse[axis * d..(axis + 1) * d], x),
            Kind::Unit(i) => super::kernel::axpy(c, &self.reach[i * d..(i + 1) * d], x),
        }
    }

    fn diagonal(&self, p: usize) -> f64 {
        match self.kinds[p] {
            Kind::Wall(axis, _) => self.inverse[axis * self.d + axis],
            Kind::Unit(i) => self.inner[i * self.units + i],
        }
    }
}

/// Centre and Gram matrix over the rows `rows`; `None` when float64 does not suffice, or when stopped.
pub(super) fn gram(h: &Halfspaces, check: &Check, rows: &[usize], observer: &Observer) -> Option<Gram> {
    let d = h.dimension;
    let mut kinds = Vec::with_capacity(rows.len());
    let (mut a, mut slack) = (Vec::new(), Vec::with_capacity(rows.len()));
    for &i in rows {
        slack.push(check.slack[i] / check.norms[i]);
        match check.wall(i) {
            Some((axis, sign)) => kinds.push(Kind::Wall(axis, sign)),
            None => {
                kinds.push(Kind::Unit(a.len() / d.max(1)));
                a.extend(h.normal(i).iter().map(|x| x / check.norms[i]));
            }
        }
    }
    let units = a.len() / d.max(1);
    if slack.iter().any(|s| s.is_nan() || *s <= 0.0) {
        return None;
    }
    let mut centre = check.interior().to_vec();
    let mut factor = vec![0.0; d * d];
    for round in 0..=STEPS {
        let floor = SLACK_RATIO * slack.iter().fold(0.0, |m: f64, s| m.max(*s));
        let weight: Vec<f64> = slack.iter().map(|s| 1.0 / s.max(floor)).collect();
        factorise(&a, &kinds, &weight, d, units, &mut factor, observer)?;
        if round == STEPS {
            break;
        }
        let mut gradient = vec![0.0; d];
        for (kind, w) in kinds.iter().zip(&weight) {
            match *kind {
                Kind::Wall(axis, sign) => gradient[axis] -= w * sign,
                Kind::Unit(i) => super::kernel::axpy(-w, &a[i * d..(i + 1) * d], &mut gradient),
            }
        }
        let l = MatRef::from_column_major_slice(&factor, d, d);
        let mut step = MatMut::from_column_major_slice_mut(&mut gradient, d, 1);
        faer::linalg::triangular_solve::solve_lower_triangular_in_place(l, step.as_mut(), Par::Seq);
        let decrement = step.squared_norm_l2();
        if decrement <= CENTRED {
            break;
        }
        faer::linalg::triangular_solve::solve_upper_triangular_in_place(l.transpose(), step, Par::Seq);
        let change: Vec<f64> = kinds
            .par_iter()
            .map(|kind| match *kind {
                Kind::Wall(axis, sign) => sign * gradient[axis],
                Kind::Unit(i) => super::kernel::dot(&a[i * d..(i + 1) * d], &gradient),
            })
            .collect();
        let reach = change.iter().zip(&slack).fold(0.0, |m: f64, (c, s)| m.max(c / s));
        let length = if reach > STEP_SHARE { STEP_SHARE / reach } else { 1.0 };
        super::kernel::axpy(length, &gradient, &mut centre);
        super::kernel::axpy(-length, &change, &mut slack);
    }
    let inverse = invert(&factor, d, observer);
    drop(factor);
    let mut reach = vec![0.0; d * units];
    let whole = MatRef::from_column_major_slice(&inverse, d, d);
    blocks(&mut reach, d, observer, |first, out| {
        let columns = out.ncols();
        let rhs = MatRef::from_column_major_slice(&a[first * d..(first + columns) * d], d, columns);
        matmul(out, Accum::Replace, whole, rhs, 1.0, Par::Seq);
    });
    let mut inner = vec![0.0; units * units];
    if units > 0 {
        let rows = MatRef::from_column_major_slice(&a, d, units);
        blocks(&mut inner, units, observer, |first, out| {
            let columns = out.ncols();
            let rhs = MatRef::from_column_major_slice(&reach[first * d..(first + columns) * d], d, columns);
            matmul(out, Accum::Replace, rows.transpose(), rhs, 1.0, Par::Seq);
        });
    }
    if observer.stopped() {
        return None;
    }
    let blocked = Blocked { d, units, kinds, inverse, reach, inner };
    let diagonal = (0..rows.len()).map(|p| blocked.diagonal(p) / (slack[p] * slack[p])).collect();
    Some(Gram {
        dimension: d,
        n: rows.len(),
        rows: rows.to_vec(),
        diagonal,
        centre,
        slack,
        store: Store::Blocked(Box::new(blocked)),
        steps: Vec::new(),
    })
}

/// Runs `body` on blocks of columns of a column-major matrix, in parallel; on none any more once stopped.
fn blocks(data: &mut [f64], height: usize, observer: &Observer, body: impl Fn(usize, MatMut<'_, f64>) + Sync) {
    if height == 0 {
        return;
    }
    data.par_chunks_mut(BLOCK * height).enumerate().for_each(|(b, chunk)| {
        if observer.stopped() {
            return;
        }
        let columns = chunk.len() / height;
        body(b * BLOCK, MatMut::from_column_major_slice_mut(chunk, height, columns));
    });
}

/// Cholesky factor (lower, column-major) of the metric.
fn factorise(
    a: &[f64],
    kinds: &[Kind],
    weight: &[f64],
    d: usize,
    units: usize,
    out: &mut [f64],
    observer: &Observer,
) -> Option<()> {
    let mut scaled = a.to_vec();
    for (kind, w) in kinds.iter().zip(weight) {
        if let Kind::Unit(i) = *kind {
            scaled[i * d..(i + 1) * d].iter_mut().for_each(|x| *x *= w);
        }
    }
    let rows = MatRef::from_column_major_slice(&scaled, d, units);
    blocks(out, d, observer, |first, out| {
        let (_, below) = out.split_at_row_mut(first);
        let columns = below.ncols();
        let (_, lower) = rows.split_at_row(first);
        matmul(below, Accum::Replace, lower, lower.subrows(0, columns).transpose(), 1.0, Par::Seq);
    });
    for (kind, w) in kinds.iter().zip(weight) {
        if let Kind::Wall(axis, _) = *kind {
            out[axis * d + axis] += w * w;
        }
    }
    if observer.stopped() {
        return None;
    }
    let ridge = RIDGE * (0..d).map(|k| out[k * d + k]).sum::<f64>() / d as f64;
    (0..d).for_each(|k| out[k * d + k] += ridge);
    let mut memory = MemBuffer::new(llt::factor::cholesky_in_place_scratch::<f64>(d, Par::Seq, Default::default()));
    let matrix = MatMut::from_column_major_slice_mut(out, d, d);
    llt::factor::cholesky_in_place(matrix, Default::default(), Par::Seq, MemStack::new(&mut memory), Default::default())
        .ok()
        .map(|_| ())
}

/// `(L Lᵀ)⁻¹`, in full.
fn invert(factor: &[f64], d: usize, observer: &Observer) -> Vec<f64> {
    let mut inverse = vec![0.0; d * d];
    let l = MatRef::from_column_major_slice(factor, d, d);
    blocks(&mut inverse, d, observer, |first, mut out| {
        out.fill(0.0);
        for c in 0..out.ncols() {
            out[(first + c, c)] = 1.0;
        }
        faer::linalg::triangular_solve::solve_lower_triangular_in_place(l, out.as_mut(), Par::Seq);
        faer::linalg::triangular_solve::solve_upper_triangular_in_place(l.transpose(), out, Par::Seq);
    });
    inverse
}
