//! Sequences of tensors whose length is known: SplitToSequence, SequenceConstruct, SequenceEmpty, SequenceAt,
//! SequenceInsert, SequenceErase, SequenceLength and ConcatFromSequence. What is in a sequence stays what it was, constant
//! or computed; only the joins and the cuts along an axis move numbers.
//!
//! Opset history: 11; none has changed. Refuses computed positions and lengths.

use super::layout;
use crate::import::bounds::PARTS;
use crate::import::call::Call;
use crate::import::lower::{Lowering, affine};
use crate::import::tensor::integers;
use crate::import::value::{Computed, Refusal, Value};
use crate::ir::{Block, Linear};
use std::sync::Arc;
use tract_core::internal::Tensor;

/// Lowers a node of the family.
pub fn lower(l: &mut Lowering, call: &Call) -> Result<Vec<Value>, Refusal> {
    let value = match call.node.op_type.as_str() {
        "SequenceEmpty" => Value::Sequence(vec![]),
        "SequenceConstruct" => Value::Sequence(call.inputs.iter().flatten().cloned().collect()),
        "SplitToSequence" => Value::Sequence(split(l, call)?),
        "ConcatFromSequence" => join(l, call)?,
        "SequenceLength" => {
            let length = sequence(call)?.len() as i64;
            Value::Constant(Arc::new(Tensor::from_shape(&[], &[length]).map_err(|e| Refusal::new(e.to_string()))?))
        }
        "SequenceAt" => sequence(call)?[position(call, 1, false)?.unwrap_or(0)].clone(),
        "SequenceErase" => {
            let mut parts = sequence(call)?.to_vec();
            parts.remove(position(call, 1, false)?.unwrap_or(parts.len().saturating_sub(1)));
            Value::Sequence(parts)
        }
        _ => {
            let mut parts = sequence(call)?.to_vec();
            let at = position(call, 2, true)?.unwrap_or(parts.len());
            parts.insert(at, call.input(1).cloned().ok_or_else(|| Refusal::new("the tensor is missing"))?);
            Value::Sequence(parts)
        }
    };
    Ok(vec![value])
}

fn sequence<'a>(call: &'a Call) -> Result<&'a [Value], Refusal> {
    match call.input(0) {
        Some(Value::Sequence(parts)) => Ok(parts),
        _ => Err(Refusal::new("input 0 is no sequence")),
    }
}

/// A position in the sequence, counted from its end where it is negative; one behind the last is one only where something
/// is put in. `None`: not given, which means the end.
fn position(call: &Call, k: usize, behind: bool) -> Result<Option<usize>, Refusal> {
    let length = sequence(call)?.len() as i64;
    let given = call.constant(k)?.map(|t| integers(&t)).transpose()?;
    let limit = if behind { length + 1 } else { length };
    let wrong = |at: i64| Refusal::new(format!("position {at} of a sequence of {length}"));
    match given.as_deref() {
        None if limit > 0 => Ok(None),
        None => Err(wrong(-1)),
        Some([at]) => {
            let place = if *at < 0 { at.saturating_add(length) } else { *at };
            (0..limit).contains(&place).then_some(Some(place as usize)).ok_or_else(|| wrong(*at))
        }
        Some(_) => Err(Refusal::new("its position is no single number")),
    }
}

/// An axis counted from the end where it is negative.
fn axis(call: &Call, rank: usize, default: i64) -> Result<usize, Refusal> {
    let given = call.int("axis", default);
    let place = if given < 0 { given.saturating_add(rank as i64) } else { given };
    let fits = (0..rank as i64).contains(&place);
    fits.then_some(place as usize).ok_or_else(|| Refusal::new(format!("axis {given} of a tensor of rank {rank}")))
}

fn shape_of(value: &Value) -> Result<Vec<usize>, Refusal> {
    match value {
        Value::Computed(c) => Ok(c.shape.clone()),
        Value::Constant(t) => Ok(t.shape().to_vec()),
        _ => Err(Refusal::new("an input is no tensor")),
    }
}

/// The parts of a tensor along an axis.
fn split(l: &mut Lowering, call: &Call) -> Result<Vec<Value>, Refusal> {
    let input = call.input(0).cloned().ok_or_else(|| Refusal::new("no input"))?;
    let shape = shape_of(&input)?;
    let axis = axis(call, shape.len(), 0)?;
    let given = call.constant(1)?.map(|t| Ok::<_, String>((integers(&t)?, t.rank()))).transpose()?;
    let squeeze = given.is_none() && call.int("keepdims", 1) == 0;
    let wrong = |sizes: &[i64]| Refusal::new(format!("parts of {sizes:?} do not fit an input of shape {shape:?}"));
    let whole = shape[axis] as i64;
    let sizes: Vec<i64> = match given {
        None => vec![1; shape[axis]],
        Some((sizes, 0)) => {
            let size = *sizes.first().filter(|&&s| s > 0).ok_or_else(|| wrong(&sizes))?;
            (0..(whole + size - 1) / size).map(|k| size.min(whole - k * size)).collect()
        }
        Some((sizes, _)) => sizes,
    };
    let total = sizes.iter().try_fold(0i64, |n, &s| n.checked_add(s).filter(|_| s >= 0));
    if total != Some(whole) {
        return Err(wrong(&sizes));
    }
    if sizes.len() > PARTS {
        return Err(Refusal::new(format!(
            "makes a sequence of {} tensors; at most {PARTS} are supported",
            sizes.len()
        )));
    }
    let (mut parts, mut first) = (vec![], 0);
    for size in sizes {
        let part = slice(l, call, &input, axis, first, size as usize)?;
        let without = |shape: &mut Vec<usize>| {
            shape.remove(axis);
        };
        parts.push(if squeeze { reshaped(part, without)? } else { part });
        first += size as usize;
    }
    Ok(parts)
}

/// `size` places of a tensor along an axis, from `first` on.
pub fn slice(
    l: &mut Lowering,
    call: &Call,
    input: &Value,
    axis: usize,
    first: usize,
    size: usize,
) -> Result<Value, Refusal> {
    let (mut shape, failed) = (shape_of(input)?, |e: String| Refusal::new(e));
    match input {
        Value::Computed(x) => {
            let rest: usize = shape[axis + 1..].iter().product();
            let (rows, from_step) = (shape[..axis].iter().product(), shape[axis] * rest);
            shape[axis] = size;
            if size * rest == from_step {
                return Ok(Value::Computed(Computed { node: x.node, shape }));
            }
            if rows * size * rest == 0 {
                return Err(Refusal::new("makes a part without elements"));
            }
            let width = size * rest;
            let block = Block { rows, width, from: first * rest, from_step, to: 0, to_step: width };
            let node = l.push(l.inherit(call, x.node), shape.clone(), affine(x.node, Linear::Block(block)));
            Ok(Value::Computed(Computed { node, shape }))
        }
        Value::Constant(t) => {
            let part = t.slice(axis, first, first + size).map_err(|e| failed(e.to_string()))?;
            Ok(Value::Constant(Arc::new(part)))
        }
        _ => Err(Refusal::new("an input is no tensor")),
    }
}

/// The same numbers in another shape.
fn reshaped(value: Value, change: impl FnOnce(&mut Vec<usize>)) -> Result<Value, Refusal> {
    let mut shape = shape_of(&value)?;
    change(&mut shape);
    match value {
        Value::Constant(t) => {
            let t = t.as_ref().clone().into_shape(&shape).map_err(|e| Refusal::new(e.to_string()))?;
            Ok(Value::Constant(Arc::new(t)))
        }
        Value::Computed(x) => Ok(Value::Computed(Computed { node: x.node, shape })),
        other => Ok(other),
    }
}

/// All parts of a sequence joined along an axis, or along a new one.
fn join(l: &mut Lowering, call: &Call) -> Result<Value, Refusal> {
    let mut parts = sequence(call)?.to_vec();
    let first = parts.first().ok_or_else(|| Refusal::new("joins an empty sequence"))?;
    let new = call.int("new_axis", 0) != 0;
    let axis = axis(call, shape_of(first)?.len() + usize::from(new), 0)?;
    if new {
        parts = parts.into_iter().map(|p| reshaped(p, |s| s.insert(axis, 1))).collect::<Result<_, _>>()?;
    }
    let constants: Option<Vec<Arc<Tensor>>> =
        parts.iter().map(|p| if let Value::Constant(t) = p { Some(t.clone()) } else { None }).collect();
    match constants {
        Some(all) => {
            let joined = Tensor::stack_tensors(axis, &all).map_err(|e| Refusal::new(e.to_string()))?;
            Ok(Value::Constant(Arc::new(joined)))
        }
        None => layout::join(l, call, &parts, axis as i64).map(Value::Computed),
    }
}
