//! Where a network ends: tails that do not change its regions are cut, with a finding; a node that was cut and turns out
//! to be inside the network is an offender after all. Here, too, the graph's outputs become the network's.
//!
//! Contract: a cut value knows every tensor that is audited in its place, so that no head of the network is lost.

use super::call::Call;
use super::lower::{Lowering, affine, offender};
use super::ops::{Entry, Status};
use super::read::element_name;
use super::tensor::{floats, is_float};
use super::value::{Computed, Cut, Refusal, Value};
use super::{Offender, Options};
use crate::finding::{Finding, Severity};
use crate::ir::{Affine, Broadcast, Label, Linear, Op, Output, ZERO};
use tract_onnx::pb::{NodeProto, TypeProto, type_proto};

/// A node before which the network was cut.
pub struct Record<'a> {
    node: &'a NodeProto,
    name: String,
    why: String,
    /// Found to be inside the network, and listed as an offender.
    inside: bool,
}

/// Most elements of a constant output that is kept as an output of the network.
const MOST_CONSTANT: usize = 1 << 20;

/// What may follow a cut: it shifts, scales or decides, and bends nothing.
const FOLLOWS: [&str; 20] = [
    "Normalizer",
    "Add",
    "Sub",
    "Mul",
    "Div",
    "Neg",
    "Cast",
    "CastLike",
    "Identity",
    "Dropout",
    "Log",
    "Greater",
    "GreaterOrEqual",
    "Less",
    "LessOrEqual",
    "And",
    "Or",
    "Not",
    "Xor",
    "Shape",
];

impl<'a> Lowering<'a> {
    /// A cut before a node that reads the given tensors.
    pub fn cut(&mut self, call: &Call<'a>, audited: Vec<(String, Computed)>, why: &str) -> Cut {
        self.cuts.push(Record { node: call.node, name: call.name.clone(), why: why.into(), inside: false });
        Cut { by: vec![self.cuts.len() - 1], audited }
    }

    /// The computed inputs of a call by tensor name.
    pub fn read_by(&self, call: &Call) -> Vec<(String, Computed)> {
        let inputs = call.node.input.iter().zip(&call.inputs);
        inputs
            .filter_map(|(n, v)| if let Some(Value::Computed(c)) = v { Some((n.clone(), c.clone())) } else { None })
            .collect()
    }

    /// What all inputs that end the network, or are outcomes of comparisons, stand for together.
    fn ended(call: &Call) -> Cut {
        let mut all = Cut::default();
        for value in call.inputs.iter().flatten() {
            match value {
                Value::Cut(cut) => all.join(cut),
                Value::Comparison(c) => all.join(&c.cut),
                Value::Step(s) => all.join(&s.cut),
                _ => {}
            }
        }
        all
    }

    /// A node that reads a cut tail, or a comparison that it cannot lower: part of the tail when it decides, moves,
    /// scales or shifts; else the nodes that were cut are inside the network.
    pub fn behind_cut(&mut self, call: &Call<'a>, entry: &Entry) -> Result<Vec<Value>, Refusal> {
        let mut cut = Lowering::ended(call);
        let computed = self.read_by(call);
        let joins = entry.op == "Concat" || entry.status == Status::Tail;
        let follows = matches!(entry.status, Status::Tail | Status::Movement) || FOLLOWS.contains(&entry.op);
        let bends = |v: &Value| matches!(v, Value::Step(step) if !step.decides());
        if follows && (computed.is_empty() || joins) && !call.inputs.iter().flatten().any(bends) {
            for (name, value) in computed {
                cut.join(&Cut { by: vec![], audited: vec![(name, value)] });
            }
            return Ok(call.node.output.iter().map(|_| Value::Cut(cut.clone())).collect());
        }
        let late = self.inside(cut, &format!("{} reads it", call.name));
        self.offenders.extend(late);
        Ok(call.node.output.iter().map(|_| Value::Poisoned).collect())
    }

    /// The nodes that were cut and turn out to be inside the network, each once.
    fn inside(&mut self, cut: Cut, why: &str) -> Vec<Offender> {
        let mut late = vec![];
        for by in cut.by {
            let record = &mut self.cuts[by];
            if std::mem::replace(&mut record.inside, true) {
                continue;
            }
            let jumps = super::ops::find(&record.node.domain, &record.node.op_type)
                .is_some_and(|e| e.status == Status::Group || e.op == "Cast");
            let what = if jumps { "it jumps" } else { "its function is not piecewise linear" };
            let reason = format!("is inside the network ({why}), and {what}");
            late.push(offender(record.node, &record.name, Refusal::new(reason)));
        }
        late
    }

    /// The outputs of the network, looking through cut tails. `Err`: an output that cannot be one.
    pub fn outputs(&mut self, options: &Options) -> (Vec<Output>, Vec<Offender>) {
        let (mut outputs, mut constants, mut used): (Vec<Output>, Vec<Output>, Vec<usize>) = (vec![], vec![], vec![]);
        let mut offenders = vec![];
        for name in self.graph.outputs.clone() {
            let value = match self.value(&name) {
                Ok(Some(value)) => value,
                // Its node was refused, or it is no numbers: the offender is listed already.
                _ => continue,
            };
            let mut ended = Cut::default();
            match value {
                Value::Computed(value) => ended.audited.push((name, value)),
                Value::Cut(cut) => ended = cut,
                Value::Comparison(comparison) => ended = comparison.cut,
                Value::Step(step) if step.decides() => ended = step.cut,
                Value::Step(step) => {
                    offenders.extend(self.inside(step.cut, &format!("the output {name} is made of it")))
                }
                Value::Constant(tensor) => {
                    let numbers = floats(&tensor).ok().filter(|v| v.iter().all(|x| x.is_finite()));
                    let Some(values) = numbers.filter(|v| !v.is_empty() && v.len() <= MOST_CONSTANT) else { continue };
                    if is_float(tensor.datum_type()) || options.outputs.contains(&name) {
                        let node = self.constant_node(&name, values, tensor.shape());
                        let shape = tensor.shape().to_vec();
                        constants.push(Output { element: self.element(&name), name, shape, node });
                    }
                }
                Value::Sequence(parts) => {
                    for (k, part) in parts.into_iter().enumerate() {
                        if let Value::Computed(part) = part {
                            ended.audited.push((format!("{name}.{k}"), part));
                        }
                    }
                }
                Value::Poisoned => {}
            }
            used.extend(ended.by);
            for (name, value) in ended.audited {
                if outputs.iter().all(|o: &Output| o.name != name) {
                    let element = self.element(&name);
                    outputs.push(Output { name, shape: value.shape, element, node: value.node });
                }
            }
        }
        if outputs.is_empty() && offenders.is_empty() {
            let reason = "no output depends on the input".to_string();
            let hint = "choose another tensor with --output".to_string();
            let name = self.graph.outputs.join(", ");
            offenders.push(Offender { op: "Output".into(), node: name.clone(), output: name, reason, hint });
        }
        for output in &constants {
            let message = format!("the output {} does not depend on the input", output.name);
            self.findings.push(Finding::new("constant-output", Severity::Info, message));
        }
        outputs.extend(constants);
        used.sort_unstable();
        used.dedup();
        for record in used.iter().map(|&by| &self.cuts[by]) {
            let op = &record.node.op_type;
            let message = format!("the network is audited up to the input of {op}: {}", record.why);
            self.findings.push(Finding::new("tail-cut", Severity::Info, message).at(record.name.clone()));
            self.notes.push(format!("cut before {} ({op})", record.name));
        }
        (outputs, offenders)
    }

    /// A node of the network that has the same value everywhere.
    fn constant_node(&mut self, name: &str, values: Vec<f64>, shape: &[usize]) -> usize {
        let label = Label { layer: name.into(), op: "Constant".into(), node: name.into() };
        let linear = Linear::Index(vec![ZERO; values.len()].into());
        let bias = Some(Broadcast::full(values));
        let Op::Affine(empty) = affine(0, linear) else { return 0 };
        self.push(label, shape.to_vec(), Op::Affine(Affine { bias, ..empty }))
    }

    /// Element type of an output: as the graph declares it, else that of the first floating-point input.
    fn element(&self, name: &str) -> String {
        let declared = self.source.graph.output.iter().find(|o| o.name == name).and_then(|o| match &o.r#type {
            Some(TypeProto { value: Some(type_proto::Value::TensorType(t)), .. }) => {
                Some(element_name(t.elem_type).to_string())
            }
            _ => None,
        });
        let inputs = || self.graph.inputs.iter().map(|i| i.element.clone()).find(|e| e.starts_with("float"));
        declared.or_else(inputs).unwrap_or_else(|| "float32".into())
    }
}
