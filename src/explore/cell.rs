//! One region with the domain's walls: the question put to the face engine, and its answer in the words of the model.
//!
//! Contract: rows are those of the domain ([`Bounds::rows`]), then the region's rows in order.

use super::bounds::{Bounds, strictly_below};
use super::certify::{self, Certify, Evidence};
use crate::ir::{Rational, rational};
use crate::polytope::{self, Engine, ExactRows, Halfspaces, Observer, Verdict, Workspace};
use crate::region::{HyperplaneId, Pattern, Region, Walker};

/// An interior face.
#[derive(Clone, Debug)]
pub struct InteriorFace {
    /// The topologically first source on it.
    pub credited: HyperplaneId,
    /// Whether the region is on the lower side of that source.
    pub lower: bool,
    /// Other sources on it, in order.
    pub coincident: Vec<HyperplaneId>,
    /// A point on it, inside all other rows.
    pub witness: Vec<f64>,
    /// Outward direction: the credited row's normal, of length one.
    pub direction: Vec<f64>,
}

/// The faces of one region.
#[derive(Clone, Debug, Default)]
pub struct CellFaces {
    /// Interior faces, by credited source.
    pub interior: Vec<InteriorFace>,
    /// Number of walls.
    pub walls: usize,
    /// Sources that lie along a wall.
    pub on_walls: Vec<HyperplaneId>,
    /// Rows (classes of coincident ones) that stayed undecided.
    pub undecided: usize,
    /// What the decisions took, in multiplications, roughly.
    pub work: u64,
    /// What verification found, where it was asked for.
    pub evidence: Option<Box<Evidence>>,
}

/// The faces of `region` within `bounds`, seen from a point strictly inside; none when the observer stops it.
#[allow(clippy::too_many_arguments)]
pub fn faces(
    walker: &Walker,
    region: &Region,
    bounds: &Bounds,
    interior: &[f64],
    engine: Engine,
    certify: &Certify,
    workspace: &mut Workspace,
    observer: &Observer,
) -> Option<CellFaces> {
    let (halfspaces, exact) = question(walker, region, bounds);
    let mut answer = polytope::faces_observed(workspace, &halfspaces, &exact, interior, engine, observer)?;
    let (frame, walls) = (bounds.frame_rows(), bounds.len());
    let evidence = certify::check(certify, &region.pattern, &halfspaces, &exact, &mut answer, observer);
    if certify.is_on() && observer.stopped() {
        return None;
    }
    let work = answer.effort.work(walker.dimension(), region.labels.len());
    let mut cell = CellFaces { work, evidence, ..CellFaces::default() };
    for class in answer.classes {
        let witness = match class.verdict {
            Verdict::Face(witness) => witness.point(),
            Verdict::Redundant(_) => continue,
            Verdict::Undecided => {
                cell.undecided += 1;
                continue;
            }
        };
        let mut units: Vec<(HyperplaneId, usize)> =
            class.rows.iter().filter(|&&r| r >= walls).map(|&r| (region.labels[r - walls], r - walls)).collect();
        units.sort_unstable();
        if class.rows.iter().any(|&r| r < frame) {
            continue;
        }
        if class.rows.iter().any(|&r| r < walls) {
            cell.walls += 1;
            cell.on_walls.extend(units.iter().map(|u| u.0));
            continue;
        }
        let (credited, row) = units[0];
        let normal = &region.normals[row * walker.dimension()..(row + 1) * walker.dimension()];
        let length = normal.iter().map(|a| a * a).sum::<f64>().sqrt();
        cell.interior.push(InteriorFace {
            credited,
            lower: region.lower[row],
            coincident: units[1..].iter().map(|u| u.0).collect(),
            witness,
            direction: normal.iter().map(|a| a / length).collect(),
        });
    }
    cell.interior.sort_unstable_by_key(|f| f.credited);
    cell.on_walls.sort_unstable();
    Some(cell)
}

/// The half-spaces of a region with its walls, and the exact rows behind them.
pub fn question<'a>(walker: &'a Walker, region: &'a Region, bounds: &'a Bounds) -> (Halfspaces, impl ExactRows + 'a) {
    (rows(walker.dimension(), region, bounds), Rows { walker, region, bounds })
}

/// A row in the words of the model.
pub(super) fn row_name(walker: &Walker, region: &Region, bounds: &Bounds, row: usize) -> String {
    match row.checked_sub(bounds.len()).map(|r| region.labels.get(r)) {
        None => format!("wall {row}"),
        Some(None) => format!("row {row}, which the region does not have"),
        Some(Some(id)) => {
            format!("row {row} ({}[{}])", walker.network().nodes[id.node as usize].label.layer, id.unit)
        }
    }
}

/// The half-spaces of a region and its walls, walls first.
pub fn rows(d: usize, region: &Region, bounds: &Bounds) -> Halfspaces {
    let mut h = bounds.rows(d);
    h.normals.extend_from_slice(&region.normals);
    h.offsets.extend_from_slice(&region.offsets);
    h.errors.extend_from_slice(&region.errors);
    h
}

struct Rows<'a> {
    walker: &'a Walker<'a>,
    region: &'a Region,
    bounds: &'a Bounds,
}

impl ExactRows for Rows<'_> {
    fn exact_row(&self, row: usize) -> Option<(Vec<Rational>, Rational)> {
        let walls = self.bounds.len();
        if row >= walls {
            return exact_row(self.walker, &self.region.pattern, self.region, row - walls);
        }
        self.bounds.exact_row(row, self.walker.dimension())
    }
}

/// The exact row behind row `row` of a region.
pub fn exact_row(walker: &Walker, pattern: &Pattern, region: &Region, row: usize) -> Option<(Vec<Rational>, Rational)> {
    walker.exact_halfspace(pattern, region.labels[row], region.lower[row])
}

/// A point strictly inside `region`, found along the ray from `from` (on its boundary) towards `direction`; certain.
///
/// Rows of `on_face` vanish at `from` by construction, whatever rounding says.
pub fn interior_point(
    walker: &Walker,
    region: &Region,
    bounds: &Bounds,
    from: &[f64],
    direction: &[f64],
    on_face: &[HyperplaneId],
) -> Option<Vec<f64>> {
    let d = walker.dimension();
    let mut reach = bounds.reach(from, direction);
    for (row, normal) in region.normals.chunks_exact(d).enumerate() {
        let rate = dot(normal, direction);
        if rate > 0.0 && on_face.binary_search(&region.labels[row]).is_err() {
            reach = reach.min((region.offsets[row] - dot(normal, from)) / rate);
        }
    }
    let scale = if reach.is_finite() { reach } else { 2.0 };
    [0.5, 0.25, 0.75, 0.0625, 0.9]
        .iter()
        .find_map(|share| {
            let point: Vec<f64> = from.iter().zip(direction).map(|(p, n)| p + share * scale * n).collect();
            contains(walker, region, bounds, &point).then_some(point)
        })
        .or_else(|| {
            let point = polytope::ball(&rows(d, region, bounds), from)?;
            contains(walker, region, bounds, &point).then_some(point)
        })
}

/// Whether `point` is certainly strictly inside `region` and its walls.
pub fn contains(walker: &Walker, region: &Region, bounds: &Bounds, point: &[f64]) -> bool {
    let d = walker.dimension();
    if !bounds.contains(point) {
        return false;
    }
    (0..region.offsets.len()).all(|row| {
        let normal = &region.normals[row * d..(row + 1) * d];
        strictly_below(normal, region.offsets[row], region.errors[row], point).unwrap_or_else(|| {
            exact_row(walker, &region.pattern, region, row).is_some_and(|(normal, offset)| {
                let value = normal.iter().zip(point).fold(Rational::ZERO, |sum, (a, &x)| sum + a * rational(x));
                value < offset
            })
        })
    })
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}
