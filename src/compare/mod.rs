//! Reports side by side: models, groups of models that stand for architectures, checkpoints of a training run.
//!
//! Contract: reports with different settings are refused unless the caller asks otherwise, and the document then says
//! in what they differ. Enumerations are populations: distances, no p-values. Samples are tested only where their
//! points are independent. Groups are tested by permuting models, the units that were drawn.

mod model;
mod page;
mod text;

pub use model::{Comparison, DistanceRow, GroupRow, LayerRow, MetricRow, ReportRow, SCHEMA_ID, TestRow};
pub use page::to_html;
pub use text::to_table;

use crate::checks::differences;
use crate::report::{Knowledge, Measure, Report, Tool, measure, paths, rounded};
use crate::stats::{groups_differ, holm, kolmogorov, same_distribution, total_variation, transport};
use anyhow::{Result, ensure};
use std::collections::BTreeMap;

/// The JSON Schema of the document.
pub const SCHEMA: &str = include_str!("../../docs/compare.schema.json");

/// What is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Each report with the first.
    Models,
    /// Groups of reports with each other.
    Groups,
    /// Each report with the one before.
    Series,
}

/// One report, and its group.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The report.
    pub report: Report,
    /// Its group, for [`Kind::Groups`].
    pub group: Option<String>,
}

/// Compares reports; an error says in what they differ that must not.
pub fn compare(entries: &[Entry], kind: Kind, seed: u64, allow_mismatch: bool) -> Result<Comparison> {
    ensure!(entries.len() >= 2, "a comparison takes at least two reports");
    let names = names(entries);
    if let Some(k) = entries.iter().position(|e| e.report.status.state == "refused") {
        anyhow::bail!("{} was refused: it has no numbers to compare", names[k]);
    }
    let mut mismatches = vec![];
    for (entry, name) in entries.iter().zip(&names).skip(1) {
        let found = differences(&entries[0].report, &entry.report);
        mismatches.extend(found.into_iter().map(|d| format!("{} and {name}: {d}", names[0])));
    }
    ensure!(
        mismatches.is_empty() || allow_mismatch,
        "the audits are not comparable (--allow-mismatch compares them all the same):\n  {}",
        mismatches.join("\n  ")
    );
    let metrics = metrics(entries, kind);
    let groups = if kind == Kind::Groups { grouped(entries, &metrics)? } else { vec![] };
    Ok(Comparison {
        schema: SCHEMA_ID.into(),
        tool: Tool::default(),
        kind: match kind {
            Kind::Models => "models",
            Kind::Groups => "groups",
            Kind::Series => "series",
        }
        .into(),
        seed,
        settings: entries[0].report.settings.clone(),
        mismatches,
        reports: entries.iter().zip(&names).map(|(e, name)| row(e, name)).collect(),
        distances: if kind == Kind::Groups { vec![] } else { distances(entries, &names, kind, seed) },
        tests: tests(&groups, seed),
        groups: groups.iter().flat_map(|(metric, groups)| groups.iter().map(|g| group_row(metric, g))).collect(),
        layers: layers(entries),
        metrics,
    })
}

/// File names of the models, numbered where several are the same.
fn names(entries: &[Entry]) -> Vec<String> {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let name = |e: &'_ Entry| e.report.model.file.clone();
    (entries.iter())
        .map(|e| {
            let count = seen.entry(&e.report.model.file).or_default();
            *count += 1;
            if *count == 1 { name(e) } else { format!("{} ({count})", name(e)) }
        })
        .collect()
}

fn row(entry: &Entry, name: &str) -> ReportRow {
    let report = &entry.report;
    ReportRow {
        report: name.into(),
        group: entry.group.clone(),
        sha256: report.model.sha256.clone(),
        method: report.settings.method.clone(),
        audit_seed: report.settings.seed,
        state: report.status.state.clone(),
    }
}

/// The report that report `k` is compared with.
fn other(kind: Kind, k: usize) -> Option<usize> {
    match kind {
        _ if k == 0 => None,
        Kind::Series => Some(k - 1),
        _ => Some(0),
    }
}

fn metrics(entries: &[Entry], kind: Kind) -> Vec<MetricRow> {
    let mut all: Vec<String> = vec![];
    for path in entries.iter().flat_map(|e| paths(&e.report)) {
        if !all.contains(&path) {
            all.push(path);
        }
    }
    all.into_iter().map(|metric| metric_row(entries, kind, metric)).collect()
}

fn metric_row(entries: &[Entry], kind: Kind, metric: String) -> MetricRow {
    let found: Vec<Option<Measure>> = entries.iter().map(|e| measure(&e.report, &metric)).collect();
    let interval = |end: usize| {
        let end = move |m: &Measure| match m.knowledge {
            Knowledge::Interval(low, high) => Some([low, high][end]),
            _ => None,
        };
        found.iter().map(move |m| m.as_ref().and_then(end)).collect()
    };
    let pair = |k: usize| other(kind, k).map(|o| (found[k], found[o]));
    let change = |k: usize| pair(k).and_then(|(new, old)| Some((new?.value - old?.value, old?.value)));
    let indices = 0..entries.len();
    MetricRow {
        values: found.iter().map(|m| m.map(|m| m.value)).collect(),
        known: found.iter().map(|m| m.map(|m| known(m.knowledge).to_string())).collect(),
        low: interval(0),
        high: interval(1),
        change: indices.clone().map(|k| change(k).map(|c| rounded(c.0))).collect(),
        change_pct: indices
            .clone()
            .map(|k| change(k).filter(|c| c.1 != 0.0).map(|(c, old)| rounded(100.0 * c / old.abs())))
            .collect(),
        verdict: indices.map(|k| pair(k).map(|(new, old)| verdict(new, old).to_string())).collect(),
        metric,
    }
}

fn known(knowledge: Knowledge) -> &'static str {
    match knowledge {
        Knowledge::Exact => "exact",
        Knowledge::Interval(..) => "interval",
        Knowledge::AtLeast => "at-least",
        Knowledge::AtMost => "at-most",
        Knowledge::Estimate => "estimate",
        Knowledge::Part => "part",
    }
}

fn verdict(new: Option<Measure>, old: Option<Measure>) -> &'static str {
    let (Some(new), Some(old)) = (new, old) else { return "missing" };
    let estimates = [new, old].iter().all(|m| m.knowledge == Knowledge::Estimate);
    if estimates && new.value == old.value {
        return "equal";
    }
    let (Some([low, high]), Some([old_low, old_high])) = (new.range(), old.range()) else { return "unknown" };
    let sampled = |m: Measure| matches!(m.knowledge, Knowledge::Interval(..));
    match () {
        () if low > old_high => "higher",
        () if high < old_low => "lower",
        () if sampled(new) || sampled(old) => "within-noise",
        () if low == high && old_low == old_high => "equal",
        () => "unknown",
    }
}

/// Counts by number of faces: total (0) or interior (1).
fn histogram(report: &Report, which: usize) -> Vec<u64> {
    let mut out = vec![];
    for row in &report.histogram.rows {
        let (faces, total, interior) = row.numbers();
        out.resize(out.len().max(faces as usize + 1), 0);
        out[faces as usize] = [total, interior][which];
    }
    out
}

fn distances(entries: &[Entry], names: &[String], kind: Kind, seed: u64) -> Vec<DistanceRow> {
    let mut out = vec![];
    for (k, o) in (0..entries.len()).filter_map(|k| Some((k, other(kind, k)?))) {
        for (which, faces) in ["total", "interior"].into_iter().enumerate() {
            let (a, b) = (histogram(&entries[o].report, which), histogram(&entries[k].report, which));
            let (p_value, test) = test(&entries[o].report, &entries[k].report, &a, &b, seed);
            out.push(DistanceRow {
                from: names[o].clone(),
                to: names[k].clone(),
                faces: faces.into(),
                total_variation: rounded(total_variation(&a, &b)),
                kolmogorov: rounded(kolmogorov(&a, &b)),
                transport: rounded(transport(&a, &b)),
                p_value,
                test,
            });
        }
    }
    out
}

fn test(x: &Report, y: &Report, a: &[u64], b: &[u64], seed: u64) -> (Option<f64>, String) {
    let sampled = |r: &Report| r.histogram.weight.as_deref() == Some("volume");
    let none = |why: &str| (None, why.to_string());
    match (sampled(x), sampled(y)) {
        (true, true) if x.settings.seed == y.settings.seed => {
            none("none: both were sampled at the same points; sample one with another --seed")
        }
        (true, true) => {
            (Some(rounded(same_distribution(a, b, seed))), "permutation of the Kolmogorov distance, 9999 draws".into())
        }
        _ if [x, y].iter().any(|r| r.histogram.weight.as_deref() == Some("found")) => {
            none("none: regions met by samples are a biased choice, and are no independent draws")
        }
        (false, false) if [x, y].iter().any(|r| r.status.state != "complete") => {
            none("none: not all regions were counted, and which were is no random choice")
        }
        (false, false) => none("none: these are whole populations, not samples"),
        _ => none("none: one of them is a sample, the other is not"),
    }
}

type Groups = Vec<(String, Vec<f64>)>;

/// Per metric that every model has, the groups' numbers.
fn grouped(entries: &[Entry], metrics: &[MetricRow]) -> Result<Vec<(String, Groups)>> {
    let mut names: Vec<String> = vec![];
    for name in entries.iter().filter_map(|e| e.group.clone()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    ensure!(names.len() >= 2, "a comparison of groups takes at least two of them");
    let mut out = vec![];
    for row in metrics {
        let bound = row.known.iter().flatten().any(|k| matches!(k.as_str(), "at-least" | "at-most" | "part"));
        let values: Option<Vec<f64>> = row.values.iter().copied().collect();
        let Some(values) = values.filter(|_| !bound) else { continue };
        let of = |name: &String| {
            let mine = entries.iter().zip(&values).filter(|(e, _)| e.group.as_ref() == Some(name));
            (name.clone(), mine.map(|(_, v)| *v).collect())
        };
        out.push((row.metric.clone(), names.iter().map(of).collect()));
    }
    Ok(out)
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

fn group_row(metric: &str, (group, values): &(String, Vec<f64>)) -> GroupRow {
    GroupRow {
        metric: metric.into(),
        group: group.clone(),
        models: values.len() as u64,
        mean: rounded(mean(values)),
        min: values.iter().copied().fold(f64::INFINITY, f64::min),
        max: values.iter().copied().fold(f64::NEG_INFINITY, f64::max),
    }
}

/// Tests of the metrics that are not the same for all models.
fn tests(groups: &[(String, Groups)], seed: u64) -> Vec<TestRow> {
    let varies = |groups: &Groups| {
        let mut values = groups.iter().flat_map(|g| &g.1);
        let first = values.next();
        values.any(|v| Some(v) != first)
    };
    let mut rows: Vec<TestRow> = (groups.iter().filter(|(_, groups)| varies(groups)))
        .map(|(metric, groups)| {
            let values: Vec<Vec<f64>> = groups.iter().map(|g| g.1.clone()).collect();
            let outcome = groups_differ(&values, seed);
            TestRow {
                metric: metric.clone(),
                difference: (values.len() == 2).then(|| rounded(mean(&values[1]) - mean(&values[0]))),
                p_value: rounded(outcome.p_value),
                p_adjusted: 1.0,
                relabellings: outcome.tried,
                exhaustive: outcome.exhaustive,
            }
        })
        .collect();
    let adjusted = holm(&rows.iter().map(|r| r.p_value).collect::<Vec<_>>());
    rows.iter_mut().zip(adjusted).for_each(|(row, p)| row.p_adjusted = rounded(p));
    rows
}

/// Layers by name, in the order in which they first occur, where they are not the same in all reports.
fn layers(entries: &[Entry]) -> Vec<LayerRow> {
    let mut names: Vec<&str> = vec![];
    for layer in entries.iter().flat_map(|e| &e.report.layers) {
        if !names.contains(&layer.layer.as_str()) {
            names.push(&layer.layer);
        }
    }
    let variant = |report: &Report, name: &str| {
        let layer = report.layers.iter().find(|l| l.layer == name)?;
        let weights = layer
            .coefficients_sha256
            .as_ref()
            .map_or(String::new(), |h| format!(", weights {}", h.get(..8).unwrap_or(h)));
        Some(format!("{} {} {}{weights}", layer.op, layer.kind, layer.unit_count))
    };
    (names.into_iter())
        .map(|name| LayerRow {
            name: name.into(),
            variants: entries.iter().map(|e| variant(&e.report, name)).collect(),
        })
        .filter(|row| row.variants.windows(2).any(|w| w[0] != w[1]))
        .collect()
}
