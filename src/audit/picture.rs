//! The picture of a partition: drawn where the audited domain has two dimensions, and counted again.

use crate::explore::picture::{self, Picture};
use crate::explore::{Control, Domain, State};
use crate::ir::Network;
use crate::region::HyperplaneId;
use crate::report::{Edge, Partition, Polygon, Report};
use anyhow::{Result, bail, ensure};
use std::collections::BTreeMap;

/// Most regions that a picture shows.
pub const MOST: u64 = 100_000;

/// Draws the partition of a domain of two dimensions. The number of polygons is that of the report's regions.
pub fn partition(
    network: &Network,
    domain: &Domain,
    report: &Report,
    settings: &super::Settings,
    control: &Control,
) -> Result<Partition> {
    let found = picture::picture(network, domain, settings.plan.seed, settings.plan.engine, MOST, control)?;
    if let State::Partial { reason, .. } = &found.state {
        bail!("the partition is not drawn: {reason}");
    }
    if let Some(regions) = report.summary.regions {
        ensure!(
            found.polygons.len() as u64 == regions,
            "the picture has {} polygons, the report {regions} regions: please report this model",
            found.polygons.len()
        );
    }
    Ok(named(network, domain, found))
}

fn axes(network: &Network, domain: &Domain) -> [String; 2] {
    let names: Vec<String> = network
        .inputs
        .iter()
        .flat_map(|port| {
            (0..port.len())
                .map(move |k| if port.len() == 1 { port.name.clone() } else { format!("{}[{k}]", port.name) })
        })
        .collect();
    match domain {
        Domain::Box { lo, hi } => {
            let mut free = (0..lo.len()).filter(|&j| lo[j] < hi[j]).map(|j| format!("input {}", names[j]));
            std::array::from_fn(|_| free.next().unwrap_or_default())
        }
        Domain::Slice { .. } => {
            ["along the slice's first direction (t1)".into(), "along its second direction (t2)".into()]
        }
        Domain::Unbounded { .. } => std::array::from_fn(|k| format!("input {}", names[k])),
    }
}

fn named(network: &Network, domain: &Domain, found: Picture) -> Partition {
    let front = domain.nodes_in_front();
    let mut units: BTreeMap<HyperplaneId, usize> = BTreeMap::new();
    let mut nodes: BTreeMap<u32, usize> = BTreeMap::new();
    for id in found.polygons.iter().flat_map(|p| &p.units) {
        units.insert(*id, 0);
        nodes.insert(id.node, 0);
    }
    units.values_mut().enumerate().for_each(|(k, index)| *index = k);
    nodes.values_mut().enumerate().for_each(|(k, index)| *index = k);
    let layer = |node: u32| network.nodes[node as usize - front].label.layer.clone();
    let outputs = network.outputs.first();
    let decision_label = outputs.map(|o| match o.shape.iter().product::<usize>() {
        1 => format!("{} = 0", o.name),
        _ => format!("largest element of {} changes", o.name),
    });
    Partition {
        axes: axes(network, domain),
        frame: found.frame,
        cut: found.cut,
        layers: nodes.keys().map(|&n| layer(n)).collect(),
        units: units.keys().map(|id| format!("{}[{}]", layer(id.node), id.unit)).collect(),
        edges: found.edges.iter().map(|e| Edge { ends: e.ends, layer: nodes[&e.unit.node] }).collect(),
        polygons: found
            .polygons
            .into_iter()
            .map(|p| Polygon {
                vertices: p.vertices,
                faces: p.faces,
                units: p.units.iter().map(|id| units[id]).collect(),
            })
            .collect(),
        decision_label: decision_label.filter(|_| !found.decision.is_empty()),
        decision: found.decision,
    }
}
