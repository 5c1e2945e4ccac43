//! Phase 2: what the proto must satisfy, and the nodes that the chosen outputs need, in topological order.
//!
//! Refuses: no outputs, an output or input that nothing produces, a tensor produced twice, a cycle, an operator set that
//! is missing or older than 7.

use super::read::{Source, element_name};
use super::tensor::elements;
use super::{Offender, Options, Stop};
use std::collections::{BTreeSet, HashMap, HashSet};
use tract_onnx::pb::{NodeProto, TypeProto, ValueInfoProto, tensor_shape_proto, type_proto};

/// Oldest default operator set whose operators mean what they do here.
pub const OLDEST_OPSET: i64 = 7;

/// An input of the graph that is no initializer.
pub struct Input {
    pub name: String,
    pub shape: Vec<usize>,
    pub element: String,
}

/// The checked graph.
pub struct Graph {
    /// Positions of the needed nodes, in topological order.
    pub order: Vec<usize>,
    /// The inputs, in file order.
    pub inputs: Vec<Input>,
    /// Names of the outputs asked for.
    pub outputs: Vec<String>,
    /// How many needed nodes read each tensor; outputs count as read once more.
    pub readers: HashMap<String, usize>,
}

impl Graph {
    /// Checks the graph of a decoded file.
    pub fn new(source: &Source, options: &Options) -> Result<Graph, Stop> {
        let graph = &source.graph;
        let standard = |n: &NodeProto| n.domain.is_empty() || n.domain == "ai.onnx";
        if source.opset == 0 && graph.node.iter().any(standard) {
            return Err(String::from("names no version of the default operator set").into());
        }
        if (1..OLDEST_OPSET).contains(&source.opset) {
            return Err(Stop::Unsupported(Offender {
                op: "Model".into(),
                node: "opset_import".into(),
                output: graph.output.first().map_or(String::new(), |o| o.name.clone()),
                reason: format!("uses operator set {}, older than {OLDEST_OPSET}", source.opset),
                hint: "convert it with onnx.version_converter".into(),
            }));
        }
        let mut producer: HashMap<&str, usize> = HashMap::new();
        for (k, node) in graph.node.iter().enumerate() {
            for output in node.output.iter().filter(|o| !o.is_empty()) {
                if producer.insert(output, k).is_some() {
                    return Err(format!("tensor {output:?} is produced twice").into());
                }
            }
        }
        let initializers: HashSet<&str> = graph.initializer.iter().map(|t| t.name.as_str()).collect();
        let mut inputs = vec![];
        for info in graph.input.iter().filter(|i| !initializers.contains(i.name.as_str())) {
            inputs.push(input(info, options)?);
        }
        let known: HashSet<&str> = initializers.iter().copied().chain(inputs.iter().map(|i| i.name.as_str())).collect();
        let outputs = match options.outputs.as_slice() {
            [] => graph.output.iter().map(|o| o.name.clone()).collect(),
            chosen => chosen.to_vec(),
        };
        if outputs.is_empty() {
            return Err(String::from("has no outputs").into());
        }
        let exists = |name: &str| producer.contains_key(name) || known.contains(name);
        if let Some(missing) = outputs.iter().find(|o| !exists(o)) {
            let names: Vec<&str> = producer.keys().copied().collect();
            let near = nearest(missing, &names).map_or(String::new(), |n| format!(" (did you mean {n:?}?)"));
            return Err(format!("output {missing:?} is produced by no node{near}").into());
        }
        let order = order(source, &producer, &known, &outputs)?;
        let mut readers: HashMap<String, usize> = HashMap::new();
        for name in order.iter().flat_map(|&k| reads(&graph.node[k])).chain(outputs.iter().map(|o| o.as_str())) {
            *readers.entry(name.to_string()).or_default() += 1;
        }
        Ok(Graph { order, inputs, outputs, readers })
    }
}

/// The nodes that the outputs need, in an order in which every node follows what it reads (file order otherwise).
fn order(
    source: &Source,
    producer: &HashMap<&str, usize>,
    known: &HashSet<&str>,
    outputs: &[String],
) -> Result<Vec<usize>, String> {
    let nodes = &source.graph.node;
    let mut feeds: Vec<Vec<usize>> = vec![vec![]; nodes.len()];
    let mut waits = vec![0usize; nodes.len()];
    let mut needed = vec![false; nodes.len()];
    let mut stack: Vec<usize> = outputs.iter().filter_map(|o| producer.get(o.as_str()).copied()).collect();
    while let Some(k) = stack.pop() {
        if std::mem::replace(&mut needed[k], true) {
            continue;
        }
        for input in reads(&nodes[k]).into_iter().filter(|i| !known.contains(i)) {
            let Some(&p) = producer.get(input) else {
                return Err(format!("{} reads tensor {input:?}, which nothing produces", describe(source, k)));
            };
            feeds[p].push(k);
            waits[k] += 1;
            stack.push(p);
        }
    }
    let mut ready: BTreeSet<usize> = (0..nodes.len()).filter(|&k| needed[k] && waits[k] == 0).collect();
    let mut order = vec![];
    while let Some(k) = ready.pop_first() {
        order.push(k);
        for &next in &feeds[k] {
            waits[next] -= 1;
            if waits[next] == 0 {
                ready.insert(next);
            }
        }
    }
    match (0..nodes.len()).find(|&k| needed[k] && waits[k] > 0) {
        Some(k) => Err(format!("the graph has a cycle through {}", describe(source, k))),
        None => Ok(order),
    }
}

/// The tensors that a node reads, those that its subgraphs take from around them included.
fn reads(node: &NodeProto) -> Vec<&str> {
    let mut out: Vec<&str> = node.input.iter().map(|i| i.as_str()).filter(|i| !i.is_empty()).collect();
    let graphs = node.attribute.iter().flat_map(|a| a.g.iter().chain(&a.graphs));
    for graph in graphs {
        let made: HashSet<&str> = (graph.initializer.iter().map(|t| t.name.as_str()))
            .chain(graph.input.iter().map(|i| i.name.as_str()))
            .chain(graph.node.iter().flat_map(|n| n.output.iter().map(|o| o.as_str())))
            .collect();
        let inner = graph.node.iter().flat_map(reads).chain(graph.output.iter().map(|o| o.name.as_str()));
        out.extend(inner.filter(|name| !made.contains(name)));
    }
    out
}

fn describe(source: &Source, k: usize) -> String {
    let node = &source.graph.node[k];
    let name = if node.name.is_empty() { node.output.first().map_or("", |o| o.as_str()) } else { node.name.as_str() };
    format!("node {name:?} ({})", node.op_type)
}

fn input(info: &ValueInfoProto, options: &Options) -> Result<Input, Stop> {
    let Some(TypeProto { value: Some(type_proto::Value::TensorType(t)), .. }) = &info.r#type else {
        return Err(Stop::Unsupported(Offender {
            op: "Input".into(),
            node: info.name.clone(),
            output: info.name.clone(),
            reason: "is not a tensor: sequences, maps and optional values are not supported".into(),
            hint: "re-export the model with tensors as inputs".into(),
        }));
    };
    let float = element_name(t.elem_type).starts_with("float");
    let mut shape = vec![];
    for dim in t.shape.iter().flat_map(|s| &s.dim) {
        use tensor_shape_proto::dimension::Value;
        let named = |p: &str| options.dims.iter().find(|(n, _)| n == p).map(|d| d.1);
        shape.push(match &dim.value {
            Some(Value::DimValue(v)) if *v < 0 => {
                return Err(format!("input {:?} has the negative dimension {v}", info.name).into());
            }
            // A first dimension of zero is how some exporters write "any batch".
            Some(Value::DimValue(0)) if float && shape.is_empty() => 1,
            Some(Value::DimValue(0)) if !float => 0,
            Some(Value::DimValue(0)) => {
                return Err(format!("input {:?} has no elements: one of its dimensions is zero", info.name).into());
            }
            None => 1,
            Some(Value::DimValue(v)) => *v as usize,
            Some(Value::DimParam(p)) => named(p).unwrap_or(1),
        });
    }
    elements(&shape).map_err(|e| format!("input {:?}: {e}", info.name))?;
    Ok(Input { name: info.name.clone(), shape, element: element_name(t.elem_type).into() })
}

/// The candidate with the smallest edit distance, if it is near.
fn nearest<'a>(word: &str, candidates: &[&'a str]) -> Option<&'a str> {
    let best = candidates.iter().map(|c| (strsim::levenshtein(word, c), *c)).min()?;
    (best.0 <= word.chars().count().div_ceil(3)).then_some(best.1)
}
