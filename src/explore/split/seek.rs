//! One worker's walks: on from where the last one ended to the next subtree, and through it.
//!
//! Contract: what a walk yields depends on the subtree alone, not on the walks before it. On the way to a subtree forms
//! are composed anew, and so they are where the subtree enters a layer for the first time, so that no rounding is carried
//! over from a subtree to the next. Subtrees in ascending order pass each split of the trunk at most once.

use super::counts::Counts;
use super::descent::{Descent, End, Errand, Frame, Stop, Walk};

impl<const D: usize, const W: usize> Descent<'_, D, W> {
    /// Walks a part of the tree.
    pub fn run(&mut self, errand: &Errand) -> Result<Walk, Stop> {
        let walked = self.walk(errand);
        self.seeking = false;
        if !walked.as_ref().is_ok_and(|walk| walk.end != End::Asked) {
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
        // On the way nothing is counted, but rows that vanish are noted.
        self.counts.vanishing.fill(false);
        for (floor, stage) in self.floors.iter_mut().zip(&self.ground.stages.list) {
            for seen in &mut floor.seen {
                seen.clear();
                seen.resize(stage.words(), 0);
            }
        }
        self.work = 0;
        let base = self.frames.len();
        let end = match self.walk_from(target, base, errand) {
            Ok(()) if self.frames.len() == base => End::Whole,
            Ok(()) => End::Limit,
            Err(Stop::Asked) if !errand.collect => End::Asked,
            Err(stop) => return Err(stop),
        };
        // The rest of the work counts; whether to stop is asked by the next walk.
        (errand.stop)(std::mem::take(&mut self.work));
        self.frames.truncate(base);
        for (floor, stage) in self.floors.iter().zip(&self.ground.stages.list) {
            let own = &mut self.counts.seen[stage.first as usize..][..stage.rows()];
            for (w, own) in own.chunks_mut(64).enumerate() {
                let [lower, upper] = [0, 1].map(|side| floor.seen[side][w]);
                own.iter_mut().enumerate().for_each(|(k, s)| *s = [lower >> k & 1 == 1, upper >> k & 1 == 1]);
            }
        }
        let (counts, paths) = (std::mem::take(&mut self.counts), std::mem::take(&mut self.collected));
        Ok(Walk { counts, paths, end })
    }

    /// Walks what is below a cell, or the whole tree, and leaves the frames before it.
    fn walk_from(&mut self, target: Option<Frame<W>>, base: usize, errand: &Errand) -> Result<(), Stop> {
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
        while self.frames.len() > base && self.counts.regions < errand.limit {
            let Some(frame) = self.frames.pop() else { break };
            self.pause(errand)?;
            self.take(&frame);
            self.proceed(frame, errand)?;
        }
        Ok(())
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
            self.pause(errand)?;
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
