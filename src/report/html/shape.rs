//! The section on weights and on shape beyond faces.

use super::page::{Cell, table};
use crate::report::chart::{escape, number};
use crate::report::{Report, ShapeSummary};

/// The section; empty where there is nothing to say.
pub fn section(report: &Report) -> String {
    let mut out = String::new();
    if !report.weights.is_empty() {
        let rows = report.weights.iter().map(|w| {
            let interior = w.mean_interior.map_or("–".into(), |m| format!("{m:.3}"));
            let share = format!("{:.1} %", 100.0 * w.share_at_most_2d);
            texts([w.weight.clone(), w.counted.to_string(), format!("{:.3}", w.mean_total), interior, share])
        });
        out += "<h3>By weight</h3>\n";
        out += &table(&["weight", "counted", "mean total", "mean interior", "at most 2d"], 1, rows.collect());
    }
    let Some(shape) = &report.shape else { return out };
    out += "<h2>Shape</h2>\n";
    out += &numbers(report.summary.shape.as_ref().unwrap_or(&ShapeSummary::default()));
    if let Some(l) = &shape.lipschitz {
        out += &format!(
            "<p class=\"muted\">Lipschitz constants are {} norms of the affine maps over {}{}.</p>\n",
            escape(&l.norm),
            escape(&l.over),
            if l.all_regions { "" } else { "; outside of these the network may be steeper" }
        );
    }
    if !shape.faces_by_dimension.is_empty() {
        let rows = shape.faces_by_dimension.iter();
        let rows = rows.map(|r| texts([r.dimension.to_string(), format!("{:.4}", r.mean_per_region)]));
        out += &table(&["dimension", "mean per region"], 0, rows.collect());
    }
    if let Some(euler) = report.attribution.as_ref().map(|a| &a.euler_characteristics).filter(|e| !e.values.is_empty())
    {
        let rows = euler.values.iter();
        let rows = rows.map(|r| texts([r.characteristic.to_string(), r.unit_count.to_string(), r.first.clone()]));
        out += "<h3>Euler characteristics of the units’ bent hyperplanes</h3>\n";
        out += &table(&["characteristic", "units", "first"], 0, rows.collect());
    }
    if !shape.not_available.is_empty() {
        let rows = shape.not_available.iter().map(|n| texts([n.quantity.clone(), n.reason.clone()]));
        out += "<h3>Not available</h3>\n";
        out += &table(&["quantity", "reason"], 2, rows.collect());
    }
    out
}

fn numbers(s: &ShapeSummary) -> String {
    let rows = [
        ("vertices of a region, mean", s.vertices_mean),
        ("share of bounded regions", s.bounded_share),
        ("share of the volume in the largest region", s.largest_volume),
        ("mean total faces by volume", s.volume_weighted_mean),
        ("largest local Lipschitz constant", s.lipschitz_max),
        ("mean local Lipschitz constant", s.lipschitz_mean),
        ("regions after merging neighbours with equal maps", s.regions_merged.map(|n| n as f64)),
    ];
    let rows: Vec<Vec<Cell>> =
        rows.iter().filter_map(|(name, value)| Some(texts([name.to_string(), number((*value)?)]))).collect();
    if rows.is_empty() { String::new() } else { table(&["quantity", "value"], 1, rows) }
}

fn texts<const N: usize>(cells: [String; N]) -> Vec<Cell> {
    cells.into_iter().map(Cell::Text).collect()
}
