//! The checks and renderers that are built in, behind the traits that external plugins implement too.

use super::{Check, Failure, Kind, Render, Subject};
use crate::checks;
use crate::finding::{Finding, Severity};
use crate::report::{self, CSV_HEADER, Style, chart, html, table, to_csv, to_json, to_markdown, to_yaml};

/// Width of a table that is written to a file.
const WIDTH: usize = 100;

/// Checks that every audit makes.
const ALWAYS: [&dyn Check; 2] = [&Coverage, &Weights];

const CHECKS: [(&str, &dyn Check, &str); 1] =
    [("complete", &Complete, "an error where the audit did not do all it set out to do")];

/// What a renderer makes of a report.
type Written = fn(&report::Report) -> anyhow::Result<String>;

static RENDERS: [(Builtin, &str); 7] = [
    (Builtin { name: "yaml", write: to_yaml }, "the report as YAML"),
    (Builtin { name: "json", write: to_json }, "the report as one line of JSON"),
    (Builtin { name: "markdown", write: |r| Ok(to_markdown(r)) }, "the report for a pull request"),
    (Builtin { name: "csv", write: |r| Ok(format!("{CSV_HEADER}{}", to_csv(r))) }, "the histogram as CSV"),
    (Builtin { name: "html", write: page }, "the report as one self-contained page, without the partition"),
    (Builtin { name: "svg", write: picture }, "the histogram as a picture"),
    (Builtin { name: "table", write: text }, "headline, table and histogram in text"),
];

fn page(report: &report::Report) -> anyhow::Result<String> {
    Ok(html::html(&[html::Subject { report, picture: None }]))
}

fn picture(report: &report::Report) -> anyhow::Result<String> {
    Ok(chart::standalone(&chart::with_legend(&chart::of_report(report, None), &chart::series(report))))
}

fn text(report: &report::Report) -> anyhow::Result<String> {
    Ok(table(report, Style { width: WIDTH, color: false }))
}

/// The findings of the checks that every audit makes.
pub fn always(subject: &Subject) -> Result<Vec<Finding>, Failure> {
    let answers: Result<Vec<_>, Failure> = ALWAYS.iter().map(|c| c.check(subject)).collect();
    Ok(answers?.concat())
}

/// The built-in check of this name.
pub fn check(name: &str) -> Option<&'static dyn Check> {
    CHECKS.iter().find(|c| c.0 == name).map(|c| c.1)
}

/// The built-in renderer of this name.
pub fn render(name: &str) -> Option<&'static dyn Render> {
    RENDERS.iter().find(|r| r.0.name == name).map(|r| &r.0 as &dyn Render)
}

/// Whether a built-in has this name.
pub fn is_builtin(name: &str) -> bool {
    check(name).is_some() || render(name).is_some()
}

/// Name, kind and summary of every built-in that can be asked for.
pub fn summaries() -> impl Iterator<Item = (&'static str, Kind, &'static str)> {
    let checks = CHECKS.iter().map(|(name, _, summary)| (*name, Kind::Check, *summary));
    checks.chain(RENDERS.iter().map(|(builtin, summary)| (builtin.name, Kind::Render, *summary)))
}

struct Coverage;

impl Check for Coverage {
    fn check(&self, subject: &Subject) -> Result<Vec<Finding>, Failure> {
        Ok(checks::coverage(subject.report))
    }
}

struct Weights;

impl Check for Weights {
    fn check(&self, subject: &Subject) -> Result<Vec<Finding>, Failure> {
        Ok(subject.network.map(checks::weights).unwrap_or_default())
    }
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

struct Builtin {
    name: &'static str,
    write: Written,
}

impl Render for Builtin {
    fn render(&self, subject: &Subject) -> Result<Vec<u8>, Failure> {
        let failure =
            |e: anyhow::Error| Failure { plugin: self.name.into(), what: format!("{e:#}"), stderr: String::new() };
        (self.write)(subject.report).map(String::into_bytes).map_err(failure)
    }
}
