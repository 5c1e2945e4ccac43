//! Re-checks every certificate from the rows as given.
//!
//! Contract: shares no code with the solvers. Float certificates go through the rigorous bounds of [`super::check`],
//! exact ones through rational arithmetic; classes must partition the rows and hold only coincident ones. Anything
//! that does not pass is named.

use super::check::Check;
use super::observer::Observer;
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
    /// Certificates in rationals among those that hold.
    pub exact: usize,
    /// Smallest margin of a float witness that holds, as a distance.
    pub smallest_accepted_gap: Option<f64>,
    /// Largest (nearest to zero) gap of a float proof of redundancy that holds, as a negative distance.
    pub largest_rejected_gap: Option<f64>,
}

impl Verification {
    /// Whether everything holds; undecided classes are no failure.
    pub fn holds(&self) -> bool {
        self.sound && self.failed.is_empty()
    }

    /// Adds the counts of another verification.
    pub fn merge(&mut self, other: &Verification) {
        self.faces += other.faces;
        self.redundant += other.redundant;
        self.exact += other.exact;
        self.failed.extend(&other.failed);
        self.sound &= other.sound;
        let pick = |a: Option<f64>, b: Option<f64>, f: fn(f64, f64) -> f64| match (a, b) {
            (Some(a), Some(b)) => Some(f(a, b)),
            (a, b) => a.or(b),
        };
        self.smallest_accepted_gap = pick(self.smallest_accepted_gap, other.smallest_accepted_gap, f64::min);
        self.largest_rejected_gap = pick(self.largest_rejected_gap, other.largest_rejected_gap, f64::max);
    }

    /// Counts a certificate that holds; `gap` is that of a float one.
    fn record(&mut self, face: bool, gap: Option<f64>) {
        *(if face { &mut self.faces } else { &mut self.redundant }) += 1;
        match gap {
            None => self.exact += 1,
            Some(gap) if face => {
                self.smallest_accepted_gap = Some(self.smallest_accepted_gap.map_or(gap, |g| g.min(gap)));
            }
            Some(gap) => self.largest_rejected_gap = Some(self.largest_rejected_gap.map_or(-gap, |g| g.max(-gap))),
        }
    }
}

/// Verifies every class and takes the verdict back where its certificate does not hold: it becomes undecided. Where the
/// classes or the interior point themselves are wrong, every verdict is taken back.
pub fn enforce(h: &Halfspaces, exact: &dyn ExactRows, faces: &mut Faces, observer: &Observer) -> Verification {
    let result = verify_observed(h, exact, faces, observer);
    for (position, class) in faces.classes.iter_mut().enumerate() {
        if !result.sound || result.failed.binary_search(&position).is_ok() {
            class.verdict = Verdict::Undecided;
        }
    }
    result
}

type ExactRow = (Vec<Rational>, Rational);

/// Verifies every class of `faces` against the rows.
pub fn verify(h: &Halfspaces, exact: &dyn ExactRows, faces: &Faces) -> Verification {
    verify_observed(h, exact, faces, &Observer::NONE)
}

/// The same with somebody looking on; when stopped, what is given is unsound.
pub fn verify_observed(h: &Halfspaces, exact: &dyn ExactRows, faces: &Faces, observer: &Observer) -> Verification {
    let mut result = Verification::default();
    if faces.classes.iter().flat_map(|c| &c.rows).any(|&i| i >= h.len()) {
        return result;
    }
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
        if position % 16 == 0 && observer.stopped() {
            return Verification::default();
        }
        let Some(&i) = class.rows.first() else {
            result.failed.push(position);
            continue;
        };
        let ascending = class.rows.windows(2).all(|w| w[0] < w[1]) && class.rows.iter().all(|&j| j < h.len());
        if class.verdict == Verdict::Undecided {
            result.undecided += 1;
            continue;
        }
        let other = |f: &usize| *f < h.len() && class.rows.binary_search(f).is_err();
        let found = if !(ascending && coincident(h, exact, &class.rows)) {
            None
        } else {
            match &class.verdict {
                Verdict::Undecided => None,
                Verdict::Face(Witness::Float { point, .. }) => (point.len() == h.dimension)
                    .then(|| check.witness(&class.rows, point, &leaders, slacks.of(&check, faces, position)))
                    .flatten()
                    .map(Some),
                Verdict::Face(Witness::Exact { point }) => {
                    (point.len() == h.dimension && exact_witness(exact, i, point, &leaders)).then_some(None)
                }
                Verdict::Redundant(Farkas::Float { rows, multipliers, .. }) => (rows.len() == multipliers.len()
                    && rows.iter().all(other))
                .then(|| check.proof(i, rows, multipliers, &mut scratch))
                .flatten()
                .map(Some),
                Verdict::Redundant(Farkas::Exact { rows, multipliers }) => (rows.len() == multipliers.len()
                    && rows.iter().all(other)
                    && exact_proof(exact, i, rows, multipliers))
                .then_some(None),
            }
        };
        match (found, class.is_face()) {
            (None, _) => result.failed.push(position),
            (Some(gap), face) => result.record(face, gap),
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
