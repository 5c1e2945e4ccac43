//! Exact affine forms of the nodes on one region, composed forwards from the stored numbers.
//!
//! Contract: exact. A form is `d + 1` numbers, the constant last. Nodes that no choice depends on are left out.

use crate::ir::{Affine, Network, NodeId, Op, Rational, rational};
use dashu_ratio::Relaxed;

/// An affine form, the constant last.
pub type Form = Vec<Rational>;

/// The forms of the inputs.
pub fn identity(d: usize) -> Vec<Form> {
    let entry = |i: usize, j: usize| if i == j { Rational::ONE } else { Rational::ZERO };
    (0..d).map(|i| (0..=d).map(|j| entry(i, j)).collect()).collect()
}

/// The forms of an affine node of `length` elements.
pub fn affine(map: &Affine, length: usize, source: &[Form], d: usize) -> Vec<Form> {
    let element = |i: usize| {
        let mut sums = vec![Relaxed::ZERO; d + 1];
        map.linear.for_row(i, |j, weight| {
            let weight = rational(weight).relax();
            for (sum, c) in sums.iter_mut().zip(&source[j]) {
                if !c.is_zero() {
                    *sum += &weight * c.as_relaxed();
                }
            }
        });
        if let Some(divisor) = &map.divisor {
            let divisor = rational(divisor.get(i)).relax();
            sums.iter_mut().for_each(|s| *s /= &divisor);
        }
        if let Some(bias) = &map.bias {
            sums[d] += rational(bias.get(i)).relax();
        }
        sums.into_iter().map(Relaxed::canonicalize).collect()
    };
    (0..length).map(element).collect()
}

/// The sum of two forms' nodes, element by element.
pub fn sum(parts: &[&[Form]]) -> Vec<Form> {
    let mut all = parts[0].to_vec();
    for part in &parts[1..] {
        for (mine, theirs) in all.iter_mut().zip(*part) {
            mine.iter_mut().zip(theirs).for_each(|(m, t)| *m += t);
        }
    }
    all
}

/// `slope · form + offset`.
pub fn piece(form: &Form, slope: f64, offset: f64) -> Form {
    let d = form.len() - 1;
    let mut out: Form = match slope {
        0.0 => vec![Rational::ZERO; d + 1],
        1.0 => form.clone(),
        _ => form.iter().map(|c| c * rational(slope)).collect(),
    };
    if offset != 0.0 {
        out[d] += rational(offset);
    }
    out
}

/// `a − b`.
pub fn difference(a: &Form, b: &Form) -> Form {
    a.iter().zip(b).map(|(a, b)| a - b).collect()
}

/// Whether a form has no linear part.
pub fn constant(form: &Form) -> bool {
    form[..form.len() - 1].iter().all(Rational::is_zero)
}

/// Per node, whether a later choice depends on its value.
pub fn needed(network: &Network) -> Vec<bool> {
    let mut needed = vec![false; network.nodes.len()];
    for id in (0..network.nodes.len()).rev() {
        if needed[id] || chooses(&network.nodes[id].op) {
            network.sources(id).iter().for_each(|&s: &NodeId| needed[s] = true);
        }
    }
    needed
}

/// Whether a node's value depends on a choice among pieces or candidates.
fn chooses(op: &Op) -> bool {
    match op {
        Op::Activation(a) => a.curves.iter().any(|c| c.pieces() > 1),
        Op::Max(m) => (0..m.groups()).any(|g| m.group(g).len() > 1),
        _ => false,
    }
}
