//! The document as one line of JSON.

use serde::Serialize;

/// One object on one line, with a line feed.
pub fn to_json(document: &impl Serialize) -> anyhow::Result<String> {
    Ok(serde_json::to_string(document)? + "\n")
}
