//! The tree of splits as a whole: its trunk, its subtrees, and their sums.
//!
//! Contract: the trunk ends at a number of splits that depends on the network and the domain alone. A subtree is named
//! by its path (the choice at each split of the trunk) and made again from it, so subtrees can be walked in any order,
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
use rayon::prelude::*;
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
    /// Per path, the seeded points in its subtree.
    arrived: Vec<Vec<u32>>,
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
    /// Cuts the tree into subtrees. `points` seeded points are carried down it.
    pub fn new(
        walker: &'a Walker<'a>,
        bounds: &'a Bounds,
        seed: u64,
        points: u64,
        volumes: bool,
    ) -> anyhow::Result<Result<Tree<'a>, NotSplit>> {
        let Some(corners) = corners(bounds, walker.dimension()) else { return Ok(Err(NotSplit::Corners)) };
        let points = (0..points).into_par_iter().map(|k| points::sample(walker, bounds, seed, k));
        let points = points.collect::<Result<Vec<_>, _>>()?;
        let stages = Stages::new(walker.network());
        let columns = (walker.network().nodes.iter()).map(|node| match &node.op {
            Op::Affine(map) if stages.links.is_empty() && Follower::suits(map) => Follower::columns(map),
            _ => vec![],
        });
        let ground = Ground { walker, bounds, columns: columns.collect(), stages, corners, points, volumes };
        let mut tree = Tree { ground, trunk: 0, paths: vec![], arrived: vec![], above: Counts::default() };
        loop {
            let never = || false;
            let errand = Errand {
                path: &[],
                trunk: tree.trunk,
                points: None,
                collect: true,
                limit: u64::MAX,
                stop: &never,
                show: None,
            };
            let walk = match tree.walk(&errand) {
                Ok(walk) => walk,
                Err(stop) => return Ok(Err(NotSplit::from(stop))),
            };
            let grew = walk.paths.len() > tree.paths.len() || walk.paths.iter().any(|p| p.len() == tree.trunk);
            (tree.paths, tree.arrived, tree.above) = (walk.paths, walk.arrived, walk.counts);
            if tree.paths.len() >= SUBTREES || tree.trunk == TRUNK || !grew {
                return Ok(Ok(tree));
            }
            tree.trunk += 1;
        }
    }

    /// Names of what is counted.
    pub fn names(&self) -> Names {
        Names::new(self.ground.walker, self.ground.bounds, &self.ground.stages, &self.ground.corners)
    }

    /// Walks one subtree, at most `limit` regions; `None` when `stop` said so.
    pub fn subtree(
        &self,
        path: &[u16],
        limit: u64,
        stop: &dyn Fn() -> bool,
    ) -> Result<Option<(Counts, bool)>, NotSplit> {
        match self.walk(&Errand {
            path,
            trunk: self.trunk,
            points: self.points_in(path),
            collect: false,
            limit,
            stop,
            show: None,
        }) {
            Ok(walk) => Ok(Some((walk.counts, walk.whole))),
            Err(Stop::Asked) => Ok(None),
            Err(stop) => Err(stop.into()),
        }
    }

    /// Counts of nothing, for this network.
    pub fn nothing(&self) -> Counts {
        Counts::new(self.ground.walker.dimension(), &self.ground.stages)
    }

    /// Walks one subtree, at most `limit` regions, and shows each; a region that is turned down ends the walk.
    pub fn walk_shown(
        &self,
        path: &[u16],
        limit: u64,
        stop: &dyn Fn() -> bool,
        show: Option<(Want, &dyn Fn(Finished) -> bool)>,
    ) -> Result<Walk, Stop> {
        self.walk(&Errand { path, trunk: self.trunk, points: self.points_in(path), collect: false, limit, stop, show })
    }

    /// The seeded points that lie in a subtree; paths are in the order of their letters, as the descent meets them.
    fn points_in(&self, path: &[u16]) -> Option<&[u32]> {
        let place = self.paths.binary_search_by(|p| p[..].cmp(path)).ok()?;
        Some(&self.arrived[place])
    }

    fn walk(&self, errand: &Errand) -> Result<Walk, Stop> {
        let ground = &self.ground;
        match ground.walker.dimension() {
            1 => walk::<1>(ground, errand),
            2 => walk::<2>(ground, errand),
            3 => walk::<3>(ground, errand),
            4 => walk::<4>(ground, errand),
            5 => walk::<5>(ground, errand),
            6 => walk::<6>(ground, errand),
            7 => walk::<7>(ground, errand),
            8 => walk::<8>(ground, errand),
            d => unreachable!("the splitter takes at most {MOST_INPUTS} inputs, not {d}"),
        }
    }
}

fn walk<const D: usize>(ground: &Ground, errand: &Errand) -> Result<Walk, Stop> {
    let Some((want, show)) = errand.show else {
        return match Descent::<D, 1>::new(ground).run(errand) {
            Err(Stop::TooManyFaces) => Descent::<D, WIDE>::new(ground).run(errand),
            other => other,
        };
    };
    // The second try meets the same regions in the same order: those that were shown are passed over.
    let (shown, passed) = (Cell::new(0u64), Cell::new(0u64));
    let count = |region: Finished| {
        shown.set(shown.get() + 1);
        show(region)
    };
    match Descent::<D, 1>::new(ground).run(&Errand { show: Some((want, &count)), ..*errand }) {
        Err(Stop::TooManyFaces) => {
            let rest = |region: Finished| {
                passed.set(passed.get() + 1);
                passed.get() <= shown.get() || show(region)
            };
            Descent::<D, WIDE>::new(ground).run(&Errand { show: Some((want, &rest)), ..*errand })
        }
        other => other,
    }
}

impl From<Stop> for NotSplit {
    fn from(stop: Stop) -> NotSplit {
        match stop {
            Stop::Undecided(id) => NotSplit::Undecided(id),
            Stop::TooManyFaces | Stop::Asked => NotSplit::TooManyFaces,
        }
    }
}
