//! Phase 3: node by node in topological order, from tensors that are constant or computed to nodes of the network.
//!
//! Contract: an affine node keeps its structure; nothing is composed. Whatever node cannot be lowered is listed as an
//! offender, and lowering goes on behind it so that all offenders are known at once. An `If` whose condition turns out
//! to be constant is the branch that is taken.

use super::bounds;
use super::call::Call;
use super::graph::Graph;
use super::names;
use super::ops::{self, Status};
use super::read::Source;
use super::tail::Record;
use super::tensor::{self, Undecoded, elements};
use super::value::{Computed, Refusal, Value, broadcast_index};
use super::{Offender, Options, Stop};
use crate::finding::Finding;
use crate::ir::{Affine, Block, Broadcast, Label, Linear, Network, Node, NodeId, Op, Port};
use std::collections::HashMap;
use std::sync::Arc;
use tract_core::internal::Tensor;
use tract_onnx::pb::{GraphProto, NodeProto, TensorProto};

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
    pub graph: &'a Graph,
    initializers: HashMap<&'a str, &'a TensorProto>,
    values: HashMap<String, Value>,
    /// Initializer that a constant tensor comes from, by tensor name.
    origins: HashMap<String, String>,
    nodes: Vec<Node>,
    /// Elements of the initializers decoded so far, and of the constants folded.
    stored: u64,
    folded: u64,
    /// Entries of the index maps, windows and means of the network.
    expanded: u64,
    pub findings: Vec<Finding>,
    pub notes: Vec<String>,
    pub offenders: Vec<Offender>,
    pub cuts: Vec<Record<'a>>,
}

/// Lowers the needed part of the graph.
pub fn lower(source: &Source, graph: &Graph, options: &Options) -> Result<Lowered, Stop> {
    let mut lowering = Lowering {
        source,
        graph,
        initializers: source.graph.initializer.iter().map(|t| (t.name.as_str(), t)).collect(),
        values: HashMap::new(),
        origins: HashMap::new(),
        nodes: vec![],
        stored: 0,
        folded: 0,
        expanded: 0,
        findings: vec![],
        notes: vec![],
        offenders: vec![],
        cuts: vec![],
    };
    let inputs = lowering.inputs(options)?;
    for &k in &graph.order {
        lowering.step(&source.graph.node[k])?;
    }
    let (outputs, mut late) = lowering.outputs(options);
    let mut offenders = lowering.offenders;
    if offenders.is_empty() {
        offenders.append(&mut late);
    }
    let mut network = Network { inputs, outputs, nodes: lowering.nodes };
    name_activations(&mut network);
    Ok(Lowered { network, findings: lowering.findings, notes: lowering.notes, offenders })
}

/// A node as an offender.
pub fn offender(node: &NodeProto, name: &str, refusal: Refusal) -> Offender {
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
    fn inputs(&mut self, options: &Options) -> Result<Vec<Port>, Stop> {
        if let Some((name, _)) = options.fix.iter().find(|f| self.graph.inputs.iter().all(|i| i.name != f.0)) {
            let names: Vec<&str> = self.graph.inputs.iter().map(|i| i.name.as_str()).collect();
            return Err(format!("--fix {name}: the model has no such input; it has {}", names.join(", ")).into());
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
            let float = ["float32", "float16", "float64", "bfloat16"].contains(&input.element.as_str());
            if used && !float {
                return Err(Stop::Unsupported(Offender {
                    op: "Input".into(),
                    node: input.name.clone(),
                    output: input.name.clone(),
                    reason: format!("holds {}: only floating-point inputs can be audited", input.element),
                    hint: "hold it constant with --fix NAME=VALUE or --fix NAME=FILE.npy".into(),
                }));
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
            return Err(String::from("has no free floating-point input: nothing is left to audit").into());
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
        let (width, from) = (port.len(), port.offset);
        let part = Block { rows: 1, width, from, from_step: 0, to: 0, to_step: width };
        let label = Label { layer: port.name.clone(), op: "Input".into(), node: port.name.clone() };
        self.push(label, port.shape.clone(), affine(0, Linear::Block(part)))
    }

    /// The value of a tensor, decoding initializers on first use. `Ok(None)`: nothing has that name.
    pub fn value(&mut self, name: &str) -> Result<Option<Value>, Undecoded> {
        if !self.values.contains_key(name)
            && let Some(proto) = self.initializers.get(name)
        {
            let tensor = Arc::new(tensor::decode(self.source, proto)?);
            self.stored += tensor.len() as u64;
            self.origins.insert(name.to_string(), name.to_string());
            self.values.insert(name.to_string(), Value::Constant(tensor));
        }
        Ok(self.values.get(name).cloned())
    }

    /// Lowers one node, or lists it as an offender; gives its outputs their values.
    fn step(&mut self, node: &'a NodeProto) -> Result<(), Stop> {
        let first = || node.output.first().cloned().unwrap_or_default();
        let name = if node.name.is_empty() { first() } else { node.name.clone() };
        let mut inputs = vec![];
        for tensor in &node.input {
            if tensor.is_empty() {
                inputs.push(None);
                continue;
            }
            match self.value(tensor) {
                Ok(Some(value)) => inputs.push(Some(value)),
                Ok(None) => return Err(format!("input {tensor:?} of node {name:?} has no value").into()),
                Err(Undecoded::Malformed(reason)) => return Err(reason.into()),
                Err(Undecoded::Unsupported(reason)) => {
                    self.offenders.push(offender(node, &name, Refusal::new(reason)));
                    inputs.push(Some(Value::Poisoned));
                }
            }
        }
        let call = Call { node, name, inputs, opset: self.source.opset };
        let poisoned = call.inputs.iter().flatten().any(|v| matches!(v, Value::Poisoned));
        let values = match if poisoned { Ok(vec![]) } else { self.node(&call) } {
            Ok(values) => values,
            Err(refusal) => {
                self.offenders.push(offender(node, &call.name, refusal));
                vec![]
            }
        };
        self.expanded += bounds::PART * values.iter().map(Value::parts).sum::<u64>();
        if self.expanded > bounds::EXPANDED {
            let reason = format!("the network needs more than {} index entries up to here", bounds::EXPANDED);
            return Err(Stop::Unsupported(offender(node, &call.name, Refusal::new(reason))));
        }
        let lowered = !values.is_empty();
        let mut values = values.into_iter();
        for output in node.output.iter().filter(|o| !o.is_empty()) {
            let value = values.next().unwrap_or(Value::Poisoned);
            if lowered && matches!(value, Value::Poisoned) && self.is_read(output) && self.offenders.is_empty() {
                let reason = format!("its output {output} is not supported");
                self.offenders.push(offender(node, &call.name, Refusal::new(reason)));
            }
            self.values.insert(output.clone(), value);
        }
        Ok(())
    }

    /// Lowers one node.
    fn node(&mut self, call: &Call<'a>) -> Result<Vec<Value>, Refusal> {
        let node = call.node;
        let standard = node.domain.is_empty() || node.domain == "ai.onnx";
        let constant = call.inputs.iter().flatten().all(|v| matches!(v, Value::Constant(_)));
        if node.op_type == "If"
            && standard
            && let Some(Value::Constant(condition)) = call.input(0)
        {
            return self.branch(call, &condition.clone());
        }
        let entry = ops::find(&node.domain, &node.op_type);
        if constant && standard && entry.is_some_and(|e| !e.never_folded()) && !call.inputs.is_empty() {
            return self.constant(call);
        }
        let entry = entry.ok_or_else(|| {
            let whose = if standard { "" } else { "foreign " };
            Refusal::new(format!("unknown {whose}operator"))
        })?;
        let ended = |v: &Value| match v {
            Value::Cut(_) => true,
            Value::Comparison(_) => !ops::selection::reads_comparison(&node.op_type),
            Value::Step(_) => !ops::step::reads(&node.op_type),
            _ => false,
        };
        if call.inputs.iter().flatten().any(ended) {
            return self.behind_cut(call, entry);
        }
        if call.inputs.is_empty() && entry.status != Status::Refused && !entry.never_folded() {
            return self.constant(call);
        }
        ops::lower(self, call, entry)
    }

    /// The branch that a constant condition takes. Its nodes see the tensors around it (ONNX allows no shadowing).
    fn branch(&mut self, call: &Call<'a>, condition: &Tensor) -> Result<Vec<Value>, Refusal> {
        let taken = tensor::integers(condition)?.first().copied().unwrap_or(0) != 0;
        let name = if taken { "then_branch" } else { "else_branch" };
        let graph: &'a GraphProto =
            call.subgraph(name).ok_or_else(|| Refusal::new(format!("its {name} is missing")))?;
        self.initializers.extend(graph.initializer.iter().map(|t| (t.name.as_str(), t)));
        let before = self.offenders.len();
        for node in &graph.node {
            match self.step(node) {
                Ok(()) => {}
                Err(Stop::Unreadable(reason)) => return Err(Refusal::new(reason)),
                Err(Stop::Unsupported(offender)) => self.offenders.push(offender),
            }
        }
        let mut values = vec![];
        for output in &graph.output {
            let value = self.value(&output.name).map_err(|e| Refusal::new(e.reason()))?;
            values.push(value.ok_or_else(|| Refusal::new(format!("its {name} makes no {:?}", output.name)))?);
        }
        if self.offenders.len() == before {
            self.notes.push(format!("took the {name} of {} (If)", call.name));
        }
        Ok(values)
    }

    /// Evaluates a node on constants.
    fn constant(&mut self, call: &Call<'a>) -> Result<Vec<Value>, Refusal> {
        let left = bounds::FOLDED.saturating_add(self.stored.saturating_mul(8)).saturating_sub(self.folded);
        self.folded += bounds::within(call, left)?;
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
    pub fn push(&mut self, label: Label, shape: Vec<usize>, mut op: Op) -> NodeId {
        if let Op::Affine(Affine { linear, .. }) = &mut op
            && let Linear::Index(index) = linear
            && let Some(block) = Block::recognise(index)
        {
            *linear = Linear::Block(block);
        }
        self.expanded += match &op {
            Op::Affine(Affine { linear: Linear::Index(index), .. }) => index.len() as u64,
            Op::Affine(Affine { linear: Linear::Sparse { weights, .. }, .. }) => 3 * weights.len() as u64,
            Op::Activation(a) => 24 * a.curves.len() as u64,
            Op::Max(m) => m.candidates.len() as u64 + 2 * m.starts.len() as u64,
            _ => 0,
        };
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

    /// The number of elements of a node of the network.
    pub fn len(&self, node: NodeId) -> usize {
        self.nodes[node].len()
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
                Op::Affine(a) if matches!(a.linear, Linear::Index(_) | Linear::Block(_)) => at = a.source,
                Op::Affine(_) => break network.nodes[at].label.layer.clone(),
                _ => break names::from_node(&network.nodes[id].label.node, &network.nodes[id].label.op),
            }
        };
        let count = taken.entry(layer.clone()).or_default();
        *count += 1;
        network.nodes[id].label.layer = if *count == 1 { layer } else { format!("{layer}#{count}") };
    }
}
