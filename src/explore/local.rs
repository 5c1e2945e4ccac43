//! One point looked at closely: its region, the faces around it, and how far the nearest ones are.
//!
//! Contract: distances are Euclidean, over the free inputs. The distance to a face is the distance to its hyperplane,
//! which for the nearest one is the distance to the face itself, because the region is convex. The class is the
//! largest element of the model's single output, ties to the lowest index. In the point's region the outputs are affine,
//! and the inputs with the same class in it form a convex cell; the nearest of that cell's faces on which another output
//! ties is the nearest change of class within the region.

use super::bounds::Bounds;
use super::cell;
use super::certify::Certify;
use crate::ir::{NodeId, Rational};
use crate::polytope::{self, Engine, ExactRows, Observer, Workspace};
use crate::region::{HyperplaneId, Region, Walker};

/// What is known of one point.
#[derive(Clone, Debug, Default)]
pub struct Local {
    /// Interior faces of its region.
    pub interior: usize,
    /// Walls of its region.
    pub walls: usize,
    /// Half-spaces that stayed undecided.
    pub undecided: usize,
    /// The nearest interior face: distance, credited source, other sources on it.
    pub nearest: Option<(f64, HyperplaneId, Vec<HyperplaneId>)>,
    /// Distance to the nearest wall.
    pub wall: Option<f64>,
    /// The predicted class, of a model with a single output of two elements or more.
    pub class: Option<usize>,
    /// The nearest change of class within the region: distance, the class beyond, and whether no face of the region is
    /// nearer, so that no other input of another class is.
    pub change: Option<(f64, usize, bool)>,
    /// No input of the domain nearer than this has another class; `None`: all have the same.
    pub same_class_within: Option<f64>,
}

/// What surrounds `x`, strictly inside `region` and the domain; nothing when the observer stops it.
pub fn around(walker: &Walker, bounds: &Bounds, region: &Region, x: &[f64], observer: &Observer) -> Option<Local> {
    let mut workspace = Workspace::default();
    let cell = cell::faces(walker, region, bounds, x, Engine::Auto, &Certify::No, &mut workspace, observer)?;
    let d = x.len();
    let distance = |normal: &[f64], offset: f64| {
        let length = normal.iter().map(|a| a * a).sum::<f64>().sqrt();
        (offset - normal.iter().zip(x).map(|(a, x)| a * x).sum::<f64>()) / length
    };
    let of_row = |row: usize| distance(&region.normals[row * d..(row + 1) * d], region.offsets[row]);
    let nearest = (cell.interior.iter())
        .filter_map(|face| Some((of_row(region.labels.iter().position(|l| *l == face.credited)?), face)))
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .map(|(distance, face)| (distance, face.credited, face.coincident.clone()));
    let walls = bounds.rows(d);
    let wall = (bounds.frame_rows()..walls.len()).map(|r| distance(walls.normal(r), walls.offsets[r]));
    let beyond = nearest.as_ref().map_or(f64::INFINITY, |n| n.0);
    let mut out = Local {
        interior: cell.interior.len(),
        walls: cell.walls,
        undecided: cell.undecided,
        nearest,
        wall: wall.min_by(f64::total_cmp),
        ..Local::default()
    };
    let [forms] = &region.outputs[..] else { return Some(out) };
    let classes = forms.len() / (d + 1);
    if classes < 2 || cell.undecided > 0 {
        return Some(out);
    }
    let value = |k: usize| {
        let row = &forms[k * (d + 1)..(k + 1) * (d + 1)];
        row[d] + row.iter().zip(x).map(|(a, x)| a * x).sum::<f64>()
    };
    let class = (1..classes).fold(0, |best, k| if value(k) > value(best) { k } else { best });
    let change = class_change(walker, bounds, region, x, class, observer);
    if observer.stopped() {
        return None;
    }
    let within = change.map_or(beyond, |c| c.0.min(beyond));
    out.class = Some(class);
    out.same_class_within = within.is_finite().then_some(within);
    out.change = change.map(|(distance, class)| (distance, class, distance <= beyond));
    Some(out)
}

/// The nearest tie of another output with the predicted one that bounds the cell of inputs with this class.
fn class_change(
    walker: &Walker,
    bounds: &Bounds,
    region: &Region,
    x: &[f64],
    class: usize,
    observer: &Observer,
) -> Option<(f64, usize)> {
    let d = x.len();
    let (forms, errors) = (region.outputs.first()?, region.output_errors.first()?);
    let node = walker.network().outputs.first()?.node;
    let mut rows = cell::rows(d, region, bounds);
    let first = rows.len();
    let mut rivals = vec![];
    for k in (0..errors.len()).filter(|&k| k != class) {
        let row = |k: usize| &forms[k * (d + 1)..(k + 1) * (d + 1)];
        let difference: Vec<f64> = row(k).iter().zip(row(class)).map(|(a, b)| a - b).collect();
        let size = difference.iter().fold(0.0, |m: f64, a| m.max(a.abs()));
        let error = (errors[k] + errors[class]) * (1.0 + 1e-10) + f64::EPSILON * size;
        if difference[..d].iter().all(|a| a.abs() <= error) {
            continue;
        }
        rows.push(&difference[..d], -difference[d], error);
        rivals.push(k);
    }
    let exact = Ties { walker, region, bounds, first, rivals: &rivals, class, node };
    let inside = |r: usize| {
        let (normal, offset) = (rows.normal(r), rows.offsets[r]);
        normal.iter().zip(x).map(|(a, x)| a * x).sum::<f64>() < offset
    };
    if !(first..rows.len()).all(inside) {
        return None;
    }
    let answer = polytope::faces_observed(&mut Workspace::default(), &rows, &exact, x, Engine::Auto, observer)?;
    (answer.classes.iter())
        .filter(|c| c.is_face() && c.rows[0] >= first)
        .map(|c| {
            let (normal, offset) = (rows.normal(c.rows[0]), rows.offsets[c.rows[0]]);
            let length = normal.iter().map(|a| a * a).sum::<f64>().sqrt();
            let slack = offset - normal.iter().zip(x).map(|(a, x)| a * x).sum::<f64>();
            (slack / length, rivals[c.rows[0] - first])
        })
        .min_by(|a, b| a.0.total_cmp(&b.0))
}

struct Ties<'a> {
    walker: &'a Walker<'a>,
    region: &'a Region,
    bounds: &'a Bounds,
    first: usize,
    rivals: &'a [usize],
    class: usize,
    node: NodeId,
}

impl ExactRows for Ties<'_> {
    fn exact_row(&self, row: usize) -> Option<(Vec<Rational>, Rational)> {
        let walls = self.bounds.len();
        if row < walls {
            return self.bounds.exact_row(row, self.walker.dimension());
        }
        if row < self.first {
            return cell::exact_row(self.walker, &self.region.pattern, self.region, row - walls);
        }
        let rival = self.rivals[row - self.first];
        let mut form = self.walker.exact_difference(&self.region.pattern, self.node, rival, self.class)?;
        let offset = -form.pop()?;
        Some((form, offset))
    }
}
