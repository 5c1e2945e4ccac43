//! How far a polyhedron reaches in a direction, in integers: the one decision that the exact enumeration is made of.
//!
//! Contract: the answer is exact, whatever the input; Bland's rule ends every run. Coordinates are free variables that
//! enter the basis and never leave it; each half-space has a slack.
//!
//! References: Edmonds, Systems of distinct representatives and linear algebra, 1967 (integer pivoting); Bland, New
//! finite pivoting rules for the simplex method, 1977.

use super::point::{Plane, Point};
use dashu_int::IBig;
use dashu_int::ops::Abs;
use std::cmp::Ordering;

/// Where the supremum of a plane's value over a polyhedron lies.
#[derive(Debug)]
pub enum Reach {
    /// Below zero.
    Below,
    /// At zero.
    Touches,
    /// Above zero: a point strictly inside the polyhedron with a value above zero.
    Beyond(Point),
}

/// Whether `plane` is exceeded on the polyhedron of `sides`; `inside` is strictly inside it and strictly below `plane`.
pub fn reach(sides: &[&Plane], inside: &Point, plane: &Plane) -> Reach {
    let mut dictionary = Dictionary::new(sides, inside, plane);
    let goal = -plane.value(inside);
    let end = loop {
        match dictionary.objective().cmp(&(&goal * &dictionary.scale)) {
            Ordering::Greater => break dictionary.numerators(),
            reached => match dictionary.step() {
                Step::Moved => {}
                Step::Optimal if reached == Ordering::Equal => return Reach::Touches,
                Step::Optimal => return Reach::Below,
                Step::Unbounded(ray, rate) => break dictionary.along(&ray, &rate, &goal),
            },
        }
    };
    // On the segment from `inside` (value 0 of the objective) to the end (value `top`), half-way between goal and end.
    let top: IBig = plane.normal.iter().zip(&end.0).map(|(a, y)| a * y).sum();
    let share = &top + &goal * &end.1;
    let denominator = (&top * &end.1) << 1;
    let numerators: Vec<IBig> =
        inside.coordinates.iter().zip(&end.0).map(|(p, y)| p * &denominator + &share * y).collect();
    let good = |x: &Point| plane.value(x) > IBig::ZERO && sides.iter().all(|side| side.value(x) < IBig::ZERO);
    Reach::Beyond(Point::near(&numerators, &(denominator << inside.shift), good))
}

/// Whether `plane` rises without end on the polyhedron of `sides`, strictly inside which `inside` is.
pub fn unbounded(sides: &[&Plane], inside: &Point, plane: &Plane) -> bool {
    let mut dictionary = Dictionary::new(sides, inside, plane);
    loop {
        match dictionary.step() {
            Step::Moved => {}
            Step::Optimal => return false,
            Step::Unbounded(..) => return true,
        }
    }
}

/// `scale · x_basic = constant + table · x_nonbasic` in coordinates relative to the start; variables below `d` are the
/// coordinates, the others slacks. The last column is the constant.
struct Dictionary {
    d: usize,
    scale: IBig,
    rows: Vec<Vec<IBig>>,
    gain: Vec<IBig>,
    basic: Vec<usize>,
    nonbasic: Vec<usize>,
}

enum Step {
    Moved,
    Optimal,
    /// A direction (times the scale) in which nothing ends, and the objective's rate along it (likewise).
    Unbounded(Vec<IBig>, IBig),
}

impl Dictionary {
    fn new(sides: &[&Plane], inside: &Point, plane: &Plane) -> Dictionary {
        let d = inside.coordinates.len();
        let row = |side: &&Plane| {
            let mut row: Vec<IBig> = side.normal.iter().map(|a| -a).collect();
            row.push(-side.value(inside));
            row
        };
        let mut gain = plane.normal.clone();
        gain.push(IBig::ZERO);
        Dictionary {
            d,
            scale: IBig::ONE,
            rows: sides.iter().map(row).collect(),
            gain,
            basic: (d..d + sides.len()).collect(),
            nonbasic: (0..d).collect(),
        }
    }

    /// The objective's value, times the scale.
    fn objective(&self) -> &IBig {
        &self.gain[self.d]
    }

    /// The coordinates of the current point as numerators over a denominator.
    fn numerators(&self) -> (Vec<IBig>, IBig) {
        let mut y = vec![IBig::ZERO; self.d];
        for (row, &variable) in self.rows.iter().zip(&self.basic) {
            if variable < self.d {
                y[variable] = row[self.d].clone();
            }
        }
        (y, self.scale.clone())
    }

    /// The current point moved so far along a ray that the objective passes the goal.
    fn along(&self, ray: &[IBig], rate: &IBig, goal: &IBig) -> (Vec<IBig>, IBig) {
        let (mut y, scale) = self.numerators();
        let missing = goal * &scale - self.objective();
        let steps = missing / rate + IBig::ONE;
        y.iter_mut().zip(ray).for_each(|(y, r)| *y += &steps * r);
        (y, scale)
    }

    /// One pivot by Bland's rule.
    fn step(&mut self) -> Step {
        let candidates = (0..self.d).filter(|&s| {
            let sign = self.gain[s].cmp(&IBig::ZERO);
            sign == Ordering::Greater || (sign == Ordering::Less && self.nonbasic[s] < self.d)
        });
        let Some(entering) = candidates.min_by_key(|&s| self.nonbasic[s]) else { return Step::Optimal };
        let rises = self.gain[entering] > IBig::ZERO;
        let mut leaving: Option<usize> = None;
        for (i, row) in self.rows.iter().enumerate() {
            let shrinks = if rises { row[entering] < IBig::ZERO } else { row[entering] > IBig::ZERO };
            if self.basic[i] < self.d || !shrinks {
                continue;
            }
            let sooner = leaving.is_none_or(|best| {
                let mine = &row[self.d] * (&self.rows[best][entering]).abs();
                let others = &self.rows[best][self.d] * (&row[entering]).abs();
                mine.cmp(&others).then(self.basic[i].cmp(&self.basic[best])) == Ordering::Less
            });
            if sooner {
                leaving = Some(i);
            }
        }
        let Some(leaving) = leaving else { return self.ray(entering, rises) };
        self.pivot(leaving, entering);
        Step::Moved
    }

    fn ray(&self, entering: usize, rises: bool) -> Step {
        let turned = |x: &IBig| if rises { x.clone() } else { -x };
        let mut ray = vec![IBig::ZERO; self.d];
        if self.nonbasic[entering] < self.d {
            ray[self.nonbasic[entering]] = turned(&self.scale);
        }
        for (row, &variable) in self.rows.iter().zip(&self.basic) {
            if variable < self.d {
                ray[variable] = turned(&row[entering]);
            }
        }
        Step::Unbounded(ray, turned(&self.gain[entering]))
    }

    /// Swaps the variables of row `r` and column `s`. Divisions by the old scale leave no remainder: every entry is a
    /// minor of the first dictionary.
    fn pivot(&mut self, r: usize, s: usize) {
        let negative = self.rows[r][s] < IBig::ZERO;
        let pivot = (&self.rows[r][s]).abs();
        let pivot_row = std::mem::take(&mut self.rows[r]);
        let others = self.rows.iter_mut().chain(std::iter::once(&mut self.gain)).filter(|row| !row.is_empty());
        for row in others {
            let factor = row[s].clone();
            for (j, entry) in row.iter_mut().enumerate() {
                if j != s {
                    let product = &factor * &pivot_row[j];
                    let kept = &*entry * &pivot;
                    let sum = if negative { kept + product } else { kept - product };
                    *entry = sum / &self.scale;
                }
            }
            // x_s = ±(scale · x_r − rest): its coefficient in the new basis keeps the factor, with the pivot's sign.
            row[s] = if negative { -factor } else { factor };
        }
        let turned = |x: IBig| if negative { x } else { -x };
        let mut row: Vec<IBig> = pivot_row.into_iter().map(turned).collect();
        row[s] = if negative { -&self.scale } else { self.scale.clone() };
        self.rows[r] = row;
        self.scale = pivot;
        std::mem::swap(&mut self.basic[r], &mut self.nonbasic[s]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::rational;

    fn plane(numbers: &[f64]) -> Plane {
        Plane::below(&numbers.iter().map(|&x| rational(x)).collect::<Vec<_>>())
    }

    fn reached(sides: &[Plane], target: &[f64]) -> Reach {
        let d = target.len() - 1;
        reach(&sides.iter().collect::<Vec<_>>(), &Point::of((0..d).map(|_| rational(0.0))), &plane(target))
    }

    fn square() -> Vec<Plane> {
        [[1.0, 0.0, -1.0], [-1.0, 0.0, -1.0], [0.0, 1.0, -1.0], [0.0, -1.0, -1.0]].iter().map(|r| plane(r)).collect()
    }

    #[test]
    fn a_square_is_passed_touched_and_missed() {
        assert!(matches!(reached(&square(), &[1.0, 1.0, -1.75]), Reach::Beyond(_)));
        assert!(matches!(reached(&square(), &[1.0, 1.0, -2.0]), Reach::Touches));
        assert!(matches!(reached(&square(), &[-3.0, 1.0, -4.0 - 1e-15]), Reach::Below));
        assert!(matches!(reached(&square(), &[-3.0, 1.0, -4.0 + 1e-15]), Reach::Beyond(_)));
    }

    #[test]
    fn what_is_open_is_passed_and_what_is_parallel_is_not() {
        let strip = &square()[..2];
        let Reach::Beyond(point) = reached(strip, &[0.0, -1.0, -1e9]) else { panic!("open downwards") };
        assert!(point.exact()[1] < rational(-1e9));
        assert!(matches!(reached(strip, &[1.0, 0.0, -1.0]), Reach::Touches));
        assert!(matches!(reached(strip, &[1.0, 1e-30, -2.0]), Reach::Beyond(_)));
        assert!(matches!(reached(&[], &[1.0, 1.0, -1.0]), Reach::Beyond(_)));
    }

    /// Many planes through one vertex: degenerate pivots must end.
    #[test]
    fn a_cone_with_many_sides_is_touched_at_its_tip() {
        let sides: Vec<Plane> = (0..40)
            .map(|k| {
                let t = f64::from(k) * 0.157;
                plane(&[t.cos(), t.sin(), 1.0, -1.0])
            })
            .collect();
        assert!(matches!(reached(&sides, &[0.0, 0.0, 1.0, -1.0]), Reach::Touches));
        assert!(matches!(reached(&sides, &[0.01, 0.0, 1.0, -1.0]), Reach::Touches));
        assert!(matches!(reached(&sides, &[0.0, 0.0, 1.0, -0.999]), Reach::Beyond(_)));
    }
}
