//! Subtrees walked by several threads and taken in the order of the tree.
//!
//! Contract: the order does not depend on the number of threads. Threads take subtrees in order and, where regions are
//! shown, hold few of them until their turn comes, so memory does not grow with what is shown.

use super::counts::Counts;
use super::descent::{End, Stop, Walk};
use super::show::{Finished, Want};
use super::tree::{NotSplit, Tree, Worker};
use std::cell::RefCell;
use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Regions handed over at a time.
const CHUNK: usize = 256;
/// Chunks that a thread may be ahead in a subtree.
const AHEAD: usize = 16;

/// Most neighbouring subtrees that a thread takes at once.
const RUN: usize = 4;

/// What a thread says of its subtree.
pub enum Message {
    Regions(Vec<Finished>),
    End(Result<Box<Walk>, Stop>),
}

/// Called with each region.
pub type Show<'a> = dyn FnMut(&Finished) -> anyhow::Result<()> + 'a;

/// What one subtree came to.
pub enum Came {
    /// Its counts, and how it ended.
    Walked(Box<Counts>, End),
    /// So many regions were shown before the limit or a budget.
    Cut(u64),
    /// It is none that can be walked.
    Not(NotSplit),
}

impl Tree<'_> {
    /// Walks subtrees, at most `room` regions in each, and hands them to `take` one by one and in order, until it has
    /// an answer or an error.
    pub fn in_order<T>(
        &self,
        paths: &[&[u16]],
        want: Option<Want>,
        room: &AtomicU64,
        stop: &(dyn Fn(u64) -> bool + Sync),
        mut take: impl FnMut(&[u16], &Receiver<Message>) -> anyhow::Result<Option<T>>,
    ) -> anyhow::Result<Option<T>> {
        let (next, quit) = (AtomicUsize::new(0), AtomicBool::new(false));
        let (senders, receivers): (Vec<_>, Vec<_>) = paths.iter().map(|_| sync_channel(AHEAD)).unzip();
        let senders: Vec<Mutex<Option<SyncSender<Message>>>> =
            senders.into_iter().map(|s| Mutex::new(Some(s))).collect();
        let stop = |work| quit.load(Ordering::Relaxed) || stop(work);
        let ended: Vec<AtomicBool> = paths.iter().map(|_| AtomicBool::new(false)).collect();
        let threads = rayon::current_num_threads().min(paths.len());
        // Neighbours go to one thread, which passes the splits above them once; where regions are shown one by one, since
        // a thread that is far ahead waits.
        let run = |from: usize| match want {
            None => (paths.len().saturating_sub(from) / (8 * threads).max(1)).clamp(1, RUN),
            Some(_) => 1,
        };
        // The next subtrees; their senders are dropped with what holds them.
        let claim = || {
            let run = run(next.load(Ordering::Relaxed));
            let from = next.fetch_add(run, Ordering::Relaxed);
            let own = (from..from + run).map_while(|k| Some((k, senders.get(k)?.lock().ok()?.take()?)));
            own.collect::<VecDeque<_>>()
        };
        // Walks the next subtree; whether there was one.
        let walk_next = |worker: &mut Worker, own: &mut VecDeque<(usize, SyncSender<Message>)>| {
            if own.is_empty() {
                *own = claim();
            }
            let Some((k, sender)) = own.pop_front() else { return false };
            if stop(0) {
                // As many messages as this fit, and a receiver that is gone wants none.
                let _ = sender.send(Message::End(Err(Stop::Asked)));
            } else {
                self.send(worker, paths[k], want, room.load(Ordering::Relaxed), &stop, &sender);
            }
            ended[k].store(true, Ordering::Release);
            true
        };
        let work = || {
            let (mut worker, mut own) = (self.worker(), VecDeque::new());
            while walk_next(&mut worker, &mut own) {}
        };
        std::thread::scope(|scope| {
            // A subtree whose regions are not shown is one message, which nobody waits for: this thread walks too until
            // the next one is there.
            let mut own = want.is_none().then(|| (self.worker(), VecDeque::new()));
            for _ in usize::from(own.is_some())..threads {
                scope.spawn(work);
            }
            // Dropped on every way out of here, which ends the threads that still send.
            let receivers = receivers;
            let taken = paths.iter().zip(receivers).zip(&ended).find_map(|((path, receiver), ended)| {
                if let Some((worker, own)) = &mut own {
                    while !ended.load(Ordering::Acquire) && walk_next(worker, own) {}
                }
                take(path, &receiver).transpose()
            });
            quit.store(true, Ordering::Relaxed);
            taken.transpose()
        })
    }

    /// Walks one subtree and hands over its regions, where they are wanted, and its counts.
    fn send(
        &self,
        worker: &mut Worker,
        path: &[u16],
        want: Option<Want>,
        limit: u64,
        stop: &(dyn Fn(u64) -> bool + Sync),
        sender: &SyncSender<Message>,
    ) {
        let chunk = RefCell::new(Vec::new());
        let add = |region: Finished| {
            let mut chunk = chunk.borrow_mut();
            chunk.push(region);
            chunk.len() < CHUNK || sender.send(Message::Regions(std::mem::take(&mut *chunk))).is_ok()
        };
        let walk = match want {
            Some(want) => self.walk(worker, path, u64::MAX, stop, Some((want, &add))),
            None => self.walk(worker, path, limit, stop, None),
        };
        let rest = std::mem::take(&mut *chunk.borrow_mut());
        let end = Message::End(walk.map(Box::new));
        // A receiver that is gone wants nothing more.
        let _ = (rest.is_empty() || sender.send(Message::Regions(rest)).is_ok()) && sender.send(end).is_ok();
    }
}

/// What a thread sends of one subtree; shows its regions, `room` at most.
pub fn receive(receiver: &Receiver<Message>, room: u64, mut show: Option<&mut Show>) -> anyhow::Result<Came> {
    let mut shown = 0;
    loop {
        match receiver.recv() {
            Ok(Message::Regions(regions)) => {
                for region in regions {
                    if shown == room {
                        return Ok(Came::Cut(shown));
                    }
                    if let Some(show) = &mut show {
                        show(&region)?;
                    }
                    shown += 1;
                }
            }
            // A walk begun anew and then ended may have come less far than what was shown before.
            Ok(Message::End(Ok(walk))) if shown > walk.counts.regions => return Ok(Came::Cut(shown)),
            Ok(Message::End(Ok(walk))) => return Ok(Came::Walked(Box::new(walk.counts), walk.end)),
            Ok(Message::End(Err(Stop::Asked))) => return Ok(Came::Cut(shown)),
            Ok(Message::End(Err(stop))) => return Ok(Came::Not(stop.into())),
            Err(_) => anyhow::bail!("a thread ended without its subtree: please report this model"),
        }
    }
}
