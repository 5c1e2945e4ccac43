//! The checks and renderers that are built in, behind the traits that external plugins implement too.

use super::{Check, Failure, Kind, Render, Subject};
use crate::finding::{Finding, Severity};
use crate::report::{Style, table, to_json, to_yaml};

/// Width of a table that is written to a file.
const WIDTH: usize = 100;

const CHECKS: [(&str, &dyn Check, &str); 1] =
    [("complete", &Complete, "an error where the audit did not do all it set out to do")];

const RENDERS: [(&str, &dyn Render, &str); 3] = [
    ("yaml", &Yaml, "the report as YAML"),
    ("json", &Json, "the report as one line of JSON"),
    ("table", &Table, "headline, table and histogram in text"),
];

/// The built-in check of this name.
pub fn check(name: &str) -> Option<&'static dyn Check> {
    CHECKS.iter().find(|c| c.0 == name).map(|c| c.1)
}

/// The built-in renderer of this name.
pub fn render(name: &str) -> Option<&'static dyn Render> {
    RENDERS.iter().find(|r| r.0 == name).map(|r| r.1)
}

/// Whether a built-in has this name.
pub fn is_builtin(name: &str) -> bool {
    check(name).is_some() || render(name).is_some()
}

/// Name, kind and summary of every built-in.
pub fn summaries() -> impl Iterator<Item = (&'static str, Kind, &'static str)> {
    let checks = CHECKS.iter().map(|(name, _, summary)| (*name, Kind::Check, *summary));
    checks.chain(RENDERS.iter().map(|(name, _, summary)| (*name, Kind::Render, *summary)))
}

struct Complete;

impl Check for Complete {
    fn check(&self, subject: &Subject) -> Result<Vec<Finding>, Failure> {
        let status = &subject.report.status;
        if status.state == "complete" {
            return Ok(vec![]);
        }
        let reason = status.reason.as_deref().unwrap_or("no reason is stated");
        let message = format!("the audit is {}: {reason}", status.state);
        let hint = "give it a larger budget, or a smaller domain";
        Ok(vec![Finding::new("not-complete", Severity::Error, message).hint(hint)])
    }
}

fn failure(plugin: &str, error: anyhow::Error) -> Failure {
    Failure { plugin: plugin.into(), what: format!("{error:#}"), stderr: String::new() }
}

struct Yaml;

impl Render for Yaml {
    fn render(&self, subject: &Subject) -> Result<Vec<u8>, Failure> {
        to_yaml(subject.report).map(String::into_bytes).map_err(|e| failure("yaml", e))
    }
}

struct Json;

impl Render for Json {
    fn render(&self, subject: &Subject) -> Result<Vec<u8>, Failure> {
        to_json(subject.report).map(String::into_bytes).map_err(|e| failure("json", e))
    }
}

struct Table;

impl Render for Table {
    fn render(&self, subject: &Subject) -> Result<Vec<u8>, Failure> {
        Ok(table(subject.report, Style { width: WIDTH, color: false }).into_bytes())
    }
}
