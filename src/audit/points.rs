//! `polyaudit points`: the region around each given point, by name.
//!
//! Contract: one entry per point, in order; a point without a region around it says why. Distances are explained at
//! [`crate::explore::local`].

use super::names;
use crate::explore::{Control, Domain, Progress, Pulse, local};
use crate::ir::Network;
use crate::region::{HyperplaneId, NoRegion, Walker};
use crate::report::rounded;
use anyhow::ensure;
use rayon::prelude::*;
use serde::Serialize;

/// What is known of one point.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Neighbourhood {
    /// Position in the file, from 0.
    pub point: u64,
    /// Why there is no region around it; null where there is one.
    pub refused: Option<String>,
    /// Faces of its region, walls included.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub faces_total: Option<u64>,
    /// Faces on units' hyperplanes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub faces_interior: Option<u64>,
    /// Half-spaces that stayed undecided.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undecided: Option<u64>,
    /// The nearest interior face.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nearest_face: Option<NearestFace>,
    /// Distance to the nearest wall of the domain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub nearest_wall: Option<f64>,
    /// The predicted class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class: Option<u64>,
    /// The nearest change of class within the region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub class_change: Option<ClassChange>,
    /// No input of the domain nearer than this has another class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub same_class_within: Option<f64>,
}

/// A face and who makes it.
#[derive(Clone, Debug, Serialize)]
pub struct NearestFace {
    /// Distance.
    pub distance: f64,
    /// The unit credited with it.
    pub unit: String,
    /// Other units on it.
    pub coincident: Vec<String>,
}

/// A change of class.
#[derive(Clone, Debug, Serialize)]
pub struct ClassChange {
    /// Distance.
    pub distance: f64,
    /// The class beyond.
    pub class: u64,
    /// Whether no face of the region is nearer: then no input of another class is.
    pub nearest_of_all: bool,
}

/// Looks at each point (one value per input of the network). Those that an interrupt leaves over say so.
pub fn neighbourhoods(
    network: &Network,
    domain: &Domain,
    points: &[Vec<f64>],
    control: &Control,
) -> anyhow::Result<Vec<Neighbourhood>> {
    let (restricted, bounds) = domain.restrict(network)?;
    let walker = Walker::new(&restricted);
    let (free, shift) = (domain.free_inputs(), domain.nodes_in_front());
    let name = |id: &HyperplaneId| names::unit(network, id.node as usize - shift, id.unit as usize);
    let total = Some(points.len() as u64);
    let pulse = Pulse::new(control, Progress { done: 0, total, regions: 0, note: "points", rows: None });
    let look = |(k, point): (usize, &Vec<f64>)| {
        ensure!(point.len() == network.input_len(), "point {k} has {} numbers", point.len());
        let refused = |why: String| Neighbourhood { point: k as u64, refused: Some(why), ..Neighbourhood::default() };
        if let Domain::Box { lo, hi } = domain
            && let Some(j) = (0..point.len()).find(|&j| point[j] < lo[j] || point[j] > hi[j])
        {
            return Ok(refused(format!("outside of the domain: input {j} is {}", point[j])));
        }
        let x: Vec<f64> = free.iter().map(|&j| point[j]).collect();
        if !bounds.contains(&x) {
            return Ok(refused("on the boundary of the domain".into()));
        }
        let region = match walker.at(&x) {
            Ok(region) => region,
            Err(NoRegion::OnHyperplane(id)) => return Ok(refused(format!("on the hyperplane of {}", name(&id)))),
            Err(error) => return Ok(refused(error.to_string())),
        };
        let Some(found) = pulse.watch(|observer| local::around(&walker, &bounds, &region, &x, observer)) else {
            return Ok(refused("interrupted".into()));
        };
        Ok(Neighbourhood {
            point: k as u64,
            refused: None,
            faces_total: Some((found.interior + found.walls) as u64),
            faces_interior: Some(found.interior as u64),
            undecided: Some(found.undecided as u64),
            nearest_face: found.nearest.map(|(distance, unit, others)| NearestFace {
                distance: rounded(distance),
                unit: name(&unit),
                coincident: others.iter().map(name).collect(),
            }),
            nearest_wall: found.wall.map(rounded),
            class: found.class.map(|c| c as u64),
            class_change: found.change.map(|(distance, class, nearest)| ClassChange {
                distance: rounded(distance),
                class: class as u64,
                nearest_of_all: nearest,
            }),
            same_class_within: found.same_class_within.map(rounded),
        })
    };
    points.par_iter().enumerate().map(look).collect()
}
