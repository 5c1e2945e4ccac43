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
    /// The same bounds for each of `inputs` inputs.
    pub fn cube(inputs: usize, lo: f64, hi: f64) -> Domain {
        Domain::Box { lo: vec![lo; inputs], hi: vec![hi; inputs] }
    }

    /// All of R^d.
    pub fn unbounded(inputs: usize) -> Domain {
        Domain::Unbounded { inputs }
    }

    /// Number of inputs that are not held.
    pub fn free(&self) -> usize {
        self.free_inputs().len()
    }

    /// The inputs that are not held, ascending.
    pub fn free_inputs(&self) -> Vec<usize> {
        match self {
            Domain::Box { lo, hi } => (0..lo.len()).filter(|&j| lo[j] < hi[j]).collect(),
            Domain::Unbounded { inputs } => (0..*inputs).collect(),
        }
    }

    /// The network restricted to the free inputs, and their bounds (`None`: unbounded).
    pub fn restrict(&self, network: &Network) -> (Network, Option<Vec<[f64; 2]>>) {
        let Domain::Box { lo, hi } = self else { return (network.clone(), None) };
        let free = self.free_inputs();
        let bounds = free.iter().map(|&j| [lo[j], hi[j]]).collect();
        if free.len() == lo.len() {
            return (network.clone(), Some(bounds));
        }
        (network.restrict(&Section::Coordinates { free, origin: lo.clone() }), Some(bounds))
    }
}
