//! The document `polyaudit/report/1`: its types and its formats. Knows results, never engines.

mod json;
mod model;
mod table;
mod yaml;

pub use json::to_json;
pub use model::{
    Bound, Checks, Domain, FaceSummary, Faces, Histogram, HistogramRow, IdentityRow, Layer, Model, Plugin, Report,
    SCHEMA_ID, Settings, Status, Summary, Tool, rounded,
};
pub use table::{Style, table};
pub use yaml::to_yaml;

/// The JSON Schema of the document.
pub const SCHEMA: &str = include_str!("../../docs/report.schema.json");
