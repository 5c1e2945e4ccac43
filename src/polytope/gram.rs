//! The Gram matrix of the open rows in the local metric, and the way back from multipliers to points.
//!
//! Contract: positions `0..n` stand for rows, the longest first; `u_p` is row `p` divided by its slack at the centre and
//! whitened by the metric, so that every row reads `u_p·v <= 1`. Candidates only: nothing here is certified.

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
    /// Slacks of the positions at the centre, rows of length one.
    pub slack: Vec<f64>,
    /// `u_p·u_q`, row-major.
    pub products: Vec<f64>,
    /// Position-major `H⁻¹ a_p / s_p`.
    pub steps: Vec<f64>,
}

impl Gram {
    /// The point `centre + Σ c_p H⁻¹ a_p / s_p`.
    #[inline(always)]
    pub fn point(&self, positions: &[usize], coefficients: &[f64]) -> Vec<f64> {
        let mut out = self.centre.clone();
        for (&p, &c) in positions.iter().zip(coefficients) {
            super::kernel::axpy(c, &self.steps[p * self.dimension..][..self.dimension], &mut out);
        }
        out
    }
}
