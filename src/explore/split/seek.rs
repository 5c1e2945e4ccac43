//! One worker's walks: on from where the last one ended to the next subtree, and through it.
//!
//! Contract: what a walk yields depends on the subtree alone, not on the walks before it. On the way to a subtree forms
//! are composed anew, and so they are where the subtree enters a layer for the first time, so that no rounding is carried
//! over from a subtree to the next. Subtrees in ascending order pass each split of the trunk at most once.

use super::counts::Counts;
use super::descent::{Descent, Errand, Frame, Stop, Walk};

/// Turns between two questions whether to stop: in a subtree, and on the way there or in the trunk, where turns may be
/// few and long.
const TURNS: [u32; 2] = [256, 8];

impl<const D: usize, const W: usize> Descent<'_, D, W> {
    /// Walks a part of the tree.
    pub fn run(&mut self, errand: &Errand) -> Result<Walk, Stop> {
        let walked = self.walk(errand);
        self.seeking = false;
        if walked.is_err() {
            self.frames.clear();
        }
        walked
    }

    fn walk(&mut self, errand: &Errand) -> Result<Walk, Stop> {
        self.collected.clear();
        self.counts = Counts::new(D, &self.ground.stages);
        self.seeking = true;
        let target = match self.seek(errand)? {
            None => self.start_anew(errand)?,
            found => found,
        };
        self.seeking = false;
        self.counts = Counts::new(D, &self.ground.stages);
        for (floor, stage) in self.floors.iter_mut().zip(&self.ground.stages.list) {
            for seen in &mut floor.seen {
                seen.clear();
                seen.resize(stage.words(), 0);
            }
        }
        let base = self.frames.len();
        match target {
            Some(frame) => {
                self.forget_from(frame.stage as usize);
                self.proceed(frame, errand)?;
            }
            None => {
                self.forget_from(0);
                let root = self.root()?;
                self.enter(root, errand)?;
            }
        }
        let (mut turns, every) = (0u32, TURNS[usize::from(errand.collect)]);
        while self.frames.len() > base && self.counts.regions < errand.limit {
            let Some(frame) = self.frames.pop() else { break };
            turns += 1;
            if turns.is_multiple_of(every) && (errand.stop)() {
                return Err(Stop::Asked);
            }
            self.take(&frame);
            self.proceed(frame, errand)?;
        }
        let whole = self.frames.len() == base;
        self.frames.truncate(base);
        for (floor, stage) in self.floors.iter().zip(&self.ground.stages.list) {
            let own = &mut self.counts.seen[stage.first as usize..][..stage.rows()];
            for (w, own) in own.chunks_mut(64).enumerate() {
                let [lower, upper] = [0, 1].map(|side| floor.seen[side][w]);
                own.iter_mut().enumerate().for_each(|(k, s)| *s = [lower >> k & 1 == 1, upper >> k & 1 == 1]);
            }
        }
        let (counts, paths) = (std::mem::take(&mut self.counts), std::mem::take(&mut self.collected));
        Ok(Walk { counts, paths, whole })
    }

    /// Makes a waiting cell the present one.
    fn take(&mut self, frame: &Frame<W>) {
        self.restore(&frame.marks);
        self.path.truncate(frame.depth as usize - 1);
        self.path.push(frame.choice);
    }

    /// Goes down the waiting cells to the one where the errand's subtree begins; drops those before it. `None` when it
    /// does not lie ahead.
    fn seek(&mut self, errand: &Errand) -> Result<Option<Frame<W>>, Stop> {
        let mut turns = 0u32;
        while let Some(frame) = self.frames.pop() {
            self.path.truncate(frame.depth as usize - 1);
            self.path.push(frame.choice);
            if !errand.path.starts_with(&self.path) {
                continue;
            }
            self.take(&frame);
            if self.path.len() == errand.path.len() {
                return Ok(Some(frame));
            }
            turns += 1;
            if turns.is_multiple_of(TURNS[1]) && (errand.stop)() {
                return Err(Stop::Asked);
            }
            self.proceed(frame, errand)?;
        }
        Ok(None)
    }

    /// The same from the root; `None` when the errand is the whole tree.
    fn start_anew(&mut self, errand: &Errand) -> Result<Option<Frame<W>>, Stop> {
        self.path.clear();
        if errand.path.is_empty() {
            return Ok(None);
        }
        let root = self.root()?;
        self.enter(root, errand)?;
        match self.seek(errand)? {
            None => unreachable!("the path of a subtree leads to it"),
            found => Ok(found),
        }
    }

    /// Has the forms behind a stage composed anew.
    fn forget_from(&mut self, stage: usize) {
        let Some(node) = self.ground.stages.list.get(stage).map(|s| s.node) else { return };
        self.floors[stage + 1..].iter_mut().for_each(|floor| floor.rows.forget());
        self.followers[node..].iter_mut().for_each(|follower| follower.forget());
    }
}
