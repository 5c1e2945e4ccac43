//! Digests of layers: whether two networks hold the same numbers in a layer, told without the networks.
//!
//! Contract: covers every coefficient between the units before and the layer, in the order of the graph and as stored, and
//! the layer's own curves. Equal digests mean equal numbers; the same function written otherwise (a folded
//! BatchNormalization, permuted units) has another digest.

use crate::hash::hex;
use crate::ir::{Affine, Network, NodeId, Op};
use sha2::{Digest, Sha256};
use std::collections::BTreeSet;

/// SHA-256 of the coefficients that make the layer of node `id`: 64 hexadecimal digits.
pub fn digest(network: &Network, id: NodeId) -> String {
    let mut hash = Sha256::new();
    if let Op::Activation(a) = &network.nodes[id].op {
        for curve in &a.curves {
            numbers(&mut hash, curve.breakpoints());
            let pieces: Vec<f64> = (0..curve.pieces()).flat_map(|p| [curve.slope(p), curve.offset(p)]).collect();
            numbers(&mut hash, &pieces);
        }
    }
    for node in between(network, id) {
        if let Op::Affine(Affine { linear, divisor, bias, .. }) = &network.nodes[node].op {
            numbers(&mut hash, linear.coefficients());
            for part in [divisor, bias] {
                numbers(&mut hash, part.as_ref().map_or(&[], |b| &b.values));
            }
        }
    }
    hex(hash.finalize())
}

/// The affine nodes and sums that feed a node, up to the units before them.
fn between(network: &Network, id: NodeId) -> BTreeSet<NodeId> {
    let mut found = BTreeSet::new();
    let mut open = network.sources(id).to_vec();
    while let Some(node) = open.pop() {
        if matches!(network.nodes[node].op, Op::Affine(_) | Op::Sum(_)) && found.insert(node) {
            open.extend(network.sources(node));
        }
    }
    found
}

fn numbers(hash: &mut Sha256, values: &[f64]) {
    hash.update((values.len() as u64).to_le_bytes());
    let mut bytes = Vec::with_capacity(8 * values.len().min(4096));
    for chunk in values.chunks(4096) {
        bytes.clear();
        chunk.iter().for_each(|v| bytes.extend(v.to_le_bytes()));
        hash.update(&bytes);
    }
}
