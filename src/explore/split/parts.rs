//! Walking the subtrees of a tree, or a part of them, from the beginning or from where an earlier run ended.
//!
//! Contract: the sums after the last subtree are the same whichever way they were reached. What a limit on regions
//! leaves out depends on the limit alone.

use super::counts::Counts;
use super::tree::{NotSplit, Split, Tree};
use crate::explore::parts::{Done, Hooks};
use crate::explore::{Control, Progress, State};
use rayon::prelude::*;
use sha2::{Digest, Sha256};
use std::time::{Duration, Instant};

/// Subtrees between two looks at the budgets.
const BLOCK: usize = 32;
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
        hash.finalize().iter().map(|b| format!("{b:02x}")).collect()
    }

    /// Walks the subtrees that the hooks ask for and adds them up, until a budget runs out.
    pub fn run(
        &self,
        max_regions: u64,
        control: &Control,
        hooks: &mut Hooks,
    ) -> anyhow::Result<Result<Split, NotSplit>> {
        let shard = hooks.shard;
        let mine: Vec<&Vec<u16>> = (self.paths.iter().enumerate())
            .filter(|(k, _)| shard.is_none_or(|s| s.holds(*k)))
            .map(|(_, path)| path)
            .collect();
        let in_parts = hooks.in_parts();
        let mut done = match hooks.resume.take() {
            Some(done) => done,
            None => Done {
                tree: if in_parts { self.name() } else { String::new() },
                subtrees: 0,
                counts: if shard.is_none_or(|s| s.index == 1) { self.above.clone() } else { self.nothing() },
            },
        };
        anyhow::ensure!(
            done.subtrees <= mine.len() && (!in_parts || done.tree == self.name()),
            "the checkpoint is of another tree of splits: begin anew without --resume"
        );
        let stop = || control.exhausted().is_some();
        let mut saved = Instant::now();
        let mut state = State::Complete;
        while state == State::Complete && done.subtrees < mine.len() {
            let room = max_regions - done.counts.regions;
            if room == 0 {
                state = State::regions(max_regions);
                break;
            }
            let end = mine.len().min(done.subtrees + BLOCK);
            let block = &mine[done.subtrees..end];
            let parts: Vec<_> = block.par_iter().map(|path| self.subtree(path, room, &stop)).collect();
            for (path, part) in block.iter().zip(parts) {
                let part = match part {
                    Ok(part) => part,
                    Err(reason) => return Ok(Err(reason)),
                };
                match self.fitting(path, part, max_regions - done.counts.regions, &stop) {
                    Err(reason) => return Ok(Err(reason)),
                    Ok(None) => state = control.exhausted().unwrap_or_default(),
                    Ok(Some((part, whole))) => {
                        if whole {
                            done.counts.merge(&part);
                            done.subtrees += 1;
                            continue;
                        }
                        // A subtree that a limit cut off counts, but a run with a larger limit begins it anew.
                        self.save(hooks, &done)?;
                        done.counts.merge(&part);
                        return Ok(Ok(Split { counts: done.counts, state: State::regions(max_regions) }));
                    }
                }
                break;
            }
            if saved.elapsed() >= SAVED_EVERY {
                self.save(hooks, &done)?;
                saved = Instant::now();
            }
            let (total, regions) = (Some(mine.len() as u64), done.counts.regions);
            control.report(Progress { done: done.subtrees as u64, total, regions, note: "subtrees", rows: None });
        }
        self.save(hooks, &done)?;
        Ok(Ok(Split { counts: done.counts, state }))
    }

    /// A part of at most `room` regions, walked again where it has more; whether it is whole.
    fn fitting(
        &self,
        path: &[u16],
        part: Option<(Counts, bool)>,
        room: u64,
        stop: &dyn Fn() -> bool,
    ) -> Result<Option<(Counts, bool)>, NotSplit> {
        match part {
            Some((part, _)) if part.regions > room => {
                Ok(self.subtree(path, room, stop)?.map(|(part, _)| (part, false)))
            }
            other => Ok(other),
        }
    }

    fn save(&self, hooks: &mut Hooks, done: &Done) -> anyhow::Result<()> {
        match &mut hooks.save {
            Some(save) => save(done),
            None => Ok(()),
        }
    }
}
