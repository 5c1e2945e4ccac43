//! Findings: what polyaudit has to say about a model beside its numbers. One vocabulary for every stage.
//!
//! Contract: a code is stable and registered in [`CODES`]; a message says what was seen, a hint what to do next.

mod codes;
mod words;

pub use codes::{CODES, Code, code, nearest, reference};
pub use words::{counted, grouped};

use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The audit's result is in doubt or a limit is broken.
    Error,
    /// The reader should know before trusting or comparing the numbers.
    Warning,
    /// Good to know.
    Info,
}

impl Severity {
    /// As written in documents.
    pub fn name(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Info => "info",
        }
    }
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Stable kebab-case code, for example `domain-not-stated`.
    pub code: Cow<'static, str>,
    /// How much it matters.
    pub severity: Severity,
    /// What was seen.
    pub message: String,
    /// The ONNX node or unit it is about.
    pub node: Option<String>,
    /// What to do next.
    pub hint: Option<String>,
}

impl Finding {
    /// A finding about the model or the run as a whole. `code` is one of [`CODES`], or a plugin's own.
    pub fn new(code: &'static str, severity: Severity, message: impl Into<String>) -> Finding {
        Finding { code: code.into(), severity, message: message.into(), node: None, hint: None }
    }

    /// Names the node.
    pub fn at(mut self, node: impl Into<String>) -> Finding {
        self.node = Some(node.into());
        self
    }

    /// Says what to do next.
    pub fn hint(mut self, hint: impl Into<String>) -> Finding {
        self.hint = Some(hint.into());
        self
    }
}

/// The order of a report: by severity, code, node, message.
pub fn sort(findings: &mut [Finding]) {
    findings
        .sort_by(|a, b| (a.severity, &a.code, &a.node, &a.message).cmp(&(b.severity, &b.code, &b.node, &b.message)));
}
