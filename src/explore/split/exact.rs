//! Exact coordinates of vertices, and the network's exact values there: the last word where floating point is silent.
//!
//! Contract: no rounding anywhere. A vertex lies in the closure of its cell, so by continuity the value there of a
//! cell's affine form is the network's own value: no form is ever composed exactly. In an unbounded domain the walls
//! stand at ±ω with ω larger than every real number, coordinates are `a + b ω`, and signs are lexicographic.

use super::stage::{Kind, Level, NONE, Stages};
use crate::ir::{Network, NodeId, Op, Rational, rational};
use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::rc::Rc;

/// Exact points kept before the store is emptied (they can be computed again).
const KEPT: usize = 20_000;
/// Values kept of them, likewise, counted whenever so many points are new.
const VALUES: usize = 1_000_000;
const LOOKED_AT: usize = 64;

/// `a + b ω`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Lex {
    /// The finite part.
    pub a: Rational,
    /// The multiple of ω.
    pub b: Rational,
}

impl Lex {
    /// A finite number.
    pub fn finite(a: Rational) -> Lex {
        Lex { a, b: Rational::ZERO }
    }

    /// Sign for every sufficiently large ω.
    pub fn sign(&self) -> Ordering {
        self.b.cmp(&Rational::ZERO).then_with(|| self.a.cmp(&Rational::ZERO))
    }

    fn add_scaled(&mut self, w: &Rational, x: &Lex) {
        if !x.a.is_zero() {
            self.a += w * &x.a;
        }
        if !x.b.is_zero() {
            self.b += w * &x.b;
        }
    }

    fn minus(&self, other: &Lex) -> Lex {
        Lex { a: &self.a - &other.a, b: &self.b - &other.b }
    }
}

impl PartialOrd for Lex {
    fn partial_cmp(&self, other: &Lex) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Lex {
    fn cmp(&self, other: &Lex) -> Ordering {
        self.b.cmp(&other.b).then_with(|| self.a.cmp(&other.a))
    }
}

/// An element of a node.
type Element = (NodeId, usize);

/// An exact point, and the values of the elements asked for so far and of those they depend on.
#[derive(Debug)]
pub struct Point {
    /// Coordinates.
    pub x: Vec<Lex>,
    values: RefCell<HashMap<Element, Lex>>,
}

/// Exact points by their coordinates: vertices are shared by many cells.
#[derive(Debug, Default)]
pub struct Store {
    known: HashMap<Vec<Lex>, Rc<Point>>,
    /// Points computed since their values were counted.
    fresh: usize,
}

impl Store {
    /// The point with these coordinates.
    pub fn point(&mut self, x: Vec<Lex>) -> Rc<Point> {
        if let Some(point) = self.known.get(&x) {
            return point.clone();
        }
        self.fresh += 1;
        if self.known.len() >= KEPT || (self.fresh > LOOKED_AT && self.held() > VALUES) {
            self.known.clear();
        }
        if self.fresh > LOOKED_AT {
            self.fresh = 0;
        }
        let point = Rc::new(Point { x: x.clone(), values: RefCell::default() });
        self.known.insert(x, point.clone());
        point
    }

    /// Values kept of all points.
    fn held(&self) -> usize {
        self.known.values().map(|p| p.values.borrow().len()).sum()
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
        let stage = &stages.list[level.stage as usize];
        let mut values = self.values.borrow_mut();
        let mut element = |i: u32| {
            evaluate(network, &self.x, &mut values, (stage.source, i as usize));
            values[&(stage.source, i as usize)].clone()
        };
        match &stage.kind {
            Kind::Rows(rows) if level.b == NONE => {
                let row = level.a as usize;
                let mut value = element(rows.unit[row]);
                value.a -= rational(rows.level[row]);
                value
            }
            _ => element(level.a).minus(&element(level.b)),
        }
    }
}

/// Evaluates one element and what it depends on, by a stack of its own: networks are deep.
fn evaluate(network: &Network, x: &[Lex], values: &mut HashMap<Element, Lex>, wanted: Element) {
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
            let value = element(network, x, values, id, i);
            values.insert((id, i), value);
            stack.pop();
        }
    }
}

/// The elements that one depends on.
fn for_inputs(network: &Network, id: NodeId, i: usize, mut visit: impl FnMut(Element)) {
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

/// One element from those it depends on.
fn element(network: &Network, x: &[Lex], values: &HashMap<Element, Lex>, id: NodeId, i: usize) -> Lex {
    match &network.nodes[id].op {
        Op::Input => x[i].clone(),
        Op::Affine(a) => {
            let mut sum = Lex::finite(Rational::ZERO);
            a.linear.for_row(i, |j, w| {
                if w != 0.0 {
                    sum.add_scaled(&rational(w), &values[&(a.source, j)]);
                }
            });
            if let Some(d) = &a.divisor {
                let d = rational(d.get(i));
                sum.a /= &d;
                sum.b /= d;
            }
            if let Some(b) = &a.bias {
                sum.a += rational(b.get(i));
            }
            sum
        }
        Op::Sum(sources) => sources.iter().fold(Lex::finite(Rational::ZERO), |mut sum, &s| {
            sum.a += &values[&(s, i)].a;
            sum.b += &values[&(s, i)].b;
            sum
        }),
        Op::Activation(a) => {
            let (z, curve) = (&values[&(a.source, i)], a.curve(i));
            let above = |t: &&f64| *z > Lex::finite(rational(**t));
            let piece = curve.breakpoints().iter().take_while(above).count();
            let mut y = Lex::finite(rational(curve.offset(piece)));
            if curve.slope(piece) != 0.0 {
                y.add_scaled(&rational(curve.slope(piece)), z);
            }
            y
        }
        Op::Max(m) => {
            let candidates = m.group(i).iter().map(|&c| &values[&(m.source, c as usize)]);
            candidates.max().expect("groups are not empty").clone()
        }
    }
}
