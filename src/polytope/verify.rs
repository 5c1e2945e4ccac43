//! Re-checks every certificate from the rows as given.
//!
//! Contract: shares no code with the solvers. Float certificates go through the rigorous bounds of [`super::check`],
//! exact ones through rational arithmetic; classes must partition the rows and hold only coincident ones. Anything
//! that does not pass is named.

use super::check::Check;
use super::rows::{ExactRows, Halfspaces};
use super::verdict::{Faces, Farkas, Verdict, Witness};
use crate::ir::{Rational, rational};

/// What verification found.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Verification {
    /// Faces whose witness holds.
    pub faces: usize,
    /// Redundant classes whose proof holds.
    pub redundant: usize,
    /// Classes without a verdict.
    pub undecided: usize,
    /// Positions of classes whose certificate does not hold.
    pub failed: Vec<usize>,
    /// Whether the classes partition the rows and the interior point is strictly inside.
    pub sound: bool,
}

impl Verification {
    /// Whether everything holds; undecided classes are no failure.
    pub fn holds(&self) -> bool {
        self.sound && self.failed.is_empty()
    }
}

type ExactRow = (Vec<Rational>, Rational);

/// Verifies every class of `faces` against the rows.
pub fn verify(h: &Halfspaces, exact: &dyn ExactRows, faces: &Faces) -> Verification {
    let mut result = Verification::default();
    if !h.is_well_formed() || faces.interior.len() != h.dimension || faces.interior.iter().any(|x| !x.is_finite()) {
        return result;
    }
    let check = Check::new(h, &faces.interior);
    let interior: Vec<Rational> = faces.interior.iter().map(|&x| rational(x)).collect();
    let inside = |i: usize| exact.exact_row(i).is_some_and(|row| slack(&row, &interior) > Rational::ZERO);
    let mut seen = vec![0usize; h.len()];
    faces.classes.iter().flat_map(|c| &c.rows).for_each(|&i| {
        if let Some(count) = seen.get_mut(i) {
            *count += 1;
        }
    });
    result.sound = seen.iter().all(|&n| n == 1) && check.doubtful_interior().into_iter().all(inside);
    let leaders: Vec<usize> = faces.classes.iter().filter_map(|c| c.rows.first().copied()).collect();
    let (mut slacks, mut scratch) = (Slacks::default(), Vec::new());
    for (position, class) in faces.classes.iter().enumerate() {
        let Some(&i) = class.rows.first() else {
            result.failed.push(position);
            continue;
        };
        let ascending = class.rows.windows(2).all(|w| w[0] < w[1]) && class.rows.iter().all(|&j| j < h.len());
        let holds = ascending
            && coincident(h, exact, &class.rows)
            && match &class.verdict {
                Verdict::Undecided => {
                    result.undecided += 1;
                    continue;
                }
                Verdict::Face(Witness::Float { point, .. }) => {
                    point.len() == h.dimension
                        && check.witness(&class.rows, point, &leaders, slacks.of(&check, faces, position)).is_some()
                }
                Verdict::Face(Witness::Exact { point }) => {
                    point.len() == h.dimension && exact_witness(exact, i, point, &leaders)
                }
                Verdict::Redundant(Farkas::Float { rows, multipliers, .. }) => {
                    let other = |f: &usize| *f < h.len() && class.rows.binary_search(f).is_err();
                    rows.len() == multipliers.len()
                        && rows.iter().all(other)
                        && check.proof(i, rows, multipliers, &mut scratch).is_some()
                }
                Verdict::Redundant(Farkas::Exact { rows, multipliers }) => {
                    let other = |f: &usize| *f < h.len() && class.rows.binary_search(f).is_err();
                    rows.len() == multipliers.len()
                        && rows.iter().all(other)
                        && exact_proof(exact, i, rows, multipliers)
                }
            };
        match (&class.verdict, holds) {
            (_, false) => result.failed.push(position),
            (Verdict::Face(_), true) => result.faces += 1,
            _ => result.redundant += 1,
        }
    }
    result
}

/// Slacks at the float witnesses, a batch of classes at a time.
#[derive(Default)]
struct Slacks {
    values: Vec<f64>,
    /// Position of each class of the batch, and the batch's end.
    members: Vec<usize>,
}

impl Slacks {
    /// Slacks at the witness of class `position`; classes are asked for in ascending order.
    fn of(&mut self, check: &Check, faces: &Faces, position: usize) -> &[f64] {
        const BATCH: usize = 256;
        if !self.members.contains(&position) {
            let d = faces.interior.len();
            let (mut points, mut members) = (Vec::new(), Vec::new());
            for (c, class) in faces.classes.iter().enumerate().skip(position) {
                match &class.verdict {
                    Verdict::Face(Witness::Float { point, .. }) if point.len() == d && members.len() < BATCH => {
                        points.extend_from_slice(point);
                        members.push(c);
                    }
                    _ => {}
                }
            }
            self.values = check.slacks_at_many(&points);
            self.members = members;
        }
        let at = self.members.iter().position(|&c| c == position).unwrap_or(0);
        let m = check.slack.len();
        &self.values[at * m..(at + 1) * m]
    }
}

fn slack(row: &ExactRow, x: &[Rational]) -> Rational {
    row.0.iter().zip(x).fold(row.1.clone(), |s, (a, x)| s - a * x)
}

/// Whether all rows of a class are positive multiples of each other.
fn coincident(h: &Halfspaces, exact: &dyn ExactRows, rows: &[usize]) -> bool {
    let (first, rest) = (rows[0], &rows[1..]);
    let same_floats = |j: usize| {
        h.errors[first] == 0.0
            && h.errors[j] == 0.0
            && h.offsets[first] == h.offsets[j]
            && h.normal(first) == h.normal(j)
    };
    rest.iter().all(|&j| same_floats(j) || multiples(exact.exact_row(first), exact.exact_row(j)))
}

fn multiples(p: Option<ExactRow>, q: Option<ExactRow>) -> bool {
    let (Some(p), Some(q)) = (p, q) else { return false };
    let Some(k) = p.0.iter().position(|a| *a != Rational::ZERO) else { return false };
    let ratio = &q.0[k] / &p.0[k];
    ratio > Rational::ZERO && q.1 == &p.1 * &ratio && p.0.iter().zip(&q.0).all(|(a, b)| *b == a * &ratio)
}

fn exact_witness(exact: &dyn ExactRows, i: usize, x: &[Rational], leaders: &[usize]) -> bool {
    exact.exact_row(i).is_some_and(|row| slack(&row, x) == Rational::ZERO)
        && leaders
            .iter()
            .filter(|&&j| j != i)
            .all(|&j| exact.exact_row(j).is_some_and(|row| slack(&row, x) > Rational::ZERO))
}

fn exact_proof(exact: &dyn ExactRows, i: usize, rows: &[usize], multipliers: &[Rational]) -> bool {
    let Some((mut residual, mut room)) = exact.exact_row(i) else { return false };
    let target = residual.clone();
    let mut turned = false;
    for (&f, y) in rows.iter().zip(multipliers) {
        let Some((normal, offset)) = exact.exact_row(f) else { return false };
        if *y < Rational::ZERO {
            return false;
        }
        residual.iter_mut().zip(&normal).for_each(|(r, a)| *r -= y * a);
        room -= y * offset;
        turned |= *y > Rational::ZERO && !parallel(&target, &normal);
    }
    // With nothing to spare, a proof by parallel rows alone would be by a copy of the row itself.
    residual.iter().all(|r| *r == Rational::ZERO) && (room > Rational::ZERO || (room == Rational::ZERO && turned))
}

fn parallel(a: &[Rational], b: &[Rational]) -> bool {
    let Some(k) = a.iter().position(|x| *x != Rational::ZERO) else { return true };
    a.iter().zip(b).all(|(x, y)| x * &b[k] == y * &a[k])
}
