//! Rigorous check of a proof by as many rows as dimensions, where no box bounds a residual.
//!
//! Contract: encloses the exact multipliers around the float ones. With `R` an approximate inverse of the rows'
//! matrix `B` and `ρ >= |I - RB|` (largest row sum), the exact solution of `B y = a` lies within
//! `|R (a - B ŷ)| / (1 - ρ)` of `ŷ`. Every bound contains the rows' own errors. Refuses ill-conditioned rows.
//!
//! References: Rump, Verification methods: rigorous results using floating-point arithmetic, 2010, section 10.

use super::tolerances::{BOUND_SAFETY, CONE_DIMENSION, ROUNDOFF};

/// A row of length one: normal, bound on each coefficient's error.
pub(super) struct Unit {
    pub normal: Vec<f64>,
    pub error: f64,
}

/// How far the exact multipliers of `target = Σ y_f rows_f` may be from `multipliers`, all rows independent.
pub(super) fn radius(target: &Unit, rows: &[Unit], multipliers: &[f64]) -> Option<f64> {
    let d = target.normal.len();
    if rows.len() != d || d > CONE_DIMENSION {
        return None;
    }
    let inverse = invert(rows)?;
    let gamma = (d + 4) as f64 * ROUNDOFF;
    let mut residual = vec![0.0; d];
    for (k, bound) in residual.iter_mut().enumerate() {
        let (mut r, mut size, mut error) = (target.normal[k], target.normal[k].abs(), target.error);
        for (row, y) in rows.iter().zip(multipliers) {
            r -= y * row.normal[k];
            size += (y * row.normal[k]).abs();
            error += y.abs() * row.error;
        }
        *bound = (r.abs() + gamma * size + error) * BOUND_SAFETY;
    }
    let (mut defect, mut reach) = (0.0f64, 0.0f64);
    for f in 0..d {
        let r = &inverse[f * d..(f + 1) * d];
        let mut sum = 0.0;
        for (g, row) in rows.iter().enumerate() {
            let (mut product, mut size, mut length) = (if f == g { -1.0 } else { 0.0 }, 1.0, 0.0);
            for (r, b) in r.iter().zip(&row.normal) {
                product += r * b;
                size += (r * b).abs();
                length += r.abs();
            }
            sum += product.abs() + gamma * size + length * row.error;
        }
        defect = defect.max(sum * BOUND_SAFETY);
        reach = reach.max(r.iter().zip(&residual).map(|(r, x)| r.abs() * x).sum());
    }
    (defect < 0.5).then(|| reach / (1.0 - defect) * BOUND_SAFETY)
}

/// Approximate inverse of the matrix whose columns are the rows' normals, row-major; Gauss-Jordan with pivoting.
fn invert(rows: &[Unit]) -> Option<Vec<f64>> {
    let d = rows.len();
    let width = 2 * d;
    let mut table = vec![0.0; d * width];
    for k in 0..d {
        for (f, row) in rows.iter().enumerate() {
            table[k * width + f] = row.normal[k];
        }
        table[k * width + d + k] = 1.0;
    }
    for c in 0..d {
        let best = (c..d).max_by(|&p, &q| table[p * width + c].abs().total_cmp(&table[q * width + c].abs()))?;
        if table[best * width + c] == 0.0 {
            return None;
        }
        for k in 0..width {
            table.swap(c * width + k, best * width + k);
        }
        let lead = 1.0 / table[c * width + c];
        let pivot: Vec<f64> = table[c * width..(c + 1) * width].iter().map(|x| x * lead).collect();
        for (r, row) in table.chunks_exact_mut(width).enumerate() {
            if r == c {
                row.copy_from_slice(&pivot);
            } else if row[c] != 0.0 {
                let factor = row[c];
                super::kernel::axpy(-factor, &pivot, row);
            }
        }
    }
    Some(table.chunks_exact(width).flat_map(|row| row[d..].iter().copied()).collect())
}
