//! The rigorous float check that every float certificate must pass, from the rows as given.
//!
//! Contract: an accepted certificate is a proof about the *exact* rows: every bound contains the rows' own errors and
//! the rounding of the check. What is not accepted may still be true. Shares no code with the solvers.
//!
//! A witness `x` of row `i`: on the segment from the interior point `c` through `x`, the exact hyperplane is met at
//! parameter `1 + t`, `|t| <= τ = R / (s_i(c) - R)`, `R` bounding the exact residual of row `i` at `x`. There another
//! row's slack is at least `s_j(x) - τ s_j(c)`; if that is positive for all, the row is a face.
//!
//! A proof `y` of redundancy: `a_i·(x - c) = Σ y_f a_f·(x - c) + r·(x - c)`, the last term bounded over the box; if
//! the sum stays below `s_i(c)` for every `x`, the row is never tight.
//!
//! References: Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 3.1 (γ_n).

use super::cone::{self, Unit};
use super::kernel;
use super::products::Products;
use super::rows::Halfspaces;
use super::tolerances::{BOUND_SAFETY, BOX_DIMENSION, CONE_DIMENSION, ROUNDOFF};
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;

/// Points of one product; fixed, so that results do not depend on the number of threads.
const SHARE: usize = 64;

/// The rows of one region, prepared for checking.
pub(super) struct Check<'a> {
    h: &'a Halfspaces,
    interior: &'a [f64],
    /// Euclidean norms of the float rows.
    pub norms: Vec<f64>,
    /// Float slacks at the interior point and bounds on their errors against the exact rows.
    pub slack: Vec<f64>,
    pub slack_error: Vec<f64>,
    walls: Vec<Option<(usize, f64)>>,
    /// Extent of the box below and above the interior point; infinite without walls.
    below: Vec<f64>,
    above: Vec<f64>,
    /// The units' rows of a large region.
    products: Option<Products>,
}

impl<'a> Check<'a> {
    pub fn new(h: &'a Halfspaces, interior: &'a [f64]) -> Check<'a> {
        let (d, m) = (h.dimension, h.len());
        let walls: Vec<_> = (0..h.walls).map(|i| h.wall(i)).collect();
        let norms: Vec<f64> = (0..m)
            .map(|i| {
                let a = h.normal(i);
                if i < h.walls { 1.0 } else { kernel::dot(a, a).sqrt() }
            })
            .collect();
        let (mut below, mut above) = (vec![f64::INFINITY; d], vec![f64::INFINITY; d]);
        for (i, wall) in walls.iter().enumerate() {
            if let Some((k, sign)) = wall {
                let (side, bound) = if *sign > 0.0 {
                    (&mut above[*k], h.offsets[i] - interior[*k])
                } else {
                    (&mut below[*k], h.offsets[i] + interior[*k])
                };
                *side = side.min(bound * (1.0 + 4.0 * ROUNDOFF));
            }
        }
        let mut check =
            Check { h, interior, norms, slack: vec![], slack_error: vec![], walls, below, above, products: None };
        let mut slack = vec![0.0; m];
        check.slacks(interior, &mut slack);
        let size = check.size(interior);
        check.slack_error = (0..m).map(|i| check.slack_bound(i, interior, &size)).collect();
        check.slack = slack;
        check.products = (d >= BOX_DIMENSION).then(|| Products::new(h));
        check
    }

    /// Axis and sign of row `i` when it is a wall.
    pub fn wall(&self, i: usize) -> Option<(usize, f64)> {
        self.walls.get(i).copied().flatten()
    }

    /// Whether the walls bound every axis on both sides.
    pub fn is_boxed(&self) -> bool {
        self.below.iter().chain(&self.above).all(|x| x.is_finite())
    }

    /// Inputs that row `i` sees, where they are few.
    pub fn support(&self, i: usize) -> Option<&[u32]> {
        self.products.as_ref()?.support(i.checked_sub(self.h.walls)?)
    }

    /// Products of all rows with `x`, in large regions.
    pub fn forward(&self, x: &[f64]) -> Vec<f64> {
        let mut out = vec![0.0; self.h.len()];
        if let Some(products) = &self.products {
            products.at_many(x, &mut out, self.h.len(), self.h.walls);
        }
        for (i, product) in out.iter_mut().enumerate().take(self.h.walls) {
            *product = self.wall(i).map_or(0.0, |(k, sign)| sign * x[k]);
        }
        out
    }

    /// The sum of all rows times their weights, each entry through `entry`; in fixed chunks, added in order.
    pub fn combined(&self, weights: &[f64], entry: impl Fn(f64) -> f64 + Sync) -> Vec<f64> {
        const CHUNK: usize = 2048;
        let part = |(k, weights): (usize, &[f64])| {
            let mut out = vec![0.0; self.h.dimension];
            for (i, w) in (CHUNK * k..).zip(weights) {
                match (self.wall(i), self.support(i)) {
                    (Some((k, sign)), _) => out[k] += w * entry(sign),
                    (None, Some(support)) => {
                        let row = self.h.normal(i);
                        support.iter().for_each(|&k| out[k as usize] += w * entry(row[k as usize]));
                    }
                    (None, None) => out.iter_mut().zip(self.h.normal(i)).for_each(|(o, a)| *o += w * entry(*a)),
                }
            }
            out
        };
        let parts: Vec<Vec<f64>> = weights.par_chunks(CHUNK).enumerate().map(part).collect();
        parts.iter().fold(vec![0.0; self.h.dimension], |mut sum, part| {
            kernel::axpy(1.0, part, &mut sum);
            sum
        })
    }

    /// Room of the box below and above the interior point along axis `k`.
    pub fn room(&self, k: usize) -> (f64, f64) {
        (self.below[k], self.above[k])
    }

    /// Float slacks of all rows at `x`.
    pub fn slacks(&self, x: &[f64], out: &mut [f64]) {
        let h = self.h;
        for (i, s) in out.iter_mut().enumerate() {
            *s = h.offsets[i]
                - match self.wall(i) {
                    Some((k, sign)) => sign * x[k],
                    None => kernel::dot(h.normal(i), x),
                };
        }
    }

    /// Float slacks of all rows at many points (`d` coordinates each), one point after the other.
    pub fn slacks_at_many(&self, points: &[f64]) -> Vec<f64> {
        let (h, d, m) = (self.h, self.h.dimension, self.h.len());
        let count = points.len() / d.max(1);
        let mut out = vec![0.0; m * count];
        if let Some(products) = &self.products {
            self.by_steps(products, points, &mut out);
            return out;
        }
        let rows = MatRef::from_row_major_slice(&h.normals[h.walls * d..], m - h.walls, d);
        out.par_chunks_mut(m * SHARE).zip(points.par_chunks(d * SHARE)).for_each(|(out, points)| {
            let columns = points.len() / d;
            let (walls, units) = MatMut::from_column_major_slice_mut(out, m, columns).split_at_row_mut(h.walls);
            let points = MatRef::from_column_major_slice(points, d, columns);
            matmul(units, Accum::Replace, rows, points, -1.0, Par::Seq);
            let mut walls = walls;
            for (c, x) in points.col_iter().enumerate() {
                for i in 0..h.walls {
                    walls[(i, c)] = self.wall(i).map_or(0.0, |(k, sign)| -sign * x[k]);
                }
            }
            for slacks in out.chunks_exact_mut(m) {
                slacks.iter_mut().zip(&h.offsets).for_each(|(s, b)| *s += b);
            }
        });
        out
    }

    /// The same from the slacks at the interior point and the steps away from it.
    fn by_steps(&self, products: &Products, points: &[f64], out: &mut [f64]) {
        let (h, d, m) = (self.h, self.h.dimension, self.h.len());
        let mut steps = points.to_vec();
        let away = |step: &mut [f64]| step.iter_mut().zip(self.interior).for_each(|(v, c)| *v -= c);
        steps.par_chunks_mut(d.max(1)).for_each(away);
        products.at_many(&steps, out, m, h.walls);
        out.par_chunks_mut(m.max(1)).zip(points.par_chunks(d.max(1))).for_each(|(slacks, x)| {
            let (walls, units) = slacks.split_at_mut(h.walls);
            for (i, s) in walls.iter_mut().enumerate() {
                *s = h.offsets[i] - self.wall(i).map_or(0.0, |(k, sign)| sign * x[k]);
            }
            units.iter_mut().zip(&self.slack[h.walls..]).for_each(|(s, c)| *s = c - *s);
        });
    }

    /// Bound on the error of row `i`'s float slack at `x` against the exact row, whichever way it was computed.
    fn slack_bound(&self, i: usize, x: &[f64], size: &Size) -> f64 {
        let h = self.h;
        match self.wall(i) {
            Some((k, _)) => ROUNDOFF * (h.offsets[i].abs() + x[k].abs()) * BOUND_SAFETY,
            None => {
                let direct = self.bound_of_unit(i, size);
                if self.products.is_none() {
                    return direct;
                }
                // From the interior point: its own slack's error, the step's rounding, the products', the difference's.
                let steps = (h.dimension + 8) as f64 * ROUNDOFF * (self.slack[i].abs() + self.norms[i] * size.step_two);
                direct.max((self.slack_error[i] + steps + h.errors[i] * size.step_one) * BOUND_SAFETY)
            }
        }
    }

    /// The same for a row that is no wall, computed as it stands.
    #[inline(always)]
    fn bound_of_unit(&self, i: usize, size: &Size) -> f64 {
        let h = self.h;
        let rounding = (h.dimension + 4) as f64 * ROUNDOFF * (h.offsets[i].abs() + self.norms[i] * size.two);
        (rounding + h.errors[i] * (1.0 + size.one)) * BOUND_SAFETY
    }

    /// Rows whose float slack at the interior point is not certainly positive.
    pub fn doubtful_interior(&self) -> Vec<usize> {
        (0..self.h.len()).filter(|&i| self.slack[i] <= self.slack_error[i]).collect()
    }

    /// Whether `x` is a witness that the class `class` (ascending rows) is a face; then its margin. `others` are the
    /// rows to be inside of, one per other class.
    pub fn witness(&self, class: &[usize], x: &[f64], others: &[usize], slacks: &[f64]) -> Option<f64> {
        let i = *class.first()?;
        let size = self.size(x);
        if !size.one.is_finite() {
            return None;
        }
        let residual = (slacks[i].abs() + self.slack_bound(i, x, &size)) * BOUND_SAFETY;
        let reach = self.slack[i] - self.slack_error[i] - residual;
        if reach.is_nan() || reach <= 0.0 {
            return None;
        }
        let tau = residual / reach * BOUND_SAFETY;
        let mut margin = f64::INFINITY;
        let mut each = |j: usize, bound: f64| {
            let left = slacks[j] - bound;
            let lost = tau * (self.slack[j] + self.slack_error[j]) * BOUND_SAFETY;
            let inside = (left - lost) / (self.norms[j] * BOUND_SAFETY);
            // Also what is not a number is not inside.
            margin = if inside >= margin { margin } else { inside };
            left > lost
        };
        let plain = self.products.is_none();
        let sure = others.iter().all(|&j| match class.binary_search(&j) {
            Ok(_) => true,
            Err(_) if plain && j >= self.h.walls => each(j, self.bound_of_unit(j, &size)),
            Err(_) => each(j, self.slack_bound(j, x, &size)),
        });
        (sure && margin > 0.0).then_some(margin)
    }

    /// Whether the multipliers prove row `i` redundant; then what is left of the gap, as a distance.
    pub fn proof(&self, i: usize, rows: &[usize], multipliers: &[f64], scratch: &mut Vec<f64>) -> Option<f64> {
        let (h, d) = (self.h, self.h.dimension);
        if multipliers.iter().any(|y| !y.is_finite() || *y < 0.0) || rows.contains(&i) {
            return None;
        }
        scratch.clear();
        scratch.extend_from_slice(h.normal(i));
        scratch.extend(h.normal(i).iter().map(|a| a.abs()));
        let (residual, sizes) = scratch.split_at_mut(d);
        let (mut gap, mut doubt, mut error) = (self.slack[i], self.slack_error[i], h.errors[i]);
        let mut volume = self.slack[i].abs();
        for (&f, &y) in rows.iter().zip(multipliers) {
            match self.wall(f) {
                Some((k, sign)) => {
                    residual[k] -= y * sign;
                    sizes[k] += y;
                }
                None => {
                    for (k, a) in h.normal(f).iter().enumerate() {
                        residual[k] -= y * a;
                        sizes[k] += y * a.abs();
                    }
                }
            }
            gap -= y * self.slack[f];
            volume += y * self.slack[f].abs();
            doubt += y * self.slack_error[f];
            error += y * h.errors[f];
        }
        let gamma = (rows.len() + 3) as f64 * ROUNDOFF;
        let mut spill = 0.0;
        for k in 0..d {
            let doubt = (error + gamma * sizes[k]) * BOUND_SAFETY;
            let (up, down) = (residual[k] + doubt, doubt - residual[k]);
            if up > 0.0 {
                spill += up * self.above[k];
            }
            if down > 0.0 {
                spill += down * self.below[k];
            }
        }
        // Rows without error and axes without residual leave `0 * infinity` out of the sum by the tests above.
        let terms = (d + rows.len() + 4) as f64;
        let left = gap - (doubt + spill + gamma * volume + terms * ROUNDOFF * (spill + volume)) * BOUND_SAFETY;
        if left > 0.0 {
            return Some(left / (self.norms[i] * BOUND_SAFETY));
        }
        self.proof_by_enclosure(i, rows, multipliers)
    }

    /// The same without a residual: the exact multipliers are enclosed, and are positive.
    fn proof_by_enclosure(&self, i: usize, rows: &[usize], multipliers: &[f64]) -> Option<f64> {
        let h = self.h;
        if rows.len() != h.dimension || h.dimension > CONE_DIMENSION {
            return None;
        }
        let unit = |j: usize| Unit {
            normal: h.normal(j).iter().map(|a| a / self.norms[j]).collect(),
            error: (h.errors[j] / self.norms[j] + 2.0 * ROUNDOFF) * BOUND_SAFETY,
        };
        let scaled: Vec<f64> = rows.iter().zip(multipliers).map(|(&f, y)| y * self.norms[f] / self.norms[i]).collect();
        // The norms are only scales: the enclosed multipliers are those of the rows divided by these very floats.
        let units: Vec<Unit> = rows.iter().map(|&f| unit(f)).collect();
        let radius = cone::radius(&unit(i), &units, &scaled)?;
        if scaled.iter().any(|y| *y <= radius) {
            return None;
        }
        let through_origin = |j: &usize| h.offsets[*j] == 0.0 && h.errors[*j] == 0.0;
        if rows.len() > 1 && through_origin(&i) && rows.iter().all(through_origin) {
            return Some(0.0);
        }
        let low = |j: usize, sign: f64| (self.slack[j] + sign * self.slack_error[j]) / self.norms[j];
        let (mut gap, mut volume) = (low(i, -1.0), low(i, 1.0).abs());
        for (&f, y) in rows.iter().zip(&scaled) {
            let most = (y + radius) * low(f, 1.0);
            gap -= most;
            volume += most;
        }
        let left = gap - (rows.len() + 8) as f64 * ROUNDOFF * volume * BOUND_SAFETY;
        (left > 0.0).then_some(left)
    }

    fn size(&self, x: &[f64]) -> Size {
        let safety = 1.0 + (x.len() as f64 + 4.0) * 4.0 * ROUNDOFF;
        let one: f64 = x.iter().map(|v| v.abs()).sum();
        let two = kernel::dot(x, x).sqrt();
        let steps = || x.iter().zip(self.interior).map(|(x, c)| (x - c).abs());
        let (step_one, step_two) = match self.products {
            None => (0.0, 0.0),
            Some(_) => (steps().sum(), steps().map(|v| v * v).sum::<f64>().sqrt()),
        };
        let [one, two, step_one, step_two] = [one, two, step_one, step_two].map(|n| n * safety);
        Size { one, two, step_one, step_two }
    }

    /// The interior point the certificates refer to.
    pub fn interior(&self) -> &[f64] {
        self.interior
    }
}

/// Norms of a point, and of its step from the interior point, rounded up.
struct Size {
    one: f64,
    two: f64,
    step_one: f64,
    step_two: f64,
}
