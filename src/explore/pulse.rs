//! What is seen from outside of the regions under way: how many of their rows are decided, and whether to stop.
//!
//! Contract: reports at most a few times a second; nothing here influences a result of a run that goes on.

use super::{Control, Progress};
use crate::polytope::Observer;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Time between two reports.
const BEAT: Duration = Duration::from_millis(200);

/// Sums over the regions under way in one block.
pub struct Pulse<'a> {
    control: &'a Control<'a>,
    base: Progress,
    /// Regions finished since.
    finished: AtomicU64,
    decided: AtomicU64,
    rows: AtomicU64,
    last: Mutex<Instant>,
}

impl<'a> Pulse<'a> {
    /// Begins with what is done already.
    pub fn new(control: &'a Control<'a>, base: Progress) -> Pulse<'a> {
        let [finished, decided, rows] = [0; 3].map(AtomicU64::new);
        Pulse { control, base, finished, decided, rows, last: Mutex::new(Instant::now()) }
    }

    /// Runs `body` on one region; `None` without running it when the run has to end.
    pub fn watch<R>(&self, body: impl FnOnce(&Observer) -> Option<R>) -> Option<R> {
        let stop = || self.control.exhausted().is_some();
        if stop() {
            return None;
        }
        let (mine, all) = (AtomicU64::new(0), AtomicU64::new(0));
        let note = |decided: usize, rows: usize| {
            let (decided, rows) = (decided as u64, rows as u64);
            let (before, of) = (mine.swap(decided, Ordering::Relaxed), all.swap(rows, Ordering::Relaxed));
            // Differences wrap around and so do the sums: what comes out is right.
            self.decided.fetch_add(decided.wrapping_sub(before), Ordering::Relaxed);
            self.rows.fetch_add(rows.wrapping_sub(of), Ordering::Relaxed);
            self.beat();
        };
        let found = body(&Observer { stop: &stop, decided: &note });
        self.decided.fetch_sub(mine.into_inner(), Ordering::Relaxed);
        self.rows.fetch_sub(all.into_inner(), Ordering::Relaxed);
        self.finished.fetch_add(u64::from(found.is_some()), Ordering::Relaxed);
        self.beat();
        found
    }

    fn beat(&self) {
        let Ok(mut last) = self.last.try_lock() else { return };
        if last.elapsed() < BEAT {
            return;
        }
        *last = Instant::now();
        let rows = (self.decided.load(Ordering::Relaxed), self.rows.load(Ordering::Relaxed));
        // What a sample brings is known when its block ends; until then each region done is taken for one unit of work.
        let done = self.base.done + self.finished.load(Ordering::Relaxed);
        self.control.report(Progress { done, rows: (rows.1 > 0).then_some(rows), ..self.base });
    }
}
