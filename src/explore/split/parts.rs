//! Walking the subtrees of a tree, or a part of them, from the beginning or from where an earlier run ended.
//!
//! Contract: the sums after the last subtree are the same whichever way they were reached. What a limit on regions
//! leaves out depends on the limit alone.

use super::descent::End;
use super::order::{Came, Show, receive};
use super::show::Want;
use super::tree::{NotSplit, Split, Tree};
use crate::explore::allowance::Allowance;
use crate::explore::parts::{Done, Hooks};
use crate::explore::{Progress, State};
use crate::hash::hex;
use sha2::{Digest, Sha256};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Time between two notes of how far a run has come.
const SAVED_EVERY: Duration = Duration::from_millis(500);

impl Tree<'_> {
    /// A hash of the paths of all subtrees.
    pub fn name(&self) -> String {
        let mut hash = Sha256::new();
        for path in &self.paths {
            hash.update((path.len() as u64).to_le_bytes());
            path.iter().for_each(|choice| hash.update(choice.to_le_bytes()));
        }
        hex(hash.finalize())
    }

    /// Walks the subtrees that the hooks ask for and adds them up, until a budget runs out; shows each region to those
    /// who look on.
    pub fn run(
        &self,
        max_regions: u64,
        allowance: &Allowance,
        hooks: &mut Hooks,
        mut show: Option<(Want, &mut Show)>,
    ) -> anyhow::Result<Result<Split, NotSplit>> {
        let shard = hooks.shard;
        let mine: Vec<&[u16]> = (self.paths.iter().enumerate())
            .filter(|(k, _)| shard.is_none_or(|s| s.holds(*k)))
            .map(|(_, path)| &path[..])
            .collect();
        let in_parts = hooks.in_parts();
        if !self.whole {
            return self.unbegun(allowance, hooks).map(Ok);
        }
        let mut done = match hooks.resume.take() {
            Some(done) if !done.tree.is_empty() => done,
            _ => Done {
                tree: if in_parts { self.name() } else { String::new() },
                subtrees: 0,
                counts: if shard.is_none_or(|s| s.index == 1) { self.above.clone() } else { self.nothing() },
            },
        };
        anyhow::ensure!(
            done.subtrees <= mine.len() && (!in_parts || done.tree == self.name()),
            "the checkpoint is of another tree of splits: begin anew without --resume"
        );
        let (from, total) = (done.subtrees, Some(mine.len() as u64));
        let room = AtomicU64::new(max_regions - done.counts.regions);
        let want = show.as_ref().map(|s| s.0);
        let mut saved = Instant::now();
        // Why the run ended before its last subtree; from there on nothing is saved.
        let mut cut = None;
        let ended = self.in_order(&mine[from..], want, &room, &|steps| allowance.spend(steps), |path, receiver| {
            let left = max_regions - done.counts.regions;
            let came = match left {
                0 => Came::Walked(Box::new(self.nothing()), End::Limit),
                _ => receive(receiver, left, show.as_mut().map(|s| &mut *s.1))?,
            };
            let (part, end) = match came {
                Came::Not(reason) => (Err(reason), End::Asked),
                Came::Walked(counts, end) if counts.regions <= left => (Ok(*counts), end),
                Came::Walked(..) => (self.subtree(path, left), End::Limit),
                Came::Cut(0) => (Ok(self.nothing()), End::Asked),
                // Regions that were shown count.
                Came::Cut(shown) => (self.subtree(path, shown), if shown < left { End::Asked } else { End::Limit }),
            };
            let part = match part {
                Err(reason) => return Ok(Some(Err(reason))),
                Ok(part) => part,
            };
            if end != End::Whole && cut.is_none() {
                // A subtree that was cut off counts, but a run with a larger budget begins it anew.
                self.save(hooks, &done)?;
                let asked = || allowance.exhausted().unwrap_or_else(|| State::partial("ended early".into()));
                cut = Some(if end == End::Limit { State::regions(max_regions) } else { asked() });
            }
            done.counts.merge(&part);
            if end == End::Limit {
                return Ok(Some(Ok(())));
            }
            if cut.is_some() {
                return Ok(None);
            }
            done.subtrees += 1;
            room.store(max_regions - done.counts.regions, Ordering::Relaxed);
            if saved.elapsed() >= SAVED_EVERY {
                self.save(hooks, &done)?;
                saved = Instant::now();
            }
            allowance.control.report(Progress {
                done: done.subtrees as u64,
                total,
                regions: done.counts.regions,
                note: "subtrees",
                rows: None,
            });
            Ok(None)
        })?;
        if let Some(Err(reason)) = ended {
            return Ok(Err(reason));
        }
        if cut.is_none() {
            self.save(hooks, &done)?;
        }
        Ok(Ok(Split { counts: done.counts, state: cut.unwrap_or(State::Complete) }))
    }

    /// What a run comes to that ended before the tree was cut into subtrees: nothing, and a run that goes on begins anew.
    fn unbegun(&self, allowance: &Allowance, hooks: &mut Hooks) -> anyhow::Result<Split> {
        let nothing = Done { tree: String::new(), subtrees: 0, counts: self.nothing() };
        if hooks.resume.is_none() {
            self.save(hooks, &nothing)?;
        }
        let state = allowance.exhausted().unwrap_or_else(|| State::partial("ended before the first subtree".into()));
        Ok(Split { counts: nothing.counts, state })
    }

    fn save(&self, hooks: &mut Hooks, done: &Done) -> anyhow::Result<()> {
        match &mut hooks.save {
            Some(save) => save(done),
            None => Ok(()),
        }
    }
}
