//! Stored reports, read back: YAML with one or several documents, or JSON with one object per line.
//!
//! Refuses what is no report, and reports of another major version, by document number.

use super::{Report, SCHEMA_ID};
use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use serde_yaml::Value;

/// All documents of a text.
pub fn read(text: &str) -> Result<Vec<Report>> {
    let mut documents: Vec<Value> = if text.trim_start().starts_with('{') {
        serde_json::Deserializer::from_str(text)
            .into_iter()
            .collect::<serde_json::Result<_>>()
            .context("not the JSON of a report")?
    } else {
        serde_yaml::Deserializer::from_str(text)
            .map(Value::deserialize)
            .collect::<Result<_, _>>()
            .context("not the YAML of a report")?
    };
    // A text without content, or a marker at its end, reads as a document that is null.
    documents.retain(|d| !d.is_null());
    ensure!(!documents.is_empty(), "holds no report");
    documents.into_iter().enumerate().map(|(k, document)| one(document).with_context(|| label(k))).collect()
}

fn label(k: usize) -> String {
    format!("document {}", k + 1)
}

fn one(document: Value) -> Result<Report> {
    let schema = document.get("schema").and_then(Value::as_str).context("has no `schema`: not a report")?;
    ensure!(schema == SCHEMA_ID, "has schema {schema}; this version reads {SCHEMA_ID}");
    serde_yaml::from_value(document).context("does not fit the schema of reports")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_report_is_refused_by_document() {
        let message = |text: &str| format!("{:#}", read(text).expect_err("refused"));
        assert!(message("").contains("no report"));
        assert!(message("a: 1\n").contains("document 1: has no `schema`"));
        assert!(message("schema: polyaudit/report/9\n").contains("this version reads polyaudit/report/1"));
        assert!(message("{\"schema\": \"polyaudit/report/1\"}").contains("does not fit"));
        assert!(message("{\"schema\": ").contains("not the JSON"));
    }
}
