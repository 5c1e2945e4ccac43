//! The piecewise-linear network that polyaudit audits: a directed acyclic graph of affine maps, sums,
//! element-wise piecewise-linear activations and maxima over groups, stored as it stood in the file.
//!
//! Contract: nodes are in topological order, node 0 is the input, every stored number is finite and exact
//! (a float32 weight is that rational), and [`Network::sanity_check`] holds. Neighbouring affine nodes are
//! kept apart: composing them in floating point would change the audited function.
//! This module knows nothing of ONNX, solvers or reports.

mod block;
mod check;
mod curve;
mod eval;
mod exact;
mod linear;
mod restrict;

pub use block::Block;
pub use check::InvalidNetwork;
pub use curve::Curve;
pub use eval::Values;
pub use exact::{Rational, common_multiple, rational};
pub use linear::{Broadcast, Conv, Dense, Linear, ZERO, sparse};
pub use restrict::Section;

/// Position of a node in [`Network::nodes`].
pub type NodeId = usize;

/// A named part of the network's flat input vector.
#[derive(Clone, Debug, PartialEq)]
pub struct Port {
    /// Name as in the file.
    pub name: String,
    /// Shape with every free dimension made concrete.
    pub shape: Vec<usize>,
    /// Element type as in the file, for example `float32`.
    pub element: String,
    /// Where the part begins in the flat input vector.
    pub offset: usize,
}

impl Port {
    /// Number of elements.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether the part holds no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// A named output: the value of one node.
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// Name as in the file.
    pub name: String,
    /// Shape, row-major over the node's values.
    pub shape: Vec<usize>,
    /// Element type as in the file.
    pub element: String,
    /// The node whose value it is.
    pub node: NodeId,
}

/// Where a node comes from, in the words of the ONNX file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Label {
    /// Layer name: from the weight initializer that feeds it, else the node's name.
    pub layer: String,
    /// ONNX operator.
    pub op: String,
    /// ONNX node name (the first output's name for an unnamed node).
    pub node: String,
}

/// One node: an operation, the shape of its value, and its origin.
#[derive(Clone, Debug)]
pub struct Node {
    /// Origin in the file.
    pub label: Label,
    /// Shape of the value; values are flat and row-major.
    pub shape: Vec<usize>,
    /// The operation.
    pub op: Op,
}

impl Node {
    /// Number of elements of the node's value.
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }

    /// Whether the value has no elements.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// What a node computes.
#[derive(Clone, Debug)]
pub enum Op {
    /// The flat input vector (all ports, in order).
    Input,
    /// `y = (L x) / divisor + bias`.
    Affine(Affine),
    /// Element-wise sum of earlier nodes of equal length: the residual shortcut.
    Sum(Vec<NodeId>),
    /// Element-wise continuous piecewise-linear function.
    Activation(Activation),
    /// Maximum over groups of elements of one earlier node.
    Max(Max),
}

/// An affine map, kept structured: `y_i = (Σ_j L_ij x_j) / divisor_i + bias_i`, each number exact as stored.
#[derive(Clone, Debug)]
pub struct Affine {
    /// The node that feeds it.
    pub source: NodeId,
    /// The linear part.
    pub linear: Linear,
    /// Divisors per element; `None` is 1. Never zero.
    pub divisor: Option<Broadcast>,
    /// Bias per element; `None` is 0.
    pub bias: Option<Broadcast>,
}

/// An element-wise activation; unit `i` uses curve `(i / inner) % curves.len()`.
#[derive(Clone, Debug)]
pub struct Activation {
    /// The node that feeds it.
    pub source: NodeId,
    /// The curves in use.
    pub curves: Vec<Curve>,
    /// How many neighbouring elements share a curve.
    pub inner: usize,
}

impl Activation {
    /// The curve of unit `i`.
    pub fn curve(&self, i: usize) -> &Curve {
        &self.curves[(i / self.inner) % self.curves.len()]
    }
}

/// Maximum over groups: `y_g = max over c in candidates of group g of x_c`.
#[derive(Clone, Debug)]
pub struct Max {
    /// The node that feeds it.
    pub source: NodeId,
    /// Group `g` holds `candidates[starts[g]..starts[g + 1]]`; one entry more than groups.
    pub starts: Vec<usize>,
    /// Elements of the source.
    pub candidates: Vec<u32>,
}

impl Max {
    /// Number of groups.
    pub fn groups(&self) -> usize {
        self.starts.len() - 1
    }

    /// The candidates of group `g`: positions in the source.
    pub fn group(&self, g: usize) -> &[u32] {
        &self.candidates[self.starts[g]..self.starts[g + 1]]
    }
}

/// A piecewise-linear network. See the module documentation for its invariants.
#[derive(Clone, Debug)]
pub struct Network {
    /// The named parts of the input vector, in order.
    pub inputs: Vec<Port>,
    /// The named outputs.
    pub outputs: Vec<Output>,
    /// The nodes, in topological order; node 0 is [`Op::Input`].
    pub nodes: Vec<Node>,
}

impl Network {
    /// Number of inputs: the length of the flat input vector.
    pub fn input_len(&self) -> usize {
        self.nodes[0].len()
    }

    /// The nodes that feed node `id`.
    pub fn sources(&self, id: NodeId) -> &[NodeId] {
        match &self.nodes[id].op {
            Op::Input => &[],
            Op::Affine(a) => std::slice::from_ref(&a.source),
            Op::Sum(s) => s,
            Op::Activation(a) => std::slice::from_ref(&a.source),
            Op::Max(m) => std::slice::from_ref(&m.source),
        }
    }

    /// Multiplications of one forward pass through node `id`: the weights of its map, shared ones each time.
    pub fn multiplications(&self, id: NodeId) -> u64 {
        let Op::Affine(map) = &self.nodes[id].op else { return 0 };
        let mut count = 0;
        (0..self.nodes[id].len()).for_each(|i| map.linear.for_row(i, |_, _| count += 1));
        count
    }

    /// Number of element-wise units with exactly one breakpoint (what `eval` counts as units).
    pub fn single_breakpoint_units(&self) -> usize {
        self.count_units(|breakpoints| breakpoints == 1)
    }

    /// Number of element-wise units with at least one breakpoint, plus groups with a choice.
    pub fn units(&self) -> usize {
        let groups: usize = (self.nodes.iter())
            .filter_map(|n| match &n.op {
                Op::Max(m) => Some((0..m.groups()).filter(|&g| m.group(g).len() > 1).count()),
                _ => None,
            })
            .sum();
        self.count_units(|breakpoints| breakpoints > 0) + groups
    }

    fn count_units(&self, wanted: impl Fn(usize) -> bool) -> usize {
        let mut total = 0;
        for node in &self.nodes {
            if let Op::Activation(a) = &node.op {
                total += (0..node.len()).filter(|&i| wanted(a.curve(i).breakpoints().len())).count();
            }
        }
        total
    }
}
