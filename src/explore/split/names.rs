//! What counts are counts of, by names that outlive the network.

use super::checks;
use super::corners::Corner;
use super::stage::{Kind, Stages};
use crate::explore::Bounds;
use crate::ir::NodeId;
use crate::region::{HyperplaneId, Walker};
use serde::{Deserialize, Serialize};

/// The stages and hyperplane sources of a network.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    /// Per stage, the activation or max node that ends it.
    pub nodes: Vec<NodeId>,
    /// Per stage, its layer's name.
    pub layers: Vec<String>,
    /// Per source, in order, its stable name.
    pub ids: Vec<HyperplaneId>,
    /// Whether some layer is one of groups.
    pub groups: bool,
    /// Vertices of the domain; 0 of all of space.
    pub corners: u64,
    /// Whether a closed form is known for the numbers of regions and faces.
    pub one_layer: OneLayer,
}

/// What is known of a network with one hidden layer in the whole space.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum OneLayer {
    /// It is none.
    Not(String),
    /// It has so many hyperplanes; why they are not known to be in general position, if they are not.
    Planes(u64, Option<String>),
}

impl Names {
    /// Reads the names off a network.
    pub fn new(walker: &Walker, bounds: &Bounds, stages: &Stages, corners: &[Corner]) -> Names {
        let network = walker.network();
        let nodes: Vec<NodeId> = stages.list.iter().map(|s| s.node).collect();
        let layers = nodes.iter().map(|&n| network.nodes[n].label.layer.clone()).collect();
        let groups = stages.list.iter().any(|s| matches!(s.kind, Kind::Groups(_)));
        let corners = match bounds {
            Bounds::Space => 0,
            Bounds::Box(sides) => 1 << sides.len(),
            Bounds::Polytope(_) => corners.len() as u64,
        };
        let one_layer = checks::one_layer_of(walker, bounds, stages);
        Names { nodes, layers, ids: stages.ids.clone(), groups, corners, one_layer }
    }

    /// A source in words: layer and unit.
    pub fn unit(&self, id: &HyperplaneId) -> String {
        let stage = self.nodes.iter().position(|&n| n == id.node as usize);
        let layer = stage.map_or("", |s| &self.layers[s]);
        format!("{layer}[{}]", id.unit)
    }
}
