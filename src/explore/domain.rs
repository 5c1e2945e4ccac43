//! The part of the input space that is audited: a box, all of R^d, or an affine section of either.

use super::bounds::{self, Bounds};
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
    /// The part of `{origin + Σ t_k directions[k]}` that lies in a box, or all of it.
    Slice {
        /// One value per input.
        origin: Vec<f64>,
        /// Linearly independent directions, one value per input each.
        directions: Vec<Vec<f64>>,
        /// Lower and upper bounds per input; `None`: all of the section.
        within: Option<(Vec<f64>, Vec<f64>)>,
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

    /// The inputs that are not held, ascending; of a slice its own coordinates.
    pub fn free_inputs(&self) -> Vec<usize> {
        match self {
            Domain::Box { lo, hi } => (0..lo.len()).filter(|&j| lo[j] < hi[j]).collect(),
            Domain::Unbounded { inputs } => (0..*inputs).collect(),
            Domain::Slice { directions, .. } => (0..directions.len()).collect(),
        }
    }

    /// Nodes that [`Domain::restrict`] puts in front of the network's own: what to subtract from a node's id.
    pub fn nodes_in_front(&self) -> usize {
        match self {
            Domain::Box { lo, .. } => usize::from(self.free() < lo.len()),
            Domain::Unbounded { .. } => 0,
            Domain::Slice { .. } => 1,
        }
    }

    /// The network restricted to the free inputs (the section's coordinates), and its bounds over them. An error says
    /// why a slice meets the box in nothing of its own dimension.
    pub fn restrict(&self, network: &Network) -> anyhow::Result<(Network, Bounds)> {
        match self {
            Domain::Unbounded { .. } => Ok((network.clone(), Bounds::Space)),
            Domain::Box { lo, hi } => {
                let free = self.free_inputs();
                let bounds = Bounds::Box(free.iter().map(|&j| [lo[j], hi[j]]).collect());
                if free.len() == lo.len() {
                    return Ok((network.clone(), bounds));
                }
                Ok((network.restrict(&Section::Coordinates { free, origin: lo.clone() }), bounds))
            }
            Domain::Slice { origin, directions, within } => {
                let bounds = match within {
                    Some((lo, hi)) => Bounds::Polytope(bounds::section(origin, directions, lo, hi)?),
                    None => {
                        bounds::independent(directions)?;
                        Bounds::Space
                    }
                };
                let section = Section::Span { origin: origin.clone(), directions: directions.clone() };
                Ok((network.restrict(&section), bounds))
            }
        }
    }
}
