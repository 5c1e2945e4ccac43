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
        /// Per input, the value it is held at, if it is held.
        fixed: Vec<Option<f64>>,
    },
}

impl Domain {
    /// The same bounds for each of `inputs` inputs.
    pub fn cube(inputs: usize, lo: f64, hi: f64) -> Domain {
        Domain::Box { lo: vec![lo; inputs], hi: vec![hi; inputs] }
    }

    /// All of R^d, no input held.
    pub fn unbounded(inputs: usize) -> Domain {
        Domain::Unbounded { fixed: vec![None; inputs] }
    }

    /// Number of inputs, free or held.
    pub fn inputs(&self) -> usize {
        match self {
            Domain::Box { lo, .. } => lo.len(),
            Domain::Unbounded { fixed } => fixed.len(),
        }
    }

    /// Holds one input at a value.
    pub fn hold(&mut self, input: usize, value: f64) {
        match self {
            Domain::Box { lo, hi } => (lo[input], hi[input]) = (value, value),
            Domain::Unbounded { fixed } => fixed[input] = Some(value),
        }
    }

    /// The network restricted to the free inputs, and their bounds (`None`: unbounded).
    pub fn restrict(&self, network: &Network) -> (Network, Option<Vec<[f64; 2]>>) {
        let held = |j: usize| match self {
            Domain::Box { lo, hi } => (lo[j] >= hi[j]).then_some(lo[j]),
            Domain::Unbounded { fixed } => fixed[j],
        };
        let free: Vec<usize> = (0..self.inputs()).filter(|&j| held(j).is_none()).collect();
        let bounds = match self {
            Domain::Box { lo, hi } => Some(free.iter().map(|&j| [lo[j], hi[j]]).collect()),
            Domain::Unbounded { .. } => None,
        };
        if free.len() == self.inputs() {
            return (network.clone(), bounds);
        }
        let origin = (0..self.inputs()).map(|j| held(j).unwrap_or(0.0)).collect();
        (network.restrict(&Section::Coordinates { free, origin }), bounds)
    }
}
