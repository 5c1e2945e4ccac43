//! The Gram matrix of the open rows in the local metric, and the way back from multipliers to points.
//!
//! Contract: positions `0..n` stand for rows; `u_p` is row `p` divided by its slack at the centre and whitened by the
//! metric, so that every row reads `u_p·v <= 1`. Candidates only: nothing here is certified.

use super::blocked::Blocked;

/// How the products are stored.
pub(super) enum Store {
    /// All of them, row-major.
    Full(Vec<f64>),
    /// Factored over walls and units, for large regions.
    Blocked(Box<Blocked>),
}

/// Products of the whitened rows.
pub(super) struct Gram {
    pub dimension: usize,
    /// Number of positions.
    pub n: usize,
    /// Row index of each position.
    pub rows: Vec<usize>,
    /// Squared length of each whitened row.
    pub diagonal: Vec<f64>,
    /// The centre.
    pub centre: Vec<f64>,
    /// Slacks of the positions at the centre, rows as given.
    pub slack: Vec<f64>,
    pub store: Store,
    /// Position-major `H⁻¹ a_p / s_p` (full store only).
    pub steps: Vec<f64>,
}

impl Gram {
    /// The full matrix, when stored.
    #[inline(always)]
    pub fn full(&self) -> Option<&[f64]> {
        match &self.store {
            Store::Full(products) => Some(products),
            Store::Blocked(_) => None,
        }
    }

    /// Column of position `p`.
    pub fn column(&self, p: usize, out: &mut [f64]) {
        match &self.store {
            Store::Full(products) => out.copy_from_slice(&products[p * self.n..(p + 1) * self.n]),
            Store::Blocked(blocked) => blocked.column(p, &self.slack, out),
        }
    }

    /// The point `centre + Σ c_p H⁻¹ a_p / s_p`.
    pub fn point(&self, positions: &[usize], coefficients: &[f64], out: &mut [f64]) {
        out.copy_from_slice(&self.centre);
        for (&p, &c) in positions.iter().zip(coefficients) {
            match &self.store {
                Store::Full(_) => super::kernel::axpy(c, &self.steps[p * self.dimension..][..self.dimension], out),
                Store::Blocked(blocked) => blocked.step(p, c / self.slack[p], out),
            }
        }
    }
}
