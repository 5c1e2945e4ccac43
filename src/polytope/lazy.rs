//! A row of a large region in a box, by a linear program over the box and the few rows that matter.
//!
//! Contract: offers a candidate; [`super::check`] accepts it or another method goes on. The box costs no rows: its sides
//! are bounds, and in a proof the residual is bounded over it. Rows are added when a point violates them. Each
//! program is a relaxation, so it can end at once in either way: with a bound below the row, or with a point that,
//! pulled back onto the row's hyperplane, violates nothing.
//!
//! References: Dantzig, Fulkerson and Johnson, Solution of a large-scale traveling-salesman problem, 1954 (rows as
//! needed); Koberstein, Progress in the dual simplex algorithm, 2008 (bounded variables).

use super::check::Check;
use super::kernel;
use super::observer::Observer;
use super::rows::Halfspaces;
use super::tolerances::{LAZY_PIVOTS, LAZY_ROUNDS, LAZY_ROWS, LAZY_SHARES, LAZY_TOLERANCE, LP_NOISE};
use highs::{HighsModelStatus, RowProblem, Sense};
use std::num::NonZeroU32;

/// What the programs suggest.
pub(super) enum Found {
    /// A face: a point on the hyperplane.
    Point(Vec<f64>),
    /// Redundant: rows and multipliers; what they leave is bounded over the box.
    Multipliers(Vec<usize>, Vec<f64>),
}

/// Row `i` against `others`, in a box; the first program holds the rows `begin`.
pub(super) fn candidate(
    h: &Halfspaces,
    check: &Check,
    i: usize,
    begin: &[usize],
    others: &[usize],
    observer: &Observer,
) -> Option<Found> {
    let d = h.dimension;
    let others: Vec<usize> = others.iter().copied().filter(|&j| j != i && check.wall(j).is_none()).collect();
    let room = check.slack[i];
    let target = check.wall(i);
    let (mut low, mut high): (Vec<f64>, Vec<f64>) = (0..d).map(|k| check.room(k)).map(|(b, a)| (-b, a)).unzip();
    if let Some((k, sign)) = target {
        if sign > 0.0 { high[k] = 2.0 * room } else { low[k] = -2.0 * room }
    }
    if low.iter().chain(&high).any(|x| !x.is_finite()) || room.is_nan() || room <= 0.0 {
        return None;
    }
    let normal = h.normal(i);
    let mut support: Vec<usize> = vec![];
    let mut used = vec![false; d];
    let mut see = |row: &[f64], support: &mut Vec<usize>| {
        for (k, a) in row.iter().enumerate() {
            if *a != 0.0 && !std::mem::replace(&mut used[k], true) {
                support.push(k);
            }
        }
    };
    see(normal, &mut support);
    begin.iter().for_each(|&j| see(h.normal(j), &mut support));
    let (mut working, mut multipliers) = (begin.to_vec(), vec![]);
    let mut step: Vec<f64> = (0..d)
        .map(|k| match normal[k] {
            a if a > 0.0 => high[k],
            a if a < 0.0 => low[k],
            _ => 0.0,
        })
        .collect();
    if !working.is_empty() {
        multipliers = solve(h, check, normal, room, &working, &support, (&low, &high), &mut step, observer)?;
    }
    for _ in 0..LAZY_ROUNDS {
        if observer.stopped() {
            return None;
        }
        let value = kernel::dot(normal, &step);
        if value.is_nan() || value <= room {
            return Some(Found::Multipliers(working, multipliers));
        }
        let share = room / value;
        let mut violated: Vec<(f64, usize)> = others
            .iter()
            .filter_map(|&j| {
                let row = h.normal(j);
                let change: f64 = if 4 * support.len() < d {
                    support.iter().map(|&k| row[k] * step[k]).sum()
                } else {
                    kernel::dot(row, &step)
                };
                let reached = share * change / check.slack[j];
                (reached >= 1.0).then_some((reached, j))
            })
            .collect();
        if violated.is_empty() {
            let point = check.interior().iter().zip(&step).map(|(c, v)| c + share * v).collect();
            return Some(Found::Point(point));
        }
        violated.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        violated.truncate(LAZY_ROWS);
        let before = working.len();
        working.extend(violated.iter().map(|v| v.1).filter(|j| !working.contains(j)).collect::<Vec<_>>());
        if working.len() == before {
            return None;
        }
        working[before..].iter().for_each(|&j| see(h.normal(j), &mut support));
        multipliers = solve(h, check, normal, room, &working, &support, (&low, &high), &mut step, observer)?;
    }
    None
}

/// Maximises `normal·step` over the box and the working rows; the rows' multipliers, and the step in place.
#[allow(clippy::too_many_arguments)]
fn solve(
    h: &Halfspaces,
    check: &Check,
    normal: &[f64],
    room: f64,
    working: &[usize],
    support: &[usize],
    (low, high): (&[f64], &[f64]),
    step: &mut [f64],
    observer: &Observer,
) -> Option<Vec<f64>> {
    let mut problem = RowProblem::default();
    let columns: Vec<_> = support.iter().map(|&k| problem.add_column(normal[k] / room, low[k]..=high[k])).collect();
    for &j in working {
        let (row, slack) = (h.normal(j), check.slack[j]);
        let factors = columns.iter().copied().zip(support.iter().map(|&k| row[k] / slack)).filter(|f| f.1 != 0.0);
        problem.add_row(..1.0, factors.collect::<Vec<_>>());
    }
    let mut model = problem.try_optimise(Sense::Maximise).ok()?;
    model.make_quiet();
    model.set_threads(NonZeroU32::MIN);
    // A refused option leaves the default, which is slower and not wrong.
    let _ = model.try_set_option("presolve", "off");
    for tolerance in ["primal_feasibility_tolerance", "dual_feasibility_tolerance"] {
        let _ = model.try_set_option(tolerance, LAZY_TOLERANCE);
    }
    let mut solved = None;
    // The solver itself cannot be interrupted: it goes on from where it stopped, some pivots at a time.
    for share in 1..=LAZY_SHARES {
        if observer.stopped() {
            return None;
        }
        model.try_set_option("simplex_iteration_limit", share * LAZY_PIVOTS).ok()?;
        let ended = model.try_solve().ok()?;
        if ended.status() != HighsModelStatus::ReachedIterationLimit {
            solved = Some(ended);
            break;
        }
        model = ended.into();
    }
    let solved = solved.filter(|s| s.status() == HighsModelStatus::Optimal)?;
    let solution = solved.get_solution();
    support.iter().zip(solution.columns()).for_each(|(&k, v)| step[k] = v.clamp(low[k], high[k]));
    let duals = solution.dual_rows().iter().zip(working);
    Some(duals.map(|(y, &j)| if y.abs() > LP_NOISE { y.abs() * room / check.slack[j] } else { 0.0 }).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two rows and their sum, moved by `shift`, in a box.
    fn question(shift: f64) -> Halfspaces {
        let mut h = Halfspaces::boxed(&[-1.0; 3], &[1.0; 3]);
        h.push(&[1.0, 0.5, 0.25], 0.5, 0.0);
        h.push(&[-0.5, 1.0, 0.25], 0.5, 0.0);
        h.push(&[0.5, 1.5, 0.5], 1.0 + shift, 0.0);
        h
    }

    #[test]
    fn the_rows_it_begins_with_change_no_answer() {
        for (shift, face) in [(-1e-3, true), (-1e-9, true), (1e-9, false), (1e-3, false)] {
            let h = question(shift);
            let check = Check::new(&h, &[0.0; 3]);
            for begin in [&[][..], &[6], &[7, 6]] {
                let found = candidate(&h, &check, 8, begin, &[6, 7], &Observer::NONE);
                let Some(found) = found else { panic!("{shift:e}: nothing from {begin:?}") };
                assert_eq!(matches!(found, Found::Point(_)), face, "{shift:e} from {begin:?}");
            }
        }
    }

    #[test]
    fn it_can_be_stopped_before_a_program() {
        let h = question(-1e-3);
        let check = Check::new(&h, &[0.0; 3]);
        let observer = Observer { stop: &|| true, decided: &|_, _| {} };
        assert!(candidate(&h, &check, 8, &[6, 7], &[6, 7], &observer).is_none());
    }
}
