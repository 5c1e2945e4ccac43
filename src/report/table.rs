//! The summary that people read: a headline, a table, and the histogram drawn in text.

use super::chart::number;
use super::{Faces, Report};
use crate::finding::{Finding, counted, grouped};
use comfy_table::{Cell, CellAlignment, Table, presets};

/// How to draw.
#[derive(Clone, Copy, Debug)]
pub struct Style {
    /// Characters per line.
    pub width: usize,
    /// Whether to emphasise with ANSI escapes.
    pub color: bool,
}

/// Longest bar of the histogram.
const BAR: usize = 40;

/// The summary, ending in a line feed.
pub fn table(report: &Report, style: Style) -> String {
    let mut out = format!("{}: {}\n", report.model.file, headline(report));
    let Some(faces) = &report.summary.faces else {
        return out + &findings(report, style);
    };
    let mut table = Table::new();
    table.load_style(presets::UTF8_FULL_CONDENSED).force_no_tty().set_width(style.width.min(u16::MAX as usize) as u16);
    table.set_header([
        "faces per ".to_string() + unit(report),
        "mean".into(),
        "median".into(),
        "p95".into(),
        "min".into(),
        "max".into(),
        "at most 2d".into(),
    ]);
    for (name, f) in [("total", &faces.total), ("interior", &faces.interior), ("walls", &faces.walls)] {
        let mut row = vec![Cell::new(name)];
        row.extend(cells(f).into_iter().map(|c| Cell::new(c).set_alignment(CellAlignment::Right)));
        table.add_row(row);
    }
    out += &format!("{table}\n");
    out += &by_weight(report);
    out += &against_null(report);
    out += &steepest(report);
    out += &merged(report);
    out += &histogram(report);
    out + &findings(report, style)
}

/// What one count of the histogram stands for.
pub fn unit(report: &Report) -> &'static str {
    match report.histogram.weight.as_deref() {
        Some("volume") => "sample",
        Some("point") => "point",
        Some("found") => "region met",
        _ => "region",
    }
}

/// Several of them.
pub fn units(report: &Report) -> &'static str {
    match unit(report) {
        "sample" => "samples",
        "point" => "points",
        "region met" => "regions met",
        _ => "regions",
    }
}

pub fn cells(f: &Faces) -> [String; 6] {
    let mean = match (f.mean_low, f.mean_high) {
        (Some(low), Some(high)) => format!("{:.3} ±{:.3}", f.mean, (high - low) / 2.0),
        _ => format!("{:.3}", f.mean),
    };
    let share = format!("{:.1} %", 100.0 * f.share_at_most_2d);
    [mean, f.median.to_string(), f.p95.to_string(), f.min.to_string(), f.max.to_string(), share]
}

pub fn headline(report: &Report) -> String {
    let summary = &report.summary;
    let d = summary.inputs.unwrap_or(0);
    let units = summary.units.unwrap_or(0);
    let points = summary.points.map(|p| format!("{} of the data", counted(p, "point")));
    let samples = summary.samples.map(|s| counted(s, "sample"));
    let what = match (summary.regions, summary.regions_found, points.or(samples)) {
        (Some(1), _, _) => "one region in all".to_string(),
        (Some(n), _, _) => format!("{} regions, all of them counted", grouped(n)),
        (_, Some(n), Some(by)) => format!("{} met by {by}", counted(n, "region")),
        (_, Some(n), None) => format!("at least {}", counted(n, "region")),
        _ => return report.status.reason.clone().unwrap_or_else(|| report.status.state.clone()),
    };
    let domain = match &report.settings.domain {
        _ if report.settings.slice.is_some() => format!("in a slice of {}", counted(d, "dimension")),
        domain if domain.kind == "unbounded" => "in all of space".to_string(),
        domain => match (&domain.lo, &domain.hi) {
            (Some(super::Bound::One(lo)), Some(super::Bound::One(hi))) => format!("in [{lo}, {hi}]^{d}"),
            _ => format!("in a box of {}", counted(d, "input")),
        },
    };
    let state = match &report.status.reason {
        Some(reason) => format!("; {}: {reason}", report.status.state),
        None => String::new(),
    };
    format!("{}, {}, {what} {domain}{state}", counted(d, "input"), counted(units, "unit"))
}

/// The mean with each weight, where the run knows several.
fn by_weight(report: &Report) -> String {
    let per = |weight: &str| match weight {
        "region" => "region",
        "found" => "region met",
        "point" => "point",
        _ if report.settings.method == "enumerate" => "volume",
        _ => "sample",
    };
    let means: Vec<String> =
        report.weights.iter().map(|w| format!("{:.3} per {}", w.mean_total, per(&w.weight))).collect();
    if means.is_empty() { String::new() } else { format!("mean total faces: {}\n", means.join(", ")) }
}

/// How far the model is from random hyperplanes, in a line.
fn against_null(report: &Report) -> String {
    let why = report.null_model.as_ref().and_then(|n| n.not_applicable.as_ref());
    let Some(null) = &report.summary.null else {
        return why.map_or(String::new(), |why| format!("no null model: {why}\n"));
    };
    let far = null.total_variation > null.total_variation_noise;
    let word = if far { "unlike" } else { "as in" };
    format!(
        "{word} {} random hyperplanes: total variation {:.3} [{:.3}, {:.3}], chance {:.3}; beyond the null's 99th \
         percentile ({}) {:.2} %; mean × {:.3}\n",
        grouped(null.planes),
        null.total_variation,
        null.total_variation_low,
        null.total_variation_high,
        null.total_variation_noise,
        null.null_p99,
        100.0 * null.beyond_p99,
        null.mean_ratio,
    )
}

/// The Lipschitz constant, or what it is at least.
fn steepest(report: &Report) -> String {
    let block = report.shape.as_ref().and_then(|s| s.lipschitz.as_ref());
    let (Some(shape), Some(block)) = (&report.summary.shape, block) else { return String::new() };
    let Some(most) = shape.lipschitz_max else { return String::new() };
    let mean = shape.lipschitz_mean.map_or(String::new(), |mean| format!(", {} on average", number(mean)));
    let (most, over) = (number(most), &block.over);
    match block.all_regions {
        true => format!("Lipschitz constant {most} (the steepest of all regions{mean})\n"),
        false => format!("Lipschitz constant at least {most} (the steepest of {over}{mean})\n"),
    }
}

/// How many regions are left when neighbours with equal affine maps are one, where that is fewer.
fn merged(report: &Report) -> String {
    let left = report.summary.shape.as_ref().and_then(|s| s.regions_merged);
    match left.zip(report.summary.regions) {
        Some((left, all)) if left < all => {
            format!("{} after merging neighbours with equal affine maps\n", counted(left, "region"))
        }
        _ => String::new(),
    }
}

pub fn histogram(report: &Report) -> String {
    let rows: Vec<(u64, u64, u64)> = report.histogram.rows.iter().map(|r| r.numbers()).collect();
    let most = rows.iter().map(|r| r.1).max().unwrap_or(0).max(1);
    let all: u64 = rows.iter().map(|r| r.1).sum::<u64>().max(1);
    let mut out = format!("{:>6}  {} by total faces\n", "faces", units(report));
    for (faces, total, _) in rows.into_iter().filter(|r| r.1 > 0) {
        let eighths = ((total * BAR as u64 * 8).div_ceil(most)) as usize;
        let partial = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8];
        let bar = "█".repeat(eighths / 8) + partial;
        out +=
            &format!("{faces:>6}  {bar:<BAR$}  {:>10}  {:>5.1} %\n", grouped(total), 100.0 * total as f64 / all as f64);
    }
    out
}

fn findings(report: &Report, style: Style) -> String {
    // A broken limit is told below, with the limits that hold.
    let told = |f: &&Finding| f.code != "limit-broken" || report.checks.limits.is_empty();
    let lines: String = report.findings.iter().filter(told).map(|f| finding_line(f, style.color)).collect();
    lines + &verdict(report, style)
}

/// A finding as a message, with its hint.
pub fn finding_line(finding: &Finding, color: bool) -> String {
    let severity = finding.severity.name();
    let severity = if color && severity != "info" { format!("\x1b[1m{severity}\x1b[0m") } else { severity.into() };
    let node = finding.node.as_ref().map_or(String::new(), |n| format!(" at {n}"));
    let hint = finding.hint.as_ref().map_or(String::new(), |hint| format!("  hint: {hint}\n"));
    format!("{severity}[{}]{node}: {}\n{hint}", finding.code, finding.message)
}

/// The outcome of the review, where there was one.
fn verdict(report: &Report, style: Style) -> String {
    let checks = &report.checks;
    let mut out: String = (checks.ignored.iter())
        .map(|i| format!("ignored[{}]: {} (because: {})\n", i.code, i.message, i.reason))
        .collect();
    out.extend(checks.limits.iter().map(|l| format!("limit {}: {} {}: {}\n", l.outcome, l.metric, l.limit, l.detail)));
    let Some(verdict) = &checks.verdict else { return out };
    let word = if style.color { format!("\x1b[1m{verdict}\x1b[0m") } else { verdict.clone() };
    let holds = checks.limits.iter().filter(|l| l.outcome == "holds" || l.outcome == "within-noise").count();
    let limits = match checks.limits.len() {
        0 => String::new(),
        n => format!(", {holds} of {n} limits hold"),
    };
    out + &format!("verdict: {word}{limits}\n")
}
