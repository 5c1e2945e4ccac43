//! The envelope that a plugin is given and the answer that it gives.
//!
//! Contract: `docs/plugins.schema.json`. An answer is taken as a whole or not at all; a plugin's findings bear its name,
//! so that none is taken for one of polyaudit's own. Refuses unknown keys, codes that are not kebab-case, and control
//! characters, which could steer a terminal.

use super::manifest::{Kind, Need};
use super::{Structure, Subject};
use crate::finding::{Finding, Severity};
use crate::report::Report;
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The protocol of this program.
pub const PROTOCOL: u64 = 1;
/// Most findings of an answer.
const MOST_FINDINGS: usize = 10_000;

/// What goes to a plugin's standard input, as one line of JSON.
#[derive(Debug, Serialize)]
pub struct Envelope<'a> {
    protocol: u64,
    kind: Kind,
    config: &'a Value,
    probe: bool,
    report: &'a Report,
    #[serde(skip_serializing_if = "Option::is_none")]
    ir: Option<Structure>,
}

impl<'a> Envelope<'a> {
    /// The envelope for a plugin of this kind with these needs.
    pub fn new(kind: Kind, needs: &[Need], subject: &Subject<'a>) -> Envelope<'a> {
        let wanted = subject.network.filter(|_| needs.contains(&Need::Ir));
        let ir = wanted.map(|network| Structure::new(network, subject.path));
        Envelope { protocol: PROTOCOL, kind, config: subject.config, probe: subject.probe, report: subject.report, ir }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    code: String,
    severity: Severity,
    message: String,
    #[serde(default)]
    node: Option<String>,
    #[serde(default)]
    hint: Option<String>,
}

/// The findings in the answer of the check `plugin`.
pub fn findings(plugin: &str, answer: &[u8]) -> Result<Vec<Finding>, String> {
    let rows: Vec<Row> = serde_json::from_slice(answer)
        .map_err(|e| format!("its answer is not a JSON list of findings: {e}; see `polyaudit plugins schema`"))?;
    if rows.len() > MOST_FINDINGS {
        return Err(format!("its answer holds {} findings, more than {MOST_FINDINGS}", rows.len()));
    }
    rows.into_iter().enumerate().map(|(k, row)| finding(plugin, k, row)).collect()
}

fn finding(plugin: &str, k: usize, row: Row) -> Result<Finding, String> {
    if !super::valid_name(&row.code) {
        return Err(format!("finding {k} of its answer: a code is lower-case letters, digits and hyphens"));
    }
    let texts = [Some(&row.message), row.node.as_ref(), row.hint.as_ref()];
    if row.message.trim().is_empty() || texts.iter().flatten().any(|t| t.chars().any(char::is_control)) {
        return Err(format!("finding {k} of its answer: texts are one line without control characters, not empty"));
    }
    let code = format!("{plugin}/{}", row.code).into();
    Ok(Finding { code, severity: row.severity, message: row.message, node: row.node, hint: row.hint })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_taken_whole_or_not_at_all() {
        let good = r#"[{"code": "a-b", "severity": "info", "message": "m", "node": null, "hint": "h"}]"#;
        assert_eq!(findings("p", good.as_bytes()).expect("findings")[0].code, "p/a-b");
        assert!(findings("p", b"[]").expect("findings").is_empty());
        for bad in [
            "",
            "{}",
            "[] []",
            r#"[{"code": "a", "severity": "fatal", "message": "m"}]"#,
            r#"[{"code": "A b", "severity": "info", "message": "m"}]"#,
            r#"[{"code": "a", "severity": "info", "message": ""}]"#,
            r#"[{"code": "a", "severity": "info", "message": "\u001b[2J"}]"#,
            r#"[{"code": "a", "severity": "info", "message": "m", "green": true}]"#,
        ] {
            assert!(findings("p", bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
