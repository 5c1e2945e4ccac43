//! The types of what the numbers mean: the null model, statements of theory, who makes the faces.
//!
//! Contract: as of the document: keys are added, never renamed; floats are rounded and finite.

use serde::{Deserialize, Serialize};

/// How far the histogram of total faces is from that of random hyperplanes; numbers only.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NullSummary {
    /// Hyperplanes whose expected count is nearest; for samples, hyperplanes of the model met.
    pub planes: u64,
    /// Mean total faces of the null.
    pub null_mean: f64,
    /// Half the sum of the differences of the shares.
    pub total_variation: f64,
    /// Lower end of its 95 % interval.
    pub total_variation_low: f64,
    /// Upper end.
    pub total_variation_high: f64,
    /// What a histogram of the null itself, of the same size, stays below in 95 of 100 cases.
    pub total_variation_noise: f64,
    /// The null's 99th percentile.
    pub null_p99: u64,
    /// Share of the model's counts beyond it.
    pub beyond_p99: f64,
    /// Lower end of its 95 % interval.
    pub beyond_p99_low: f64,
    /// Upper end.
    pub beyond_p99_high: f64,
    /// The null's own share beyond it.
    pub null_beyond_p99: f64,
    /// Mean over the null's mean.
    pub mean_ratio: f64,
    /// Lower end of its 95 % interval.
    pub mean_ratio_low: f64,
    /// Upper end.
    pub mean_ratio_high: f64,
}

/// What the null is, and its histogram.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct NullModel {
    /// In words: which hyperplanes, over what.
    pub description: String,
    /// Why there is none; null where there is one.
    pub not_applicable: Option<String>,
    /// Expected regions of that many hyperplanes, by the closed form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_regions: Option<f64>,
    /// Expected total faces per region, by the closed form.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_mean: Option<f64>,
    /// Hyperplanes of the simulated arrangements.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub simulated_planes: Option<u64>,
    /// Arrangements simulated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrangements: Option<u64>,
    /// Cells, or samples, in them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cells: Option<u64>,
    /// Shares by total faces.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shares: Vec<NullRow>,
}

/// Share of the null's cells with this many faces.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct NullRow {
    /// Number of faces.
    pub faces: u64,
    /// Share of cells, or samples.
    pub share: f64,
}

/// A statement of theory, checked on this model.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Statement {
    /// Its id.
    pub id: String,
    /// What it says.
    pub statement: String,
    /// `holds`, `exceeded` or `not-applicable`.
    pub outcome: String,
    /// The numbers compared, or the assumption that fails.
    pub detail: String,
}

/// One way of not being in general position: how often, and which units.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Position {
    /// `zero-rows`, `duplicate-rows`, `parallel-rows` or `non-simple-vertices`.
    pub departure: String,
    /// How many; null where it was not looked for.
    pub occurrences: Option<u64>,
    /// The units.
    pub units: Vec<String>,
    /// What was counted, or why not.
    pub detail: String,
}

/// Who makes the faces.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Attribution {
    /// Interior faces of all regions, or of all samples: the sum over units.
    pub interior_faces: u64,
    /// Faces on which a unit lies without being credited, over units.
    pub coincident_faces: u64,
    /// Layer by layer.
    pub layers: Vec<LayerFaces>,
    /// Units by credited faces, most first.
    pub units: Vec<UnitFaces>,
    /// Units with credited faces that are not listed.
    pub units_not_listed: u64,
    /// How the three lists below are known: `enumerated` (every region was seen) or `bounds` (over the domain's box).
    pub proof: String,
    /// With bounds: how many units and groups each means proved that the one before left open.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub proven_by: Vec<ProvenBy>,
    /// With bounds: whether the search for proofs ended at its budget.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof_cut_short: Option<bool>,
    /// Units never above their breakpoint anywhere in the domain.
    pub never_active: Vec<String>,
    /// Units above their breakpoint everywhere in the domain.
    pub always_active: Vec<String>,
    /// Units of several breakpoints, and groups, that stay on one piece everywhere.
    pub never_switching: Vec<String>,
    /// Euler characteristics of the units' bent hyperplanes.
    #[serde(default)]
    pub euler_characteristics: super::Euler,
    /// Units not seen active in the samples, without a proof.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_seen_active: Vec<String>,
    /// Units not seen inactive in the samples, without a proof.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_seen_inactive: Vec<String>,
}

/// What one means proved.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ProvenBy {
    /// `intervals`, `relaxation` or `bisection`.
    pub means: String,
    /// Units and groups proven to stay on one piece.
    pub unit_count: u64,
}

/// One layer's part.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LayerFaces {
    /// Layer name.
    pub layer: String,
    /// Faces credited to its units.
    pub faces: u64,
    /// Share of all interior faces.
    pub faces_share: f64,
    /// Units proven never active.
    pub never_active_units: u64,
    /// Units proven always active.
    pub always_active_units: u64,
    /// Regions of the network up to this layer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix_regions: Option<u64>,
    /// Their mean total faces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix_mean_total: Option<f64>,
    /// Their mean interior faces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix_mean_interior: Option<f64>,
}

/// One unit's part.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct UnitFaces {
    /// `layer[unit]`.
    pub unit: String,
    /// Regions, or samples, in which its hyperplane is a face credited to it.
    pub faces: u64,
    /// Share of all interior faces.
    pub faces_share: f64,
    /// Faces on which it lies without being credited.
    pub coincident: u64,
    /// Euler characteristic of its bent hyperplane, where known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub euler: Option<i64>,
}
