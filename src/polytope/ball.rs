//! A point inside half-spaces, from one linear program: where no better one is at hand.
//!
//! Contract: a proposal; the caller checks that it is inside.

use super::Halfspaces;
use highs::{HighsModelStatus, RowProblem, Sense};

/// The centre of a largest ball inside the half-spaces (radius at most one unit beside `near`), if a program finds one.
/// A proposal: the caller checks it.
pub fn ball(h: &Halfspaces, near: &[f64]) -> Option<Vec<f64>> {
    let d = h.dimension;
    let mut problem = RowProblem::default();
    let columns: Vec<_> = (0..d).map(|_| problem.add_column(0.0, f64::NEG_INFINITY..f64::INFINITY)).collect();
    let radius = problem.add_column(1.0, 0.0..=1.0);
    for row in 0..h.len() {
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
