//! Patterns of several points at once: one pass through the network with a column per point.
//!
//! Contract: the pattern of each point is certain, or none is given: a value that its error bound does not separate
//! from a breakpoint, or the largest candidate from another, is left to [`Walker::pattern_at`]. An element's bound holds
//! for all columns (standard model; Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., section 3.1).

use super::{Forms, Pattern, Walker};
use crate::ir::{Activation, Affine, Curve, Max, NodeId, Op};

const U: f64 = f64::EPSILON / 2.0;
const SLACK: f64 = 1.0 + 1e-9;

impl Walker<'_> {
    /// The patterns at points, `None` where floating point does not decide one.
    pub fn patterns_at(&self, points: &[Vec<f64>]) -> Vec<Option<Pattern>> {
        let n = points.len();
        let mut patterns = vec![Some(self.layout.empty()); n];
        let mut values: Vec<Forms> = Vec::with_capacity(self.network.nodes.len());
        // Per node of units that groups compare, element and point: whether the unit is on a flat piece, a constant around
        // the point.
        let mut flat: Vec<Vec<bool>> = Vec::with_capacity(self.network.nodes.len());
        let group = |op: &Op| if let Op::Max(m) = op { Some(m.source) } else { None };
        let compared: Vec<NodeId> = self.network.nodes.iter().filter_map(|n| group(&n.op)).collect();
        for (id, node) in self.network.nodes.iter().enumerate() {
            flat.push(match &node.op {
                Op::Activation(a) if compared.contains(&id) => {
                    let rows = values[a.source].values.chunks_exact(n.max(1)).enumerate();
                    let still = |(i, z): (usize, &f64)| a.curve(i).slope(a.curve(i).piece(*z)) == 0.0;
                    rows.flat_map(|(i, row)| row.iter().map(move |z| still((i, z)))).collect()
                }
                _ => vec![],
            });
            let value = match &node.op {
                Op::Input => {
                    let by_input = (0..self.dimension()).flat_map(|k| points.iter().map(move |x| x[k]));
                    Forms { values: by_input.collect(), errors: vec![0.0; self.dimension()] }
                }
                Op::Affine(map) => affine(map, &values[map.source], node.len(), n),
                Op::Sum(sources) => Forms::sum(sources.iter().map(|&s| &values[s]), node.len(), n),
                Op::Activation(a) => self.bend(id, a, &values[a.source], &mut patterns),
                Op::Max(m) => self.choose(id, m, &values[m.source], &flat[m.source], &mut patterns),
            };
            values.push(value);
            self.release(&mut values, id);
        }
        patterns
    }

    fn bend(&self, id: NodeId, a: &Activation, source: &Forms, patterns: &mut [Option<Pattern>]) -> Forms {
        let n = patterns.len();
        let mut out = source.clone();
        if (0..out.errors.len()).all(|i| rectifies(a.curve(i))) {
            self.rectify(id, &mut out, patterns);
            return out;
        }
        for (i, row) in out.values.chunks_exact_mut(n.max(1)).enumerate() {
            let (curve, error) = (a.curve(i), source.errors[i]);
            let (mut steepest, mut rounding) = (0.0f64, 0.0f64);
            for (z, pattern) in row.iter_mut().zip(patterns.iter_mut()) {
                if curve.breakpoints().iter().any(|t| (*z - t).abs() <= error * 1.000001) {
                    *pattern = None;
                }
                let piece = curve.piece(*z);
                if let Some(pattern) = pattern {
                    self.layout.set(pattern, id, i, piece);
                }
                let (slope, offset) = (curve.slope(piece), curve.offset(piece));
                steepest = steepest.max(slope.abs());
                if offset != 0.0 || (slope != 0.0 && slope.abs() != 1.0) {
                    rounding = rounding.max(f64::EPSILON * ((slope * *z).abs() + (slope * *z + offset).abs()));
                }
                *z = slope * *z + offset;
            }
            out.errors[i] = (error * steepest + rounding) * SLACK;
        }
        out
    }

    /// The same where all units are max(z, 0).
    fn rectify(&self, id: NodeId, out: &mut Forms, patterns: &mut [Option<Pattern>]) {
        let (n, units) = (patterns.len().max(1), out.errors.len());
        // Per 64 points and unit, where it is positive.
        let mut positive = vec![0u64; n.div_ceil(64) * units];
        for (i, row) in out.values.chunks_exact_mut(n).enumerate() {
            let error = out.errors[i] * 1.000001;
            for (block, (row, patterns)) in row.chunks_mut(64).zip(patterns.chunks_mut(64)).enumerate() {
                let (mut bits, mut clear) = (0, true);
                for (k, z) in row.iter().enumerate() {
                    bits |= u64::from(*z > 0.0) << k;
                    clear &= z.abs() > error;
                }
                positive[block * units + i] = bits;
                if !clear {
                    let unclear = |z: &f64| z.abs() <= error || z.is_nan();
                    let undecided = row.iter().zip(patterns.iter_mut()).filter(|(z, _)| unclear(z));
                    undecided.for_each(|(_, pattern)| *pattern = None);
                }
                row.iter_mut().for_each(|z| *z = if *z > 0.0 { *z } else { 0.0 });
            }
        }
        let words = units.div_ceil(64);
        let mut chosen = vec![0; 64 * words];
        for (patterns, positive) in patterns.chunks_mut(64).zip(positive.chunks(units.max(1))) {
            for (w, own) in positive.chunks(64).enumerate() {
                let mut square = [0; 64];
                square[..own.len()].copy_from_slice(own);
                transpose(&mut square);
                square.iter().enumerate().for_each(|(k, &bits)| chosen[k * words + w] = bits);
            }
            for (pattern, chosen) in patterns.iter_mut().zip(chosen.chunks(words.max(1))) {
                pattern.iter_mut().for_each(|pattern| self.layout.set_bits(pattern, id, units, chosen));
            }
        }
    }

    fn choose(&self, id: NodeId, m: &Max, source: &Forms, flat: &[bool], patterns: &mut [Option<Pattern>]) -> Forms {
        let n = patterns.len();
        let mut out = Forms { values: Vec::with_capacity(m.groups() * n), errors: Vec::with_capacity(m.groups()) };
        for g in 0..m.groups() {
            let members = m.group(g);
            let at = |c: usize, k: usize| source.values[members[c] as usize * n + k];
            let error = |c: usize| source.errors[members[c] as usize];
            for (k, pattern) in patterns.iter_mut().enumerate() {
                let best = (1..members.len()).fold(0, |b, c| if at(c, k) > at(b, k) { c } else { b });
                // Constants are as they stand; equal ones are one choice, named by the lowest.
                let still = |c: usize| flat.get(members[c] as usize * n + k) == Some(&true);
                let blur = |c: usize| if still(c) { 0.0 } else { error(c) };
                let beaten = |c: usize| {
                    let lead = at(best, k) - at(c, k);
                    lead > (blur(best) + blur(c)) * 1.000001 || (lead == 0.0 && still(best) && still(c))
                };
                if !(0..members.len()).all(|c| c == best || beaten(c)) {
                    *pattern = None;
                }
                if let Some(pattern) = pattern {
                    self.layout.set(pattern, id, g, best);
                }
                out.values.push(at(best, k));
            }
            out.errors.push((0..members.len()).fold(0.0, |e: f64, c| e.max(error(c))));
        }
        out
    }
}

/// Whether a curve is max(z, 0).
fn rectifies(curve: &Curve) -> bool {
    let piece = |p: usize, slope: f64| curve.slope(p) == slope && curve.offset(p) == 0.0;
    curve.breakpoints() == [0.0] && piece(0, 0.0) && piece(1, 1.0)
}

/// Bit `k` of word `i` becomes bit `i` of word `k` (Warren, Hacker's Delight, 2nd ed., section 7-3).
fn transpose(square: &mut [u64; 64]) {
    let (mut j, mut mask) = (32, u64::MAX >> 32);
    while j > 0 {
        for k in (0..64).filter(|k| k & j == 0) {
            let swapped = (square[k] >> j ^ square[k + j]) & mask;
            square[k] ^= swapped << j;
            square[k + j] ^= swapped;
        }
        j /= 2;
        mask ^= mask << j;
    }
}

fn affine(map: &Affine, source: &Forms, length: usize, n: usize) -> Forms {
    let (mut out, _) = source.without_bias(map, length, n);
    if let Some(b) = &map.bias {
        for (i, error) in out.errors.iter_mut().enumerate() {
            let row = &mut out.values[i * n..(i + 1) * n];
            row.iter_mut().for_each(|v| *v += b.get(i));
            let largest = row.iter().fold(0.0, |m: f64, x| if x.abs() > m { x.abs() } else { m });
            *error = (*error + 2.0 * U * largest) * SLACK;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transposing_exchanges_rows_and_columns() {
        let mut state = 1u64;
        let square: [u64; 64] = std::array::from_fn(|_| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            state ^ state >> 29
        });
        let mut turned = square;
        transpose(&mut turned);
        for (i, row) in square.iter().enumerate() {
            (0..64).for_each(|k| assert_eq!(row >> k & 1, turned[k] >> i & 1));
        }
    }
}
