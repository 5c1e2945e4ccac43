//! Affine forms in pairs of float64, for networks so deep that float64 alone leaves rows in doubt.
//!
//! Contract: the high parts are the [`Forms`] that everything else reads; with the low parts beside them each coefficient
//! is within `fine` of the exact composition of the stored numbers, so a form's own error is little more than its last
//! bit. Products and sums are compensated (Ogita, Rump and Oishi, Accurate sum and dot product, 2005, Dot2, here with the
//! low parts kept); bounds are for the worst case, with every constant rounded up.

use super::{Forms, Pattern, Walker};
use crate::ir::{Activation, Affine, NodeId, Op};
use rayon::prelude::*;

/// Unit roundoff of float64.
const ROUNDOFF: f64 = f64::EPSILON / 2.0;

/// What rounding a pair may cost at a few operations, relative to the sizes that go in.
const FEW: f64 = 16.0 * ROUNDOFF * ROUNDOFF;

/// Columns that are summed together: their sums stay in the first-level cache.
const BLOCK: usize = 512;

/// What the forms of one node lack.
#[derive(Debug, Default)]
pub(super) struct Low {
    /// Low parts, placed like the forms' coefficients.
    values: Vec<f64>,
    /// Per element, bound on the error of each coefficient's pair.
    fine: Vec<f64>,
}

/// `a + b`, and what rounding took from it.
#[inline(always)]
fn two_sum(a: f64, b: f64) -> (f64, f64) {
    let sum = a + b;
    let part = sum - a;
    (sum, (a - (sum - part)) + (b - part))
}

/// A row of weights times the rows of pairs that they stand before.
struct Row<'a> {
    entries: &'a [(usize, f64)],
    high: &'a [f64],
    low: &'a [f64],
    out_high: &'a mut [f64],
    out_low: &'a mut [f64],
}

impl pulp::NullaryFnOnce for Row<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let cols = self.out_high.len();
        let blocks = self.out_high.chunks_mut(BLOCK).zip(self.out_low.chunks_mut(BLOCK));
        for (k, (high, low)) in blocks.enumerate() {
            let n = high.len();
            for &(j, w) in self.entries {
                let begin = j * cols + k * BLOCK;
                let (x, y) = (&self.high[begin..][..n], &self.low[begin..][..n]);
                for c in 0..n {
                    let product = w * x[c];
                    let lost = w.mul_add(x[c], -product);
                    let (sum, rest) = two_sum(high[c], product);
                    high[c] = sum;
                    low[c] = w.mul_add(y[c], low[c] + (rest + lost));
                }
            }
            for (h, l) in high.iter_mut().zip(low) {
                (*h, *l) = two_sum(*h, *l);
            }
        }
    }
}

/// `slope` times the pairs of a row.
struct Scale<'a> {
    slope: f64,
    high: &'a mut [f64],
    low: &'a mut [f64],
}

impl pulp::NullaryFnOnce for Scale<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (h, l) in self.high.iter_mut().zip(self.low) {
            let product = self.slope * *h;
            let lost = self.slope.mul_add(*h, -product);
            (*h, *l) = two_sum(product, self.slope.mul_add(*l, lost));
        }
    }
}

/// The pairs of a row over `divisor`.
struct Divide<'a> {
    divisor: f64,
    high: &'a mut [f64],
    low: &'a mut [f64],
}

impl pulp::NullaryFnOnce for Divide<'_> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (h, l) in self.high.iter_mut().zip(self.low) {
            let quotient = *h / self.divisor;
            let rest = (-quotient).mul_add(self.divisor, *h);
            (*h, *l) = two_sum(quotient, (rest + *l) / self.divisor);
        }
    }
}

/// Adds a number to a pair; whether that may have rounded.
fn add(high: &mut f64, low: &mut f64, number: f64) -> bool {
    let (sum, rest) = two_sum(*high, number);
    let rounds = *low != 0.0 && rest != 0.0;
    (*high, *low) = two_sum(sum, *low + rest);
    rounds
}

fn largest(row: &[f64]) -> f64 {
    row.iter().fold(0.0, |m: f64, x| m.max(x.abs()))
}

impl Low {
    fn zero(elements: usize, cols: usize) -> Low {
        Low { values: vec![0.0; elements * cols], fine: vec![0.0; elements] }
    }

    /// The forms with these low parts, whose errors are known by them.
    fn beside(self, high: Vec<f64>, cols: usize) -> (Forms, Low) {
        let own = self.values.chunks_exact(cols).zip(&self.fine);
        let errors = own.map(|(low, fine)| (largest(low) + fine) * (1.0 + 1e-10)).collect();
        (Forms { values: high, errors }, self)
    }
}

impl Walker<'_> {
    /// As [`Walker::node_forms`], in pairs.
    pub(super) fn node_pairs(&self, id: NodeId, forms: &[Forms], low: &[Low], pattern: &Pattern) -> (Forms, Low) {
        let (node, cols) = (&self.network.nodes[id], self.dimension() + 1);
        match &node.op {
            Op::Input => (Forms::identity(self.dimension()), Low::zero(self.dimension(), cols)),
            Op::Affine(a) => affine(a, &forms[a.source], &low[a.source], node.len(), cols),
            Op::Sum(sources) => sum(sources.iter().map(|&s| (&forms[s], &low[s])), node.len(), cols),
            Op::Activation(a) => self.bend_pairs(id, a, (&forms[a.source], &low[a.source]), pattern, cols),
            Op::Max(m) => {
                let (forms, low) = (&forms[m.source], &low[m.source]);
                let (mut high, mut out) = (vec![], Low::default());
                for g in 0..m.groups() {
                    let chosen = m.group(g)[self.layout().get(pattern, id, g)] as usize;
                    high.extend_from_slice(forms.row(chosen, cols));
                    out.values.extend_from_slice(&low.values[chosen * cols..(chosen + 1) * cols]);
                    out.fine.push(low.fine[chosen]);
                }
                out.beside(high, cols)
            }
        }
    }

    fn bend_pairs(
        &self,
        id: NodeId,
        a: &Activation,
        (forms, low): (&Forms, &Low),
        pattern: &Pattern,
        cols: usize,
    ) -> (Forms, Low) {
        let (mut high, mut out) = (forms.values.clone(), Low { values: low.values.clone(), fine: low.fine.clone() });
        let rows = high.chunks_exact_mut(cols).zip(out.values.chunks_exact_mut(cols)).zip(&mut out.fine);
        for (i, ((high, low), fine)) in rows.enumerate() {
            let (curve, piece) = (a.curve(i), self.layout().get(pattern, id, i));
            let (slope, offset) = (curve.slope(piece), curve.offset(piece));
            if slope == 0.0 {
                high.fill(0.0);
                low.fill(0.0);
                (high[cols - 1], *fine) = (offset, 0.0);
                continue;
            }
            let mut rounds = false;
            if slope != 1.0 {
                pulp::Arch::new().dispatch(Scale { slope, high, low });
                rounds = slope != -1.0;
            }
            if offset != 0.0 {
                rounds |= add(&mut high[cols - 1], &mut low[cols - 1], offset);
            }
            let rounding = if rounds { FEW * (largest(high) + offset.abs()) } else { 0.0 };
            *fine = *fine * slope.abs() * (1.0 + 1e-10) + rounding;
        }
        out.beside(high, cols)
    }
}

fn affine(map: &Affine, forms: &Forms, low: &Low, length: usize, cols: usize) -> (Forms, Low) {
    let sizes: Vec<f64> = forms.values.chunks_exact(cols).map(|row| largest(row) * (1.0 + 1e-10)).collect();
    let (mut high, mut out) = (vec![0.0; length * cols], Low::zero(length, cols));
    let rows = high.par_chunks_mut(cols).zip(out.values.par_chunks_mut(cols)).zip(&mut out.fine).enumerate();
    rows.for_each_init(Vec::new, |entries: &mut Vec<(usize, f64)>, (i, ((high, low_of), fine))| {
        entries.clear();
        let (mut carried, mut size) = (0.0, 0.0);
        map.linear.for_row(i, |j, w| {
            if w != 0.0 && sizes[j] != 0.0 {
                entries.push((j, w));
            }
            carried += w.abs() * low.fine[j];
            size += w.abs() * sizes[j];
        });
        pulp::Arch::new().dispatch(Row {
            entries: &entries[..],
            high: &forms.values,
            low: &low.values,
            out_high: high,
            out_low: low_of,
        });
        // A single product by one is a copy and rounds nothing.
        let exact = entries.len() <= 1 && map.linear.copies();
        let terms = entries.len() as f64 + 3.0;
        let mut rounding = if exact { 0.0 } else { 4.0 * terms * terms * ROUNDOFF * ROUNDOFF * size };
        if let Some(divisor) = &map.divisor {
            let divisor = divisor.get(i);
            pulp::Arch::new().dispatch(Divide { divisor, high, low: low_of });
            (carried, rounding) = (carried / divisor.abs(), (rounding + FEW * size) / divisor.abs());
        }
        if let Some(bias) = &map.bias {
            let (bias, constant) = (bias.get(i), high[cols - 1]);
            if bias != 0.0 && add(&mut high[cols - 1], &mut low_of[cols - 1], bias) {
                rounding += FEW * (constant.abs() + bias.abs());
            }
        }
        *fine = (carried + rounding) * (1.0 + 1e-9);
    });
    out.beside(high, cols)
}

fn sum<'a>(parts: impl Iterator<Item = (&'a Forms, &'a Low)>, length: usize, cols: usize) -> (Forms, Low) {
    let (mut high, mut out) = (vec![0.0; length * cols], Low::zero(length, cols));
    for (k, (forms, low)) in parts.enumerate() {
        if k == 0 {
            high.copy_from_slice(&forms.values);
            out.values.copy_from_slice(&low.values);
            out.fine.copy_from_slice(&low.fine);
            continue;
        }
        for i in 0..length {
            let mut size = 0.0f64;
            for c in i * cols..(i + 1) * cols {
                size = size.max(high[c].abs() + forms.values[c].abs());
                let (sum, rest) = two_sum(high[c], forms.values[c]);
                (high[c], out.values[c]) = two_sum(sum, out.values[c] + low.values[c] + rest);
            }
            out.fine[i] = (out.fine[i] + low.fine[i] + FEW * size) * (1.0 + 1e-10);
        }
    }
    out.beside(high, cols)
}
