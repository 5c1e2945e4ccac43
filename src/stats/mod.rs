//! From plain counts to the numbers of a report: moments, quantiles, intervals, bounds, the null model. Knows no
//! geometry.

pub mod bounds;
mod compare;
mod distribution;
mod interval;
pub mod null;

pub use compare::{Permutation, groups_differ, holm, kolmogorov, same_distribution, total_variation, transport};
pub use distribution::Distribution;
pub use interval::{coverage_interval, mean_interval, proportion_interval, quantile_interval};
