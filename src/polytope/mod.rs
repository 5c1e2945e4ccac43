//! Half-spaces and an interior point → which of them are faces, with certificates.
//!
//! Contract: a verdict is certain or *undecided*. Floating point proposes (projection in the local metric, or one LP per
//! row); a proposal counts only when its certificate holds by more than every rounding error; where it does not, exact
//! rational arithmetic decides. Knows half-spaces only: neither networks nor statistics.

mod certify;
mod exact;
mod faces;
mod lp;
mod metric;
mod project;
mod reduce;
pub mod tolerances;

pub use faces::{Faces, Workspace, faces, faces_in};
pub use lp::ball;

use crate::ir::Rational;

/// `m` rows `normal · x ≤ offset` as computed in float64, walls first.
#[derive(Clone, Debug, Default)]
pub struct Halfspaces {
    /// Number of coordinates d.
    pub dimension: usize,
    /// Row-major normals, `m × d`, not normalised.
    pub normals: Vec<f64>,
    /// One offset per row.
    pub offsets: Vec<f64>,
    /// Per row, a bound on the error of each coefficient and of the offset against the exact row.
    pub errors: Vec<f64>,
    /// Number of leading rows that are walls of the domain (one nonzero coefficient, exact).
    pub walls: usize,
}

impl Halfspaces {
    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.offsets.len()
    }

    /// Normal of a row.
    pub fn normal(&self, row: usize) -> &[f64] {
        &self.normals[row * self.dimension..(row + 1) * self.dimension]
    }
}

/// The exact rows behind the computed ones.
pub trait ExactRows: Sync {
    /// Exact normal and offset of a row, or `None` where they would take too much work.
    fn exact_row(&self, row: usize) -> Option<(Vec<Rational>, Rational)>;
}

/// Which method decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Projection in the local metric, certificates, exact arithmetic.
    Auto,
    /// One linear program per row (HiGHS), exact arithmetic within its tolerance.
    Lp,
}

/// Why a row is a face: a point on it, strictly inside all other classes.
#[derive(Clone, Debug)]
pub struct Witness {
    /// The point; on the hyperplane to rounding.
    pub point: Vec<f64>,
    /// Whether the point is the rounding of an exact rational witness (then its margin is not certain in float64).
    pub rounded: bool,
}

impl Witness {
    /// The point.
    pub fn point(&self) -> Vec<f64> {
        self.point.clone()
    }
}

/// Why a row is redundant: nonnegative multipliers of other rows that add up to it.
#[derive(Clone, Debug)]
pub struct Farkas {
    /// `(row, multiplier)`: `Σ y_j a_j = a_i` and `Σ y_j b_j ≤ b_i`, for rows as given.
    pub multipliers: Vec<(usize, f64)>,
}

/// The answer for one class of rows.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// A face.
    Face(Witness),
    /// Not a face.
    Redundant(Farkas),
    /// Neither could be proven.
    Undecided,
}

/// Rows on one and the same hyperplane, on the same side, and what they are.
#[derive(Clone, Debug)]
pub struct Class {
    /// The rows, ascending.
    pub rows: Vec<usize>,
    /// The answer.
    pub verdict: Verdict,
}
