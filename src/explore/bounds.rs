//! The domain over the free inputs, as the explorations see it: all of space, a box, or a polytope (a box seen from
//! an affine section).
//!
//! Contract: a polytope is full-dimensional, bounded by a frame that certainly contains it with room to spare, and
//! holds one exact row per wall. Refuses sections that meet the box in nothing of full dimension.

use crate::ir::{Rational, rational};
use crate::polytope::{self, Engine, ExactRows, Halfspaces, Verdict};
use anyhow::Context;

/// Share of its width by which the frame of a polytope is wider than the polytope on either side.
const ROOM: f64 = 1e-3;

/// The domain over the free inputs.
#[derive(Clone, Debug)]
pub enum Bounds {
    /// All of R^d.
    Space,
    /// Lower and upper bound per input; these are the walls.
    Box(Vec<[f64; 2]>),
    /// General walls.
    Polytope(Polytope),
}

/// A full-dimensional bounded polytope `normal · t ≤ offset`, without rows that are no walls.
#[derive(Clone, Debug)]
pub struct Polytope {
    /// A box that contains it; its sides are no walls and touch none.
    pub frame: Vec<[f64; 2]>,
    /// Normals, row-major.
    pub normals: Vec<f64>,
    /// Right-hand sides.
    pub offsets: Vec<f64>,
    /// Bound on the error of each coefficient and of the offset of each row.
    pub errors: Vec<f64>,
    /// The rows exactly.
    pub exact: Vec<(Vec<Rational>, Rational)>,
    /// A point strictly inside.
    pub interior: Vec<f64>,
}

impl Bounds {
    /// Whether the domain is bounded.
    pub fn is_bounded(&self) -> bool {
        !matches!(self, Bounds::Space)
    }

    /// A box that contains the domain: its own bounds, or the frame of a polytope.
    pub fn frame(&self) -> Option<&[[f64; 2]]> {
        match self {
            Bounds::Space => None,
            Bounds::Box(bounds) => Some(bounds),
            Bounds::Polytope(p) => Some(&p.frame),
        }
    }

    /// The walls besides the frame's sides, exactly: none of a box.
    pub fn further_walls(&self) -> &[(Vec<Rational>, Rational)] {
        if let Bounds::Polytope(p) = self { &p.exact } else { &[] }
    }

    /// Number of rows at the front of [`Bounds::rows`] that are no walls.
    pub fn frame_rows(&self) -> usize {
        if let Bounds::Polytope(p) = self { 2 * p.frame.len() } else { 0 }
    }

    /// Number of rows of [`Bounds::rows`].
    pub fn len(&self) -> usize {
        let walls = if let Bounds::Polytope(p) = self { p.offsets.len() } else { 0 };
        walls + 2 * self.frame().map_or(0, <[_]>::len)
    }

    /// Whether there are no rows: all of space.
    pub fn is_empty(&self) -> bool {
        !self.is_bounded()
    }

    /// Half-spaces of the frame (polytopes only), then of the walls, over `d` inputs.
    pub fn rows(&self, d: usize) -> Halfspaces {
        let frame = self.frame().unwrap_or_default();
        let mut h = Halfspaces::new(d);
        h.walls = 2 * frame.len();
        h.normals = vec![0.0; h.walls * d];
        for (k, [lo, hi]) in frame.iter().enumerate() {
            h.normals[2 * k * d + k] = -1.0;
            h.normals[(2 * k + 1) * d + k] = 1.0;
            h.offsets.extend([-lo, *hi]);
        }
        h.errors = vec![0.0; h.walls];
        if let Bounds::Polytope(p) = self {
            h.normals.extend_from_slice(&p.normals);
            h.offsets.extend_from_slice(&p.offsets);
            h.errors.extend_from_slice(&p.errors);
        }
        h
    }

    /// Row `row` of [`Bounds::rows`] exactly; `None` beyond them.
    pub fn exact_row(&self, row: usize, d: usize) -> Option<(Vec<Rational>, Rational)> {
        let frame = self.frame()?;
        if row >= 2 * frame.len() {
            let Bounds::Polytope(p) = self else { return None };
            return p.exact.get(row - 2 * frame.len()).cloned();
        }
        let (k, upper) = (row / 2, row % 2 == 1);
        let mut normal = vec![Rational::ZERO; d];
        normal[k] = Rational::from(if upper { 1 } else { -1 });
        Some((normal, rational(if upper { frame[k][1] } else { -frame[k][0] })))
    }

    /// How far the ray from `from` along `direction` stays inside, by floating point.
    pub fn reach(&self, from: &[f64], direction: &[f64]) -> f64 {
        let mut reach = f64::INFINITY;
        for (k, bound) in self.frame().into_iter().flatten().enumerate() {
            if direction[k] != 0.0 {
                let end = if direction[k] > 0.0 { bound[1] } else { bound[0] };
                reach = reach.min((end - from[k]) / direction[k]);
            }
        }
        if let Bounds::Polytope(p) = self {
            for (normal, offset) in p.normals.chunks_exact(from.len()).zip(&p.offsets) {
                let rate: f64 = normal.iter().zip(direction).map(|(a, n)| a * n).sum();
                if rate > 0.0 {
                    let value: f64 = normal.iter().zip(from).map(|(a, x)| a * x).sum();
                    reach = reach.min((offset - value) / rate);
                }
            }
        }
        reach
    }

    /// Whether an exact point is strictly inside every wall.
    pub fn holds_exactly(&self, point: &[Rational]) -> bool {
        match self {
            Bounds::Space => true,
            Bounds::Box(bounds) => bounds.iter().zip(point).all(|(b, x)| *x > rational(b[0]) && *x < rational(b[1])),
            Bounds::Polytope(p) => (p.exact.iter()).all(|(normal, offset)| {
                normal.iter().zip(point).fold(Rational::ZERO, |sum, (a, x)| sum + a * x) < *offset
            }),
        }
    }

    /// Whether `point` is certainly strictly inside every wall.
    pub fn contains(&self, point: &[f64]) -> bool {
        match self {
            Bounds::Space => true,
            Bounds::Box(bounds) => bounds.iter().zip(point).all(|(b, x)| *x > b[0] && *x < b[1]),
            Bounds::Polytope(p) => {
                let rows = p.normals.chunks_exact(point.len()).zip(&p.offsets).zip(&p.errors);
                rows.enumerate().all(|(row, ((normal, &offset), &error))| {
                    strictly_below(normal, offset, error, point).unwrap_or_else(|| {
                        let (normal, offset) = &p.exact[row];
                        normal.iter().zip(point).fold(Rational::ZERO, |sum, (a, &x)| sum + a * rational(x)) < *offset
                    })
                })
            }
        }
    }
}

/// Whether `normal · point < offset`, where the bound `error` on each coefficient decides it.
pub fn strictly_below(normal: &[f64], offset: f64, error: f64, point: &[f64]) -> Option<bool> {
    let (mut slack, mut size, mut reach) = (offset, offset.abs(), 1.0);
    for (a, x) in normal.iter().zip(point) {
        slack -= a * x;
        size += (a * x).abs();
        reach += x.abs();
    }
    let bound = (error * reach + (point.len() + 4) as f64 * f64::EPSILON * size) * 1.000001;
    (slack.abs() > bound).then_some(slack > 0.0)
}

const DEPENDENT: &str = "the directions of the slice are linearly dependent, or nearly so";

/// Refuses directions that span less than their number.
pub fn independent(directions: &[Vec<f64>]) -> anyhow::Result<()> {
    let mut h = Halfspaces::new(directions.len());
    for j in 0..directions.first().map_or(0, Vec::len) {
        let row: Vec<f64> = directions.iter().map(|v| v[j]).collect();
        h.push(&row, 1.0, 0.0);
        h.push(&row.iter().map(|a| -a).collect::<Vec<_>>(), 1.0, 0.0);
    }
    polytope::spread(&h).map(|_| ()).context(DEPENDENT)
}

/// The part of the section `origin + Σ t_k directions[k]` in the box, over `t`; an error says what does not fit.
pub fn section(origin: &[f64], directions: &[Vec<f64>], lo: &[f64], hi: &[f64]) -> anyhow::Result<Polytope> {
    let d = directions.len();
    let mut h = Halfspaces::new(d);
    let mut exact = vec![];
    for j in 0..origin.len() {
        let row: Vec<f64> = directions.iter().map(|v| v[j]).collect();
        if row.iter().all(|&a| a == 0.0) {
            let inside = lo[j] <= origin[j] && origin[j] <= hi[j];
            let range = format!("the domain's [{}, {}]", lo[j], hi[j]);
            anyhow::ensure!(inside, "the slice holds input {j} at {}, outside of {range}", origin[j]);
            continue;
        }
        anyhow::ensure!(lo[j] < hi[j], "the slice moves input {j}, which the domain holds at {}", lo[j]);
        for (sign, bound) in [(1.0, hi[j]), (-1.0, lo[j])] {
            let normal: Vec<f64> = row.iter().map(|a| sign * a).collect();
            let offset = sign * (bound - origin[j]);
            h.push(&normal, offset, f64::EPSILON * offset.abs());
            let exact_sign = Rational::from(sign as i32);
            let offset = &exact_sign * (rational(bound) - rational(origin[j]));
            exact.push((normal.iter().map(|&a| rational(a)).collect(), offset));
        }
    }
    let outside = || anyhow::anyhow!("the slice meets the domain in nothing of {d} dimensions");
    let spread = polytope::spread(&h).context(DEPENDENT)?;
    let tight = polytope::extent(&h, &spread).ok_or_else(outside)?;
    let frame: Vec<[f64; 2]> = (tight.iter())
        .map(|[lo, hi]| {
            let room = ROOM * (hi - lo).max(f64::MIN_POSITIVE);
            [lo - room, hi + room]
        })
        .collect();
    let middle: Vec<f64> = frame.iter().map(|[lo, hi]| (lo + hi) / 2.0).collect();
    let interior = polytope::ball(&h, &middle).ok_or_else(outside)?;
    let whole =
        Polytope { frame, normals: h.normals, offsets: h.offsets, errors: h.errors, exact, interior: interior.clone() };
    let whole = Bounds::Polytope(whole);
    anyhow::ensure!(whole.contains(&interior), outside());
    let (rows, first) = (whole.rows(d), whole.frame_rows());
    let answer = polytope::faces(&rows, &Rows { bounds: &whole, d }, &interior, Engine::Auto);
    let Bounds::Polytope(whole) = whole else { unreachable!("built as a polytope above") };
    let mut kept = Polytope { normals: vec![], offsets: vec![], errors: vec![], exact: vec![], ..whole.clone() };
    for class in answer.classes {
        let row = class.rows[0];
        if row >= first && !matches!(class.verdict, Verdict::Redundant(_)) {
            kept.normals.extend_from_slice(rows.normal(row));
            kept.offsets.push(rows.offsets[row]);
            kept.errors.push(rows.errors[row]);
            kept.exact.push(whole.exact[row - first].clone());
        }
    }
    Ok(kept)
}

struct Rows<'a> {
    bounds: &'a Bounds,
    d: usize,
}

impl ExactRows for Rows<'_> {
    fn exact_row(&self, row: usize) -> Option<(Vec<Rational>, Rational)> {
        self.bounds.exact_row(row, self.d)
    }
}
