//! What an enumeration by splitting sees besides the faces of each region.

use super::split::{Counts, Names, Prefix, VOLUME_UNIT, checks};
use crate::ir::NodeId;
use crate::region::HyperplaneId;

/// Regions and faces of the network up to a layer: the cells of the tree at the layer's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayerRegions {
    /// The activation or max node that ends the layer.
    pub node: NodeId,
    /// Number of regions, and sums of their faces, of the network up to it.
    pub sums: Prefix,
}

/// Sums over all regions. All but `volume` are exact integers.
#[derive(Clone, Debug, PartialEq)]
pub struct Shape {
    /// Per layer that can cut, in order, the regions of the network up to it.
    pub layers: Vec<LayerRegions>,
    /// Per breakpoint, whether some region is on its lower side, and on its upper side. Of a complete enumeration, a
    /// side never seen is a proof: the unit is never there anywhere in the domain.
    pub sides_seen: Vec<(HyperplaneId, [bool; 2])>,
    /// Sum over regions of their vertices; in an unbounded domain, ends of rays included.
    pub vertices: u64,
    /// Regions with a vertex on more hyperplanes and walls than it takes.
    pub degenerate: u64,
    /// Vertices of the whole complex by the number of walls through them, each once; all of them when nothing is
    /// degenerate.
    pub distinct_vertices: Vec<u64>,
    /// (region, face) pairs where two or more sources lie on the face.
    pub shared_faces: u64,
    /// Per source, twice the faces on it (each from both sides) and the vertices on it by the number of walls through them;
    /// of two and three inputs.
    pub sources: Vec<(HyperplaneId, u64, [u64; 3])>,
    /// Why the complex is not known to be in general position, or nothing.
    pub special: Option<String>,
    /// Share of the domain's volume in regions with so many faces; where volumes were summed.
    pub volume_by_total: Option<Vec<f64>>,
    /// Share of the domain's volume in the largest region; where volumes were summed.
    pub largest: Option<f64>,
    /// Sum of volumes as a share of the domain's, and a bound on its error; where volumes were summed.
    pub volume: Option<(f64, f64)>,
}

impl Shape {
    /// Reads the sums off the counts.
    pub fn new(counts: &Counts, names: &Names, volumes: bool) -> Shape {
        let layers = names.nodes.iter().zip(&counts.prefix);
        let rows = names.ids.iter().zip(&counts.seen).filter(|(_, seen)| seen[0] || seen[1]);
        Shape {
            layers: layers.map(|(&node, &sums)| LayerRegions { node, sums }).collect(),
            sides_seen: rows.map(|(&id, &seen)| (id, seen)).collect(),
            vertices: counts.vertices,
            degenerate: counts.degenerate,
            distinct_vertices: counts.distinct.clone(),
            shared_faces: counts.shared,
            sources: (names.ids.iter().zip(&counts.faces).zip(&counts.on_source))
                .filter(|((_, faces), _)| faces[0] + faces[1] > 0)
                .map(|((&id, faces), &vertices)| (id, faces[0] + faces[1], vertices))
                .collect(),
            special: checks::generic(counts, names),
            volume_by_total: volumes.then(|| counts.volume_by_total.iter().map(|&v| v as f64 * VOLUME_UNIT).collect()),
            largest: volumes.then_some(counts.largest as f64 * VOLUME_UNIT),
            volume: volumes.then_some((counts.volume as f64 * VOLUME_UNIT, counts.volume_error as f64 * VOLUME_UNIT)),
        }
    }
}
