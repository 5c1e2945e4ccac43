//! ONNX → [`crate::ir::Network`]. Every tract type lives in this module.
//!
//! The phases, in order:
//! 1. `read`: the file, its identity card, the proto (tract's decoder); `inline`: the model's own functions;
//! 2. `graph`: what the proto must satisfy before anything is computed from it, and the nodes that the outputs need;
//! 3. `lower`: node by node in topological order. A tensor is constant or computed. A node with constant inputs only
//!    is evaluated by tract as a typed model of that one node; a node that only moves numbers is evaluated by tract on
//!    positions, which gives its index map; every other node is lowered by its family in `ops`; `tail` says where the
//!    network ends;
//! 4. `names`: layer names, from weight initializers before node names.
//!
//! Lowering per node instead of from the typed graph of the whole model keeps ONNX names, attributes and the stored
//! BatchNormalization parameters exact, and lays every failure at one node's door. The whole typed graph is the oracle
//! of the tests. Refuses what is not piecewise linear, all offending nodes at once, and files that are no readable model.

mod bounds;
mod call;
mod graph;
mod inline;
mod lower;
mod names;
mod narrow;
mod ops;
mod read;
mod tail;
mod tensor;
mod value;

use crate::finding::Finding;
use crate::ir::Network;
use lower::Lowered;
use std::path::Path;

pub use ops::{Entry, Status, TABLE};

/// How to read a model.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Concrete sizes for symbolic dimensions, by name; others become 1.
    pub dims: Vec<(String, usize)>,
    /// Cut the graph at these tensors instead of the graph's outputs.
    pub outputs: Vec<String>,
    /// Inputs held constant: one value for all elements, or one each. They become part of the model.
    pub fix: Vec<(String, Vec<f64>)>,
}

/// The identity card of a file.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Card {
    /// File name without its folder.
    pub file: String,
    /// SHA-256 of the file, as lower-case hexadecimal digits.
    pub sha256: String,
    /// Size of the file in bytes.
    pub bytes: u64,
    /// ONNX IR version.
    pub ir_version: i64,
    /// Version of the default operator set.
    pub opset: i64,
    /// Producer name and version, joined by a space; empty when the file has none.
    pub producer: String,
    /// Inputs as `name: type[shape]`.
    pub inputs: Vec<String>,
    /// Outputs as `name: type[shape]`.
    pub outputs: Vec<String>,
}

/// A model that has been read.
#[derive(Clone, Debug)]
pub struct Model {
    /// The identity card.
    pub card: Card,
    /// The lowered network.
    pub network: Network,
    /// What was cut, folded or remarkable.
    pub findings: Vec<Finding>,
    /// For `inspect`: one line for each thing folded or cut on the way, in graph order.
    pub notes: Vec<String>,
}

/// A node that stands in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offender {
    /// ONNX operator, with its domain when that is not the default one.
    pub op: String,
    /// ONNX node name.
    pub node: String,
    /// First output tensor.
    pub output: String,
    /// Why it is refused.
    pub reason: String,
    /// What to do about it.
    pub hint: String,
}

/// Why a model was not read.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file system does not give the file: exit code 2.
    #[error("{file}: cannot be read")]
    Io {
        /// File name.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// No ONNX model, or not all of one: exit code 2.
    #[error("{file}: {reason}")]
    NotAModel {
        /// File name.
        file: String,
        /// What was seen.
        reason: String,
    },
    /// A model that contradicts itself, or options that do not fit it: exit code 2.
    #[error("{file}: {reason}")]
    Unreadable {
        /// File name.
        file: String,
        /// What was seen, and what to do.
        reason: String,
    },
    /// Readable, but outside the supported fragment: exit code 3.
    #[error("{}: {} node(s) are outside the supported fragment", card.file, offenders.len())]
    Refused {
        /// The identity card, for the report of a refused model.
        card: Box<Card>,
        /// All offending nodes.
        offenders: Vec<Offender>,
        /// The network as far as it was lowered, for `inspect`.
        partial: Option<Box<Network>>,
    },
}

/// Why a phase ends without a network.
enum Stop {
    /// Not a readable model, or options that do not fit it.
    Unreadable(String),
    /// Readable, but outside the supported fragment as a whole.
    Unsupported(Offender),
}

impl From<String> for Stop {
    fn from(reason: String) -> Stop {
        Stop::Unreadable(reason)
    }
}

/// Reads the model at `path`.
pub fn load(path: &Path, options: &Options) -> Result<Model, ImportError> {
    let source = read::read(path)?;
    let unreadable = |reason: String| ImportError::Unreadable { file: source.card.file.clone(), reason };
    let refused = |offenders: Vec<Offender>, partial: Option<Box<Network>>| ImportError::Refused {
        card: Box::new(source.card.clone()),
        offenders,
        partial,
    };
    let stopped = |stop: Stop| match stop {
        Stop::Unreadable(reason) => unreadable(reason),
        Stop::Unsupported(offender) => refused(vec![offender], None),
    };
    let graph = graph::Graph::new(&source, options).map_err(stopped)?;
    let lowered = lower::lower(&source, &graph, options).map_err(stopped)?;
    if !lowered.offenders.is_empty() {
        return Err(refused(lowered.offenders, Some(Box::new(lowered.network))));
    }
    lowered.network.sanity_check().map_err(|e| unreadable(format!("the lowered network is not sound: {e}")))?;
    let Lowered { network, findings, notes, .. } = lowered;
    Ok(Model { card: source.card, network, findings, notes })
}
