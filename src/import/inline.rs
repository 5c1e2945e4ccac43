//! The model's own functions (IR 8 and later) put in place of their calls, as exporters with a function per layer write
//! them.
//!
//! Contract: what comes out has no call left; every tensor of a body gets a name of its own, and its nodes are called
//! after the call. Refuses what the decoder does not show (overloads, default values of attributes), bodies that bind to
//! another version of the default operators than the model, recursion, and expansion beyond all reason.

use super::Offender;
use std::collections::HashMap;
use tract_onnx::pb::{AttributeProto, FunctionProto, GraphProto, ModelProto, NodeProto};

/// Deepest nesting of calls.
const DEEPEST: usize = 32;
/// Most nodes that all calls together may expand to.
const MOST_NODES: usize = 1 << 20;

/// Functions by domain and name; `None` where two share both.
type Functions<'a> = HashMap<(&'a str, &'a str), Option<&'a FunctionProto>>;

/// Replaces every call in the graph.
pub fn inline(model: &ModelProto, graph: &mut GraphProto, opset: i64) -> Result<(), Offender> {
    let mut functions: Functions = HashMap::new();
    for f in &model.functions {
        let key = (plain(f.domain.as_deref().unwrap_or("")), f.name.as_deref().unwrap_or(""));
        functions.entry(key).and_modify(|known| *known = None).or_insert(Some(f));
    }
    let mut budget = MOST_NODES;
    graph.node = expand(&functions, std::mem::take(&mut graph.node), opset, DEEPEST, &mut budget)?;
    Ok(())
}

fn plain(domain: &str) -> &str {
    if domain == "ai.onnx" { "" } else { domain }
}

fn refused(node: &NodeProto, reason: String) -> Offender {
    Offender {
        op: format!("{}.{}", node.domain, node.op_type),
        node: node.name.clone(),
        output: node.output.first().cloned().unwrap_or_default(),
        reason,
        hint: "inline the model's functions with onnx.inliner".into(),
    }
}

fn expand(
    functions: &Functions,
    nodes: Vec<NodeProto>,
    opset: i64,
    depth: usize,
    budget: &mut usize,
) -> Result<Vec<NodeProto>, Offender> {
    let mut out = vec![];
    for mut node in nodes {
        for attribute in &mut node.attribute {
            for graph in attribute.g.iter_mut().chain(&mut attribute.graphs) {
                graph.node = expand(functions, std::mem::take(&mut graph.node), opset, depth, budget)?;
            }
        }
        let Some(found) = functions.get(&(plain(&node.domain), node.op_type.as_str())) else {
            out.push(node);
            continue;
        };
        let function = found.ok_or_else(|| refused(&node, "is a function with overloads".into()))?;
        let default = |d: &str| d.is_empty() || d == "ai.onnx";
        if let Some(other) = function.opset_import.iter().find(|o| default(&o.domain) && o.version != opset) {
            let reason = format!("is a function of operator set {}, the model uses {opset}", other.version);
            return Err(refused(&node, reason));
        }
        *budget = budget.saturating_sub(function.node.len());
        if depth == 0 || *budget == 0 {
            return Err(refused(&node, "is a function that calls itself, or expands beyond all reason".into()));
        }
        let body = body(function, &node)?;
        out.extend(expand(functions, body, opset, depth - 1, budget)?);
    }
    Ok(out)
}

/// The nodes of a function in place of one call.
fn body(function: &FunctionProto, call: &NodeProto) -> Result<Vec<NodeProto>, Offender> {
    let first = || call.output.iter().find(|o| !o.is_empty()).cloned().unwrap_or_default();
    let prefix = if call.name.is_empty() { first() } else { call.name.clone() };
    // Output names are unique in a graph, node names need not be.
    let scope = first();
    let mut names: HashMap<String, String> = HashMap::new();
    for (formal, actual) in [(&function.input, &call.input), (&function.output, &call.output)] {
        for (k, name) in formal.iter().enumerate() {
            let actual = actual.get(k).cloned().unwrap_or_default();
            // An output that the caller leaves out may still be read inside.
            let unread = actual.is_empty() && std::ptr::eq(formal, &function.output);
            names.insert(name.clone(), if unread { format!("{scope}::{name}") } else { actual });
        }
    }
    let scoped = Scoped { scope, prefix, names, function, call };
    function.node.iter().map(|node| scoped.node(node)).collect()
}

/// One call: what the names and attributes of the function's body stand for.
struct Scoped<'a> {
    scope: String,
    prefix: String,
    names: HashMap<String, String>,
    function: &'a FunctionProto,
    call: &'a NodeProto,
}

impl Scoped<'_> {
    fn name(&self, name: &str) -> String {
        match self.names.get(name) {
            Some(actual) => actual.clone(),
            None if name.is_empty() => String::new(),
            None => format!("{}::{name}", self.scope),
        }
    }

    fn node(&self, node: &NodeProto) -> Result<NodeProto, Offender> {
        let mut out = node.clone();
        out.input.iter_mut().chain(&mut out.output).for_each(|n| *n = self.name(n));
        out.name = format!("{}/{}", self.prefix, if node.name.is_empty() { &node.op_type } else { &node.name });
        out.attribute = vec![];
        for attribute in &node.attribute {
            out.attribute.extend(self.attribute(attribute)?);
        }
        Ok(out)
    }

    fn attribute(&self, attribute: &AttributeProto) -> Result<Option<AttributeProto>, Offender> {
        let mut out = attribute.clone();
        if !attribute.ref_attr_name.is_empty() {
            let given = self.call.attribute.iter().find(|a| a.name == attribute.ref_attr_name);
            if given.is_none() && !self.function.attribute.contains(&attribute.ref_attr_name) {
                let reason = format!("is a function with a default for {}", attribute.ref_attr_name);
                return Err(refused(self.call, reason));
            }
            return Ok(given.map(|a| AttributeProto { name: attribute.name.clone(), ..a.clone() }));
        }
        for graph in out.g.iter_mut().chain(&mut out.graphs) {
            for node in &mut graph.node {
                *node = self.node(node)?;
            }
            graph.initializer.iter_mut().for_each(|t| t.name = self.name(&t.name));
            graph.input.iter_mut().chain(&mut graph.output).for_each(|i| i.name = self.name(&i.name));
        }
        Ok(Some(out))
    }
}
