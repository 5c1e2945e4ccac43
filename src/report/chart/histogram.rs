//! A histogram of face counts: total and interior as two series that a switch can tell apart, a null model as a line.

use super::axis::Plot;
use super::{escape, number, place};

/// Counts by number of faces.
pub struct Series<'a> {
    /// `total` or `interior`: its class and its word.
    pub name: &'a str,
    /// Number of faces and count, ascending.
    pub rows: Vec<(u64, f64)>,
    /// Expected counts of the null model, ascending; empty where there is none.
    pub null: Vec<(u64, f64)>,
}

/// Draws the series one over the other, each in a group of its class; `unit` is what is counted (`regions`).
pub fn histogram(series: &[Series], unit: &str, label: &str) -> String {
    let all = || series.iter().flat_map(|s| s.rows.iter().chain(&s.null)).filter(|r| r.1 > 0.0);
    let (first, last) = (all().map(|r| r.0).min().unwrap_or(0), all().map(|r| r.0).max().unwrap_or(1));
    let most = all().map(|r| r.1).fold(1.0, f64::max);
    let plot =
        Plot { area: [104.0, 14.0, 506.0, 236.0], x: [first as f64 - 0.5, last as f64 + 0.5], y: [0.0, most * 1.05] };
    let mut out = format!(
        "<svg class=\"chart histogram\" viewBox=\"0 0 620 314\" role=\"img\" aria-label=\"{}\">\n",
        escape(label)
    );
    out += &plot.axes(&format!("faces per {}", unit.strip_suffix('s').unwrap_or(unit)), unit, true);
    let step = plot.px(1.0) - plot.px(0.0);
    // Two series stand side by side where both are shown.
    let width = step * if series.len() > 1 { 0.42 } else { 0.84 };
    for (k, one) in series.iter().enumerate() {
        let sum: f64 = one.rows.iter().map(|r| r.1).sum();
        out += &format!("<g class=\"series {0}\" data-series=\"{0}\">\n", escape(one.name));
        for &(faces, count) in one.rows.iter().filter(|r| r.1 > 0.0) {
            let left = plot.px(faces as f64) - step * 0.42 + k as f64 * width;
            let top = plot.py(count);
            out += &format!(
                "<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"><title>{} {} faces: {} {unit} ({:.1} %)</title></rect>\n",
                escape(one.name),
                place(left),
                place(top),
                place(width.max(0.5)),
                place(plot.py(0.0) - top),
                number(faces as f64),
                escape(one.name),
                number(count),
                100.0 * count / sum.max(1.0)
            );
        }
        if !one.null.is_empty() {
            let points: Vec<String> = (one.null.iter())
                .map(|&(f, n)| format!("{} {}", place(plot.px(f as f64)), place(plot.py(n))))
                .collect();
            out += &format!("<path class=\"null\" d=\"M{}\"><title>null model</title></path>\n", points.join("L"));
        }
        out += "</g>\n";
    }
    out + "</svg>\n"
}
