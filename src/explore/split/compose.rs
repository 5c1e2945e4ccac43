//! Composing the forms of a layer's rows: terms of the rows before are added in the widest vectors of the machine.
//!
//! Contract: every row is summed in the order of the terms, each product and sum rounded once, whatever the vectors'
//! length: results do not depend on the instruction set.

use super::forms::{RowForms, rounding};
use super::vertex::{SLACK, TINY, full_factor};
use pulp::Simd;

/// Adds all terms to all rows, and what the bounds of their values need; whether some row may be a constant.
pub struct Add<'a, const D: usize> {
    pub own: &'a mut RowForms,
    /// The constants of rows composed anew, and the rounding of a coefficient; else terms are added to what is there.
    pub start: Option<(&'a [f64], f64)>,
    /// The weights of each row before, one after the other.
    pub columns: &'a [f64],
    /// At least the length of each row of weights.
    pub norms: &'a [f64],
    /// At least the length of the terms' shares.
    pub length: f64,
}

impl<const D: usize> pulp::WithSimd for Add<'_, D> {
    type Output = bool;

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> bool {
        let Add { own, start, columns, norms, length } = self;
        let each = rounding(own.rows);
        let mut rows = Rows::<S> {
            simd,
            n: own.stride / S::F64_LANES,
            values: S::as_mut_simd_f64s(&mut own.values).0,
            error: S::as_mut_simd_f64s(&mut own.error).0,
            weight: S::as_mut_simd_f64s(&mut own.weight).0,
            full: S::as_mut_simd_f64s(&mut own.full).0,
            share: S::as_mut_simd_f64s(&mut own.share).0,
            start: start.map(|(bias, rounding)| (S::as_simd_f64s(bias).0, simd.splat_f64s(rounding))),
            columns: S::as_simd_f64s(columns).0,
            norms: S::as_simd_f64s(norms).0,
            length: simd.splat_f64s(length),
            each: simd.splat_f64s(each),
            terms: &own.terms,
            factors: &own.factors,
        };
        // Whether some row, or some place behind the last, is a constant.
        let (mut flat, mut at) = (false, 0);
        // As many vectors at a time as registers hold.
        let fit = |n: usize| n * (D + 1) + D + 2 <= S::REGISTER_COUNT;
        while at < rows.n {
            if fit(4) && rows.n - at >= 4 {
                flat |= rows.pass::<D, 4>(at);
                at += 4;
            } else if fit(2) && rows.n - at >= 2 {
                flat |= rows.pass::<D, 2>(at);
                at += 2;
            } else {
                flat |= rows.pass::<D, 1>(at);
                at += 1;
            }
        }
        flat && (0..own.rows).any(|i| own.weight[i] <= (D as f64 + 1.0) * own.error[i])
    }
}

/// The same in vectors.
struct Rows<'a, S: Simd> {
    simd: S,
    /// Vectors of one coefficient of all rows.
    n: usize,
    values: &'a mut [S::f64s],
    error: &'a mut [S::f64s],
    weight: &'a mut [S::f64s],
    full: &'a mut [S::f64s],
    share: &'a mut [S::f64s],
    start: Option<(&'a [S::f64s], S::f64s)>,
    columns: &'a [S::f64s],
    norms: &'a [S::f64s],
    length: S::f64s,
    each: S::f64s,
    terms: &'a [u32],
    factors: &'a [f64],
}

impl<S: Simd> Rows<'_, S> {
    /// `N` vectors of rows, from the vector `at` on.
    #[inline(always)]
    fn pass<const D: usize, const N: usize>(&mut self, at: usize) -> bool {
        let (simd, n) = (self.simd, self.n);
        let zero = simd.splat_f64s(0.0);
        let (mut w, mut c, mut e) = ([[zero; N]; D], [zero; N], [zero; N]);
        match self.start {
            Some((bias, rounding)) => {
                for m in 0..N {
                    c[m] = bias[at + m];
                    e[m] = simd.mul_f64s(rounding, simd.abs_f64s(c[m]));
                }
            }
            None => {
                for m in 0..N {
                    c[m] = self.values[D * n + at + m];
                    e[m] = self.error[at + m];
                    for k in 0..D {
                        w[k][m] = self.values[k * n + at + m];
                    }
                }
            }
        }
        if !self.norms.is_empty() {
            for m in 0..N {
                e[m] = simd.mul_add_f64s(self.norms[at + m], self.length, e[m]);
            }
        }
        for (&i, f) in self.terms.iter().zip(self.factors.chunks_exact(D + 1)) {
            let column = &self.columns[i as usize * n + at..][..N];
            let last = simd.splat_f64s(f[D]);
            for m in 0..N {
                c[m] = simd.mul_add_f64s(column[m], last, c[m]);
            }
            for k in 0..D {
                let f = simd.splat_f64s(f[k]);
                for m in 0..N {
                    w[k][m] = simd.mul_add_f64s(column[m], f, w[k][m]);
                }
            }
        }
        let (slack, wide) = (simd.splat_f64s(SLACK), simd.splat_f64s(D as f64 + 1.0));
        let (own, tiny) = (simd.splat_f64s(full_factor::<D>()), simd.splat_f64s(TINY));
        let mut flat = false;
        for m in 0..N {
            let size = simd.abs_f64s(c[m]);
            let (mut weight, mut largest) = (zero, size);
            for k in 0..D {
                let size = simd.abs_f64s(w[k][m]);
                weight = simd.add_f64s(weight, size);
                largest = simd.max_f64s(size, largest);
                self.values[k * n + at + m] = w[k][m];
            }
            weight = simd.mul_f64s(weight, slack);
            let full = simd.mul_f64s(simd.mul_add_f64s(own, size, e[m]), slack);
            let constant = simd.less_than_or_equal_f64s(weight, simd.mul_f64s(wide, e[m]));
            flat |= simd.first_true_m64s(constant) < S::F64_LANES;
            self.values[D * n + at + m] = c[m];
            self.error[at + m] = e[m];
            self.weight[at + m] = weight;
            self.full[at + m] = simd.add_f64s(full, tiny);
            self.share[at + m] = simd.mul_f64s(simd.mul_add_f64s(self.each, largest, e[m]), slack);
        }
        flat
    }
}
