//! Exact affine forms of single elements, by propagating one row backwards through the network in rationals.
//!
//! Contract: exact, or `None` when the row would take more than [`BUDGET`] rational multiplications.

use super::{Boundary, HyperplaneId, Pattern, Walker};
use crate::ir::{NodeId, Op, Rational, rational};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// Rational multiplications that one row may take: about a second of work.
pub const BUDGET: usize = 2_000_000;

impl Walker<'_> {
    /// Exact form of element `unit` of `node` in the region of `pattern`: `dimension + 1` numbers, the constant last.
    pub fn exact_form(&self, pattern: &Pattern, node: NodeId, unit: usize) -> Option<Vec<Rational>> {
        self.exact_form_within(pattern, node, unit, &mut { BUDGET })
    }

    /// The same for as many rows as a common number of multiplications is enough for.
    pub fn exact_form_within(
        &self,
        pattern: &Pattern,
        node: NodeId,
        unit: usize,
        budget: &mut usize,
    ) -> Option<Vec<Rational>> {
        self.pull_back(pattern, node, &[(unit, 1)], budget)
    }

    /// Exact form of element `a` minus element `b` of `node`.
    pub fn exact_difference(&self, pattern: &Pattern, node: NodeId, a: usize, b: usize) -> Option<Vec<Rational>> {
        self.pull_back(pattern, node, &[(a, 1), (b, -1)], &mut { BUDGET })
    }

    /// The exact half-space `normal · x ≤ offset` of a hyperplane source, seen from its lower or its upper side.
    pub fn exact_halfspace(
        &self,
        pattern: &Pattern,
        id: HyperplaneId,
        lower: bool,
    ) -> Option<(Vec<Rational>, Rational)> {
        let (node, unit) = (id.node as usize, id.unit as usize);
        let (mut form, level) = match (&self.network.nodes[node].op, id.boundary) {
            (Op::Activation(a), Boundary::Breakpoint(k)) => {
                (self.exact_form(pattern, a.source, unit)?, rational(a.curve(unit).breakpoints()[k as usize]))
            }
            (Op::Max(m), Boundary::Tie(first, second)) => {
                let member = |c: u32| m.group(unit)[c as usize] as usize;
                // Below the tie the first candidate is chosen: second − first ≤ 0.
                (self.exact_difference(pattern, m.source, member(second), member(first))?, Rational::ZERO)
            }
            _ => return None,
        };
        let mut offset = level - form.pop()?;
        if !lower {
            form.iter_mut().for_each(|a| *a = -a.clone());
            offset = -offset;
        }
        Some((form, offset))
    }

    fn pull_back(
        &self,
        pattern: &Pattern,
        node: NodeId,
        seeds: &[(usize, i32)],
        budget: &mut usize,
    ) -> Option<Vec<Rational>> {
        let network = self.network;
        let mut gradients: Vec<Sparse> = vec![Sparse::new(); node + 1];
        seeds.iter().for_each(|&(unit, sign)| add(&mut gradients[node], unit, Rational::from(sign)));
        let (mut constant, mut left) = (Rational::ZERO, Some(*budget));
        for id in (1..=node).rev() {
            let gradient = std::mem::take(&mut gradients[id]);
            let live = gradient.into_iter().filter(|(_, g)| !g.is_zero());
            match &network.nodes[id].op {
                Op::Input => {}
                Op::Affine(a) => {
                    let target = &mut gradients[a.source];
                    for (i, mut g) in live {
                        if let Some(b) = a.bias.as_ref().map(|b| b.get(i)).filter(|&b| b != 0.0) {
                            constant += &g * rational(b);
                        }
                        if let Some(d) = &a.divisor {
                            g /= rational(d.get(i));
                        }
                        a.linear.for_row(i, |j, w| {
                            left = left.and_then(|left| left.checked_sub(1));
                            if left.is_some() {
                                add(target, j, if w == 1.0 { g.clone() } else { &g * rational(w) });
                            }
                        });
                    }
                    *budget = left.unwrap_or(0);
                    left?;
                }
                Op::Sum(sources) => {
                    let live: Vec<_> = live.collect();
                    for &s in sources {
                        live.iter().for_each(|(i, g)| add(&mut gradients[s], *i, g.clone()));
                    }
                }
                Op::Activation(a) => {
                    let target = &mut gradients[a.source];
                    for (i, g) in live {
                        let (curve, piece) = (a.curve(i), self.layout.get(pattern, id, i));
                        let (slope, offset) = (curve.slope(piece), curve.offset(piece));
                        if offset != 0.0 {
                            constant += &g * rational(offset);
                        }
                        if slope != 0.0 {
                            add(target, i, if slope == 1.0 { g } else { g * rational(slope) });
                        }
                    }
                }
                Op::Max(m) => {
                    let target = &mut gradients[m.source];
                    for (g, value) in live {
                        add(target, m.group(g)[self.layout.get(pattern, id, g)] as usize, value);
                    }
                }
            }
        }
        let mut form = vec![Rational::ZERO; self.dimension()];
        std::mem::take(&mut gradients[0]).into_iter().for_each(|(k, g)| form[k] = g);
        form.push(constant);
        Some(form)
    }
}

/// A row over the elements of one node: a convolution's row meets few of them.
type Sparse = BTreeMap<usize, Rational>;

fn add(row: &mut Sparse, at: usize, value: Rational) {
    match row.entry(at) {
        Entry::Vacant(free) => {
            free.insert(value);
        }
        Entry::Occupied(mut held) => *held.get_mut() += value,
    }
}
