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

/// Axes that several histograms share: shares in place of counts, so that models of any size stand side by side.
#[derive(Clone, Copy, Debug)]
pub struct Frame {
    /// Fewest and most faces.
    pub faces: (u64, u64),
    /// Largest share, in percent.
    pub most: f64,
}

impl Frame {
    /// The frame that holds all of them.
    pub fn around<'a>(all: impl IntoIterator<Item = &'a Series<'a>>) -> Frame {
        let mut frame = Frame { faces: (u64::MAX, 1), most: 0.0 };
        for one in all {
            let scale = 100.0 / one.sum();
            for &(faces, count) in one.rows.iter().chain(&one.null).filter(|r| r.1 > 0.0) {
                frame.faces = (frame.faces.0.min(faces), frame.faces.1.max(faces));
                frame.most = frame.most.max(scale * count);
            }
        }
        frame.faces.0 = frame.faces.0.min(frame.faces.1);
        frame
    }
}

impl Series<'_> {
    fn sum(&self) -> f64 {
        self.rows.iter().map(|r| r.1).sum::<f64>().max(1.0)
    }
}

/// Draws the series one over the other, each in a group of its class; `unit` is what is counted (`regions`). In a
/// `frame` the bars are shares.
pub fn histogram(series: &[Series], unit: &str, label: &str, frame: Option<Frame>) -> String {
    let all = || series.iter().flat_map(|s| s.rows.iter().chain(&s.null)).filter(|r| r.1 > 0.0);
    let (first, last) = match frame {
        Some(frame) => frame.faces,
        None => (all().map(|r| r.0).min().unwrap_or(0), all().map(|r| r.0).max().unwrap_or(1)),
    };
    let most = frame.map_or_else(|| all().map(|r| r.1).fold(1.0, f64::max), |f| f.most);
    let plot =
        Plot { area: [104.0, 14.0, 506.0, 236.0], x: [first as f64 - 0.5, last as f64 + 0.5], y: [0.0, most * 1.05] };
    let mut out = format!(
        "<svg class=\"chart histogram\" viewBox=\"0 0 620 314\" role=\"img\" aria-label=\"{}\">\n",
        escape(label)
    );
    let axis = if frame.is_some() { format!("share of {unit}, %") } else { unit.to_string() };
    out += &plot.axes(&format!("faces per {}", unit.strip_suffix('s').unwrap_or(unit)), &axis, true);
    let step = plot.px(1.0) - plot.px(0.0);
    // Two series stand side by side where both are shown.
    let width = step * if series.len() > 1 { 0.42 } else { 0.84 };
    for (k, one) in series.iter().enumerate() {
        let height = |count: f64| plot.py(if frame.is_some() { 100.0 * count / one.sum() } else { count });
        out += &format!("<g class=\"series {0}\" data-series=\"{0}\">\n", escape(one.name));
        for &(faces, count) in one.rows.iter().filter(|r| r.1 > 0.0) {
            let left = plot.px(faces as f64) - step * 0.42 + k as f64 * width;
            let top = height(count);
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
                100.0 * count / one.sum()
            );
        }
        if !one.null.is_empty() {
            let (from, to) = (one.null[0].0, one.null[one.null.len() - 1].0);
            let at = |f: u64| one.null.iter().find(|n| n.0 == f).map_or(0.0, |n| n.1);
            let points: Vec<String> =
                (from..=to).map(|f| format!("{} {}", place(plot.px(f as f64)), place(height(at(f))))).collect();
            out += &format!("<path class=\"null\" d=\"M{}\"><title>null model</title></path>\n", points.join("L"));
        }
        out += "</g>\n";
    }
    out + "</svg>\n"
}

/// What bars and line are, for a file that has no words beside it: put before the end of a histogram.
pub fn with_legend(svg: &str, series: &[Series]) -> String {
    let mut keys = String::new();
    let mut x = 360.0;
    for (k, one) in series.iter().enumerate() {
        let y = 24.0 + 20.0 * k as f64;
        keys += &format!(
            "<rect class=\"{0}\" x=\"{x}\" y=\"{1}\" width=\"14\" height=\"14\"/><text x=\"{2}\" y=\"{3}\">{0} faces</text>\n",
            escape(one.name),
            place(y - 11.0),
            place(x + 20.0),
            place(y)
        );
    }
    if series.iter().any(|s| !s.null.is_empty()) {
        let y = 24.0 + 20.0 * series.len() as f64;
        x -= 10.0;
        keys += &format!(
            "<path class=\"null\" d=\"M{x} {0}L{1} {0}\"/><text x=\"{2}\" y=\"{3}\">null model (total)</text>\n",
            place(y - 4.0),
            place(x + 24.0),
            place(x + 30.0),
            place(y)
        );
    }
    svg.trim_end().strip_suffix("</svg>").map_or_else(|| svg.to_string(), |head| format!("{head}{keys}</svg>\n"))
}
