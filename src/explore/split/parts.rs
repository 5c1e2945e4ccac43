//! Walking the subtrees of a tree, or a part of them, from the beginning or from where an earlier run ended.
//!
//! Contract: the sums after the last subtree are the same whichever way they were reached. What a limit on regions
//! leaves out depends on the limit alone.

use super::order::{Came, Show, receive};
use super::show::Want;
use super::tree::{NotSplit, Split, Tree};
use crate::explore::parts::{Done, Hooks};
use crate::explore::{Control, Progress, State};
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
        control: &Control,
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
            return self.unbegun(control, hooks).map(Ok);
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
        let stop = || control.exhausted().is_some();
        let want = show.as_ref().map(|s| s.0);
        let (mut saved, mut cut) = (Instant::now(), false);
        let ended = self.in_order(&mine[from..], want, &room, &stop, |path, receiver| {
            let left = max_regions - done.counts.regions;
            if left == 0 {
                return Ok(Some(Ok(State::regions(max_regions))));
            }
            let (mut part, mut state) = (None, State::regions(max_regions));
            let whole = match receive(receiver, left, show.as_mut().map(|s| &mut *s.1))? {
                Came::Not(reason) => return Ok(Some(Err(reason))),
                Came::Walked(counts, all) if counts.regions <= left => {
                    part = Some(counts);
                    all
                }
                Came::Walked(..) => false,
                // Regions that were shown count; others of a subtree that a budget ended do not.
                Came::Cut(0) => return Ok(Some(Ok(control.exhausted().unwrap_or(state)))),
                Came::Cut(shown) => {
                    if shown < left {
                        state = control.exhausted().unwrap_or(state);
                    }
                    match self.subtree(path, shown, &|| false) {
                        Err(reason) => return Ok(Some(Err(reason))),
                        Ok(walked) => part = walked.map(|w| Box::new(w.0)),
                    }
                    false
                }
            };
            if part.is_none() {
                match self.subtree(path, left, &stop) {
                    Err(reason) => return Ok(Some(Err(reason))),
                    Ok(None) => return Ok(Some(Ok(control.exhausted().unwrap_or(state)))),
                    Ok(walked) => part = walked.map(|w| Box::new(w.0)),
                }
            }
            if !whole {
                // A subtree that a limit cut off counts, but a run with a larger limit begins it anew.
                self.save(hooks, &done)?;
                cut = true;
                part.iter().for_each(|part| done.counts.merge(part));
                return Ok(Some(Ok(state)));
            }
            part.iter().for_each(|part| done.counts.merge(part));
            done.subtrees += 1;
            room.store(max_regions - done.counts.regions, Ordering::Relaxed);
            if saved.elapsed() >= SAVED_EVERY {
                self.save(hooks, &done)?;
                saved = Instant::now();
            }
            control.report(Progress {
                done: done.subtrees as u64,
                total,
                regions: done.counts.regions,
                note: "subtrees",
                rows: None,
            });
            Ok(None)
        })?;
        let state = match ended {
            Some(Err(reason)) => return Ok(Err(reason)),
            Some(Ok(state)) => state,
            None => State::Complete,
        };
        if !cut {
            self.save(hooks, &done)?;
        }
        Ok(Ok(Split { counts: done.counts, state }))
    }

    /// What a run comes to that ended before the tree was cut into subtrees: nothing, and a run that goes on begins anew.
    fn unbegun(&self, control: &Control, hooks: &mut Hooks) -> anyhow::Result<Split> {
        let nothing = Done { tree: String::new(), subtrees: 0, counts: self.nothing() };
        if hooks.resume.is_none() {
            self.save(hooks, &nothing)?;
        }
        let state = control.exhausted().unwrap_or_else(|| State::partial("ended before the first subtree".into()));
        Ok(Split { counts: nothing.counts, state })
    }

    fn save(&self, hooks: &mut Hooks, done: &Done) -> anyhow::Result<()> {
        match &mut hooks.save {
            Some(save) => save(done),
            None => Ok(()),
        }
    }
}
