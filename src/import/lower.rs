//! Phase 3: node by node in topological order, from tensors that are constant or computed to nodes of the network.
//!
//! Contract: an affine node keeps its structure; nothing is composed. Whatever node cannot be lowered is listed as an
//! offender, and lowering goes on behind it so that all offenders are known at once.

use super::graph::Graph;
use super::names;
use super::ops::{self, Status};
use super::read::Source;
use super::tensor::{self, elements};
use super::value::{Comparison, Computed, Refusal, Value, broadcast_index};
use super::{Offender, Options};
use crate::finding::{Finding, Severity};
use crate::ir::{Affine, Broadcast, Label, Linear, Network, Node, NodeId, Op, Output, Port};
use std::collections::HashMap;
use std::sync::Arc;
use tract_core::internal::Tensor;
use tract_onnx::pb::{NodeProto, TensorProto};

/// What lowering found.
pub struct Lowered {
    pub network: Network,
    pub findings: Vec<Finding>,
    pub notes: Vec<String>,
    pub offenders: Vec<Offender>,
}

/// The network under construction.
pub struct Lowering<'a> {
    pub source: &'a Source,
    graph: &'a Graph,
    initializers: HashMap<&'a str, &'a TensorProto>,
    values: HashMap<String, Value>,
    /// Initializer that a constant tensor comes from, by tensor name.
    origins: HashMap<String, String>,
    nodes: Vec<Node>,
    pub findings: Vec<Finding>,
    pub notes: Vec<String>,
    /// Nodes that were cut as tails and turned out to be inside, and their refusals.
    inside: Vec<usize>,
    late: Vec<Offender>,
}

/// Constant numbers and their shape.
pub type Numbers = (Vec<f64>, Vec<usize>);

/// One ONNX node with its inputs looked up.
pub struct Call<'a> {
    pub node: &'a NodeProto,
    /// Place of the node in the graph.
    pub place: usize,
    /// Node name, or its first output's name.
    pub name: String,
    /// `None`: an optional input that is absent.
    pub inputs: Vec<Option<Value>>,
    pub opset: i64,
}

/// Lowers the needed part of the graph.
pub fn lower(source: &Source, graph: &Graph, options: &Options) -> Result<Lowered, String> {
    let mut lowering = Lowering {
        source,
        graph,
        initializers: source.graph.initializer.iter().map(|t| (t.name.as_str(), t)).collect(),
        values: HashMap::new(),
        origins: HashMap::new(),
        nodes: vec![],
        findings: vec![],
        notes: vec![],
        inside: vec![],
        late: vec![],
    };
    let inputs = lowering.inputs(options)?;
    let mut offenders = vec![];
    for &k in &graph.order {
        let node = &source.graph.node[k];
        let call = lowering.call(node, k)?;
        let poisoned = call.inputs.iter().flatten().any(|v| matches!(v, Value::Poisoned));
        let outcome = if poisoned { Ok(None) } else { lowering.node(&call).map(Some) };
        match outcome {
            Ok(Some(values)) => {
                for (name, value) in node.output.iter().zip(values) {
                    lowering.values.insert(name.clone(), value);
                }
            }
            Ok(None) => lowering.poison(node),
            Err(refusal) => {
                offenders.push(offender(node, &call.name, refusal));
                lowering.poison(node);
            }
        }
    }
    let (outputs, mut late) = lowering.outputs(&options.outputs);
    offenders.append(&mut lowering.late);
    if offenders.is_empty() {
        offenders.append(&mut late);
    }
    let mut network = Network { inputs, outputs, nodes: lowering.nodes };
    name_activations(&mut network);
    Ok(Lowered { network, findings: lowering.findings, notes: lowering.notes, offenders })
}

fn offender(node: &NodeProto, name: &str, refusal: Refusal) -> Offender {
    let standard = node.domain.is_empty() || node.domain == "ai.onnx";
    Offender {
        op: if standard { node.op_type.clone() } else { format!("{}.{}", node.domain, node.op_type) },
        node: name.to_string(),
        output: node.output.first().cloned().unwrap_or_default(),
        reason: refusal.reason,
        hint: refusal.hint,
    }
}

impl<'a> Lowering<'a> {
    /// The input node and the ports; inputs that no node reads keep their place.
    fn inputs(&mut self, options: &Options) -> Result<Vec<Port>, String> {
        if let Some((name, _)) = options.fix.iter().find(|f| self.graph.inputs.iter().all(|i| i.name != f.0)) {
            let names: Vec<&str> = self.graph.inputs.iter().map(|i| i.name.as_str()).collect();
            return Err(format!("--fix {name}: the model has no such input; it has {}", names.join(", ")));
        }
        let mut ports: Vec<Port> = vec![];
        let mut offset = 0;
        for input in &self.graph.inputs {
            if let Some((_, values)) = options.fix.iter().find(|f| f.0 == input.name) {
                let tensor = tensor::filled(&input.shape, &input.element, values)?;
                self.values.insert(input.name.clone(), Value::Constant(Arc::new(tensor)));
                continue;
            }
            let used = self.graph.readers.contains_key(&input.name);
            let float = ["float32", "float16", "float64"].contains(&input.element.as_str());
            if used && !float {
                return Err(format!(
                    "input {:?} holds {}: only floating-point inputs can be audited",
                    input.name, input.element
                ));
            }
            if !float {
                continue;
            }
            let port =
                Port { name: input.name.clone(), shape: input.shape.clone(), element: input.element.clone(), offset };
            offset += port.len();
            ports.push(port);
        }
        if offset == 0 {
            return Err("has no free floating-point input: nothing is left to audit".into());
        }
        elements(&[offset])?;
        let label = Label { layer: "input".into(), op: "Input".into(), node: String::new() };
        self.nodes.push(Node { label, shape: vec![offset], op: Op::Input });
        for port in &ports {
            let whole = ports.len() == 1;
            let node = if whole { 0 } else { self.part(port) };
            self.values.insert(port.name.clone(), Value::Computed(Computed { node, shape: port.shape.clone() }));
        }
        Ok(ports)
    }

    fn part(&mut self, port: &Port) -> NodeId {
        let index: Vec<u32> = (port.offset..port.offset + port.len()).map(|j| j as u32).collect();
        let label = Label { layer: port.name.clone(), op: "Input".into(), node: port.name.clone() };
        self.push(label, port.shape.clone(), affine(0, Linear::Index(index.into())))
    }

    /// Looks up a node's inputs, decoding initializers on first use.
    fn call(&mut self, node: &'a NodeProto, place: usize) -> Result<Call<'a>, String> {
        let mut inputs = vec![];
        for name in &node.input {
            if name.is_empty() {
                inputs.push(None);
                continue;
            }
            if !self.values.contains_key(name)
                && let Some(proto) = self.initializers.get(name.as_str())
            {
                let tensor = Arc::new(tensor::decode(self.source, proto)?);
                self.origins.insert(name.clone(), name.clone());
                self.values.insert(name.clone(), Value::Constant(tensor));
            }
            let value = self.values.get(name).cloned();
            inputs.push(Some(value.ok_or_else(|| format!("input {name:?} has no value"))?));
        }
        let name =
            if node.name.is_empty() { node.output.first().cloned().unwrap_or_default() } else { node.name.clone() };
        Ok(Call { node, place, name, inputs, opset: self.source.opset })
    }

    fn poison(&mut self, node: &NodeProto) {
        for name in &node.output {
            self.values.insert(name.clone(), Value::Poisoned);
        }
    }

    /// Lowers one node.
    fn node(&mut self, call: &Call) -> Result<Vec<Value>, Refusal> {
        let node = call.node;
        let standard = node.domain.is_empty() || node.domain == "ai.onnx";
        let entry = ops::find(&node.domain, &node.op_type).ok_or_else(|| {
            let whose = if standard { "" } else { "foreign " };
            Refusal::new(format!("unknown {whose}operator"))
        })?;
        if let Some(cut) =
            call.inputs.iter().flatten().find_map(|v| if let Value::Cut(by) = v { Some(*by) } else { None })
        {
            return self.behind_cut(call, entry, cut);
        }
        if call.inputs.iter().flatten().all(|v| matches!(v, Value::Constant(_))) && entry.status != Status::Refused {
            return self.constant(call);
        }
        ops::lower(self, call, entry)
    }

    /// A node that reads a cut tail: part of the tail when it decides, moves, scales or shifts; else the node that was
    /// cut is inside the network.
    fn behind_cut(&mut self, call: &Call, entry: &ops::Entry, by: usize) -> Result<Vec<Value>, Refusal> {
        let computed = call.inputs.iter().flatten().any(|v| matches!(v, Value::Computed(_) | Value::Comparison(_)));
        let shifts = ["Add", "Sub", "Mul", "Div", "Neg", "Cast", "CastLike", "Identity", "Dropout"].contains(&entry.op);
        let tail = matches!(entry.status, Status::Tail | Status::Movement) || shifts;
        if tail && !computed {
            return Ok(call.node.output.iter().map(|_| Value::Cut(by)).collect());
        }
        let inside = &self.source.graph.node[by];
        let name = if inside.name.is_empty() {
            inside.output.first().cloned().unwrap_or_default()
        } else {
            inside.name.clone()
        };
        self.findings.retain(|f| f.code != "tail-cut" || f.node.as_ref() != Some(&name));
        if !self.inside.contains(&by) {
            self.inside.push(by);
            let reason =
                format!("is inside the network ({} reads it), and its function is not piecewise linear", call.name);
            self.late.push(offender(inside, &name, Refusal::new(reason)));
        }
        Ok(call.node.output.iter().map(|_| Value::Poisoned).collect())
    }

    /// Evaluates a node on constants.
    fn constant(&mut self, call: &Call) -> Result<Vec<Value>, Refusal> {
        if let Some(values) = ops::constant::evaluate(self, call)? {
            return Ok(values);
        }
        let inputs: Vec<Option<Arc<Tensor>>> =
            call.inputs.iter().map(|v| if let Some(Value::Constant(t)) = v { Some(t.clone()) } else { None }).collect();
        let values = tensor::evaluate(self.source, call.node, &inputs).map_err(Refusal::new)?;
        let origin = call.node.input.iter().find_map(|i| self.origins.get(i)).cloned();
        for name in &call.node.output {
            if let Some(origin) = &origin {
                self.origins.insert(name.clone(), origin.clone());
            }
        }
        Ok(values.into_iter().map(Value::Constant).collect())
    }

    /// Adds a node to the network.
    pub fn push(&mut self, label: Label, shape: Vec<usize>, op: Op) -> NodeId {
        self.nodes.push(Node { label, shape, op });
        self.nodes.len() - 1
    }

    /// Adds a node for a call and returns its value.
    pub fn emit(&mut self, call: &Call, shape: Vec<usize>, op: Op) -> Computed {
        let node = self.push(self.label(call), shape.clone(), op);
        Computed { node, shape }
    }

    /// The label of a call: its layer is that of the weights it reads, else of its name.
    pub fn label(&self, call: &Call) -> Label {
        let constant = |name: &&String| matches!(self.values.get(*name), Some(Value::Constant(_)));
        let origin = call.node.input.iter().filter(constant).find_map(|i| self.origins.get(i));
        let layer = origin.and_then(|o| names::from_initializer(o));
        let layer = layer.unwrap_or_else(|| names::from_node(&call.name, &call.node.op_type));
        Label { layer, op: call.node.op_type.clone(), node: call.name.clone() }
    }

    /// Whether any needed node, or an output, reads a tensor.
    pub fn is_read(&self, tensor: &str) -> bool {
        self.graph.readers.contains_key(tensor)
    }

    /// The operation of a node of the network.
    pub fn op(&self, node: NodeId) -> &Op {
        &self.nodes[node].op
    }

    /// Adds a bias to a computed tensor. Folds it into the affine node before when nothing else reads that.
    pub fn add_bias(&mut self, call: &Call, input: &Computed, tensor: &str, bias: Broadcast) -> Computed {
        let alone = self.graph.readers.get(tensor).copied() == Some(1) && input.node + 1 == self.nodes.len();
        if let Op::Affine(a) = &mut self.nodes[input.node].op
            && alone
            && a.bias.is_none()
        {
            a.bias = Some(bias);
            return input.clone();
        }
        self.emit_bias(call, input, bias)
    }

    /// Puts a bias on the affine node that this call has just made.
    pub fn set_bias(&mut self, call: &Call, made: Computed, bias: Broadcast) -> Computed {
        if let Op::Affine(a) = &mut self.nodes[made.node].op
            && a.bias.is_none()
        {
            a.bias = Some(bias);
            return made;
        }
        self.emit_bias(call, &made, bias)
    }

    fn emit_bias(&mut self, call: &Call, input: &Computed, bias: Broadcast) -> Computed {
        let op = Op::Affine(Affine { source: input.node, linear: Linear::Identity, divisor: None, bias: Some(bias) });
        let node = self.push(self.inherit(call, input.node), input.shape.clone(), op);
        Computed { node, shape: input.shape.clone() }
    }

    /// A label that keeps the layer of the affine node before, for what only shifts or scales it.
    pub fn inherit(&self, call: &Call, from: NodeId) -> Label {
        let mut label = self.label(call);
        if let Op::Affine(_) = self.nodes[from].op {
            label.layer = self.nodes[from].label.layer.clone();
        }
        label
    }

    /// Repeats a computed tensor to a shape it broadcasts to.
    pub fn expand(&mut self, call: &Call, input: &Computed, shape: &[usize]) -> Result<Computed, Refusal> {
        if input.len() == elements(shape)? {
            return Ok(Computed { node: input.node, shape: shape.to_vec() });
        }
        let index = broadcast_index(&input.shape, shape);
        Ok(self.emit(call, shape.to_vec(), affine(input.node, Linear::Index(index.into()))))
    }

    /// The outputs of the network, looking through cut tails, and offenders among them.
    fn outputs(&self, chosen: &[String]) -> (Vec<Output>, Vec<Offender>) {
        let (mut outputs, mut offenders): (Vec<Output>, Vec<Offender>) = (vec![], vec![]);
        for name in &self.graph.outputs {
            let tensor = self.behind_tail(name);
            let Some(Value::Computed(value)) = self.values.get(tensor) else {
                if let Some(Value::Constant(_)) = self.values.get(tensor)
                    && (chosen.contains(name) || self.graph.outputs.len() == 1)
                {
                    let reason = "the output does not depend on the input".to_string();
                    let hint = "choose another tensor with --output".to_string();
                    let output = name.clone();
                    offenders.push(Offender { op: "Output".into(), node: name.clone(), output, reason, hint });
                }
                continue;
            };
            if outputs.iter().any(|o| o.name == tensor) {
                continue;
            }
            let element = "float32".to_string();
            outputs.push(Output { name: tensor.to_string(), shape: value.shape.clone(), element, node: value.node });
        }
        (outputs, offenders)
    }

    /// The tensor that a chain of cut nodes began at.
    fn behind_tail<'n>(&'n self, name: &'n str) -> &'n str {
        let mut name = name;
        while let Some(Value::Cut(_) | Value::Comparison(_)) = self.values.get(name) {
            let producer = self.source.graph.node.iter().find(|n| n.output.iter().any(|o| o == name));
            let computed = |i: &&String| {
                let value = self.values.get(i.as_str());
                matches!(value, Some(Value::Computed(_) | Value::Cut(_) | Value::Comparison(_)))
            };
            let Some(input) = producer.and_then(|n| n.input.iter().find(computed)) else { return name };
            name = input;
        }
        name
    }

    /// Says that the network was cut before a node.
    pub fn cut(&mut self, call: &Call, why: &str) {
        let op = &call.node.op_type;
        let message = format!("the network is audited up to the input of {op}: {why}");
        self.findings.push(Finding::new("tail-cut", Severity::Info, message).at(call.name.clone()));
        self.notes.push(format!("cut before {} ({op})", call.name));
    }
}

/// An affine operation without divisor or bias.
pub fn affine(source: NodeId, linear: Linear) -> Op {
    Op::Affine(Affine { source, linear, divisor: None, bias: None })
}

/// Activations and groups are called after the layer that feeds them, each name once.
fn name_activations(network: &mut Network) {
    let mut taken: HashMap<String, usize> = HashMap::new();
    for id in 0..network.nodes.len() {
        if !matches!(network.nodes[id].op, Op::Activation(_) | Op::Max(_)) {
            continue;
        }
        let mut at = network.sources(id)[0];
        let layer = loop {
            match &network.nodes[at].op {
                Op::Affine(a) if matches!(a.linear, Linear::Index(_)) => at = a.source,
                Op::Affine(_) => break network.nodes[at].label.layer.clone(),
                _ => break names::from_node(&network.nodes[id].label.node, &network.nodes[id].label.op),
            }
        };
        let count = taken.entry(layer.clone()).or_default();
        *count += 1;
        network.nodes[id].label.layer = if *count == 1 { layer } else { format!("{layer}#{count}") };
    }
}

impl Call<'_> {
    fn attribute(&self, name: &str) -> Option<&tract_onnx::pb::AttributeProto> {
        self.node.attribute.iter().find(|a| a.name == name)
    }

    /// Integer attribute.
    pub fn int(&self, name: &str, default: i64) -> i64 {
        self.attribute(name).map_or(default, |a| a.i)
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
            Some(Value::Comparison(Comparison { .. })) => {
                Err(Refusal::new("computes with the outcome of a comparison, which jumps"))
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
