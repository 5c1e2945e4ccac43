//! Functions of one number per element that jump, kept until a choice or a sum makes them continuous: Sign, what is made of
//! it, and Where on such functions (Softshrink as exporters write it). What stays discontinuous is refused by whoever
//! reads it.
//!
//! Contract: pieces are exact rationals. An activation is made only of a continuous function whose breakpoints, slopes and
//! offsets are floating-point numbers; its value on a breakpoint is then that of both sides.

use crate::import::call::Call;
use crate::import::lower::Lowering;
use crate::import::value::{Against, Comparison, Computed, Cut, Refusal, Value, broadcast};
use crate::ir::{Activation, Affine, Broadcast, Curve, Linear, NodeId, Op, Rational, rational};
use std::sync::Arc;

/// How many element-wise nodes a function is followed back through.
const DEEPEST: usize = 6;

/// Slope and offset.
type Line = (Rational, Rational);

/// A piecewise-linear function of one variable that may jump at its breaks; one line more than breaks.
#[derive(Clone, Debug, PartialEq)]
pub struct Pieces {
    breaks: Vec<Rational>,
    lines: Vec<Line>,
}

/// An element-wise function of a computed tensor; one function for all elements, or one each.
#[derive(Clone, Debug)]
pub struct Step {
    pub base: Computed,
    pieces: Arc<[Pieces]>,
    /// What is audited where the function ends the network.
    pub cut: Cut,
}

impl Step {
    /// Whether it takes constant values only, so that it says nothing but where its base lies.
    pub fn decides(&self) -> bool {
        self.pieces.iter().all(|p| p.lines.iter().all(|(slope, _)| slope.is_zero()))
    }
}

impl Pieces {
    fn line(slope: Rational, offset: Rational) -> Pieces {
        Pieces { breaks: vec![], lines: vec![(slope, offset)] }
    }

    fn identity() -> Pieces {
        Pieces::line(Rational::ONE, Rational::ZERO)
    }

    fn constant(value: f64) -> Pieces {
        Pieces::line(Rational::ZERO, rational(value))
    }

    /// The line at a place that is no break.
    fn at(&self, x: &Rational) -> &Line {
        &self.lines[self.breaks.iter().filter(|b| *b < x).count()]
    }

    /// The function with the lines that `line` gives inside the cells between the breaks.
    fn build(mut breaks: Vec<Rational>, line: impl Fn(&Rational) -> Option<Line>) -> Option<Pieces> {
        breaks.sort();
        breaks.dedup();
        let inside = |k: usize| match (k.checked_sub(1).map(|k| &breaks[k]), breaks.get(k)) {
            (Some(a), Some(b)) => (a + b) / rational(2.0),
            (Some(a), None) => a + Rational::ONE,
            (None, Some(b)) => b - Rational::ONE,
            (None, None) => Rational::ZERO,
        };
        let lines: Option<Vec<Line>> = (0..=breaks.len()).map(|k| line(&inside(k))).collect();
        let mut out = Pieces { breaks: vec![], lines: vec![] };
        for (k, line) in lines?.into_iter().enumerate() {
            if out.lines.last() == Some(&line) {
                continue;
            }
            out.breaks.extend(k.checked_sub(1).map(|k| breaks[k].clone()));
            out.lines.push(line);
        }
        Some(out)
    }

    /// Both functions, line by line.
    fn join(&self, other: &Pieces, line: impl Fn(&Line, &Line) -> Option<Line>) -> Option<Pieces> {
        let breaks = self.breaks.iter().chain(&other.breaks).cloned().collect();
        Pieces::build(breaks, |x| line(self.at(x), other.at(x)))
    }

    /// Every line changed.
    fn map(&self, line: impl Fn(&Line) -> Line) -> Pieces {
        Pieces { breaks: self.breaks.clone(), lines: self.lines.iter().map(line).collect() }
    }

    /// Where the function takes a value, inside its pieces; places outside a piece do no harm as breaks.
    fn places(&self, value: &Rational) -> Vec<Rational> {
        let sloped = self.lines.iter().filter(|(s, _)| !s.is_zero());
        sloped.map(|(s, o)| (value - o) / s).collect()
    }

    /// The curve of this function.
    fn through(&self, curve: &Curve) -> Option<Pieces> {
        let mut breaks = self.breaks.clone();
        curve.breakpoints().iter().for_each(|&t| breaks.extend(self.places(&rational(t))));
        Pieces::build(breaks, |x| {
            let (s, o) = self.at(x);
            let p = curve.piece_exactly(&(s * x + o));
            let (slope, offset) = (rational(curve.slope(p)), rational(curve.offset(p)));
            Some((&slope * s, &slope * o + offset))
        })
    }

    /// `yes` where this function is positive, `no` where it is negative; nothing, where it is zero all along a piece.
    fn choose(&self, yes: &Pieces, no: &Pieces) -> Option<Pieces> {
        let mut breaks: Vec<Rational> = self.breaks.iter().chain(&yes.breaks).chain(&no.breaks).cloned().collect();
        breaks.extend(self.places(&Rational::ZERO));
        Pieces::build(breaks, |x| {
            let (s, o) = self.at(x);
            let value = s * x + o;
            (!value.is_zero()).then(|| if value > Rational::ZERO { yes.at(x).clone() } else { no.at(x).clone() })
        })
    }

    fn continuous(&self) -> bool {
        let meet = |(t, w): (&Rational, &[Line])| &w[0].0 * t + &w[0].1 == &w[1].0 * t + &w[1].1;
        self.breaks.iter().zip(self.lines.windows(2)).all(meet)
    }

    /// As a curve, if all its numbers are floating-point numbers and it is continuous.
    fn curve(&self) -> Option<Curve> {
        let float = |r: &Rational| Some(r.to_f64().value()).filter(|v| v.is_finite() && rational(*v) == *r);
        let all = |numbers: Vec<&Rational>| numbers.into_iter().map(float).collect::<Option<Vec<f64>>>();
        let (slopes, offsets) = self.lines.iter().map(|(s, o)| (s, o)).unzip();
        Curve::new(&all(self.breaks.iter().collect())?, &all(slopes)?, &all(offsets)?)
    }
}

/// An operand, over the elements of the result.
enum Operand {
    Constant(Broadcast),
    Node(NodeId),
    Step(Step),
    Condition(Comparison),
}

impl Operand {
    fn new(call: &Call, k: usize, shape: &[usize]) -> Option<Operand> {
        Some(match call.input(k)? {
            Value::Constant(_) => {
                let (values, from) = call.numbers(k).ok()??;
                Operand::Constant(broadcast(values, &from, shape).ok()?)
            }
            Value::Computed(x) if x.shape == shape => Operand::Node(x.node),
            Value::Step(step) if step.base.shape == shape => Operand::Step(step.clone()),
            Value::Comparison(c) if c.left.shape == shape => Operand::Condition(c.clone()),
            _ => return None,
        })
    }

    /// The function that element `i` is of element `i` of `base`.
    fn pieces(&self, l: &Lowering, base: NodeId, i: usize) -> Option<Pieces> {
        match self {
            Operand::Constant(b) => Some(Pieces::constant(b.get(i))),
            Operand::Node(node) => follow(l, *node, base, i, DEEPEST),
            Operand::Step(step) if step.base.node == base => Some(step.pieces[i % step.pieces.len()].clone()),
            Operand::Step(_) => None,
            Operand::Condition(c) => positive(l, c, base, i)?.choose(&Pieces::constant(1.0), &Pieces::constant(0.0)),
        }
    }

    /// The tensor that a function that jumps is one of.
    fn base(&self) -> Option<NodeId> {
        if let Operand::Step(step) = self { Some(step.base.node) } else { None }
    }

    /// Whether it is the same function for all elements.
    fn uniform(&self, l: &Lowering, base: NodeId) -> bool {
        match self {
            Operand::Constant(b) => b.values.len() == 1,
            Operand::Node(node) => alike(l, *node, base, DEEPEST),
            Operand::Step(step) => step.pieces.len() == 1,
            Operand::Condition(c) => same_condition(l, c, base),
        }
    }
}

fn same_condition(l: &Lowering, c: &Comparison, base: NodeId) -> bool {
    let against = match &c.against {
        Against::Threshold(t) => t.values.len() == 1,
        Against::Tensor(t) => alike(l, t.node, base, DEEPEST),
    };
    against && alike(l, c.left.node, base, DEEPEST)
}

/// The function that is positive where a comparison holds.
fn positive(l: &Lowering, c: &Comparison, base: NodeId, i: usize) -> Option<Pieces> {
    let left = follow(l, c.left.node, base, i, DEEPEST)?;
    let right = match &c.against {
        Against::Threshold(t) => Pieces::constant(t.get(i)),
        Against::Tensor(t) => follow(l, t.node, base, i, DEEPEST)?,
    };
    let sign = if c.above { Rational::ONE } else { -Rational::ONE };
    left.join(&right, |a, b| Some(((&a.0 - &b.0) * &sign, (&a.1 - &b.1) * &sign)))
}

/// What a node is as a function of another, if only element-wise nodes lie between them.
fn follow(l: &Lowering, node: NodeId, base: NodeId, i: usize, depth: usize) -> Option<Pieces> {
    if node == base {
        return Some(Pieces::identity());
    }
    let depth = depth.checked_sub(1)?;
    match l.op(node) {
        Op::Affine(a) => {
            let weight = slope(a, i)? / a.divisor.as_ref().map_or(Rational::ONE, |d| rational(d.get(i)));
            let bias = a.bias.as_ref().map_or(Rational::ZERO, |b| rational(b.get(i)));
            Some(follow(l, a.source, base, i, depth)?.map(|(s, o)| (s * &weight, o * &weight + &bias)))
        }
        Op::Activation(a) => follow(l, a.source, base, i, depth)?.through(a.curve(i)),
        Op::Sum(sources) => {
            let mut sum = Pieces::constant(0.0);
            for &s in sources {
                sum = sum.join(&follow(l, s, base, i, depth)?, |a, b| Some((&a.0 + &b.0, &a.1 + &b.1)))?;
            }
            Some(sum)
        }
        _ => None,
    }
}

fn slope(a: &Affine, i: usize) -> Option<Rational> {
    match &a.linear {
        Linear::Identity => Some(Rational::ONE),
        Linear::Scale(b) => Some(rational(b.get(i))),
        _ => None,
    }
}

/// Whether a node is the same function of another for all elements.
fn alike(l: &Lowering, node: NodeId, base: NodeId, depth: usize) -> bool {
    let Some(depth) = depth.checked_sub(1).filter(|_| node != base) else { return node == base };
    let one = |b: &Option<Broadcast>| b.as_ref().is_none_or(|b| b.values.len() == 1);
    match l.op(node) {
        Op::Affine(a) => {
            let scale = if let Linear::Scale(b) = &a.linear { b.values.len() == 1 } else { true };
            scale && one(&a.divisor) && one(&a.bias) && alike(l, a.source, base, depth)
        }
        Op::Activation(a) => a.curves.len() == 1 && alike(l, a.source, base, depth),
        Op::Sum(sources) => sources.iter().all(|&s| alike(l, s, base, depth)),
        _ => false,
    }
}

/// The sign of a computed tensor.
pub fn sign<'a>(l: &mut Lowering<'a>, call: &Call<'a>) -> Result<Vec<Value>, Refusal> {
    let base = call.computed(0)?;
    let audited = l.read_by(call);
    let cut = l.cut(call, audited, "a decision on the scores; the regions of the scores are audited");
    let lines = vec![(Rational::ZERO, -Rational::ONE), (Rational::ZERO, Rational::ONE)];
    let pieces = vec![Pieces { breaks: vec![Rational::ZERO], lines }].into();
    Ok(vec![Value::Step(Step { base, pieces, cut })])
}

/// Whether an operator has a meaning on a function that jumps; any other one ends the network there, or jumps.
pub fn reads(op: &str) -> bool {
    ["Add", "Sub", "Mul", "Div", "Neg", "Where", "Identity", "Cast", "CastLike"].contains(&op)
}

/// A node that reads a function that jumps.
pub fn lower(l: &mut Lowering, call: &Call) -> Result<Vec<Value>, Refusal> {
    let jumps = || Refusal::new("computes with a function that jumps, and does not make it continuous");
    let op = call.node.op_type.as_str();
    let step = call.inputs.iter().flatten().find_map(|v| if let Value::Step(s) = v { Some(s) } else { None });
    let step = step.ok_or_else(jumps)?;
    match op {
        "Where" => return choose(l, call).ok_or_else(jumps)?,
        "Cast" if !matches!(call.int("to", 1), 1 | 10 | 11 | 16) => return Err(jumps()),
        "Identity" | "Cast" | "CastLike" => return Ok(vec![Value::Step(step.clone())]),
        _ => {}
    }
    let (base, shape) = (step.base.clone(), step.base.shape.clone());
    let operands: Option<Vec<Operand>> = (0..call.inputs.len()).map(|k| Operand::new(call, k, &shape)).collect();
    let operands = operands.ok_or_else(jumps)?;
    let line = |a: &Line, b: &Line| match op {
        "Add" => Some((&a.0 + &b.0, &a.1 + &b.1)),
        "Sub" => Some((&a.0 - &b.0, &a.1 - &b.1)),
        "Mul" if a.0.is_zero() => Some((&a.1 * &b.0, &a.1 * &b.1)),
        "Mul" if b.0.is_zero() => Some((&b.1 * &a.0, &b.1 * &a.1)),
        "Div" if b.0.is_zero() && !b.1.is_zero() => Some((&a.0 / &b.1, &a.1 / &b.1)),
        _ => None,
    };
    finish(l, call, &base, &operands, |l, i| {
        let first = operands[0].pieces(l, base.node, i)?;
        match operands.get(1) {
            None => Some(first.map(|(s, o)| (-s.clone(), -o.clone()))),
            Some(second) => first.join(&second.pieces(l, base.node, i)?, line),
        }
    })
    .ok_or_else(jumps)?
}

/// Where on a comparison, of functions of the compared tensor or of what that is an element-wise function of; `None`
/// where they are no such functions.
pub fn choose(l: &mut Lowering, call: &Call) -> Option<Result<Vec<Value>, Refusal>> {
    let Some(Value::Comparison(condition)) = call.input(0) else { return None };
    let shape = condition.left.shape.clone();
    let (yes, no) = (Operand::new(call, 1, &shape)?, Operand::new(call, 2, &shape)?);
    let operands = [Operand::Condition(condition.clone()), yes, no];
    let mut bases: Vec<NodeId> = operands.iter().filter_map(|o| o.base()).collect();
    if bases.is_empty() {
        let mut at = condition.left.node;
        for _ in 0..DEEPEST {
            bases.push(at);
            at = match l.op(at) {
                Op::Affine(a) if slope(a, 0).is_some() => a.source,
                Op::Activation(a) => a.source,
                _ => break,
            };
        }
    }
    bases.into_iter().find_map(|node| {
        let base = Computed { node, shape: shape.clone() };
        finish(l, call, &base, &operands, |l, i| {
            let (yes, no) = (operands[1].pieces(l, node, i)?, operands[2].pieces(l, node, i)?);
            positive(l, condition, node, i)?.choose(&yes, &no)
        })
    })
}

/// The function as an activation where it is continuous, as a step where it jumps; `None` where it is neither.
fn finish(
    l: &mut Lowering,
    call: &Call,
    base: &Computed,
    operands: &[Operand],
    function: impl Fn(&Lowering, usize) -> Option<Pieces>,
) -> Option<Result<Vec<Value>, Refusal>> {
    let uniform = operands.iter().all(|o| o.uniform(l, base.node));
    let count = if uniform { 1 } else { base.len() };
    let pieces: Vec<Pieces> = (0..count).map(|i| function(l, i)).collect::<Option<_>>()?;
    if pieces.iter().all(Pieces::continuous) {
        let Some(curves) = pieces.iter().map(Pieces::curve).collect::<Option<Vec<Curve>>>() else {
            return Some(Err(Refusal::new("has breakpoints that are no floating-point numbers")));
        };
        let op = Op::Activation(Activation { source: base.node, curves, inner: 1 });
        return Some(Ok(vec![Value::Computed(l.emit(call, base.shape.clone(), op))]));
    }
    let mut cut = Cut::default();
    for operand in operands {
        match operand {
            Operand::Step(step) => cut.join(&step.cut),
            Operand::Condition(c) => cut.join(&c.cut),
            _ => {}
        }
    }
    Some(Ok(vec![Value::Step(Step { base: base.clone(), pieces: pieces.into(), cut })]))
}
