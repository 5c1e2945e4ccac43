//! Products of the units' rows with many steps from the interior point, in large regions.
//!
//! Contract: rows with few entries (units of convolutions see a few inputs) are held by entries, the others by columns in
//! one dense block; a step that moves few inputs reads only their columns. Every product is a sum over the same
//! terms in some order, so the standard bound on its rounding holds. Results do not depend on the number of threads.

use super::kernel;
use super::rows::Halfspaces;
use crate::vectors;
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use rayon::prelude::*;

/// Steps of one product; fixed, so that results do not depend on the number of threads.
const SHARE: usize = 64;

/// A row with fewer than this share of its entries is held by entries.
const SPARSE: usize = 4;

/// A step that moves fewer than this share of the inputs goes by columns.
const FEW: usize = 8;

/// The rows of the units, for products.
pub(super) struct Products {
    d: usize,
    /// Number of rows.
    units: usize,
    /// Entries of the sparse rows by column: where each column begins, rows, values.
    starts: Vec<usize>,
    rows: Vec<u32>,
    values: Vec<f64>,
    /// Inputs of each sparse row; none for a dense one.
    supports: Vec<Option<Vec<u32>>>,
    /// Row numbers of the dense rows, and these rows column by column.
    dense: Vec<usize>,
    block: Vec<f64>,
}

/// See [`vectors::wide`].
struct Share<'a> {
    products: &'a Products,
    steps: &'a [f64],
    out: &'a mut [f64],
    stride: usize,
    offset: usize,
}

impl pulp::NullaryFnOnce for Share<'_> {
    type Output = ();
    #[inline(always)]
    fn call(self) {
        self.products.share(self.steps, self.out, self.stride, self.offset);
    }
}

impl Products {
    /// Prepares the rows behind the walls.
    pub fn new(h: &Halfspaces) -> Products {
        let (d, units) = (h.dimension, h.len() - h.walls);
        let normal = |j: usize| h.normal(h.walls + j);
        let supports: Vec<Option<Vec<u32>>> = (0..units)
            .into_par_iter()
            .map(|j| {
                let entries = normal(j).iter().enumerate().filter(|a| *a.1 != 0.0);
                let support: Vec<u32> = entries.map(|(k, _)| k as u32).collect();
                (SPARSE * support.len() < d).then_some(support)
            })
            .collect();
        let mut starts = vec![0usize; d + 1];
        supports.iter().flatten().flatten().for_each(|&k| starts[k as usize + 1] += 1);
        (0..d).for_each(|k| starts[k + 1] += starts[k]);
        let (mut rows, mut values) = (vec![0; starts[d]], vec![0.0; starts[d]]);
        let mut next = starts.clone();
        for (j, support) in supports.iter().enumerate() {
            for &k in support.iter().flatten() {
                let at = &mut next[k as usize];
                (rows[*at], values[*at]) = (j as u32, normal(j)[k as usize]);
                *at += 1;
            }
        }
        let dense: Vec<usize> = (0..units).filter(|&j| supports[j].is_none()).collect();
        let mut block = vec![0.0; dense.len() * d];
        if !dense.is_empty() {
            let fill = |(k, column): (usize, &mut [f64])| {
                column.iter_mut().zip(&dense).for_each(|(c, &j)| *c = normal(j)[k]);
            };
            block.par_chunks_mut(dense.len()).enumerate().for_each(fill);
        }
        Products { d, units, starts, rows, values, supports, dense, block }
    }

    /// Inputs that row `j` of the units sees; `None`: (nearly) all.
    pub fn support(&self, j: usize) -> Option<&[u32]> {
        self.supports[j].as_deref()
    }

    /// All rows times each of `steps` (`d` numbers each), one step after the other; `emit` gets each step's number and
    /// its products.
    pub fn at_many(&self, steps: &[f64], out: &mut [f64], stride: usize, offset: usize) {
        let d = self.d;
        if d == 0 || stride == 0 {
            return;
        }
        out.par_chunks_mut(stride * SHARE).zip(steps.par_chunks(d * SHARE)).for_each(|(out, steps)| {
            vectors::wide(Share { products: self, steps, out, stride, offset });
        });
    }

    #[inline(always)]
    fn share(&self, steps: &[f64], out: &mut [f64], stride: usize, offset: usize) {
        let (d, height) = (self.d, self.dense.len());
        let mut wide = vec![];
        let mut sums = vec![0.0; height];
        for (c, (step, out)) in steps.chunks_exact(d).zip(out.chunks_exact_mut(stride)).enumerate() {
            let out = &mut out[offset..offset + self.units];
            out.fill(0.0);
            let moved: Vec<usize> = (0..d).filter(|&k| step[k] != 0.0).collect();
            for &k in &moved {
                let (from, to) = (self.starts[k], self.starts[k + 1]);
                for (&j, a) in self.rows[from..to].iter().zip(&self.values[from..to]) {
                    out[j as usize] += a * step[k];
                }
            }
            if height > 0 && FEW * moved.len() < d {
                sums.fill(0.0);
                moved.iter().for_each(|&k| kernel::axpy(step[k], &self.block[k * height..(k + 1) * height], &mut sums));
                self.dense.iter().zip(&sums).for_each(|(&j, s)| out[j] = *s);
            } else {
                wide.push(c);
            }
        }
        if height == 0 || wide.is_empty() {
            return;
        }
        let gathered: Vec<f64> = wide.iter().flat_map(|&c| &steps[c * d..(c + 1) * d]).copied().collect();
        let mut found = vec![0.0; height * wide.len()];
        matmul(
            MatMut::from_column_major_slice_mut(&mut found, height, wide.len()),
            Accum::Replace,
            MatRef::from_column_major_slice(&self.block, height, d),
            MatRef::from_column_major_slice(&gathered, d, wide.len()),
            1.0,
            Par::Seq,
        );
        for (&c, found) in wide.iter().zip(found.chunks_exact(height)) {
            let out = &mut out[c * stride + offset..c * stride + offset + self.units];
            self.dense.iter().zip(found).for_each(|(&j, s)| out[j] = *s);
        }
    }
}
