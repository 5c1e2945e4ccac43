//! Enumeration by splitting as part of an exploration: when it is the method, and what it hands back.

use super::allowance::Allowance;
use super::bounds::Bounds;
use super::identities::Identity;
use super::parts::{Hooks, Shard, Sums};
use super::row::{Inside, Onlooker};
use super::run::{Plan, State};
use super::split::{Finished, NotSplit, Split, Tree, VOLUME_UNIT, Want, Within, checks};
use super::{Shape, Tally};
use crate::region::{HyperplaneId, Walker};

/// Seeded points carried down the tree.
const POINTS: u64 = 1000;

/// Most inputs for which volumes are summed: beyond, they cost more than four times the splitting.
const VOLUMES_UP_TO: usize = 5;

/// What an enumeration by splitting counted.
pub struct Splitting {
    pub tally: Tally,
    pub unbounded: Option<u64>,
    pub vanishing: Vec<HyperplaneId>,
    /// Seeded points whose region has the pattern of their forward pass, and points drawn.
    pub points: (u64, u64),
    pub state: State,
    pub shape: Shape,
    /// Checks of its own.
    pub checks: Vec<Identity>,
    /// Share of the domain's volume in the regions found, where volumes were summed.
    pub covered: Option<f64>,
}

/// Every region of up to eight inputs, or those of one part; or why the network is not split.
pub fn enumerate(
    walker: &Walker,
    bounds: &Bounds,
    plan: &Plan,
    allowance: &Allowance,
    show: Option<&mut Onlooker>,
    hooks: &mut Hooks,
) -> anyhow::Result<Result<(Sums, State), NotSplit>> {
    let volumes = bounds.is_bounded() && walker.dimension() <= VOLUMES_UP_TO;
    let tree = match Tree::new(walker, bounds, plan.seed, POINTS, volumes, &|steps| allowance.spend(steps))? {
        Ok(tree) => tree,
        Err(reason) => return Ok(Err(reason)),
    };
    let split = match show {
        None => tree.run(plan.max_regions, allowance, hooks, None)?,
        Some(show) => {
            let want = Want { volume: show.volumes, polygon: false };
            let mut each = |region: &Finished| {
                let inside = match &region.inside {
                    Within::Floats(x) => Inside::Floats(x),
                    Within::Exact(x) => Inside::Exact(x),
                };
                show.show(&region.pattern, Some((region.interior.len(), region.walls)), inside, region.volume)
            };
            tree.run(plan.max_regions, allowance, hooks, Some((want, &mut each)))?
        }
    };
    let Split { counts, state } = match split {
        Ok(split) => split,
        Err(reason) => return Ok(Err(reason)),
    };
    let sums = Sums {
        shard: hooks.shard.unwrap_or(Shard { index: 1, of: 1 }),
        finished: state == State::Complete,
        tree: hooks.shard.map_or_else(String::new, |_| tree.name()),
        dimension: walker.dimension(),
        bounded: bounds.is_bounded(),
        volumes,
        points: POINTS,
        names: tree.names(),
        counts,
    };
    Ok(Ok((sums, state)))
}

impl Splitting {
    /// Reads the sums.
    pub fn new(sums: &Sums, state: State) -> Splitting {
        let Sums { counts, names, .. } = sums;
        Splitting {
            tally: counts.tally(names),
            unbounded: (!sums.bounded).then_some(counts.regions - counts.bounded),
            vanishing: counts.vanishing(names),
            points: (counts.matched, sums.points),
            state,
            shape: Shape::new(counts, names, sums.volumes),
            checks: checks::all(counts, names, sums.dimension, sums.bounded, sums.volumes),
            covered: sums.volumes.then_some(counts.volume as f64 * VOLUME_UNIT),
        }
    }
}
