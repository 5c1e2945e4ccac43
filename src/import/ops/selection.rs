//! Max and Min of several tensors, and Where on a comparison: what chooses between affine functions.
//!
//! Opset history: Max/Min 8 broadcasting; Where 9; the comparisons 7, 9, 12 (`…OrEqual`). A maximum with a constant is
//! an activation with its breakpoint there; a maximum of computed tensors is a group. A Where is lowered when its two
//! branches are affine functions of the compared tensor that meet at the threshold; else it jumps and is refused.

use crate::import::lower::{Call, Lowering, affine};
use crate::import::value::{Comparison, Computed, Refusal, Value, broadcast, broadcast_shape};
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
        let bound = broadcast(values, &from, &shape);
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

/// A comparison with a constant: kept for the Where that reads it.
pub fn compare(call: &Call) -> Result<Vec<Value>, Refusal> {
    let (left, k) = match (call.input(0), call.input(1)) {
        (Some(Value::Computed(x)), Some(Value::Constant(_))) => (x.clone(), 1),
        (Some(Value::Constant(_)), Some(Value::Computed(x))) => (x.clone(), 0),
        _ => return Err(Refusal::new("compares computed tensors, which jumps")),
    };
    let (values, from) = call.numbers(k)?.ok_or_else(|| Refusal::new("an operand is missing"))?;
    if broadcast_shape(&left.shape, &from)? != left.shape {
        return Err(Refusal::new("compares with a constant of a larger shape"));
    }
    let above = call.node.op_type.starts_with("Greater") == (k == 1);
    let threshold = broadcast(values, &from, &left.shape);
    Ok(vec![Value::Comparison(Comparison { left, threshold, above })])
}

/// Where on a comparison of a computed tensor with a constant.
pub fn choose(l: &mut Lowering, call: &Call) -> Result<Computed, Refusal> {
    let Some(Value::Comparison(condition)) = call.input(0).cloned() else {
        return Err(Refusal::new("chooses by a computed condition, which jumps"));
    };
    let n = condition.left.len();
    let mut lines: Vec<Vec<(f64, f64)>> = vec![];
    for k in [1, 2] {
        let line = match call.input(k) {
            Some(Value::Constant(_)) => {
                let (values, from) = call.numbers(k)?.ok_or_else(|| Refusal::new("a branch is missing"))?;
                if broadcast_shape(&condition.left.shape, &from)? != condition.left.shape {
                    return Err(Refusal::new("a branch of a larger shape than the condition"));
                }
                let b = broadcast(values, &from, &condition.left.shape);
                (0..n).map(|i| (0.0, b.get(i))).collect()
            }
            _ => {
                let branch = call.computed(k)?;
                line_of(l, branch.node, condition.left.node, n)
                    .ok_or_else(|| Refusal::new("chooses between functions of different tensors, which jumps"))?
            }
        };
        lines.push(line);
    }
    let (yes, no) = (&lines[0], &lines[1]);
    let curves: Option<Vec<Curve>> = (0..n)
        .map(|i| {
            let (below, above) = if condition.above { (no[i], yes[i]) } else { (yes[i], no[i]) };
            Curve::new(&[condition.threshold.get(i)], &[below.0, above.0], &[below.1, above.1])
        })
        .collect();
    let mut curves = curves.ok_or_else(|| Refusal::new("jumps at its threshold: its function is not continuous"))?;
    if curves.iter().all(|c| *c == curves[0]) {
        curves.truncate(1);
    }
    let op = Op::Activation(Activation { source: condition.left.node, curves, inner: 1 });
    Ok(l.emit(call, condition.left.shape, op))
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
