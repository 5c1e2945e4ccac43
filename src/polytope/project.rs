//! Projection onto one row's hyperplane within the region, by a dual active-set method in the Gram matrix.
//!
//! Contract: minimise `½|v|²` subject to `u_i·v = 1` and `u_j·v <= 1 - margin` for the other open rows, `u` the
//! whitened rows. Ends at a point (a face), at multipliers (redundant, when their sum is at most one), or stuck; a smaller
//! margin goes on from where the last one ended. On the way, the rays from the centre towards the points of the steps
//! show other faces. Everything it says is a candidate for [`super::check`].
//!
//! References: Goldfarb and Idnani, A numerically stable dual method for solving strictly convex quadratic programs,
//! 1983. We depart from it in pricing over the Gram matrix, most of the time over the few rows that the last full pricing
//! found violated; in starting from the equality; and in holding the inverse of the triangular factor by rows.

use super::gram::Gram;
use super::kernel;
use super::tolerances::{DEPENDENCE, MARGINS, NEAR_DIMENSION, NEAR_ROWS, RAY_NOISE, STEPS_PER_DIMENSION};

/// How a projection ended; the details stay in the [`Projector`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Outcome {
    /// `v = Σ coefficients·u` over `active` is inside every open row by the margin.
    Point,
    /// `u_i = Σ multipliers·u` over `proof`; the sum of the multipliers.
    Proof(f64),
    /// Rounding got in the way.
    Stuck,
}

/// The rows still open: the first `limit` positions; `closed[j]` is zero or, for one that is not, minus infinity.
#[derive(Clone, Copy)]
pub(super) struct Open<'a> {
    pub limit: usize,
    pub closed: &'a [f64],
}

/// Buffers of one thread.
#[derive(Default)]
pub(super) struct Projector {
    /// Positions in the active set, the projected row first.
    pub active: Vec<usize>,
    pub coefficients: Vec<f64>,
    pub proof: Vec<usize>,
    pub multipliers: Vec<f64>,
    pub steps: usize,
    /// Positions that no ray needs to show any more.
    pub known: Vec<bool>,
    /// Faces that rays showed: position, active set and coefficients of the point.
    pub finds: Vec<(usize, Vec<usize>, Vec<f64>)>,
    /// Inverse of the lower triangular factor of the active rows' Gram matrix, by rows, zero above the diagonal.
    inverse: Vec<f64>,
    stride: usize,
    starts: Vec<usize>,
    value: Vec<f64>,
    near: Vec<usize>,
    products: Vec<f64>,
    solved: Vec<f64>,
    weights: Vec<f64>,
}

/// The next multiple of the kernels' width.
fn padded(k: usize) -> usize {
    k.next_multiple_of(kernel::LANES)
}

impl Projector {
    /// Begins with row `i`; whether it can be projected.
    #[inline(always)]
    pub fn begin(&mut self, gram: &Gram, i: usize) -> bool {
        self.steps = 0;
        self.active.clear();
        self.coefficients.clear();
        self.starts.clear();
        self.finds.clear();
        self.value.resize(gram.n, 0.0);
        let own = gram.diagonal[i];
        if own.is_nan() || own <= 0.0 {
            return false;
        }
        self.make_room(8);
        self.active.push(i);
        self.starts.push(i * gram.n);
        self.coefficients.push(1.0 / own);
        self.inverse[..8].fill(0.0);
        self.inverse[0] = 1.0 / own.sqrt();
        true
    }

    /// Goes on at another margin from the active set as it is.
    #[inline(always)]
    pub fn relax(&mut self, margin: f64) {
        loop {
            let k = self.active.len();
            self.products.clear();
            self.products.push(1.0);
            self.products.resize(k, 1.0 - margin);
            self.solve();
            let worst =
                (1..k).filter(|&r| self.weights[r] > 0.0).max_by(|&p, &q| self.weights[p].total_cmp(&self.weights[q]));
            match worst {
                Some(r) => self.drop_row(r),
                None => break,
            }
        }
        self.coefficients.clear();
        self.coefficients.extend_from_slice(&self.weights[..self.active.len()]);
    }

    /// Goes on until the point is inside every open row by `margin`, or the row proves redundant.
    #[inline(always)]
    pub fn advance(&mut self, gram: &Gram, open: Open, margin: f64) -> Outcome {
        let i = self.active[0];
        let limit = open.limit.max(i + 1);
        let enough = 1.0 - 0.5 * margin;
        let most = self.steps + STEPS_PER_DIMENSION * (gram.dimension + 4);
        while self.steps < most {
            self.steps += 1;
            kernel::combine(open.closed, &self.coefficients, &gram.products, &self.starts, &mut self.value[..limit]);
            self.value[i] = f64::NEG_INFINITY;
            let (mut p, mut top) = kernel::largest(&self.value[..limit]);
            if top <= enough {
                return Outcome::Point;
            }
            if top.is_nan() {
                return Outcome::Stuck;
            }
            self.near.clear();
            if gram.dimension >= NEAR_DIMENSION {
                self.gather_near(limit, enough + 0.5 * (top - enough));
            }
            self.look_along(p, top, limit);
            // The rows that were violated most, until none of them is.
            loop {
                if self.active.contains(&p) {
                    return Outcome::Stuck;
                }
                if let Some(outcome) = self.admit(gram, p, top - (1.0 - margin)) {
                    return outcome;
                }
                (p, top) = self.price_near(gram);
                if top.is_nan() || top <= enough || self.steps >= most {
                    break;
                }
                self.steps += 1;
            }
        }
        Outcome::Stuck
    }

    /// The first few rows with at least this value.
    #[inline(always)]
    fn gather_near(&mut self, limit: usize, least: f64) {
        for (block, values) in self.value[..limit].chunks(kernel::LANES).enumerate() {
            if values.iter().fold(f64::NEG_INFINITY, |m, v| if *v > m { *v } else { m }) >= least {
                let found = values.iter().enumerate().filter(|x| *x.1 >= least);
                self.near.extend(found.map(|x| block * kernel::LANES + x.0));
            }
        }
        self.near.truncate(NEAR_ROWS);
    }

    /// Whether the ray towards the current point meets row `p` first, by a clear margin.
    #[inline(always)]
    fn look_along(&mut self, p: usize, top: f64, limit: usize) {
        if self.known.get(p).is_none_or(|known| *known) {
            return;
        }
        self.value[p] = f64::NEG_INFINITY;
        let (_, next) = kernel::largest(&self.value[..limit]);
        if next.max(1.0) <= top * (1.0 - 0.5 * MARGINS[0]) {
            self.known[p] = true;
            let coefficients = self.coefficients.iter().map(|c| c / top).collect();
            self.finds.push((p, self.active.clone(), coefficients));
        }
    }

    /// The most violated of the rows that were violated before.
    #[inline(always)]
    fn price_near(&self, gram: &Gram) -> (usize, f64) {
        let (mut best, mut top) = (0, f64::NEG_INFINITY);
        for &j in &self.near {
            let value = self.starts.iter().zip(&self.coefficients).map(|(s, c)| c * gram.products[s + j]).sum();
            if value > top {
                (best, top) = (j, value);
            }
        }
        (best, top)
    }

    /// `weights`, by which the active rows make up `products` in the Gram matrix, and `solved`, of the same length in it.
    #[inline(always)]
    fn solve(&mut self) {
        let (k, stride, width) = (self.active.len(), self.stride, padded(self.active.len()));
        self.products.resize(width, 0.0);
        self.weights.resize(width, 0.0);
        self.solved.resize(k, 0.0);
        for r in 0..k {
            let row = &self.inverse[r * stride..r * stride + padded(r + 1)];
            self.solved[r] = kernel::dot(row, &self.products[..row.len()]);
        }
        for (block, out) in self.weights.chunks_exact_mut(kernel::LANES).enumerate() {
            let first = block * kernel::LANES;
            let mut sums = [0.0; kernel::LANES];
            for (r, w) in self.solved.iter().enumerate().skip(first) {
                let row = &self.inverse[r * stride + first..][..kernel::LANES];
                for l in 0..kernel::LANES {
                    sums[l] += w * row[l];
                }
            }
            out.copy_from_slice(&sums);
        }
    }

    /// Brings row `p`, violated by `excess`, into the active set, dropping rows that block it.
    #[inline(always)]
    fn admit(&mut self, gram: &Gram, p: usize, mut excess: f64) -> Option<Outcome> {
        let (start, own) = (p * gram.n, gram.diagonal[p]);
        let mut entered = 0.0;
        loop {
            let k = self.active.len();
            self.make_room(k + 2);
            self.products.clear();
            self.products.extend(self.active.iter().map(|&f| gram.products[start + f]));
            self.solve();
            let curvature = own - self.solved.iter().map(|w| w * w).sum::<f64>();
            let dependent = curvature.is_nan() || curvature <= DEPENDENCE * own || k >= gram.dimension;
            let noise =
                if dependent { RAY_NOISE * self.weights.iter().fold(0.0, |m: f64, w| m.max(w.abs())) } else { 0.0 };
            let (mut blocking, mut step) = (0, f64::INFINITY);
            for r in 1..k {
                if self.weights[r] > noise {
                    let t = -self.coefficients[r] / self.weights[r];
                    if t < step {
                        (blocking, step) = (r, t);
                    }
                }
            }
            if dependent && blocking == 0 {
                return Some(self.ray(p));
            }
            let full = if dependent { f64::INFINITY } else { excess / curvature };
            if full <= step {
                for r in 0..k {
                    self.coefficients[r] += full * self.weights[r];
                }
                self.coefficients.push(-(entered + full));
                self.append(curvature.sqrt());
                self.active.push(p);
                self.starts.push(start);
                return None;
            }
            let step = step.max(0.0);
            for r in 0..k {
                self.coefficients[r] += step * self.weights[r];
            }
            entered += step;
            if !dependent {
                excess -= step * curvature;
            }
            self.drop_row(blocking);
            self.coefficients.remove(blocking);
            self.steps += 1;
        }
    }

    /// The inverse factor's next row, from the weights of the row that joins and the length it has left.
    #[inline(always)]
    fn append(&mut self, length: f64) {
        let (k, stride) = (self.active.len(), self.stride);
        let row = &mut self.inverse[k * stride..k * stride + padded(k + 1)];
        row.fill(0.0);
        row.iter_mut().zip(&self.weights[..k]).for_each(|(x, w)| *x = -w / length);
        row[k] = 1.0 / length;
    }

    /// Widens the factor for `rows` rows.
    fn make_room(&mut self, rows: usize) {
        if rows > self.stride {
            let (old, new) = (self.stride, padded(2 * rows));
            let mut inverse = vec![0.0; new * new];
            for r in 0..old {
                inverse[r * new..r * new + old].copy_from_slice(&self.inverse[r * old..(r + 1) * old]);
            }
            (self.inverse, self.stride) = (inverse, new);
        }
    }

    /// The multipliers of the dual ray when no row blocks a dependent `p`.
    fn ray(&mut self, p: usize) -> Outcome {
        let lead = self.weights[0];
        if lead.is_nan() || lead <= 0.0 {
            return Outcome::Stuck;
        }
        self.proof.clear();
        self.multipliers.clear();
        self.proof.push(p);
        self.multipliers.push(1.0 / lead);
        for (r, &f) in self.active.iter().enumerate().skip(1) {
            if self.weights[r] < 0.0 {
                self.proof.push(f);
                self.multipliers.push(-self.weights[r] / lead);
            }
        }
        Outcome::Proof(self.multipliers.iter().sum())
    }

    /// Removes row `r` from the active set: rotations gather its column of the inverse factor in the last row, which goes.
    #[inline(always)]
    fn drop_row(&mut self, r: usize) {
        let (k, stride) = (self.active.len(), self.stride);
        for q in r..k - 1 {
            let (above, below) = self.inverse.split_at_mut((q + 1) * stride);
            let (upper, lower) = (&mut above[q * stride..q * stride + q + 2], &mut below[..q + 2]);
            let (a, b) = (upper[r], lower[r]);
            let length = (a * a + b * b).sqrt();
            let (c, s) = (b / length, a / length);
            for (x, y) in upper.iter_mut().zip(lower) {
                (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
            }
            upper.copy_within(r + 1.., r);
            upper[q + 1] = 0.0;
        }
        self.active.remove(r);
        self.starts.remove(r);
    }
}
