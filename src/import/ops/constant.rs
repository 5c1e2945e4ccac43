//! Constants and what is evaluated on constants only, where tract is not asked: Constant (all attribute forms),
//! Cast, DequantizeLinear per axis, Dropout, Shape and Size of computed tensors.
//!
//! Opset history: Dropout 12 `training_mode`; Constant 12 `value_float(s)`, `value_int(s)`; DequantizeLinear 13 `axis`; Shape 15 `start`, `end`.

use super::layout;
use crate::import::call::Call;
use crate::import::lower::Lowering;
use crate::import::narrow::to_bfloat16;
use crate::import::read::element_name;
use crate::import::tensor::{self, elements, floats, integers};
use crate::import::value::{Refusal, Value};
use std::sync::Arc;
use tract_core::internal::{DatumType, Tensor};

/// The values of a node with constant inputs, or `None` where tract is to be asked.
pub fn evaluate(l: &Lowering, call: &Call) -> Result<Option<Vec<Value>>, Refusal> {
    let value = match call.node.op_type.as_str() {
        "Constant" => constant(l, call)?,
        "Identity" => call.constant(0)?.ok_or_else(|| Refusal::new("no input"))?,
        "Dropout" => return dropout(call).map(Some),
        "Cast" => cast(call)?,
        "Reshape" => {
            let x = call.constant(0)?.ok_or_else(|| Refusal::new("no input"))?;
            let shape = layout::target(call, x.shape())?;
            Arc::new(x.as_ref().clone().into_shape(&shape).map_err(|e| Refusal::new(e.to_string()))?)
        }
        "DequantizeLinear" => Arc::new(dequantize(call)?),
        _ => return Ok(None),
    };
    Ok(Some(vec![Value::Constant(value)]))
}

fn constant(l: &Lowering, call: &Call) -> Result<Arc<Tensor>, Refusal> {
    if let Some(proto) = call.tensor("value") {
        return Ok(Arc::new(tensor::decode(l.source, proto).map_err(|e| Refusal::new(e.reason()))?));
    }
    let list =
        |shape: &[usize], values: &[f32]| Tensor::from_shape(shape, values).map_err(|e| Refusal::new(e.to_string()));
    let ints =
        |shape: &[usize], values: &[i64]| Tensor::from_shape(shape, values).map_err(|e| Refusal::new(e.to_string()));
    let attribute = call.node.attribute.first().ok_or_else(|| Refusal::new("a Constant without a value"))?;
    let tensor = match attribute.name.as_str() {
        "value_float" => list(&[], &[attribute.f])?,
        "value_floats" => list(&[attribute.floats.len()], &attribute.floats)?,
        "value_int" => ints(&[], &[attribute.i])?,
        "value_ints" => ints(&[attribute.ints.len()], &attribute.ints)?,
        other => return Err(Refusal::new(format!("the attribute {other} is not supported: store the values densely"))),
    };
    Ok(Arc::new(tensor))
}

/// Cast: tract's own goes through symbolic dimensions, where the largest integers (a slice's open end) are lost.
fn cast(call: &Call) -> Result<Arc<Tensor>, Refusal> {
    let x = call.constant(0)?.ok_or_else(|| Refusal::new("no input"))?;
    let to = call.int("to", 1);
    if to == 16 {
        let values: Vec<f32> = floats(&x)?.iter().map(|&v| to_bfloat16(v as f32)).collect();
        return Ok(Arc::new(Tensor::from_shape(x.shape(), &values).map_err(|e| Refusal::new(e.to_string()))?));
    }
    let kind = match to {
        1 => DatumType::F32,
        2 => DatumType::U8,
        3 => DatumType::I8,
        4 => DatumType::U16,
        5 => DatumType::I16,
        6 => DatumType::I32,
        7 => DatumType::I64,
        9 => DatumType::Bool,
        10 => DatumType::F16,
        11 => DatumType::F64,
        12 => DatumType::U32,
        13 => DatumType::U64,
        _ => return Err(Refusal::new(format!("a cast to {} is not supported", element_name(to as i32)))),
    };
    if x.datum_type() == kind {
        return Ok(x);
    }
    Ok(Arc::new(x.cast_to_dt(kind).map_err(|e| Refusal::new(e.to_string()))?.into_owned()))
}

/// `(x - zero_point) * scale`, in float32 as the operator defines it.
fn dequantize(call: &Call) -> Result<Tensor, Refusal> {
    let need = |k: usize| call.constant(k)?.ok_or_else(|| Refusal::new(format!("input {k} is missing")));
    let (x, scale) = (need(0)?, need(1)?);
    let (values, scales) = (floats(&x)?, floats(&scale)?);
    let zeros = call.constant(2)?.map_or(Ok(vec![0.0]), |t| floats(&t))?;
    let shape = x.shape();
    let axis = call.int("axis", 1);
    let axis = if axis < 0 { axis + shape.len() as i64 } else { axis };
    let axis = usize::try_from(axis).map_err(|_| Refusal::new("its axis does not fit its input"))?;
    let inner: usize = shape.iter().skip(axis + 1).product();
    let wrong = || Refusal::new(format!("scales of shape {:?} do not fit a tensor of shape {shape:?}", scale.shape()));
    let size = usize::try_from(call.int("block_size", 0)).map_err(|_| wrong())?;
    let along = shape.get(axis).copied().unwrap_or(1);
    let blocks = if size > 0 { along.div_ceil(size) } else { scales.len() };
    let mut expected = shape.to_vec();
    if let Some(d) = expected.get_mut(axis) {
        *d = blocks;
    }
    let fits = match size {
        0 => scales.len() == 1 || shape.get(axis) == Some(&scales.len()),
        _ => scale.shape() == expected,
    };
    if !fits || ![1, scales.len()].contains(&zeros.len()) {
        return Err(wrong());
    }
    // Of the scales: one, one per place along the axis, or one per block of places.
    let place = |i: usize, n: usize| match (n, size) {
        (1, _) => 0,
        (_, 0) => (i / inner) % n,
        _ => (i / inner / along * blocks + i / inner % along / size) * inner + i % inner,
    };
    let number = |(i, v): (usize, &f64)| (v - zeros[place(i, zeros.len())]) * scales[place(i, scales.len())];
    let out: Vec<f32> = values.iter().enumerate().map(|e| number(e) as f32).collect();
    let out = Tensor::from_shape(shape, &out).map_err(|e| Refusal::new(e.to_string()))?;
    // The result has the type of the scales.
    let kind = if scale.datum_type() == DatumType::F16 { DatumType::F16 } else { DatumType::F32 };
    Ok(out.cast_to_dt(kind).map_err(|e| Refusal::new(e.to_string()))?.into_owned())
}

/// Dropout at inference, and the mask of what it keeps: everything.
pub fn dropout(call: &Call) -> Result<Vec<Value>, Refusal> {
    let x = call.input(0).cloned().ok_or_else(|| Refusal::new("no input"))?;
    let training = call.constant(2)?.map_or(Ok(vec![]), |t| integers(&t))?.first().is_some_and(|&t| t != 0);
    let ratio = call.constant(1)?.map_or(Ok(vec![]), |t| floats(&t))?.first().copied().unwrap_or(0.5);
    if training && ratio != 0.0 {
        let refusal = Refusal::new("is in training mode, where it drops at random");
        return Err(refusal.hint("export the model in evaluation mode"));
    }
    let shape = match &x {
        Value::Computed(c) => c.shape.clone(),
        Value::Constant(t) => t.shape().to_vec(),
        _ => return Ok(vec![x]),
    };
    let all = Tensor::from_shape(&shape, &vec![true; elements(&shape)?]).map_err(|e| Refusal::new(e.to_string()))?;
    Ok(vec![x, Value::Constant(Arc::new(all))])
}

/// The shape of a computed tensor: it is concrete.
pub fn shape(call: &Call) -> Result<Vec<Value>, Refusal> {
    let shape: Vec<i64> = match call.input(0) {
        Some(Value::Computed(c)) => c.shape.iter().map(|&d| d as i64).collect(),
        Some(Value::Comparison(c)) => c.left.shape.iter().map(|&d| d as i64).collect(),
        _ => return Err(Refusal::new("input 0 has no shape")),
    };
    let tensor = if call.node.op_type == "Size" {
        Tensor::from_shape(&[], &[shape.iter().product::<i64>()])
    } else {
        let rank = shape.len() as i64;
        let place = |v: i64| (if v < 0 { v + rank } else { v }).clamp(0, rank) as usize;
        let (start, end) = (place(call.int("start", 0)), place(call.int("end", rank)));
        let part = &shape[start.min(end)..end];
        Tensor::from_shape(&[part.len()], part)
    };
    Ok(vec![Value::Constant(Arc::new(tensor.map_err(|e| Refusal::new(e.to_string()))?))])
}
