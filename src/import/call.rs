//! One ONNX node with its inputs looked up: typed access to its attributes and inputs.
//!
//! Refuses, in the words of the node, inputs that are computed where only a constant is supported, and the reverse.

use super::tensor;
use super::value::{Computed, Refusal, Value};
use std::sync::Arc;
use tract_core::internal::Tensor;
use tract_onnx::pb::{GraphProto, NodeProto, TensorProto};

/// Constant numbers and their shape.
pub type Numbers = (Vec<f64>, Vec<usize>);

/// One ONNX node with its inputs looked up.
pub struct Call<'a> {
    pub node: &'a NodeProto,
    /// Node name, or its first output's name.
    pub name: String,
    /// `None`: an optional input that is absent.
    pub inputs: Vec<Option<Value>>,
    pub opset: i64,
}

impl<'a> Call<'a> {
    /// Graph attribute.
    pub fn subgraph(&self, name: &str) -> Option<&'a GraphProto> {
        self.node.attribute.iter().find(|a| a.name == name)?.g.as_ref()
    }

    fn attribute(&self, name: &str) -> Option<&tract_onnx::pb::AttributeProto> {
        self.node.attribute.iter().find(|a| a.name == name)
    }

    /// Integer attribute.
    pub fn int(&self, name: &str, default: i64) -> i64 {
        self.attribute(name).map_or(default, |a| a.i)
    }

    /// Integer attribute, if it is given.
    pub fn int_given(&self, name: &str) -> Option<i64> {
        self.attribute(name).map(|a| a.i)
    }

    /// Float attribute, widened exactly.
    pub fn float(&self, name: &str, default: f32) -> f64 {
        f64::from(self.attribute(name).map_or(default, |a| a.f))
    }

    /// Integer list attribute.
    pub fn ints(&self, name: &str) -> Option<Vec<i64>> {
        self.attribute(name).map(|a| a.ints.clone())
    }

    /// Float list attribute.
    pub fn floats(&self, name: &str) -> Option<Vec<f64>> {
        self.attribute(name).map(|a| a.floats.iter().map(|&f| f64::from(f)).collect())
    }

    /// String attribute.
    pub fn text(&self, name: &str) -> Option<String> {
        self.attribute(name).map(|a| String::from_utf8_lossy(&a.s).into_owned())
    }

    /// String list attribute.
    pub fn texts(&self, name: &str) -> Vec<String> {
        let strings = self.attribute(name).map_or(&[][..], |a| &a.strings);
        strings.iter().map(|s| String::from_utf8_lossy(s).into_owned()).collect()
    }

    /// Tensor attribute.
    pub fn tensor(&self, name: &str) -> Option<&TensorProto> {
        self.attribute(name).and_then(|a| a.t.as_ref())
    }

    /// Input `k`, if present.
    pub fn input(&self, k: usize) -> Option<&Value> {
        self.inputs.get(k).and_then(|v| v.as_ref())
    }

    /// Input `k` as a computed tensor.
    pub fn computed(&self, k: usize) -> Result<Computed, Refusal> {
        match self.input(k) {
            Some(Value::Computed(c)) => Ok(c.clone()),
            Some(Value::Comparison(_)) => Err(Refusal::new("computes with the outcome of a comparison, which jumps")),
            Some(Value::Step(_)) => Err(Refusal::new("computes with a function that jumps")),
            Some(Value::Sequence(_)) => {
                Err(Refusal::new(format!("input {k} is a sequence where a tensor is expected")))
            }
            Some(_) => Err(Refusal::new(format!("input {k} is a constant where a computed tensor is expected"))),
            None => Err(Refusal::new(format!("input {k} is missing"))),
        }
    }

    /// Input `k` as a constant; `None` when absent, an error when computed.
    pub fn constant(&self, k: usize) -> Result<Option<Arc<Tensor>>, Refusal> {
        match self.input(k) {
            None => Ok(None),
            Some(Value::Constant(t)) => Ok(Some(t.clone())),
            Some(_) => Err(Refusal::new(format!(
                "input {k} is computed from the network's input; only a constant is supported"
            ))),
        }
    }

    /// Input `k` as finite constant numbers with their shape.
    pub fn numbers(&self, k: usize) -> Result<Option<Numbers>, Refusal> {
        let Some(tensor) = self.constant(k)? else { return Ok(None) };
        let name = self.node.input.get(k).map_or("", |s| s.as_str());
        let values = tensor::finite(&tensor, &format!("constant {name:?}"))?;
        if values.is_empty() {
            return Err(Refusal::new(format!("constant {name:?} has no elements")));
        }
        Ok(Some((values, tensor.shape().to_vec())))
    }

    /// Integers from an attribute in older operator sets, from input `k` in newer ones.
    pub fn ints_or_input(&self, attribute: &str, k: usize) -> Result<Option<Vec<i64>>, Refusal> {
        if let Some(ints) = self.ints(attribute) {
            return Ok(Some(ints));
        }
        Ok(self.constant(k)?.map(|t| tensor::integers(&t)).transpose()?)
    }
}
