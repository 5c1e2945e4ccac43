//! The types of the document, in the order of its keys. Later versions add keys and rename none.
//!
//! Contract: no clock, no path, no host name; floats are rounded to 12 significant digits and finite.

use super::analysis::{Attribution, NullModel, NullSummary, Position, Statement};
use super::weights::WeightRow;
use crate::finding::Finding;
use serde::{Deserialize, Serialize};

/// Name of the schema.
pub const SCHEMA_ID: &str = "polyaudit/report/1";

/// One audited model.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    /// [`SCHEMA_ID`].
    pub schema: String,
    /// What wrote it.
    pub tool: Tool,
    /// What was audited.
    pub model: Model,
    /// All that is needed to get these numbers again.
    pub settings: Settings,
    /// Whether the audit did all it set out to do.
    pub status: Status,
    /// Numbers only, by stable dotted paths.
    pub summary: Summary,
    /// The histogram.
    pub histogram: Histogram,
    /// The layers with units.
    pub layers: Vec<Layer>,
    /// What is remarkable.
    pub findings: Vec<Finding>,
    /// What the audit checked itself with.
    pub checks: Checks,
    /// What was asked for by `--plugin` and could be found; absent when nothing was.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plugins: Vec<Plugin>,
    /// What the histogram is held against; absent for a refused model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub null_model: Option<NullModel>,
    /// Who makes the faces; absent for a refused model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attribution: Option<Attribution>,
    /// The same run with each weight, where it knows several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weights: Vec<WeightRow>,
    /// Shape beyond faces; absent for a refused model.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<super::ShapeBlock>,
    /// Of a run in parts (`--shard`), what `polyaudit merge` adds up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<ShardBlock>,
}

/// One part of a run.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ShardBlock {
    /// Which part, from 1.
    pub part: u64,
    /// Of how many.
    pub of: u64,
    /// The part's sums and what they are sums of, as JSON.
    pub sums: String,
}

/// A plugin that ran.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Plugin {
    /// Its name.
    pub name: String,
    /// Its version; the program's own for a built-in.
    pub version: String,
    /// `check` or `render`.
    pub kind: String,
    /// `sha256:` and the hash of its manifest; null for a built-in.
    pub manifest: Option<String>,
}

/// The program.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Tool {
    /// `polyaudit`.
    pub name: String,
    /// Its version.
    pub version: String,
}

impl Default for Tool {
    fn default() -> Tool {
        Tool { name: env!("CARGO_PKG_NAME").into(), version: env!("CARGO_PKG_VERSION").into() }
    }
}

/// Identity card of the file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Model {
    /// File name, without folder.
    pub file: String,
    /// `sha256:` and 64 hexadecimal digits.
    pub sha256: String,
    /// Size of the file.
    pub bytes: u64,
    /// ONNX IR version.
    pub ir_version: i64,
    /// Default operator set.
    pub opset: i64,
    /// Producer name and version.
    pub producer: String,
    /// `name: type[shape]`.
    pub inputs: Vec<String>,
    /// `name: type[shape]`.
    pub outputs: Vec<String>,
}

/// One number where all bounds are equal, else one per input.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Bound {
    /// The same for all inputs.
    One(f64),
    /// One per input.
    Each(Vec<f64>),
}

/// The audited domain.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Domain {
    /// `box` or `unbounded`.
    pub kind: String,
    /// Lower bounds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lo: Option<Bound>,
    /// Upper bounds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hi: Option<Bound>,
    /// `data`: the smallest box that holds the points of `settings.points`; absent where bounds were stated.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Name of the file that states the bounds, where they are too many to list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Hash of the bounds, where they are too many to list.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// An affine section of the domain.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Slice {
    /// `span`, `points` or `random`.
    pub kind: String,
    /// Its dimension.
    pub dimensions: u64,
    /// Names of the files that state it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<String>,
    /// Hash of origin and directions, as little-endian float64.
    pub sha256: String,
}

/// What determines the numbers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Settings {
    /// The domain.
    pub domain: Domain,
    /// The section of the domain that was audited; absent for all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slice: Option<Slice>,
    /// The data points that were counted, or that state the domain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<super::PointsFile>,
    /// `enumerate`, `sample` or `points`: what ran.
    pub method: String,
    /// Why `auto` chose it; absent when it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auto: Option<String>,
    /// `auto`, `lp` or `exact`.
    pub engine: String,
    /// Seed of every random choice.
    pub seed: u64,
    /// Samples asked for; absent when enumerating.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub samples: Option<u64>,
    /// Most regions to visit; absent when sampling was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_regions: Option<u64>,
    /// Tensors at which the graph was cut; absent for the graph's own outputs.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outputs: Vec<String>,
    /// Sizes given to symbolic dimensions, as `name=size`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub dims: Vec<String>,
    /// Inputs held constant, as `name=value`, or `name=` and a hash of the values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fixed: Vec<String>,
}

/// Whether the audit did all it set out to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Status {
    /// `complete`, `partial` or `refused`.
    pub state: String,
    /// Why it is not complete.
    pub reason: Option<String>,
}

/// Numbers only.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Summary {
    /// Free inputs d.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub inputs: Option<u64>,
    /// Units and groups with a choice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub units: Option<u64>,
    /// Regions of the domain; complete enumerations only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regions: Option<u64>,
    /// Distinct regions met; where not all were counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regions_found: Option<u64>,
    /// Of the regions counted, how many reach to infinity.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub regions_unbounded: Option<u64>,
    /// Samples taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub samples: Option<u64>,
    /// Data points looked at and in a region of the domain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<u64>,
    /// Data points that are in no count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points_left_out: Option<u64>,
    /// Regions that exactly one sample, or point, met.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub regions_met_once: Option<u64>,
    /// Share of the last tenth of the samples that met a new region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub new_in_last_tenth: Option<f64>,
    /// Share of the domain (of the distribution of the points) in the regions found; estimates with a 95 % interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub covered: Option<f64>,
    /// Lower end of the interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub covered_low: Option<f64>,
    /// Upper end of the interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub covered_high: Option<f64>,
    /// Regions (samples) with half-spaces that could not be decided: in no histogram.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undecided: Option<u64>,
    /// Units that are identically on a breakpoint in some region.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub identically_on_breakpoint: Option<u64>,
    /// Distributions of face counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub faces: Option<FaceSummary>,
    /// How far the histogram is from that of random hyperplanes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[serde(rename = "null_model")]
    pub null: Option<NullSummary>,
    /// Shape beyond faces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shape: Option<super::ShapeSummary>,
}

/// The three distributions.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct FaceSummary {
    /// Interior faces and walls.
    pub total: Faces,
    /// Faces on units' hyperplanes.
    pub interior: Faces,
    /// Faces on the domain's boundary.
    pub walls: Faces,
}

/// One distribution of face counts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Faces {
    /// Mean.
    pub mean: f64,
    /// Lower end of the 95 % interval of the mean (Student's t); samples only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean_low: Option<f64>,
    /// Upper end of the interval; samples only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean_high: Option<f64>,
    /// Nearest-rank median.
    pub median: u64,
    /// Lower end of the 95 % interval of the median (order statistics); samples only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median_low: Option<u64>,
    /// Upper end; samples only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub median_high: Option<u64>,
    /// Nearest-rank 95th percentile.
    pub p95: u64,
    /// Lower end of the 95 % interval of the 95th percentile (order statistics); samples only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p95_low: Option<u64>,
    /// Upper end; samples only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub p95_high: Option<u64>,
    /// Smallest.
    pub min: u64,
    /// Largest.
    pub max: u64,
    /// Population standard deviation.
    pub stddev: f64,
    /// Share with at most 2d faces.
    pub share_at_most_2d: f64,
    /// Lower end of its 95 % interval (Wilson); samples only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share_at_most_2d_low: Option<f64>,
    /// Upper end; samples only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub share_at_most_2d_high: Option<f64>,
}

/// The histogram. Its column names occur nowhere else in the document.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Histogram {
    /// `region`, `volume`, `point` or `found`; null for a refused model.
    pub weight: Option<String>,
    /// Ascending by face count, without empty rows.
    pub rows: Vec<HistogramRow>,
}

/// How many regions, or samples, have this many faces.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum HistogramRow {
    /// Each region once.
    Regions {
        /// Number of faces.
        face_count: u64,
        /// Regions with this many faces, walls included.
        regions_total: u64,
        /// Regions with this many interior faces.
        regions_interior: u64,
    },
    /// Each sample once.
    Samples {
        /// Number of faces.
        face_count: u64,
        /// Samples in regions with this many faces, walls included.
        samples_total: u64,
        /// Samples in regions with this many interior faces.
        samples_interior: u64,
    },
}

impl HistogramRow {
    /// Face count, count of total, count of interior.
    pub fn numbers(&self) -> (u64, u64, u64) {
        match *self {
            HistogramRow::Regions { face_count, regions_total, regions_interior } => {
                (face_count, regions_total, regions_interior)
            }
            HistogramRow::Samples { face_count, samples_total, samples_interior } => {
                (face_count, samples_total, samples_interior)
            }
        }
    }
}

/// A layer with units.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Layer {
    /// Layer name.
    pub layer: String,
    /// ONNX operator.
    pub op: String,
    /// Units with a breakpoint, or groups with a choice.
    pub unit_count: u64,
    /// `relu`, `leaky`, `abs`, `clip`, `piecewise` or `max`.
    pub kind: String,
    /// SHA-256 of the coefficients between the units before and this layer, as stored: 64 hexadecimal digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub coefficients_sha256: Option<String>,
}

/// What was checked.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Checks {
    /// Relations that an enumeration checks itself with.
    pub identities: Vec<IdentityRow>,
    /// Statements of theory, checked on this model.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub theory: Vec<Statement>,
    /// How far the network is from general position.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub general_position: Vec<Position>,
    /// Limits of the configuration.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub limits: Vec<super::LimitRow>,
    /// Findings that the configuration sets aside.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ignored: Vec<super::IgnoredRow>,
    /// `pass` or `fail`; only where a configuration, a baseline or `--fail-on` asks for a verdict.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<String>,
    /// What verification found; only where it was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificates: Option<Certificates>,
}

/// The verified certificates of all regions (of all distinct regions met, when sampling).
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Certificates {
    /// Regions verified.
    pub regions: u64,
    /// Faces whose witness holds.
    pub faces: u64,
    /// Redundant rows whose proof holds.
    pub redundant: u64,
    /// Rows that the engine left undecided.
    pub undecided: u64,
    /// Rows whose certificate did not hold; their regions count as undecided.
    pub failed: u64,
    /// Certificates in rationals.
    pub exact: u64,
    /// Smallest margin of a witness, as a distance; absent where all are exact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub smallest_accepted_gap: Option<f64>,
    /// Largest (nearest to zero) gap of a redundant row, as a negative distance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub largest_rejected_gap: Option<f64>,
}

/// One relation.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct IdentityRow {
    /// Stable name.
    pub identity: String,
    /// `holds`, `violated` or `not-applicable`.
    pub outcome: String,
    /// The numbers compared, or the assumption that fails.
    pub detail: String,
}

/// Rounds to 12 significant digits; numbers that are not finite have no place in a report.
pub fn rounded(x: f64) -> f64 {
    format!("{x:.11e}").parse().unwrap_or(x)
}
