//! Concat and Reshape, which are in every network: lowered without asking tract, which takes a Reshape that overflows for
//! none and needs eight bytes for every position of a Concat.
//!
//! Opset history: Reshape 5 shape as an input, 14 `allowzero`; Concat 4, 13 more types. Refuses computed shapes.

use crate::import::bounds::{JOINED, within};
use crate::import::call::Call;
use crate::import::lower::{Lowering, affine};
use crate::import::tensor::{elements, finite};
use crate::import::value::{Computed, Refusal, Value};
use crate::ir::{Block, Broadcast, Linear, Op};

/// The shape that a Reshape asks for: 0 keeps a dimension, -1 takes what is left.
pub fn target(call: &Call, from: &[usize]) -> Result<Vec<usize>, Refusal> {
    let asked = call.ints_or_input("shape", 1)?.ok_or_else(|| Refusal::new("the shape is missing"))?;
    let wrong = || Refusal::new(format!("the shape {asked:?} does not fit an input of shape {from:?}"));
    let zero = call.int("allowzero", 0) != 0;
    let mut shape = vec![];
    for (k, &d) in asked.iter().enumerate() {
        shape.push(match d {
            0 if !zero => *from.get(k).ok_or_else(wrong)?,
            -1 => 1,
            d => usize::try_from(d).map_err(|_| wrong())?,
        });
    }
    let count: usize = from.iter().product();
    let known = shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d)).ok_or_else(wrong)?;
    let open: Vec<usize> = (0..asked.len()).filter(|&k| asked[k] == -1).collect();
    match open[..] {
        [] if known == count => Ok(shape),
        [k] if known > 0 && count.is_multiple_of(known) => {
            shape[k] = count / known;
            Ok(shape)
        }
        _ => Err(wrong()),
    }
}

/// Reshape: the same numbers in the same order.
pub fn reshape(call: &Call) -> Result<Computed, Refusal> {
    let x = call.computed(0)?;
    Ok(Computed { node: x.node, shape: target(call, &x.shape)? })
}

/// Concat: each part put in its place, constants as a bias.
pub fn concat(l: &mut Lowering, call: &Call) -> Result<Computed, Refusal> {
    within(call, JOINED)?;
    let parts: Vec<Value> = call.inputs.iter().flatten().cloned().collect();
    join(l, call, &parts, call.int("axis", 0))
}

/// Computed tensors and constants joined along an axis.
pub fn join(l: &mut Lowering, call: &Call, parts: &[Value], axis: i64) -> Result<Computed, Refusal> {
    let shape_of = |value: &Value| match value {
        Value::Computed(c) => Ok(c.shape.clone()),
        Value::Constant(t) => Ok(t.shape().to_vec()),
        Value::Sequence(_) => Err(Refusal::new("joins a sequence with tensors")),
        _ => Err(Refusal::new("joins the outcome of a comparison, which jumps")),
    };
    let shapes = parts.iter().map(shape_of).collect::<Result<Vec<_>, _>>()?;
    let mut shape = shapes.first().cloned().unwrap_or_default();
    let rank = shape.len() as i64;
    let axis = if axis < 0 { axis + rank } else { axis };
    let fits = |s: &Vec<usize>| s.len() == shape.len() && (0..s.len()).all(|k| k as i64 == axis || s[k] == shape[k]);
    if !(0..rank).contains(&axis) || !shapes.iter().all(fits) {
        return Err(Refusal::new(format!("shapes {shapes:?} do not fit together along axis {axis}")));
    }
    let axis = axis as usize;
    let rest: usize = shape[axis + 1..].iter().product();
    let outer: usize = shape[..axis].iter().product();
    shape[axis] = shapes.iter().map(|s| s[axis]).sum();
    let (count, step) = (elements(&shape)?, shape[axis] * rest);
    let (mut sources, mut bias, mut first) = (vec![], vec![], 0);
    for (part, value) in shapes.iter().zip(parts) {
        let width = part[axis] * rest;
        if let Value::Constant(tensor) = value {
            let values = finite(tensor, "a constant part")?;
            bias.resize(count, 0.0);
            for (row, block) in values.chunks_exact(width.max(1)).enumerate() {
                bias[row * step + first..row * step + first + width].copy_from_slice(block);
            }
        } else if let Value::Computed(x) = value
            && width * outer > 0
        {
            let still = width == step;
            let place = Block { rows: outer, width, from: 0, from_step: width, to: first, to_step: step };
            sources.push(if still {
                x.node
            } else {
                l.push(l.inherit(call, x.node), shape.clone(), affine(x.node, Linear::Block(place)))
            });
        }
        first += width;
    }
    let out = match sources[..] {
        [] => return Err(Refusal::new("nothing computed is left of it")),
        [only] => Computed { node: only, shape },
        _ => l.emit(call, shape, Op::Sum(sources)),
    };
    Ok(if bias.iter().any(|&b| b != 0.0) { l.add_bias(call, &out, "", Broadcast::full(bias)) } else { out })
}
