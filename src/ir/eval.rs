//! Forward evaluation in float64.
//!
//! Contract: [`Network::evaluate`] gives the value of every node; no state, no allocation beyond the values.

use super::{Network, Op};

/// Values of all nodes at one input, and what `eval` counts of them.
#[derive(Clone, Debug)]
pub struct Values {
    /// Value of each node, flat and row-major.
    pub nodes: Vec<Vec<f64>>,
}

impl Network {
    /// Values of all nodes at the input `x` (all ports, in order).
    ///
    /// # Panics
    /// When `x` has another length than [`Network::input_len`].
    pub fn evaluate(&self, x: &[f64]) -> Values {
        assert_eq!(x.len(), self.input_len(), "length of the input vector");
        let mut nodes: Vec<Vec<f64>> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let mut value = vec![0.0; node.len()];
            match &node.op {
                Op::Input => value.copy_from_slice(x),
                Op::Affine(a) => {
                    a.linear.apply(&nodes[a.source], 1, &mut value);
                    if let Some(d) = &a.divisor {
                        value.iter_mut().enumerate().for_each(|(i, v)| *v /= d.get(i));
                    }
                    if let Some(b) = &a.bias {
                        value.iter_mut().enumerate().for_each(|(i, v)| *v += b.get(i));
                    }
                }
                Op::Sum(sources) => {
                    for &s in sources {
                        value.iter_mut().zip(&nodes[s]).for_each(|(v, x)| *v += x);
                    }
                }
                Op::Activation(a) => {
                    for (i, (v, &z)) in value.iter_mut().zip(&nodes[a.source]).enumerate() {
                        *v = a.curve(i).value(z);
                    }
                }
                Op::Max(m) => {
                    for (g, v) in value.iter_mut().enumerate() {
                        let candidates = m.group(g).iter().map(|&c| nodes[m.source][c as usize]);
                        *v = candidates.fold(f64::NEG_INFINITY, f64::max);
                    }
                }
            }
            nodes.push(value);
        }
        Values { nodes }
    }

    /// The outputs at the input `x`, in order.
    pub fn forward(&self, x: &[f64]) -> Vec<Vec<f64>> {
        let values = self.evaluate(x);
        self.outputs.iter().map(|o| values.nodes[o.node].clone()).collect()
    }
}

impl Values {
    /// Number of single-breakpoint units strictly above their breakpoint, and of those within float32 rounding of it.
    ///
    /// Rounding is judged on the scale of the terms that cancel: `2^-20 · (|breakpoint| + Σ|w||x| + |b|)` of the affine
    /// map that feeds the unit, since a float32 runtime accumulates that error.
    pub fn activity(&self, network: &Network) -> (usize, usize) {
        let (mut active, mut near) = (0, 0);
        for node in &network.nodes {
            let Op::Activation(a) = &node.op else { continue };
            for i in 0..node.len() {
                let [t] = a.curve(i).breakpoints() else { continue };
                let z = self.nodes[a.source][i];
                active += usize::from(z > *t);
                near += usize::from((z - t).abs() <= FLOAT32_ROUNDING * (t.abs() + self.scale(network, a.source, i)));
            }
        }
        (active, near)
    }

    /// Sum of the magnitudes of the terms that make element `i` of `node`.
    fn scale(&self, network: &Network, node: usize, i: usize) -> f64 {
        match &network.nodes[node].op {
            Op::Affine(a) => {
                let mut sum = 0.0;
                a.linear.for_row(i, |j, w| sum += w.abs() * self.scale_of_input(network, a.source, j));
                sum / a.divisor.as_ref().map_or(1.0, |d| d.get(i).abs())
                    + a.bias.as_ref().map_or(0.0, |b| b.get(i).abs())
            }
            Op::Sum(sources) => sources.iter().map(|&s| self.scale(network, s, i)).sum(),
            _ => self.nodes[node][i].abs(),
        }
    }

    /// As `scale`, looking through element-wise affine nodes only: a dense chain would cost a product per unit.
    fn scale_of_input(&self, network: &Network, node: usize, j: usize) -> f64 {
        match &network.nodes[node].op {
            Op::Affine(a) if a.linear.copies() || matches!(a.linear, super::Linear::Scale(_)) => {
                self.scale(network, node, j)
            }
            _ => self.nodes[node][j].abs(),
        }
    }
}

/// Relative error that a float32 runtime may make in one pre-activation: some units in the last place of 2^-24.
const FLOAT32_ROUNDING: f64 = 1.0 / (1u64 << 20) as f64;
