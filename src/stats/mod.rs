//! From plain counts to the numbers of a report: moments, quantiles, intervals. Knows no geometry.

mod compare;
mod distribution;
mod interval;

pub use compare::{Permutation, groups_differ, holm, kolmogorov, same_distribution, total_variation, transport};
pub use distribution::Distribution;
pub use interval::{mean_interval, proportion_interval};
