//! The types of the regions' shape beyond their faces.
//!
//! Contract: as of the document: keys are added, never renamed; floats are rounded and finite. What is not known says why.

use serde::{Deserialize, Serialize};

/// Shape beyond faces; numbers only.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ShapeSummary {
    /// Mean number of vertices of a region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vertices_mean: Option<f64>,
    /// Share of bounded regions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bounded_share: Option<f64>,
    /// Share of the domain's volume in the largest region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub largest_volume: Option<f64>,
    /// Mean total faces of the region around a uniform point, from the regions' volumes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub volume_weighted_mean: Option<f64>,
    /// Largest spectral norm of the affine map of a region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lipschitz_max: Option<f64>,
    /// Mean of the norms, each sample, point or region once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lipschitz_mean: Option<f64>,
    /// Regions after merging neighbours with equal affine maps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regions_merged: Option<u64>,
}

/// Shape beyond faces.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct ShapeBlock {
    /// Faces of a region by dimension, on average.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub faces_by_dimension: Vec<DimensionRow>,
    /// How steep the network is in its regions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lipschitz: Option<Lipschitz>,
    /// What is not known, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_available: Vec<NotAvailable>,
}

/// Faces of one dimension.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct DimensionRow {
    /// Their dimension: 0 vertices, 1 edges.
    pub dimension: u64,
    /// How many a region has on average.
    pub mean_per_region: f64,
}

/// Which Lipschitz constants `summary.shape.lipschitz_max` is the largest of.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Lipschitz {
    /// The norm.
    pub norm: String,
    /// Over which regions.
    pub over: String,
    /// Whether these are all regions of the domain: else others may be steeper.
    pub all_regions: bool,
    /// A point of the region that attains it, over the free inputs; absent with more than 64 of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attained_at: Vec<f64>,
}

/// A quantity that is not known.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NotAvailable {
    /// Its name.
    pub quantity: String,
    /// Why.
    pub reason: String,
}

/// Euler characteristics of the units' bent hyperplanes.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Euler {
    /// Why they are not known; null where they are.
    pub not_applicable: Option<String>,
    /// How many units have which, ascending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<EulerRow>,
}

/// Units with one Euler characteristic.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct EulerRow {
    /// The characteristic.
    pub characteristic: i64,
    /// How many units.
    pub unit_count: u64,
    /// The first of them.
    pub first: String,
}
