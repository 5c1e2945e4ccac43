//! RNN with Relu, unrolled: one affine map of the whole input, then per step a sum with the recurrent map of the state
//! before, and the activation.
//!
//! Opset history: 7; 14 `layout`. Refuses curved activations (the default is Tanh), computed weights, batch-wise layout,
//! sequences that end early, and lengths beyond [`STEPS`].

use crate::import::call::Call;
use crate::import::lower::{Lowering, affine};
use crate::import::tensor::{elements, integers};
use crate::import::value::{Computed, Refusal, Value};
use crate::ir::{Activation, Affine, Block, Broadcast, Conv, Curve, Linear, NodeId, Op, ZERO};
use std::sync::Arc;

/// Most steps that are unrolled.
const STEPS: usize = 4096;
/// How many states are joined at once.
const FAN: usize = 16;

/// What the steps of one direction share.
struct Cell {
    batch: usize,
    hidden: usize,
    /// `[hidden, hidden]`.
    recurrent: Arc<[f64]>,
    bias: Vec<f64>,
    curve: Curve,
}

/// `rows` repetitions of a dense map.
fn dense(rows: usize, out: usize, from: usize, weight: &Arc<[f64]>) -> Linear {
    Linear::Conv(Conv {
        batch: rows,
        groups: 1,
        small_channels: out,
        large_channels: from,
        small: vec![],
        large: vec![],
        kernel: vec![],
        strides: vec![],
        dilations: vec![],
        pads: vec![],
        weight: weight.clone(),
        transposed: false,
    })
}

/// Lowers a node: its outputs that have names, in order.
pub fn lower(l: &mut Lowering, call: &Call) -> Result<Vec<Value>, Refusal> {
    let x = call.computed(0)?;
    let [steps, batch, width] = x.shape[..] else {
        return Err(Refusal::new(format!("an input of shape {:?} is no sequence", x.shape)));
    };
    if call.int("layout", 0) != 0 {
        return Err(Refusal::new("has its batch before its steps, which is not supported"));
    }
    if !(1..=STEPS).contains(&steps) {
        return Err(Refusal::new(format!("unrolls {steps} steps; at most {STEPS} are supported")));
    }
    if let Some(lengths) = call.constant(4)?
        && integers(&lengths)?.iter().any(|&n| n != steps as i64)
    {
        return Err(Refusal::new("has sequences that end early, which is not supported"));
    }
    let (w, w_shape) = call.numbers(1)?.ok_or_else(|| Refusal::new("the weights are missing"))?;
    let (r, r_shape) = call.numbers(2)?.ok_or_else(|| Refusal::new("the recurrent weights are missing"))?;
    let direction = call.text("direction").unwrap_or_else(|| "forward".into());
    let directions = if direction == "bidirectional" { 2 } else { 1 };
    let hidden = w_shape.get(1).copied().unwrap_or(0);
    let b = call.numbers(3)?.map_or(vec![0.0; 2 * hidden * directions], |b| b.0);
    let fits = w_shape == [directions, hidden, width] && r_shape == [directions, hidden, hidden];
    if !fits || hidden == 0 || b.len() != 2 * hidden * directions {
        return Err(Refusal::new(format!("weights of shapes {w_shape:?} and {r_shape:?} do not fit its input")));
    }
    elements(&[steps, directions, batch, hidden])?;
    let named = call.texts("activations");
    let mut states = vec![];
    for d in 0..directions {
        let curve = curve(call, named.get(d).map_or("Tanh", |s| s.as_str()))?;
        let part = |all: &[f64], size: usize| all[d * size..(d + 1) * size].to_vec();
        let (input, recurrent) = (part(&w, hidden * width).into(), part(&r, hidden * hidden).into());
        let biases = part(&b, 2 * hidden);
        let bias = Some(Broadcast::full(biases[..hidden].to_vec()));
        let linear = dense(steps * batch, hidden, width, &input);
        let op = Op::Affine(Affine { source: x.node, linear, divisor: None, bias });
        let driven = l.emit(call, vec![steps, batch, hidden], op).node;
        let cell = Cell { batch, hidden, recurrent, bias: biases[hidden..].to_vec(), curve };
        let backwards = direction == "reverse" || d == 1;
        let start = initial(l, call, d, batch * hidden)?;
        states.push(unroll(l, call, &cell, driven, steps, backwards, start));
    }
    let last: Vec<NodeId> = (states.iter().enumerate())
        .map(|(d, s)| if direction == "reverse" || d == 1 { s[0] } else { s[steps - 1] })
        .collect();
    let mut values = vec![];
    for (k, name) in call.node.output.iter().enumerate().filter(|(_, n)| !n.is_empty()) {
        let (parts, shape): (Vec<NodeId>, Vec<usize>) = match k {
            _ if !l.is_read(name) => {
                values.push(Value::Poisoned);
                continue;
            }
            0 => {
                let parts = (0..steps).flat_map(|t| states.iter().map(move |s| s[t])).collect();
                (parts, vec![steps, directions, batch, hidden])
            }
            _ => (last.clone(), vec![directions, batch, hidden]),
        };
        let node = join(l, call, parts);
        values.push(Value::Computed(Computed { node, shape }));
    }
    Ok(values)
}

fn curve(call: &Call, name: &str) -> Result<Curve, Refusal> {
    if !name.eq_ignore_ascii_case("Relu") {
        let refusal = Refusal::new(format!("its activation {name} is not Relu: its function is not piecewise linear"));
        return Err(refusal.hint("train the network with nonlinearity='relu', or cut it before with --output TENSOR"));
    }
    match call.float("clip", 0.0) {
        0.0 => Ok(Curve::relu()),
        most => Curve::clip(0.0, most).ok_or_else(|| Refusal::new(format!("clips at {most}"))),
    }
}

/// The state before the first step; `None` where it is zero.
fn initial(l: &mut Lowering, call: &Call, d: usize, size: usize) -> Result<Option<NodeId>, Refusal> {
    let wrong = || Refusal::new("its initial state does not fit its input");
    match call.input(5) {
        None => Ok(None),
        Some(Value::Computed(h)) => {
            let whole = h.len();
            if whole != size * if call.text("direction").is_some_and(|t| t == "bidirectional") { 2 } else { 1 } {
                return Err(wrong());
            }
            let part = Block { rows: 1, width: size, from: d * size, from_step: 0, to: 0, to_step: size };
            Ok(Some(l.emit(call, vec![size], affine(h.node, Linear::Block(part))).node))
        }
        Some(_) => {
            let all = call.numbers(5)?.map_or(vec![], |n| n.0);
            let part = all.get(d * size..(d + 1) * size).ok_or_else(wrong)?.to_vec();
            if part.iter().all(|&v| v == 0.0) {
                return Ok(None);
            }
            let linear = Linear::Index(vec![ZERO; size].into());
            let bias = Some(Broadcast::full(part));
            let op = Op::Affine(Affine { source: 0, linear, divisor: None, bias });
            Ok(Some(l.emit(call, vec![size], op).node))
        }
    }
}

/// The states of one direction, in the order of the input's steps.
fn unroll(
    l: &mut Lowering,
    call: &Call,
    cell: &Cell,
    driven: NodeId,
    steps: usize,
    backwards: bool,
    mut state: Option<NodeId>,
) -> Vec<NodeId> {
    let size = cell.batch * cell.hidden;
    let shape = vec![cell.batch, cell.hidden];
    let mut states = vec![0; steps];
    for k in 0..steps {
        let t = if backwards { steps - 1 - k } else { k };
        let here = Block { rows: 1, width: size, from: t * size, from_step: 0, to: 0, to_step: size };
        let bias = Some(Broadcast::full(cell.bias.clone()));
        let sum = match state {
            None => {
                let op = Op::Affine(Affine { source: driven, linear: Linear::Block(here), divisor: None, bias });
                l.emit(call, shape.clone(), op).node
            }
            Some(before) => {
                let input = l.emit(call, shape.clone(), affine(driven, Linear::Block(here))).node;
                let linear = dense(cell.batch, cell.hidden, cell.hidden, &cell.recurrent);
                let op = Op::Affine(Affine { source: before, linear, divisor: None, bias });
                let recurrent = l.emit(call, shape.clone(), op).node;
                l.emit(call, shape.clone(), Op::Sum(vec![input, recurrent])).node
            }
        };
        let curves = vec![cell.curve.clone()];
        states[t] = l.emit(call, shape.clone(), Op::Activation(Activation { source: sum, curves, inner: 1 })).node;
        state = Some(states[t]);
    }
    states
}

/// Nodes of equal length one after the other; joined in a tree, so that no step is as long as all together.
fn join(l: &mut Lowering, call: &Call, mut parts: Vec<NodeId>) -> NodeId {
    while parts.len() > 1 {
        let group = |l: &mut Lowering, nodes: &[NodeId]| {
            let lengths: Vec<usize> = nodes.iter().map(|&n| l.len(n)).collect();
            let total: usize = lengths.iter().sum();
            let mut placed = vec![];
            let mut first = 0;
            for (&node, &width) in nodes.iter().zip(&lengths) {
                let block = Block { rows: 1, width, from: 0, from_step: 0, to: first, to_step: total };
                placed.push(l.emit(call, vec![total], affine(node, Linear::Block(block))).node);
                first += width;
            }
            l.emit(call, vec![total], Op::Sum(placed)).node
        };
        parts = parts.chunks(FAN).map(|nodes| if let [only] = nodes { *only } else { group(l, nodes) }).collect();
    }
    parts[0]
}
