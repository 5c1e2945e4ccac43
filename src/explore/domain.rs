//! The part of the input space that is audited: a box, or all of R^d.

use crate::ir::{Network, Section};

/// The audited domain. An input with equal bounds is held fixed and does not count in d.
#[derive(Clone, Debug, PartialEq)]
pub enum Domain {
    /// Bounds per input, `lo ≤ hi` everywhere.
    Box {
        /// Lower bounds.
        lo: Vec<f64>,
        /// Upper bounds.
        hi: Vec<f64>,
    },
    /// All of R^d.
    Unbounded {
        /// Number of inputs.
        inputs: usize,
    },
}

impl Domain {
    /// The network restricted to the free inputs, and their bounds (`None`: unbounded).
    pub fn restrict(&self, network: &Network) -> (Network, Option<Vec<[f64; 2]>>) {
        match self {
            Domain::Unbounded { .. } => (network.clone(), None),
            Domain::Box { lo, hi } => {
                let free: Vec<usize> = (0..lo.len()).filter(|&j| lo[j] < hi[j]).collect();
                let bounds = free.iter().map(|&j| [lo[j], hi[j]]).collect();
                if free.len() == lo.len() {
                    return (network.clone(), Some(bounds));
                }
                (network.restrict(&Section::Coordinates { free, origin: lo.clone() }), Some(bounds))
            }
        }
    }
}
