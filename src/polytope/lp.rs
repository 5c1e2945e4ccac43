//! The reference path: one LP per class with HiGHS, the method of the literature.
//!
//! Contract: maximise the row over all others, the row itself relaxed by its own slack. Offers a candidate, a point or
//! multipliers; [`super::check`] accepts it or the exact test decides. A new model per LP, inside the calling thread;
//! presolve off, one thread, no output; the typed and the `try_` calls only.

use super::check::Check;
use super::rows::Halfspaces;
use super::tolerances::LP_NOISE;
use highs::{HighsModelStatus, RowProblem, Sense};
use std::num::NonZeroU32;

/// What the LP suggests for a row.
pub(super) enum Candidate {
    /// A face: a point on the hyperplane.
    Point(Vec<f64>),
    /// Redundant: rows and multipliers.
    Multipliers(Vec<usize>, Vec<f64>),
    /// The solver failed.
    Nothing,
}

/// One LP: row `i` against `others`.
pub(super) fn candidate(h: &Halfspaces, check: &Check, i: usize, others: &[usize]) -> Candidate {
    let c = check.interior();
    let unit = check.slack[i].max(f64::MIN_POSITIVE) / check.norms[i];
    let scale = |j: usize| 1.0 / (check.norms[j] * unit);
    let mut low = vec![f64::NEG_INFINITY; h.dimension];
    let mut high = vec![f64::INFINITY; h.dimension];
    let mut bound = |j: usize, room: f64| {
        if let Some((k, sign)) = check.wall(j) {
            if sign > 0.0 { high[k] = high[k].min(room) } else { low[k] = low[k].max(-room) }
        }
    };
    others.iter().for_each(|&j| bound(j, check.slack[j].max(0.0) * scale(j)));
    bound(i, 2.0);
    let mut problem = RowProblem::default();
    let sign = |k: usize| check.wall(i).map_or(h.normal(i)[k], |(axis, s)| if axis == k { s } else { 0.0 });
    let columns: Vec<_> =
        (0..h.dimension).map(|k| problem.add_column(sign(k) / check.norms[i], low[k]..high[k])).collect();
    let mut rows = Vec::new();
    for j in others.iter().copied().chain([i]) {
        if check.wall(j).is_some() {
            continue;
        }
        let factors: Vec<_> = columns.iter().copied().zip(h.normal(j).iter().map(|a| a / check.norms[j])).collect();
        let room = if j == i { 2.0 } else { check.slack[j].max(0.0) * scale(j) };
        problem.add_row(..room, &factors);
        rows.push(j);
    }
    let solved = problem.try_optimise(Sense::Maximise).and_then(|mut model| {
        model.make_quiet();
        model.set_threads(NonZeroU32::MIN);
        // A refused option leaves the default, which is slower and not wrong.
        let _ = model.try_set_option("presolve", "off");
        model.try_solve()
    });
    let Ok(solved) = solved else { return Candidate::Nothing };
    if solved.status() != HighsModelStatus::Optimal {
        return Candidate::Nothing;
    }
    let solution = solved.get_solution();
    let value = solution.columns().iter().enumerate().map(|(k, v)| v * sign(k)).sum::<f64>() / check.norms[i];
    if !value.is_finite() {
        return Candidate::Nothing;
    }
    if value > 1.0 {
        let point = c.iter().zip(solution.columns()).map(|(c, v)| c + v * unit / value).collect();
        return Candidate::Point(point);
    }
    let (mut used, mut multipliers) = (Vec::new(), Vec::new());
    for (&j, &y) in rows.iter().zip(solution.dual_rows()) {
        if j != i && y.abs() > LP_NOISE {
            used.push(j);
            multipliers.push(y.abs() * check.norms[i] / check.norms[j]);
        }
    }
    for &j in others {
        if let Some((k, sign)) = check.wall(j) {
            let y = solution.dual_columns()[k] * sign;
            if y > LP_NOISE {
                used.push(j);
                multipliers.push(y * check.norms[i]);
            }
        }
    }
    Candidate::Multipliers(used, multipliers)
}
