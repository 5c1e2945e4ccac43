//! The document as one line of JSON.

use super::Report;

/// One object on one line, with a line feed.
pub fn to_json(report: &Report) -> anyhow::Result<String> {
    Ok(serde_json::to_string(report)? + "\n")
}
