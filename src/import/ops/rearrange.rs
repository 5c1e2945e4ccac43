//! Pad, Trilu, SpaceToDepth, Compress and ReverseSequence: moves that tract is not asked for, because they also make
//! numbers, or because it does not know them or all their modes.
//!
//! Opset history: Pad 2 attributes, 11 inputs, 18 `axes`, 19 `wrap`; Trilu 14; SpaceToDepth 1, with `mode` in newer sets;
//! Compress 9; ReverseSequence 10. Refuses computed pads, conditions and lengths.

use crate::import::call::Call;
use crate::import::lower::{Lowering, affine};
use crate::import::tensor::{elements, floats, integers};
use crate::import::value::{Computed, Refusal};
use crate::ir::{Affine, Broadcast, Linear, Op, ZERO};

/// Trilu: an index map with zeros on one side of a diagonal.
pub fn triangle(l: &mut Lowering, call: &Call) -> Result<Computed, Refusal> {
    let x = call.computed(0)?;
    let [.., rows, columns] = x.shape[..] else { return Err(Refusal::new("a triangle of a vector")) };
    let shift = call.constant(1)?.map_or(Ok(vec![]), |t| integers(&t))?.first().copied().unwrap_or(0);
    let upper = call.int("upper", 1) != 0;
    let keep = |at: usize| {
        let (row, column) = ((at / columns % rows) as i64, (at % columns) as i64);
        let above = i128::from(column) - i128::from(row) - i128::from(shift);
        if upper { above >= 0 } else { above <= 0 }
    };
    let index: Vec<u32> = (0..x.len()).map(|at| if keep(at) { at as u32 } else { ZERO }).collect();
    Ok(l.emit(call, x.shape.clone(), affine(x.node, Linear::Index(index.into()))))
}

/// SpaceToDepth: blocks of a plane become channels, the block's place first (DCR) or the channel first (CRD).
pub fn space_to_depth(l: &mut Lowering, call: &Call) -> Result<Computed, Refusal> {
    let x = call.computed(0)?;
    let [batch, channels, height, width] = x.shape[..] else {
        return Err(Refusal::new(format!("an input of shape {:?} holds no planes", x.shape)));
    };
    let b = call.int("blocksize", 0);
    if b < 1 || height as i64 % b != 0 || width as i64 % b != 0 {
        return Err(Refusal::new(format!("blocks of {b} do not fit planes of {height} by {width}")));
    }
    let (b, channel_first) = (b as usize, call.text("mode").is_some_and(|m| m == "CRD"));
    let (h, w) = (height / b, width / b);
    let place = |at: usize| {
        let (column, row, out, n) =
            (at % w, at / w % h, at / w / h % (channels * b * b), at / w / h / (channels * b * b));
        let (c, inside) = if channel_first { (out / (b * b), out % (b * b)) } else { (out % channels, out / channels) };
        let (y, z) = (row * b + inside / b, column * b + inside % b);
        (((n * channels + c) * height + y) * width + z) as u32
    };
    let index: Vec<u32> = (0..x.len()).map(place).collect();
    Ok(l.emit(call, vec![batch, channels * b * b, h, w], affine(x.node, Linear::Index(index.into()))))
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
    let mut along: Vec<Vec<u32>> = x.shape.iter().map(|&d| (0..d as u32).collect()).collect();
    for (k, &axis) in axes.iter().enumerate() {
        let axis = if axis < 0 { axis + rank as i64 } else { axis } as usize;
        let size = *x.shape.get(axis).ok_or_else(|| Refusal::new("a pad axis out of range"))? as i64;
        let (before, after) = (given[k], given[k + axes.len()]);
        if before.abs().max(after.abs()) > 1 << 24 || size + before + after < 0 {
            return Err(Refusal::new(format!("pads {given:?} do not fit an input of shape {:?}", x.shape)));
        }
        let place = |i: i64| -> u32 {
            let inside = (0..size).contains(&i);
            match mode.as_str() {
                _ if inside => i as u32,
                "edge" => i.clamp(0, size - 1) as u32,
                "wrap" => i.rem_euclid(size) as u32,
                "reflect" if size > 1 => {
                    let at = i.rem_euclid(2 * (size - 1));
                    at.min(2 * (size - 1) - at) as u32
                }
                _ => ZERO,
            }
        };
        along[axis] = (-before..size + after).map(place).collect();
    }
    let shape: Vec<usize> = along.iter().map(|a| a.len()).collect();
    elements(&shape)?;
    let mut map: Vec<u32> = vec![0];
    for (a, &size) in along.iter().zip(&x.shape) {
        let mut next = Vec::with_capacity(map.len() * a.len());
        for &outer in &map {
            let inner = |&i: &u32| if outer == ZERO || i == ZERO { ZERO } else { outer * size as u32 + i };
            next.extend(a.iter().map(inner));
        }
        map = next;
    }
    let padded = |&i: &u32| if i == ZERO { value } else { 0.0 };
    let bias = (value != 0.0).then(|| Broadcast::full(map.iter().map(padded).collect()));
    let op = Op::Affine(Affine { source: x.node, linear: Linear::Index(map.into()), divisor: None, bias });
    let node = l.push(l.inherit(call, x.node), shape.clone(), op);
    Ok(Computed { node, shape })
}

/// Compress: the places along an axis where a constant condition holds.
pub fn compress(l: &mut Lowering, call: &Call) -> Result<Computed, Refusal> {
    let x = call.computed(0)?;
    let condition = call.constant(1)?.map_or(Ok(vec![]), |t| integers(&t))?;
    let wrong = || Refusal::new(format!("its condition does not fit an input of shape {:?}", x.shape));
    let axis = call.int_given("axis").map(|a| if a < 0 { a + x.shape.len() as i64 } else { a });
    let axis = axis.map(|a| usize::try_from(a).ok().filter(|&a| a < x.shape.len()).ok_or_else(wrong)).transpose()?;
    let (before, along, rest) = match axis {
        None => (1, x.len(), 1),
        Some(k) => (x.shape[..k].iter().product(), x.shape[k], x.shape[k + 1..].iter().product()),
    };
    let kept: Vec<usize> = (0..along.min(condition.len())).filter(|&k| condition[k] != 0).collect();
    if condition.len() > along || kept.is_empty() {
        return Err(wrong());
    }
    let mut shape = if axis.is_some() { x.shape.clone() } else { vec![0] };
    shape[axis.unwrap_or(0)] = kept.len();
    let mut index: Vec<u32> = vec![];
    for row in 0..before {
        for k in &kept {
            let first = (row * along + k) * rest;
            index.extend((first..first + rest).map(|j| j as u32));
        }
    }
    Ok(l.emit(call, shape, affine(x.node, Linear::Index(index.into()))))
}

/// ReverseSequence: the first places of each sequence of a batch in reverse order.
pub fn reverse(l: &mut Lowering, call: &Call) -> Result<Computed, Refusal> {
    let x = call.computed(0)?;
    let lengths = call.constant(1)?.map_or(Ok(vec![]), |t| integers(&t))?;
    let (time, batch) = (call.int("time_axis", 0), call.int("batch_axis", 1));
    let [d0, d1, ..] = x.shape[..] else { return Err(Refusal::new("reverses what is no batch of sequences")) };
    let (steps, items) = if time == 0 { (d0, d1) } else { (d1, d0) };
    let fits = lengths.len() == items && lengths.iter().all(|n| (1..=steps as i64).contains(n));
    if !fits || !matches!((time, batch), (0, 1) | (1, 0)) {
        return Err(Refusal::new(format!("lengths {lengths:?} do not fit an input of shape {:?}", x.shape)));
    }
    let rest: usize = x.shape[2..].iter().product();
    let place = |at: usize| {
        let (inner, outer) = (at % rest, at / rest);
        let (first, second) = (outer / d1, outer % d1);
        let (step, item) = if time == 0 { (first, second) } else { (second, first) };
        let length = lengths[item] as usize;
        let from = if step < length { length - 1 - step } else { step };
        let row = if time == 0 { from * d1 + item } else { item * d1 + from };
        (row * rest + inner) as u32
    };
    let index: Vec<u32> = (0..x.len()).map(place).collect();
    Ok(l.emit(call, x.shape.clone(), affine(x.node, Linear::Index(index.into()))))
}
