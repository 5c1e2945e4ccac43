//! The layers: their units, who makes the faces, what each adds, which units are dead weight.

use super::page::{Cell, table};
use crate::finding::grouped;
use crate::report::chart::{Bar, Curve, bars, escape, lines, number};
use crate::report::{Attribution, Report, table as text};

/// Units that the chart of units shows.
const UNITS: usize = 20;

/// The sections.
pub fn section(report: &Report) -> String {
    if report.layers.is_empty() {
        return String::new();
    }
    let mut out = String::from("<h2>Layers</h2>\n");
    match &report.attribution {
        Some(attribution) if !attribution.layers.is_empty() => out += &faces(report, attribution),
        _ => {
            let rows: Vec<Bar> = (report.layers.iter())
                .map(|l| Bar { label: l.layer.clone(), value: l.unit_count as f64, remark: " units".into() })
                .collect();
            out += &format!(
                "<figure>{}<figcaption>Units (or groups with a choice) of each layer, from input to output.</figcaption></figure>\n",
                bars(&rows, "units", "layer")
            );
        }
    }
    out += &list(report);
    if let Some(attribution) = &report.attribution {
        out += &prefixes(attribution);
        out += &units(report, attribution);
        out += &dead(attribution);
    }
    out
}

/// Who makes the faces.
fn faces(report: &Report, attribution: &Attribution) -> String {
    let rows: Vec<Bar> = (attribution.layers.iter())
        .map(|l| Bar {
            label: l.layer.clone(),
            value: l.faces as f64,
            remark: format!(" faces, {:.1} % of all", 100.0 * l.faces_share),
        })
        .collect();
    format!(
        "<figure>{}<figcaption>Interior faces credited to each layer, from input to output; one is counted from both of its sides, \
        each {}’s by itself.</figcaption></figure>\n",
        bars(&rows, "interior faces", "layer"),
        text::unit(report)
    )
}

fn list(report: &Report) -> String {
    let dash = || "–".to_string();
    let rows = report.layers.iter().enumerate().map(|(k, layer)| {
        let of = report.attribution.as_ref().and_then(|a| a.layers.get(k)).filter(|l| l.layer == layer.layer);
        let count = |n: Option<u64>| n.map_or_else(dash, grouped);
        let mean = |x: Option<f64>| x.map_or_else(dash, number);
        let cells = [
            layer.layer.clone(),
            layer.op.clone(),
            layer.kind.clone(),
            grouped(layer.unit_count),
            count(of.map(|l| l.faces)),
            of.map_or_else(dash, |l| format!("{:.1} %", 100.0 * l.faces_share)),
            count(of.map(|l| l.never_active_units)),
            count(of.map(|l| l.always_active_units)),
            count(of.and_then(|l| l.prefix_regions)),
            mean(of.and_then(|l| l.prefix_mean_total)),
        ];
        cells.into_iter().map(Cell::Text).collect()
    });
    let head = [
        "layer",
        "operator",
        "kind",
        "units",
        "faces",
        "share",
        "never active",
        "always active",
        "regions up to here",
        "mean faces up to here",
    ];
    table(&head, 3, rows.collect())
}

/// Regions and mean faces of the network up to each layer.
fn prefixes(attribution: &Attribution) -> String {
    let steps: Vec<String> = attribution.layers.iter().map(|l| l.layer.clone()).collect();
    let regions: Option<Vec<f64>> = attribution.layers.iter().map(|l| l.prefix_regions.map(|n| n as f64)).collect();
    let means = |which: fn(&crate::report::LayerFaces) -> Option<f64>| -> Option<Vec<f64>> {
        attribution.layers.iter().map(which).collect()
    };
    let (total, interior) = (means(|l| l.prefix_mean_total), means(|l| l.prefix_mean_interior));
    let (Some(regions), Some(total), Some(interior)) = (regions, total, interior) else { return String::new() };
    let curve = |class, values| Curve { class, values, ranges: vec![] };
    format!(
        "<h2>From layer to layer</h2>\n<div class=\"pair\">\n<figure>{}</figure>\n<figure>{}</figure>\n</div>\n\
        <p class=\"muted\">The network up to each layer: its regions, and their mean number of faces \
        (<span class=\"swatch total\"></span>total, full line; <span class=\"swatch interior\"></span>interior, broken line).</p>\n",
        lines(&[curve("total", regions)], &steps, "up to layer", "regions"),
        lines(&[curve("total", total), curve("interior", interior)], &steps, "up to layer", "mean faces per region")
    )
}

/// The units with most faces.
fn units(report: &Report, attribution: &Attribution) -> String {
    if attribution.units.is_empty() {
        return String::new();
    }
    let rows: Vec<Bar> = (attribution.units.iter().take(UNITS))
        .map(|u| Bar {
            label: u.unit.clone(),
            value: u.faces as f64,
            remark: format!(
                " faces, {:.2} % of all; on {} more without being credited",
                100.0 * u.faces_share,
                u.coincident
            ),
        })
        .collect();
    let more = attribution.units.len() as u64 - rows.len() as u64 + attribution.units_not_listed;
    let more = if more > 0 { format!(" {} more units have faces.", grouped(more)) } else { String::new() };
    format!(
        "<h2>Units</h2>\n<figure>{}<figcaption>The units with most faces: in how many {} the unit’s hyperplane is a face.{more}</figcaption></figure>\n",
        bars(&rows, &format!("{} with this face", text::units(report)), "unit"),
        text::unit(report)
    )
}

/// Units that never switch.
fn dead(attribution: &Attribution) -> String {
    let proof = match attribution.proof.as_str() {
        "enumerated" => "proven by enumeration",
        _ => "proven by bounds over the domain",
    };
    let rows = [
        (format!("never active ({proof})"), &attribution.never_active),
        (format!("always active ({proof})"), &attribution.always_active),
        (format!("never switching ({proof})"), &attribution.never_switching),
        ("not seen active in the samples".to_string(), &attribution.not_seen_active),
        ("not seen inactive in the samples".to_string(), &attribution.not_seen_inactive),
    ];
    let list: String = (rows.iter().filter(|r| !r.1.is_empty()))
        .map(|(what, units)| format!("<dt>{}</dt><dd>{}</dd>\n", escape(what), escape(&units.join(", "))))
        .collect();
    if list.is_empty() { String::new() } else { format!("<h3>Units that do not switch</h3>\n<dl>\n{list}</dl>\n") }
}
