//! The comparison as a table for people.

use super::{Comparison, DistanceRow, MetricRow, ReportRow};
use crate::report::chart::number;
use comfy_table::{Cell, CellAlignment, Table, presets};

/// Characters of a line of the table.
const WIDTH: u16 = 140;

/// Longest bar of the histograms.
const BAR: usize = 24;

fn table(head: Vec<String>, rows: Vec<Vec<String>>, names: usize) -> String {
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).force_no_tty().set_width(WIDTH);
    table.set_header(head);
    for row in rows {
        let cell = |(k, text): (usize, String)| {
            let side = if k < names { CellAlignment::Left } else { CellAlignment::Right };
            Cell::new(text).set_alignment(side)
        };
        table.add_row(row.into_iter().enumerate().map(cell));
    }
    format!("{table}\n")
}

/// The value of a metric with what is known of it.
pub fn value(row: &MetricRow, k: usize) -> String {
    let Some(value) = row.values[k] else { return "–".into() };
    match (row.known[k].as_deref(), row.low[k], row.high[k]) {
        (_, Some(low), Some(high)) => {
            let half = (high - low) / 2.0;
            match ((low + high) / 2.0 - value).abs() <= 0.05 * half {
                true => format!("{} ±{}", number(value), number(half)),
                false => format!("{} [{}, {}]", number(value), number(low), number(high)),
            }
        }
        (Some("at-least"), ..) => format!("≥ {}", number(value)),
        (Some("at-most"), ..) => format!("≤ {}", number(value)),
        (Some("estimate"), ..) => format!("~{}", number(value)),
        _ => number(value),
    }
}

/// The name of a report, with what is missing from it.
pub fn shown(row: &ReportRow) -> String {
    if row.state == "complete" { row.report.clone() } else { format!("{} ({})", row.report, row.state) }
}

/// A distance, for a table.
pub fn distance(row: &DistanceRow) -> [String; 7] {
    [
        format!("{} → {}", row.from, row.to),
        row.faces.clone(),
        row.test.clone(),
        number(row.total_variation),
        number(row.kolmogorov),
        number(row.transport),
        row.p_value.map_or("–".into(), number),
    ]
}

/// What a head says of each group, in the order in which they were given.
pub fn group_heads(comparison: &Comparison) -> Vec<String> {
    let first = comparison.groups.first().map_or("", |g| &g.metric);
    let groups = comparison.groups.iter().filter(|g| g.metric == first);
    groups.map(|g| format!("{} ({} models)", g.group, g.models)).collect()
}

/// What a p-value of groups is.
pub fn relabelled(comparison: &Comparison) -> Option<String> {
    let test = comparison.tests.first()?;
    let of =
        if test.exhaustive { format!("all {}", test.relabellings) } else { format!("{} seeded", test.relabellings) };
    Some(format!(
        "p: share of {of} relabellings of the models that separate the groups as well; adjusted for {} metrics (Holm)",
        comparison.tests.len()
    ))
}

/// The change of a metric in words.
pub fn change(row: &MetricRow, k: usize) -> String {
    let (Some(change), Some(verdict)) = (row.change[k], row.verdict[k].as_deref()) else {
        return row.verdict[k].clone().unwrap_or_default();
    };
    let sign = if change > 0.0 { "+" } else { "" };
    let percent = row.change_pct[k].map_or(String::new(), |p| format!(" ({sign}{p:.1} %)"));
    match verdict {
        "equal" => "equal".into(),
        "within-noise" => format!("{sign}{}{percent}, within noise", number(change)),
        "unknown" => "unknown".into(),
        _ => format!("{sign}{}{percent}", number(change)),
    }
}

/// The whole comparison as text, with the histograms of `shares` (per report, by number of total faces: its own share
/// and its null model's) side by side.
pub fn to_table(comparison: &Comparison, shares: &[Vec<[f64; 2]>]) -> String {
    let names: Vec<String> = comparison.reports.iter().map(shown).collect();
    let mut out = String::new();
    comparison.mismatches.iter().for_each(|m| out += &format!("warning: {m}\n"));
    if comparison.kind == "groups" {
        return out + &groups(comparison);
    }
    let against = if comparison.kind == "series" { "before" } else { "first" };
    let mut head = vec!["metric".to_string()];
    for (k, name) in names.iter().enumerate() {
        head.push(name.clone());
        if k > 0 {
            head.push(format!("change to {against}"));
        }
    }
    let rows = comparison.metrics.iter().map(|row| {
        let mut cells = vec![row.metric.clone()];
        for k in 0..names.len() {
            cells.push(value(row, k));
            if k > 0 {
                cells.push(change(row, k));
            }
        }
        cells
    });
    out += &table(head, rows.collect(), 1);
    out += &histograms(&names, shares);
    let rows = comparison.distances.iter().map(|d| distance(d).to_vec());
    let head = ["distance", "faces", "test", "total variation", "Kolmogorov", "transport", "p"].map(String::from);
    out += &table(head.to_vec(), rows.collect(), 3);
    out + &layers(comparison, &names)
}

fn histograms(names: &[String], shares: &[Vec<[f64; 2]>]) -> String {
    let most = shares.iter().flatten().map(|s| s[0]).fold(0.0, f64::max);
    if most == 0.0 {
        return String::new();
    }
    let null: Vec<bool> = shares.iter().map(|s| s.iter().any(|s| s[1] > 0.0)).collect();
    let width = |k: usize| BAR + if null[k] { 21 } else { 8 };
    let mut out = format!("{:>6}", "faces");
    for (k, name) in names.iter().enumerate() {
        let head = crate::report::chart::short(name, width(k) - if null[k] { 8 } else { 0 });
        let null = if null[k] { "null" } else { "" };
        out += &format!("  {head:<rest$}{null}", rest = width(k) - null.len());
    }
    out = out.trim_end().to_string() + "\n";
    let longest = shares.iter().map(Vec::len).max().unwrap_or(0);
    for faces in (0..longest).filter(|&k| shares.iter().any(|s| s.get(k).is_some_and(|v| v[0] > 0.0))) {
        let mut line = format!("{faces:>6}");
        for (one, null) in shares.iter().zip(&null) {
            let [share, expected] = one.get(faces).copied().unwrap_or_default();
            let bar = "█".repeat((share / most * BAR as f64).ceil() as usize);
            line += &format!("  {bar:<BAR$} {:>5.1} %", 100.0 * share);
            if *null {
                line += &format!("     {:>5.1} % ", 100.0 * expected);
            }
        }
        out += &format!("{}\n", line.trim_end());
    }
    out
}

fn groups(comparison: &Comparison) -> String {
    let mut head = vec!["metric".to_string()];
    head.extend(group_heads(comparison).into_iter().map(|group| format!("{group}: mean [min, max]")));
    head.extend(["difference", "p", "p, adjusted"].map(String::from));
    let rows = comparison.tests.iter().map(|test| {
        let mut row = vec![test.metric.clone()];
        for group in comparison.groups.iter().filter(|g| g.metric == test.metric) {
            row.push(format!("{} [{}, {}]", number(group.mean), number(group.min), number(group.max)));
        }
        row.push(test.difference.map_or("–".into(), number));
        row.extend([number(test.p_value), number(test.p_adjusted)]);
        row
    });
    table(head, rows.collect(), 1) + &relabelled(comparison).map_or(String::new(), |how| how + "\n")
}

fn layers(comparison: &Comparison, names: &[String]) -> String {
    if comparison.layers.is_empty() {
        return "layers: the same\n".into();
    }
    let head = ["layers that differ".to_string()].into_iter().chain(names.iter().cloned()).collect();
    let rows = comparison.layers.iter().map(|row| {
        let cell = |v: &Option<String>| v.clone().unwrap_or_else(|| "–".into());
        [row.name.clone()].into_iter().chain(row.variants.iter().map(cell)).collect()
    });
    table(head, rows.collect(), names.len() + 1)
}
