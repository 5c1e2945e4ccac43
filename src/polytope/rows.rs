//! Half-spaces as computed in float64, and the exact rows behind them.
//!
//! Contract: rows are `normal·x <= offset`, not normalised; `errors[i]` bounds the error of each coefficient and of
//! the offset of row `i` against its exact row. The first `walls` rows are walls: one non-zero coefficient, exact.

use crate::ir::{Rational, rational};

/// The half-spaces of one region.
#[derive(Clone, Debug, Default)]
pub struct Halfspaces {
    /// Number of inputs.
    pub dimension: usize,
    /// Number of leading rows that are walls of the domain's box: a single non-zero coefficient, +1 or -1, no error.
    pub walls: usize,
    /// Coefficients, row-major.
    pub normals: Vec<f64>,
    /// Right-hand sides.
    pub offsets: Vec<f64>,
    /// Bound on the absolute error of each coefficient and of the offset of each row.
    pub errors: Vec<f64>,
}

impl Halfspaces {
    /// No rows yet.
    pub fn new(dimension: usize) -> Halfspaces {
        Halfspaces { dimension, ..Halfspaces::default() }
    }

    /// The walls `lo[k] <= x[k] <= hi[k]`: for each input its upper wall, then its lower one.
    pub fn boxed(lo: &[f64], hi: &[f64]) -> Halfspaces {
        let mut h = Halfspaces::new(lo.len());
        for k in 0..lo.len() {
            for (sign, bound) in [(1.0, hi[k]), (-1.0, -lo[k])] {
                let mut normal = vec![0.0; lo.len()];
                normal[k] = sign;
                h.push(&normal, bound, 0.0);
            }
        }
        h.walls = h.len();
        h
    }

    /// Appends a row.
    pub fn push(&mut self, normal: &[f64], offset: f64, error: f64) {
        assert_eq!(normal.len(), self.dimension, "a normal has one coefficient per input");
        self.normals.extend_from_slice(normal);
        self.offsets.push(offset);
        self.errors.push(error);
    }

    /// Number of rows, walls included.
    pub fn len(&self) -> usize {
        self.offsets.len()
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.offsets.is_empty()
    }

    /// Normal of row `i`.
    pub fn normal(&self, i: usize) -> &[f64] {
        &self.normals[i * self.dimension..(i + 1) * self.dimension]
    }

    /// Axis and sign of row `i` when it is a wall.
    pub fn wall(&self, i: usize) -> Option<(usize, f64)> {
        if i >= self.walls {
            return None;
        }
        self.normal(i).iter().position(|&a| a != 0.0).map(|k| (k, self.normal(i)[k]))
    }

    /// Whether every number is finite and the sizes agree.
    pub fn is_well_formed(&self) -> bool {
        let m = self.len();
        let finite = |v: &[f64]| v.iter().all(|x| x.is_finite());
        self.normals.len() == m * self.dimension
            && self.errors.len() == m
            && self.walls <= m
            && finite(&self.normals)
            && finite(&self.offsets)
            && finite(&self.errors)
    }
}

/// Exact rows on demand; `None` when a row is too large to be worth it.
pub trait ExactRows: Sync {
    /// Normal and offset of row `row`, exactly.
    fn exact_row(&self, row: usize) -> Option<(Vec<Rational>, Rational)>;
}

/// The float rows taken at their word: right for rows without error.
impl ExactRows for Halfspaces {
    fn exact_row(&self, row: usize) -> Option<(Vec<Rational>, Rational)> {
        Some((self.normal(row).iter().map(|&a| rational(a)).collect(), rational(self.offsets[row])))
    }
}

/// Rows stored as rationals.
#[derive(Clone, Debug, Default)]
pub struct StoredRows(pub Vec<(Vec<Rational>, Rational)>);

impl ExactRows for StoredRows {
    fn exact_row(&self, row: usize) -> Option<(Vec<Rational>, Rational)> {
        self.0.get(row).cloned()
    }
}
