//! The invariants of a [`Network`], checked once after import and in tests.
//!
//! Refuses: nodes out of order, lengths that do not fit, indices out of range, numbers that are not finite.

use super::{Affine, Broadcast, Linear, Network, Op, ZERO};

/// A broken invariant, with the node that breaks it.
#[derive(Debug, thiserror::Error)]
#[error("node {node} ({name}): {reason}")]
pub struct InvalidNetwork {
    /// Position of the node.
    pub node: usize,
    /// ONNX name of the node.
    pub name: String,
    /// What is wrong.
    pub reason: String,
}

impl Network {
    /// Checks every invariant of the module's contract.
    pub fn sanity_check(&self) -> Result<(), InvalidNetwork> {
        for id in 0..self.nodes.len() {
            self.check_node(id).map_err(|reason| InvalidNetwork {
                node: id,
                name: self.nodes[id].label.node.clone(),
                reason,
            })?;
        }
        let fail = |reason: String| Err(InvalidNetwork { node: 0, name: "network".into(), reason });
        let mut offset = 0;
        for port in &self.inputs {
            if port.offset != offset {
                return fail(format!("input {} begins at {} instead of {offset}", port.name, port.offset));
            }
            offset += port.len();
        }
        if offset != self.input_len() {
            return fail(format!("the inputs hold {offset} elements, the input node {}", self.input_len()));
        }
        for output in &self.outputs {
            let fits = self.nodes.get(output.node).is_some_and(|n| n.len() == output.shape.iter().product::<usize>());
            if !fits {
                return fail(format!("output {} does not fit its node", output.name));
            }
        }
        Ok(())
    }

    fn check_node(&self, id: usize) -> Result<(), String> {
        let node = &self.nodes[id];
        if (id == 0) != matches!(node.op, Op::Input) {
            return Err("exactly the first node must be the input".into());
        }
        if let Some(&s) = self.sources(id).iter().find(|&&s| s >= id) {
            return Err(format!("is fed by node {s}, which does not come before it"));
        }
        let length = |s: usize| self.nodes[s].len();
        match &node.op {
            Op::Input => Ok(()),
            Op::Affine(a) => a.check(length(a.source), node.len()),
            Op::Sum(s) if s.is_empty() => Err("sum of nothing".into()),
            Op::Sum(s) => ensure(s.iter().all(|&s| length(s) == node.len()), "summands of unequal length"),
            Op::Activation(a) => {
                ensure(!a.curves.is_empty() && a.inner > 0, "activation without a curve")?;
                ensure(length(a.source) == node.len(), "activation changes the length")
            }
            Op::Max(m) => {
                ensure(m.starts.len() == node.len() + 1 && m.starts[0] == 0, "groups do not fit the length")?;
                ensure(m.starts.windows(2).all(|w| w[0] < w[1]), "an empty group")?;
                ensure(m.starts.last() == Some(&m.candidates.len()), "candidates do not fit the groups")?;
                ensure(m.candidates.iter().all(|&c| (c as usize) < length(m.source)), "candidate out of range")
            }
        }
    }
}

fn ensure(holds: bool, otherwise: &str) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise.into()) }
}

fn finite(b: &Broadcast) -> Result<(), String> {
    ensure(!b.values.is_empty() && b.inner > 0, "an empty constant")?;
    ensure(b.values.iter().all(|v| v.is_finite()), "a constant that is not finite")
}

impl Affine {
    fn check(&self, source: usize, length: usize) -> Result<(), String> {
        if let Some(b) = &self.bias {
            finite(b)?;
        }
        if let Some(d) = &self.divisor {
            finite(d)?;
            ensure(d.values.iter().all(|&v| v != 0.0), "division by zero")?;
        }
        match &self.linear {
            Linear::Identity => ensure(source == length, "identity changes the length"),
            Linear::Scale(b) => {
                finite(b)?;
                ensure(source == length, "scale changes the length")
            }
            Linear::Index(index) => {
                ensure(index.len() == length, "index map does not fit the length")?;
                ensure(index.iter().all(|&j| j == ZERO || (j as usize) < source), "index out of range")
            }
            Linear::Block(b) => ensure(b.fits(source, length), "a moved block does not fit"),
            Linear::Dense(m) => {
                ensure(m.rows == length && m.cols == source, "matrix does not fit")?;
                ensure(m.weight.len() == m.rows * m.cols, "matrix of the wrong size")?;
                ensure(m.weight.iter().all(|w| w.is_finite()), "a weight that is not finite")
            }
            Linear::Conv(c) => {
                let small = c.batch * c.small_channels * c.small.iter().product::<usize>();
                let large = c.batch * c.large_channels * c.large.iter().product::<usize>();
                let (from, to) = if c.transposed { (small, large) } else { (large, small) };
                ensure(from == source && to == length, "convolution does not fit")?;
                let n = c.kernel.len();
                let ranks = [c.small.len(), c.large.len(), c.strides.len(), c.dilations.len(), c.pads.len()];
                ensure(n <= 8 && ranks.iter().all(|&r| r == n), "convolution of mixed or too high rank")?;
                ensure(c.strides.iter().all(|&s| s > 0), "stride of zero")?;
                let whole = c.groups > 0 && c.small_channels % c.groups == 0 && c.large_channels % c.groups == 0;
                ensure(whole, "groups do not divide the channels")?;
                let size = c.small_channels * (c.large_channels / c.groups) * c.kernel.iter().product::<usize>();
                ensure(c.weight.len() == size, "kernel of the wrong size")?;
                ensure(c.weight.iter().all(|w| w.is_finite()), "a weight that is not finite")
            }
            Linear::Sparse { starts, columns, weights } => {
                ensure(starts.len() == length + 1 && starts.windows(2).all(|w| w[0] <= w[1]), "rows do not fit")?;
                ensure(starts.last() == Some(&columns.len()) && columns.len() == weights.len(), "entries do not fit")?;
                ensure(columns.iter().all(|&j| (j as usize) < source), "column out of range")?;
                ensure(weights.iter().all(|w| w.is_finite()), "a weight that is not finite")
            }
        }
    }
}
