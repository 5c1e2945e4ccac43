//! Which regions to look at: all of them (`enumerate`), or those at given points (`sample`).
//!
//! Knows `ir`, `region` and `polytope`; never output formats.

mod domain;
mod tally;

pub use domain::Domain;
pub use tally::{Tally, UnitFaces};
