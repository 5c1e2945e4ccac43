//! What only moves numbers about: tract evaluates the node on positions, and the result is the index map.
//!
//! Opset history: tract's, per node. Refuses computed indices, shapes and bounds, and scatters that add or multiply.

use crate::import::bounds::{MOVED, within};
use crate::import::call::Call;
use crate::import::lower::{Lowering, affine};
use crate::import::tensor::{elements, evaluate, floats, integers, positions};
use crate::import::value::{Computed, Refusal, Value};
use crate::ir::{Broadcast, Linear, Op, ZERO};
use std::sync::Arc;

/// Which inputs hold the numbers that are moved; the others say where to.
fn is_data(op: &str, k: usize) -> bool {
    match op {
        "Where" => k > 0,
        "ScatterND" | "ScatterElements" | "Scatter" => k != 1,
        _ => k == 0,
    }
}

/// A source of moved numbers: its first position, and where the numbers are.
enum Part {
    Computed(Computed),
    Constant(Vec<f64>),
}

/// Lowers a node of the family.
pub fn lower(l: &mut Lowering, call: &Call) -> Result<Vec<Value>, Refusal> {
    let op = call.node.op_type.as_str();
    if call.text("reduction").is_some_and(|r| r != "none") {
        return Err(Refusal::new("combines what it scatters, which is not supported"));
    }
    within(call, MOVED)?;
    let (mut parts, mut inputs, mut next) = (vec![], vec![], 0i64);
    for (k, input) in call.inputs.iter().enumerate() {
        let (shape, part) = match input {
            None => {
                inputs.push(None);
                continue;
            }
            Some(Value::Constant(tensor)) if !is_data(op, k) => {
                inputs.push(Some(tensor.clone()));
                continue;
            }
            Some(Value::Constant(tensor)) => (tensor.shape().to_vec(), Part::Constant(floats(tensor)?)),
            Some(_) if is_data(op, k) => {
                let x = call.computed(k)?;
                (x.shape.clone(), Part::Computed(x))
            }
            Some(_) => {
                return Err(Refusal::new(format!(
                    "input {k} depends on the network's input; only a constant is supported"
                )));
            }
        };
        inputs.push(Some(Arc::new(positions(&shape, next)?)));
        parts.push((next, part));
        next += elements(&shape)? as i64;
    }
    let moved = evaluate(l.source, call.node, &inputs).map_err(Refusal::new)?;
    let mut values = vec![];
    for tensor in moved {
        let shape = tensor.shape().to_vec();
        if elements(&shape)? != tensor.len() {
            return Err(Refusal::new(format!("its shape {shape:?} does not hold what it moves")));
        }
        values.push(Value::Computed(gather(l, call, &parts, &integers(&tensor)?, shape)?));
    }
    Ok(values)
}

/// The tensor whose element `i` stands at position `index[i]` of the parts.
fn gather(
    l: &mut Lowering,
    call: &Call,
    parts: &[(i64, Part)],
    index: &[i64],
    shape: Vec<usize>,
) -> Result<Computed, Refusal> {
    let owner = |position: i64| parts.partition_point(|(first, _)| *first <= position) - 1;
    let (mut sources, mut bias) = (vec![], vec![0.0; index.len()]);
    for (p, (first, part)) in parts.iter().enumerate() {
        match part {
            Part::Constant(values) => {
                for (i, &position) in index.iter().enumerate().filter(|(_, position)| owner(**position) == p) {
                    bias[i] = values[(position - first) as usize];
                }
            }
            Part::Computed(x) => {
                let map: Vec<u32> =
                    index.iter().map(|&at| if owner(at) == p { (at - first) as u32 } else { ZERO }).collect();
                if map.iter().all(|&j| j == ZERO) {
                    continue;
                }
                let still = map.len() == x.len() && map.iter().enumerate().all(|(i, &j)| i as u32 == j);
                sources.push(if still {
                    x.node
                } else {
                    l.push(l.inherit(call, x.node), shape.clone(), affine(x.node, Linear::Index(map.into())))
                });
            }
        }
    }
    if let Some(v) = bias.iter().find(|v| !v.is_finite()) {
        return Err(Refusal::new(format!("a constant holds {v}, which no piecewise-linear network can")));
    }
    let out = match sources[..] {
        [] => return Err(Refusal::new("nothing computed is left of it")),
        [only] => Computed { node: only, shape },
        _ => l.emit(call, shape, Op::Sum(sources)),
    };
    Ok(if bias.iter().any(|&b| b != 0.0) { l.add_bias(call, &out, "", Broadcast::full(bias)) } else { out })
}
