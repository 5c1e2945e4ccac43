//! How far half-spaces reach along each coordinate: a box that certainly contains them.
//!
//! Contract: the box contains every point of the half-spaces, rounding included. [`spread`] inverts a well-conditioned
//! choice of two-sided rows; [`extent`] tightens its box by linear programs and weak duality: for multipliers `y ≥ 0`,
//! `t_k = (e_k − Aᵀy)·t + y·At ≤ |e_k − Aᵀy|·|t| + y·b`. Refuses rows that do not come in opposite pairs.

use super::Halfspaces;
use highs::{HighsModelStatus, RowProblem, Sense};

/// Share of the largest row that a row must have left after elimination to count as independent.
const INDEPENDENT: f64 = 1e-9;

/// Relative room on every computed bound: far beyond what rounding in some thousand terms takes.
const ROOM: f64 = 1e-9;

/// A box around the rows `±a·t ≤ b`, which stand in pairs of opposite normals; `None` when they do not span the space.
pub fn spread(h: &Halfspaces) -> Option<Vec<[f64; 2]>> {
    let d = h.dimension;
    // Gram–Schmidt with pivoting chooses d of the rows, each of which stands for the interval of its value.
    let mut rows: Vec<Vec<f64>> = (0..h.len()).step_by(2).map(|i| h.normal(i).to_vec()).collect();
    let largest = rows.iter().flatten().fold(0.0, |m: f64, a| m.max(a.abs()));
    let mut chosen: Vec<usize> = vec![];
    for _ in 0..d {
        let size = |r: &Vec<f64>| r.iter().fold(0.0, |m: f64, a| m.max(a.abs()));
        let best = (0..rows.len()).max_by(|&a, &b| size(&rows[a]).total_cmp(&size(&rows[b])))?;
        let pivot = rows[best].clone();
        if size(&pivot) <= INDEPENDENT * largest {
            return None;
        }
        let norm: f64 = pivot.iter().map(|a| a * a).sum();
        for row in &mut rows {
            let share = row.iter().zip(&pivot).map(|(a, b)| a * b).sum::<f64>() / norm;
            row.iter_mut().zip(&pivot).for_each(|(a, b)| *a -= share * b);
        }
        chosen.push(best);
    }
    let inverse = inverse(&chosen.iter().map(|&i| h.normal(2 * i).to_vec()).collect::<Vec<_>>())?;
    let bounds = inverse.iter().map(|row| {
        let (mut lo, mut hi, mut size) = (0.0, 0.0, 0.0);
        for (w, &i) in row.iter().zip(&chosen) {
            let (top, bottom) = (h.offsets[2 * i], -h.offsets[2 * i + 1]);
            hi += if *w > 0.0 { w * top } else { w * bottom };
            lo += if *w > 0.0 { w * bottom } else { w * top };
            size += w.abs() * (top.abs() + bottom.abs());
        }
        // The inverse is good to the condition of the pivots, at most 1/INDEPENDENT·ε; double the box to be beyond it.
        let room = size + f64::MIN_POSITIVE;
        [lo - room, hi + room]
    });
    let bounds: Vec<[f64; 2]> = bounds.collect();
    bounds.iter().flatten().all(|b| b.is_finite()).then_some(bounds)
}

fn inverse(matrix: &[Vec<f64>]) -> Option<Vec<Vec<f64>>> {
    let d = matrix.len();
    let mut work: Vec<Vec<f64>> = (0..d)
        .map(|i| {
            let mut row = matrix[i].clone();
            row.extend((0..d).map(|k| f64::from(u8::from(k == i))));
            row
        })
        .collect();
    for c in 0..d {
        let p = (c..d).max_by(|&a, &b| work[a][c].abs().total_cmp(&work[b][c].abs()))?;
        work.swap(c, p);
        let pivot = work[c][c];
        if pivot == 0.0 {
            return None;
        }
        work[c].iter_mut().for_each(|a| *a /= pivot);
        let lead = work[c].clone();
        for (_, row) in work.iter_mut().enumerate().filter(|(r, _)| *r != c) {
            let share = row[c];
            row.iter_mut().zip(&lead).for_each(|(a, b)| *a -= share * b);
        }
    }
    Some(work.into_iter().map(|row| row[d..].to_vec()).collect())
}

/// A tighter box, inside `loose`, which contains the half-spaces; `None` when a program finds them empty or fails.
pub fn extent(h: &Halfspaces, loose: &[[f64; 2]]) -> Option<Vec<[f64; 2]>> {
    (0..h.dimension).map(|k| Some([-furthest(h, loose, k, -1.0)?, furthest(h, loose, k, 1.0)?])).collect()
}

/// An upper bound on `sign · t_k`.
fn furthest(h: &Halfspaces, loose: &[[f64; 2]], k: usize, sign: f64) -> Option<f64> {
    let d = h.dimension;
    let mut problem = RowProblem::default();
    let cost = |c: usize| if c == k { sign } else { 0.0 };
    let columns: Vec<_> = (0..d).map(|c| problem.add_column(cost(c), loose[c][0]..=loose[c][1])).collect();
    for row in 0..h.len() {
        problem.add_row(..=h.offsets[row], columns.iter().copied().zip(h.normal(row).iter().copied()));
    }
    let mut model = problem.try_optimise(Sense::Maximise).ok()?;
    model.make_quiet();
    model.try_set_option("threads", 1).ok()?;
    let solved = model.try_solve().ok()?;
    if solved.status() != HighsModelStatus::Optimal {
        return None;
    }
    let solution = solved.get_solution();
    let mut residual: Vec<f64> = (0..d).map(cost).collect();
    let (mut bound, mut size) = (0.0, 0.0);
    // The sign of a dual value is a convention of the solver's; its size is the multiplier.
    for (row, y) in solution.dual_rows().iter().map(|y| y.abs()).enumerate().filter(|(_, y)| *y > 0.0) {
        residual.iter_mut().zip(h.normal(row)).for_each(|(r, a)| *r -= y * a);
        bound += y * h.offsets[row];
        size += y * (h.offsets[row].abs() + h.errors[row]);
    }
    for (r, [lo, hi]) in residual.iter().zip(loose) {
        bound += (r * lo).max(r * hi);
        size += (f64::EPSILON + r.abs()) * lo.abs().max(hi.abs());
    }
    let whole = if sign > 0.0 { loose[k][1] } else { -loose[k][0] };
    Some((bound + ROOM * size).min(whole))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rotated_square_has_its_known_extent() {
        // |t0 + t1| <= 1, |t0 - t1| <= 1, and a slack pair.
        let mut h = Halfspaces::new(2);
        for (a, b) in [([1.0, 1.0], 1.0), ([1.0, -1.0], 1.0), ([1.0, 0.0], 9.0)] {
            h.push(&a, b, 0.0);
            h.push(&[-a[0], -a[1]], b, 0.0);
        }
        let loose = spread(&h).expect("spans");
        let tight = extent(&h, &loose).expect("not empty");
        for ([lo, hi], [l, u]) in tight.iter().zip(&loose) {
            assert!((lo + 1.0).abs() < 1e-6 && (hi - 1.0).abs() < 1e-6 && *lo <= -1.0 && *hi >= 1.0);
            assert!(l <= lo && hi <= u);
        }
    }

    #[test]
    fn rows_that_do_not_span_are_refused() {
        let mut h = Halfspaces::new(2);
        h.push(&[1.0, 2.0], 1.0, 0.0);
        h.push(&[-1.0, -2.0], 1.0, 0.0);
        assert!(spread(&h).is_none());
    }
}
