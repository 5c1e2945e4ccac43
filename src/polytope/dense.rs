//! Centre, metric and Gram matrix of a small region, walls as ordinary rows.
//!
//! Contract: damped Newton steps on `-Σ log s_j` from the interior point; the metric is the barrier's Hessian at the
//! point reached (Dikin's ellipsoid) with a relative ridge, so rows need not span the space.
//!
//! References: Dikin, Iterative solution of problems of linear and quadratic programming, 1967.

use super::check::Check;
use super::gram::Gram;
use super::kernel;
use super::rows::Halfspaces;
use super::tolerances::{CENTRED, PROXIMAL, RIDGE, SLACK_RATIO, STEP_SHARE};
use crate::vectors;

/// Newton steps at most.
const STEPS: usize = 16;

/// Centre and Gram matrix over the rows `rows`; `None` when float64 does not suffice.
pub(super) fn gram(h: &Halfspaces, check: &Check, rows: &[usize], spare: &mut Vec<f64>) -> Option<Gram> {
    vectors::wide(Make { h, check, rows, spare })
}

struct Make<'a> {
    h: &'a Halfspaces,
    check: &'a Check<'a>,
    rows: &'a [usize],
    spare: &'a mut Vec<f64>,
}

impl pulp::NullaryFnOnce for Make<'_> {
    type Output = Option<Gram>;
    #[inline(always)]
    fn call(self) -> Option<Gram> {
        make(self.h, self.check, self.rows, self.spare)
    }
}

#[inline(always)]
fn make(h: &Halfspaces, check: &Check, rows: &[usize], spare: &mut Vec<f64>) -> Option<Gram> {
    let (d, n) = (h.dimension, rows.len());
    let mut a = vec![0.0; n * d];
    let mut slack = vec![0.0; n];
    for (p, &i) in rows.iter().enumerate() {
        let scale = 1.0 / check.norms[i];
        a[p * d..(p + 1) * d].iter_mut().zip(h.normal(i)).for_each(|(x, y)| *x = y * scale);
        slack[p] = check.slack[i] * scale;
    }
    if slack.iter().any(|s| s.is_nan() || *s <= 0.0) {
        return None;
    }
    // Without walls on every side the barrier alone has no centre: a pull towards the given point keeps it near.
    let farthest = slack.iter().fold(f64::MIN_POSITIVE, |m: f64, s| m.max(*s));
    let pull = if h.walls < 2 * d { PROXIMAL / (farthest * farthest) } else { 0.0 };
    let mut centre = check.interior().to_vec();
    let mut factor = vec![0.0; d * d];
    let (mut weight, mut gradient) = (vec![0.0; n], vec![0.0; d]);
    let mut change = vec![0.0; n];
    for round in 0..=STEPS {
        let floor = SLACK_RATIO * slack.iter().fold(0.0, |m: f64, s| m.max(*s));
        weight.iter_mut().zip(&slack).for_each(|(w, s)| *w = 1.0 / s.max(floor));
        hessian(&a, &weight, d, &mut factor);
        (0..d).for_each(|r| factor[r * d + r] += pull);
        cholesky(&mut factor, d)?;
        if round == STEPS {
            break;
        }
        gradient.iter_mut().zip(&centre).zip(check.interior()).for_each(|((g, c), x)| *g = pull * (x - c));
        for p in 0..n {
            kernel::axpy(-weight[p], &a[p * d..(p + 1) * d], &mut gradient);
        }
        forward(&factor, d, &mut gradient);
        let decrement = kernel::dot(&gradient, &gradient);
        if decrement <= CENTRED {
            break;
        }
        backward(&factor, d, &mut gradient);
        let mut reach = 0.0f64;
        for p in 0..n {
            change[p] = kernel::dot(&a[p * d..(p + 1) * d], &gradient);
            reach = reach.max(change[p] / slack[p]);
        }
        let step = if reach > STEP_SHARE { STEP_SHARE / reach } else { 1.0 };
        kernel::axpy(step, &gradient, &mut centre);
        kernel::axpy(-step, &change, &mut slack);
    }
    let mut order: Vec<usize> = (0..n).collect();
    let mut whitened = a;
    for p in 0..n {
        let row = &mut whitened[p * d..(p + 1) * d];
        row.iter_mut().for_each(|x| *x /= slack[p]);
        forward(&factor, d, row);
    }
    let lengths: Vec<f64> = whitened.chunks_exact(d).map(|u| kernel::dot(u, u)).collect();
    order.sort_by(|&p, &q| lengths[q].total_cmp(&lengths[p]).then(p.cmp(&q)));
    let sorted: Vec<f64> = order.iter().flat_map(|&p| whitened[p * d..(p + 1) * d].iter().copied()).collect();
    let mut products = std::mem::take(spare);
    products.clear();
    products.resize(n * n, 0.0);
    product(&sorted, n, d, &mut products);
    let mut steps = sorted;
    steps.chunks_exact_mut(d).for_each(|row| backward(&factor, d, row));
    Some(Gram {
        dimension: d,
        n,
        rows: order.iter().map(|&p| rows[p]).collect(),
        diagonal: order.iter().map(|&p| lengths[p]).collect(),
        centre,
        slack: order.iter().map(|&p| slack[p]).collect(),
        products,
        steps,
    })
}

/// Lower triangle of `Σ w² a aᵀ` with the ridge.
#[inline(always)]
fn hessian(a: &[f64], weight: &[f64], d: usize, out: &mut [f64]) {
    out.fill(0.0);
    for (row, w) in a.chunks_exact(d).zip(weight) {
        let w = w * w;
        for r in 0..d {
            if row[r] != 0.0 {
                kernel::axpy(w * row[r], &row[..=r], &mut out[r * d..r * d + r + 1]);
            }
        }
    }
    let trace: f64 = (0..d).map(|r| out[r * d + r]).sum();
    (0..d).for_each(|r| out[r * d + r] += RIDGE * trace / d as f64);
}

/// Cholesky factor in the lower triangle.
#[inline(always)]
fn cholesky(m: &mut [f64], d: usize) -> Option<()> {
    for r in 0..d {
        let (above, row) = m.split_at_mut(r * d);
        for c in 0..r {
            let other = &above[c * d..c * d + c + 1];
            row[c] = (row[c] - kernel::dot(&row[..c], &other[..c])) / other[c];
        }
        let pivot = row[r] - kernel::dot(&row[..r], &row[..r]);
        if pivot.is_nan() || pivot <= 0.0 {
            return None;
        }
        row[r] = pivot.sqrt();
    }
    Some(())
}

/// `L⁻¹ x`.
#[inline(always)]
fn forward(l: &[f64], d: usize, x: &mut [f64]) {
    for r in 0..d {
        x[r] = (x[r] - kernel::dot(&l[r * d..r * d + r], &x[..r])) / l[r * d + r];
    }
}

/// `L⁻ᵀ x`.
#[inline(always)]
fn backward(l: &[f64], d: usize, x: &mut [f64]) {
    for r in (0..d).rev() {
        let (head, tail) = x.split_at_mut(r);
        tail[0] /= l[r * d + r];
        kernel::axpy(-tail[0], &l[r * d..r * d + r], head);
    }
}

/// `U Uᵀ`.
#[inline(always)]
fn product(u: &[f64], n: usize, d: usize, out: &mut [f64]) {
    let mut transposed = vec![0.0; n * d];
    for p in 0..n {
        for k in 0..d {
            transposed[k * n + p] = u[p * d + k];
        }
    }
    for p in 0..n {
        let row = &mut out[p * n..(p + 1) * n];
        for k in 0..d {
            kernel::axpy(u[p * d + k], &transposed[k * n..(k + 1) * n], row);
        }
    }
}
