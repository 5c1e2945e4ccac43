//! The report as Markdown, for pull requests.

use super::html::command;
use super::{Report, table};

/// A section with a table, the histogram, limits and findings.
pub fn to_markdown(report: &Report) -> String {
    let mut out = format!("## polyaudit: {}\n\n", text(&report.model.file));
    if let Some(verdict) = &report.checks.verdict {
        out += &format!("**{}**\n\n", verdict.to_uppercase());
    }
    out += &format!("{}\n", text(&table::headline(report)));
    if !report.checks.limits.is_empty() {
        out += "\n| outcome | metric | limit | detail |\n|---|---|---|---|\n";
        for l in &report.checks.limits {
            out += &format!("| {} | `{}` | {} {} | {} |\n", l.outcome, l.metric, l.limit, l.bound, text(&l.detail));
        }
    }
    if let Some(faces) = &report.summary.faces {
        out += &format!(
            "\n| faces per {} | mean | median | p95 | min | max | at most 2d |\n|---|---:|---:|---:|---:|---:|---:|\n",
            table::unit(report)
        );
        for (name, f) in [("total", &faces.total), ("interior", &faces.interior), ("walls", &faces.walls)] {
            out += &format!("| {name} | {} |\n", table::cells(f).join(" | "));
        }
        out += &format!(
            "\n<details><summary>Histogram</summary>\n\n```text\n{}```\n\n</details>\n",
            table::histogram(report)
        );
    }
    if !report.findings.is_empty() {
        out += "\n";
        for f in &report.findings {
            let node = f.node.as_ref().map_or(String::new(), |n| format!(" at `{}`", n.replace('`', "'")));
            out += &format!("- **{}** `{}`{node}: {}\n", f.severity.name(), f.code, text(&f.message));
        }
    }
    for ignored in &report.checks.ignored {
        out +=
            &format!("- ignored `{}`: {} (because: {})\n", ignored.code, text(&ignored.message), text(&ignored.reason));
    }
    out + &format!("\n`{}`, model {}\n", command(report).replace('`', "'"), report.model.sha256)
}

/// Text that no Markdown reader takes for markup or for the end of a cell.
fn text(words: &str) -> String {
    let mut out = String::new();
    for c in words.chars() {
        if "\\`*_{}[]<>|#".contains(c) {
            out.push('\\');
        }
        out.push(if c == '\n' { ' ' } else { c });
    }
    out
}
