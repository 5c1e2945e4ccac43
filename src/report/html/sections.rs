//! The sections about one model.

use super::Subject;
use super::page::{Cell, figures, table};
use crate::finding::grouped;
use crate::report::chart::{self, escape, number};
use crate::report::{Bound, Partition, Report, table as text};

/// The numbers that matter first.
pub fn key_figures(report: &Report) -> String {
    let summary = &report.summary;
    let mut rows = vec![];
    if let Some(n) = summary.regions {
        rows.push((grouped(n), "regions, all of them".to_string()));
    }
    if let Some(n) = summary.regions_found {
        rows.push((grouped(n), "distinct regions met".to_string()));
    }
    if let Some(faces) = &summary.faces {
        let unit = text::unit(report);
        let mean = match (faces.total.mean_low, faces.total.mean_high) {
            (Some(low), Some(high)) => format!("mean faces per {unit}, in [{}, {}]", number(low), number(high)),
            _ => format!("mean faces per {unit}"),
        };
        rows.push((number(faces.total.mean), mean));
        rows.push((faces.total.p95.to_string(), "faces: 95th percentile".into()));
        rows.push((faces.total.max.to_string(), format!("faces: most of any {unit}")));
        rows.push((format!("{:.1} %", 100.0 * faces.total.share_at_most_2d), "with at most 2d faces".into()));
    }
    figures(&rows)
}

fn texts(cells: impl IntoIterator<Item = String>) -> Vec<Cell> {
    cells.into_iter().map(Cell::Text).collect()
}

/// The limits and their outcome.
pub fn limits(report: &Report) -> String {
    let checks = &report.checks;
    let mut out = String::new();
    if !checks.limits.is_empty() {
        let rows = checks.limits.iter().map(|l| {
            let mut row = vec![Cell::Outcome(l.outcome.clone())];
            row.extend(texts([l.metric.clone(), format!("{} {}", l.limit, l.bound), l.detail.clone()]));
            row
        });
        out += "<h2>Limits</h2>\n";
        out += &table(&["outcome", "metric", "limit", "detail"], 4, rows.collect());
    }
    if !checks.ignored.is_empty() {
        let rows = checks.ignored.iter().map(|i| texts([i.code.clone(), i.message.clone(), i.reason.clone()]));
        out += "<h2>Findings set aside</h2>\n";
        out += &table(&["code", "finding", "reason"], 3, rows.collect());
    }
    out
}

/// The histogram with its switch and its table.
pub fn histogram(report: &Report, index: usize) -> String {
    if report.histogram.rows.is_empty() {
        return String::new();
    }
    let mut out = format!("<h2>Faces per {}</h2>\n", text::unit(report));
    out += &histogram_figure(report, &format!("h{index}"), None);
    if let Some(faces) = &report.summary.faces {
        let rows = [("total", &faces.total), ("interior", &faces.interior), ("walls", &faces.walls)];
        let rows = rows.iter().map(|(name, f)| texts([name.to_string()].into_iter().chain(text::cells(f))));
        out += &table(&["faces", "mean", "median", "p95", "min", "max", "at most 2d"], 1, rows.collect());
    }
    out
}

/// The figure of a histogram; `id` tells its switches apart from others of the page, `frame` has the axes it shares.
pub fn histogram_figure(report: &Report, id: &str, frame: Option<chart::Frame>) -> String {
    let switch = |show: &str| {
        let checked = if show == "both" { " checked" } else { "" };
        format!("<label><input type=\"radio\" name=\"show-{id}\" data-show=\"{show}\"{checked}> {show}</label>\n")
    };
    format!(
        "<figure class=\"histogram-figure\" data-show=\"both\">\n<div class=\"controls\">{}{}{}</div>\n{}\
        <figcaption><span class=\"of-total\"><span class=\"swatch total\"></span>total: walls of the domain counted.</span> \
        <span class=\"of-interior\"><span class=\"swatch interior\"></span>interior: faces on units’ hyperplanes.</span> {}{}</figcaption>\n</figure>\n",
        switch("both"),
        switch("total"),
        switch("interior"),
        chart::of_report(report, frame),
        weight(report),
        null(report)
    )
}

/// What the dashed line is, and how far the histogram is from it.
fn null(report: &Report) -> String {
    let Some(model) = &report.null_model else { return String::new() };
    if let Some(reason) = &model.not_applicable {
        return format!(" There is no null model: {}.", escape(reason));
    }
    let distance = report.summary.null.as_ref().map_or(String::new(), |n| {
        format!(
            " {:.1} % of the histogram of total faces would have to move to make it the null’s (noise: below {:.1} %).",
            100.0 * n.total_variation,
            100.0 * n.total_variation_noise
        )
    });
    format!(
        " <span class=\"of-total\"><span class=\"dash\"></span>null model: {}.{distance}</span>",
        escape(&model.description)
    )
}

fn weight(report: &Report) -> &'static str {
    match report.histogram.weight.as_deref() {
        Some("region") => "Every region counts once.",
        Some("volume") => "Every uniform sample counts once: large regions weigh more.",
        Some("point") => "Every given data point counts once: regions that hold more of the data weigh more.",
        Some("found") => "Every region that was met counts once: a choice biased towards regions that are met easily.",
        _ => "",
    }
}

/// The picture of the partition.
pub fn partition(subject: &Subject, index: usize) -> String {
    let heading = "<h2>Partition</h2>\n";
    let picture = match &subject.picture {
        None => return String::new(),
        Some(Err(reason)) => return format!("{heading}<p class=\"muted\">{}</p>\n", escape(reason)),
        Some(Ok(picture)) => picture,
    };
    let layer = |(k, name): (usize, &String)| {
        let key = chart::sample(k);
        format!("<label><input type=\"checkbox\" data-layer=\"{k}\" checked> {key}{}</label>\n", escape(name))
    };
    let layers: String = picture.layers.iter().enumerate().map(layer).collect();
    let decision = picture.decision_label.as_ref().map_or(String::new(), |label| {
        format!(
            "<label><input type=\"checkbox\" data-layer=\"decision\" checked> <span class=\"swatch decision\"></span>{}</label>\n",
            escape(label)
        )
    });
    let cut =
        if picture.cut { " The domain goes on beyond the frame; every region shows a part of itself." } else { "" };
    format!(
        "{heading}<figure class=\"partition-figure\" id=\"partition-{index}\">\n<div class=\"controls\">{layers}{decision}\
        <span><button type=\"button\" data-zoom=\"in\" aria-label=\"zoom in\">+</button> \
        <button type=\"button\" data-zoom=\"out\" aria-label=\"zoom out\">−</button> \
        <button type=\"button\" data-zoom=\"home\">whole</button></span></div>\n\
        {}<div class=\"key\"><span>faces per region:</span>{}</div>\n\
        <p class=\"readout\" aria-live=\"polite\">Point at a region to see its faces and the units that make them.</p>\n\
        <figcaption>{} regions, each coloured by its number of faces (walls counted); lines are units’ hyperplanes, by layer.{cut}</figcaption>\n\
        <script type=\"application/json\">{}</script>\n</figure>\n",
        chart::partition(picture, false),
        swatches(picture),
        grouped(picture.polygons.len() as u64),
        data(picture),
    )
}

/// What hovering shows: per polygon its interior faces, walls and units.
fn data(picture: &Partition) -> String {
    let rows = picture.polygons.iter().map(|p| {
        let [interior, walls] = p.faces.map_or([-1, 0], |[i, w]| [i as i64, w as i64]);
        [interior, walls].into_iter().chain(p.units.iter().map(|&u| u as i64)).collect()
    });
    let regions: Vec<Vec<i64>> = rows.collect();
    let json = serde_json::json!({ "units": picture.units, "regions": regions }).to_string();
    json.replace("</", "<\\/").replace("<!", "\\u003c!")
}

fn swatches(picture: &Partition) -> String {
    let counts = chart::face_counts(picture);
    let swatch = |&n: &usize| {
        let colour = chart::colour(chart::share(&counts, n));
        format!("<span><span class=\"swatch\" style=\"background:{colour}\"></span>{n}</span>")
    };
    counts.iter().map(swatch).collect()
}

/// The findings.
pub fn findings(report: &Report) -> String {
    let mut out = String::from("<h2>Findings</h2>\n");
    if report.findings.is_empty() {
        out += "<p class=\"muted\">None.</p>\n";
    }
    for finding in &report.findings {
        let severity = finding.severity.name();
        let node = finding.node.as_ref().map_or(String::new(), |n| format!(" at <code>{}</code>", escape(n)));
        let hint = finding.hint.as_ref().map(|h| format!("<br><span class=\"muted\">{}</span>", escape(h)));
        let title = crate::finding::code(&finding.code).map(|c| format!(" title=\"{}\"", escape(c.text)));
        out += &format!(
            "<p class=\"finding\"><span class=\"severity {severity}\">{severity}</span> <code{}>{}</code>{node}: {}{}</p>\n",
            title.unwrap_or_default(),
            escape(&finding.code),
            escape(&finding.message),
            hint.unwrap_or_default()
        );
    }
    for ignored in &report.checks.ignored {
        let node = ignored.node.as_ref().map_or(String::new(), |n| format!(" at <code>{}</code>", escape(n)));
        out += &format!(
            "<p class=\"finding muted\"><span class=\"severity info\">ignored</span> <code>{}</code>{node}: {}<br>because: {}</p>\n",
            escape(&ignored.code),
            escape(&ignored.message),
            escape(&ignored.reason)
        );
    }
    out
}

/// Statements of theory and departures from general position.
pub fn theory(report: &Report) -> String {
    let mut out = String::new();
    if !report.checks.theory.is_empty() {
        let rows = report.checks.theory.iter().map(|t| {
            vec![
                Cell::Text(t.id.clone()),
                Cell::Outcome(t.outcome.clone()),
                Cell::Text(t.statement.clone()),
                Cell::Text(t.detail.clone()),
            ]
        });
        out += "<h2>Theory</h2>\n";
        out += &table(&["id", "outcome", "statement", "numbers"], 4, rows.collect());
    }
    if !report.checks.general_position.is_empty() {
        let rows = report.checks.general_position.iter().map(|p| {
            let count = p.occurrences.map_or("not looked for".into(), grouped);
            texts([p.departure.clone(), p.units.join(", "), p.detail.clone(), count])
        });
        out += "<h2>General position</h2>\n";
        out += &table(&["departure", "units", "detail", "occurrences"], 3, rows.collect());
    }
    out
}

/// What an enumeration checked itself with.
pub fn identities(report: &Report) -> String {
    if report.checks.identities.is_empty() {
        return String::new();
    }
    let rows =
        report.checks.identities.iter().map(|i| {
            vec![Cell::Text(i.identity.clone()), Cell::Outcome(i.outcome.clone()), Cell::Text(i.detail.clone())]
        });
    "<h2>Self-checks</h2>\n".to_string() + &table(&["check", "outcome", "numbers"], 3, rows.collect())
}

/// All that is needed to get the numbers again.
pub fn settings(report: &Report) -> String {
    let model = &report.model;
    let rows = [
        ("file", model.file.clone()),
        ("hash", model.sha256.clone()),
        ("size", format!("{} bytes", grouped(model.bytes))),
        ("format", format!("ONNX opset {}, IR {}", model.opset, model.ir_version)),
        ("producer", model.producer.clone()),
        ("inputs", model.inputs.join(", ")),
        ("outputs", model.outputs.join(", ")),
        ("method", report.settings.method.clone()),
        ("why", report.settings.auto.clone().unwrap_or_default()),
        ("state", report.status.state.clone()),
        ("reason", report.status.reason.clone().unwrap_or_default()),
    ];
    let row = |(name, value): &(&str, String)| format!("<dt>{name}</dt><dd>{}</dd>\n", escape(value));
    let list: String = rows.iter().filter(|r| !r.1.is_empty()).map(row).collect();
    format!("<h2>To get these numbers again</h2>\n<pre>{}</pre>\n<dl>\n{list}</dl>\n", escape(&command(report)))
}

/// The command that repeats an audit.
pub fn command(report: &Report) -> String {
    let s = &report.settings;
    let mut out = format!("polyaudit {}", quoted(&report.model.file));
    let domain = &s.domain;
    match (domain.kind.as_str(), &domain.lo, &domain.hi, &domain.file) {
        ("unbounded", ..) => out += " --domain unbounded",
        _ if domain.from.is_some() => out += " --domain data",
        (_, _, _, Some(file)) => out += &format!(" --domain {}", quoted(file)),
        (_, Some(Bound::One(lo)), Some(Bound::One(hi)), _) => out += &format!(" --domain {lo},{hi}"),
        _ => {}
    }
    if let Some(slice) = &s.slice {
        let files = slice.files.join(",");
        match slice.kind.as_str() {
            "random" => out += &format!(" --slice random:{}", slice.dimensions),
            "points" => out += &format!(" --slice-points {}", quoted(&files)),
            _ => out += &format!(" --slice {}", quoted(&files)),
        }
    }
    if let Some(points) = &s.points {
        out += &format!(" --points {}", quoted(&points.file));
    }
    if s.method != "points" {
        out += &format!(" --method {}", s.method);
    }
    if let Some(weight) = report.histogram.weight.as_deref().filter(|w| s.points.is_some() || *w == "found") {
        out += &format!(" --weight {weight}");
    }
    if let Some(samples) = s.samples {
        out += &format!(" --samples {samples}");
    }
    if s.engine != "auto" {
        out += &format!(" --engine {}", s.engine);
    }
    if let Some(most) = s.max_regions.filter(|_| s.method == "enumerate") {
        out += &format!(" --max-regions {most}");
    }
    out += &format!(" --seed {}", s.seed);
    for (flag, values) in [("output", &s.outputs), ("dim", &s.dims), ("fix", &s.fixed)] {
        values.iter().for_each(|v| out += &format!(" --{flag} {}", quoted(v)));
    }
    out
}

/// A word for a POSIX shell.
fn quoted(word: &str) -> String {
    let plain = !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./=,:+@%".contains(c));
    if plain { word.into() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}
