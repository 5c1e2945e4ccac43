//! Max and Min of several tensors, and Where on a comparison: what chooses between affine functions.
//!
//! Opset history: Max/Min 8 broadcasting; Where 9; the comparisons 7, 9, 12 (`…OrEqual`). A maximum with a constant is
//! an activation with its breakpoint there; a maximum of computed tensors is a group. A Where is lowered when its two
//! branches are affine functions of the compared tensor that meet at the threshold, or the two tensors compared; so is a
//! product with the outcome. Else it jumps and is refused.

use crate::import::call::Call;
use crate::import::lower::{Lowering, affine};
use crate::import::value::{Against, Comparison, Computed, Refusal, Value, broadcast, broadcast_shape};
use crate::ir::{Activation, Affine, Broadcast, Curve, Linear, Max, NodeId, Op, ZERO};

/// `-x`.
pub fn negated(l: &mut Lowering, call: &Call, x: &Computed) -> Computed {
    l.emit(call, x.shape.clone(), affine(x.node, Linear::Scale(Broadcast::uniform(-1.0))))
}

/// Max or Min.
pub fn extremum(l: &mut Lowering, call: &Call) -> Result<Computed, Refusal> {
    let least = call.node.op_type == "Min";
    let (mut parts, mut bounds, mut shape) = (vec![], vec![], vec![]);
    for k in 0..call.inputs.len() {
        if let Some(Value::Constant(_)) = call.input(k) {
            let (values, from) = call.numbers(k)?.ok_or_else(|| Refusal::new("an input is missing"))?;
            shape = broadcast_shape(&shape, &from)?;
            bounds.push((values, from));
        } else {
            let x = call.computed(k)?;
            shape = broadcast_shape(&shape, &x.shape)?;
            parts.push(x);
        }
    }
    let mut out =
        if parts.len() == 1 { l.expand(call, &parts[0], &shape)? } else { group(l, call, &parts, &shape, least)? };
    for (values, from) in bounds {
        let curve = |v: f64| if least { Curve::clip(f64::NEG_INFINITY, v) } else { Curve::clip(v, f64::INFINITY) };
        let bound = broadcast(values, &from, &shape)?;
        let curves: Option<Vec<Curve>> = bound.values.iter().map(|&v| curve(v)).collect();
        let curves = curves.ok_or_else(|| Refusal::new("a bound that is no number"))?;
        out = l.emit(call, shape.clone(), Op::Activation(Activation { source: out.node, curves, inner: bound.inner }));
    }
    Ok(out)
}

/// The element-wise maximum (minimum) of computed tensors as groups over their concatenation.
fn group(l: &mut Lowering, call: &Call, parts: &[Computed], shape: &[usize], least: bool) -> Result<Computed, Refusal> {
    let n: usize = shape.iter().product();
    let total = crate::import::tensor::elements(&[n, parts.len()])?;
    let mut sources = vec![];
    for (p, part) in parts.iter().enumerate() {
        let part = l.expand(call, part, shape)?;
        let index: Vec<u32> = (0..total).map(|i| if i / n == p { (i % n) as u32 } else { ZERO }).collect();
        sources.push(l.emit(call, vec![total], affine(part.node, Linear::Index(index.into()))).node);
    }
    let mut all = l.emit(call, vec![total], Op::Sum(sources));
    if least {
        all = negated(l, call, &all);
    }
    let starts = (0..=n).map(|g| g * parts.len()).collect();
    let candidates = (0..n).flat_map(|g| (0..parts.len()).map(move |p| (p * n + g) as u32)).collect();
    let top = l.emit(call, shape.to_vec(), Op::Max(Max { source: all.node, starts, candidates }));
    Ok(if least { negated(l, call, &top) } else { top })
}

/// Whether an operator has a meaning on the outcome of a comparison; any other one ends the network there, or jumps.
pub fn reads_comparison(op: &str) -> bool {
    ["Where", "Mul", "Cast", "CastLike", "Not", "Identity", "Shape", "Size"].contains(&op)
}

/// A comparison: kept for the Where or the product that reads it.
pub fn compare<'a>(l: &mut Lowering<'a>, call: &Call<'a>) -> Result<Vec<Value>, Refusal> {
    let greater = call.node.op_type.starts_with("Greater");
    let audited = l.read_by(call);
    let cut = l.cut(call, audited, "a decision on the scores; the regions of the scores are audited");
    let (left, against, above) = match (call.input(0), call.input(1)) {
        (Some(Value::Computed(x)), Some(Value::Computed(y))) => {
            let shape = broadcast_shape(&x.shape, &y.shape)?;
            let (x, y) = (l.expand(call, x, &shape)?, l.expand(call, y, &shape)?);
            (x, Against::Tensor(y), greater)
        }
        (Some(Value::Computed(x)), _) => {
            let (x, threshold) = threshold(l, call, x, 1)?;
            (x, threshold, greater)
        }
        _ => {
            let (x, threshold) = threshold(l, call, &call.computed(1)?, 0)?;
            (x, threshold, !greater)
        }
    };
    Ok(vec![Value::Comparison(Comparison { left, against, above, cut })])
}

fn threshold(l: &mut Lowering, call: &Call, x: &Computed, k: usize) -> Result<(Computed, Against), Refusal> {
    let (values, from) = call.numbers(k)?.ok_or_else(|| Refusal::new("an operand is missing"))?;
    let shape = broadcast_shape(&x.shape, &from)?;
    let x = l.expand(call, x, &shape)?;
    Ok((x, Against::Threshold(broadcast(values, &from, &shape)?)))
}

/// A branch of a choice.
enum Branch {
    Constant(Vec<f64>, Vec<usize>),
    Computed(Computed),
}

/// Where on a comparison.
pub fn choose(l: &mut Lowering, call: &Call) -> Result<Computed, Refusal> {
    let Some(Value::Comparison(condition)) = call.input(0) else {
        return Err(Refusal::new("chooses by a computed condition, which jumps"));
    };
    let branch = |k: usize| -> Result<Branch, Refusal> {
        if let Some(Value::Constant(_)) = call.input(k) {
            let (values, from) = call.numbers(k)?.ok_or_else(|| Refusal::new("a branch is missing"))?;
            return Ok(Branch::Constant(values, from));
        }
        call.computed(k).map(Branch::Computed)
    };
    pick(l, call, condition, branch(1)?, branch(2)?)
}

/// A product with the outcome of a comparison: the other factor where it holds, else 0.
pub fn mask(l: &mut Lowering, call: &Call, condition: &Comparison, factor: &Computed) -> Result<Computed, Refusal> {
    pick(l, call, condition, Branch::Computed(factor.clone()), Branch::Constant(vec![0.0], vec![]))
}

fn pick(l: &mut Lowering, call: &Call, condition: &Comparison, yes: Branch, no: Branch) -> Result<Computed, Refusal> {
    let left = &condition.left;
    let threshold = match &condition.against {
        Against::Threshold(threshold) => threshold,
        Against::Tensor(right) => {
            let (Branch::Computed(yes), Branch::Computed(no)) = (&yes, &no) else {
                return Err(Refusal::new("chooses by comparing computed tensors, which jumps"));
            };
            let straight = (yes.node, no.node) == (left.node, right.node);
            let crossed = (yes.node, no.node) == (right.node, left.node);
            if !straight && !crossed {
                return Err(Refusal::new("chooses between other tensors than those it compares, which jumps"));
            }
            let least = straight != condition.above;
            return group(l, call, &[left.clone(), right.clone()], &left.shape.clone(), least);
        }
    };
    let n = left.len();
    let line = |branch: Branch| -> Result<Vec<(f64, f64)>, Refusal> {
        match branch {
            Branch::Constant(values, from) => {
                if broadcast_shape(&left.shape, &from)? != left.shape {
                    return Err(Refusal::new("a branch of a larger shape than the condition"));
                }
                let b = broadcast(values, &from, &left.shape)?;
                Ok((0..n).map(|i| (0.0, b.get(i))).collect())
            }
            Branch::Computed(branch) => line_of(l, branch.node, left.node, n).ok_or_else(|| {
                Refusal::new("chooses between functions of other tensors than it compares, which jumps")
            }),
        }
    };
    let (yes, no) = (line(yes)?, line(no)?);
    let curves: Option<Vec<Curve>> = (0..n)
        .map(|i| {
            let (below, above) = if condition.above { (no[i], yes[i]) } else { (yes[i], no[i]) };
            Curve::new(&[threshold.get(i)], &[below.0, above.0], &[below.1, above.1])
        })
        .collect();
    let mut curves = curves.ok_or_else(|| Refusal::new("jumps at its threshold: its function is not continuous"))?;
    if curves.iter().all(|c| *c == curves[0]) {
        curves.truncate(1);
    }
    let op = Op::Activation(Activation { source: left.node, curves, inner: 1 });
    Ok(l.emit(call, left.shape.clone(), op))
}

/// The opposite outcome. What happens on the threshold itself does not matter to a continuous function.
pub fn negation(comparison: &Comparison) -> Value {
    Value::Comparison(Comparison { above: !comparison.above, ..comparison.clone() })
}

/// Slope and offset per element of `node` as a function of `base`, if it is one affine step away.
fn line_of(l: &Lowering, node: NodeId, base: NodeId, n: usize) -> Option<Vec<(f64, f64)>> {
    if node == base {
        return Some(vec![(1.0, 0.0); n]);
    }
    let Op::Affine(Affine { source, linear, divisor: None, bias }) = l.op(node) else { return None };
    if *source != base {
        return None;
    }
    let slope = |i: usize| match linear {
        Linear::Identity => Some(1.0),
        Linear::Scale(b) => Some(b.get(i)),
        _ => None,
    };
    (0..n).map(|i| Some((slope(i)?, bias.as_ref().map_or(0.0, |b| b.get(i))))).collect()
}
