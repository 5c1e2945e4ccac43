//! The local metric of a region: a centre, and rows whitened by the Hessian of the logarithmic barrier there.
//!
//! Contract: the centre is strictly inside in floating point; nothing here is certain, verdicts are certified later.
//! References: I. I. Dikin, Iterative solution of problems of linear and quadratic programming, Soviet Math. Dokl. 8
//! (1967); Y. Nesterov and A. Nemirovskii, Interior-Point Polynomial Algorithms (1994), section 2.2 (damped Newton).

use super::reduce::Reduced;
use super::tolerances::{CENTRING_STEPS, PROXIMAL};

/// Rows in the local metric, around a centre.
#[derive(Clone, Debug, Default)]
pub struct Metric {
    /// The centre relative to the interior point.
    pub centre: Vec<f64>,
    /// Whitened unit normals, row-major.
    pub normals: Vec<f64>,
    /// Distance of each whitened hyperplane from the centre.
    pub distances: Vec<f64>,
    /// Length of each whitened normal before it was made a unit vector.
    pub lengths: Vec<f64>,
    factor: Vec<f64>,
    gradient: Vec<f64>,
    slacks: Vec<f64>,
}

impl Metric {
    /// Builds the metric; `None` when the Hessian has no Cholesky factor in floating point.
    pub fn build(&mut self, d: usize, reduced: &Reduced) -> Option<()> {
        let m = reduced.slacks.len();
        self.centre.clear();
        self.centre.resize(d, 0.0);
        self.slacks.clone_from(&reduced.slacks);
        let farthest = reduced.slacks.iter().copied().fold(f64::MIN_POSITIVE, f64::max);
        let proximal = PROXIMAL / (farthest * farthest);
        for _ in 0..CENTRING_STEPS {
            self.factorise(d, reduced, proximal)?;
            self.gradient.clear();
            self.gradient.resize(d, 0.0);
            for (normal, s) in reduced.normals.chunks_exact(d).zip(&self.slacks) {
                self.gradient.iter_mut().zip(normal).for_each(|(g, a)| *g -= a / s);
            }
            for k in 0..d {
                self.gradient[k] -= proximal * self.centre[k];
            }
            forward(&self.factor, d, &mut self.gradient);
            let decrement = self.gradient.iter().map(|g| g * g).sum::<f64>().sqrt();
            if decrement < 0.3 {
                break;
            }
            backward(&self.factor, d, &mut self.gradient);
            let step = 1.0 / (1.0 + decrement);
            for k in 0..d {
                self.centre[k] += step * self.gradient[k];
            }
            for j in 0..m {
                let moved: f64 = reduced.normals[j * d..(j + 1) * d].iter().zip(&self.centre).map(|(a, v)| a * v).sum();
                self.slacks[j] = reduced.slacks[j] - moved;
                if self.slacks[j] <= 0.0 {
                    // Rounding left the region: stay at the given point.
                    self.centre.fill(0.0);
                    self.slacks.clone_from(&reduced.slacks);
                    self.factorise(d, reduced, proximal)?;
                    return self.whiten(d, reduced);
                }
            }
        }
        self.factorise(d, reduced, proximal)?;
        self.whiten(d, reduced)
    }

    /// Cholesky factor of `Σ a aᵀ / s² + proximal · I`.
    fn factorise(&mut self, d: usize, reduced: &Reduced, proximal: f64) -> Option<()> {
        self.factor.clear();
        self.factor.resize(d * d, 0.0);
        for (normal, s) in reduced.normals.chunks_exact(d).zip(&self.slacks) {
            let weight = 1.0 / (s * s);
            for k in 0..d {
                let scaled = weight * normal[k];
                if scaled != 0.0 {
                    for l in 0..=k {
                        self.factor[k * d + l] += scaled * normal[l];
                    }
                }
            }
        }
        for k in 0..d {
            self.factor[k * d + k] += proximal;
            for l in 0..=k {
                let mut sum = self.factor[k * d + l];
                for i in 0..l {
                    sum -= self.factor[k * d + i] * self.factor[l * d + i];
                }
                if k == l {
                    if sum.is_nan() || sum <= 0.0 {
                        return None;
                    }
                    self.factor[k * d + k] = sum.sqrt();
                } else {
                    self.factor[k * d + l] = sum / self.factor[l * d + l];
                }
            }
        }
        Some(())
    }

    fn whiten(&mut self, d: usize, reduced: &Reduced) -> Option<()> {
        self.normals.clone_from(&reduced.normals);
        self.distances.clear();
        self.lengths.clear();
        for (normal, s) in self.normals.chunks_exact_mut(d).zip(&self.slacks) {
            forward(&self.factor, d, normal);
            let length = normal.iter().map(|a| a * a).sum::<f64>().sqrt();
            if length.is_nan() || length <= 0.0 {
                return None;
            }
            normal.iter_mut().for_each(|a| *a /= length);
            self.distances.push(s / length);
            self.lengths.push(length);
        }
        Some(())
    }

    /// A point given in whitened coordinates around the centre, relative to the interior point.
    pub fn unwhiten(&self, d: usize, u: &[f64]) -> Vec<f64> {
        let mut v = u.to_vec();
        backward(&self.factor, d, &mut v);
        v.iter_mut().zip(&self.centre).for_each(|(v, c)| *v += c);
        v
    }
}

/// Solves `L x = b` in place.
fn forward(factor: &[f64], d: usize, b: &mut [f64]) {
    for k in 0..d {
        let mut sum = b[k];
        for l in 0..k {
            sum -= factor[k * d + l] * b[l];
        }
        b[k] = sum / factor[k * d + k];
    }
}

/// Solves `Lᵀ x = b` in place.
fn backward(factor: &[f64], d: usize, b: &mut [f64]) {
    for k in (0..d).rev() {
        let mut sum = b[k];
        for l in k + 1..d {
            sum -= factor[l * d + k] * b[l];
        }
        b[k] = sum / factor[k * d + k];
    }
}
