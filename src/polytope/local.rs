//! Regions in the local metric: rows projected one after the other, or in chunks side by side.
//!
//! Contract: as [`super::engine`]. The deepest rows go first: what is proven redundant leaves the later problems, and the
//! rays towards the points of their steps show most faces before their turn comes. Both are fixed by the rows alone.

use super::engine::{Region, Workspace};
use super::gram::Gram;
use super::project::{Open, Outcome, Projector};
use super::tolerances::{BLOCKED_DIMENSION, DEAR_SIMPLEX, MARGINS};
use super::verdict::{Effort, Farkas, Verdict, Witness};
use crate::vectors;
use rayon::prelude::*;

/// Rows of one chunk; fixed, so that results do not depend on the number of threads.
const CHUNK: usize = 128;

/// Rows between two looks at whether to stop, of rows projected one after the other.
const LOOK: usize = 1024;

/// Sum of multipliers, in units of the row's slack, up to which a proof is worth checking: beyond it the row is only
/// redundant by the margin.
const SUFFICIENT: f64 = 1.0 + 1e-9;

/// What a projection offers for a row.
pub(super) enum Attempt {
    Point(Vec<f64>),
    Proof(Vec<usize>, Vec<f64>),
    Nothing,
}

impl Attempt {
    fn point(&self) -> &[f64] {
        match self {
            Attempt::Point(point) => point,
            _ => &[],
        }
    }
}

// The bodies that must be compiled with the wider instructions: see [`vectors::wide`].

struct Sweep<'a> {
    region: &'a Region<'a>,
    gram: &'a Gram,
    workspace: &'a mut Workspace,
    verdicts: &'a mut [Verdict],
    effort: &'a mut Effort,
}

impl pulp::NullaryFnOnce for Sweep<'_> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        self.region.one_by_one(self.gram, self.workspace, self.verdicts, self.effort);
    }
}

struct Propose<'a> {
    region: &'a Region<'a>,
    gram: &'a Gram,
    projector: &'a mut Projector,
    p: usize,
    open: Open<'a>,
}

impl pulp::NullaryFnOnce for Propose<'_> {
    type Output = (Vec<(usize, Attempt)>, usize);
    #[inline(always)]
    fn call(self) -> Self::Output {
        self.region.attempt(self.gram, self.projector, self.p, self.open)
    }
}

struct Project<'a> {
    region: &'a Region<'a>,
    gram: &'a Gram,
    workspace: &'a mut Workspace,
    p: usize,
    open: Open<'a>,
    effort: &'a mut Effort,
}

impl pulp::NullaryFnOnce for Project<'_> {
    type Output = Verdict;
    #[inline(always)]
    fn call(self) -> Verdict {
        self.region.project(self.gram, self.workspace, self.p, self.open, self.effort)
    }
}

impl Region<'_> {
    /// From the deepest row to the nearest.
    pub(super) fn sweep(&self, gram: &Gram, workspace: &mut Workspace, verdicts: &mut [Verdict], effort: &mut Effort) {
        vectors::wide(Sweep { region: self, gram, workspace, verdicts, effort });
    }

    #[inline(always)]
    fn one_by_one(&self, gram: &Gram, workspace: &mut Workspace, verdicts: &mut [Verdict], effort: &mut Effort) {
        let mut closed = vec![0.0; gram.n];
        let mut limit = gram.n;
        let mut decided = vec![false; gram.n];
        workspace.projector.known.clear();
        workspace.projector.known.resize(gram.n, false);
        for p in (0..gram.n).rev() {
            if decided[p] {
                continue;
            }
            if p % LOOK == LOOK - 1 && self.observer.stopped() {
                return;
            }
            workspace.projector.known[p] = true;
            let verdict = self.project(gram, workspace, p, Open { limit, closed: &closed }, effort);
            if matches!(verdict, Verdict::Redundant(_)) {
                closed[p] = f64::NEG_INFINITY;
                while limit > 0 && closed[limit - 1] != 0.0 {
                    limit -= 1;
                }
            }
            verdicts[self.class_of[gram.rows[p]]] = verdict;
            let mut finds = std::mem::take(&mut workspace.projector.finds);
            for (q, active, coefficients) in finds.drain(..) {
                let c = self.class_of[gram.rows[q]];
                if let Ok(verdict) = self.witness(gram, workspace, c, &active, &coefficients) {
                    verdicts[c] = verdict;
                    decided[q] = true;
                }
            }
            workspace.projector.finds = finds;
        }
    }

    /// Whether a point of the projector's shows class `c` to be a face; otherwise the point.
    #[inline(always)]
    fn witness(
        &self,
        gram: &Gram,
        workspace: &mut Workspace,
        c: usize,
        active: &[usize],
        coefficients: &[f64],
    ) -> Result<Verdict, Vec<f64>> {
        let point = gram.point(active, coefficients);
        workspace.slacks.resize(self.h.len(), 0.0);
        self.check.slacks(&point, &mut workspace.slacks);
        match self.check.witness(&self.classes[c], &point, &self.leaders, &workspace.slacks) {
            Some(margin) => Ok(Verdict::Face(Witness::Float { point, margin })),
            None => Err(point),
        }
    }

    /// One class by projection.
    #[inline(always)]
    fn project(&self, gram: &Gram, workspace: &mut Workspace, p: usize, open: Open, effort: &mut Effort) -> Verdict {
        let i = gram.rows[p];
        let (mut point, mut rows) = (None, None);
        let mut projector = std::mem::take(&mut workspace.projector);
        // A wide margin costs long active sets where faces are many and thin; only small regions are crossed.
        let wide = usize::from(self.h.dimension >= BLOCKED_DIMENSION);
        let mut begun = false;
        let mut verdict = None;
        for (k, &margin) in MARGINS.iter().enumerate().skip(wide) {
            if begun {
                projector.relax(margin);
            } else if !projector.begin(gram, p) {
                break;
            }
            begun = true;
            match projector.advance(gram, open, margin) {
                Outcome::Point => {
                    match self.witness(gram, workspace, self.class_of[i], &projector.active, &projector.coefficients) {
                        Ok(found) => verdict = Some(found),
                        Err(x) => point = Some(x),
                    }
                    break;
                }
                Outcome::Proof(total) if total <= SUFFICIENT || k + 1 == MARGINS.len() => {
                    let (found, multipliers) = self.multipliers(gram, &projector, p);
                    match self.check.proof(i, &found, &multipliers, &mut workspace.scratch) {
                        Some(gap) => {
                            verdict = Some(Verdict::Redundant(Farkas::Float { rows: found, multipliers, gap }))
                        }
                        None => rows = Some(found),
                    }
                    break;
                }
                Outcome::Proof(_) => {}
                Outcome::Stuck => begun = false,
            }
        }
        effort.steps += projector.steps;
        workspace.projector = projector;
        if verdict.is_none() && self.observer.stopped() {
            return Verdict::Undecided;
        }
        if let Some(verdict) = verdict.or_else(|| self.settle(i, point.as_deref(), rows.as_deref(), effort)) {
            return verdict;
        }
        if self.h.dimension * self.h.dimension * self.leaders.len() > DEAR_SIMPLEX {
            self.lp_verdict(workspace, self.class_of[i], effort)
        } else {
            self.last_word(i)
        }
    }

    /// The projector's multipliers for the rows as given.
    fn multipliers(&self, gram: &Gram, projector: &Projector, p: usize) -> (Vec<usize>, Vec<f64>) {
        let own = gram.slack[p] * self.check.norms[gram.rows[p]];
        projector
            .proof
            .iter()
            .zip(&projector.multipliers)
            .map(|(&q, &y)| (gram.rows[q], y * own / (gram.slack[q] * self.check.norms[gram.rows[q]])))
            .unzip()
    }

    /// A candidate's verdict, when the check accepts it; `slacks` are those at its point.
    pub(super) fn accept(
        &self,
        workspace: &mut Workspace,
        i: usize,
        attempt: Attempt,
        slacks: Option<&[f64]>,
    ) -> Option<Verdict> {
        match attempt {
            Attempt::Point(point) => {
                let margin = self.check.witness(&self.classes[self.class_of[i]], &point, &self.leaders, slacks?)?;
                Some(Verdict::Face(Witness::Float { point, margin }))
            }
            Attempt::Proof(rows, multipliers) => {
                let gap = self.check.proof(i, &rows, &multipliers, &mut workspace.scratch)?;
                Some(Verdict::Redundant(Farkas::Float { rows, multipliers, gap }))
            }
            Attempt::Nothing => None,
        }
    }

    /// What [`Region::attempt`] offers, compiled with the wider instructions.
    pub(super) fn propose(
        &self,
        gram: &Gram,
        projector: &mut Projector,
        p: usize,
        open: Open,
    ) -> (Vec<(usize, Attempt)>, usize) {
        vectors::wide(Propose { region: self, gram, projector, p, open })
    }

    /// Projects position `p` and says what it offers, for itself first and then for the rows that rays showed.
    #[inline(always)]
    fn attempt(&self, gram: &Gram, projector: &mut Projector, p: usize, open: Open) -> (Vec<(usize, Attempt)>, usize) {
        let place = |active: &[usize], coefficients: &[f64]| Attempt::Point(gram.point(active, coefficients));
        let outcome = match projector.begin(gram, p) {
            true => projector.advance(gram, open, MARGINS[1]),
            false => Outcome::Stuck,
        };
        let own = match outcome {
            Outcome::Point => place(&projector.active, &projector.coefficients),
            Outcome::Proof(total) if total <= SUFFICIENT => {
                let (rows, multipliers) = self.multipliers(gram, projector, p);
                Attempt::Proof(rows, multipliers)
            }
            _ => Attempt::Nothing,
        };
        let mut offers = vec![(p, own)];
        offers.extend(projector.finds.drain(..).map(|(q, active, coefficients)| (q, place(&active, &coefficients))));
        (offers, projector.steps)
    }

    /// Large regions: rows in fixed chunks, in parallel; what a chunk decides leaves the next ones.
    pub(super) fn sweep_blocks(&self, gram: &Gram, verdicts: &mut [Verdict], effort: &mut Effort) {
        let mut closed = vec![0.0; gram.n];
        let (mut decided, mut known) = (vec![false; gram.n], vec![false; gram.n]);
        let mut next = gram.n;
        while next > 0 {
            (self.observer.decided)(gram.n - next, gram.n);
            let mut chunk = Vec::with_capacity(CHUNK);
            while next > 0 && chunk.len() < CHUNK {
                next -= 1;
                if !decided[next] {
                    chunk.push(next);
                    known[next] = true;
                }
            }
            let open = Open { limit: gram.n, closed: &closed };
            let attempts: Vec<(Vec<(usize, Attempt)>, usize)> = chunk
                .par_iter()
                .map_init(Projector::default, |projector, &p| {
                    if self.observer.stopped() {
                        return (vec![], 0);
                    }
                    projector.known.clone_from(&known);
                    self.propose(gram, projector, p, open)
                })
                .collect();
            if self.observer.stopped() {
                return;
            }
            let mut offers = vec![];
            for (found, steps) in attempts {
                effort.steps += steps;
                // Of several rays to one row the first serves.
                offers.extend(
                    found
                        .into_iter()
                        .enumerate()
                        .filter(|(k, (q, _))| *k == 0 || !std::mem::replace(&mut known[*q], true)),
                );
            }
            let mut found = vec![];
            while !offers.is_empty() {
                let rest = offers.split_off(offers.len().min(CHUNK));
                found.extend(self.take_up(gram, std::mem::replace(&mut offers, rest), open));
            }
            for (p, verdict, spent) in found {
                effort.steps += spent.steps;
                effort.exact_decisions += spent.exact_decisions;
                effort.lp_calls += spent.lp_calls;
                let Some(verdict) = verdict else { continue };
                if matches!(verdict, Verdict::Redundant(_)) {
                    closed[p] = f64::NEG_INFINITY;
                }
                decided[p] = true;
                verdicts[self.class_of[gram.rows[p]]] = verdict;
            }
        }
    }

    /// What the check makes of offers, one product for all of them; a row whose own offer fails is projected at every margin.
    fn take_up(
        &self,
        gram: &Gram,
        offers: Vec<(usize, (usize, Attempt))>,
        open: Open,
    ) -> Vec<(usize, Option<Verdict>, Effort)> {
        let points: Vec<f64> = offers.iter().flat_map(|offer| offer.1.1.point()).copied().collect();
        let slacks = self.check.slacks_at_many(&points);
        let mut columns = slacks.chunks_exact(self.h.len());
        let jobs: Vec<_> = offers
            .into_iter()
            .map(|(k, (p, attempt))| {
                let column = if attempt.point().is_empty() { None } else { columns.next() };
                (k == 0, p, attempt, column)
            })
            .collect();
        jobs.into_par_iter()
            .map_init(Workspace::default, |workspace, (own, p, attempt, column)| {
                let mut effort = Effort::default();
                if self.observer.stopped() {
                    return (p, None, effort);
                }
                let verdict = self.accept(workspace, gram.rows[p], attempt, column).or_else(|| {
                    own.then(|| vectors::wide(Project { region: self, gram, workspace, p, open, effort: &mut effort }))
                });
                (p, verdict, effort)
            })
            .collect()
    }
}
