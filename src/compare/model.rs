//! The types of the document `polyaudit/compare/1`, in the order of its keys. Later versions add keys and rename none.

use crate::report::{Settings, Tool};
use serde::Serialize;

/// Name of the schema.
pub const SCHEMA_ID: &str = "polyaudit/compare/1";

/// A comparison.
#[derive(Clone, Debug, Serialize)]
pub struct Comparison {
    /// [`SCHEMA_ID`].
    pub schema: String,
    /// What wrote it.
    pub tool: Tool,
    /// `models`, `groups` or `series`.
    pub kind: String,
    /// Seed of the relabellings.
    pub seed: u64,
    /// Settings of the first report, as it states them.
    pub settings: Settings,
    /// In what the audits differ though compared; empty where they are alike.
    pub mismatches: Vec<String>,
    /// What is compared, in order.
    pub reports: Vec<ReportRow>,
    /// One number of `summary` per row.
    pub metrics: Vec<MetricRow>,
    /// Distances of the distributions of face counts, each report to the first; `series`: to the one before.
    pub distances: Vec<DistanceRow>,
    /// Groups of models, per metric; `groups` only.
    pub groups: Vec<GroupRow>,
    /// Tests of whether groups differ, per metric; `groups` only.
    pub tests: Vec<TestRow>,
    /// Layers that are not the same everywhere.
    pub layers: Vec<LayerRow>,
}

/// One report.
#[derive(Clone, Debug, Serialize)]
pub struct ReportRow {
    /// File name of the model, numbered where several have the same.
    pub report: String,
    /// Its group; `groups` only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group: Option<String>,
    /// Hash of the model.
    pub sha256: String,
    /// `enumerate` or `sample`.
    pub method: String,
    /// Seed of the audit.
    pub audit_seed: u64,
    /// `complete` or `partial`.
    pub state: String,
}

/// One number of `summary` over all reports, in their order; null where a report has none.
#[derive(Clone, Debug, Serialize)]
pub struct MetricRow {
    /// Dotted path below `summary`.
    pub metric: String,
    /// The numbers.
    pub values: Vec<Option<f64>>,
    /// `exact`, `interval`, `at-least`, `at-most`, `estimate` or `part`: what each number tells; null for none.
    pub known: Vec<Option<String>>,
    /// Lower ends of 95 % intervals; null for none.
    pub low: Vec<Option<f64>>,
    /// Upper ends.
    pub high: Vec<Option<f64>>,
    /// Change against the first report (`series`: the one before); null for the first.
    pub change: Vec<Option<f64>>,
    /// The same in percent; null where the other is 0.
    pub change_pct: Vec<Option<f64>>,
    /// `equal`, `higher`, `lower`, `within-noise`, `unknown` or `missing`; null for the first.
    pub verdict: Vec<Option<String>>,
}

/// How far two distributions of face counts are apart.
#[derive(Clone, Debug, Serialize)]
pub struct DistanceRow {
    /// One report.
    pub from: String,
    /// The other.
    pub to: String,
    /// `total` or `interior`.
    pub faces: String,
    /// Half the sum of differences of shares: 0 equal, 1 disjoint.
    pub total_variation: f64,
    /// Largest difference of cumulative shares.
    pub kolmogorov: f64,
    /// Mean number of faces by which one has to be moved to become the other.
    pub transport: f64,
    /// Probability of such a [`Self::kolmogorov`] distance between samples of one distribution; null where no test applies.
    pub p_value: Option<f64>,
    /// Which test, or why none.
    pub test: String,
}

/// A group of models, in one metric.
#[derive(Clone, Debug, Serialize)]
pub struct GroupRow {
    /// Dotted path below `summary`.
    pub metric: String,
    /// The group.
    pub group: String,
    /// Number of models.
    pub models: u64,
    /// Mean over its models.
    pub mean: f64,
    /// Smallest.
    pub min: f64,
    /// Largest.
    pub max: f64,
}

/// Whether groups differ in one metric.
#[derive(Clone, Debug, Serialize)]
pub struct TestRow {
    /// Dotted path below `summary`.
    pub metric: String,
    /// Difference of the means, second group less first; null for more than two groups.
    pub difference: Option<f64>,
    /// Share of relabellings of the models that separate the groups at least as well.
    pub p_value: f64,
    /// The same, adjusted for the number of metrics (Holm).
    pub p_adjusted: f64,
    /// Relabellings tried.
    pub relabellings: u64,
    /// Whether these were all.
    pub exhaustive: bool,
}

/// A layer, per report as `operator kind units`; null where a report has no such layer.
#[derive(Clone, Debug, Serialize)]
pub struct LayerRow {
    /// Its name.
    pub name: String,
    /// What it is in each report.
    pub variants: Vec<Option<String>>,
}
