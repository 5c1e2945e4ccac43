//! Regions of few inputs and very many rows: most rows are redundant against a few others, so they are sifted in groups
//! before a matrix over all of them is made.
//!
//! Contract: as [`super::engine`]. A row leaves only with a proof that the check accepted, and a proof against some rows
//! is one against all. Which rows form a group is fixed by the rows alone. Rows that groups cannot reduce to
//! [`SIEVED`] are left, and the caller decides them without a matrix.

use super::dense;
use super::engine::{Region, Workspace};
use super::project::{Open, Projector};
use super::tolerances::{SIEVE_GROUP, SIEVED};
use super::verdict::{Effort, Verdict};

impl Region<'_> {
    /// The rows that are left of `open`.
    pub(super) fn sieve(
        &self,
        mut open: Vec<usize>,
        workspace: &mut Workspace,
        verdicts: &mut [Verdict],
        effort: &mut Effort,
    ) -> Vec<usize> {
        while open.len() > SIEVED && !self.observer.stopped() {
            let before = open.len();
            let (walls, rows): (Vec<usize>, Vec<usize>) = open.iter().partition(|&&i| i < self.h.walls);
            open.clone_from(&walls);
            for group in rows.chunks(SIEVE_GROUP) {
                if self.observer.stopped() {
                    open.extend(group);
                    continue;
                }
                // Without the walls a group's rows need not enclose anything.
                let group: Vec<usize> = walls.iter().chain(group).copied().collect();
                self.sift(&group, workspace, verdicts, effort);
                let left =
                    |i: &&usize| **i >= self.h.walls && !matches!(verdicts[self.class_of[**i]], Verdict::Redundant(_));
                open.extend(group.iter().filter(left));
            }
            if 10 * open.len() > 9 * before {
                break;
            }
        }
        open
    }

    /// Proves rows of a group redundant against the others of it.
    fn sift(&self, group: &[usize], workspace: &mut Workspace, verdicts: &mut [Verdict], effort: &mut Effort) {
        let Some(gram) = dense::gram(self.h, &self.check, group, &mut workspace.spare) else { return };
        // It looks for no faces among other rows.
        let mut projector = Projector::default();
        let mut closed = vec![0.0; gram.n];
        for p in (0..gram.n).rev().filter(|&p| gram.rows[p] >= self.h.walls) {
            if p % 64 == 0 && self.observer.stopped() {
                break;
            }
            let (offers, steps) = self.propose(&gram, &mut projector, p, Open { limit: gram.n, closed: &closed });
            effort.steps += steps;
            let Some((_, own)) = offers.into_iter().next() else { continue };
            // Without slacks only a proof is accepted.
            if let Some(verdict) = self.accept(workspace, gram.rows[p], own, None) {
                closed[p] = f64::NEG_INFINITY;
                verdicts[self.class_of[gram.rows[p]]] = verdict;
            }
        }
        workspace.spare = gram.products;
    }
}
