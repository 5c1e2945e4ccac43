//! The document `polyaudit/report/1`: its types and its formats. Knows results, never engines.

mod analysis;
pub mod chart;
mod csv;
mod gate;
pub mod html;
mod json;
mod markdown;
mod measure;
mod model;
mod picture;
mod read;
mod shape;
mod table;
mod weights;
mod yaml;

pub use analysis::{
    Attribution, LayerFaces, NullModel, NullRow, NullSummary, Position, ProvenBy, Statement, UnitFaces,
};
pub use csv::{HEADER as CSV_HEADER, to_csv};
pub use gate::{IgnoredRow, LimitRow};
pub use json::to_json;
pub use markdown::to_markdown;
pub use measure::{Knowledge, Measure, measure, paths};
pub use model::{
    Bound, Certificates, Checks, Domain, FaceSummary, Faces, Histogram, HistogramRow, IdentityRow, Layer, Model,
    Plugin, Report, SCHEMA_ID, Settings, ShardBlock, Slice, Status, Summary, Tool, rounded,
};
pub use picture::{Edge, Partition, Polygon};
pub use read::read;
pub use shape::{DimensionRow, Euler, EulerRow, Lipschitz, NotAvailable, ShapeBlock, ShapeSummary};
pub use table::{Style, finding_line, table};
pub use weights::{PointsFile, WeightRow};
pub use yaml::to_yaml;

/// The JSON Schema of the document.
pub const SCHEMA: &str = include_str!("../../docs/report.schema.json");
