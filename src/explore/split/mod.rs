//! Exact enumeration by splitting: every region of the domain as a leaf of a tree of splits.
//!
//! Contract: a cell is its vertices, each with the walls and cuts through it. Units are taken in topological order; one
//! that is positive at some vertex and negative at another cuts the cell in two, any other has a fixed side. All signs
//! are certain: error bounds first, exact rational arithmetic where these do not decide. Finished regions are counted
//! and forgotten. The tree, its subtrees and every sum are the same for any number of threads.

mod bits;
pub mod checks;
mod common;
mod compose;
mod cones;
mod contest;
mod corners;
mod counts;
mod cut;
mod descent;
mod edges;
mod exact;
mod follow;
mod forms;
mod groups;
mod last;
mod names;
mod narrow;
mod order;
mod parts;
mod reduce;
mod reduced;
mod refine;
mod region;
mod rows;
mod seek;
mod show;
mod sieve;
mod stage;
mod tree;
mod vertex;
mod volume;
mod wide;

pub use counts::{Counts, Prefix, VOLUME_UNIT};
pub use names::Names;
pub use show::{Finished, Want, Within};
pub use tree::{MOST_INPUTS, NotSplit, Split, Tree};
