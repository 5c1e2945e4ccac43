//! Projection of the centre onto one hyperplane within the others: a witness of a face, or multipliers against it.
//!
//! Minimise `½|u|²` subject to `n_i · u = t_i` and `n_j · u ≤ (1 − ε) t_j`, by the dual active-set method: start from the
//! equality alone, add the most violated row, drop rows whose multiplier would change sign.
//! Reference: D. Goldfarb and A. Idnani, A numerically stable dual method for solving strictly convex quadratic
//! programs, Math. Programming 27 (1983).

use super::metric::Metric;
use super::tolerances::{DEPENDENT, STEPS_PER_DIMENSION};

/// What the projection proposes.
pub enum Proposal {
    /// A point on the hyperplane inside the others, in whitened coordinates.
    Face(Vec<f64>),
    /// Multipliers by class, for whitened unit normals: they add up to the row's normal.
    Redundant(Vec<(usize, f64)>),
    /// No answer within the allowed steps.
    Stuck,
}

/// Buffers of the active set.
#[derive(Clone, Debug, Default)]
pub struct Active {
    /// Classes in the active set; the first is the equality.
    rows: Vec<usize>,
    multipliers: Vec<f64>,
    /// Orthonormal basis of their normals, row-major, and the triangular factor (column per active row).
    basis: Vec<f64>,
    factor: Vec<Vec<f64>>,
    u: Vec<f64>,
    z: Vec<f64>,
}

impl Active {
    /// Projects onto class `i` with a relative margin, ignoring dropped classes.
    pub fn project(&mut self, i: usize, d: usize, metric: &Metric, dropped: &[bool], margin: f64) -> Proposal {
        let normal = |j: usize| &metric.normals[j * d..(j + 1) * d];
        self.rows.clear();
        self.multipliers.clear();
        self.basis.clear();
        self.factor.clear();
        self.u.clear();
        self.u.extend(normal(i).iter().map(|a| a * metric.distances[i]));
        self.extend(d, normal(i), i, -metric.distances[i]);
        for _ in 0..STEPS_PER_DIMENSION * (d + 2) {
            let Some((j, mut violation)) = self.most_violated(i, d, metric, dropped, margin) else {
                return Proposal::Face(self.u.clone());
            };
            let mut own = 0.0;
            loop {
                let coefficients = self.decompose(d, normal(j));
                let rest: f64 = self.z.iter().map(|z| z * z).sum();
                let independent = rest.sqrt() > DEPENDENT && self.rows.len() < d;
                let full = if independent { violation / rest } else { f64::INFINITY };
                let limit = (1..self.rows.len())
                    .filter(|&k| coefficients[k] > 0.0)
                    .map(|k| (self.multipliers[k] / coefficients[k], k))
                    .min_by(|a, b| a.0.total_cmp(&b.0));
                let partial = limit.map_or(f64::INFINITY, |l| l.0);
                if full.is_infinite() && partial.is_infinite() {
                    return self.ray(j, &coefficients);
                }
                let step = full.min(partial);
                own += step;
                for (m, c) in self.multipliers.iter_mut().zip(&coefficients) {
                    *m -= step * c;
                }
                if independent {
                    for (u, z) in self.u.iter_mut().zip(&self.z) {
                        *u -= step * z;
                    }
                    violation -= step * rest;
                }
                if full <= partial {
                    self.extend(d, normal(j), j, own);
                    break;
                }
                if let Some((_, k)) = limit {
                    self.remove(k, d, metric);
                }
            }
        }
        Proposal::Stuck
    }

    fn most_violated(
        &self,
        i: usize,
        d: usize,
        metric: &Metric,
        dropped: &[bool],
        margin: f64,
    ) -> Option<(usize, f64)> {
        let mut worst = None;
        let mut most = 0.0;
        for (j, normal) in metric.normals.chunks_exact(d).enumerate() {
            if j == i || dropped[j] {
                continue;
            }
            let value: f64 = normal.iter().zip(&self.u).map(|(a, u)| a * u).sum();
            let violation = value - (1.0 - margin) * metric.distances[j];
            // Half the margin is left to rounding: a row counts as violated only when it eats into that half.
            if violation > most + 0.5 * margin * metric.distances[j] && !self.rows.contains(&j) {
                (most, worst) = (violation, Some((j, violation)));
            }
        }
        worst
    }

    /// Coefficients of a vector over the active normals; leaves the part orthogonal to them in `z`.
    fn decompose(&mut self, d: usize, vector: &[f64]) -> Vec<f64> {
        self.z.clear();
        self.z.extend_from_slice(vector);
        let n = self.rows.len();
        let mut along = vec![0.0; n];
        // Twice is enough: the second pass removes what rounding left of the first.
        for _ in 0..2 {
            for k in 0..n {
                let q = &self.basis[k * d..(k + 1) * d];
                let c: f64 = q.iter().zip(&self.z).map(|(q, z)| q * z).sum();
                along[k] += c;
                self.z.iter_mut().zip(q).for_each(|(z, q)| *z -= c * q);
            }
        }
        for k in (0..n).rev() {
            let mut sum = along[k];
            for l in k + 1..n {
                sum -= self.factor[l][k] * along[l];
            }
            along[k] = sum / self.factor[k][k];
        }
        along
    }

    /// Adds a row to the active set.
    fn extend(&mut self, d: usize, normal: &[f64], row: usize, multiplier: f64) {
        let n = self.rows.len();
        let mut q = normal.to_vec();
        let mut column = vec![0.0; n + 1];
        for _ in 0..2 {
            for k in 0..n {
                let basis = &self.basis[k * d..(k + 1) * d];
                let c: f64 = basis.iter().zip(&q).map(|(a, b)| a * b).sum();
                column[k] += c;
                q.iter_mut().zip(basis).for_each(|(q, b)| *q -= c * b);
            }
        }
        let length = q.iter().map(|x| x * x).sum::<f64>().sqrt();
        column[n] = length;
        self.basis.extend(q.iter().map(|x| x / length));
        self.factor.push(column);
        self.rows.push(row);
        self.multipliers.push(multiplier);
    }

    /// Takes a row out of the active set and rebuilds the basis behind it.
    fn remove(&mut self, k: usize, d: usize, metric: &Metric) {
        let rows: Vec<(usize, f64)> = self.rows.drain(k..).zip(self.multipliers.drain(k..)).skip(1).collect();
        self.basis.truncate(k * d);
        self.factor.truncate(k);
        for (row, multiplier) in rows {
            self.extend(d, &metric.normals[row * d..(row + 1) * d], row, multiplier);
        }
    }

    /// The dual ray: row j depends on the active rows with no multiplier left to give.
    fn ray(&self, j: usize, coefficients: &[f64]) -> Proposal {
        let lead = coefficients[0];
        if lead <= 0.0 {
            return Proposal::Stuck;
        }
        let mut multipliers = vec![(j, 1.0 / lead)];
        for k in 1..self.rows.len() {
            let y = -coefficients[k] / lead;
            if y > 0.0 {
                multipliers.push((self.rows[k], y));
            }
        }
        Proposal::Redundant(multipliers)
    }
}
