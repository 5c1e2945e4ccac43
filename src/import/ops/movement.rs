//! What only moves numbers about: tract evaluates the node on positions, and the result is the index map.
//!
//! Opset history: tract's, per node; Pad 2 attributes, 11 inputs, 18 `axes`, 19 `wrap`. Pad is ours, because it also
//! makes numbers. Refuses computed indices, shapes and bounds.

use crate::import::lower::{Call, Lowering, affine};
use crate::import::tensor::{elements, evaluate, floats, integers, positions};
use crate::import::value::{Computed, Refusal, Value};
use crate::ir::{Affine, Broadcast, Linear, Op, ZERO};
use std::sync::Arc;

/// Which inputs hold the numbers that are moved; the others say where to.
fn is_data(op: &str, k: usize) -> bool {
    match op {
        "Concat" => true,
        "Where" => k > 0,
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
        elements(&shape)?;
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

/// Pad: an index map with zeros, and the pad value as a bias on them.
pub fn pad(l: &mut Lowering, call: &Call) -> Result<Computed, Refusal> {
    let x = call.computed(0)?;
    let rank = x.shape.len();
    let given = call.ints_or_input("pads", 1)?.ok_or_else(|| Refusal::new("the pads are missing"))?;
    let value = match call.constant(2)? {
        Some(t) => floats(&t)?.first().copied().unwrap_or(0.0),
        None => call.float("value", 0.0),
    };
    let axes: Vec<i64> = call.constant(3)?.map_or(Ok((0..rank as i64).collect()), |t| integers(&t))?;
    if given.len() != 2 * axes.len() || !value.is_finite() {
        return Err(Refusal::new(format!("pads {given:?} do not fit an input of shape {:?}", x.shape)));
    }
    let mode = call.text("mode").unwrap_or_else(|| "constant".into());
    let mut along: Vec<Vec<Option<usize>>> = x.shape.iter().map(|&d| (0..d).map(Some).collect()).collect();
    for (k, &axis) in axes.iter().enumerate() {
        let axis = if axis < 0 { axis + rank as i64 } else { axis } as usize;
        let size = *x.shape.get(axis).ok_or_else(|| Refusal::new("a pad axis out of range"))? as i64;
        let (before, after) = (given[k], given[k + axes.len()]);
        if before.abs().max(after.abs()) > 1 << 24 || size + before + after < 0 {
            return Err(Refusal::new(format!("pads {given:?} do not fit an input of shape {:?}", x.shape)));
        }
        let place = |i: i64| -> Option<usize> {
            let inside = (0..size).contains(&i);
            match mode.as_str() {
                _ if inside => Some(i as usize),
                "edge" => Some(i.clamp(0, size - 1) as usize),
                "wrap" => Some(i.rem_euclid(size) as usize),
                "reflect" if size > 1 => {
                    let at = i.rem_euclid(2 * (size - 1));
                    Some(at.min(2 * (size - 1) - at) as usize)
                }
                _ => None,
            }
        };
        along[axis] = (-before..size + after).map(place).collect();
    }
    let shape: Vec<usize> = along.iter().map(|a| a.len()).collect();
    elements(&shape)?;
    let mut index: Vec<Option<usize>> = vec![Some(0)];
    for (k, a) in along.iter().enumerate() {
        let size = x.shape[k];
        index = index.iter().flat_map(|outer| a.iter().map(move |i| Some(outer.as_ref()? * size + (*i)?))).collect();
    }
    let bias =
        (value != 0.0).then(|| Broadcast::full(index.iter().map(|i| if i.is_none() { value } else { 0.0 }).collect()));
    let map: Vec<u32> = index.iter().map(|i| i.map_or(ZERO, |i| i as u32)).collect();
    let op = Op::Affine(Affine { source: x.node, linear: Linear::Index(map.into()), divisor: None, bias });
    let node = l.push(l.inherit(call, x.node), shape.clone(), op);
    Ok(Computed { node, shape })
}
