//! Forms of an affine node that follow its source from cell to cell: what moved is added, not composed anew.
//!
//! Contract: after [`Follower::follow`] the forms are those of the source within the error they carry. Rounding and what
//! the source's own errors carry over are kept apart, so that errors grow by roundings only; after so many steps the
//! node is composed anew. Neighbouring cells differ in few units, and convolutions spread these over few elements.

use crate::ir::{Affine, Linear};
use crate::region::Forms;

/// Steps between two full compositions.
const STEPS: usize = 512;
const U: f64 = f64::EPSILON / 2.0;
const SLACK: f64 = 1.0 + 1e-9;

/// What one node remembers.
#[derive(Clone, Debug, Default)]
pub struct Follower {
    /// The source's forms that the node's were made from.
    source: Forms,
    /// Per element, the bound on rounding, and what the source's errors carry over.
    round: Vec<f64>,
    carried: Vec<f64>,
    steps: usize,
    moving: Vec<u32>,
    touched: Vec<u32>,
    /// Per element, terms added in this step, and the sum of their sizes.
    terms: Vec<u32>,
    sizes: Vec<f64>,
}

impl Follower {
    /// Whether a node can follow: its columns can be read, and nothing is divided.
    pub fn suits(map: &Affine) -> bool {
        map.divisor.is_none() && matches!(map.linear, Linear::Dense(_) | Linear::Conv(_))
    }

    /// The columns of a dense matrix one after the other, for nodes that follow.
    pub fn columns(map: &Affine) -> Vec<f64> {
        let Linear::Dense(dense) = &map.linear else { return vec![] };
        let entry = |k: usize| dense.weight[k % dense.rows * dense.cols + k / dense.rows];
        (0..dense.rows * dense.cols).map(entry).collect()
    }

    /// Composes anew the next time.
    pub fn forget(&mut self) {
        self.steps = STEPS;
    }

    /// Brings `forms` of a node from where they were to the source's present forms; `columns` as [`Follower::columns`]
    /// gives them.
    pub fn follow<const D: usize>(
        &mut self,
        map: &Affine,
        columns: &[f64],
        source: &Forms,
        length: usize,
        forms: &mut Forms,
    ) {
        let cols = D + 1;
        self.moving.clear();
        let n = source.errors.len();
        if self.steps < STEPS && self.source.errors.len() == n && forms.errors.len() == length {
            let rows = self.source.values.chunks_exact(cols).zip(source.values.chunks_exact(cols));
            let errors = self.source.errors.iter().zip(&source.errors);
            for (j, ((old, new), (old_error, new_error))) in rows.zip(errors).enumerate() {
                if (0..=D).fold(old_error != new_error, |moves, k| moves | (old[k] != new[k])) {
                    self.moving.push(j as u32);
                }
            }
            if !self.moving.is_empty() {
                self.steps += 1;
                self.step::<D>(map, columns, source, forms);
            }
            return;
        }
        (*forms, self.carried) = source.affine_apart(map, length, cols);
        self.round.clear();
        self.round.extend(forms.errors.iter().zip(&self.carried).map(|(e, c)| (e - c).max(0.0) + f64::EPSILON * e));
        self.terms.clear();
        self.terms.resize(length, 0);
        self.sizes.clear();
        self.sizes.resize(length, 0.0);
        self.source.clone_from(source);
        self.steps = 0;
    }

    fn step<const D: usize>(&mut self, map: &Affine, columns: &[f64], source: &Forms, forms: &mut Forms) {
        let cols = D + 1;
        self.touched.clear();
        let (touched, terms, sizes, carried) = (&mut self.touched, &mut self.terms, &mut self.sizes, &mut self.carried);
        for &j in &self.moving {
            let j = j as usize;
            let (old, new) = (&mut self.source.values[j * cols..(j + 1) * cols], source.row(j, cols));
            let mut by = [0.0; 9];
            let mut size = 0.0f64;
            for k in 0..=D {
                by[k] = new[k] - old[k];
                size = size.max(by[k].abs());
            }
            old.copy_from_slice(new);
            let error = source.errors[j] - self.source.errors[j];
            self.source.errors[j] = source.errors[j];
            size += error.abs();
            let values = &mut forms.values;
            let mut add = |i: usize, w: f64| {
                if terms[i] == 0 {
                    touched.push(i as u32);
                }
                terms[i] += 1;
                sizes[i] += w.abs() * size;
                carried[i] += w.abs() * error;
                for (v, by) in values[i * cols..(i + 1) * cols].iter_mut().zip(&by) {
                    *v += w * by;
                }
            };
            match columns {
                [] => map.linear.for_column(j, add),
                all => {
                    let rows = all.len() / self.source.errors.len();
                    all[j * rows..(j + 1) * rows].iter().enumerate().for_each(|(i, &w)| add(i, w));
                }
            }
        }
        for &i in &self.touched {
            let i = i as usize;
            // Of n terms, each adds at most u times the largest sum on the way and three roundings of its own.
            let row = forms.row(i, cols);
            let size = row.iter().fold(0.0, |m: f64, v| m.max(v.abs())) + self.carried[i].abs() + 2.0 * self.sizes[i];
            self.round[i] += (self.terms[i] + 4) as f64 * U * size * SLACK;
            forms.errors[i] = (self.round[i] + self.carried[i].max(0.0)) * SLACK;
            (self.terms[i], self.sizes[i]) = (0, 0.0);
        }
    }
}
