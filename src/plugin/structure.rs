//! The network's structure for plugins: topology, shapes and numbers per node, without the weights.
//!
//! Contract: nodes are in topological order, `from` points backwards; `path` leads to the weights for who wants them.

use crate::ir::{Linear, Network, NodeId, Op};
use serde::Serialize;
use std::path::Path;

/// What `needs: [ir]` gives.
#[derive(Debug, Serialize)]
pub struct Structure {
    file: String,
    path: String,
    inputs: Vec<Tensor>,
    outputs: Vec<Tensor>,
    nodes: Vec<Row>,
}

#[derive(Debug, Serialize)]
struct Tensor {
    name: String,
    element: String,
    shape: Vec<usize>,
    node: NodeId,
}

#[derive(Debug, Serialize)]
struct Row {
    id: NodeId,
    kind: &'static str,
    layer: String,
    op: String,
    node: String,
    shape: Vec<usize>,
    from: Vec<NodeId>,
    /// Stored coefficients and biases.
    parameters: usize,
    /// Stored coefficients that are zero.
    zeros: usize,
    /// Largest absolute stored coefficient or bias; null where none is stored.
    largest: Option<f64>,
    /// Units with a breakpoint, or groups with a choice.
    units: usize,
    /// `relu`, `leaky`, …; activations only.
    #[serde(skip_serializing_if = "Option::is_none")]
    curve: Option<&'static str>,
}

impl Structure {
    /// The structure of the network read from `path`.
    pub fn new(network: &Network, path: &Path) -> Structure {
        let inputs = network.inputs.iter().map(|p| Tensor {
            name: p.name.clone(),
            element: p.element.clone(),
            shape: p.shape.clone(),
            node: 0,
        });
        let outputs = network.outputs.iter().map(|o| Tensor {
            name: o.name.clone(),
            element: o.element.clone(),
            shape: o.shape.clone(),
            node: o.node,
        });
        let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        Structure {
            file: path.file_name().unwrap_or_default().to_string_lossy().into_owned(),
            path: absolute.to_string_lossy().into_owned(),
            inputs: inputs.collect(),
            outputs: outputs.collect(),
            nodes: (0..network.nodes.len()).map(|id| row(network, id)).collect(),
        }
    }
}

fn row(network: &Network, id: NodeId) -> Row {
    let node = &network.nodes[id];
    let (mut parameters, mut zeros, mut largest, mut units, mut curve) = (0, 0, None::<f64>, 0, None);
    let kind = match &node.op {
        Op::Input => "input",
        Op::Affine(a) => {
            let (kind, weights): (&str, &[f64]) = match &a.linear {
                Linear::Identity => ("shift", &[]),
                Linear::Index(_) | Linear::Block(_) => ("move", &[]),
                Linear::Scale(b) => ("scale", &b.values),
                Linear::Dense(m) => ("dense", &m.weight),
                Linear::Conv(c) if c.transposed => ("transposed-convolution", &c.weight),
                Linear::Conv(c) => ("convolution", &c.weight),
                Linear::Sparse { .. } => ("mean", &[]),
            };
            let bias: &[f64] = a.bias.as_ref().map_or(&[], |b| &b.values);
            parameters = weights.len() + bias.len();
            zeros = weights.iter().filter(|&&w| w == 0.0).count();
            largest = weights.iter().chain(bias).map(|w| w.abs()).reduce(f64::max);
            kind
        }
        Op::Sum(_) => "sum",
        Op::Activation(a) => {
            units = (0..node.len()).filter(|&i| a.curve(i).pieces() > 1).count();
            curve = a.curves.first().map(|c| c.kind());
            "activation"
        }
        Op::Max(m) => {
            units = (0..m.groups()).filter(|&g| m.group(g).len() > 1).count();
            "max"
        }
    };
    Row {
        id,
        kind,
        layer: node.label.layer.clone(),
        op: node.label.op.clone(),
        node: node.label.node.clone(),
        shape: node.shape.clone(),
        from: network.sources(id).to_vec(),
        parameters,
        zeros,
        largest,
        units,
        curve,
    }
}
