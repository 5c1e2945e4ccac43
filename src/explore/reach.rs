//! Which pieces of its units a network can reach over a box, by interval arithmetic.
//!
//! Contract: rigorous and not tight: every value that a unit takes in the box lies in its interval, rounding included.

use crate::ir::{Network, NodeId, Op};

/// Relative room for the rounding of one operation and of its bound.
const ROUNDING: f64 = 2.0 * f64::EPSILON;

/// Interval of the values of each element of each node over the box.
pub fn intervals(network: &Network, frame: &[[f64; 2]]) -> Vec<Vec<[f64; 2]>> {
    let mut out: Vec<Vec<[f64; 2]>> = Vec::with_capacity(network.nodes.len());
    for id in 0..network.nodes.len() {
        out.push(of_node(network, id, frame, &out));
    }
    out
}

/// Intervals of one node's elements, from those of the nodes before it.
pub fn of_node(network: &Network, id: NodeId, frame: &[[f64; 2]], out: &[Vec<[f64; 2]>]) -> Vec<[f64; 2]> {
    let node = &network.nodes[id];
    match &node.op {
        Op::Input => frame.to_vec(),
        Op::Affine(a) => (0..node.len())
            .map(|i| {
                let (mut lo, mut hi, mut size, mut terms) = (0.0, 0.0, 0.0, 0usize);
                a.linear.for_row(i, |j, w| {
                    let [l, h] = out[a.source][j];
                    let (l, h) = if w >= 0.0 { (w * l, w * h) } else { (w * h, w * l) };
                    lo += l;
                    hi += h;
                    size += l.abs().max(h.abs());
                    terms += 1;
                });
                if let Some(d) = &a.divisor {
                    let d = d.get(i);
                    (lo, hi) = if d > 0.0 { (lo / d, hi / d) } else { (hi / d, lo / d) };
                    size /= d.abs();
                }
                if let Some(b) = &a.bias {
                    lo += b.get(i);
                    hi += b.get(i);
                    size += b.get(i).abs();
                }
                let room = (terms + 4) as f64 * ROUNDING * size;
                [lo - room, hi + room]
            })
            .collect(),
        Op::Sum(sources) => (0..node.len())
            .map(|i| {
                let (mut lo, mut hi, mut size) = (0.0, 0.0, 0.0);
                for &s in sources {
                    let [l, h]: [f64; 2] = out[s][i];
                    lo += l;
                    hi += h;
                    size += l.abs().max(h.abs());
                }
                let room = sources.len() as f64 * ROUNDING * size;
                [lo - room, hi + room]
            })
            .collect(),
        Op::Activation(a) => (out[a.source].iter().enumerate())
            .map(|(i, &[lo, hi])| {
                let curve = a.curve(i);
                let inside = curve.breakpoints().iter().copied().filter(|t| lo < *t && *t < hi);
                let ends = inside.chain([lo, hi]).map(|z| curve.value(z));
                let [l, h] = ends.fold([f64::INFINITY, f64::NEG_INFINITY], |[l, h], v| [l.min(v), h.max(v)]);
                let steepest = (0..curve.pieces()).map(|p| curve.slope(p).abs()).fold(0.0, f64::max);
                let room = 4.0 * ROUNDING * (l.abs().max(h.abs()) + steepest * lo.abs().max(hi.abs()));
                let exact = (0..curve.pieces()).all(|p| [0.0, 1.0].contains(&curve.slope(p)) && curve.offset(p) == 0.0);
                if exact { [l, h] } else { [l - room, h + room] }
            })
            .collect(),
        Op::Max(m) => (0..m.groups())
            .map(|g| {
                let candidates = m.group(g).iter().map(|&c| out[m.source][c as usize]);
                candidates.fold([f64::NEG_INFINITY; 2], |[l, h], [a, b]| [l.max(a), h.max(b)])
            })
            .collect(),
    }
}
