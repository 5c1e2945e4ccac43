//! The exact row test: is a row a face, redundant, and why, in integers.
//!
//! Contract: never a tolerance. Rows are scaled to integers (a positive factor changes no half-space). First the
//! float candidate is checked exactly: an active set by fraction-free elimination, or a point by exact evaluation;
//! then the exact simplex of [`super::simplex`]. Refuses (`None`) only what is too large.
//!
//! References: Bareiss, Sylvester's identity and multistep integer-preserving Gaussian elimination, 1968.

use super::observer::Observer;
use super::rows::ExactRows;
use super::simplex;
use super::tolerances::{EXACT_SIMPLEX_WORK, EXACT_SOLVE_DIMENSION, EXACT_SOLVE_ROWS};
use super::verdict::{Farkas, Verdict, Witness};
use crate::ir::{Rational, common_multiple, rational};
use dashu_int::ops::{Abs, Gcd};
use dashu_int::{IBig, UBig};
use std::sync::OnceLock;

/// A row times a positive factor that makes it integer.
pub(super) struct IntegerRow {
    pub normal: Vec<IBig>,
    pub offset: IBig,
}

impl IntegerRow {
    fn new(row: (Vec<Rational>, Rational)) -> IntegerRow {
        let (mut entries, constant) = row;
        entries.push(constant);
        let mut entries = integers(entries).0;
        let content = entries.iter().fold(UBig::ZERO, |g, e| {
            if g == UBig::ONE || e.is_zero() {
                g
            } else if g.is_zero() {
                e.clone().abs().try_into().unwrap_or(UBig::ONE)
            } else {
                (&g).gcd(&UBig::try_from(e.clone().abs()).unwrap_or(UBig::ONE))
            }
        });
        if content > UBig::ONE {
            let content = IBig::from(content);
            entries.iter_mut().for_each(|e| *e = &*e / &content);
        }
        let offset = entries.pop().unwrap_or(IBig::ZERO);
        IntegerRow { normal: entries, offset }
    }

    /// Whether both stand for the same half-space.
    pub fn coincides(&self, other: &IntegerRow) -> bool {
        let Some(k) = self.normal.iter().position(|a| !a.is_zero()) else { return false };
        let (p, q) = (&self.normal[k], &other.normal[k]);
        if q.is_zero() || (*p > IBig::ZERO) != (*q > IBig::ZERO) {
            return false;
        }
        let same = |x: &IBig, y: &IBig| x * q == y * p;
        same(&self.offset, &other.offset) && self.normal.iter().zip(&other.normal).all(|(x, y)| same(x, y))
    }

    /// `scale·offset − normal·point`: the slack at `point / scale`, times `scale`.
    pub fn slack(&self, point: &[IBig], scale: &IBig) -> IBig {
        let mut s = &self.offset * scale;
        for (a, x) in self.normal.iter().zip(point) {
            if !a.is_zero() && !x.is_zero() {
                s -= a * x;
            }
        }
        s
    }
}

/// Numerators over one common denominator.
pub(super) fn integers(values: Vec<Rational>) -> (Vec<IBig>, IBig) {
    let parts: Vec<(IBig, UBig)> = values.into_iter().map(Rational::into_parts).collect();
    let common = parts.iter().fold(UBig::ONE, |all, (_, q)| common_multiple(all, q));
    let numerators = parts.into_iter().map(|(p, q)| p * IBig::from(&common / q)).collect();
    (numerators, IBig::from(common))
}

/// The float point as integers over a common denominator.
pub(super) fn integer_point(x: &[f64]) -> (Vec<IBig>, IBig) {
    integers(x.iter().map(|&v| rational(v)).collect())
}

/// The exact rows of one region, fetched once each, with the interior point.
pub(super) struct Exact<'a> {
    source: &'a dyn ExactRows,
    rows: OnceLock<Vec<OnceLock<Option<IntegerRow>>>>,
    count: usize,
    interior: &'a [f64],
    observer: &'a Observer<'a>,
}

impl<'a> Exact<'a> {
    pub fn new(source: &'a dyn ExactRows, count: usize, interior: &'a [f64], observer: &'a Observer<'a>) -> Exact<'a> {
        Exact { source, rows: OnceLock::new(), count, interior, observer }
    }

    /// Row `i` in integers; none any more once the run is to end, for one of a deep network can take a second.
    pub fn row(&self, i: usize) -> Option<&IntegerRow> {
        let rows = self.rows.get_or_init(|| (0..self.count).map(|_| OnceLock::new()).collect());
        if rows[i].get().is_none() && self.observer.stopped() {
            return None;
        }
        rows[i].get_or_init(|| self.source.exact_row(i).map(IntegerRow::new)).as_ref()
    }

    /// Exact multipliers on `rows` for row `i`, when they are non-negative and prove it redundant.
    pub fn proof(&self, i: usize, rows: &[usize]) -> Option<Farkas> {
        let d = self.interior.len();
        if rows.is_empty() || (d > EXACT_SOLVE_DIMENSION && rows.len() > EXACT_SOLVE_ROWS) {
            return None;
        }
        let target = self.row(i)?;
        let sources: Vec<&IntegerRow> = rows.iter().map(|&f| self.row(f)).collect::<Option<_>>()?;
        let (numerators, denominator) = solve(&sources, target)?;
        let mut total = IBig::ZERO;
        let (mut used, mut multipliers) = (Vec::new(), Vec::new());
        for ((&f, row), n) in rows.iter().zip(&sources).zip(numerators) {
            if n.is_zero() {
                continue;
            }
            if n < IBig::ZERO {
                return None;
            }
            total += &n * &row.offset;
            used.push(f);
            multipliers.push(n);
        }
        let room = &target.offset * &denominator;
        // A single parallel row with the same offset is the same hyperplane: no proof.
        if total > room || (used.len() < 2 && total == room) {
            return None;
        }
        let ratio = |n: IBig| to_rational(n, &denominator);
        self.original(i, &used, multipliers.into_iter().map(ratio).collect())
    }

    /// Multipliers of integer rows turned into those of the rows as given.
    pub fn original(&self, i: usize, rows: &[usize], multipliers: Vec<Rational>) -> Option<Farkas> {
        let factor = self.factor(i)?;
        let scaled = rows.iter().zip(multipliers).map(|(&f, y)| Some(y * self.factor(f)? / &factor));
        Some(Farkas::Exact { rows: rows.to_vec(), multipliers: scaled.collect::<Option<_>>()? })
    }

    /// Whether one of the rows is the same half-space as row `i`.
    fn copies(&self, i: usize, rows: &[usize]) -> bool {
        rows.iter().any(|&f| matches!((self.row(i), self.row(f)), (Some(a), Some(b)) if a.coincides(b)))
    }

    /// Integer row over exact row.
    fn factor(&self, i: usize) -> Option<Rational> {
        let integer = self.row(i)?;
        let k = integer.normal.iter().position(|a| !a.is_zero())?;
        let (normal, _) = self.source.exact_row(i)?;
        Some(Rational::from(integer.normal[k].clone()) / &normal[k])
    }

    /// Whether the segment from the interior point through `x` shows row `i` to be a face among `others`: the exact
    /// point where it meets the hyperplane.
    pub fn witness(&self, i: usize, x: &[f64], others: &[usize]) -> Option<Vec<Rational>> {
        if x.iter().any(|v| !v.is_finite()) {
            return None;
        }
        let both: Vec<Rational> = self.interior.iter().chain(x).map(|&v| rational(v)).collect();
        let (both, scale) = integers(both);
        let (c, x) = both.split_at(self.interior.len());
        let row = self.row(i)?;
        let (si, ti) = (row.slack(c, &scale), row.slack(x, &scale));
        if si <= ti || si <= IBig::ZERO {
            return None;
        }
        for &j in others.iter().filter(|&&j| j != i) {
            let row = self.row(j)?;
            if &si * row.slack(x, &scale) <= &ti * row.slack(c, &scale) {
                return None;
            }
        }
        let along = to_rational(si.clone(), &(si - ti));
        let scale = Rational::from(scale);
        let point = c.iter().zip(x).map(|(c, x)| (Rational::from(c.clone()) + Rational::from(x - c) * &along) / &scale);
        Some(point.collect())
    }

    /// The last word on row `i` among `others` (one row per other class).
    pub fn decide(&self, i: usize, others: &[usize]) -> Verdict {
        let d = self.interior.len();
        if (others.len() + 1).saturating_mul(d * d) > EXACT_SIMPLEX_WORK {
            return Verdict::Undecided;
        }
        let rows: Option<Vec<&IntegerRow>> = others.iter().map(|&j| self.row(j)).collect();
        let (Some(rows), Some(target)) = (rows, self.row(i)) else { return Verdict::Undecided };
        match simplex::maximise(target, &rows, self.interior) {
            Some(simplex::Outcome::Beyond(point)) => Verdict::Face(Witness::Exact { point }),
            Some(simplex::Outcome::Bounded(terms)) => {
                let (used, multipliers) =
                    terms.into_iter().map(|(r, y)| (others[r], y)).unzip::<_, _, Vec<_>, Vec<_>>();
                // A copy of the row itself proves nothing.
                if used.len() < 2 && self.copies(i, &used) {
                    return Verdict::Undecided;
                }
                self.original(i, &used, multipliers).map_or(Verdict::Undecided, Verdict::Redundant)
            }
            None => Verdict::Undecided,
        }
    }
}

/// `n / q` for a positive `q`.
pub(super) fn to_rational(n: IBig, q: &IBig) -> Rational {
    Rational::from(n) / Rational::from(q.clone())
}

/// `Σ y_f a_f = a` over the integers: numerators and a positive denominator; dependent rows get zero.
fn solve(rows: &[&IntegerRow], target: &IntegerRow) -> Option<(Vec<IBig>, IBig)> {
    let (d, k) = (target.normal.len(), rows.len());
    let mut table: Vec<Vec<IBig>> =
        (0..d).map(|c| rows.iter().map(|r| r.normal[c].clone()).chain([target.normal[c].clone()]).collect()).collect();
    let (mut previous, mut pivots) = (IBig::ONE, Vec::new());
    for column in 0..k {
        let top = pivots.len();
        let Some(found) = (top..d).find(|&r| !table[r][column].is_zero()) else { continue };
        table.swap(top, found);
        let pivot_row = table[top].clone();
        let pivot = &pivot_row[column];
        for (r, row) in table.iter_mut().enumerate() {
            if r == top {
                continue;
            }
            let lead = row[column].clone();
            for c in 0..=k {
                if c == column {
                    continue;
                }
                row[c] = (pivot * &row[c] - &lead * &pivot_row[c]) / &previous;
            }
            row[column] = IBig::ZERO;
        }
        previous = pivot.clone();
        pivots.push(column);
    }
    if table[pivots.len()..].iter().any(|row| !row[k].is_zero()) {
        return None;
    }
    let mut numerators = vec![IBig::ZERO; k];
    let flip = previous < IBig::ZERO;
    for (r, &column) in pivots.iter().enumerate() {
        let n = table[r][k].clone();
        numerators[column] = if flip { -n } else { n };
    }
    Some((numerators, previous.abs()))
}
