//! Verdicts and their certificates.
//!
//! Contract: a face has a witness, a redundant row a Farkas proof, and anything else is undecided. Proofs need no
//! order of elimination: coincident rows are one class, so no proof can rest on a copy of the row it removes (see
//! `docs/numerics.md`, section "Why proofs need no order").

use super::tolerances::SIEVED;
use crate::ir::Rational;

/// Which engine decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// Projection in the local metric.
    #[default]
    Auto,
    /// One LP per class with HiGHS: the method of the literature, as a second opinion.
    Lp,
}

/// A point that shows a row to be a face.
#[derive(Clone, Debug, PartialEq)]
pub enum Witness {
    /// On the hyperplane to rounding, and at least `margin` (Euclidean distance, rounding deducted) inside every row
    /// of every other class.
    Float {
        /// The point.
        point: Vec<f64>,
        /// Distance to the nearest hyperplane of another class.
        margin: f64,
    },
    /// Exactly on the hyperplane and strictly inside every other class, for faces too thin for float64.
    Exact {
        /// The point.
        point: Vec<Rational>,
    },
}

impl Witness {
    /// The point, rounded to float64 where it is exact.
    pub fn point(&self) -> Vec<f64> {
        match self {
            Witness::Float { point, .. } => point.clone(),
            Witness::Exact { point } => point.iter().map(|x| x.to_f64().value()).collect(),
        }
    }
}

/// Multipliers `y >= 0` that show a row to be redundant: `Σ y_j a_j = a_i` and `Σ y_j b_j <= b_i`.
#[derive(Clone, Debug, PartialEq)]
pub enum Farkas {
    /// In float64: either the residual of the equation, bounded over the domain's box, is smaller than the gap, or
    /// the exact multipliers are enclosed near these and suffice.
    Float {
        /// Rows the proof uses; none when the box alone excludes the row.
        rows: Vec<usize>,
        /// Their multipliers.
        multipliers: Vec<f64>,
        /// What is left of the gap after every bound, as a distance; zero for rows that all pass through the origin.
        gap: f64,
    },
    /// In rationals, with equality and without residual.
    Exact {
        /// Rows the proof uses.
        rows: Vec<usize>,
        /// Their multipliers.
        multipliers: Vec<Rational>,
    },
}

/// What is known of a class of rows.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// A face (facet) of the region.
    Face(Witness),
    /// Implied by the other rows.
    Redundant(Farkas),
    /// Neither could be shown.
    Undecided,
}

/// Rows on one and the same hyperplane, on the same side.
#[derive(Clone, Debug, PartialEq)]
pub struct Class {
    /// Row indices, ascending.
    pub rows: Vec<usize>,
    /// The verdict on all of them.
    pub verdict: Verdict,
}

impl Class {
    /// Whether the class is a face.
    pub fn is_face(&self) -> bool {
        matches!(self.verdict, Verdict::Face(_))
    }

    /// Whether the class is redundant.
    pub fn is_redundant(&self) -> bool {
        matches!(self.verdict, Verdict::Redundant(_))
    }
}

/// What it took, for one region.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Effort {
    /// LPs solved.
    pub lp_calls: usize,
    /// Steps of the projection method.
    pub steps: usize,
    /// Classes or coincidences decided in rational arithmetic.
    pub exact_decisions: usize,
    /// Smallest margin of a float witness, as a distance.
    pub smallest_accepted_gap: Option<f64>,
    /// Largest (nearest to zero) gap of a float proof of redundancy, as a negative distance.
    pub largest_rejected_gap: Option<f64>,
}

impl Effort {
    /// Multiplications that this took for `rows` half-spaces beside the walls, roughly: within a factor of five of the time
    /// that the machines of `docs/performance.md` needed.
    pub fn work(&self, dimension: usize, rows: usize) -> u64 {
        let matrix = (dimension * rows.min(SIEVED)) as u64;
        let exact = 10_000 + 10 * (dimension as u64).pow(3);
        self.steps as u64 * (2_000 + matrix)
            + self.lp_calls as u64 * 4_000 * (rows as u64 + matrix)
            + self.exact_decisions as u64 * exact
    }
}

/// All classes of one region.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Faces {
    /// Classes in order of their first row.
    pub classes: Vec<Class>,
    /// The point inside that the certificates refer to.
    pub interior: Vec<f64>,
    /// What it took.
    pub effort: Effort,
}

impl Faces {
    /// Number of faces.
    pub fn count(&self) -> usize {
        self.classes.iter().filter(|c| c.is_face()).count()
    }

    /// Number of undecided classes.
    pub fn undecided(&self) -> usize {
        self.classes.iter().filter(|c| c.verdict == Verdict::Undecided).count()
    }
}
