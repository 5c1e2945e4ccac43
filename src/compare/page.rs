//! The comparison as a page.

use super::text::{change, distance, group_heads, relabelled, shown, value};
use super::{Comparison, Entry};
use crate::report::chart::{Curve, Frame, Series, escape, lines, number, series as series_of};
use crate::report::html::{Cell, command, glossary, histogram_figure, page, table};

/// Curves of a series: path below `summary`, title of the axis.
const CURVES: [(&str, &str); 6] = [
    ("regions", "regions"),
    ("regions_found", "regions found (at least)"),
    ("faces.total.mean", "mean faces (total)"),
    ("faces.interior.mean", "mean faces (interior)"),
    ("faces.total.p95", "95th percentile of faces"),
    ("faces.total.share_at_most_2d", "share, at most 2d faces"),
];

fn texts(cells: impl IntoIterator<Item = String>) -> Vec<Cell> {
    cells.into_iter().map(Cell::Text).collect()
}

/// The page.
pub fn to_html(comparison: &Comparison, entries: &[Entry]) -> String {
    let names: Vec<String> = comparison.reports.iter().map(shown).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let title = format!("{} {}", names.len(), if comparison.kind == "series" { "checkpoints" } else { "models" });
    let mut body =
        format!("<h1>Comparison of {title}</h1>\n<p class=\"headline\">{}</p>\n", escape(&headline(comparison)));
    for mismatch in &comparison.mismatches {
        body +=
            &format!("<p class=\"finding\"><span class=\"severity warning\">warning</span> {}</p>\n", escape(mismatch));
    }
    if comparison.kind == "groups" {
        body += &groups(comparison);
    }
    if comparison.kind == "series" {
        body += &series(comparison);
    }
    body += &metrics(comparison, &names);
    body += "<h2>Histograms</h2>\n<div class=\"pair\">\n";
    let all: Vec<Series> = entries.iter().flat_map(|e| series_of(&e.report)).collect();
    let frame = Frame::around(&all);
    for (k, (entry, name)) in entries.iter().zip(&names).enumerate() {
        let figure = histogram_figure(&entry.report, &format!("h{k}"), Some(frame));
        body += &format!("<div><h3>{}</h3>\n{figure}</div>\n", escape(name));
    }
    body += "</div>\n";
    body += &distances(comparison);
    body += &layers(comparison, &names);
    body += "<h2>To get these numbers again</h2>\n";
    let commands: Vec<String> = entries.iter().map(|e| command(&e.report)).collect();
    body += &format!("<pre>{}</pre>\n", escape(&commands.join("\n")));
    let rows = comparison.reports.iter().map(|r| {
        let group = r.group.clone().unwrap_or_default();
        texts([r.report.clone(), group, r.method.clone(), r.state.clone(), r.sha256.clone(), r.audit_seed.to_string()])
    });
    body += &table(&["model", "group", "method", "state", "hash", "seed"], 5, rows.collect());
    body += &glossary::section();
    page(&format!("comparison of {title}"), &body)
}

fn headline(comparison: &Comparison) -> String {
    if comparison.kind == "groups" {
        let apart = comparison.tests.iter().filter(|t| t.p_adjusted <= 0.05).count();
        return format!(
            "The groups differ in {apart} of {} metrics that vary (p ≤ 0.05, adjusted).",
            comparison.tests.len()
        );
    }
    let count = |word: &str| {
        let verdicts = comparison.metrics.iter().filter_map(|m| m.verdict.last()?.as_deref());
        verdicts.filter(|v| *v == word).count()
    };
    let against = if comparison.kind == "series" { "the one before" } else { "the first" };
    format!(
        "The last model against {against}: {} metrics higher, {} lower, {} equal, {} within sampling noise.",
        count("higher"),
        count("lower"),
        count("equal"),
        count("within-noise")
    )
}

/// Models side by side in one table, so that it fits a page and a phone.
const SIDE_BY_SIDE: usize = 4;

fn metrics(comparison: &Comparison, names: &[&str]) -> String {
    let changes = comparison.kind != "groups";
    if names.len() == 2 && changes {
        let rows = comparison
            .metrics
            .iter()
            .map(|row| texts([row.metric.clone(), value(row, 0), value(row, 1), change(row, 1)]));
        return format!("<h2>Metrics</h2>\n{}", table(&["metric", names[0], names[1], "change"], 1, rows.collect()));
    }
    let mut out = String::from("<h2>Metrics</h2>\n");
    if changes {
        let against = if comparison.kind == "series" { "the one before" } else { "the first" };
        out += &format!("<p class=\"muted\">Under each number, its change against {against}.</p>\n");
    }
    let all: Vec<usize> = (0..names.len()).collect();
    for part in all.chunks(SIDE_BY_SIDE) {
        let head: Vec<&str> = ["metric"].into_iter().chain(part.iter().map(|&k| names[k])).collect();
        let rows = comparison.metrics.iter().map(|row| {
            let cell = |&k: &usize| match change(row, k) {
                below if changes && k > 0 => Cell::Below(value(row, k), below),
                _ => Cell::Text(value(row, k)),
            };
            std::iter::once(Cell::Text(row.metric.clone())).chain(part.iter().map(cell)).collect()
        });
        out += &table(&head, 1, rows.collect());
    }
    out
}

fn distances(comparison: &Comparison) -> String {
    if comparison.distances.is_empty() {
        return String::new();
    }
    let rows = comparison.distances.iter().map(|d| texts(distance(d)));
    let head = ["models", "faces", "test", "total variation", "Kolmogorov", "transport (faces)", "p"];
    format!("<h2>Distances of the distributions</h2>\n{}", table(&head, 3, rows.collect()))
}

fn groups(comparison: &Comparison) -> String {
    let rows = comparison.tests.iter().map(|t| {
        let groups = comparison.groups.iter().filter(|g| g.metric == t.metric);
        let means = groups.map(|g| Cell::Below(number(g.mean), format!("{} to {}", number(g.min), number(g.max))));
        let numbers = [t.difference.map_or("–".into(), number), number(t.p_value), number(t.p_adjusted)];
        std::iter::once(Cell::Text(t.metric.clone())).chain(means).chain(texts(numbers)).collect()
    });
    let groups = group_heads(comparison);
    let head: Vec<&str> = (["metric"].into_iter())
        .chain(groups.iter().map(String::as_str))
        .chain(["difference", "p", "p, adjusted"])
        .collect();
    let how = relabelled(comparison).map_or(String::new(), |how| {
        format!("<p class=\"muted\">Means over the models, with the smallest and the largest below. {how}.</p>\n")
    });
    format!("<h2>Groups</h2>\n{how}{}", table(&head, 1, rows.collect()))
}

fn series(comparison: &Comparison) -> String {
    let steps: Vec<String> = comparison.reports.iter().map(|r| r.report.clone()).collect();
    let mut out = String::from("<h2>Over the series</h2>\n<div class=\"pair\">\n");
    for (metric, title) in CURVES {
        let Some(row) = comparison.metrics.iter().find(|m| m.metric == metric) else { continue };
        let Some(values) = row.values.iter().copied().collect::<Option<Vec<f64>>>() else { continue };
        let ranges = row.low.iter().zip(&row.high).map(|(l, h)| Some([(*l)?, (*h)?])).collect();
        out += &format!(
            "<figure>{}</figure>\n",
            lines(&[Curve { class: "total", values, ranges }], &steps, "checkpoint", title)
        );
    }
    out + "</div>\n"
}

fn layers(comparison: &Comparison, names: &[&str]) -> String {
    if comparison.layers.is_empty() {
        return "<h2>Layers</h2>\n<p class=\"muted\">The same in all models.</p>\n".into();
    }
    let head: Vec<&str> = ["layer"].into_iter().chain(names.iter().copied()).collect();
    let rows = comparison.layers.iter().map(|row| {
        let cell = |v: &Option<String>| v.clone().unwrap_or_else(|| "–".into());
        texts([row.name.clone()].into_iter().chain(row.variants.iter().map(cell)))
    });
    format!("<h2>Layers that differ</h2>\n{}", table(&head, names.len() + 1, rows.collect()))
}
