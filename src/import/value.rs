//! What a tensor of the graph is during lowering: a constant, a computed node, or the outcome of a refused node.

use super::ops::step::Step;
use crate::ir::{Broadcast, NodeId};
use std::sync::Arc;
use tract_core::internal::Tensor;

/// A computed tensor: a node of the network seen with a shape.
#[derive(Clone, Debug, PartialEq)]
pub struct Computed {
    pub node: NodeId,
    pub shape: Vec<usize>,
}

impl Computed {
    pub fn len(&self) -> usize {
        self.shape.iter().product()
    }
}

/// What a computed tensor is compared with.
#[derive(Clone, Debug)]
pub enum Against {
    /// A constant over the elements of the tensor.
    Threshold(Broadcast),
    /// Another computed tensor of the same shape.
    Tensor(Computed),
}

/// The outcome of a comparison, kept for the `Where` or the product that reads it.
#[derive(Clone, Debug)]
pub struct Comparison {
    pub left: Computed,
    pub against: Against,
    /// Whether the condition holds above what the tensor is compared with (else below).
    pub above: bool,
    /// What is audited where the comparison ends the network.
    pub cut: Cut,
}

/// What comes out of nodes that end the network.
#[derive(Clone, Debug, Default)]
pub struct Cut {
    /// The nodes before which the network was cut: places in the list of cuts.
    pub by: Vec<usize>,
    /// The tensors that are audited instead, by name.
    pub audited: Vec<(String, Computed)>,
}

impl Cut {
    /// Takes in what another cut holds.
    pub fn join(&mut self, other: &Cut) {
        self.by.extend(other.by.iter().filter(|b| !self.by.contains(b)).copied().collect::<Vec<_>>());
        for (name, value) in &other.audited {
            if self.audited.iter().all(|(n, _)| n != name) {
                self.audited.push((name.clone(), value.clone()));
            }
        }
    }
}

/// A tensor during lowering.
#[derive(Clone, Debug)]
pub enum Value {
    Constant(Arc<Tensor>),
    Computed(Computed),
    Comparison(Comparison),
    /// A function that jumps, until it is made continuous.
    Step(Step),
    /// Tensors in order.
    Sequence(Vec<Value>),
    /// Comes out of a refused node: what reads it is not refused for that.
    Poisoned,
    /// Comes out of a node that ends the network.
    Cut(Cut),
}

impl Value {
    /// How many tensors a sequence holds; none, where it is none.
    pub fn parts(&self) -> u64 {
        if let Value::Sequence(parts) = self { parts.len() as u64 } else { 0 }
    }
}

/// Why one node is refused.
#[derive(Clone, Debug)]
pub struct Refusal {
    pub reason: String,
    pub hint: String,
}

impl Refusal {
    pub fn new(reason: impl Into<String>) -> Refusal {
        let hint =
            "cut the network before it with --output TENSOR, simplify the graph (onnxsim), or re-export the model";
        Refusal { reason: reason.into(), hint: hint.into() }
    }

    pub fn hint(mut self, hint: &str) -> Refusal {
        self.hint = hint.into();
        self
    }
}

impl From<String> for Refusal {
    fn from(reason: String) -> Refusal {
        Refusal::new(reason)
    }
}

/// Shape that two shapes broadcast to (multidirectional, as in NumPy).
pub fn broadcast_shape(a: &[usize], b: &[usize]) -> Result<Vec<usize>, String> {
    let rank = a.len().max(b.len());
    let dim = |s: &[usize], k: usize| if k + s.len() >= rank { s[k + s.len() - rank] } else { 1 };
    (0..rank)
        .map(|k| match (dim(a, k), dim(b, k)) {
            (x, y) if x == y => Ok(x),
            (1, y) => Ok(y),
            (x, 1) => Ok(x),
            _ => Err(format!("shapes {a:?} and {b:?} do not fit together")),
        })
        .collect()
}

/// Row-major flat position in a tensor of shape `from` of each element of the shape `to` it broadcasts to.
pub fn broadcast_index(from: &[usize], to: &[usize]) -> Vec<u32> {
    let pad = to.len() - from.len();
    let mut strides = vec![0usize; to.len()];
    let mut unit = 1;
    for k in (0..from.len()).rev() {
        strides[k + pad] = if from[k] == 1 { 0 } else { unit };
        unit *= from[k];
    }
    let count: usize = to.iter().product();
    let mut at = vec![0usize; to.len()];
    let mut index = Vec::with_capacity(count);
    for _ in 0..count {
        index.push(at.iter().zip(&strides).map(|(a, s)| a * s).sum::<usize>() as u32);
        for k in (0..to.len()).rev() {
            at[k] += 1;
            if at[k] < to[k] {
                break;
            }
            at[k] = 0;
        }
    }
    index
}

/// A constant over the elements of the shape it broadcasts to, repeated where it repeats.
pub fn broadcast(values: Vec<f64>, from: &[usize], to: &[usize]) -> Result<Broadcast, String> {
    if broadcast_shape(from, to)? != to {
        return Err(format!("a constant of shape {from:?} does not fit {to:?}"));
    }
    if values.len() == 1 {
        return Ok(Broadcast::uniform(values[0]));
    }
    let pad = to.len() - from.len();
    let spread: Vec<usize> = (0..from.len()).filter(|&k| from[k] != 1).collect();
    let (first, last) = (spread[0], spread[spread.len() - 1]);
    // One block of neighbouring dimensions repeats as a whole over what lies before and behind it.
    if (first..=last).all(|k| from[k] == to[k + pad]) {
        return Ok(Broadcast { values: values.into(), inner: to[last + pad + 1..].iter().product() });
    }
    Ok(Broadcast::full(broadcast_index(from, to).iter().map(|&j| values[j as usize]).collect()))
}
