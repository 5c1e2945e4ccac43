//! Inner loops on slices, written so that the compiler vectorises them under [`crate::vectors::wide`].
//!
//! Contract: the order of every summation is fixed by the length alone, so results do not depend on the instruction
//! set or on the number of threads.

/// Numbers that the inner loops take at a time.
pub(super) const LANES: usize = 8;

/// Scalar product.
#[inline(always)]
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let (left, right) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let tail: f64 = left.remainder().iter().zip(right.remainder()).map(|(x, y)| x * y).sum();
    for (x, y) in left.zip(right) {
        for l in 0..LANES {
            sums[l] += x[l] * y[l];
        }
    }
    (sums[0] + sums[4]) + (sums[1] + sums[5]) + ((sums[2] + sums[6]) + (sums[3] + sums[7])) + tail
}

/// `y += c x`.
#[inline(always)]
pub fn axpy(c: f64, x: &[f64], y: &mut [f64]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += c * x;
    }
}

/// `y = base + Σ c_k columns_k`, four columns at a time; column `k` begins at `starts[k]` in `data`.
#[inline(always)]
pub fn combine(base: &[f64], coefficients: &[f64], data: &[f64], starts: &[usize], y: &mut [f64]) {
    let n = y.len();
    y.copy_from_slice(&base[..n]);
    let (quads, singles) = (coefficients.chunks_exact(4), coefficients.chunks_exact(4).remainder());
    let at = starts.chunks_exact(4);
    let rest = at.remainder();
    for (c, s) in quads.zip(at) {
        let (x0, x1) = (&data[s[0]..][..n], &data[s[1]..][..n]);
        let (x2, x3) = (&data[s[2]..][..n], &data[s[3]..][..n]);
        for j in 0..n {
            y[j] += (c[0] * x0[j] + c[1] * x1[j]) + (c[2] * x2[j] + c[3] * x3[j]);
        }
    }
    for (&c, &s) in singles.iter().zip(rest) {
        axpy(c, &data[s..][..n], y);
    }
}

/// Position and value of the largest entry; the first of equals.
#[inline(always)]
pub fn largest(values: &[f64]) -> (usize, f64) {
    let mut lanes = [f64::NEG_INFINITY; LANES];
    let chunks = values.chunks_exact(LANES);
    let tail = chunks.remainder();
    for x in chunks {
        for l in 0..LANES {
            lanes[l] = if x[l] > lanes[l] { x[l] } else { lanes[l] };
        }
    }
    let best = lanes.iter().chain(tail).fold(f64::NEG_INFINITY, |m, &x| if x > m { x } else { m });
    (values.iter().position(|&x| x == best).unwrap_or(0), best)
}
