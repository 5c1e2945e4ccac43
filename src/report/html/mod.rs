//! The report as one self-contained HTML page: no network access, light and dark, printable.
//!
//! Contract: every text of the model passes `escape`; the page forbids itself, by its content security policy, to load
//! or send anything. Works without its script but for hovering, zooming and switching.

pub mod glossary;
mod layers;
mod page;
mod sections;
mod shape;

pub use page::{Cell, figures, page, table};
pub use sections::{command, histogram_figure};

use super::chart::escape;
use super::{Partition, Report, table as text};

/// One model of a page.
pub struct Subject<'a> {
    /// Its report.
    pub report: &'a Report,
    /// The picture of its partition, or why there is none; `None` where none was asked for.
    pub picture: Option<Result<&'a Partition, &'a str>>,
}

/// The page about one or several models.
pub fn html(subjects: &[Subject]) -> String {
    let mut body = String::new();
    if subjects.len() != 1 {
        body += &format!("<h1>{} models</h1>\n<nav><ol>\n", subjects.len());
        for (k, subject) in subjects.iter().enumerate() {
            let verdict = subject.report.checks.verdict.as_ref().map_or(String::new(), |v| format!(" ({})", escape(v)));
            body += &format!("<li><a href=\"#model-{k}\">{}</a>{verdict}</li>\n", escape(&subject.report.model.file));
        }
        body += "</ol></nav>\n";
    }
    subjects.iter().enumerate().for_each(|(k, subject)| body += &model(subject, k));
    body += &glossary::section();
    let title = subjects.iter().map(|s| s.report.model.file.as_str()).collect::<Vec<_>>().join(", ");
    page(&title, &body)
}

fn model(subject: &Subject, index: usize) -> String {
    let report = subject.report;
    let mut out = format!("<section id=\"model-{index}\">\n<h1>{}</h1>\n", escape(&report.model.file));
    if let Some(verdict) = &report.checks.verdict {
        out += &format!("<p class=\"verdict {0}\">{0}</p>\n", escape(verdict));
    }
    out += &format!("<p class=\"headline\">{}</p>\n", escape(&text::headline(report)));
    out += &sections::key_figures(report);
    out += &sections::limits(report);
    out += &sections::histogram(report, index);
    out += &sections::partition(subject, index);
    out += &layers::section(report);
    out += &shape::section(report);
    out += &sections::findings(report);
    out += &sections::identities(report);
    out += &sections::theory(report);
    out += &sections::settings(report);
    out + "</section>\n"
}
