//! Which regions to look at: all of them (`enumerate`), or those at given points (`sample`).
//!
//! Knows `ir`, `region` and `polytope`; never output formats.

mod again;
mod allowance;
mod bounds;
mod cell;
mod certify;
pub mod constant;
mod cross;
mod domain;
mod drawn;
pub mod exact;
pub mod identities;
pub mod local;
pub mod memory;
mod merging;
mod noted;
mod parts;
pub mod picture;
pub mod points;
mod pulse;
mod quota;
pub mod reach;
pub mod relax;
mod row;
mod run;
mod sample;
mod shape;
mod sides;
pub mod slope;
pub mod split;
mod splitting;
mod tally;

pub use again::look_again;
pub use allowance::Allowance;
pub use bounds::{Bounds, Polytope};
pub use cell::{CellFaces, InteriorFace, question};
pub use certify::{Certified, Certify, Evidence, Record, recheck};
pub use cross::{Crossing, Visitor, enumerate};
pub use domain::Domain;
pub use drawn::LeftOut;
pub use parts::{Done, Hooks, Save, Shard, Sums};
pub use pulse::Pulse;
pub use row::{Inside, RegionRow, Watch};
pub use run::{Control, Exploration, Method, Plan, Progress, State, Weight, explore, explore_with};
pub use sample::Sampling;
pub use shape::{LayerRegions, Shape};
pub use slope::Slopes;
pub use tally::{Tally, UnitFaces};
