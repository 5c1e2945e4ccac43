//! The face engine: every class of rows gets its verdict.
//!
//! Contract: rows proven redundant leave every later problem, so that a proof never rests on a row that rests on it.

use super::exact::{self, Answer};
use super::metric::Metric;
use super::project::{self, Active};
use super::reduce::{Exact, Reduced, reduce};
use super::tolerances::MARGINS;
use super::{Class, Engine, ExactRows, Farkas, Halfspaces, Verdict, Witness, certify, lp};
use crate::ir::rational;

/// Buffers that a thread reuses from region to region. They carry no state from one to the next.
#[derive(Debug, Default)]
pub struct Workspace {
    metric: Metric,
    active: Active,
}

/// The answer for one region.
#[derive(Clone, Debug, Default)]
pub struct Faces {
    /// The classes, by their first row.
    pub classes: Vec<Class>,
    /// Linear programs solved.
    pub programs: usize,
    /// Rows decided in exact arithmetic.
    pub exact: usize,
    /// Smallest margin of a face certified in floating point, in units of length.
    pub smallest_accepted: Option<f64>,
    /// Smallest gap of a redundancy certified in floating point, in units of length.
    pub smallest_rejected: Option<f64>,
}

/// Decides all rows. See [`faces_in`].
pub fn faces(h: &Halfspaces, exact: &dyn ExactRows, interior: &[f64], engine: Engine) -> Faces {
    faces_in(&mut Workspace::default(), h, exact, interior, engine)
}

/// Decides all rows of a region, seen from a point strictly inside it.
pub fn faces_in(
    workspace: &mut Workspace,
    h: &Halfspaces,
    exact: &dyn ExactRows,
    interior: &[f64],
    engine: Engine,
) -> Faces {
    let mut exact = Exact::new(exact);
    let Some(reduced) = reduce(h, interior, &mut exact) else {
        let undecided = |row| Class { rows: vec![row], verdict: Verdict::Undecided };
        return Faces { classes: (0..h.rows()).map(undecided).collect(), ..Faces::default() };
    };
    let mut run = Run {
        d: h.dimension,
        interior,
        reach: reach(h, interior),
        dropped: vec![false; reduced.slacks.len()],
        measured: workspace.metric.build(h.dimension, &reduced).is_some(),
        reduced,
        answer: Faces::default(),
    };
    // Far rows first: they are the likely redundant ones, and each that leaves makes the others cheaper.
    let mut order: Vec<usize> = (0..run.reduced.slacks.len()).collect();
    if run.measured {
        let distances = &workspace.metric.distances;
        order.sort_by(|&a, &b| distances[b].total_cmp(&distances[a]).then(a.cmp(&b)));
    }
    let mut verdicts: Vec<Verdict> = vec![Verdict::Undecided; order.len()];
    for i in order {
        verdicts[i] = run.decide(i, engine, workspace, &mut exact);
        run.dropped[i] = matches!(verdicts[i], Verdict::Redundant(_));
    }
    for row in std::mem::take(&mut run.reduced.unresolved) {
        if let Some(class) = run.reduced.classes.iter().position(|c| c.contains(&row)) {
            verdicts[class] = Verdict::Undecided;
        }
    }
    let classes = run.reduced.classes.into_iter().zip(verdicts);
    Faces { classes: classes.map(|(rows, verdict)| Class { rows, verdict }).collect(), ..run.answer }
}

/// Bound on `Σ |x_k − interior_k|` over the domain; infinite where a wall is missing.
fn reach(h: &Halfspaces, interior: &[f64]) -> f64 {
    let mut far = vec![[f64::INFINITY; 2]; h.dimension];
    for row in 0..h.walls {
        let Some(k) = h.normal(row).iter().position(|&a| a != 0.0) else { continue };
        let a = h.normal(row)[k];
        let distance = (h.offsets[row] - a * interior[k]).abs() / a.abs();
        far[k][usize::from(a > 0.0)] = distance;
    }
    far.iter().map(|[a, b]| a.max(*b)).sum::<f64>() * (1.0 + 1e-12)
}

struct Run<'a> {
    d: usize,
    interior: &'a [f64],
    reach: f64,
    reduced: Reduced,
    dropped: Vec<bool>,
    measured: bool,
    answer: Faces,
}

impl Run<'_> {
    fn decide(&mut self, i: usize, engine: Engine, workspace: &mut Workspace, exact: &mut Exact) -> Verdict {
        let proposed = match engine {
            Engine::Auto if self.measured => self.project(i, workspace),
            Engine::Auto => None,
            Engine::Lp => self.program(i),
        };
        proposed.unwrap_or_else(|| self.settle(i, exact))
    }

    /// A certified answer of the projection.
    fn project(&mut self, i: usize, workspace: &mut Workspace) -> Option<Verdict> {
        MARGINS.iter().find_map(|&margin| {
            match workspace.active.project(i, self.d, &workspace.metric, &self.dropped, margin) {
                project::Proposal::Face(u) => self.face(i, workspace.metric.unwhiten(self.d, &u)),
                project::Proposal::Redundant(multipliers) => {
                    // Multipliers of whitened unit normals, back to those of the normalised rows.
                    let length = &workspace.metric.lengths;
                    let multipliers: Vec<(usize, f64)> =
                        multipliers.into_iter().map(|(j, y)| (j, y * length[i] / length[j])).collect();
                    self.redundant(i, multipliers)
                }
                project::Proposal::Stuck => None,
            }
        })
    }

    /// The reference path's answer; its witness is brought back to the hyperplane.
    fn program(&mut self, i: usize) -> Option<Verdict> {
        self.answer.programs += 1;
        match lp::propose(i, self.d, &self.reduced, &self.dropped) {
            lp::Proposal::Face(v) => {
                let normal = &self.reduced.normals[i * self.d..(i + 1) * self.d];
                let value: f64 = v.iter().zip(normal).map(|(x, a)| x * a).sum();
                let scale = self.reduced.slacks[i] / value;
                self.face(i, v.iter().map(|x| x * scale).collect())
            }
            lp::Proposal::Redundant => Some(Verdict::Redundant(Farkas { multipliers: vec![] })),
            lp::Proposal::Doubtful => None,
        }
    }

    fn face(&mut self, i: usize, v: Vec<f64>) -> Option<Verdict> {
        let margin = certify::is_face(i, self.d, &self.reduced, &self.dropped, &v)?;
        let least = self.answer.smallest_accepted.get_or_insert(margin);
        *least = least.min(margin);
        let point = v.iter().zip(self.interior).map(|(v, c)| c + v).collect();
        Some(Verdict::Face(Witness { point, rounded: false }))
    }

    fn redundant(&mut self, i: usize, multipliers: Vec<(usize, f64)>) -> Option<Verdict> {
        let gap = certify::is_redundant(i, self.d, &self.reduced, &self.dropped, &multipliers, self.reach)?;
        let least = self.answer.smallest_rejected.get_or_insert(gap);
        *least = least.min(gap);
        Some(self.proof(i, multipliers.into_iter()))
    }

    /// Multipliers of normalised classes as multipliers of given rows.
    fn proof(&self, i: usize, multipliers: impl Iterator<Item = (usize, f64)>) -> Verdict {
        let length = &self.reduced.lengths;
        let rows = multipliers.map(|(j, y)| (self.reduced.classes[j][0], y * length[i] / length[j]));
        Verdict::Redundant(Farkas { multipliers: rows.collect() })
    }

    /// The last word.
    fn settle(&mut self, i: usize, exact: &mut Exact) -> Verdict {
        self.answer.exact += 1;
        match exact::decide(i, &self.reduced, self.interior, exact, &self.dropped) {
            Some(Answer::Face(v)) => {
                let point = v.into_iter().zip(self.interior).map(|(v, &c)| (v + rational(c)).to_f64().value());
                Verdict::Face(Witness { point: point.collect(), rounded: true })
            }
            // Exact multipliers belong to the rows as given: no lengths to undo.
            Some(Answer::Redundant(multipliers)) => {
                let rows = multipliers.into_iter().map(|(j, y)| (self.reduced.classes[j][0], y.to_f64().value()));
                Verdict::Redundant(Farkas { multipliers: rows.collect() })
            }
            None => Verdict::Undecided,
        }
    }
}
