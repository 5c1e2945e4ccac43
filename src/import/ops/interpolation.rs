//! Resampling along one axis: each output element as a weighted sum of input elements.
//!
//! The weights are those of the ONNX reference: nearest; linear, the triangle; cubic, Keys' kernel with the coefficient
//! given (R. Keys, "Cubic convolution interpolation for digital image processing", 1981). Antialiasing widens the kernel
//! by the scale where it shrinks. What lies outside counts as the nearest element inside, or not at all
//! (`exclude_outside`). Refuses unknown modes.

use crate::import::value::Refusal;

/// Input elements and their weights; none where the output element lies outside the crop.
pub type Taps = Vec<(usize, f64)>;

/// How an axis is resampled.
pub struct Resampling {
    /// `nearest`, `linear` or `cubic`.
    pub mode: String,
    /// `coordinate_transformation_mode`.
    pub coordinates: String,
    /// `nearest_mode`.
    pub rounding: String,
    /// `cubic_coeff_a`.
    pub cubic: f64,
    /// `exclude_outside`: what lies outside has no weight.
    pub exclude: bool,
    /// `antialias`.
    pub antialias: bool,
}

/// One axis: its length, the length it becomes, the scale, and the part of it that is cropped (shares of the length).
pub struct Axis {
    pub from: usize,
    pub to: usize,
    pub scale: f64,
    pub crop: (f64, f64),
}

impl Resampling {
    /// Where output element `i` lies among the input elements.
    fn place(&self, axis: &Axis, i: f64) -> Result<f64, Refusal> {
        let (n, m, scale) = (axis.from as f64, axis.to as f64, axis.scale);
        let half = (i + 0.5) / scale - 0.5;
        Ok(match self.coordinates.as_str() {
            "asymmetric" => i / scale,
            "tf_half_pixel_for_nn" => (i + 0.5) / scale,
            "half_pixel" => half,
            "pytorch_half_pixel" if m > 1.0 => half,
            "align_corners" if m > 1.0 => i * (n - 1.0) / (m - 1.0),
            "pytorch_half_pixel" | "align_corners" => 0.0,
            "half_pixel_symmetric" => n / 2.0 * (1.0 - m / (scale * n)) + half,
            "tf_crop_and_resize" if m > 1.0 => {
                let (begin, end) = axis.crop;
                begin * (n - 1.0) + i * (end - begin) * (n - 1.0) / (m - 1.0)
            }
            "tf_crop_and_resize" => 0.5 * (axis.crop.0 + axis.crop.1) * (n - 1.0),
            other => return Err(Refusal::new(format!("the coordinate mode {other} is not supported"))),
        })
    }

    /// The weights of every output element.
    pub fn rows(&self, axis: &Axis) -> Result<Vec<Taps>, Refusal> {
        let last = axis.from as f64 - 1.0;
        let row = |i: usize| -> Result<Taps, Refusal> {
            let at = self.place(axis, i as f64)?;
            let outside = self.coordinates == "tf_crop_and_resize" && !(0.0..=last).contains(&at);
            if outside && self.mode == "nearest" {
                let refusal = Refusal::new("crops beyond its input and takes the nearest element there");
                return Err(refusal.hint("re-export the model without it: runtimes disagree on what it means"));
            }
            if outside {
                return Ok(vec![]);
            }
            let row = match self.mode.as_str() {
                "nearest" => vec![(self.near(at).clamp(0.0, last) as usize, 1.0)],
                "linear" if self.antialias => self.spread(at, 1.0, axis, |t| 1.0 - t),
                "linear" => {
                    let at = at.clamp(0.0, last);
                    let (low, share) = (at.floor() as usize, at - at.floor());
                    if share == 0.0 { vec![(low, 1.0)] } else { vec![(low, 1.0 - share), (low + 1, share)] }
                }
                "cubic" => self.spread(at, 2.0, axis, |t| self.keys(t)),
                other => return Err(Refusal::new(format!("{other} interpolation is not supported"))),
            };
            if row.iter().any(|(_, w)| !w.is_finite()) {
                return Err(Refusal::new("has weights that sum to zero where it excludes what lies outside"));
            }
            Ok(row)
        };
        (0..axis.to).map(row).collect()
    }

    fn near(&self, at: f64) -> f64 {
        match self.rounding.as_str() {
            "floor" => at.floor(),
            "ceil" => at.ceil(),
            "round_prefer_ceil" => (at + 0.5).floor(),
            _ => (at - 0.5).ceil(),
        }
    }

    /// Keys' kernel at a distance below 2.
    fn keys(&self, t: f64) -> f64 {
        let a = self.cubic;
        if t <= 1.0 {
            ((a + 2.0) * t - (a + 3.0)) * t * t + 1.0
        } else {
            ((a * t - 5.0 * a) * t + 8.0 * a) * t - 4.0 * a
        }
    }

    /// The weights of a kernel of this reach around a place; they sum to one.
    fn spread(&self, at: f64, reach: f64, axis: &Axis, kernel: impl Fn(f64) -> f64) -> Taps {
        let scale = if self.antialias { axis.scale.min(1.0) } else { 1.0 };
        let (first, end) = ((at - reach / scale).floor() as i64, (at + reach / scale).ceil() as i64);
        let last = axis.from as i64 - 1;
        let mut taps: Taps = vec![];
        for k in if self.exclude { first.max(0)..=end.min(last) } else { first..=end } {
            let distance = (k as f64 - at).abs() * scale;
            let weight = if distance < reach { kernel(distance) } else { 0.0 };
            let place = k.clamp(0, last) as usize;
            match taps.last_mut() {
                _ if weight == 0.0 => {}
                Some((before, sum)) if *before == place => *sum += weight,
                _ => taps.push((place, weight)),
            }
        }
        let sum: f64 = taps.iter().map(|(_, w)| w).sum();
        if self.exclude || self.antialias {
            taps.iter_mut().for_each(|(_, w)| *w /= sum);
        }
        taps
    }
}
