//! The partition of a two-dimensional domain as convex polygons, for drawing.
//!
//! Contract: one polygon per region with its numbers of faces. In a bounded domain polygons are the cells of the splitter;
//! an unbounded one is enumerated by crossing faces and drawn within a frame around a point of each face, vertices being
//! the float intersections of neighbouring faces.

use super::allowance::Allowance;
use super::bounds::Bounds;
use super::cell::CellFaces;
use super::parts::Hooks;
use super::split::{Finished, Tree, Want};
use super::{Control, Domain, State, cross};
use crate::ir::Network;
use crate::polytope::Engine;
use crate::region::{HyperplaneId, Pattern, Walker};
use rayon::prelude::*;

/// A point of the plane.
pub type Point = [f64; 2];

/// Share of the extent of all faces' points that an unbounded picture shows beyond them.
const MARGIN: f64 = 0.15;

/// One region.
#[derive(Clone, Debug)]
pub struct Polygon {
    /// Its vertices in counter-clockwise order.
    pub vertices: Vec<Point>,
    /// Interior faces and walls; `None` where a half-space is undecided.
    pub faces: Option<[usize; 2]>,
    /// The units credited with its interior faces, in order.
    pub units: Vec<HyperplaneId>,
}

/// A piece of a unit's bent hyperplane.
#[derive(Clone, Copy, Debug)]
pub struct Edge {
    /// Its ends.
    pub ends: [Point; 2],
    /// The unit credited.
    pub unit: HyperplaneId,
}

/// A two-dimensional partition.
#[derive(Clone, Debug)]
pub struct Picture {
    /// Lower and upper bound of what is shown, per coordinate.
    pub frame: [[f64; 2]; 2],
    /// Whether the frame cuts off a part of the domain.
    pub cut: bool,
    /// The regions, in the order in which they were found.
    pub polygons: Vec<Polygon>,
    /// The interior faces.
    pub edges: Vec<Edge>,
    /// Where the largest output changes, or the single output changes its sign.
    pub decision: Vec<[Point; 2]>,
    /// Whether all regions are there.
    pub state: State,
}

/// Draws the partition of `domain`, which has two free dimensions; at most `most` regions.
pub fn picture(
    network: &Network,
    domain: &Domain,
    seed: u64,
    engine: Engine,
    most: u64,
    control: &Control,
) -> anyhow::Result<Picture> {
    let (restricted, bounds) = domain.restrict(network)?;
    let walker = Walker::new(&restricted);
    anyhow::ensure!(walker.dimension() == 2, "a partition is drawn in 2 dimensions, not in {}", walker.dimension());
    if bounds.is_bounded()
        && engine == Engine::Auto
        && let Some(picture) = split(&walker, &bounds, seed, most, control)?
    {
        return Ok(picture);
    }
    cross(&walker, &bounds, seed, engine, most, control)
}

/// By splitting, whose cells are the polygons; `None` where it does not do.
fn split(walker: &Walker, bounds: &Bounds, seed: u64, most: u64, control: &Control) -> anyhow::Result<Option<Picture>> {
    let Ok(tree) = Tree::new(walker, bounds, seed, 0, false, &|_| control.exhausted().is_some())? else {
        return Ok(None);
    };
    let mut seen = vec![];
    let want = Want { volume: false, polygon: true };
    let mut each = |region: &Finished| {
        seen.push(region.clone());
        Ok(())
    };
    let found = tree.run(most, &Allowance::new(control, u64::MAX), &mut Hooks::default(), Some((want, &mut each)))?;
    let Ok(found) = found else { return Ok(None) };
    let frame = bounds.frame().map_or([[-1.0, 1.0]; 2], |frame| [frame[0], frame[1]]);
    let drawn: anyhow::Result<Vec<Drawn>> = seen.par_iter().map(|region| drawn(walker, region)).collect();
    Ok(Some(Picture::of(frame, false, drawn?, found.state)))
}

fn drawn(walker: &Walker, region: &Finished) -> anyhow::Result<Drawn> {
    let (vertices, sides) = region.polygon.iter().copied().unzip();
    let shape = Shape { vertices, sides };
    let edges = shape.edges().filter_map(|(ends, side)| {
        let (unit, lower) = region.interior[side?];
        Some((Edge { ends, unit }, lower))
    });
    let edges = edges.collect();
    let values = walker.with(&region.pattern)?.outputs;
    let decision = values.first().map_or(vec![], |values| decision(&shape, values));
    let polygon = Polygon {
        vertices: shape.vertices,
        faces: Some([region.interior.len(), region.walls]),
        units: region.interior.iter().map(|f| f.0).collect(),
    };
    Ok((polygon, edges, decision))
}

/// By crossing faces: all of the plane, and what splitting does not do.
fn cross(
    walker: &Walker,
    bounds: &Bounds,
    seed: u64,
    engine: Engine,
    most: u64,
    control: &Control,
) -> anyhow::Result<Picture> {
    let mut seen: Vec<(Pattern, CellFaces)> = vec![];
    let allowance = Allowance::new(control, u64::MAX);
    let crossing = cross::enumerate(walker, bounds, seed, engine, most, &allowance, &mut |pattern, faces, _| {
        seen.push((pattern.clone(), faces.clone()));
        Ok(())
    })?;
    let (frame, outline) = outline(bounds, &seen);
    let drawn: anyhow::Result<Vec<Drawn>> =
        seen.par_iter().map(|(pattern, faces)| draw(walker, &outline, pattern, faces)).collect();
    Ok(Picture::of(frame, !bounds.is_bounded(), drawn?, crossing.state))
}

impl Picture {
    fn of(frame: [[f64; 2]; 2], cut: bool, drawn: Vec<Drawn>, state: State) -> Picture {
        let complete = state == State::Complete;
        let mut out = Picture { frame, cut, polygons: vec![], edges: vec![], decision: vec![], state };
        for (polygon, edges, decision) in drawn {
            out.polygons.push(polygon);
            out.decision.extend(decision);
            // Seen from both sides when all regions are there: the lower one draws it.
            out.edges.extend(edges.into_iter().filter(|(_, lower)| *lower || !complete).map(|(edge, _)| edge));
        }
        out
    }
}

/// What is shown, and the polygon of the domain within it.
fn outline(bounds: &Bounds, seen: &[(Pattern, CellFaces)]) -> ([[f64; 2]; 2], Vec<Point>) {
    let frame = match bounds.frame() {
        Some(frame) => [frame[0], frame[1]],
        None => around(seen.iter().flat_map(|(_, cell)| cell.interior.iter().map(|f| [f.witness[0], f.witness[1]]))),
    };
    let [[a, b], [c, d]] = frame;
    let mut shape = Shape::new(&[[a, c], [b, c], [b, d], [a, d]]);
    if let Bounds::Polytope(walls) = bounds {
        for (normal, offset) in walls.normals.chunks_exact(2).zip(&walls.offsets) {
            shape.clip([normal[0], normal[1]], *offset, None);
        }
    }
    (frame, shape.vertices)
}

/// A square frame around points, with a margin.
fn around(points: impl Iterator<Item = Point>) -> [[f64; 2]; 2] {
    let mut frame = [[f64::INFINITY, f64::NEG_INFINITY]; 2];
    for point in points {
        for (range, x) in frame.iter_mut().zip(point) {
            *range = [range[0].min(x), range[1].max(x)];
        }
    }
    let widest = frame.iter().map(|[lo, hi]| hi - lo).fold(0.0, f64::max);
    let half = if widest > 0.0 { widest * (0.5 + MARGIN) } else { 1.0 };
    frame.map(|[lo, hi]| {
        let middle = if lo <= hi { (lo + hi) / 2.0 } else { 0.0 };
        [middle - half, middle + half]
    })
}

type Drawn = (Polygon, Vec<(Edge, bool)>, Vec<[Point; 2]>);

fn draw(walker: &Walker, outline: &[Point], pattern: &Pattern, faces: &CellFaces) -> anyhow::Result<Drawn> {
    let region = walker.with(pattern)?;
    let mut shape = Shape::new(outline);
    for (k, face) in faces.interior.iter().enumerate() {
        let offset = face.direction[0] * face.witness[0] + face.direction[1] * face.witness[1];
        shape.clip([face.direction[0], face.direction[1]], offset, Some(k));
    }
    if faces.undecided > 0 {
        for (normal, offset) in region.normals.chunks_exact(2).zip(&region.offsets) {
            shape.clip([normal[0], normal[1]], *offset, None);
        }
    }
    let edges = shape.edges().filter_map(|(ends, side)| {
        let face = &faces.interior[side?];
        Some((Edge { ends, unit: face.credited }, face.lower))
    });
    let edges = edges.collect();
    let decision = region.outputs.first().map_or(vec![], |values| decision(&shape, values));
    let polygon = Polygon {
        vertices: shape.vertices,
        faces: (faces.undecided == 0).then_some([faces.interior.len(), faces.walls]),
        units: faces.interior.iter().map(|f| f.credited).collect(),
    };
    Ok((polygon, edges, decision))
}

/// Where the largest of the affine `values` (three numbers each) changes within a region, or a single one is zero.
fn decision(shape: &Shape, values: &[f64]) -> Vec<[Point; 2]> {
    let forms: Vec<&[f64]> = values.chunks_exact(3).collect();
    let at = |f: &[f64], p: &Point| f[0] * p[0] + f[1] * p[1] + f[2];
    if let [form] = forms[..] {
        let mut positive = shape.clone();
        positive.clip([-form[0], -form[1]], form[2], Some(0));
        return positive.marked(0);
    }
    let value = |k: usize| -> f64 { shape.vertices.iter().map(|p| at(forms[k], p)).sum() };
    let Some(best) = (0..forms.len()).max_by(|&a, &b| value(a).total_cmp(&value(b))) else { return vec![] };
    let rivals: Vec<usize> = (0..forms.len())
        .filter(|&k| k == best || shape.vertices.iter().any(|p| at(forms[k], p) >= at(forms[best], p)))
        .collect();
    let mut out = vec![];
    for &a in &rivals {
        let mut cell = shape.clone();
        cell.sides.iter_mut().for_each(|s| *s = None);
        for &b in rivals.iter().filter(|&&b| b != a) {
            // a is at least b: (f_b - f_a) · p ≤ offset; each boundary is drawn from the side of the lower index.
            let normal = [forms[b][0] - forms[a][0], forms[b][1] - forms[a][1]];
            cell.clip(normal, forms[a][2] - forms[b][2], Some(if a < b { 1 } else { 0 }));
        }
        out.extend(cell.marked(1));
    }
    out
}

/// A convex polygon whose sides remember what cut them: `sides[k]` belongs to the side from vertex k to the next.
#[derive(Clone)]
struct Shape {
    vertices: Vec<Point>,
    sides: Vec<Option<usize>>,
}

impl Shape {
    fn new(outline: &[Point]) -> Shape {
        Shape { vertices: outline.to_vec(), sides: vec![None; outline.len()] }
    }

    /// Keeps the part with `normal · p ≤ offset`; the new side is marked.
    fn clip(&mut self, normal: Point, offset: f64, mark: Option<usize>) {
        let n = self.vertices.len();
        let slack: Vec<f64> = self.vertices.iter().map(|p| offset - normal[0] * p[0] - normal[1] * p[1]).collect();
        if slack.iter().all(|&s| s >= 0.0) {
            return;
        }
        let (mut vertices, mut sides) = (vec![], vec![]);
        for k in 0..n {
            let (here, next) = (slack[k], slack[(k + 1) % n]);
            let (p, q) = (self.vertices[k], self.vertices[(k + 1) % n]);
            if here >= 0.0 {
                vertices.push(p);
                // From a vertex on the line, the new side leaves at the vertex itself.
                sides.push(if here == 0.0 && next < 0.0 { mark } else { self.sides[k] });
            }
            if (here > 0.0 && next < 0.0) || (here < 0.0 && next > 0.0) {
                let share = here / (here - next);
                vertices.push([p[0] + share * (q[0] - p[0]), p[1] + share * (q[1] - p[1])]);
                sides.push(if here > 0.0 { mark } else { self.sides[k] });
            }
        }
        (self.vertices, self.sides) = (vertices, sides);
    }

    fn edges(&self) -> impl Iterator<Item = ([Point; 2], Option<usize>)> + '_ {
        let n = self.vertices.len();
        (0..n).map(move |k| ([self.vertices[k], self.vertices[(k + 1) % n]], self.sides[k]))
    }

    /// The sides with a mark, but for such that are points.
    fn marked(&self, mark: usize) -> Vec<[Point; 2]> {
        self.edges().filter(|(ends, side)| *side == Some(mark) && ends[0] != ends[1]).map(|(ends, _)| ends).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clipping_keeps_marks_and_area() {
        let mut shape = Shape::new(&[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]);
        shape.clip([1.0, 1.0], 1.0, Some(7));
        assert_eq!(shape.vertices, [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0]]);
        assert_eq!(shape.marked(7), [[[1.0, 0.0], [0.0, 1.0]]]);
        shape.clip([1.0, 0.0], 2.0, Some(8));
        assert_eq!(shape.vertices.len(), 3);
        assert!(shape.marked(8).is_empty());
    }

    #[test]
    fn the_largest_of_three_meets_in_a_point() {
        // f = (x, y, -x - y) on [-1, 1]²: three rays from the origin.
        let shape = Shape::new(&[[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]]);
        let lines = decision(&shape, &[1.0, 0.0, 0.0, 0.0, 1.0, 0.0, -1.0, -1.0, 0.0]);
        assert_eq!(lines.len(), 3);
        let origin = |p: &Point| p[0].abs() + p[1].abs() < 1e-12;
        assert!(lines.iter().all(|[a, b]| origin(a) || origin(b)), "{lines:?}");
        assert_eq!(decision(&shape, &[1.0, 0.0, 0.5]), [[[-0.5, 1.0], [-0.5, -1.0]]]);
    }
}
