//! `--config`, `--baseline`, `--fail-on`: the gate of a run, and the small commands about it (`init`, `explain`).

use super::args::{Explain, Gate as Flags, Init, Schema, SchemaArg};
use super::output;
use crate::checks::{self, Config, Gate};
use crate::finding::{self, Finding};
use crate::report::{Report, read};
use anyhow::{Context, Result, bail, ensure};
use std::path::Path;

/// What a run checks its models with.
pub struct Review {
    gate: Gate,
    baseline: Vec<Report>,
    allow_mismatch: bool,
}

impl Review {
    /// Prepares; reads the baseline.
    pub fn new(flags: &Flags, config: Option<&Config>) -> Result<Review> {
        let baseline = match &flags.baseline {
            Some(path) => stored(path).context("--baseline")?,
            None => vec![],
        };
        let asked = config.is_some() || flags.baseline.is_some() || flags.fail_on.is_some();
        let gate = Gate::new(config.cloned().unwrap_or_default(), flags.fail_on.map(Into::into), asked);
        Ok(Review { gate, baseline, allow_mismatch: flags.allow_mismatch })
    }

    /// Checks one report; gives whether the model passes. The `last` one of a run also tells of stale entries.
    pub fn check(&mut self, report: &mut Report, last: bool) -> Result<bool> {
        let baseline = match &self.baseline[..] {
            _ if report.status.state == "refused" => None,
            [] => None,
            [one] => Some(one),
            several => Some(several.iter().find(|r| r.model.file == report.model.file).with_context(|| {
                format!("--baseline holds {} reports, none of them of {}", several.len(), report.model.file)
            })?),
        };
        if let Some(baseline) = baseline.filter(|_| !self.allow_mismatch) {
            let differences = checks::differences(baseline, report);
            ensure!(
                differences.is_empty(),
                "{}: --baseline was audited otherwise, {}; audit it again, or give --allow-mismatch",
                report.model.file,
                differences.join("; ")
            );
        }
        self.gate.check(report, baseline, last)
    }

    /// What is to say at the end of the run; the flag tells whether it fails.
    pub fn stale(&self) -> (Vec<Finding>, bool) {
        self.gate.stale()
    }
}

/// The reports of a file.
pub fn stored(path: &Path) -> Result<Vec<Report>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("{}: cannot be read", path.display()))?;
    read(&text).with_context(|| path.display().to_string())
}

/// `polyaudit schema`.
pub fn schema(arguments: &Schema) -> Result<u8> {
    output::print(match arguments.document {
        SchemaArg::Report => crate::report::SCHEMA,
        SchemaArg::Compare => crate::compare::SCHEMA,
    })?;
    Ok(0)
}

/// `polyaudit init`.
pub fn init(arguments: &Init) -> Result<u8> {
    let path = &arguments.file;
    ensure!(arguments.force || !path.exists(), "{} exists already: give --force to replace it", path.display());
    output::save(path, checks::TEMPLATE)?;
    output::message(&format!("wrote {}\n", path.display()));
    Ok(0)
}

/// `polyaudit explain`.
pub fn explain(arguments: &Explain) -> Result<u8> {
    let Some(name) = &arguments.code else {
        let lines = finding::CODES.iter().map(|c| format!("{:<26}  {:<7}  {}\n", c.name, c.severity.name(), c.title));
        output::print(&lines.collect::<String>())?;
        return Ok(0);
    };
    let Some(code) = finding::code(name) else {
        bail!("no finding has the code {name:?}; did you mean {:?}?", finding::nearest(name));
    };
    output::print(&format!("{}: {} ({})\n\n{}\n", code.name, code.title, code.severity.name(), wrapped(code.text)))?;
    Ok(0)
}

/// Lines of at most 100 characters.
fn wrapped(text: &str) -> String {
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().filter(|l| l.chars().count() + word.chars().count() < 100);
        match line {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) => *line += &format!(" {word}"),
            None => lines.push(word.into()),
        }
    }
    lines.join("\n")
}
