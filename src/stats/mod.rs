//! From plain counts to the numbers of a report: moments, quantiles, intervals. Knows no geometry.

mod distribution;
mod interval;

pub use distribution::Distribution;
pub use interval::{mean_interval, proportion_interval};
