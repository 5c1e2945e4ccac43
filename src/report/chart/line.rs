//! Curves over a sequence: layers of a network, checkpoints of a training run.

use super::axis::Plot;
use super::{escape, number, place, tell_apart};

/// One curve.
pub struct Curve<'a> {
    /// Its class and its word: `total` or `interior`.
    pub class: &'a str,
    /// One value per step.
    pub values: Vec<f64>,
    /// Lower and upper ends of intervals, where the values have them.
    pub ranges: Vec<Option<[f64; 2]>>,
}

/// Draws curves over named steps.
pub fn lines(curves: &[Curve], steps: &[String], x_title: &str, y_title: &str) -> String {
    let all =
        || curves.iter().flat_map(|c| c.values.iter().copied().chain(c.ranges.iter().flatten().flatten().copied()));
    let (mut lo, hi) = (all().fold(f64::INFINITY, f64::min), all().fold(f64::NEG_INFINITY, f64::max));
    if lo > 0.0 && lo < 0.5 * hi || hi <= lo {
        lo = lo.min(0.0);
    }
    let room = ((hi - lo) * 0.06).max(f64::MIN_POSITIVE);
    let bottom = if lo == 0.0 { 0.0 } else { lo - room };
    let plot = Plot { area: [104.0, 14.0, 500.0, 220.0], x: [-0.5, steps.len() as f64 - 0.5], y: [bottom, hi + room] };
    let mut out = format!(
        "<svg class=\"chart lines\" viewBox=\"0 0 620 300\" role=\"img\" aria-label=\"{} by {}\">\n",
        escape(y_title),
        escape(x_title)
    );
    // Names of steps take the place of ticks along x.
    let axes = Plot { area: plot.area, x: [0.2, 0.3], y: plot.y }.axes(x_title, y_title, true);
    out += &axes;
    let every = steps.len().div_ceil(6).max(1);
    // Names as long as their place, at the larger type of narrow screens.
    let longest = ((plot.area[2] * every as f64 / steps.len().max(1) as f64 / 12.0) as usize).clamp(3, 16);
    let labels = tell_apart(&steps.iter().map(String::as_str).collect::<Vec<_>>(), longest);
    for (k, label) in labels.iter().enumerate().filter(|(k, _)| k % every == 0) {
        out += &format!(
            "<text class=\"tick\" x=\"{}\" y=\"260\" text-anchor=\"middle\">{}</text>\n",
            place(plot.px(k as f64)),
            escape(label)
        );
    }
    for curve in curves {
        let points: Vec<String> = (curve.values.iter().enumerate())
            .map(|(k, v)| format!("{} {}", place(plot.px(k as f64)), place(plot.py(*v))))
            .collect();
        out += &format!("<path class=\"curve {}\" d=\"M{}\"/>\n", curve.class, points.join("L"));
        for (k, value) in curve.values.iter().enumerate() {
            let x = place(plot.px(k as f64));
            let mut words = format!("{}: {} {}", steps[k], number(*value), curve.class);
            if let Some([low, high]) = curve.ranges.get(k).copied().flatten() {
                words += &format!(" in [{}, {}]", number(low), number(high));
                out += &format!(
                    "<line class=\"curve {}\" x1=\"{x}\" x2=\"{x}\" y1=\"{}\" y2=\"{}\"/>",
                    curve.class,
                    place(plot.py(low)),
                    place(plot.py(high))
                );
            }
            out += &format!(
                "<circle class=\"{}\" cx=\"{x}\" cy=\"{}\" r=\"4\"><title>{}</title></circle>\n",
                curve.class,
                place(plot.py(*value)),
                escape(&words)
            );
        }
    }
    out + "</svg>\n"
}
