//! Centre, metric and Gram matrix of a large region: walls by structure, products in blocks.
//!
//! Contract: as [`super::dense`], but a wall costs nothing in the metric. The blocks are fixed, so the result does not
//! depend on the number of threads.

use super::check::Check;
use super::gram::Gram;
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
    let mut whitened = vec![0.0; rows.len() * d];
    for ((row, kind), s) in whitened.chunks_exact_mut(d).zip(&kinds).zip(&slack) {
        match *kind {
            Kind::Wall(axis, sign) => row[axis] = sign / s,
            Kind::Unit(i) => row.iter_mut().zip(&a[i * d..(i + 1) * d]).for_each(|(u, a)| *u = a / s),
        }
    }
    drop(a);
    let l = MatRef::from_column_major_slice(&factor, d, d);
    blocks(&mut whitened, d, observer, |_, out| {
        faer::linalg::triangular_solve::solve_lower_triangular_in_place(l, out, Par::Seq);
    });
    let lengths: Vec<f64> = whitened.par_chunks_exact(d).map(|u| super::kernel::dot(u, u)).collect();
    let mut order: Vec<usize> = (0..rows.len()).collect();
    order.sort_by(|&p, &q| lengths[q].total_cmp(&lengths[p]).then(p.cmp(&q)));
    let mut steps: Vec<f64> = order.iter().flat_map(|&p| whitened[p * d..(p + 1) * d].iter().copied()).collect();
    drop(whitened);
    let mut products = vec![0.0; rows.len() * rows.len()];
    let all = MatRef::from_column_major_slice(&steps, d, rows.len());
    blocks(&mut products, rows.len(), observer, |first, out| {
        let own = all.subcols(first, out.ncols());
        matmul(out, Accum::Replace, all.transpose(), own, 1.0, Par::Seq);
    });
    blocks(&mut steps, d, observer, |_, out| {
        faer::linalg::triangular_solve::solve_upper_triangular_in_place(l.transpose(), out, Par::Seq);
    });
    if observer.stopped() {
        return None;
    }
    Some(Gram {
        dimension: d,
        n: rows.len(),
        rows: order.iter().map(|&p| rows[p]).collect(),
        diagonal: order.iter().map(|&p| lengths[p]).collect(),
        centre,
        slack: order.iter().map(|&p| slack[p]).collect(),
        products,
        steps,
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
