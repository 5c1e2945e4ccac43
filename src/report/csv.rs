//! The histogram as CSV, one line per number of faces.

use super::Report;

/// The names of the columns.
pub const HEADER: &str = "model,weight,face_count,total,interior\n";

/// The lines of one model, without the header.
pub fn to_csv(report: &Report) -> String {
    let weight = report.histogram.weight.as_deref().unwrap_or_default();
    let rows = report.histogram.rows.iter().map(|r| r.numbers());
    rows.map(|(faces, total, interior)| format!("{},{weight},{faces},{total},{interior}\n", field(&report.model.file)))
        .collect()
}

/// A field by RFC 4180.
fn field(text: &str) -> String {
    if text.contains([',', '"', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text.into() }
}
