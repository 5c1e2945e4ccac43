//! Add, Sub, Mul, Div, Neg, Sum, Mean, Pow 1, Cast: sums of tensors, and scaling by constants.
//!
//! Opset history: 7 multidirectional broadcasting for Add/Sub/Mul/Div/Pow (older sets had an `axis` attribute and are
//! refused); 8 the same for Sum/Mean; 13, 14 more types. Refuses products and quotients of computed tensors.

use super::selection;
use crate::import::call::Call;
use crate::import::lower::{Lowering, affine};
use crate::import::tensor::is_float;
use crate::import::value::{Comparison, Computed, Refusal, Value, broadcast, broadcast_shape};
use crate::ir::{Affine, Broadcast, Linear, Op};
use std::sync::Arc;
use tract_core::internal::DatumType;

/// Lowers a node of the family.
pub fn lower(l: &mut Lowering, call: &Call) -> Result<Computed, Refusal> {
    match call.node.op_type.as_str() {
        "Neg" => scale(l, call, &call.computed(0)?, Broadcast::uniform(-1.0)),
        "Pow" => match call.numbers(1)? {
            Some((exponent, shape)) if exponent.iter().all(|&e| e == 1.0) && shape.iter().product::<usize>() == 1 => {
                call.computed(0)
            }
            _ => Err(Refusal::new("raises to another power than 1: its function is not piecewise linear")),
        },
        "Mul" if masked(call).is_some() => {
            let (condition, factor) = masked(call).ok_or_else(|| Refusal::new("a factor is missing"))?;
            selection::mask(l, call, condition, factor)
        }
        "Mul" => {
            let (x, k) = factor(call)?;
            let (values, from) = call.numbers(k)?.ok_or_else(|| Refusal::new("a factor is missing"))?;
            let shape = broadcast_shape(&x.shape, &from)?;
            let x = l.expand(call, &x, &shape)?;
            scale(l, call, &x, broadcast(values, &from, &shape)?)
        }
        "Div" => {
            let x = call.computed(0).map_err(|_| Refusal::new("divides by a computed tensor"))?;
            let (values, from) = match call.input(1) {
                Some(Value::Constant(_)) => call.numbers(1)?.ok_or_else(|| Refusal::new("no divisor"))?,
                _ => return Err(Refusal::new("divides by a computed tensor: its function is not piecewise linear")),
            };
            if values.contains(&0.0) {
                return Err(Refusal::new("divides by zero"));
            }
            let shape = broadcast_shape(&x.shape, &from)?;
            let x = l.expand(call, &x, &shape)?;
            let divisor = Some(broadcast(values, &from, &shape)?);
            let op = Op::Affine(Affine { source: x.node, linear: Linear::Identity, divisor, bias: None });
            let node = l.push(l.inherit(call, x.node), shape.clone(), op);
            Ok(Computed { node, shape })
        }
        "Sub" if matches!(call.input(1), Some(Value::Constant(_))) => {
            let (values, from) = call.numbers(1)?.ok_or_else(|| Refusal::new("a summand is missing"))?;
            shifted(l, call, 0, values.into_iter().map(|v| -v).collect(), &from)
        }
        "Sub" => {
            let right = scale(l, call, &call.computed(1)?, Broadcast::uniform(-1.0))?;
            match call.input(0) {
                Some(Value::Constant(_)) => {
                    let (values, from) = call.numbers(0)?.ok_or_else(|| Refusal::new("a summand is missing"))?;
                    shift(l, call, right, "", values, &from)
                }
                _ => {
                    let left = call.computed(0)?;
                    total(l, call, vec![left, right])
                }
            }
        }
        _ => sum(l, call),
    }
}

/// The two factors of a product with the outcome of a comparison.
fn masked<'c>(call: &'c Call) -> Option<(&'c Comparison, &'c Computed)> {
    match (call.input(0)?, call.input(1)?) {
        (Value::Comparison(c), Value::Computed(x)) | (Value::Computed(x), Value::Comparison(c)) => Some((c, x)),
        _ => None,
    }
}

/// The computed factor of a product, and the position of the constant one.
fn factor(call: &Call) -> Result<(Computed, usize), Refusal> {
    match (call.input(0), call.input(1)) {
        (Some(Value::Computed(x)), Some(Value::Constant(_))) => Ok((x.clone(), 1)),
        (Some(Value::Constant(_)), Some(Value::Computed(x))) => Ok((x.clone(), 0)),
        _ => Err(Refusal::new("multiplies computed tensors: its function is not piecewise linear")),
    }
}

fn scale(l: &mut Lowering, call: &Call, x: &Computed, by: Broadcast) -> Result<Computed, Refusal> {
    let op = affine(x.node, Linear::Scale(by));
    let node = l.push(l.inherit(call, x.node), x.shape.clone(), op);
    Ok(Computed { node, shape: x.shape.clone() })
}

/// Input `k` plus a constant.
fn shifted(l: &mut Lowering, call: &Call, k: usize, values: Vec<f64>, from: &[usize]) -> Result<Computed, Refusal> {
    let x = call.computed(k)?;
    let tensor = call.node.input[k].clone();
    shift(l, call, x, &tensor, values, from)
}

/// `x` (the tensor of this name) plus a constant.
fn shift(
    l: &mut Lowering,
    call: &Call,
    x: Computed,
    tensor: &str,
    values: Vec<f64>,
    from: &[usize],
) -> Result<Computed, Refusal> {
    let shape = broadcast_shape(&x.shape, from)?;
    let grown = l.expand(call, &x, &shape)?;
    let tensor = if grown.node == x.node { tensor } else { "" };
    Ok(l.add_bias(call, &grown, tensor, broadcast(values, from, &shape)?))
}

/// Add, Sum, Mean over any mixture of computed and constant inputs.
fn sum(l: &mut Lowering, call: &Call) -> Result<Computed, Refusal> {
    let (mut parts, mut constants) = (vec![], vec![]);
    for k in 0..call.inputs.len() {
        match call.input(k) {
            Some(Value::Constant(_)) => constants.extend(call.numbers(k)?),
            Some(_) => parts.push((call.computed(k)?, call.node.input[k].clone())),
            None => {}
        }
    }
    let mut out = if let [(only, tensor)] = &parts[..] {
        let mut x = only.clone();
        let mut tensor = tensor.clone();
        for (values, from) in constants.drain(..) {
            x = shift(l, call, x, &tensor, values, &from)?;
            tensor.clear();
        }
        x
    } else {
        let mut x = total(l, call, parts.into_iter().map(|p| p.0).collect())?;
        for (values, from) in constants.drain(..) {
            x = shift(l, call, x, "", values, &from)?;
        }
        x
    };
    if call.node.op_type == "Mean" {
        let divisor = Some(Broadcast::uniform(call.inputs.len() as f64));
        let op = Op::Affine(Affine { source: out.node, linear: Linear::Identity, divisor, bias: None });
        out = l.emit(call, out.shape.clone(), op);
    }
    Ok(out)
}

/// Sum of computed tensors, each repeated to the common shape.
pub fn total(l: &mut Lowering, call: &Call, parts: Vec<Computed>) -> Result<Computed, Refusal> {
    let mut shape = vec![];
    for part in &parts {
        shape = broadcast_shape(&shape, &part.shape)?;
    }
    let mut sources = vec![];
    for part in parts {
        sources.push(l.expand(call, &part, &shape)?.node);
    }
    Ok(l.emit(call, shape, Op::Sum(sources)))
}

/// Cast: nothing to do between floating-point types, nor to the outcome of a comparison; to any other type it ends the
/// network.
pub fn cast<'a>(l: &mut Lowering<'a>, call: &Call<'a>) -> Result<Vec<Value>, Refusal> {
    if let Some(Value::Comparison(comparison)) = call.input(0) {
        return Ok(vec![Value::Comparison(comparison.clone())]);
    }
    if let (Some(Value::Constant(t)), "CastLike") = (call.input(0), call.node.op_type.as_str()) {
        // Like a computed tensor: computed tensors are of the input's type.
        let kind = match l.graph.inputs.iter().map(|i| i.element.as_str()).find(|e| e.starts_with("float")) {
            Some("float64") => DatumType::F64,
            Some("float16") => DatumType::F16,
            _ => DatumType::F32,
        };
        let cast = t.cast_to_dt(kind).map_err(|e| Refusal::new(e.to_string()))?;
        return Ok(vec![Value::Constant(Arc::new(cast.into_owned()))]);
    }
    let x = call.computed(0)?;
    let float = match call.node.op_type.as_str() {
        "CastLike" => match call.input(1) {
            Some(Value::Constant(t)) => is_float(t.datum_type()),
            other => other.is_some(),
        },
        _ => matches!(call.int("to", 1), 1 | 10 | 11 | 16),
    };
    if float {
        return Ok(vec![Value::Computed(x)]);
    }
    let audited = l.read_by(call);
    Ok(vec![Value::Cut(l.cut(call, audited, "it turns the scores into another type"))])
}
