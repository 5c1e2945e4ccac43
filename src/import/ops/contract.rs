//! Gemm, MatMul and Einsum with one constant factor at most: one contraction, kept as a dense matrix or as a
//! convolution with a kernel of one element (which repeats a matrix over rows, and batches it by groups).
//!
//! Opset history: Gemm 7 unidirectional broadcasting of C, 11 C optional; MatMul 1 (NumPy's rules); Einsum 12.
//! Refuses products of two computed tensors.

use crate::import::call::Call;
use crate::import::lower::{Lowering, affine};
use crate::import::tensor::elements;
use crate::import::value::{Computed, Refusal, Value, broadcast};
use crate::ir::{Affine, Broadcast, Conv, Dense, Linear, Op};
use std::collections::BTreeMap;

/// A tensor with a letter per dimension.
struct Labelled<T> {
    data: T,
    shape: Vec<usize>,
    letters: Vec<char>,
}

/// Lowers a node of the family.
pub fn lower(l: &mut Lowering, call: &Call) -> Result<Computed, Refusal> {
    match call.node.op_type.as_str() {
        "Gemm" => gemm(l, call),
        "MatMul" => matmul(l, call),
        _ => einsum(l, call),
    }
}

/// The computed factor's position, of two.
fn computed_side(call: &Call) -> Result<usize, Refusal> {
    match (call.input(0), call.input(1)) {
        (Some(Value::Computed(_)), Some(Value::Constant(_))) => Ok(0),
        (Some(Value::Constant(_)), Some(Value::Computed(_))) => Ok(1),
        _ => Err(Refusal::new("multiplies computed tensors: its function is not piecewise linear")),
    }
}

fn constant(call: &Call, k: usize) -> Result<(Vec<f64>, Vec<usize>), Refusal> {
    call.numbers(k)?.ok_or_else(|| Refusal::new("a factor is missing"))
}

fn gemm(l: &mut Lowering, call: &Call) -> Result<Computed, Refusal> {
    let (alpha, beta) = (call.float("alpha", 1.0), call.float("beta", 1.0));
    let letters = [
        if call.int("transA", 0) != 0 { ['k', 'm'] } else { ['m', 'k'] },
        if call.int("transB", 0) != 0 { ['n', 'k'] } else { ['k', 'n'] },
    ];
    let side = computed_side(call)?;
    let (weight, shape) = constant(call, 1 - side)?;
    let w = Labelled { data: weight, shape, letters: letters[1 - side].to_vec() };
    let input = call.computed(side)?;
    let x = Labelled { shape: input.shape.clone(), data: input, letters: letters[side].to_vec() };
    let mut out = contract(l, call, x, w, &['m', 'n'])?;
    if alpha != 1.0 {
        let op = affine(out.node, Linear::Scale(Broadcast::uniform(alpha)));
        let node = l.push(l.inherit(call, out.node), out.shape.clone(), op);
        out = Computed { node, shape: out.shape };
    }
    match call.input(2) {
        None => Ok(out),
        Some(Value::Constant(_)) => {
            let (values, from) = constant(call, 2)?;
            // A product of two float32 numbers is exact in float64; of wider ones it is rounded once.
            let bias: Vec<f64> = values.iter().map(|v| beta * v).collect();
            let bias = broadcast(bias, &from, &out.shape)?;
            Ok(l.set_bias(call, out, bias))
        }
        Some(_) => {
            let c = call.computed(2)?;
            let c = l.expand(call, &c, &out.shape.clone())?;
            let op = affine(c.node, Linear::Scale(Broadcast::uniform(beta)));
            let c = l.emit(call, out.shape.clone(), op);
            Ok(l.emit(call, out.shape, Op::Sum(vec![out.node, c.node])))
        }
    }
}

fn matmul(l: &mut Lowering, call: &Call) -> Result<Computed, Refusal> {
    let side = computed_side(call)?;
    let (values, mut w_shape) = constant(call, 1 - side)?;
    let input = call.computed(side)?;
    let mut x_shape = input.shape.clone();
    // A vector is a row on the left and a column on the right; that dimension vanishes again.
    let (mut drop_row, mut drop_column) = (false, false);
    for (shape, left) in [(&mut x_shape, side == 0), (&mut w_shape, side == 1)] {
        match (shape.len(), left) {
            (0, _) => return Err(Refusal::new("a factor has no dimensions")),
            (1, true) => (drop_row, *shape) = (true, vec![1, shape[0]]),
            (1, false) => (drop_column, *shape) = (true, vec![shape[0], 1]),
            _ => {}
        }
    }
    let rank = x_shape.len().max(w_shape.len());
    let batch: Vec<char> = ('A'..).take(rank - 2).collect();
    let letters = |shape: &[usize], left: bool| -> Vec<char> {
        let own = if left { ['m', 'k'] } else { ['k', 'n'] };
        batch[rank - shape.len()..].iter().copied().chain(own).collect()
    };
    let (x_letters, w_letters) = (letters(&x_shape, side == 0), letters(&w_shape, side == 1));
    let out: Vec<char> = batch.iter().copied().chain(['m', 'n']).collect();
    let x = Labelled { data: input, shape: x_shape, letters: x_letters };
    let w = Labelled { data: values, shape: w_shape, letters: w_letters };
    let mut y = contract(l, call, x, w, &out)?;
    if drop_column {
        y.shape.pop();
    }
    if drop_row {
        let at = y.shape.len() - if drop_column { 1 } else { 2 };
        y.shape.remove(at);
    }
    Ok(y)
}

/// `x · Wᵀ` over the last dimension, with `rows` rows in `W`.
pub fn rows(l: &mut Lowering, call: &Call, x: Computed, weight: Vec<f64>, rows: usize) -> Result<Computed, Refusal> {
    let mut shape = x.shape.clone();
    if shape.len() < 2 {
        shape = vec![1, x.len()];
    }
    let features = x.len() / shape[..shape.len() - 1].iter().product::<usize>();
    let leading: Vec<char> = ('A'..).take(shape.len() - 1).collect();
    let letters = [&leading[..], &['k']].concat();
    let w = Labelled { data: weight, shape: vec![rows, features], letters: vec!['n', 'k'] };
    contract(l, call, Labelled { data: x, shape, letters }, w, &[&leading[..], &['n']].concat())
}

fn einsum(l: &mut Lowering, call: &Call) -> Result<Computed, Refusal> {
    let equation = call.text("equation").unwrap_or_default().replace(' ', "");
    let side = match call.inputs.len() {
        1 => 0,
        2 => computed_side(call)?,
        n => return Err(Refusal::new(format!("{n} operands are not supported: two at most, one of them constant"))),
    };
    let input = call.computed(side)?;
    let (values, w_shape) = if call.inputs.len() == 2 { constant(call, 1 - side)? } else { (vec![1.0], vec![]) };
    let mut ranks = vec![w_shape.len(); call.inputs.len()];
    ranks[side] = input.shape.len();
    let (operands, out) = letters(&equation, &ranks)
        .ok_or_else(|| Refusal::new(format!("the equation {equation:?} does not fit its operands")))?;
    let x = Labelled { shape: input.shape.clone(), data: input, letters: operands[side].clone() };
    let w_letters = if operands.len() == 2 { operands[1 - side].clone() } else { vec![] };
    contract(l, call, x, Labelled { data: values, shape: w_shape, letters: w_letters }, &out)
}

/// The letters of an Einsum's operands and output, one per dimension; what an ellipsis stands for gets letters of its own.
fn letters(equation: &str, ranks: &[usize]) -> Option<(Vec<Vec<char>>, Vec<char>)> {
    let (inputs, output) = equation.split_once("->").map_or((equation, None), |(i, o)| (i, Some(o)));
    let widest = |terms: &[&str]| {
        let free = |(t, r): (&&str, &usize)| t.contains("...").then(|| r.checked_sub(t.len() - 3)).flatten();
        terms.iter().zip(ranks).filter_map(free).max().unwrap_or(0)
    };
    let terms: Vec<&str> = inputs.split(',').collect();
    let most = widest(&terms);
    // Private-use characters, aligned on the right as broadcasting is.
    let dots = |n: usize| (most.saturating_sub(n)..most).map(|k| char::from_u32(0xE000 + k as u32).unwrap_or('?'));
    let spell = |term: &str, free: usize| -> Option<Vec<char>> {
        let (before, after) = term.split_once("...").unwrap_or((term, ""));
        let middle = if term.contains("...") { free } else { 0 };
        let word: Vec<char> = before.chars().chain(dots(middle)).chain(after.chars()).collect();
        let plain = |c: char| c.is_ascii_alphabetic() || ('\u{E000}'..='\u{F8FF}').contains(&c);
        word.iter().all(|&c| plain(c)).then_some(word)
    };
    if terms.len() != ranks.len() {
        return None;
    }
    let mut operands = vec![];
    for (term, &rank) in terms.iter().zip(ranks) {
        let named = term.len() - if term.contains("...") { 3 } else { 0 };
        let word = spell(term, rank.checked_sub(named)?)?;
        operands.push(Some(word).filter(|w| w.len() == rank)?);
    }
    let out = match output {
        Some(term) => spell(term, most)?,
        None => {
            let all: Vec<char> = operands.concat();
            let mut once: Vec<char> =
                all.iter().copied().filter(|c| all.iter().filter(|d| *d == c).count() == 1).collect();
            once.retain(char::is_ascii_alphabetic);
            once.sort_unstable();
            dots(most).chain(once).collect()
        }
    };
    let known = |c: &char| operands.iter().any(|o| o.contains(c));
    let twice = |c: &char| out.iter().filter(|d| *d == c).count() > 1;
    (out.iter().all(known) && !out.iter().any(twice)).then_some((operands, out))
}

/// Size of each letter; sizes of 1 give way (MatMul's broadcasting of batches).
fn sizes(x: &Labelled<Computed>, w: &Labelled<Vec<f64>>) -> Result<BTreeMap<char, usize>, Refusal> {
    let mut sizes: BTreeMap<char, usize> = BTreeMap::new();
    for (letters, shape) in [(&x.letters, &x.shape), (&w.letters, &w.shape)] {
        if letters.len() != shape.len() {
            return Err(Refusal::new(format!("a factor of shape {shape:?} has the wrong number of dimensions")));
        }
        for (&letter, &size) in letters.iter().zip(shape) {
            let known = sizes.entry(letter).or_insert(size);
            if *known != size && *known != 1 && size != 1 {
                return Err(Refusal::new(format!("shapes {:?} and {:?} do not fit together", x.shape, w.shape)));
            }
            *known = (*known).max(size);
        }
    }
    Ok(sizes)
}

/// Flat positions of a tensor's elements in the order of other letters (repeating where it lacks one).
fn permuted(letters: &[char], shape: &[usize], order: &[char], sizes: &BTreeMap<char, usize>) -> Vec<u32> {
    let target: Vec<usize> = order.iter().map(|c| sizes[c]).collect();
    // As a tensor over `order`, with size 1 where the letter is absent; its own order of elements is kept by strides.
    let mut strides = vec![0usize; letters.len()];
    let mut unit = 1;
    for k in (0..letters.len()).rev() {
        strides[k] = if shape[k] == 1 { 0 } else { unit };
        unit *= shape[k];
    }
    let stride_of: Vec<usize> =
        order.iter().map(|c| letters.iter().zip(&strides).filter(|(l, _)| *l == c).map(|(_, s)| s).sum()).collect();
    let count: usize = target.iter().product();
    let mut out = Vec::with_capacity(count);
    let (mut at, mut place) = (vec![0usize; target.len()], 0usize);
    for _ in 0..count {
        out.push(place as u32);
        for k in (0..target.len()).rev() {
            at[k] += 1;
            place += stride_of[k];
            if at[k] < target[k] {
                break;
            }
            place -= stride_of[k] * at[k];
            at[k] = 0;
        }
    }
    out
}

/// `out = Σ x · w` over the letters that are not in `out`.
fn contract(
    l: &mut Lowering,
    call: &Call,
    x: Labelled<Computed>,
    w: Labelled<Vec<f64>>,
    out: &[char],
) -> Result<Computed, Refusal> {
    let sizes = sizes(&x, &w)?;
    let all = |letters: &[char]| letters.iter().filter_map(|c| sizes.get(c).copied()).collect::<Vec<usize>>();
    elements(&all(out))?;
    let mut read = x.letters.clone();
    read.extend(sizes.keys().filter(|&c| !out.contains(c) && !x.letters.contains(c)));
    elements(&all(&read))?;
    let of = |pick: &dyn Fn(char) -> bool| -> Vec<char> { sizes.keys().copied().filter(|&c| pick(c)).collect() };
    let (in_x, in_w, in_out) = (|c| x.letters.contains(&c), |c| w.letters.contains(&c), |c: char| out.contains(&c));
    let large = |c: char| w.letters.iter().zip(&w.shape).any(|(l, &s)| *l == c && s > 1);
    // A letter over which the weight does not vary is no batch of matrices but a repetition of one.
    let batch = of(&|c| in_x(c) && in_w(c) && in_out(c) && large(c));
    let summed = of(&|c| !in_out(c));
    let rows: Vec<char> = out.iter().copied().filter(|&c| in_x(c) && !batch.contains(&c)).collect();
    let columns: Vec<char> = out.iter().copied().filter(|&c| !in_x(c)).collect();
    let product = |letters: &[char]| letters.iter().map(|c| sizes[c]).product::<usize>();
    let (b, k, m, n) = (product(&batch), product(&summed), product(&rows), product(&columns));
    let join = |parts: &[&[char]]| parts.concat();
    let w_order = join(&[&batch, &columns, &summed]);
    let still = w.letters == w_order && w.letters.iter().zip(&w.shape).all(|(c, s)| sizes[c] == *s);
    let weight: Vec<f64> = if still {
        w.data
    } else {
        permuted(&w.letters, &w.shape, &w_order, &sizes).iter().map(|&j| w.data[j as usize]).collect()
    };
    // Rows first where that is the order already: then no number moves.
    let rows_first =
        b == 1 && x.letters.iter().filter(|c| sizes[c] > 1).eq(join(&[&rows, &summed]).iter().filter(|c| sizes[c] > 1));
    let x_order = if rows_first { join(&[&rows, &summed]) } else { join(&[&batch, &summed, &rows]) };
    let index = permuted(&x.letters, &x.shape, &x_order, &sizes);
    let source = if index.len() == x.data.len() && index.iter().enumerate().all(|(i, &j)| i as u32 == j) {
        x.data.node
    } else {
        l.emit(call, vec![index.len()], affine(x.data.node, Linear::Index(index.into()))).node
    };
    // A sum over nothing, times one: numbers move, nothing else.
    if k == 1 && b == 1 && n == 1 && weight == [1.0] && w.letters.is_empty() {
        return Ok(Computed { node: source, shape: out.iter().map(|c| sizes[c]).collect() });
    }
    let linear = if b == 1 && m == 1 {
        Linear::Dense(Dense { rows: n, cols: k, weight: weight.into() })
    } else {
        let space = if rows_first { vec![] } else { vec![m] };
        Linear::Conv(Conv {
            batch: if rows_first { m } else { 1 },
            groups: b,
            small_channels: b * n,
            large_channels: b * k,
            kernel: vec![1; space.len()],
            strides: vec![1; space.len()],
            dilations: vec![1; space.len()],
            pads: vec![0; space.len()],
            small: space.clone(),
            large: space,
            weight: weight.into(),
            transposed: false,
        })
    };
    let y_order = if rows_first { join(&[&rows, &columns]) } else { join(&[&batch, &columns, &rows]) };
    let y_shape: Vec<usize> = y_order.iter().map(|c| sizes[c]).collect();
    let shape: Vec<usize> = out.iter().map(|c| sizes[c]).collect();
    let op = Op::Affine(Affine { source, linear, divisor: None, bias: None });
    let moves = permuted(&y_order, &y_shape, out, &sizes);
    if moves.iter().enumerate().all(|(i, &j)| i as u32 == j) {
        return Ok(l.emit(call, shape, op));
    }
    let y = l.emit(call, y_shape, op);
    Ok(l.emit(call, shape, affine(y.node, Linear::Index(moves.into()))))
}
