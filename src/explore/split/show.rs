//! A finished cell for those who want to see every region: its pattern, faces, a point inside, and more on request.
//!
//! Contract: the point is strictly inside in exact arithmetic. The mean of a cell's vertices is, but for rounding; where
//! no rounding to floats stays inside, it is rounded to more and more bits until exact arithmetic says it does.

use super::bits::Bits;
use super::descent::{Cell, Descent, Errand, Frame, Stop};
use super::exact::Lex;
use super::stage::{Kind, Level, NONE};
use super::vertex::{Origin, Spot, Vertex};
use crate::ir::{Rational, rational};
use crate::region::{Boundary, HyperplaneId, Pattern};
use std::cmp::Ordering;

/// Roundings of the exact mean that are tried, in bits after the binary point.
const BITS: [usize; 6] = [64, 128, 256, 512, 1024, 4096];
/// Distances along the rays of a cell that reaches to infinity that are tried, as powers of two.
const FAR: [i32; 7] = [0, 4, 8, 16, 32, 64, 128];

/// What is wanted of each region besides its pattern, faces and point.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Want {
    /// Its volume.
    pub volume: bool,
    /// Its polygon, in two dimensions.
    pub polygon: bool,
}

/// A point strictly inside a region.
#[derive(Clone, Debug)]
pub enum Within {
    /// As floats.
    Floats(Vec<f64>),
    /// Where none is: as dyadic rationals.
    Exact(Vec<Rational>),
}

/// A region as it was finished.
#[derive(Clone, Debug)]
pub struct Finished {
    /// Its pattern.
    pub pattern: Pattern,
    /// Interior faces: the credited source, and whether the region is on its lower side; by source.
    pub interior: Vec<(HyperplaneId, bool)>,
    /// Number of walls.
    pub walls: usize,
    /// A point strictly inside.
    pub inside: Within,
    /// Its volume, where it was wanted and is finite.
    pub volume: Option<f64>,
    /// Vertices counter-clockwise, each with the interior face that leads to the next one (none along walls), where
    /// they were wanted.
    pub polygon: Vec<([f64; 2], Option<usize>)>,
}

impl<const D: usize, const W: usize> Descent<'_, D, W> {
    /// Shows a finished cell to those who look on.
    pub fn show(&mut self, frame: &Frame<W>, errand: &Errand) -> Result<(), Stop> {
        let Some((want, show)) = errand.show else { return Ok(()) };
        self.note_all(frame.level, self.ground.stages.list.len());
        let cell = &frame.cell;
        let faces = self.faces_of(cell);
        let boundary = Bits::first(cell.walls as usize);
        let unbounded = !self.ground.bounds.is_bounded();
        let mut sides: Vec<(u32, usize)> =
            faces.without(&boundary).iter().map(|slot| (self.slot(cell, slot).source, slot)).collect();
        sides.sort_unstable();
        let interior = sides.iter().map(|&(s, slot)| (self.ground.stages.ids[s as usize], !cell.side.has(slot)));
        let finite = self.own(cell).iter().all(|e| self.vertices[e.vertex as usize].finite == 1.0);
        let region = Finished {
            interior: interior.collect(),
            walls: if unbounded { 0 } else { faces.and(&boundary).count() },
            inside: self.inside(cell, &faces),
            volume: (want.volume && finite).then(|| self.volume(cell).size),
            polygon: if want.polygon && finite { self.polygon(cell, &faces, &sides) } else { vec![] },
            pattern: self.pattern.clone(),
        };
        if show(region) { Ok(()) } else { Err(Stop::Asked) }
    }

    fn slot(&self, cell: &Cell<W>, slot: usize) -> &super::descent::Slot<D> {
        &self.slots[cell.slot_base as usize + slot]
    }

    /// A point strictly inside a cell.
    fn inside(&mut self, cell: &Cell<W>, faces: &Bits<W>) -> Within {
        let count = cell.len as f64;
        let (mut middle, mut ray) = ([0.0; D], [0.0; D]);
        for e in self.own(cell) {
            let v = &self.vertices[e.vertex as usize];
            let near = if v.finite == 1.0 { v.at.x } else { self.rest(e.vertex).x };
            for k in 0..D {
                middle[k] += near[k] / count;
                ray[k] += (1.0 - v.finite) * v.at.x[k] / count;
            }
        }
        let reaches = ray.iter().any(|&r| r != 0.0);
        for far in FAR.iter().take(if reaches { FAR.len() } else { 1 }) {
            let scale = 2f64.powi(*far) * (1.0 + middle.iter().fold(0.0, |m: f64, x| m.max(x.abs())));
            let x = std::array::from_fn(|k| middle[k] + scale * ray[k]);
            if self.holds(cell, faces, &x) {
                return Within::Floats(x.to_vec());
            }
        }
        Within::Exact(self.inside_exactly(cell, faces))
    }

    /// Whether a point is certainly strictly inside, by floating point.
    fn holds(&self, cell: &Cell<W>, faces: &Bits<W>, x: &[f64; D]) -> bool {
        let point = Vertex::new(Spot { x: *x, error: 0.0 }, true, Origin::Corner(0));
        let inner = |slot: usize| {
            let (value, bound) = self.slot(cell, slot).form.at(&point);
            if cell.side.has(slot) { value > bound } else { -value > bound }
        };
        self.ground.bounds.contains(x) && faces.without(&Bits::first(cell.walls as usize)).iter().all(inner)
    }

    /// The exact mean of the vertices, rounded as little as it takes.
    #[cold]
    fn inside_exactly(&mut self, cell: &Cell<W>, faces: &Bits<W>) -> Vec<Rational> {
        let points: Vec<_> = (0..cell.len).map(|k| self.entries[(cell.start + k) as usize].vertex).collect();
        let points: Vec<_> = points.into_iter().map(|v| self.exact_point(v)).collect();
        let count = Rational::from(points.len());
        let mean = |part: &dyn Fn(&Lex) -> Rational| -> Vec<Rational> {
            (0..D).map(|k| points.iter().fold(Rational::ZERO, |sum, p| sum + part(&p.x[k])) / &count).collect()
        };
        let (middle, ray) = (mean(&|x| x.a.clone()), mean(&|x| x.b.clone()));
        let reaches = ray.iter().any(|r| !r.is_zero());
        let mut last = middle.clone();
        for far in FAR.iter().take(if reaches { FAR.len() } else { 1 }) {
            for bits in BITS {
                let unit =
                    rational(2f64.powi(512)).pow((bits / 512) as isize) * rational(2f64.powi((bits % 512) as i32));
                let x = middle.iter().zip(&ray).map(|(m, r)| {
                    let at = m + rational(2f64.powi(*far)) * r;
                    Rational::from((at * &unit).round()) / &unit
                });
                last = x.collect();
                if self.holds_exactly(cell, faces, &last) {
                    return last;
                }
            }
        }
        last
    }

    /// Whether an exact point is strictly inside: it has the cell's pattern and lies on none of its faces.
    fn holds_exactly(&mut self, cell: &Cell<W>, faces: &Bits<W>, x: &[Rational]) -> bool {
        let point = self.store.point(x.iter().cloned().map(Lex::finite).collect());
        let (network, stages) = (self.ground.walker.network(), &self.ground.stages);
        let off = |slot: usize| {
            let level = self.level(self.slot(cell, slot).source);
            point.sign(network, stages, level) != Ordering::Equal
        };
        let walls = self.ground.bounds.holds_exactly(x);
        walls
            && faces.without(&Bits::first(cell.walls as usize)).iter().all(off)
            && self.ground.walker.pattern_of(x) == self.pattern
    }

    /// What is compared with zero on the hyperplanes of a source.
    fn level(&self, source: u32) -> Level {
        let stages = &self.ground.stages;
        let s = stages.list.partition_point(|s| s.first <= source) - 1;
        let (stage, id) = (&stages.list[s], stages.ids[source as usize]);
        match (&stage.kind, id.boundary) {
            (Kind::Groups(_), Boundary::Tie(a, b)) => {
                let crate::ir::Op::Max(max) = &self.ground.walker.network().nodes[stage.node].op else {
                    unreachable!("a stage of groups ends in a max node")
                };
                let members = max.group(id.unit as usize);
                Level { stage: s as u32, a: members[a as usize], b: members[b as usize] }
            }
            _ => Level { stage: s as u32, a: source - stage.first, b: NONE },
        }
    }

    /// The vertices of a cell of the plane in order: from face to face over the vertex that two share.
    fn polygon(&self, cell: &Cell<W>, faces: &Bits<W>, sides: &[(u32, usize)]) -> Vec<([f64; 2], Option<usize>)> {
        let own = self.own(cell);
        let ends = |slot: usize| own.iter().enumerate().filter(move |(_, e)| e.mask.has(slot)).map(|(k, _)| k);
        let Some(first) = faces.iter().next() else { return vec![] };
        let (Some(start), Some(mut at)) = (ends(first).next(), ends(first).nth(1)) else { return vec![] };
        let face = |slot: usize| sides.iter().position(|s| s.1 == slot);
        let (mut slot, mut walk) = (first, vec![(start, face(first))]);
        while at != start && walk.len() < own.len() {
            let Some(next) = faces.iter().find(|&f| f != slot && own[at].mask.has(f)) else { break };
            walk.push((at, face(next)));
            let Some(other) = ends(next).find(|&k| k != at) else { break };
            (slot, at) = (next, other);
        }
        let point = |k: usize| {
            let x = &self.vertices[own[k].vertex as usize].at.x;
            [x[0], x[D - 1]]
        };
        let area: f64 = (0..walk.len())
            .map(|k| {
                let (p, q) = (point(walk[k].0), point(walk[(k + 1) % walk.len()].0));
                p[0] * q[1] - p[1] * q[0]
            })
            .sum();
        if area >= 0.0 {
            return walk.iter().map(|&(k, side)| (point(k), side)).collect();
        }
        // Backwards, the side that led to a vertex is the one that leaves it.
        let n = walk.len();
        (0..n).rev().map(|k| (point(walk[k].0), walk[(k + n - 1) % n].1)).collect()
    }
}
