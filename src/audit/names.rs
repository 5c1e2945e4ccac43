//! Units by name: `layer[3]`, and many of one layer together: `layer[0-2,5]`.

use crate::ir::{Network, NodeId};
use std::collections::BTreeMap;

/// Name of a unit of the network as the model has it.
pub fn unit(network: &Network, node: NodeId, unit: usize) -> String {
    format!("{}[{unit}]", network.nodes[node].label.layer)
}

/// Names of many units, one entry per layer, in order.
pub fn units(network: &Network, listed: impl IntoIterator<Item = (NodeId, usize)>) -> Vec<String> {
    let mut layers: BTreeMap<NodeId, Vec<usize>> = BTreeMap::new();
    listed.into_iter().for_each(|(node, unit)| layers.entry(node).or_default().push(unit));
    let written = layers.into_iter().map(|(node, mut units)| {
        units.sort_unstable();
        units.dedup();
        format!("{}[{}]", network.nodes[node].label.layer, ranges(&units))
    });
    written.collect()
}

/// Ascending numbers, runs of them joined.
fn ranges(numbers: &[usize]) -> String {
    let mut runs: Vec<(usize, usize)> = vec![];
    for &n in numbers {
        match runs.last_mut() {
            Some((_, end)) if *end + 1 == n => *end = n,
            _ => runs.push((n, n)),
        }
    }
    let written: Vec<String> =
        runs.iter().map(|(a, b)| if a == b { a.to_string() } else { format!("{a}-{b}") }).collect();
    written.join(",")
}

#[cfg(test)]
mod tests {
    #[test]
    fn runs_are_joined() {
        assert_eq!(super::ranges(&[0, 1, 2, 5, 7, 8]), "0-2,5,7-8");
        assert_eq!(super::ranges(&[]), "");
    }
}
