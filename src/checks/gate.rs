//! From a report and a configuration to a verdict: severities, limits, findings set aside.
//!
//! Contract: what is set aside stays in the report with its reason; an entry that sets nothing aside is reported.

use super::config::{Config, pattern};
use super::limits;
use crate::finding::{Finding, Severity, sort};
use crate::report::{IgnoredRow, Report};
use anyhow::Result;
use serde::Deserialize;

/// From which severity on a finding fails a model.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FailOn {
    /// Errors.
    #[default]
    Error,
    /// Errors and warnings.
    Warning,
    /// Nothing fails.
    Never,
}

/// A configuration at work over the models of a run.
#[derive(Clone, Debug)]
pub struct Gate {
    config: Config,
    fail_on: FailOn,
    /// Whether somebody asked for a verdict.
    asked: bool,
    used: Vec<bool>,
    /// Whether the last report says which entries set nothing aside.
    told: bool,
}

impl Gate {
    /// Prepares; `asked` says whether reports carry a verdict.
    pub fn new(config: Config, fail_on: Option<FailOn>, asked: bool) -> Gate {
        let used = vec![false; config.ignore.len()];
        Gate { fail_on: fail_on.or(config.fail_on).unwrap_or_default(), config, asked, used, told: false }
    }

    /// Checks one report and writes the outcome into it; gives whether the run may end well. The `last` report of a run
    /// also says which entries set nothing aside in any.
    pub fn check(&mut self, report: &mut Report, baseline: Option<&Report>, last: bool) -> Result<bool> {
        let rows = limits::evaluate(report, &self.config, baseline)?;
        for row in rows.iter().filter(|r| matches!(r.outcome.as_str(), "broken" | "undecided" | "missing")) {
            let message = format!("{} {}: {} ({})", row.metric, row.limit, row.detail, row.outcome);
            report.findings.push(Finding::new("limit-broken", row.severity, message));
        }
        if self.config.require_complete && report.status.state != "complete" {
            let reason = report.status.reason.clone().unwrap_or_default();
            let message = format!("the audit is {}: {reason}", report.status.state);
            report.findings.push(Finding::new("not-complete", Severity::Error, message));
        }
        report.checks.limits = rows;
        self.set_aside(report)?;
        self.set_severities(&mut report.findings);
        if last {
            report.findings.extend(self.unused());
            self.told = true;
        }
        sort(&mut report.findings);
        if self.asked {
            // What never fails a run has a verdict all the same, and a model that was not audited passes nothing.
            let floor = [self.fail_on, self.config.fail_on.unwrap_or_default(), FailOn::Error];
            let floor = floor.into_iter().find(|f| *f != FailOn::Never).unwrap_or_default();
            let passes = report.status.state != "refused" && passes(&report.findings, floor);
            report.checks.verdict = Some(if passes { "pass" } else { "fail" }.into());
        }
        Ok(passes(&report.findings, self.fail_on))
    }

    fn set_severities(&self, findings: &mut [Finding]) {
        for finding in findings {
            if let Some(severity) = self.config.severities.get(finding.code.as_ref()) {
                finding.severity = *severity;
            }
        }
    }

    fn set_aside(&mut self, report: &mut Report) -> Result<()> {
        for (entry, used) in self.config.ignore.iter().zip(&mut self.used) {
            if !pattern(entry.model.as_deref())?.matches(&report.model.file) {
                continue;
            }
            let concerned = |f: &Finding| {
                f.code == entry.code && (entry.node.is_none() || entry.node.as_deref() == f.node.as_deref())
            };
            let (aside, kept): (Vec<Finding>, Vec<Finding>) = report.findings.drain(..).partition(concerned);
            *used |= !aside.is_empty();
            report.findings = kept;
            report.checks.ignored.extend(aside.into_iter().map(|f| IgnoredRow {
                code: f.code.into_owned(),
                message: f.message,
                node: f.node,
                reason: entry.reason.clone(),
            }));
        }
        Ok(())
    }

    /// Entries that set nothing aside in the whole run and that no report tells, and whether they fail it.
    pub fn stale(&self) -> (Vec<Finding>, bool) {
        let findings = if self.told { vec![] } else { self.unused() };
        let fails = !passes(&findings, self.fail_on);
        (findings, fails)
    }

    fn unused(&self) -> Vec<Finding> {
        let unused = self.config.ignore.iter().zip(&self.used).filter(|(_, used)| !**used);
        let mut findings: Vec<Finding> = unused
            .map(|(entry, _)| {
                let (code, reason) = (&entry.code, &entry.reason);
                let message = format!("no finding {code} occurs in this run; it was to be ignored because: {reason}");
                Finding::new("stale-ignore", Severity::Warning, message).hint("remove the entry from the configuration")
            })
            .collect();
        self.set_severities(&mut findings);
        findings
    }
}

fn passes(findings: &[Finding], fail_on: FailOn) -> bool {
    let worst = match fail_on {
        FailOn::Error => Severity::Error,
        FailOn::Warning => Severity::Warning,
        FailOn::Never => return true,
    };
    findings.iter().all(|f| f.severity > worst)
}
