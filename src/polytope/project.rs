//! Projection onto one row's hyperplane within the region, by a dual active-set method in the Gram matrix.
//!
//! Contract: minimise `½|v|²` subject to `u_i·v = 1` and `u_j·v <= 1 - margin` for the other open rows, `u` the
//! whitened rows. Ends at a point (a face), at multipliers (redundant, when their sum is at most one), or stuck.
//! Everything it says is a candidate for [`super::check`].
//!
//! References: Goldfarb and Idnani, A numerically stable dual method for solving strictly convex quadratic programs,
//! 1983. We depart from it in pricing over the Gram matrix and in starting from the equality.

use super::gram::Gram;
use super::kernel;
use super::tolerances::{DEPENDENCE, RAY_NOISE, STEPS_PER_DIMENSION};

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

/// Buffers of one thread.
#[derive(Default)]
pub(super) struct Projector {
    /// Positions in the active set, the projected row first.
    pub active: Vec<usize>,
    pub coefficients: Vec<f64>,
    pub proof: Vec<usize>,
    pub multipliers: Vec<f64>,
    pub steps: usize,
    factor: Vec<f64>,
    stride: usize,
    starts: Vec<usize>,
    value: Vec<f64>,
    solved: Vec<f64>,
    weights: Vec<f64>,
    columns: Vec<f64>,
    free: Vec<usize>,
}

impl Projector {
    /// Projects row `i` against the open rows among the first `limit` (`closed[j]` is zero or minus infinity).
    #[inline(always)]
    pub fn run(&mut self, gram: &Gram, i: usize, limit: usize, closed: &[f64], margin: f64) -> Outcome {
        let (d, n) = (gram.dimension, gram.n);
        let limit = limit.max(i + 1);
        self.stride = self.stride.max(8);
        self.active.clear();
        self.coefficients.clear();
        self.starts.clear();
        self.free.clear();
        self.free.extend((0..d + 2).rev());
        self.factor.resize(self.stride * self.stride, 0.0);
        self.value.resize(n, 0.0);
        if gram.full().is_none() {
            self.columns.resize(self.columns.len().max(8 * n), 0.0);
        }
        let own = gram.diagonal[i];
        if own.is_nan() || own <= 0.0 {
            return Outcome::Stuck;
        }
        self.active.push(i);
        let start = self.load(gram, i);
        self.starts.push(start);
        self.coefficients.push(1.0 / own);
        self.factor[0] = own.sqrt();
        for _ in 0..STEPS_PER_DIMENSION * (d + 4) {
            self.steps += 1;
            let data = gram.full().unwrap_or(&self.columns);
            kernel::combine(closed, &self.coefficients, data, &self.starts, &mut self.value[..limit]);
            self.value[i] = f64::NEG_INFINITY;
            let (p, top) = kernel::largest(&self.value[..limit]);
            if top <= 1.0 - 0.5 * margin {
                return Outcome::Point;
            }
            if top.is_nan() || self.active.contains(&p) {
                return Outcome::Stuck;
            }
            if let Some(outcome) = self.admit(gram, p, top - (1.0 - margin)) {
                return outcome;
            }
        }
        Outcome::Stuck
    }

    /// Brings row `p`, violated by `excess`, into the active set, dropping rows that block it.
    #[inline(always)]
    fn admit(&mut self, gram: &Gram, p: usize, mut excess: f64) -> Option<Outcome> {
        let start = self.load(gram, p);
        let own = gram.diagonal[p];
        let mut entered = 0.0;
        loop {
            let k = self.active.len();
            let stride = self.make_room(k + 2);
            let data = gram.full().unwrap_or(&self.columns);
            self.solved.clear();
            let mut curvature = own;
            for r in 0..k {
                let row = &self.factor[r * stride..r * stride + r];
                let w = (data[start + self.active[r]] - kernel::dot(row, &self.solved)) / self.factor[r * stride + r];
                curvature -= w * w;
                self.solved.push(w);
            }
            self.weights.clear();
            self.weights.extend_from_slice(&self.solved);
            for r in (0..k).rev() {
                let w = self.weights[r] / self.factor[r * stride + r];
                self.weights[r] = w;
                let (head, _) = self.weights.split_at_mut(r);
                kernel::axpy(-w, &self.factor[r * stride..r * stride + r], head);
            }
            let dependent = curvature <= DEPENDENCE * own || k >= gram.dimension;
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
                self.factor[k * stride..k * stride + k].copy_from_slice(&self.solved);
                self.factor[k * stride + k] = curvature.sqrt();
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
            self.drop_row(gram, blocking);
            self.steps += 1;
        }
    }

    /// Widens the triangular factor for `rows` rows; its width.
    fn make_room(&mut self, rows: usize) -> usize {
        if rows > self.stride {
            let (old, new) = (self.stride, 2 * rows);
            let mut factor = vec![0.0; new * new];
            for (r, row) in self.factor.chunks_exact(old).enumerate().take(old) {
                factor[r * new..r * new + old].copy_from_slice(row);
            }
            (self.factor, self.stride) = (factor, new);
        }
        self.stride
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
        for (r, &w) in self.weights.iter().enumerate().skip(1) {
            if w < 0.0 {
                self.proof.push(self.active[r]);
                self.multipliers.push(-w / lead);
            }
        }
        Outcome::Proof(self.multipliers.iter().sum())
    }

    /// Removes row `r` from the active set and restores the triangular factor by Givens rotations.
    fn drop_row(&mut self, gram: &Gram, r: usize) {
        let (k, stride) = (self.active.len(), self.stride);
        if gram.full().is_none() {
            self.free.push(self.starts[r] / gram.n);
        }
        self.active.remove(r);
        self.coefficients.remove(r);
        self.starts.remove(r);
        for q in r + 1..k {
            let (above, below) = self.factor.split_at_mut(q * stride);
            above[(q - 1) * stride..(q - 1) * stride + q + 1].copy_from_slice(&below[..q + 1]);
        }
        for q in r..k - 1 {
            let (a, b) = (self.factor[q * stride + q], self.factor[q * stride + q + 1]);
            let length = a.hypot(b);
            let (c, s) = (a / length, b / length);
            for row in q..k - 1 {
                let (x, y) = (self.factor[row * stride + q], self.factor[row * stride + q + 1]);
                self.factor[row * stride + q] = c * x + s * y;
                self.factor[row * stride + q + 1] = c * y - s * x;
            }
        }
    }

    /// Where the Gram column of position `p` begins, loading it when the matrix is not stored in full.
    fn load(&mut self, gram: &Gram, p: usize) -> usize {
        let n = gram.n;
        if gram.full().is_some() {
            return p * n;
        }
        let slot = self.free.pop().unwrap_or(0);
        if self.columns.len() < (slot + 1) * n {
            self.columns.resize((slot + 1) * n, 0.0);
        }
        gram.column(p, &mut self.columns[slot * n..(slot + 1) * n]);
        slot * n
    }
}
