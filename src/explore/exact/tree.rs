//! The tree of choices: a state is a cell with all choices made so far; its children are the choices that its cell allows
//! for the next unit or group.
//!
//! Contract: children come in ascending order of the choice, so that regions come in the order of their choices. A
//! pre-activation identically on a breakpoint is on the lower piece; candidates with equal functions are one, named by
//! the lowest index.

use super::cell::{Cell, Split};
use super::forms::{self, Form};
use super::point::{Plane, Point};
use crate::ir::{Activation, Max, Network, Op, Rational, rational};
use crate::region::{HyperplaneId, Layout, Pattern};
use dashu_int::IBig;
use std::sync::Arc;

/// What stays the same during a run.
pub struct Frame<'a> {
    /// The network, all of whose inputs are free.
    pub network: &'a Network,
    /// How patterns are packed.
    pub layout: Layout,
    /// Nodes that some choice depends on.
    pub needed: Vec<bool>,
    /// Points carried down the tree.
    pub points: Vec<Point>,
}

/// A partly decided region.
#[derive(Clone)]
pub struct State {
    /// Where the inputs can be.
    pub cell: Cell,
    /// The choices made.
    pub pattern: Pattern,
    /// Sources that vanish identically on the cell.
    pub vanishing: Vec<HyperplaneId>,
    /// Carried points in the cell's closure.
    pub points: Vec<u32>,
    forms: Vec<Option<Arc<Vec<Form>>>>,
    /// The next unit: node, element, and the pieces that remain for it.
    node: usize,
    unit: usize,
    pieces: Option<[usize; 2]>,
}

/// What becomes of a state.
pub enum Next {
    /// All choices are made.
    Region(Box<State>),
    /// At least two ways to go on.
    Branches(Vec<State>),
}

impl State {
    /// The whole domain, nothing chosen.
    pub fn root(frame: &Frame, cell: Cell) -> State {
        State {
            cell,
            pattern: frame.layout.empty(),
            vanishing: vec![],
            points: (0..frame.points.len() as u32).collect(),
            forms: vec![None; frame.network.nodes.len()],
            node: 0,
            unit: 0,
            pieces: None,
        }
    }

    /// Goes on until there are several choices, or none.
    pub fn advance(mut self, frame: &Frame) -> Next {
        while self.node < frame.network.nodes.len() {
            let (id, node) = (self.node, &frame.network.nodes[self.node]);
            let source = |s: usize| self.forms[s].clone().expect("a needed node's sources are needed");
            let made = match &node.op {
                Op::Activation(a) if a.curves.iter().any(|c| c.pieces() > 1) => {
                    let forms = source(a.source);
                    if self.unit < node.len() {
                        if let Some(branches) = self.unit(frame, a, &forms[self.unit]) {
                            return Next::Branches(branches);
                        }
                        continue;
                    }
                    frame.needed[id].then(|| self.activated(frame, a, &forms))
                }
                Op::Max(m) if (0..m.groups()).any(|g| m.group(g).len() > 1) => {
                    let forms = source(m.source);
                    if self.unit < m.groups() {
                        if let Some(branches) = self.group(frame, m, &forms) {
                            return Next::Branches(branches);
                        }
                        continue;
                    }
                    let chosen = |g: usize| m.group(g)[frame.layout.get(&self.pattern, id, g)] as usize;
                    frame.needed[id].then(|| (0..m.groups()).map(|g| forms[chosen(g)].clone()).collect())
                }
                _ if !frame.needed[id] => None,
                Op::Input => Some(forms::identity(node.len())),
                Op::Affine(a) => {
                    let d = frame.network.input_len();
                    Some(forms::affine(a, node.len(), &source(a.source), d))
                }
                Op::Sum(sources) => {
                    let parts: Vec<_> = sources.iter().map(|&s| source(s)).collect();
                    Some(forms::sum(&parts.iter().map(|p| p.as_slice()).collect::<Vec<_>>()))
                }
                Op::Activation(a) => Some(self.activated(frame, a, &source(a.source))),
                Op::Max(m) => {
                    let forms = source(m.source);
                    Some((0..m.groups()).map(|g| forms[m.group(g)[0] as usize].clone()).collect())
                }
            };
            self.forms[id] = made.map(Arc::new);
            (self.node, self.unit) = (id + 1, 0);
        }
        Next::Region(Box::new(self))
    }

    fn activated(&self, frame: &Frame, a: &Activation, forms: &[Form]) -> Vec<Form> {
        let linear = |i: usize| a.curve(i).pieces() == 1;
        let choice = |i: usize| if linear(i) { 0 } else { frame.layout.get(&self.pattern, self.node, i) };
        let piece = |i: usize| (a.curve(i).slope(choice(i)), a.curve(i).offset(choice(i)));
        forms.iter().enumerate().map(|(i, f)| forms::piece(f, piece(i).0, piece(i).1)).collect()
    }

    /// Decides the piece of the next unit, or splits between two of its pieces.
    fn unit(&mut self, frame: &Frame, a: &Activation, form: &Form) -> Option<Vec<State>> {
        let (node, unit, curve) = (self.node, self.unit, a.curve(self.unit));
        let d = form.len() - 1;
        let levels = curve.breakpoints();
        if levels.is_empty() {
            self.unit += 1;
            return None;
        }
        if forms::constant(form) {
            let piece = levels.iter().take_while(|&&t| form[d] > rational(t)).count();
            if levels.get(piece).is_some_and(|&t| form[d] == rational(t)) {
                self.vanishing.push(HyperplaneId::breakpoint(node, unit, piece));
            }
            self.choose(frame, piece);
            return None;
        }
        let [mut low, mut high] = self.pieces.unwrap_or([0, levels.len()]);
        while low < high {
            // Below the middle level are the pieces up to it, above it the others.
            let middle = low + (high - low - 1) / 2;
            let mut shifted = form.clone();
            shifted[d] -= rational(levels[middle]);
            let plane = Plane::below(&shifted);
            let id = HyperplaneId::breakpoint(node, unit, middle);
            match self.cell.split(&plane) {
                Split::Whole { below, touches } => {
                    self.keep(frame, &plane, below, touches, id);
                    *(if below { &mut high } else { &mut low }) = if below { middle } else { middle + 1 };
                }
                Split::Halves { below, above } => {
                    let mut halves = self.halves(frame, plane, id, below, above);
                    halves[0].pieces = Some([low, middle]);
                    halves[1].pieces = Some([middle + 1, high]);
                    return Some(halves.into());
                }
            }
        }
        self.choose(frame, low);
        None
    }

    fn choose(&mut self, frame: &Frame, choice: usize) {
        frame.layout.set(&mut self.pattern, self.node, self.unit, choice);
        self.unit += 1;
        self.pieces = None;
    }

    /// The cell is on one side of a hyperplane: a facet along it is noted, a carried point on the other side is dropped,
    /// and will be missing in the end.
    fn keep(&mut self, frame: &Frame, plane: &Plane, below: bool, touches: bool, id: HyperplaneId) {
        let right = |&k: &u32| {
            let value = plane.value(&frame.points[k as usize]);
            if below { value <= IBig::ZERO } else { value >= IBig::ZERO }
        };
        self.points.retain(right);
        if touches {
            if below { self.cell.note(plane, (id, true)) } else { self.cell.note(&plane.reversed(), (id, false)) }
        }
    }

    /// The two halves, below first. A carried point on the hyperplane goes below.
    fn halves(&self, frame: &Frame, plane: Plane, id: HyperplaneId, below: Point, above: Point) -> [State; 2] {
        let is_below = |&k: &u32| plane.value(&frame.points[k as usize]) <= IBig::ZERO;
        let (low, high): (Vec<u32>, Vec<u32>) = self.points.iter().partition(|k| is_below(k));
        let other = self.cell.half(plane.reversed(), (id, false), above.clone(), below.clone());
        let cell = self.cell.half(plane, (id, true), below, above);
        [State { cell, points: low, ..self.clone() }, State { cell: other, points: high, ..self.clone() }]
    }

    /// Splits between the candidates of the next group, or goes on with its only one.
    fn group(&mut self, frame: &Frame, m: &Max, forms: &[Form]) -> Option<Vec<State>> {
        let members = m.group(self.unit);
        if members.len() == 1 {
            self.unit += 1;
            return None;
        }
        let form = |c: usize| &forms[members[c] as usize];
        let mut branches = vec![];
        for chosen in 0..members.len() {
            let mut state = self.clone();
            let wins = (0..members.len()).filter(|&c| c != chosen).all(|rival| {
                let id = HyperplaneId::tie(self.node, self.unit, chosen, rival);
                state.beats(frame, &forms::difference(form(rival), form(chosen)), id, chosen < rival)
            });
            if wins {
                state.choose(frame, chosen);
                branches.push(state);
            }
        }
        if branches.len() > 1 {
            return Some(branches);
        }
        *self = branches.pop().expect("one candidate is the largest inside every cell");
        None
    }

    /// Restricts the cell to where `difference ≤ 0`; false where that leaves no interior. A point on the tie goes to the
    /// candidate of lower index.
    fn beats(&mut self, frame: &Frame, difference: &Form, id: HyperplaneId, first: bool) -> bool {
        if forms::constant(difference) {
            let rest = &difference[difference.len() - 1];
            if rest.is_zero() && first {
                self.vanishing.push(id);
            }
            return *rest < Rational::ZERO || (rest.is_zero() && first);
        }
        let plane = Plane::below(difference);
        match self.cell.split(&plane) {
            Split::Whole { below: false, .. } => false,
            Split::Whole { below: true, touches } => {
                if touches {
                    self.cell.note(&plane, (id, first));
                }
                true
            }
            Split::Halves { below, above } => {
                self.points.retain(|&k| {
                    let value = plane.value(&frame.points[k as usize]);
                    value < IBig::ZERO || (value.is_zero() && first)
                });
                self.cell = self.cell.half(plane, (id, first), below, above);
                true
            }
        }
    }
}
