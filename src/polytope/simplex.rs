//! Exact simplex: maximise one row over the others from an interior point, in integers.
//!
//! Contract: the answer is exact. It stops as soon as the objective passes the row's offset. Entering columns by
//! largest coefficient, by Bland's rule after a degenerate pivot, so that it ends. Gives up (`None`) only after
//! [`EXACT_PIVOTS`] pivots.
//!
//! References: Edmonds, Systems of distinct representatives and linear algebra, 1967 (integer pivoting); Bland, New
//! finite pivoting rules for the simplex method, 1977.

use super::exact::{IntegerRow, integer_point, to_rational};
use super::tolerances::EXACT_PIVOTS;
use crate::ir::Rational;
use dashu_int::IBig;

/// What the simplex found.
pub(super) enum Outcome {
    /// The row can be passed: the point where the segment from the interior point meets it, strictly inside the rest.
    Beyond(Vec<Rational>),
    /// It cannot: multipliers of the other rows.
    Bounded(Vec<(usize, Rational)>),
}

/// `scale·x_B = rhs − table·x_N`; row 0 is the objective. Variables below `d` are free coordinates, then slacks.
struct Dictionary {
    d: usize,
    scale: IBig,
    rhs: Vec<IBig>,
    table: Vec<Vec<IBig>>,
    basic: Vec<usize>,
    nonbasic: Vec<usize>,
}

/// Maximises `row` over `others` from `interior`, which must be strictly inside all of them.
pub(super) fn maximise(row: &IntegerRow, others: &[&IntegerRow], interior: &[f64]) -> Option<Outcome> {
    let d = interior.len();
    let (centre, unit) = integer_point(interior);
    let room = row.slack(&centre, &unit);
    let mut rhs = vec![IBig::ZERO];
    let mut table = vec![row.normal.iter().map(|a| -a).collect::<Vec<IBig>>()];
    for other in others {
        rhs.push(other.slack(&centre, &unit));
        table.push(other.normal.clone());
    }
    if rhs[1..].iter().chain([&room]).any(|s| *s <= IBig::ZERO) {
        return None;
    }
    let basic = std::iter::once(usize::MAX).chain((0..others.len()).map(|j| d + j)).collect();
    let mut dictionary = Dictionary { d, scale: IBig::ONE, rhs, table, basic, nonbasic: (0..d).collect() };
    let mut bland = false;
    for _ in 0..EXACT_PIVOTS {
        let Some((column, up)) = dictionary.entering(bland) else {
            return Some(Outcome::Bounded(dictionary.multipliers()));
        };
        let Some(leaving) = dictionary.leaving(column, up) else {
            let point = dictionary.far_point(column, up, &room);
            return Some(Outcome::Beyond(on_hyperplane(&point, &centre, &unit, &room)));
        };
        bland = dictionary.rhs[leaving].is_zero();
        dictionary.pivot(leaving, column);
        if dictionary.rhs[0] > &room * &dictionary.scale {
            let point = (
                dictionary.point(),
                Rational::from(dictionary.rhs[0].clone()) / Rational::from(dictionary.scale.clone()),
            );
            return Some(Outcome::Beyond(on_hyperplane(&point, &centre, &unit, &room)));
        }
    }
    None
}

/// The point of the segment from the centre towards `point` (objective given) at which the objective is `room`.
fn on_hyperplane(point: &(Vec<Rational>, Rational), centre: &[IBig], unit: &IBig, room: &IBig) -> Vec<Rational> {
    let along = Rational::from(room.clone()) / &point.1;
    let place = |(v, c): (&Rational, &IBig)| (v * &along + Rational::from(c.clone())) / Rational::from(unit.clone());
    point.0.iter().zip(centre).map(place).collect()
}

impl Dictionary {
    /// Column that improves the objective, and whether its variable grows.
    fn entering(&self, bland: bool) -> Option<(usize, bool)> {
        let objective = &self.table[0];
        let free = (0..self.d).filter(|&k| self.nonbasic[k] < self.d && !objective[k].is_zero());
        if let Some(k) = free.min_by_key(|&k| self.nonbasic[k]) {
            return Some((k, objective[k] < IBig::ZERO));
        }
        let growing = (0..self.d).filter(|&k| self.nonbasic[k] >= self.d && objective[k] < IBig::ZERO);
        let found = if bland {
            growing.min_by_key(|&k| self.nonbasic[k])
        } else {
            growing.min_by(|&k, &l| objective[k].cmp(&objective[l]).then(self.nonbasic[k].cmp(&self.nonbasic[l])))
        };
        found.map(|k| (k, true))
    }

    /// Row whose slack reaches zero first; ties by the lowest variable.
    fn leaving(&self, column: usize, up: bool) -> Option<usize> {
        let mut best: Option<(usize, IBig)> = None;
        for r in 1..self.rhs.len() {
            let t = &self.table[r][column];
            if self.basic[r] < self.d || t.is_zero() || (*t > IBig::ZERO) != up {
                continue;
            }
            let t = if up { t.clone() } else { -t };
            let better = match &best {
                None => true,
                Some((b, tb)) => {
                    let (left, right) = (&self.rhs[r] * tb, &self.rhs[*b] * &t);
                    left < right || (left == right && self.basic[r] < self.basic[*b])
                }
            };
            if better {
                best = Some((r, t));
            }
        }
        best.map(|(r, _)| r)
    }

    fn pivot(&mut self, row: usize, column: usize) {
        let pivot = self.table[row][column].clone();
        let negative = pivot < IBig::ZERO;
        let (mut pivot_row, mut pivot_rhs) = (std::mem::take(&mut self.table[row]), self.rhs[row].clone());
        let magnitude = if negative { -&pivot } else { pivot.clone() };
        for r in 0..self.rhs.len() {
            if r == row {
                continue;
            }
            let lead = std::mem::take(&mut self.table[r][column]);
            let sign = |x: IBig| if negative { -x } else { x };
            if lead.is_zero() && magnitude == self.scale {
                continue;
            }
            self.rhs[r] = sign((&pivot * &self.rhs[r] - &lead * &pivot_rhs) / &self.scale);
            for (k, (entry, along)) in self.table[r].iter_mut().zip(&pivot_row).enumerate() {
                if k != column {
                    *entry = sign((&pivot * &*entry - &lead * along) / &self.scale);
                }
            }
            self.table[r][column] = sign(-lead);
        }
        pivot_row[column] = self.scale.clone();
        if negative {
            pivot_row.iter_mut().for_each(|x| *x = -&*x);
            pivot_rhs = -pivot_rhs;
        }
        self.table[row] = pivot_row;
        self.rhs[row] = pivot_rhs;
        self.scale = magnitude;
        std::mem::swap(&mut self.basic[row], &mut self.nonbasic[column]);
    }

    /// Coordinates of the current vertex relative to the centre.
    fn point(&self) -> Vec<Rational> {
        let mut x = vec![Rational::ZERO; self.d];
        for r in 1..self.rhs.len() {
            if self.basic[r] < self.d {
                x[self.basic[r]] = to_rational(self.rhs[r].clone(), &self.scale);
            }
        }
        x
    }

    /// A point along an unbounded edge whose objective passes `room`, and its objective.
    fn far_point(&self, column: usize, up: bool, room: &IBig) -> (Vec<Rational>, Rational) {
        let direction = |r: usize| {
            let t = to_rational(self.table[r][column].clone(), &self.scale);
            if up { -t } else { t }
        };
        let gain = direction(0);
        let step = (Rational::from(room.clone()) + Rational::ONE) / &gain;
        let mut x = self.point();
        for r in 1..self.rhs.len() {
            if self.basic[r] < self.d {
                x[self.basic[r]] += direction(r) * &step;
            }
        }
        if self.nonbasic[column] < self.d {
            x[self.nonbasic[column]] += if up { step.clone() } else { -step.clone() };
        }
        (x, to_rational(self.rhs[0].clone(), &self.scale) + gain * step)
    }

    /// Multipliers of the other rows at the optimum.
    fn multipliers(&self) -> Vec<(usize, Rational)> {
        let used = (0..self.d).filter(|&k| self.nonbasic[k] >= self.d && !self.table[0][k].is_zero());
        used.map(|k| (self.nonbasic[k] - self.d, to_rational(self.table[0][k].clone(), &self.scale))).collect()
    }
}
