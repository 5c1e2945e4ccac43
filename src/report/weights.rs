//! The types of what a run counted: the data points it is about, and its weights side by side.
//!
//! Contract: as of the document: keys are added, never renamed; floats are rounded and finite.

use serde::{Deserialize, Serialize};

/// A file of data points.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct PointsFile {
    /// Its name.
    pub file: String,
    /// Points in it.
    pub rows: u64,
    /// Hash of the values, row by row, as little-endian float64.
    pub sha256: String,
}

/// One run counted with one weight.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WeightRow {
    /// `region`, `found`, `volume` or `point`.
    pub weight: String,
    /// Regions, samples or points counted.
    pub counted: u64,
    /// Mean total faces.
    pub mean_total: f64,
    /// Lower end of its 95 % interval (Student's t); not of `found`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_total_low: Option<f64>,
    /// Upper end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_total_high: Option<f64>,
    /// Mean interior faces; not by volumes of an enumeration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mean_interior: Option<f64>,
    /// Share with at most 2d faces in all.
    pub share_at_most_2d: f64,
}
