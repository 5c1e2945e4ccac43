//! Affine forms: the value of each node of a network as an affine function of the input, on one region.
//!
//! Contract: every form carries a bound on its rounding error that holds for each coefficient against the exact
//! composition of the stored numbers (standard model of floating point; Higham, Accuracy and Stability of Numerical
//! Algorithms, 2nd ed., section 3.1).

use crate::ir::{Affine, Dense, Linear, Network, NodeId};

/// Unit roundoff of float64.
const ROUNDOFF: f64 = f64::EPSILON / 2.0;

/// Affine forms of one node: row-major, `cols = d + 1` numbers per element, the constant last.
#[derive(Clone, Debug, Default)]
pub struct Forms {
    /// Coefficients.
    pub values: Vec<f64>,
    /// Bound on the absolute error of each coefficient of an element.
    pub errors: Vec<f64>,
}

impl Forms {
    /// The forms of the input itself.
    pub fn identity(d: usize) -> Forms {
        let mut values = vec![0.0; d * (d + 1)];
        (0..d).for_each(|k| values[k * (d + 1) + k] = 1.0);
        Forms { values, errors: vec![0.0; d] }
    }

    /// Coefficients of element `i`.
    pub fn row(&self, i: usize, cols: usize) -> &[f64] {
        &self.values[i * cols..(i + 1) * cols]
    }

    fn magnitudes(&self, cols: usize) -> impl Iterator<Item = f64> + '_ {
        self.values.chunks_exact(cols).map(|row| row.iter().fold(0.0, |m: f64, x| m.max(x.abs())))
    }

    /// Applies an affine node.
    pub fn affine(&self, map: &Affine, length: usize, cols: usize) -> Forms {
        self.affine_apart(map, length, cols).0
    }

    /// Applies an affine node; per element, also the part of its error that the errors here carry over, where nothing is
    /// divided and there is more than one column.
    pub fn affine_apart(&self, map: &Affine, length: usize, cols: usize) -> (Forms, Vec<f64>) {
        if let (1, Linear::Dense(dense), None) = (cols, &map.linear, &map.divisor) {
            let (mut values, mut errors) = (vec![0.0; length], vec![0.0; length]);
            let terms = self.values.iter().filter(|x| **x != 0.0).count();
            let part = |(x, e): (&f64, &f64)| e + (terms + 2) as f64 * ROUNDOFF * x.abs();
            let blame: Vec<f64> = self.values.iter().zip(&self.errors).map(part).collect();
            let (x, bias) = (&self.values[..], map.bias.as_ref());
            let product = Product { dense, x, blame: &blame, values: &mut values, errors: &mut errors };
            crate::vectors::wide(product);
            for (i, (value, error)) in values.iter_mut().zip(&mut errors).enumerate() {
                *error *= 1.0 + 1e-10;
                *value += bias.map_or(0.0, |b| b.get(i));
                *error += bias.map_or(0.0, |_| 2.0 * ROUNDOFF * value.abs());
            }
            return (Forms { values, errors }, vec![]);
        }
        let (mut out, apart) = self.without_bias(map, length, cols);
        if let Some(b) = &map.bias {
            for (i, error) in out.errors.iter_mut().enumerate() {
                let (b, constant) = (b.get(i), &mut out.values[(i + 1) * cols - 1]);
                let rounds = *constant != 0.0 && b != 0.0;
                *constant += b;
                if rounds {
                    *error += 2.0 * ROUNDOFF * constant.abs();
                }
            }
        }
        (out, apart)
    }

    /// The matrix and the divisor of an affine node applied to every column; per element, also the part of its error that the
    /// errors here carry over, before the division.
    pub(super) fn without_bias(&self, map: &Affine, length: usize, cols: usize) -> (Forms, Vec<f64>) {
        let (mut values, mut errors, mut apart) = (vec![0.0; length * cols], vec![0.0; length], vec![0.0; length]);
        map.linear.apply(&self.values, cols, &mut values);
        let magnitudes: Vec<f64> = self.magnitudes(cols).collect();
        for (i, error) in errors.iter_mut().enumerate() {
            let (mut carried, mut size, mut terms) = (0.0, 0.0, 0usize);
            map.linear.for_row(i, |j, w| {
                carried += w.abs() * self.errors[j];
                size += w.abs() * magnitudes[j];
                terms += usize::from(magnitudes[j] != 0.0);
            });
            apart[i] = carried;
            // A single product by one is a copy and rounds nothing.
            let exact = terms <= 1 && map.linear.copies();
            *error = carried * (1.0 + 1e-10) + if exact { 0.0 } else { (terms + 2) as f64 * ROUNDOFF * size };
            if let Some(d) = &map.divisor {
                let d = d.get(i);
                values[i * cols..(i + 1) * cols].iter_mut().for_each(|v| *v /= d);
                *error = *error / d.abs() * (1.0 + 1e-10) + ROUNDOFF * size / d.abs();
            }
        }
        (Forms { values, errors }, apart)
    }

    /// Adds forms of equal length.
    pub fn sum<'a>(parts: impl Iterator<Item = &'a Forms>, length: usize, cols: usize) -> Forms {
        let mut out = Forms { values: vec![0.0; length * cols], errors: vec![0.0; length] };
        for (k, part) in parts.enumerate() {
            out.values.iter_mut().zip(&part.values).for_each(|(v, x)| *v += x);
            let magnitudes: Vec<f64> = out.magnitudes(cols).collect();
            for (i, error) in out.errors.iter_mut().enumerate() {
                let rounding = if k == 0 { 0.0 } else { 2.0 * ROUNDOFF * magnitudes[i] };
                *error = (*error + part.errors[i]) * (1.0 + 1e-10) + rounding;
            }
        }
        out
    }

    /// Value of element `i` at `x`, and a bound on its error against the exact form at the float point `x`.
    pub fn value_at(&self, i: usize, x: &[f64]) -> (f64, f64) {
        let cols = x.len() + 1;
        let row = self.row(i, cols);
        let (mut value, mut size, mut reach) = (row[cols - 1], row[cols - 1].abs(), 1.0);
        for (a, x) in row.iter().zip(x) {
            value += a * x;
            size += (a * x).abs();
            reach += x.abs();
        }
        (value, (self.errors[i] * reach + (cols + 3) as f64 * ROUNDOFF * size) * (1.0 + 1e-10))
    }
}

/// A dense matrix times one column, and its absolute values times the column of errors.
struct Product<'a> {
    dense: &'a Dense,
    x: &'a [f64],
    blame: &'a [f64],
    values: &'a mut [f64],
    errors: &'a mut [f64],
}

impl pulp::NullaryFnOnce for Product<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        const LANES: usize = 8;
        let split = self.dense.cols - self.dense.cols % LANES;
        let outputs = self.values.iter_mut().zip(self.errors.iter_mut());
        for (row, (value, error)) in self.dense.weight.chunks_exact(self.dense.cols.max(1)).zip(outputs) {
            let (mut sums, mut bounds) = ([0.0; LANES], [0.0; LANES]);
            for at in (0..split).step_by(LANES) {
                let (w, x, e) = (&row[at..at + LANES], &self.x[at..at + LANES], &self.blame[at..at + LANES]);
                (0..LANES).for_each(|l| sums[l] += w[l] * x[l]);
                (0..LANES).for_each(|l| bounds[l] += w[l].abs() * e[l]);
            }
            (*value, *error) = (sums.iter().sum(), bounds.iter().sum());
            for j in split..self.dense.cols {
                *value += row[j] * self.x[j];
                *error += row[j].abs() * self.blame[j];
            }
        }
    }
}

/// For each node, the last node that reads it (outputs count as read at the end).
pub fn last_uses(network: &Network) -> Vec<NodeId> {
    let mut last: Vec<NodeId> = (0..network.nodes.len()).collect();
    for id in 0..network.nodes.len() {
        network.sources(id).iter().for_each(|&s| last[s] = id);
    }
    network.outputs.iter().for_each(|o| last[o.node] = network.nodes.len());
    last
}
