//! ReduceSum, ReduceMean, ReduceL1, ReduceMax, ReduceMin and the global pools: one group of elements per output element;
//! CumSum: the elements up to each one.
//!
//! Opset history: axes an attribute up to 12 (ReduceSum) or 17 (the others), an input from then on, with
//! `noop_with_empty_axes`; CumSum 11. Refuses reductions over nothing and computed axes.

use super::selection::negated;
use crate::import::call::Call;
use crate::import::lower::{Lowering, affine};
use crate::import::tensor::integers;
use crate::import::value::{Computed, Refusal};
use crate::ir::{Activation, Affine, Broadcast, Conv, Curve, Linear, Max, Op, sparse};

/// Lowers a node of the family.
pub fn lower(l: &mut Lowering, call: &Call) -> Result<Computed, Refusal> {
    let mut x = call.computed(0)?;
    if call.node.op_type == "ReduceL1" {
        let curve = Curve::leaky(-1.0).ok_or_else(|| Refusal::new("jumps"))?;
        let op = Op::Activation(Activation { source: x.node, curves: vec![curve], inner: 1 });
        x = l.emit(call, x.shape.clone(), op);
    }
    let rank = x.shape.len();
    let name = call.node.op_type.as_str();
    let global = name.starts_with("Global");
    let axes: Vec<usize> = if global {
        (2..rank).collect()
    } else {
        match call.ints_or_input("axes", 1)?.filter(|a| !a.is_empty()) {
            None if call.int("noop_with_empty_axes", 0) != 0 => return Ok(x),
            None => (0..rank).collect(),
            Some(axes) => {
                let place = |a: i64| if a < 0 { a + rank as i64 } else { a };
                if axes.iter().any(|&a| place(a) < 0 || place(a) >= rank as i64) {
                    return Err(Refusal::new(format!("axes {axes:?} do not fit an input of shape {:?}", x.shape)));
                }
                axes.iter().map(|&a| place(a) as usize).collect()
            }
        }
    };
    let keep = global || call.int("keepdims", 1) != 0;
    let groups = groups(&x.shape, &axes);
    let size = groups.first().map_or(0, |g| g.len());
    if size == 0 {
        return Err(Refusal::new("reduces over no elements"));
    }
    let shape: Vec<usize> = (0..rank)
        .filter(|k| keep || !axes.contains(k))
        .map(|k| if axes.contains(&k) { 1 } else { x.shape[k] })
        .collect();
    if name.ends_with("Max") || name == "GlobalMaxPool" || name.ends_with("Min") {
        let least = name.ends_with("Min");
        let source = if least { negated(l, call, &x).node } else { x.node };
        let starts = (0..=groups.len()).map(|g| g * size).collect();
        let candidates = groups.into_iter().flatten().collect();
        let top = l.emit(call, shape, Op::Max(Max { source, starts, candidates }));
        return Ok(if least { negated(l, call, &top) } else { top });
    }
    let mean = name == "ReduceMean" || global;
    let divisor = mean.then(|| Broadcast::uniform(size as f64));
    let rows = groups.into_iter().map(|g| g.into_iter().map(|j| (j, 1.0)).collect());
    Ok(l.emit(call, shape, Op::Affine(Affine { source: x.node, linear: sparse(rows), divisor, bias: None })))
}

/// CumSum along one axis: a convolution with a kernel of ones as long as the axis.
pub fn cumulative(l: &mut Lowering, call: &Call) -> Result<Computed, Refusal> {
    let x = call.computed(0)?;
    let rank = x.shape.len() as i64;
    let axis = call.constant(1)?.map_or(Ok(vec![]), |t| integers(&t))?.first().copied();
    let axis = axis.map(|a| if a < 0 { a + rank } else { a }).filter(|a| (0..rank).contains(a));
    let axis = axis.ok_or_else(|| Refusal::new("its axis does not fit its input"))? as usize;
    let (length, inner) = (x.shape[axis], x.shape[axis + 1..].iter().product::<usize>());
    let (reverse, exclusive) = (call.int("reverse", 0) != 0, call.int("exclusive", 0) != 0);
    let reach = if reverse { -isize::from(exclusive) } else { length as isize - 1 + isize::from(exclusive) };
    let conv = Conv {
        batch: x.shape[..axis].iter().product(),
        groups: 1,
        small_channels: 1,
        large_channels: 1,
        small: vec![length, inner],
        large: vec![length, inner],
        kernel: vec![length, 1],
        strides: vec![1, 1],
        dilations: vec![1, 1],
        pads: vec![reach, 0],
        weight: vec![1.0; length].into(),
        transposed: false,
    };
    Ok(l.emit(call, x.shape.clone(), affine(x.node, Linear::Conv(conv))))
}

/// For each element that remains, the flat positions of those reduced into it.
fn groups(shape: &[usize], axes: &[usize]) -> Vec<Vec<u32>> {
    let kept: Vec<usize> = (0..shape.len()).filter(|k| !axes.contains(k)).collect();
    let mut stride = vec![0usize; shape.len()];
    let mut unit = 1;
    for &k in kept.iter().rev() {
        stride[k] = unit;
        unit *= shape[k];
    }
    let mut groups = vec![vec![]; unit];
    let count: usize = shape.iter().product();
    for flat in 0..count {
        let (mut rest, mut target) = (flat, 0);
        for k in (0..shape.len()).rev() {
            target += (rest % shape[k]) * stride[k];
            rest /= shape[k];
        }
        groups[target].push(flat as u32);
    }
    groups
}
