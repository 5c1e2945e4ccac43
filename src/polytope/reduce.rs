//! Rows on the same hyperplane become one class.
//!
//! Contract: two rows share a class exactly when one is a positive multiple of the other. Rows farther apart than their
//! error bounds are told apart in float64; the others are compared as rationals. Refuses rows that are not finite or
//! have a zero normal (`None`).

use super::{ExactRows, Halfspaces};
use crate::ir::Rational;
use std::collections::HashMap;

/// A normalised row around an interior point: `normal · v ≤ slack` with a unit normal.
#[derive(Clone, Debug, Default)]
pub struct Reduced {
    /// Unit normals of the representatives, row-major.
    pub normals: Vec<f64>,
    /// Slack at the interior point, per representative, in units of length.
    pub slacks: Vec<f64>,
    /// Bound on the error of each normalised coefficient.
    pub errors: Vec<f64>,
    /// Bound on the error of the slack.
    pub slack_errors: Vec<f64>,
    /// Length of each representative's given normal.
    pub lengths: Vec<f64>,
    /// The rows of each class, ascending; the first is its representative.
    pub classes: Vec<Vec<usize>>,
    /// Pairs that could not be compared: their classes stay undecided.
    pub unresolved: Vec<usize>,
}

/// Exact rows, computed at most once each.
pub struct Exact<'a> {
    rows: &'a dyn ExactRows,
    known: HashMap<usize, Option<(Vec<Rational>, Rational)>>,
}

impl<'a> Exact<'a> {
    /// A cache before the given source.
    pub fn new(rows: &'a dyn ExactRows) -> Exact<'a> {
        Exact { rows, known: HashMap::new() }
    }

    /// The exact row.
    pub fn row(&mut self, row: usize) -> Option<&(Vec<Rational>, Rational)> {
        self.known.entry(row).or_insert_with(|| self.rows.exact_row(row)).as_ref()
    }
}

/// Normalises and merges.
pub fn reduce(h: &Halfspaces, interior: &[f64], exact: &mut Exact) -> Option<Reduced> {
    let (d, m) = (h.dimension, h.rows());
    let mut out = Reduced::default();
    let reach: f64 = 1.0 + interior.iter().fold(0.0, |s: f64, x| s.max(x.abs()));
    // Equal rows have nearly equal projections on any direction; a fixed irregular one tells others apart.
    let probe: Vec<f64> = (0..d).map(|k| 0.5 + ((k as f64 + 1.0) * 0.618_033_988_749_895).fract()).collect();
    let mut rows: Vec<(f64, usize, f64, f64, f64)> = Vec::with_capacity(m);
    for row in 0..m {
        let normal = h.normal(row);
        let length = normal.iter().map(|a| a * a).sum::<f64>().sqrt();
        if !(length > 0.0 && length.is_finite() && h.offsets[row].is_finite()) {
            return None;
        }
        let (mut slack, mut size) = (h.offsets[row], h.offsets[row].abs());
        let mut key = 0.0;
        for ((a, x), p) in normal.iter().zip(interior).zip(&probe) {
            slack -= a * x;
            size += (a * x).abs();
            key += a * p;
        }
        let error = h.errors[row] / length + (d as f64 + 4.0) * f64::EPSILON;
        let slack_error = (h.errors[row] * reach * (d as f64 + 1.0) + (d as f64 + 4.0) * f64::EPSILON * size) / length
            + f64::EPSILON * slack.abs() / length;
        rows.push((key / length, row, slack / length, error, slack_error));
    }
    let mut sorted: Vec<usize> = (0..m).collect();
    sorted.sort_by(|&a, &b| rows[a].0.total_cmp(&rows[b].0).then(a.cmp(&b)));
    let widest = rows.iter().map(|r| r.3).fold(0.0, f64::max) * d as f64 * 4.0;
    let mut class_of: Vec<usize> = (0..m).collect();
    for (i, &a) in sorted.iter().enumerate() {
        for &b in sorted[i + 1..].iter().take_while(|&&b| rows[b].0 - rows[a].0 <= widest) {
            if root(&class_of, a) == root(&class_of, b) || !near(h, &rows, a, b) {
                continue;
            }
            match same(exact, a, b) {
                Some(true) => {
                    let (x, y) = (root(&class_of, a), root(&class_of, b));
                    class_of[x.max(y)] = x.min(y);
                }
                Some(false) => {}
                None => out.unresolved.extend([a, b]),
            }
        }
    }
    let mut place: HashMap<usize, usize> = HashMap::new();
    for row in 0..m {
        let first = root(&class_of, row);
        if let Some(&class) = place.get(&first) {
            let class: &mut Vec<usize> = &mut out.classes[class];
            class.push(row);
            continue;
        }
        place.insert(first, out.classes.len());
        let length = h.normal(row).iter().map(|a| a * a).sum::<f64>().sqrt();
        out.normals.extend(h.normal(row).iter().map(|a| a / length));
        out.lengths.push(length);
        let (_, _, slack, error, slack_error) = rows[row];
        out.slacks.push(slack);
        out.errors.push(error);
        out.slack_errors.push(slack_error);
        out.classes.push(vec![row]);
    }
    Some(out)
}

fn root(class_of: &[usize], mut row: usize) -> usize {
    while class_of[row] != row {
        row = class_of[row];
    }
    row
}

/// Whether two normalised rows agree within their error bounds.
fn near(h: &Halfspaces, rows: &[(f64, usize, f64, f64, f64)], a: usize, b: usize) -> bool {
    let length = |r: usize| h.normal(r).iter().map(|x| x * x).sum::<f64>().sqrt();
    let (la, lb) = (length(a), length(b));
    let bound = 2.0 * (rows[a].3 + rows[b].3);
    let slack_bound = 2.0 * (rows[a].4 + rows[b].4) + bound;
    (rows[a].2 - rows[b].2).abs() <= slack_bound
        && h.normal(a).iter().zip(h.normal(b)).all(|(x, y)| (x / la - y / lb).abs() <= bound)
}

/// Whether one exact row is a positive multiple of another.
fn same(exact: &mut Exact, a: usize, b: usize) -> Option<bool> {
    let (normal_a, offset_a) = exact.row(a)?.clone();
    let (normal_b, offset_b) = exact.row(b)?;
    let pivot = normal_a.iter().position(|x| !x.is_zero())?;
    let (p, q) = (&normal_a[pivot], &normal_b[pivot]);
    if q.is_zero() || p.sign() != q.sign() {
        return Some(false);
    }
    let parallel = normal_a.iter().zip(normal_b).all(|(x, y)| x * q == y * p);
    Some(parallel && &offset_a * q == offset_b * p)
}
