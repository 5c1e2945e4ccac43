//! What a review adds to the document: limits with their outcome, findings set aside, the verdict.

use crate::finding::Severity;
use serde::{Deserialize, Serialize};

/// One limit on a number of `summary`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LimitRow {
    /// Dotted path below `summary`.
    pub metric: String,
    /// `max`, `min`, `max_increase`, `max_decrease`, `max_increase_pct` or `max_decrease_pct`.
    pub limit: String,
    /// The number that the limit states.
    pub bound: f64,
    /// The model's number; null where it is missing.
    pub value: Option<f64>,
    /// The baseline's number; limits on changes only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub baseline: Option<f64>,
    /// `holds`, `within-noise`, `broken`, `undecided` or `missing`; the last three count as broken.
    pub outcome: String,
    /// Severity when broken.
    pub severity: Severity,
    /// The comparison in words.
    pub detail: String,
}

/// A finding that the configuration sets aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IgnoredRow {
    /// Its code.
    pub code: String,
    /// What was seen.
    pub message: String,
    /// The node or unit it is about.
    pub node: Option<String>,
    /// Why it is set aside.
    pub reason: String,
}
