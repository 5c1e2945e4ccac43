//! A full-dimensional polyhedron by its facets, and how a hyperplane splits it.
//!
//! Contract: exact. The list of facets is irredundant: for a full-dimensional polyhedron it is unique up to order. Each
//! facet keeps a point that violates it and no other, which proves it; such a point is looked for anew only when a cut
//! takes it away. Splitting needs no assumption on position: a hyperplane that only touches the cell does not cut it.

use super::point::{Plane, Point};
use super::simplex::{Reach, reach, unbounded};
use crate::explore::Bounds;
use crate::ir::{Rational, rational};
use crate::region::HyperplaneId;
use dashu_int::IBig;
use std::cmp::Ordering;
use std::sync::Arc;

/// A facet.
#[derive(Clone, Debug)]
pub struct Facet {
    /// Its half-space.
    pub plane: Plane,
    /// Hyperplane sources on it, with whether the cell is on the lower side of each.
    pub sources: Vec<(HyperplaneId, bool)>,
    /// Whether it lies on the domain's boundary.
    pub wall: bool,
    /// A point that violates this half-space and none of the others.
    outside: Point,
}

/// A cell.
#[derive(Clone, Debug)]
pub struct Cell {
    /// Its facets.
    pub facets: Vec<Arc<Facet>>,
    /// A point strictly inside.
    pub inside: Point,
}

/// What a hyperplane does to a cell.
#[derive(Debug)]
pub enum Split {
    /// The cell is below it, or above; `touches` when it meets the closure.
    Whole {
        /// On which side the cell is.
        below: bool,
        /// Whether the closure meets the hyperplane.
        touches: bool,
    },
    /// It cuts the cell: a point strictly inside each half.
    Halves {
        /// Inside the half below.
        below: Point,
        /// Inside the half above.
        above: Point,
    },
}

impl Cell {
    /// The whole domain.
    pub fn domain(d: usize, bounds: &Bounds) -> Cell {
        let Some(frame) = bounds.frame() else {
            return Cell { facets: vec![], inside: Point::of((0..d).map(|_| Rational::ZERO)) };
        };
        let mut cell = Cell::boxed(d, frame);
        for (normal, offset) in bounds.further_walls() {
            let mut form = normal.clone();
            form.push(-offset.clone());
            cell.wall(Plane::below(&form));
        }
        cell
    }

    /// Keeps the part of the domain below a further wall.
    fn wall(&mut self, plane: Plane) {
        if let Split::Halves { below, above } = self.split(&plane) {
            let none = HyperplaneId::breakpoint(0, 0, 0);
            *self = self.half(plane, (none, true), below, above);
            let last = self.facets.last_mut().expect("the half has the cut for a facet");
            let wall = Arc::make_mut(last);
            wall.sources.clear();
            wall.wall = true;
        }
    }

    fn boxed(d: usize, bounds: &[[f64; 2]]) -> Cell {
        let middle: Vec<Rational> = bounds.iter().map(|b| between(&rational(b[0]), &rational(b[1]))).collect();
        let facet = |k: usize, upper: bool| {
            let [lo, hi] = bounds[k].map(rational);
            let mut form = vec![Rational::ZERO; d + 1];
            form[k] = Rational::from(if upper { 1 } else { -1 });
            form[d] = if upper { -&hi } else { lo.clone() };
            let mut outside = middle.clone();
            outside[k] = Rational::from(if upper { hi.floor() + IBig::ONE } else { lo.ceil() - IBig::ONE });
            Facet { plane: Plane::below(&form), sources: vec![], wall: true, outside: Point::of(outside.into_iter()) }
        };
        let facets = (0..d).flat_map(|k| [facet(k, false), facet(k, true)]).map(Arc::new).collect();
        Cell { facets, inside: Point::of(middle.into_iter()) }
    }

    /// What `plane` does to the cell.
    pub fn split(&self, plane: &Plane) -> Split {
        let sides: Vec<&Plane> = self.facets.iter().map(|f| &f.plane).collect();
        let below = match plane.value(&self.inside).cmp(&IBig::ZERO) {
            Ordering::Equal => {
                let [below, above] = [IBig::ONE, -IBig::ONE].map(|side| self.beside(plane, &side));
                return Split::Halves { below, above };
            }
            side => side == Ordering::Less,
        };
        let answer =
            if below { reach(&sides, &self.inside, plane) } else { reach(&sides, &self.inside, &plane.reversed()) };
        match answer {
            Reach::Below => Split::Whole { below, touches: false },
            Reach::Touches => Split::Whole { below, touches: true },
            Reach::Beyond(above) if below => Split::Halves { below: self.inside.clone(), above },
            Reach::Beyond(below) => Split::Halves { below, above: self.inside.clone() },
        }
    }

    /// A point strictly inside the cell on one side of a plane through `inside`.
    fn beside(&self, plane: &Plane, side: &IBig) -> Point {
        let axis = plane.normal.iter().position(|a| !a.is_zero()).expect("a plane has a normal");
        let up = if plane.normal[axis] > IBig::ZERO { -side } else { side.clone() };
        let mut more = 1;
        loop {
            let mut coordinates: Vec<IBig> = self.inside.coordinates.iter().map(|c| c << more).collect();
            coordinates[axis] += &up;
            let point = Point { coordinates, shift: self.inside.shift + more };
            if self.facets.iter().all(|f| f.plane.value(&point) < IBig::ZERO) {
                return point;
            }
            more += 1;
        }
    }

    /// The part of the cell below `plane`, which cuts it; `inside` and `outside` are strictly inside the two halves.
    pub fn half(&self, plane: Plane, source: (HyperplaneId, bool), inside: Point, outside: Point) -> Cell {
        let mut facets = self.facets.clone();
        facets.push(Arc::new(Facet { plane, sources: vec![source], wall: false, outside }));
        let mut at = 0;
        while at + 1 < facets.len() {
            let cut = &facets[facets.len() - 1].plane;
            if cut.value(&facets[at].outside) <= IBig::ZERO {
                at += 1;
                continue;
            }
            let others: Vec<&Plane> =
                facets.iter().enumerate().filter(|(k, _)| *k != at).map(|(_, f)| &f.plane).collect();
            match reach(&others, &inside, &facets[at].plane) {
                Reach::Beyond(outside) => {
                    facets[at] = Arc::new(Facet { outside, ..Facet::clone(&facets[at]) });
                    at += 1;
                }
                _ => {
                    facets.remove(at);
                }
            }
        }
        Cell { facets, inside }
    }

    /// Notes that `source` lies on the facet of `plane`, if there is one.
    pub fn note(&mut self, plane: &Plane, source: (HyperplaneId, bool)) {
        if let Some(facet) = self.facets.iter_mut().find(|f| f.plane == *plane) {
            Arc::make_mut(facet).sources.push(source);
        }
    }

    /// Whether the cell is bounded: no direction leads to infinity.
    pub fn bounded(&self) -> bool {
        let d = self.inside.coordinates.len();
        let sides: Vec<&Plane> = self.facets.iter().map(|f| &f.plane).collect();
        let bounded_along = |k: usize, sign: IBig| {
            let mut normal = vec![IBig::ZERO; d];
            normal[k] = sign;
            !unbounded(&sides, &self.inside, &Plane { normal, offset: IBig::ZERO })
        };
        (0..d).all(|k| bounded_along(k, IBig::ONE) && bounded_along(k, -IBig::ONE))
    }
}

/// A dyadic number of few bits strictly between two numbers.
fn between(lo: &Rational, hi: &Rational) -> Rational {
    let sum = lo + hi;
    let mut unit = Rational::ONE;
    loop {
        let near = Rational::from((&sum / (&unit * Rational::from(2))).round()) * &unit;
        if *lo < near && near < *hi {
            return near;
        }
        unit /= Rational::from(2);
    }
}
