//! Activation patterns, and the half-spaces and affine maps of the region that a pattern stands for.
//!
//! Contract: each half-space is labelled with the hyperplane source it comes from and carries a bound on its
//! rounding error. Knows `ir` only, never solvers.

mod batch;
mod double;
mod exact;
mod forms;
mod label;
mod pattern;
mod walk;

pub use forms::{Forms, last_uses};
pub use label::{Boundary, HyperplaneId};
pub use pattern::{Layout, Pattern};
pub use walk::{NoRegion, Region, Walker};
