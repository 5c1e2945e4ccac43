//! The tree of splits as a whole: its trunk, its subtrees, and their sums.
//!
//! Contract: the trunk ends at a number of splits that depends on the network and the domain alone. A subtree is named
//! by its path (the choice at each split of the trunk), and what it yields depends on that alone, so subtrees can be walked in any order,
//! process or machine; their counts are added in the order of their paths.

use super::corners::{MOST, corners};
use super::counts::Counts;
use super::descent::{Descent, Errand, Ground, Stop, Walk};
use super::follow::Follower;
use super::names::Names;
use super::show::{Finished, Want};
use super::stage::Stages;
use crate::explore::Bounds;
use crate::explore::{State, points};
use crate::ir::Op;
use crate::region::{HyperplaneId, Walker};
use std::cell::Cell;

/// Most inputs the splitter takes.
pub const MOST_INPUTS: usize = 8;

/// Subtrees aimed at.
const SUBTREES: usize = 256;
/// Longest trunk.
const TRUNK: usize = 14;
/// Words of slots in the narrow and in the wide form of a cell.
const WIDE: usize = 16;

/// Why the splitter does not enumerate a network; crossing does it instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotSplit {
    /// The domain, a section of a box, has too many vertices.
    #[error("the slice's part in the box has more than {MOST} vertices")]
    Corners,
    /// A cell has too many faces at once.
    #[error("a cell has more than {} faces at once", 64 * WIDE)]
    TooManyFaces,
    /// An exact form would take more than its budget.
    #[error("the exact form of node {}, unit {} would take more than its budget", .0.node, .0.unit)]
    Undecided(HyperplaneId),
}

/// A network over a domain, and how its tree of splits is cut into subtrees.
#[derive(Debug)]
pub struct Tree<'a> {
    ground: Ground<'a>,
    /// Splits down to the subtrees.
    trunk: usize,
    /// The paths of the subtrees, in order.
    pub paths: Vec<Vec<u16>>,
    /// Whether the trunk is as long as it is to be: no budget ran out before.
    pub whole: bool,
    /// Counts that belong to no subtree: the layers' cells of the trunk.
    pub above: Counts,
}

/// What the splitter found.
#[derive(Clone, Debug)]
pub struct Split {
    /// The sums.
    pub counts: Counts,
    /// Whether all regions were counted.
    pub state: State,
}

impl<'a> Tree<'a> {
    /// Cuts the tree into subtrees, unless `stop` says so before. `points` seeded points are carried down it.
    pub fn new(
        walker: &'a Walker<'a>,
        bounds: &'a Bounds,
        seed: u64,
        points: u64,
        volumes: bool,
        stop: &(dyn Fn(u64) -> bool + Sync),
    ) -> anyhow::Result<Result<Tree<'a>, NotSplit>> {
        let Some(corners) = corners(bounds, walker.dimension()) else { return Ok(Err(NotSplit::Corners)) };
        let stages = Stages::new(walker.network());
        let columns = (walker.network().nodes.iter()).map(|node| match &node.op {
            Op::Affine(map) if stages.links.is_empty() && Follower::suits(map) => Follower::columns(map),
            _ => vec![],
        });
        let columns = columns.collect();
        let ground = Ground { walker, bounds, columns, stages, corners, points: vec![], volumes };
        let above = Counts::new(walker.dimension(), &ground.stages);
        let mut tree = Tree { ground, trunk: 0, paths: vec![], whole: false, above };
        // Points do not change the tree.
        let (points, trunk) =
            rayon::join(|| points::samples(walker, bounds, seed, points, &|| stop(0)), || tree.ground.trunk(stop));
        tree.ground.points = points?;
        match trunk {
            Ok(Some(trunk)) => (tree.paths, tree.above, tree.trunk, tree.whole) = trunk,
            Ok(None) => {}
            Err(reason) => return Ok(Err(reason)),
        }
        Ok(Ok(tree))
    }

    /// Names of what is counted.
    pub fn names(&self) -> Names {
        Names::new(self.ground.walker, self.ground.bounds, &self.ground.stages, &self.ground.corners)
    }

    /// The first `limit` regions of one subtree.
    pub fn subtree(&self, path: &[u16], limit: u64) -> Result<Counts, NotSplit> {
        Ok(self.walk(&mut self.worker(), path, limit, &|_| false, None)?.counts)
    }

    /// Counts of nothing, for this network.
    pub fn nothing(&self) -> Counts {
        Counts::new(self.ground.walker.dimension(), &self.ground.stages)
    }

    /// A worker that walks subtrees one after the other, fastest in ascending order.
    pub fn worker(&self) -> Worker<'_> {
        self.ground.worker()
    }

    /// Walks one subtree, at most `limit` regions, and shows each; a region that is turned down ends the walk.
    pub fn walk(
        &self,
        worker: &mut Worker,
        path: &[u16],
        limit: u64,
        stop: &dyn Fn(u64) -> bool,
        show: Option<(Want, &dyn Fn(Finished) -> bool)>,
    ) -> Result<Walk, Stop> {
        worker(&Errand { path, trunk: self.trunk, collect: false, limit, stop, show })
    }
}

/// Walks any part of a tree.
pub type Worker<'a> = Box<dyn FnMut(&Errand) -> Result<Walk, Stop> + 'a>;

/// The paths of the subtrees, what is counted above them, the splits down to them, and whether these are all.
type Trunk = (Vec<Vec<u16>>, Counts, usize, bool);

impl Ground<'_> {
    /// Cuts the tree; `None` when `stop` said so before the first cut.
    fn trunk(&self, stop: &(dyn Fn(u64) -> bool + Sync)) -> Result<Option<Trunk>, NotSplit> {
        let most = self.stages.most;
        let mut worker = self.worker();
        let (mut trunk, mut found) = (0, None);
        while !stop(0) {
            let walk = match worker(&Errand { path: &[], trunk, collect: true, limit: u64::MAX, stop, show: None }) {
                Ok(walk) => walk,
                Err(Stop::Asked) => break,
                Err(stop) => return Err(stop.into()),
            };
            let open = walk.paths.iter().any(|p| p.len() == trunk);
            let (own, mut reach) = (trunk, walk.paths.len());
            let whole = reach >= SUBTREES || trunk == TRUNK || !open;
            // No shorter trunk can have as many subtrees.
            while reach < SUBTREES && trunk < TRUNK {
                (reach, trunk) = (reach * most, trunk + 1);
            }
            found = Some((walk.paths, walk.counts, own, whole));
            if whole {
                break;
            }
        }
        Ok(found)
    }

    fn worker(&self) -> Worker<'_> {
        match self.walker.dimension() {
            1 => worker::<1>(self),
            2 => worker::<2>(self),
            3 => worker::<3>(self),
            4 => worker::<4>(self),
            5 => worker::<5>(self),
            6 => worker::<6>(self),
            7 => worker::<7>(self),
            8 => worker::<8>(self),
            d => unreachable!("the splitter takes at most {MOST_INPUTS} inputs, not {d}"),
        }
    }
}

fn worker<'a, const D: usize>(ground: &'a Ground) -> Worker<'a> {
    let mut narrow = Descent::<D, 1>::new(ground);
    let mut wide = None::<Descent<D, WIDE>>;
    Box::new(move |errand| {
        let mut again = |errand: &Errand| wide.get_or_insert_with(|| Descent::new(ground)).run(errand);
        let Some((want, show)) = errand.show else {
            return match narrow.run(errand) {
                Err(Stop::TooManyFaces) => again(errand),
                other => other,
            };
        };
        // The second try meets the same regions in the same order: those that were shown are passed over.
        let (shown, passed) = (Cell::new(0u64), Cell::new(0u64));
        let count = |region: Finished| {
            shown.set(shown.get() + 1);
            show(region)
        };
        match narrow.run(&Errand { show: Some((want, &count)), ..*errand }) {
            Err(Stop::TooManyFaces) => {
                let rest = |region: Finished| {
                    passed.set(passed.get() + 1);
                    passed.get() <= shown.get() || show(region)
                };
                again(&Errand { show: Some((want, &rest)), ..*errand })
            }
            other => other,
        }
    })
}

impl From<Stop> for NotSplit {
    fn from(stop: Stop) -> NotSplit {
        match stop {
            Stop::Undecided(id) => NotSplit::Undecided(id),
            Stop::TooManyFaces | Stop::Asked => NotSplit::TooManyFaces,
        }
    }
}
