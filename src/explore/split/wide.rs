//! Affine forms with generators: what a node of the network is on a cell where some units are open.
//!
//! Contract: as [`Forms`], with the bounds on errors of the inputs' coefficients and the constant kept apart from those
//! of the generators' coefficients, and with the generators named that can be in a form at all: others have no error.

use super::reduced::{SLACK, outer};
use crate::ir::Affine;
use crate::region::Forms;

/// Most generators, and words with a bit for each.
pub const MOST: usize = 320;
const WORDS: usize = MOST / 64;
/// Unit roundoff of float64.
const U: f64 = f64::EPSILON / 2.0;

/// Forms of one node: inputs, generators, constant.
#[derive(Clone, Debug, Default)]
pub struct Wide {
    pub width: usize,
    pub values: Vec<f64>,
    /// Per element, bounds on the error of each coefficient of an input and of the constant, and of each generator's.
    pub outer: Vec<f64>,
    pub inner: Vec<f64>,
    /// Per element, the generators that can be in it.
    pub support: Vec<[u64; WORDS]>,
}

impl Wide {
    /// Forms without generators.
    pub fn plain(forms: &Forms, d: usize) -> Wide {
        let n = forms.errors.len();
        let (outer, inner) = (forms.errors.clone(), vec![0.0; n]);
        Wide { width: d + 1, values: forms.values.clone(), outer, inner, support: vec![[0; WORDS]; n] }
    }

    /// One element's form.
    pub fn row(&self, i: usize) -> &[f64] {
        &self.values[i * self.width..(i + 1) * self.width]
    }

    /// Bounds on its errors: inputs and constant, then each generator.
    pub fn errors(&self, i: usize, d: usize) -> Vec<f64> {
        let has = |k: usize| self.support[i][k / 64] >> (k % 64) & 1 == 1;
        let inner = (0..self.width - d - 1).map(|k| if has(k) { self.inner[i] } else { 0.0 });
        [self.outer[i]].into_iter().chain(inner).collect()
    }

    /// The same with room for more generators.
    pub fn widened(&self, to: usize) -> Wide {
        if self.width == to {
            return self.clone();
        }
        let mut values = vec![0.0; self.outer.len() * to];
        for (wide, row) in values.chunks_exact_mut(to).zip(self.values.chunks_exact(self.width)) {
            wide[..self.width - 1].copy_from_slice(&row[..self.width - 1]);
            wide[to - 1] = row[self.width - 1];
        }
        let (outer, inner, support) = (self.outer.clone(), self.inner.clone(), self.support.clone());
        Wide { width: to, values, outer, inner, support }
    }

    /// Marks an element as the one that a generator stands for.
    pub fn generate(&mut self, i: usize, generator: usize, d: usize) {
        self.values[i * self.width + d + generator] = 1.0;
        self.support[i][generator / 64] |= 1 << (generator % 64);
    }

    /// Puts elements through a line each: `slope · y + offset`.
    pub fn bend(&mut self, i: usize, slope: f64, offset: f64, d: usize) {
        if slope == 1.0 && offset == 0.0 {
            return;
        }
        let row = &mut self.values[i * self.width..(i + 1) * self.width];
        let last = row.len() - 1;
        let (size, inner) = (outer(row, d), inner_size(row, d));
        row.iter_mut().for_each(|v| *v *= slope);
        row[last] += offset;
        let simple = slope == 0.0 || slope.abs() == 1.0;
        let exact = slope == 0.0 || (simple && (offset == 0.0 || row[last] == offset));
        let rounding = if exact { 0.0 } else { f64::EPSILON * (slope.abs() * size + row[last].abs()) };
        self.outer[i] = self.outer[i] * slope.abs() * SLACK + rounding;
        self.inner[i] =
            self.inner[i] * slope.abs() * SLACK + if simple { 0.0 } else { f64::EPSILON * slope.abs() * inner };
        if slope == 0.0 {
            self.support[i] = [0; WORDS];
        }
    }

    /// Applies an affine node.
    pub fn affine(&self, map: &Affine, length: usize, d: usize) -> Wide {
        let width = self.width;
        let mut values = vec![0.0; length * width];
        map.linear.apply(&self.values, width, &mut values);
        let sizes: Vec<[f64; 4]> = (self.values.chunks_exact(width).enumerate())
            .map(|(j, row)| [outer(row, d), inner_size(row, d), self.outer[j], self.inner[j]])
            .collect();
        let (mut outer, mut inner) = (vec![0.0; length], vec![0.0; length]);
        let mut support = vec![[0u64; WORDS]; length];
        for i in 0..length {
            let (mut sums, mut terms, mut few) = ([0.0; 4], 0usize, 0usize);
            let bits = &mut support[i];
            map.linear.for_row(i, |j, w| {
                let (size, w) = (&sizes[j], w.abs());
                (0..4).for_each(|k| sums[k] += w * size[k]);
                terms += usize::from(size[0] != 0.0);
                if size[1] != 0.0 || size[3] != 0.0 {
                    few += 1;
                    bits.iter_mut().zip(&self.support[j]).for_each(|(b, s)| *b |= s);
                }
            });
            let copies = map.linear.copies();
            let rounding = |n: usize, size: f64| if n <= 1 && copies { 0.0 } else { (n + 2) as f64 * U * size };
            outer[i] = sums[2] * SLACK + rounding(terms, sums[0]);
            inner[i] = sums[3] * SLACK + rounding(few, sums[1]);
            let row = &mut values[i * width..(i + 1) * width];
            if let Some(divisor) = &map.divisor {
                let by = divisor.get(i);
                row.iter_mut().for_each(|v| *v /= by);
                outer[i] = (outer[i] * SLACK + U * sums[0]) / by.abs() * SLACK;
                inner[i] = (inner[i] * SLACK + U * sums[1]) / by.abs() * SLACK;
            }
            if let Some(bias) = &map.bias {
                let (b, constant) = (bias.get(i), &mut row[width - 1]);
                let rounds = *constant != 0.0 && b != 0.0;
                *constant += b;
                outer[i] += if rounds { 2.0 * U * constant.abs() } else { 0.0 };
            }
        }
        Wide { width, values, outer, inner, support }
    }

    /// Adds forms of equal length and width.
    pub fn sum(parts: &[Wide], d: usize) -> Wide {
        let Some((first, rest)) = parts.split_first() else { return Wide::default() };
        let mut out = first.clone();
        for part in rest {
            out.values.iter_mut().zip(&part.values).for_each(|(v, x)| *v += x);
            for i in 0..out.outer.len() {
                let row = &out.values[i * out.width..(i + 1) * out.width];
                out.outer[i] = (out.outer[i] + part.outer[i]) * SLACK + 2.0 * U * outer(row, d);
                out.inner[i] = (out.inner[i] + part.inner[i]) * SLACK + 2.0 * U * inner_size(row, d);
                out.support[i].iter_mut().zip(&part.support[i]).for_each(|(b, s)| *b |= s);
            }
        }
        out
    }
}

/// The largest coefficient of a generator.
fn inner_size(row: &[f64], d: usize) -> f64 {
    row[d..row.len() - 1].iter().fold(0.0, |m: f64, v| m.max(v.abs()))
}
