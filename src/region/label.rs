//! Stable ids of hyperplane sources.

use serde::{Deserialize, Serialize};

/// Which boundary of a unit: one of its breakpoints, or the tie between two candidates of a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Boundary {
    /// The unit's breakpoint of this number, from 0.
    Breakpoint(u32),
    /// The tie between two candidates of a max group (positions within the group, first below second).
    Tie(u32, u32),
}

/// A hyperplane source: node, unit within the node, boundary of the unit. Ordered topologically.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct HyperplaneId {
    /// Position of the activation or max node in the network.
    pub node: u32,
    /// Element of an activation, or group of a max node.
    pub unit: u32,
    /// Which boundary of the unit.
    pub boundary: Boundary,
}
