//! Certificates checked against the rows themselves, by more than every rounding error. Shares no code with the
//! solvers: what they propose is only numbers here.

use super::reduce::Reduced;
use super::tolerances::SLOPPY;

/// Whether `v` (relative to the interior point) proves class `i` a face: some exact point within its distance of the
/// hyperplane is strictly inside all other classes that are not dropped. Gives the smallest margin.
pub fn is_face(i: usize, d: usize, reduced: &Reduced, dropped: &[bool], v: &[f64]) -> Option<f64> {
    let reach: f64 = v.iter().map(|x| x.abs()).sum();
    let slack = |j: usize| -> (f64, f64) {
        let normal = &reduced.normals[j * d..(j + 1) * d];
        let (mut value, mut size) = (reduced.slacks[j], reduced.slacks[j].abs());
        for (a, x) in normal.iter().zip(v) {
            value -= a * x;
            size += (a * x).abs();
        }
        let rounding = (d as f64 + 4.0) * f64::EPSILON * size;
        (value, (reduced.errors[j] * reach + reduced.slack_errors[j] + rounding) * SLOPPY)
    };
    let (residual, bound) = slack(i);
    // Moving along the unit normal by this much reaches the exact hyperplane, and changes every slack by at most this.
    let shift = (residual.abs() + bound) * SLOPPY;
    let mut least = f64::INFINITY;
    for j in (0..reduced.slacks.len()).filter(|&j| j != i && !dropped[j]) {
        let (value, bound) = slack(j);
        if value <= bound + shift {
            return None;
        }
        least = least.min(value - bound - shift);
    }
    Some(least)
}

/// Whether nonnegative multipliers of other classes, not dropped, prove class `i` redundant.
///
/// Every `v` of the region has `a_i · v = Σ y_j a_j · v + ρ · v ≤ Σ y_j s_j + |ρ|∞ · reach`, where ρ is the residual with
/// all rounding errors added and `reach` bounds `Σ |v_k|` over the domain. On an unbounded domain (`reach` infinite) the
/// multipliers must be the solution of a square system that stays nonnegative under every perturbation allowed by the
/// errors: then an exact solution exists beside them.
pub fn is_redundant(
    i: usize,
    d: usize,
    reduced: &Reduced,
    dropped: &[bool],
    multipliers: &[(usize, f64)],
    reach: f64,
) -> Option<f64> {
    if multipliers.iter().any(|&(j, y)| j == i || dropped[j] || y.is_nan() || y < 0.0 || y.is_infinite()) {
        return None;
    }
    let mut residual = reduced.normals[i * d..(i + 1) * d].to_vec();
    let (mut total, mut error, mut weight) = (0.0, reduced.errors[i], 1.0);
    let mut slack_error = reduced.slack_errors[i];
    for &(j, y) in multipliers {
        let normal = &reduced.normals[j * d..(j + 1) * d];
        residual.iter_mut().zip(normal).for_each(|(r, a)| *r -= y * a);
        total += y * reduced.slacks[j];
        error += y * reduced.errors[j];
        slack_error += y * reduced.slack_errors[j];
        weight += y;
    }
    let rounding = (multipliers.len() as f64 + 4.0) * f64::EPSILON;
    let largest = residual.iter().fold(0.0, |m: f64, r| m.max(r.abs())) + error + rounding * weight;
    let room = reduced.slacks[i] - total - slack_error - rounding * (total + reduced.slacks[i].abs());
    if reach.is_finite() {
        let gap = room - largest * reach * SLOPPY;
        return (gap > 0.0).then_some(gap);
    }
    let spread = perturbation(d, reduced, multipliers, largest)?;
    let lost: f64 = multipliers.iter().map(|&(j, _)| spread * reduced.slacks[j]).sum();
    let positive = multipliers.iter().all(|&(_, y)| y > spread);
    (positive && room > lost * SLOPPY).then_some(room - lost)
}

/// Bound on the change of the multipliers of a square system, or `None` where it is not square or not regular enough.
fn perturbation(d: usize, reduced: &Reduced, multipliers: &[(usize, f64)], residual: f64) -> Option<f64> {
    if multipliers.len() != d {
        return None;
    }
    let rows: Vec<&[f64]> = multipliers.iter().map(|&(j, _)| &reduced.normals[j * d..(j + 1) * d]).collect();
    let inverse = inverse(d, |r, c| rows[c][r])?;
    let norm = (0..d).map(|r| inverse[r * d..(r + 1) * d].iter().map(|x| x.abs()).sum::<f64>()).fold(0.0, f64::max);
    // How far the computed inverse is from being one, plus the errors of the rows: both must stay well below one.
    let mut defect: f64 = 0.0;
    for r in 0..d {
        let mut sum = 0.0;
        for c in 0..d {
            let product: f64 = (0..d).map(|k| inverse[r * d + k] * rows[c][k]).sum();
            sum += (product - if r == c { 1.0 } else { 0.0 }).abs();
        }
        defect = defect.max(sum);
    }
    let error: f64 = multipliers.iter().map(|&(j, _)| reduced.errors[j]).sum();
    let slip = defect + norm * error + d as f64 * d as f64 * f64::EPSILON * norm;
    (slip < 0.5).then(|| norm / (1.0 - slip) * residual * SLOPPY)
}

/// Inverse by elimination with partial pivoting.
fn inverse(d: usize, entry: impl Fn(usize, usize) -> f64) -> Option<Vec<f64>> {
    let mut a: Vec<f64> = (0..d * d).map(|e| entry(e / d, e % d)).collect();
    let mut b: Vec<f64> = (0..d * d).map(|e| if e / d == e % d { 1.0 } else { 0.0 }).collect();
    for c in 0..d {
        let p = (c..d).max_by(|&x, &y| a[x * d + c].abs().total_cmp(&a[y * d + c].abs()))?;
        if a[p * d + c] == 0.0 {
            return None;
        }
        for k in 0..d {
            a.swap(c * d + k, p * d + k);
            b.swap(c * d + k, p * d + k);
        }
        let pivot = a[c * d + c];
        for k in 0..d {
            a[c * d + k] /= pivot;
            b[c * d + k] /= pivot;
        }
        for r in (0..d).filter(|&r| r != c) {
            let f = a[r * d + c];
            for k in 0..d {
                a[r * d + k] -= f * a[c * d + k];
                b[r * d + k] -= f * b[c * d + k];
            }
        }
    }
    Some(b)
}
