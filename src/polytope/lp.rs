//! The reference path: one linear program per row, solved by HiGHS. A second opinion, not the judge.
//!
//! For row i: maximise `a_i · v` with row i relaxed by one unit of length; a face exactly when the optimum exceeds the
//! slack. An answer within [`LP_GAP`](super::tolerances::LP_GAP) of it is not believed.
//! Reference: K. Fukuda, Frequently asked questions in polyhedral computation, section "redundancy".

use super::Halfspaces;
use super::reduce::Reduced;
use super::tolerances::LP_GAP;
use highs::{HighsModelStatus, RowProblem, Sense};

/// What the program says of a row.
pub enum Proposal {
    /// The maximiser, relative to the interior point: beyond the hyperplane.
    Face(Vec<f64>),
    /// Not a face, by the stated gap.
    Redundant,
    /// Too close, or not solved.
    Doubtful,
}

/// Solves the program of class `i`. Rows are normalised and finite, as HiGHS needs them.
pub fn propose(i: usize, d: usize, reduced: &Reduced, dropped: &[bool]) -> Proposal {
    let mut problem = RowProblem::default();
    let own = &reduced.normals[i * d..(i + 1) * d];
    let columns: Vec<_> = own.iter().map(|&a| problem.add_column(a, f64::NEG_INFINITY..f64::INFINITY)).collect();
    for j in (0..reduced.slacks.len()).filter(|&j| j == i || !dropped[j]) {
        let normal = &reduced.normals[j * d..(j + 1) * d];
        let bound = reduced.slacks[j] + if j == i { 1.0 } else { 0.0 };
        problem.add_row(..=bound, columns.iter().copied().zip(normal.iter().copied()));
    }
    let Ok(mut model) = problem.try_optimise(Sense::Maximise) else { return Proposal::Doubtful };
    model.make_quiet();
    let quiet = [model.try_set_option("presolve", "off").is_ok(), model.try_set_option("threads", 1).is_ok()];
    if quiet.contains(&false) {
        return Proposal::Doubtful;
    }
    let Ok(solved) = model.try_solve() else { return Proposal::Doubtful };
    if solved.status() != HighsModelStatus::Optimal {
        return Proposal::Doubtful;
    }
    let v = solved.get_solution().columns().to_vec();
    let value: f64 = v.iter().zip(own).map(|(x, a)| x * a).sum();
    match value - reduced.slacks[i] {
        gap if gap > LP_GAP => Proposal::Face(v),
        gap if gap < -LP_GAP => Proposal::Redundant,
        _ => Proposal::Doubtful,
    }
}

/// The centre of a largest ball inside the half-spaces (radius at most one unit beside `near`), if a program finds one.
/// A proposal: the caller checks it.
pub fn ball(h: &Halfspaces, near: &[f64]) -> Option<Vec<f64>> {
    let d = h.dimension;
    let mut problem = RowProblem::default();
    let columns: Vec<_> = (0..d).map(|_| problem.add_column(0.0, f64::NEG_INFINITY..f64::INFINITY)).collect();
    let radius = problem.add_column(1.0, 0.0..=1.0);
    for row in 0..h.rows() {
        let normal = h.normal(row);
        let length = normal.iter().map(|a| a * a).sum::<f64>().sqrt();
        let slack = h.offsets[row] - normal.iter().zip(near).map(|(a, x)| a * x).sum::<f64>();
        if !(length > 0.0 && (slack / length).is_finite()) {
            return None;
        }
        let terms = columns.iter().copied().zip(normal.iter().map(|a| a / length));
        problem.add_row(..=slack / length, terms.chain([(radius, 1.0)]));
    }
    let mut model = problem.try_optimise(Sense::Maximise).ok()?;
    model.make_quiet();
    model.try_set_option("presolve", "off").ok()?;
    model.try_set_option("threads", 1).ok()?;
    let solved = model.try_solve().ok()?;
    let values = (solved.status() == HighsModelStatus::Optimal).then(|| solved.get_solution().columns().to_vec())?;
    Some(values[..d].iter().zip(near).map(|(v, x)| v + x).collect())
}
