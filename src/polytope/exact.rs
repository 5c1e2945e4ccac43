//! The exact row test: is row i a face, in rational arithmetic. The last word, never a tolerance.
//!
//! Maximise `a_i · v` subject to `a_j · v ≤ s_j` for the other classes and `a_i · v ≤ s_i + 1`, around an interior
//! point (all `s > 0`), by the primal simplex method with Bland's rule on a dictionary of rationals. Row i is a face
//! exactly when the maximum exceeds `s_i`: a maximiser `v` scaled back to the hyperplane is strictly inside all others.
//!
//! References: R. G. Bland, New finite pivoting rules for the simplex method, Math. Oper. Res. 2 (1977);
//! V. Chvátal, Linear Programming (1983), chapters 2 and 3 (dictionaries).

use super::reduce::{Exact, Reduced};
use super::tolerances::EXACT_ENTRIES;
use crate::ir::{Rational, rational};

/// An exact answer.
pub enum Answer {
    /// A face, with a witness relative to the interior point.
    Face(Vec<Rational>),
    /// Redundant, with multipliers by class.
    Redundant(Vec<(usize, Rational)>),
}

/// Decides class `i`; `None` when exact rows are not to be had, the size is beyond the budget, or the interior point is
/// not exactly interior.
pub fn decide(i: usize, reduced: &Reduced, interior: &[f64], exact: &mut Exact, dropped: &[bool]) -> Option<Answer> {
    let d = interior.len();
    let classes: Vec<usize> = (0..reduced.classes.len()).filter(|&j| j == i || !dropped[j]).collect();
    if classes.len() * (d + 1) > EXACT_ENTRIES {
        return None;
    }
    let point: Vec<Rational> = interior.iter().map(|&x| rational(x)).collect();
    let mut rows = Vec::with_capacity(classes.len());
    for &j in &classes {
        let (normal, offset) = exact.row(reduced.classes[j][0])?;
        let slack = normal.iter().zip(&point).fold(offset.clone(), |s, (a, x)| s - a * x);
        if slack <= Rational::ZERO {
            return None;
        }
        rows.push((normal.clone(), slack));
    }
    let own = classes.iter().position(|&j| j == i)?;
    let target = rows[own].1.clone();
    let objective = rows[own].0.clone();
    rows[own].1 += Rational::ONE;
    let mut dictionary = Dictionary::new(rows, objective);
    dictionary.maximise();
    if dictionary.value > target {
        let scale = &target / &dictionary.value;
        return Some(Answer::Face(dictionary.solution().into_iter().map(|v| v * &scale).collect()));
    }
    let multipliers = dictionary.multipliers().into_iter().map(|(row, y)| (classes[row], y)).collect();
    Some(Answer::Redundant(multipliers))
}

/// `basic = constant − Σ coefficient · nonbasic`. Variables `0..d` are the free coordinates, `d + j` the slack of row j.
struct Dictionary {
    d: usize,
    /// Per basic row: coefficients of the nonbasic variables.
    rows: Vec<Vec<Rational>>,
    constants: Vec<Rational>,
    basic: Vec<usize>,
    nonbasic: Vec<usize>,
    /// Objective: `value + Σ cost · nonbasic`.
    costs: Vec<Rational>,
    value: Rational,
}

impl Dictionary {
    fn new(rows: Vec<(Vec<Rational>, Rational)>, objective: Vec<Rational>) -> Dictionary {
        let d = objective.len();
        let basic = (d..d + rows.len()).collect();
        let (rows, constants) = rows.into_iter().unzip();
        Dictionary { d, rows, constants, basic, nonbasic: (0..d).collect(), costs: objective, value: Rational::ZERO }
    }

    /// Pivots until optimal: a point just beyond the hyperplane would do, but a far one makes the better witness.
    fn maximise(&mut self) {
        loop {
            let free = |k: usize| self.nonbasic[k] < self.d;
            let improves = |&k: &usize| self.costs[k] > Rational::ZERO || (free(k) && !self.costs[k].is_zero());
            let Some(entering) = (0..self.d).filter(improves).min_by_key(|&k| self.nonbasic[k]) else { return };
            let rising = self.costs[entering] > Rational::ZERO;
            let mut leaving: Option<(Rational, usize)> = None;
            for row in 0..self.rows.len() {
                let coefficient = &self.rows[row][entering];
                let limits = if rising { *coefficient > Rational::ZERO } else { *coefficient < Rational::ZERO };
                if self.basic[row] < self.d || !limits {
                    continue;
                }
                let ratio = &self.constants[row] / coefficient;
                let ratio = if rising { ratio } else { -ratio };
                let better = leaving
                    .as_ref()
                    .is_none_or(|(best, r)| ratio < *best || (ratio == *best && self.basic[row] < self.basic[*r]));
                if better {
                    leaving = Some((ratio, row));
                }
            }
            let Some((_, row)) = leaving else { return };
            self.pivot(row, entering);
        }
    }

    fn pivot(&mut self, row: usize, column: usize) {
        let pivot = self.rows[row][column].clone();
        let mut source = std::mem::take(&mut self.rows[row]);
        source.iter_mut().for_each(|x| *x = &*x / &pivot);
        source[column] = Rational::ONE / &pivot;
        let constant = &self.constants[row] / &pivot;
        for other in (0..self.rows.len()).filter(|&r| r != row) {
            let factor = std::mem::replace(&mut self.rows[other][column], Rational::ZERO);
            if factor.is_zero() {
                continue;
            }
            for (x, s) in self.rows[other].iter_mut().zip(&source) {
                if !s.is_zero() {
                    *x -= &factor * s;
                }
            }
            self.constants[other] -= &factor * &constant;
        }
        let cost = std::mem::replace(&mut self.costs[column], Rational::ZERO);
        self.value += &cost * &constant;
        for (x, s) in self.costs.iter_mut().zip(&source) {
            *x -= &cost * s;
        }
        self.rows[row] = source;
        self.constants[row] = constant;
        std::mem::swap(&mut self.basic[row], &mut self.nonbasic[column]);
    }

    /// The coordinates at the current basic solution.
    fn solution(&self) -> Vec<Rational> {
        let mut v = vec![Rational::ZERO; self.d];
        for (row, &variable) in self.basic.iter().enumerate() {
            if variable < self.d {
                v[variable] = self.constants[row].clone();
            }
        }
        v
    }

    /// At the optimum: nonnegative multipliers of the rows whose slack is nonbasic.
    fn multipliers(&self) -> Vec<(usize, Rational)> {
        let used = |(&variable, cost): (&usize, &Rational)| {
            (variable >= self.d && !cost.is_zero()).then(|| (variable - self.d, -cost.clone()))
        };
        self.nonbasic.iter().zip(&self.costs).filter_map(used).collect()
    }
}
