//! Volumes of cells: signed sums over simple vertices (`cones.rs`), and where these are not certain enough, and of
//! other cells, pulling triangulations: join a vertex to every face of the cell that does not contain it, and
//! likewise in each face (De Loera, Rambau and Santos, Triangulations, 2010, section 4.3.2).
//!
//! Contract: shares of the domain's volume in units of 2^-100, with a bound on the error. A determinant is linear in
//! each row; with rows no longer than `r` and coordinates uncertain by `e` its error is at most D √D 2e (r + e)^(D-1),
//! and the rounding of an elimination with row interchanges counts as a further uncertainty of 8 D³ u r per coordinate.

use super::descent::{Cell, Descent, Entry};
use crate::explore::Bounds;
use crate::explore::split::VOLUME_UNIT;

/// Largest relative error of a signed sum over vertices that is taken for a volume.
const CLEAR: f64 = 1e-4;

impl<const D: usize, const W: usize> Descent<'_, D, W> {
    /// The volume of the domain, as far as volumes are summed: of a polytope that of the cell that is all of it.
    pub fn domain_volume(&mut self, cell: &Cell<W>) -> Spread {
        match self.ground.bounds {
            Bounds::Polytope(_) if self.ground.volumes => self.volume(cell),
            bounds => {
                let size = bounds.frame().into_iter().flatten().map(|b| b[1] - b[0]).product();
                Spread { size, error: 0.0 }
            }
        }
    }

    /// Adds the volume of a bounded cell to the counts.
    pub fn count_volume(&mut self, cell: &Cell<W>) {
        let (own, domain) = (self.volume(cell), self.domain);
        let scale = 1.0 / (domain.size * VOLUME_UNIT);
        let error = own.error + own.size * (domain.error / domain.size);
        self.counts.volume += (own.size * scale) as u128;
        self.counts.volume_error += (error * scale * 1.001 + own.size * scale * 64.0 * f64::EPSILON) as u128 + 1;
    }

    /// The volume of a bounded cell.
    pub fn volume(&mut self, cell: &Cell<W>) -> Spread {
        if self.has_cones() && cell.simple {
            let sum = self.signed_volume(cell);
            if sum.error <= CLEAR * sum.size {
                return sum;
            }
        }
        self.triangulated(cell)
    }

    /// The volume of a bounded cell by triangulation.
    fn triangulated(&mut self, cell: &Cell<W>) -> Spread {
        let own = &self.entries[cell.start as usize..(cell.start + cell.len) as usize];
        let corners = &mut self.corners;
        corners.clear();
        let origin = self.vertices[own[0].vertex as usize].at.x;
        let (mut error, mut span) = (0.0f64, 0.0f64);
        for e in own {
            let v = &self.vertices[e.vertex as usize];
            let x: [f64; D] = std::array::from_fn(|k| v.at.x[k] - origin[k]);
            error = error.max(v.at.error + f64::EPSILON * v.reach);
            x.iter().for_each(|x| span = span.max(x.abs()));
            corners.push(x);
        }
        let mut pull =
            Pull { own, corners, simple: cell.simple, rows: [[0.0; D]; D], apex: [0.0; D], sum: 0.0, count: 0 };
        let stack = &mut self.members;
        stack.clear();
        stack.extend(0..own.len() as u32);
        pull.face(stack, 0, 0);
        let (d, factorial) = (D as f64, (1..=D).product::<usize>() as f64);
        let blur = 2.0 * error + 8.0 * d.powi(3) * f64::EPSILON * span;
        // Corners are measured from the first, so two of them are up to twice the span apart.
        let length = d.sqrt() * (2.0 * span + blur);
        let bound = pull.count as f64 * d * d.sqrt() * 2.0 * blur * length.powi(D as i32 - 1);
        Spread { size: pull.sum / factorial, error: bound / factorial }
    }
}

/// A volume and a bound on its error.
#[derive(Clone, Copy, Debug, Default)]
pub struct Spread {
    pub size: f64,
    pub error: f64,
}

struct Pull<'a, const D: usize, const W: usize> {
    own: &'a [Entry<W>],
    corners: &'a [[f64; D]],
    simple: bool,
    rows: [[f64; D]; D],
    apex: [f64; D],
    sum: f64,
    count: usize,
}

impl<const D: usize, const W: usize> Pull<'_, D, W> {
    /// Triangulates the face with the vertices at the end of `stack`, of dimension `D - depth`.
    fn face(&mut self, stack: &mut Vec<u32>, start: usize, depth: usize) {
        let first = stack[start] as usize;
        let x = self.corners[first];
        if depth == 0 {
            self.apex = x;
        } else {
            self.rows[depth - 1] = std::array::from_fn(|k| x[k] - self.apex[k]);
        }
        if depth + 1 == D {
            let y = self.corners[stack[stack.len() - 1] as usize];
            self.rows[D - 1] = std::array::from_fn(|k| y[k] - self.apex[k]);
            self.sum += determinant(self.rows).abs();
            self.count += 1;
            return;
        }
        let end = stack.len();
        let (mut all, mut shared) = (self.own[first].mask, self.own[first].mask);
        for &k in &stack[start..end] {
            all = all.or(&self.own[k as usize].mask);
            shared = shared.and(&self.own[k as usize].mask);
        }
        for slot in all.without(&self.own[first].mask).iter() {
            let mut closure = all;
            for k in start..end {
                let member = stack[k];
                if self.own[member as usize].mask.has(slot) {
                    closure = closure.and(&self.own[member as usize].mask);
                    stack.push(member);
                }
            }
            let size = stack.len() - end;
            let facet = self.simple || {
                let on = |t: usize| stack[start..end].iter().filter(|&&k| self.own[k as usize].mask.has(t)).count();
                size >= D - depth && closure.without(&shared).iter().all(|t| on(t) == size && t >= slot)
            };
            if facet {
                self.face(stack, end, depth + 1);
            }
            stack.truncate(end);
        }
    }
}

/// By elimination with row interchanges.
#[inline(always)]
fn determinant<const D: usize>(mut m: [[f64; D]; D]) -> f64 {
    if D == 2 {
        return m[0][0] * m[1][1] - m[0][1] * m[1][0];
    }
    let mut product = 1.0;
    for k in 0..D {
        let pivot = (k..D).max_by(|&a, &b| m[a][k].abs().total_cmp(&m[b][k].abs())).unwrap_or(k);
        if m[pivot][k] == 0.0 {
            return 0.0;
        }
        m.swap(k, pivot);
        product *= m[k][k];
        for i in k + 1..D {
            let factor = m[i][k] / m[k][k];
            for j in k + 1..D {
                m[i][j] -= factor * m[k][j];
            }
        }
    }
    product
}
