//! The linear parts of affine nodes, kept structured: dense, convolution, index map, moved blocks, sparse.
//!
//! Contract: one description serves every use. [`Linear::for_row`] gives the exact coefficients of one row;
//! [`Linear::apply`] multiplies a block of columns in float64. Nothing is expanded to a dense matrix.

use super::block::Block;
use faer::{Accum, MatMut, MatRef, Par, linalg::matmul::matmul};
use rayon::prelude::*;
use std::sync::Arc;

/// Marks an element of [`Linear::Index`] that is zero rather than a copy.
pub const ZERO: u32 = u32::MAX;

/// Multiply-add operations below which a product is not worth more than one thread.
const PARALLEL_FROM: usize = 1 << 20;

/// A repeated vector: element `i` is `values[(i / inner) % values.len()]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Broadcast {
    /// The distinct values.
    pub values: Arc<[f64]>,
    /// How many neighbouring elements share one.
    pub inner: usize,
}

impl Broadcast {
    /// One value per element.
    pub fn full(values: Vec<f64>) -> Broadcast {
        Broadcast { values: values.into(), inner: 1 }
    }

    /// The same value for every element.
    pub fn uniform(value: f64) -> Broadcast {
        Broadcast { values: Arc::new([value]), inner: 1 }
    }

    /// Element `i`.
    pub fn get(&self, i: usize) -> f64 {
        self.values[(i / self.inner) % self.values.len()]
    }
}

/// A dense matrix, row-major.
#[derive(Clone, Debug)]
pub struct Dense {
    /// Outputs.
    pub rows: usize,
    /// Inputs.
    pub cols: usize,
    /// `rows × cols` numbers.
    pub weight: Arc<[f64]>,
}

/// A convolution over any number of spatial dimensions, with batch and groups; or its transpose.
///
/// Values are `[batch, channels, spatial…]`. With `small` the strided side (the output of a convolution, the input
/// of a transposed one) and `large` the other: `large position = small position · stride − pad + kernel position · dilation`.
/// `weight` is `[small channels, large channels / groups, kernel…]`.
#[derive(Clone, Debug)]
pub struct Conv {
    /// Independent repetitions.
    pub batch: usize,
    /// Channel groups.
    pub groups: usize,
    /// Channels on the strided side.
    pub small_channels: usize,
    /// Channels on the other side.
    pub large_channels: usize,
    /// Spatial shape of the strided side.
    pub small: Vec<usize>,
    /// Spatial shape of the other side.
    pub large: Vec<usize>,
    /// Kernel shape.
    pub kernel: Vec<usize>,
    /// Strides.
    pub strides: Vec<usize>,
    /// Dilations.
    pub dilations: Vec<usize>,
    /// Padding before the first element of each dimension (negative crops).
    pub pads: Vec<isize>,
    /// Coefficients.
    pub weight: Arc<[f64]>,
    /// `false`: the large side goes in (Conv); `true`: the small side goes in (ConvTranspose).
    pub transposed: bool,
}

/// The linear part of an affine node.
#[derive(Clone, Debug)]
pub enum Linear {
    /// `y = x`.
    Identity,
    /// `y_i = mul_i x_i`.
    Scale(Broadcast),
    /// `y_i = x[index_i]`, or 0 where the index is [`ZERO`].
    Index(Arc<[u32]>),
    /// As an index map, for whole blocks of neighbours.
    Block(Block),
    /// A dense matrix.
    Dense(Dense),
    /// A convolution or its transpose.
    Conv(Conv),
    /// Compressed rows: row `i` has columns and coefficients at `starts[i]..starts[i + 1]`.
    Sparse {
        /// One entry more than rows.
        starts: Arc<[usize]>,
        /// Column of each entry.
        columns: Arc<[u32]>,
        /// Coefficient of each entry.
        weights: Arc<[f64]>,
    },
}

impl Linear {
    /// Calls `visit(column, coefficient)` for the stored entries of row `i`. A column may come more than once;
    /// the coefficient of a column is the sum.
    #[inline]
    pub fn for_row(&self, i: usize, mut visit: impl FnMut(usize, f64)) {
        match self {
            Linear::Identity => visit(i, 1.0),
            Linear::Scale(mul) => visit(i, mul.get(i)),
            Linear::Index(index) => {
                if index[i] != ZERO {
                    visit(index[i] as usize, 1.0);
                }
            }
            Linear::Block(b) => {
                if let Some(j) = b.source(i) {
                    visit(j, 1.0);
                }
            }
            Linear::Dense(m) => {
                for (j, &w) in m.weight[i * m.cols..(i + 1) * m.cols].iter().enumerate() {
                    if w != 0.0 {
                        visit(j, w);
                    }
                }
            }
            Linear::Conv(c) => c.for_line(c.transposed, i, visit),
            Linear::Sparse { starts, columns, weights } => {
                for e in starts[i]..starts[i + 1] {
                    visit(columns[e] as usize, weights[e]);
                }
            }
        }
    }

    /// Calls `visit(row, coefficient)` for the entries of column `j` of a dense matrix or a convolution, and for none of
    /// other maps, which are not stored that way.
    #[inline]
    pub fn for_column(&self, j: usize, mut visit: impl FnMut(usize, f64)) {
        match self {
            Linear::Dense(m) => (0..m.rows).for_each(|i| visit(i, m.weight[i * m.cols + j])),
            Linear::Conv(c) => c.for_line(!c.transposed, j, visit),
            _ => {}
        }
    }

    /// `out = L x` for a block of `cols` columns; `x` and `out` are row-major with `cols` numbers per element.
    pub fn apply(&self, x: &[f64], cols: usize, out: &mut [f64]) {
        let rows = out.len().checked_div(cols).unwrap_or(0);
        match self {
            Linear::Identity => out.copy_from_slice(x),
            Linear::Block(b) => b.apply(x, cols, out),
            Linear::Dense(m) if cols > 1 => {
                let work = m.rows * m.cols * cols;
                let par = if work >= PARALLEL_FROM { Par::rayon(0) } else { Par::Seq };
                matmul(
                    MatMut::from_row_major_slice_mut(out, m.rows, cols),
                    Accum::Replace,
                    MatRef::from_row_major_slice(&m.weight, m.rows, m.cols),
                    MatRef::from_row_major_slice(x, m.cols, cols),
                    1.0,
                    par,
                );
            }
            _ => {
                if rows * cols * self.row_weight() >= PARALLEL_FROM {
                    let chunk = rows.div_ceil(4 * rayon::current_num_threads()).max(1);
                    out.par_chunks_mut(chunk * cols).enumerate().for_each(|(k, block)| {
                        self.apply_rows(k * chunk, x, cols, block);
                    });
                } else {
                    self.apply_rows(0, x, cols, out);
                }
            }
        }
    }

    /// The rows from `first` on.
    fn apply_rows(&self, first: usize, x: &[f64], cols: usize, out: &mut [f64]) {
        if cols == 1 {
            for (k, y) in out.iter_mut().enumerate() {
                let mut sum = 0.0;
                self.for_row(first + k, |j, w| sum += w * x[j]);
                *y = sum;
            }
            return;
        }
        let mut entries = vec![];
        for (k, y) in out.chunks_exact_mut(cols).enumerate() {
            entries.clear();
            self.for_row(first + k, |j, w| entries.push((j, w)));
            crate::vectors::wide(Combine { entries: &entries, x, y });
        }
    }

    /// About how many entries a row has.
    fn row_weight(&self) -> usize {
        match self {
            Linear::Identity | Linear::Scale(_) | Linear::Index(_) | Linear::Block(_) => 1,
            Linear::Dense(m) => m.cols,
            Linear::Conv(c) => c.row_weight(),
            Linear::Sparse { starts, weights, .. } => weights.len() / starts.len().max(2) + 1,
        }
    }

    /// The coefficients as they are stored; none where numbers only move.
    pub fn coefficients(&self) -> &[f64] {
        match self {
            Linear::Identity | Linear::Index(_) | Linear::Block(_) => &[],
            Linear::Scale(b) => &b.values,
            Linear::Dense(m) => &m.weight,
            Linear::Conv(c) => &c.weight,
            Linear::Sparse { weights, .. } => weights,
        }
    }

    /// Whether every element is a copy or zero, so that nothing is rounded.
    pub fn copies(&self) -> bool {
        matches!(self, Linear::Identity | Linear::Index(_) | Linear::Block(_))
    }

    /// Number of stored coefficients that are the network's own.
    pub fn parameters(&self) -> usize {
        match self {
            Linear::Identity | Linear::Index(_) | Linear::Block(_) => 0,
            Linear::Scale(b) => b.values.len(),
            Linear::Dense(m) => m.weight.len(),
            Linear::Conv(c) => c.weight.len(),
            Linear::Sparse { .. } => 0,
        }
    }
}

/// `y = Σ w_j x_j` for rows `x_j` as long as `y`.
struct Combine<'a> {
    entries: &'a [(usize, f64)],
    x: &'a [f64],
    y: &'a mut [f64],
}

impl Combine<'_> {
    /// The `N` numbers of `y` from `at` on; they stay in registers.
    #[inline(always)]
    fn some<const N: usize>(&mut self, at: usize) {
        let cols = self.y.len();
        let mut sums = [0.0; N];
        for &(j, w) in self.entries {
            let x: &[f64; N] = self.x[j * cols + at..][..N].try_into().expect("as many as asked for");
            (0..N).for_each(|k| sums[k] += w * x[k]);
        }
        self.y[at..at + N].copy_from_slice(&sums);
    }
}

impl pulp::NullaryFnOnce for Combine<'_> {
    type Output = ();

    #[inline(always)]
    fn call(mut self) {
        let (mut at, end) = (0, self.y.len());
        while at + 32 <= end {
            self.some::<32>(at);
            at += 32;
        }
        while at + 4 <= end {
            self.some::<4>(at);
            at += 4;
        }
        while at < end {
            self.some::<1>(at);
            at += 1;
        }
    }
}

impl Conv {
    /// Multiply-adds per output element, at most.
    fn row_weight(&self) -> usize {
        let channels = if self.transposed { self.small_channels } else { self.large_channels };
        channels / self.groups * self.kernel.iter().product::<usize>()
    }

    /// The entries of row `i` of the convolution, or of its transpose.
    #[inline]
    fn for_line(&self, transposed: bool, i: usize, mut visit: impl FnMut(usize, f64)) {
        let (out_channels, in_channels, out_space, in_space) = if transposed {
            (self.large_channels, self.small_channels, &self.large, &self.small)
        } else {
            (self.small_channels, self.large_channels, &self.small, &self.large)
        };
        let out_len: usize = out_space.iter().product();
        let in_len: usize = in_space.iter().product();
        let taps: usize = self.kernel.iter().product();
        let (position, channel, batch) = (i % out_len, (i / out_len) % out_channels, i / out_len / out_channels);
        let (out_group, in_group) = (out_channels / self.groups, in_channels / self.groups);
        let (group, within) = (channel / out_group, channel % out_group);
        let source = (batch * in_channels + group * in_group) * in_len;
        let large_group = self.large_channels / self.groups;
        self.for_taps(transposed, position, out_space, in_space, |tap, at| {
            for c in 0..in_group {
                let weight = if transposed {
                    ((group * in_group + c) * large_group + within) * taps + tap
                } else {
                    (channel * large_group + c) * taps + tap
                };
                visit(source + c * in_len + at, self.weight[weight]);
            }
        });
    }

    /// Calls `visit(flat kernel position, flat input position)` for the taps that fall inside the input.
    #[inline]
    fn for_taps(
        &self,
        transposed: bool,
        position: usize,
        out_space: &[usize],
        in_space: &[usize],
        mut visit: impl FnMut(usize, usize),
    ) {
        let n = self.kernel.len();
        // A fixed-size stack of coordinates keeps the inner loop free of allocation; ONNX has no larger rank in use.
        let mut out_at = [0usize; 8];
        let mut rest = position;
        for k in (0..n).rev() {
            out_at[k] = rest % out_space[k];
            rest /= out_space[k];
        }
        let taps: usize = self.kernel.iter().product();
        'taps: for tap in 0..taps {
            let (mut rest, mut at, mut unit) = (tap, 0, 1);
            for k in (0..n).rev() {
                let (q, stride) = (rest % self.kernel[k], self.strides[k] as isize);
                rest /= self.kernel[k];
                let reach = (q * self.dilations[k]) as isize - self.pads[k];
                let p = if transposed {
                    let shifted = out_at[k] as isize - reach;
                    if shifted % stride != 0 {
                        continue 'taps;
                    }
                    shifted / stride
                } else {
                    out_at[k] as isize * stride + reach
                };
                if p < 0 || p >= in_space[k] as isize {
                    continue 'taps;
                }
                at += p as usize * unit;
                unit *= in_space[k];
            }
            visit(tap, at);
        }
    }
}

/// Builds [`Linear::Sparse`] from rows of `(column, coefficient)`.
pub fn sparse(rows: impl IntoIterator<Item = Vec<(u32, f64)>>) -> Linear {
    let (mut starts, mut columns, mut weights) = (vec![0], vec![], vec![]);
    for row in rows {
        for (c, w) in row {
            columns.push(c);
            weights.push(w);
        }
        starts.push(columns.len());
    }
    Linear::Sparse { starts: starts.into(), columns: columns.into(), weights: weights.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn conv(transposed: bool) -> Conv {
        Conv {
            batch: 1,
            groups: 2,
            small_channels: 4,
            large_channels: 2,
            small: vec![2, 3],
            large: vec![4, 5],
            kernel: vec![3, 2],
            strides: vec![2, 2],
            dilations: vec![1, 1],
            pads: vec![1, 0],
            weight: (0..24).map(|k| k as f64 - 7.5).collect(),
            transposed,
        }
    }

    fn dense(linear: &Linear, rows: usize, cols: usize) -> Vec<f64> {
        let mut m = vec![0.0; rows * cols];
        (0..rows).for_each(|i| linear.for_row(i, |j, w| m[i * cols + j] += w));
        m
    }

    #[test]
    fn a_transposed_convolution_is_the_transpose() {
        let (a, b) = (dense(&Linear::Conv(conv(false)), 24, 40), dense(&Linear::Conv(conv(true)), 40, 24));
        assert!(a.iter().any(|&w| w != 0.0));
        for i in 0..24 {
            for j in 0..40 {
                assert_eq!(a[i * 40 + j], b[j * 24 + i], "entry {i},{j}");
            }
        }
        for transposed in [false, true] {
            let (linear, rows, cols) = (Linear::Conv(conv(transposed)), 24 + 16 * usize::from(transposed), 40);
            let (cols, whole) = (cols - 16 * usize::from(transposed), if transposed { &b } else { &a });
            for j in 0..cols {
                let mut column = vec![0.0; rows];
                linear.for_column(j, |i, w| column[i] += w);
                assert!((0..rows).all(|i| column[i] == whole[i * cols + j]), "column {j}");
            }
        }
    }

    #[test]
    fn a_block_of_columns_is_the_columns_one_by_one() {
        let linear = Linear::Conv(conv(false));
        let x: Vec<f64> = (0..80).map(|k| (k as f64 * 0.37).sin()).collect();
        let mut both = vec![0.0; 48];
        linear.apply(&x, 2, &mut both);
        for c in 0..2 {
            let column: Vec<f64> = x.iter().skip(c).step_by(2).copied().collect();
            let mut one = vec![0.0; 24];
            linear.apply(&column, 1, &mut one);
            let got: Vec<f64> = both.iter().skip(c).step_by(2).copied().collect();
            assert_eq!(got, one);
        }
    }
}
