//! Exact coordinates of vertices, and the network's exact values there: the last word where floating point is silent.
//!
//! Contract: no rounding anywhere. A vertex lies in the closure of its cell, so by continuity the value there of a
//! cell's affine form is the network's own value: no form is ever composed exactly. In an unbounded domain the walls
//! stand at ±ω with ω larger than every real number, coordinates are `a + b ω`, and signs are lexicographic.

use super::stage::{Kind, Level, NONE, Stages};
use crate::ir::{Network, Op, Rational, rational};
use std::cell::RefCell;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::rc::Rc;

/// Exact points kept before the store is emptied (they can be computed again).
const KEPT: usize = 20_000;

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

/// An exact point, and the values of the nodes looked at so far.
#[derive(Debug)]
pub struct Point {
    /// Coordinates.
    pub x: Vec<Lex>,
    values: RefCell<Vec<Vec<Lex>>>,
}

/// Exact points by their coordinates: vertices are shared by many cells.
#[derive(Debug, Default)]
pub struct Store {
    known: HashMap<Vec<Lex>, Rc<Point>>,
    /// Points looked up or computed.
    pub asked: u64,
}

impl Store {
    /// The point with these coordinates.
    pub fn point(&mut self, x: Vec<Lex>) -> Rc<Point> {
        self.asked += 1;
        if let Some(point) = self.known.get(&x) {
            return point.clone();
        }
        if self.known.len() >= KEPT {
            self.known.clear();
        }
        let point = Rc::new(Point { x: x.clone(), values: RefCell::new(vec![]) });
        self.known.insert(x, point.clone());
        point
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
        self.evaluate(network, stage.source);
        let values = self.values.borrow();
        let z = &values[stage.source];
        match &stage.kind {
            Kind::Rows(rows) if level.b == NONE => {
                let row = level.a as usize;
                let mut value = z[rows.unit[row] as usize].clone();
                value.a -= rational(rows.level[row]);
                value
            }
            _ => z[level.a as usize].minus(&z[level.b as usize]),
        }
    }

    /// Evaluates the nodes up to `last`.
    fn evaluate(&self, network: &Network, last: usize) {
        let mut values = self.values.borrow_mut();
        for id in values.len()..=last {
            let node = &network.nodes[id];
            let value = match &node.op {
                Op::Input => self.x.clone(),
                Op::Affine(a) => (0..node.len())
                    .map(|i| {
                        let mut sum = Lex::finite(Rational::ZERO);
                        a.linear.for_row(i, |j, w| sum.add_scaled(&rational(w), &values[a.source][j]));
                        if let Some(d) = &a.divisor {
                            let d = rational(d.get(i));
                            sum.a /= &d;
                            sum.b /= d;
                        }
                        if let Some(b) = &a.bias {
                            sum.a += rational(b.get(i));
                        }
                        sum
                    })
                    .collect(),
                Op::Sum(sources) => (0..node.len())
                    .map(|i| {
                        sources.iter().fold(Lex::finite(Rational::ZERO), |mut sum, &s| {
                            sum.a += &values[s][i].a;
                            sum.b += &values[s][i].b;
                            sum
                        })
                    })
                    .collect(),
                Op::Activation(a) => (values[a.source].iter().enumerate())
                    .map(|(i, z)| {
                        let curve = a.curve(i);
                        let above = |t: &&f64| *z > Lex::finite(rational(**t));
                        let piece = curve.breakpoints().iter().take_while(above).count();
                        let mut y = Lex::finite(rational(curve.offset(piece)));
                        if curve.slope(piece) != 0.0 {
                            y.add_scaled(&rational(curve.slope(piece)), z);
                        }
                        y
                    })
                    .collect(),
                Op::Max(m) => (0..m.groups())
                    .map(|g| {
                        let candidates = m.group(g).iter().map(|&c| &values[m.source][c as usize]);
                        candidates.max().expect("groups are not empty").clone()
                    })
                    .collect(),
            };
            values.push(value);
        }
    }
}
