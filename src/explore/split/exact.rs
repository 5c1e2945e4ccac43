//! Exact coordinates of vertices, and the network's exact values there: the last word where floating point is silent.
//!
//! Contract: no rounding anywhere. A vertex lies in the closure of its cell, so by continuity the value there of a
//! cell's affine form is the network's own value: no form is ever composed exactly. In an unbounded domain the walls
//! stand at ±ω with ω larger than every real number, coordinates are `a + b ω`, and signs are lexicographic.

use super::common::{self, Shared};
use super::stage::{Kind, Level, NONE, Stages};
use crate::ir::{Network, NodeId, Op, Rational};
use dashu_int::UBig;
use std::cell::{Cell, RefCell};
use std::cmp::Ordering;
use std::collections::HashMap;
use std::rc::Rc;

/// Exact points kept before the store is emptied (they can be computed again).
const KEPT: usize = 20_000;
/// Bytes of the values kept of them, likewise.
const BYTES: usize = 100_000_000;
/// Bytes of an entry besides its numbers.
const ENTRY: usize = 160;

/// `a + b ω`. Ordered by ω first: the order of the fields is that of numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lex<T = Rational> {
    /// The multiple of ω.
    pub b: T,
    /// The finite part.
    pub a: T,
}

/// The same over a point's common denominator.
type Value = Lex<Shared>;

impl Lex {
    /// A finite number.
    pub fn finite(a: Rational) -> Lex {
        Lex { a, b: Rational::ZERO }
    }

    fn add_scaled(&mut self, w: &Rational, x: &Lex) {
        if !x.a.is_zero() {
            self.a += w * &x.a;
        }
        if !x.b.is_zero() {
            self.b += w * &x.b;
        }
    }
}

impl Value {
    fn add(&mut self, w: f64, x: &Value) {
        self.a.add(w, &x.a);
        self.b.add(w, &x.b);
    }
}

/// An element of a node.
type Element = (NodeId, usize);

/// An exact point, and the values of the elements asked for so far and of those they depend on.
#[derive(Debug)]
pub struct Point {
    /// Coordinates.
    pub x: Vec<Lex>,
    /// Of the coordinates and of all values.
    denominator: UBig,
    values: RefCell<HashMap<Element, Value>>,
    /// Bytes of the values of all points.
    held: Rc<Cell<usize>>,
}

/// Exact points by their coordinates: vertices are shared by many cells.
#[derive(Debug)]
pub struct Store {
    /// What divides evenly whatever averages divide by.
    divisors: UBig,
    known: HashMap<Vec<Lex>, Rc<Point>>,
    held: Rc<Cell<usize>>,
}

impl Store {
    /// For the points of a network.
    pub fn new(network: &Network) -> Store {
        Store { divisors: common::divisors(network), known: HashMap::new(), held: Rc::default() }
    }

    /// The point with these coordinates.
    pub fn point(&mut self, x: Vec<Lex>) -> Rc<Point> {
        if let Some(point) = self.known.get(&x) {
            return point.clone();
        }
        self.trim();
        let denominator = common::denominator(x.iter().flat_map(|x| [&x.a, &x.b]), &self.divisors);
        let point = Rc::new(Point { x: x.clone(), denominator, values: RefCell::default(), held: self.held.clone() });
        self.known.insert(x, point.clone());
        point
    }

    /// Gives up what is kept where it is much.
    pub fn trim(&mut self) {
        if self.known.len() >= KEPT || self.held.get() > BYTES {
            // Points that are still in use keep their place, so that their values go with the others the next time.
            self.known.values().for_each(|point| point.values.borrow_mut().clear());
            self.known.retain(|_, point| Rc::strong_count(point) > 1);
            self.held.set(0);
        }
    }

    /// Where the level vanishes on the edge between two points on its two sides.
    pub fn between(&mut self, network: &Network, stages: &Stages, level: Level, p: &Point, n: &Point) -> Rc<Point> {
        let (fp, fn_) = (p.value(network, stages, level), n.value(network, stages, level));
        let finite = p.x.iter().zip(&n.x).all(|(p, n)| p.b == n.b);
        let direction: Vec<Rational> =
            p.x.iter().zip(&n.x).map(|(p, n)| if finite { &n.a - &p.a } else { &n.b - &p.b }).collect();
        let rate = if finite { &fn_.a - &fp.a } else { &fn_.b - &fp.b };
        let step = Lex { a: -(&fp.a / &rate), b: -(&fp.b / &rate) };
        let x = p.x.iter().zip(&direction).map(|(p, e)| {
            let mut x = p.clone();
            if !e.is_zero() {
                x.add_scaled(e, &step);
            }
            x
        });
        let x = x.collect();
        self.point(x)
    }
}

impl Point {
    /// The exact value of a level.
    pub fn value(&self, network: &Network, stages: &Stages, level: Level) -> Lex {
        let value = self.over_denominator(network, stages, level);
        let number = |part: &Shared| part.rational(&self.denominator);
        Lex { a: number(&value.a), b: number(&value.b) }
    }

    /// Its sign for every sufficiently large ω.
    pub fn sign(&self, network: &Network, stages: &Stages, level: Level) -> Ordering {
        let value = self.over_denominator(network, stages, level);
        value.b.sign().then_with(|| value.a.sign())
    }

    fn over_denominator(&self, network: &Network, stages: &Stages, level: Level) -> Value {
        let stage = &stages.list[level.stage as usize];
        let mut values = self.values.borrow_mut();
        let mut element = |i: u32| {
            self.evaluate(network, &mut values, (stage.source, i as usize));
            values[&(stage.source, i as usize)].clone()
        };
        match &stage.kind {
            Kind::Rows(rows) if level.b == NONE => {
                let row = level.a as usize;
                let mut value = element(rows.unit[row]);
                value.a.add(-1.0, &Shared::new(rows.level[row], &self.denominator));
                value
            }
            _ => {
                let mut value = element(level.a);
                value.add(-1.0, &element(level.b));
                value
            }
        }
    }

    /// Evaluates one element and what it depends on, by a stack of its own: networks are deep.
    fn evaluate(&self, network: &Network, values: &mut HashMap<Element, Value>, wanted: Element) {
        let mut stack = vec![wanted];
        while let Some(&(id, i)) = stack.last() {
            if values.contains_key(&(id, i)) {
                stack.pop();
                continue;
            }
            let before = stack.len();
            for_inputs(network, id, i, |element| {
                if !values.contains_key(&element) {
                    stack.push(element);
                }
            });
            if stack.len() == before {
                let value = self.element(network, values, id, i);
                self.held.set(self.held.get() + ENTRY + value.a.bytes() + value.b.bytes());
                values.insert((id, i), value);
                stack.pop();
            }
        }
    }

    /// One element from those it depends on.
    fn element(&self, network: &Network, values: &HashMap<Element, Value>, id: NodeId, i: usize) -> Value {
        let number = |x: f64| Shared::new(x, &self.denominator);
        match &network.nodes[id].op {
            Op::Input => {
                let part = |x: &Rational| Shared::of(x, &self.denominator);
                Value { a: part(&self.x[i].a), b: part(&self.x[i].b) }
            }
            Op::Affine(a) => {
                let mut sum = Value::default();
                a.linear.for_row(i, |j, w| {
                    if w != 0.0 {
                        sum.add(w, &values[&(a.source, j)]);
                    }
                });
                if let Some(d) = &a.divisor {
                    sum.a.divide(d.get(i));
                    sum.b.divide(d.get(i));
                }
                if let Some(b) = &a.bias {
                    sum.a.add(1.0, &number(b.get(i)));
                }
                sum
            }
            Op::Sum(sources) => {
                let mut sum = Value::default();
                sources.iter().for_each(|&s| sum.add(1.0, &values[&(s, i)]));
                sum
            }
            Op::Activation(a) => {
                let (z, curve) = (&values[&(a.source, i)], a.curve(i));
                let above = |t: &&f64| *z > Value { a: number(**t), b: Shared::default() };
                let piece = curve.breakpoints().iter().take_while(above).count();
                let mut y = Value { a: number(curve.offset(piece)), b: Shared::default() };
                y.add(curve.slope(piece), z);
                y
            }
            Op::Max(m) => {
                let candidates = m.group(i).iter().map(|&c| &values[&(m.source, c as usize)]);
                candidates.max().expect("groups are not empty").clone()
            }
        }
    }
}

/// The elements that one takes in.
pub fn for_inputs(network: &Network, id: NodeId, i: usize, mut visit: impl FnMut(Element)) {
    match &network.nodes[id].op {
        Op::Input => {}
        Op::Affine(a) => a.linear.for_row(i, |j, w| {
            if w != 0.0 {
                visit((a.source, j));
            }
        }),
        Op::Sum(sources) => sources.iter().for_each(|&s| visit((s, i))),
        Op::Activation(a) => visit((a.source, i)),
        Op::Max(m) => m.group(i).iter().for_each(|&c| visit((m.source, c as usize))),
    }
}
