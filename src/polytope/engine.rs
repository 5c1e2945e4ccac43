//! The driver: every class gets a candidate from a solver, a rigorous check, and if need be the exact test.
//!
//! Contract: a verdict is certified by [`super::check`] or exact, or it is undecided. Rows proven redundant leave
//! every later problem. The result does not depend on the number of threads.

use super::centre::centre;
use super::check::Check;
use super::exact::Exact;
use super::lp;
use super::observer::Observer;
use super::project::Projector;
use super::rows::{ExactRows, Halfspaces};
use super::tolerances::{BLOCKED_DIMENSION, BOX_DIMENSION, SIEVED};
use super::verdict::{Class, Effort, Engine, Faces, Farkas, Verdict, Witness};
use super::{blocked, dense, reduce};
use std::borrow::Cow;

/// Buffers for many regions, one per thread; they never influence a result.
#[derive(Default)]
pub struct Workspace {
    pub(super) projector: Projector,
    pub(super) slacks: Vec<f64>,
    pub(super) scratch: Vec<f64>,
    /// Storage of the last Gram matrix; its contents are never read.
    pub(super) spare: Vec<f64>,
}

/// A point and rows that float64 could not certify.
type Unproven = (Option<Vec<f64>>, Option<Vec<usize>>);

/// One region with all that the decisions need.
pub(super) struct Region<'a> {
    pub(super) h: &'a Halfspaces,
    pub(super) check: Check<'a>,
    exact: Exact<'a>,
    pub(super) classes: Vec<Vec<usize>>,
    pub(super) class_of: Vec<usize>,
    /// First row of every class.
    pub(super) leaders: Vec<usize>,
    pub(super) observer: &'a Observer<'a>,
}

/// Decides every class of the region around `interior`.
pub fn faces_in(
    workspace: &mut Workspace,
    h: &Halfspaces,
    exact: &dyn ExactRows,
    interior: &[f64],
    engine: Engine,
) -> Faces {
    faces_observed(workspace, h, exact, interior, engine, &Observer::NONE).unwrap_or_default()
}

/// The same with somebody looking on, who can stop it: then nothing is given.
pub fn faces_observed(
    workspace: &mut Workspace,
    h: &Halfspaces,
    exact: &dyn ExactRows,
    interior: &[f64],
    engine: Engine,
    observer: &Observer,
) -> Option<Faces> {
    assert_eq!(interior.len(), h.dimension, "the interior point has one coordinate per input");
    if !h.is_well_formed() || interior.iter().any(|x| !x.is_finite()) {
        let classes = (0..h.len()).map(|i| Class { rows: vec![i], verdict: Verdict::Undecided }).collect();
        return Some(Faces { classes, interior: interior.to_vec(), effort: Effort::default() });
    }
    let vantage = vantage(h, interior, engine, observer);
    let interior = &vantage[..];
    let check = Check::new(h, interior);
    let exact = Exact::new(exact, h.len(), interior, observer);
    let (classes, comparisons) = reduce::classes(h, &check, &exact);
    let mut class_of = vec![0; h.len()];
    for (c, rows) in classes.iter().enumerate() {
        rows.iter().for_each(|&i| class_of[i] = c);
    }
    let leaders = classes.iter().map(|rows| rows[0]).collect();
    let region = Region { h, check, exact, classes, class_of, leaders, observer };
    let mut effort = Effort { exact_decisions: comparisons, ..Effort::default() };
    let verdicts = match engine {
        Engine::Lp => region.by_lp(workspace, &mut effort),
        Engine::Auto => region.by_projection(workspace, &mut effort),
    };
    if observer.stopped() {
        return None;
    }
    for verdict in &verdicts {
        match verdict {
            Verdict::Face(Witness::Float { margin, .. }) => {
                effort.smallest_accepted_gap = Some(effort.smallest_accepted_gap.map_or(*margin, |g| g.min(*margin)));
            }
            Verdict::Redundant(Farkas::Float { gap, .. }) => {
                effort.largest_rejected_gap = Some(effort.largest_rejected_gap.map_or(-*gap, |g| g.max(-*gap)));
            }
            _ => {}
        }
    }
    let classes = region.classes.into_iter().zip(verdicts).map(|(rows, verdict)| Class { rows, verdict }).collect();
    Some(Faces { classes, interior: interior.to_vec(), effort })
}

/// Where the certificates are seen from: the interior point, or of a large region in a box a point further inside.
fn vantage<'a>(h: &Halfspaces, interior: &'a [f64], engine: Engine, observer: &Observer) -> Cow<'a, [f64]> {
    if engine == Engine::Lp || h.dimension < BOX_DIMENSION {
        return interior.into();
    }
    let check = Check::new(h, interior);
    if !check.is_boxed() {
        return interior.into();
    }
    let centre = centre(h, &check, observer);
    let sure = centre.iter().all(|x| x.is_finite()) && Check::new(h, &centre).doubtful_interior().is_empty();
    if sure { centre.into() } else { interior.into() }
}

impl Region<'_> {
    fn by_lp(&self, workspace: &mut Workspace, effort: &mut Effort) -> Vec<Verdict> {
        let verdict = |c: usize| {
            (self.observer.decided)(c, self.classes.len());
            self.lp_verdict(workspace, c, effort)
        };
        (0..self.classes.len()).map(verdict).collect()
    }

    /// One class by one LP, then exactly.
    pub(super) fn lp_verdict(&self, workspace: &mut Workspace, c: usize, effort: &mut Effort) -> Verdict {
        if self.observer.stopped() {
            return Verdict::Undecided;
        }
        let found = self.lp_candidate(workspace, c, effort);
        match found {
            Ok(verdict) => verdict,
            Err((point, rows)) => self
                .settle(self.leaders[c], point.as_deref(), rows.as_deref(), effort)
                .unwrap_or_else(|| self.last_word(self.leaders[c])),
        }
    }

    /// The LP's certificate when it passes the check, otherwise its candidates.
    fn lp_candidate(&self, workspace: &mut Workspace, c: usize, effort: &mut Effort) -> Result<Verdict, Unproven> {
        let i = self.leaders[c];
        let others: Vec<usize> = self.leaders.iter().copied().filter(|&j| j != i).collect();
        effort.lp_calls += 1;
        match lp::candidate(self.h, &self.check, i, &others) {
            lp::Candidate::Point(point) => {
                workspace.slacks.resize(self.h.len(), 0.0);
                self.check.slacks(&point, &mut workspace.slacks);
                match self.check.witness(&self.classes[c], &point, &self.leaders, &workspace.slacks) {
                    Some(margin) => Ok(Verdict::Face(Witness::Float { point, margin })),
                    None => Err((Some(point), None)),
                }
            }
            lp::Candidate::Multipliers(rows, multipliers) => {
                match self.check.proof(i, &rows, &multipliers, &mut workspace.scratch) {
                    Some(gap) => Ok(Verdict::Redundant(Farkas::Float { rows, multipliers, gap })),
                    None => Err((None, Some(rows))),
                }
            }
            lp::Candidate::Nothing => Err((None, None)),
        }
    }

    /// Candidates that float64 could not certify, exactly.
    pub(super) fn settle(
        &self,
        i: usize,
        point: Option<&[f64]>,
        rows: Option<&[usize]>,
        effort: &mut Effort,
    ) -> Option<Verdict> {
        effort.exact_decisions += 1;
        if let Some(proof) = rows.and_then(|rows| self.exact.proof(i, rows)) {
            return Some(Verdict::Redundant(proof));
        }
        let point = point.and_then(|x| self.exact.witness(i, x, &self.leaders))?;
        Some(Verdict::Face(Witness::Exact { point }))
    }

    /// The exact simplex.
    pub(super) fn last_word(&self, i: usize) -> Verdict {
        let others: Vec<usize> = self.leaders.iter().copied().filter(|&j| j != i).collect();
        self.exact.decide(i, &others)
    }

    fn by_projection(&self, workspace: &mut Workspace, effort: &mut Effort) -> Vec<Verdict> {
        let mut verdicts = vec![Verdict::Undecided; self.classes.len()];
        let mut open = Vec::with_capacity(self.leaders.len());
        for (c, &i) in self.leaders.iter().enumerate() {
            // Rows that the box alone excludes need no solver.
            match self.check.proof(i, &[], &[], &mut workspace.scratch) {
                Some(gap) if i >= self.h.walls => {
                    verdicts[c] = Verdict::Redundant(Farkas::Float { rows: Vec::new(), multipliers: Vec::new(), gap });
                }
                _ => open.push(i),
            }
        }
        if self.h.dimension >= BOX_DIMENSION && self.check.is_boxed() {
            self.sweep_box(&open, &mut verdicts, effort);
            return verdicts;
        }
        let large = self.h.dimension >= BLOCKED_DIMENSION;
        let gram = if large {
            blocked::gram(self.h, &self.check, &open, self.observer)
        } else {
            open = self.sieve(open, workspace, &mut verdicts, effort);
            (open.len() <= SIEVED).then(|| dense::gram(self.h, &self.check, &open, &mut workspace.spare)).flatten()
        };
        let Some(gram) = gram else {
            if self.observer.stopped() {
                return verdicts;
            }
            for &i in &open {
                verdicts[self.class_of[i]] = self.lp_verdict(workspace, self.class_of[i], effort);
            }
            return verdicts;
        };
        if large {
            self.sweep_blocks(&gram, &mut verdicts, effort);
        } else {
            self.sweep(&gram, workspace, &mut verdicts, effort);
            workspace.spare = gram.products;
        }
        verdicts
    }
}
