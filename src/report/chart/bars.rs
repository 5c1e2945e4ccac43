//! Horizontal bars: one number per layer or unit.

use super::axis::{Plot, ticks};
use super::{escape, number, place, tell_apart};

/// One bar.
pub struct Bar {
    /// Its name.
    pub label: String,
    /// Its length.
    pub value: f64,
    /// What the tooltip adds.
    pub remark: String,
}

/// Height of a bar with its room.
const ROW: f64 = 24.0;

/// Where the first bar begins, below the title of what bars are.
const TOP: f64 = 28.0;

/// Draws bars from top to bottom; `x_title` names quantity and unit, `y_title` what a bar is.
pub fn bars(rows: &[Bar], x_title: &str, y_title: &str) -> String {
    let most = rows.iter().map(|b| b.value).fold(0.0, f64::max).max(f64::MIN_POSITIVE);
    let height = ROW * rows.len() as f64;
    let plot = Plot { area: [170.0, TOP, 370.0, height], x: [0.0, most * 1.02], y: [0.0, 1.0] };
    let mut out = format!(
        "<svg class=\"chart bars\" viewBox=\"0 0 620 {}\" role=\"img\" aria-label=\"{}\">\n",
        place(TOP + height + 66.0),
        escape(x_title)
    );
    for tick in ticks(plot.x, 5) {
        let x = place(plot.px(tick));
        out += &format!("<line class=\"rule\" x1=\"{x}\" x2=\"{x}\" y1=\"{TOP}\" y2=\"{}\"/>", place(TOP + height));
        out += &format!(
            "<text class=\"tick\" x=\"{x}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n",
            place(TOP + height + 26.0),
            number(tick)
        );
    }
    let labels = tell_apart(&rows.iter().map(|b| b.label.as_str()).collect::<Vec<_>>(), 14);
    for (k, bar) in rows.iter().enumerate() {
        let top = TOP + ROW * k as f64;
        let width = (plot.px(bar.value) - plot.px(0.0)).max(0.0);
        let title = format!("{}: {}{}", bar.label, number(bar.value), bar.remark);
        out += &format!(
            "<g><title>{}</title><text x=\"162\" y=\"{y}\" dy=\".32em\" text-anchor=\"end\">{}</text><rect class=\"total\" x=\"170\" y=\"{}\" width=\"{}\" height=\"16\"/><text class=\"value\" x=\"{}\" y=\"{y}\" dy=\".32em\">{}</text></g>\n",
            escape(&title),
            escape(&labels[k]),
            place(top + 4.0),
            place(width),
            place(plot.px(bar.value) + 6.0),
            number(bar.value),
            y = place(top + 12.0),
        );
    }
    out += &format!(
        "<text class=\"title\" x=\"355\" y=\"{}\" text-anchor=\"middle\">{}</text><text class=\"title\" x=\"162\" y=\"20\" text-anchor=\"end\">{}</text>\n</svg>\n",
        place(TOP + height + 54.0),
        escape(x_title),
        escape(y_title)
    );
    out
}
