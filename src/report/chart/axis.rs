//! Axes: round ticks, a title each.

use super::{escape, number, place};

/// A plot area and the ranges that it shows.
pub struct Plot {
    /// Left, top, width, height.
    pub area: [f64; 4],
    /// Range along x.
    pub x: [f64; 2],
    /// Range along y.
    pub y: [f64; 2],
}

impl Plot {
    /// Position of a value along x.
    pub fn px(&self, x: f64) -> f64 {
        self.area[0] + (x - self.x[0]) / (self.x[1] - self.x[0]) * self.area[2]
    }

    /// Position of a value along y, upwards.
    pub fn py(&self, y: f64) -> f64 {
        self.area[1] + self.area[3] - (y - self.y[0]) / (self.y[1] - self.y[0]) * self.area[3]
    }

    /// Ticks, grid lines and titles; `whole` keeps ticks along x to integers.
    pub fn axes(&self, x_title: &str, y_title: &str, whole: bool) -> String {
        let [left, top, width, height] = self.area;
        let mut out = String::new();
        for tick in ticks(self.y, 5) {
            let y = place(self.py(tick));
            out += &format!(
                "<line class=\"rule\" x1=\"{}\" x2=\"{}\" y1=\"{y}\" y2=\"{y}\"/>",
                place(left),
                place(left + width)
            );
            out += &format!(
                "<text class=\"tick\" x=\"{}\" y=\"{y}\" dy=\".32em\" text-anchor=\"end\">{}</text>\n",
                place(left - 6.0),
                number(tick)
            );
        }
        let base = top + height;
        for tick in ticks(self.x, 8).into_iter().filter(|t| !whole || t.fract() == 0.0) {
            out += &format!(
                "<text class=\"tick\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n",
                place(self.px(tick)),
                place(base + 26.0),
                number(tick)
            );
        }
        out += &format!(
            "<line class=\"rule\" x1=\"{}\" x2=\"{}\" y1=\"{2}\" y2=\"{2}\"/>",
            place(left),
            place(left + width),
            place(base)
        );
        out += &format!(
            "<text class=\"title\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            place(left + width / 2.0),
            place(base + 54.0),
            escape(x_title)
        );
        out += &format!(
            "<text class=\"title\" transform=\"translate(22 {}) rotate(-90)\" text-anchor=\"middle\">{}</text>\n",
            place(top + height / 2.0),
            escape(y_title)
        );
        out
    }
}

/// At most `most` + 1 round numbers in a range.
pub fn ticks([lo, hi]: [f64; 2], most: usize) -> Vec<f64> {
    let rough = (hi - lo) / most as f64;
    if rough <= 0.0 || !rough.is_finite() {
        return vec![];
    }
    let power = 10f64.powf(rough.log10().floor());
    let step =
        [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * power).find(|s| *s >= rough * 0.999999).unwrap_or(10.0 * power);
    let (first, last) = ((lo / step - 1e-9).ceil() as i64, (hi / step + 1e-9).floor() as i64);
    (first..=last).map(|k| super::super::rounded(k as f64 * step)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_and_few() {
        assert_eq!(ticks([0.0, 633.0], 5), [0.0, 200.0, 400.0, 600.0]);
        assert_eq!(ticks([-1.0, 1.0], 5), [-1.0, -0.5, 0.0, 0.5, 1.0]);
        assert!(ticks([0.0, 0.0], 5).is_empty());
        for hi in [1.0, 7.0, 99.0, 12345.0, 1e-6] {
            assert!((2..=6).contains(&ticks([0.0, hi], 5).len()), "{hi}");
        }
    }
}
