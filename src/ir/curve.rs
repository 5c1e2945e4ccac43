//! A continuous piecewise-linear function of one variable with finitely many breakpoints.
//!
//! Contract: breakpoints ascend strictly, the slope changes at each (a breakpoint without a change of slope is
//! none and is dropped on construction), and the pieces meet exactly in rational arithmetic.
//! Refuses discontinuous and non-finite functions.

use super::exact::{Rational, rational};

/// Piece `p` is `y = slopes[p] · x + offsets[p]`, valid between breakpoints `p - 1` and `p`.
/// A value exactly on a breakpoint belongs to the lower piece.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    breakpoints: Vec<f64>,
    slopes: Vec<f64>,
    offsets: Vec<f64>,
}

impl Curve {
    /// Builds a curve of `breakpoints.len() + 1` pieces; `None` when it is not continuous, not finite or not ordered.
    pub fn new(breakpoints: &[f64], slopes: &[f64], offsets: &[f64]) -> Option<Curve> {
        let pieces = breakpoints.len() + 1;
        let finite = [breakpoints, slopes, offsets].iter().all(|v| v.iter().all(|x| x.is_finite()));
        if slopes.len() != pieces || offsets.len() != pieces || !finite || breakpoints.windows(2).any(|w| w[0] >= w[1])
        {
            return None;
        }
        let line = |p: usize, t: &Rational| rational(slopes[p]) * t + rational(offsets[p]);
        let mut curve = Curve { breakpoints: vec![], slopes: vec![slopes[0]], offsets: vec![offsets[0]] };
        for (p, &t) in breakpoints.iter().enumerate() {
            let at = rational(t);
            if line(p, &at) != line(p + 1, &at) {
                return None;
            }
            if slopes[p] != slopes[p + 1] {
                curve.breakpoints.push(t);
                curve.slopes.push(slopes[p + 1]);
                curve.offsets.push(offsets[p + 1]);
            }
        }
        Some(curve)
    }

    /// `max(x, 0)`.
    pub fn relu() -> Curve {
        Curve { breakpoints: vec![0.0], slopes: vec![0.0, 1.0], offsets: vec![0.0, 0.0] }
    }

    /// `x` where positive, `slope · x` elsewhere (LeakyRelu, PRelu; `Abs` at slope -1).
    pub fn leaky(slope: f64) -> Option<Curve> {
        Curve::new(&[0.0], &[slope, 1.0], &[0.0, 0.0])
    }

    /// `min(max(x, lo), hi)`; an infinite bound is no bound, and `lo ≥ hi` is the constant `hi` (ONNX's rule).
    pub fn clip(lo: f64, hi: f64) -> Option<Curve> {
        match (lo > f64::NEG_INFINITY, hi < f64::INFINITY) {
            (false, false) => Curve::new(&[], &[1.0], &[0.0]),
            (true, false) => Curve::new(&[lo], &[0.0, 1.0], &[lo, 0.0]),
            (false, true) => Curve::new(&[hi], &[1.0, 0.0], &[0.0, hi]),
            (true, true) if lo >= hi => Curve::new(&[], &[0.0], &[hi]),
            (true, true) => Curve::new(&[lo, hi], &[0.0, 1.0, 0.0], &[lo, 0.0, hi]),
        }
    }

    /// The values at which the slope changes, ascending.
    pub fn breakpoints(&self) -> &[f64] {
        &self.breakpoints
    }

    /// Number of pieces.
    pub fn pieces(&self) -> usize {
        self.slopes.len()
    }

    /// Slope of piece `p`.
    pub fn slope(&self, p: usize) -> f64 {
        self.slopes[p]
    }

    /// Offset of piece `p`: its value at zero, extended.
    pub fn offset(&self, p: usize) -> f64 {
        self.offsets[p]
    }

    /// The piece that `x` lies on; on a breakpoint, the lower one.
    pub fn piece(&self, x: f64) -> usize {
        self.breakpoints.iter().take_while(|&&t| x > t).count()
    }

    /// The function's value.
    pub fn value(&self, x: f64) -> f64 {
        let p = self.piece(x);
        self.slopes[p] * x + self.offsets[p]
    }

    /// Short name of the family: `relu`, `leaky`, `abs`, `clip`, `linear` or `piecewise`.
    pub fn kind(&self) -> &'static str {
        match (self.breakpoints.len(), self.slopes.as_slice()) {
            (0, _) => "linear",
            (1, [0.0, 1.0]) => "relu",
            (1, [-1.0, 1.0]) => "abs",
            (1, [_, 1.0]) => "leaky",
            (_, s) if s.iter().all(|&x| x == 0.0 || x == 1.0) => "clip",
            _ => "piecewise",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_breakpoint_without_a_change_of_slope_is_none() {
        let identity = Curve::leaky(1.0).expect("continuous");
        assert_eq!(identity.pieces(), 1);
        assert_eq!(Curve::clip(0.5, 0.5).expect("constant").kind(), "linear");
    }

    #[test]
    fn a_jump_is_refused() {
        assert_eq!(Curve::new(&[1.0], &[0.0, 1.0], &[0.0, 0.0]), None);
    }

    #[test]
    fn a_value_on_a_breakpoint_belongs_to_the_lower_piece() {
        let six = Curve::clip(0.0, 6.0).expect("continuous");
        assert_eq!([six.piece(0.0), six.piece(1e-300), six.piece(6.0), six.piece(6.5)], [0, 1, 1, 2]);
        assert_eq!([six.value(-1.0), six.value(3.5), six.value(9.0)], [0.0, 3.5, 6.0]);
    }
}
