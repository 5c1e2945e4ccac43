//! Volumes of cells of simple vertices as signed sums over these: one number per vertex, made once for all cells it is in.
//!
//! Contract: with A the normals of the D walls and cuts through a vertex v, γ = A⁻ᵀ c for a fixed direction c, and all of
//! them turned outwards, the volume is Σ (c·v)^D / (D! |det A| Π γ) (Lawrence 1991, Polytope volume computation; the
//! term of degree D of Brion's formula). Turning a normal turns a sign, so cells on different sides share |1 / (D! det A
//! Π γ)|. The sum cancels where cells are thin or an edge is nearly orthogonal to c: its bound tells, and the caller
//! triangulates instead. Bounds: `docs/numerics.md`.

use super::descent::{Cell, Descent, Entry, Slot};
use super::vertex::{Spot, Vertex};
use super::volume::Spread;
use crate::vectors::wide;

const U: f64 = f64::EPSILON / 2.0;
const SLACK: f64 = 1.0 + 1e-9;
/// Covers underflow.
const TINY: f64 = 1e-290;
/// Vertices taken together.
const LANES: usize = 4;

/// Components of the direction in a domain of unit widths: no small integers' combination of them vanishes.
const GENERIC: [f64; 8] = [
    1.0,
    0.7548776662466927,
    1.324717957244746,
    0.8191725133961645,
    1.2207440846057596,
    0.6710436067037893,
    1.1673039782614187,
    0.8566748838545029,
];

/// What a vertex brings into the volume of its cells.
#[derive(Clone, Copy, Debug)]
pub struct Cone {
    /// 1 / (D! |det A| Π γ) for normals as they are stored.
    weight: f64,
    /// Bound on its relative error; infinite where there is none.
    error: f64,
}

impl Cone {
    /// That of a vertex that is not simple.
    const NONE: Cone = Cone { weight: 0.0, error: f64::INFINITY };
}

impl<const D: usize, const W: usize> Descent<'_, D, W> {
    /// Whether vertices bring volumes along.
    pub fn has_cones(&self) -> bool {
        D > 2 && self.ground.volumes
    }

    /// The direction along which heights are measured.
    pub fn height_direction(&self) -> [f64; D] {
        let frame = self.ground.bounds.frame();
        std::array::from_fn(|k| GENERIC[k % GENERIC.len()] / frame.map_or(1.0, |b| b[k][1] - b[k][0]))
    }

    /// Makes the cones of new vertices, whose entries in a cell these are, and moves them to where their hyperplanes meet
    /// if that is more certain.
    pub fn make_cones(&mut self, cell: &Cell<W>, entries: &[Entry<W>]) {
        let slots = &self.slots[cell.slot_base as usize..];
        let (vertices, cones) = (&mut self.vertices[..], &mut self.cones);
        wide(Make::<D, W> { slots, entries, direction: &self.direction, vertices, cones });
    }

    /// The volume of a cell of simple vertices.
    pub fn signed_volume(&self, cell: &Cell<W>) -> Spread {
        wide(Sum { own: self, cell })
    }
}

struct Make<'a, const D: usize, const W: usize> {
    slots: &'a [Slot<D>],
    entries: &'a [Entry<W>],
    direction: &'a [f64; D],
    vertices: &'a mut [Vertex<D>],
    cones: &'a mut Vec<Cone>,
}

type Lanes = [f64; LANES];

impl<const D: usize, const W: usize> pulp::NullaryFnOnce for Make<'_, D, W> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for some in self.entries.chunks(LANES) {
            let (mut a, mut b, mut x) = ([[[0.0; LANES]; D]; D], [[0.0; LANES]; D], [[0.0; LANES]; D]);
            let mut error = [0.0f64; LANES];
            for l in 0..LANES {
                let entry = &some[if l < some.len() { l } else { 0 }];
                let at = &self.vertices[entry.vertex as usize].at.x;
                (0..D).for_each(|k| x[k][l] = at[k]);
                for (i, slot) in entry.mask.iter().take(D).enumerate() {
                    let form = &self.slots[slot].form;
                    let scale = 1.0 / form.weight;
                    (0..D).for_each(|k| a[i][k][l] = form.w[k] * scale);
                    b[i][l] = form.c * scale;
                    let own = form.error * scale;
                    error[l] = if own > error[l] { own } else { error[l] };
                }
            }
            let inverse = invert(&a, &error);
            let (weights, errors) = weigh(&a, &inverse, &error, self.direction);
            let blur = meet(&a, &b, &inverse, &error, &mut x);
            for (l, entry) in some.iter().enumerate() {
                let simple = entry.mask.count() == D;
                let cone = Cone { weight: weights[l], error: errors[l] };
                self.cones.push(if simple { cone } else { Cone::NONE });
                let vertex = &mut self.vertices[entry.vertex as usize];
                if simple && blur[l] < vertex.at.error {
                    let at = Spot { x: std::array::from_fn(|k| x[k][l]), error: blur[l] };
                    *vertex = Vertex::new(at, true, vertex.origin);
                }
            }
        }
    }
}

/// Approximate inverses and what their use depends on.
struct Inverse<const D: usize> {
    r: [[Lanes; D]; D],
    /// D! times the absolute product of the pivots.
    product: Lanes,
    /// Largest number in an upper triangular factor.
    grown: Lanes,
    /// ‖R‖, and a bound on ‖R A' − I‖ for the exact matrix A', in the maximum norm.
    norm: Lanes,
    eta: Lanes,
}

/// Inverts matrices of rows of absolute sum one, each coefficient within `error` and two roundings, by elimination with row
/// interchanges.
#[inline(always)]
fn invert<const D: usize>(a: &[[Lanes; D]; D], error: &Lanes) -> Inverse<D> {
    let mut m = *a;
    let mut r = [[[0.0; LANES]; D]; D];
    (0..D).for_each(|k| r[k][k] = [1.0; LANES]);
    let (mut product, mut grown) = ([(1..=D).product::<usize>() as f64; LANES], [0.0f64; LANES]);
    for k in 0..D {
        for i in k + 1..D {
            let larger: [bool; LANES] = std::array::from_fn(|l| m[i][k][l].abs() > m[k][k][l].abs());
            for j in 0..D {
                for l in 0..LANES {
                    let (x, y) = (m[k][j][l], m[i][j][l]);
                    (m[k][j][l], m[i][j][l]) = if larger[l] { (y, x) } else { (x, y) };
                    let (x, y) = (r[k][j][l], r[i][j][l]);
                    (r[k][j][l], r[i][j][l]) = if larger[l] { (y, x) } else { (x, y) };
                }
            }
        }
        let mut inverse = [0.0; LANES];
        for l in 0..LANES {
            product[l] *= m[k][k][l].abs();
            inverse[l] = 1.0 / m[k][k][l];
        }
        for j in 0..D {
            for l in 0..LANES {
                let size = m[k][j][l].abs();
                grown[l] = if size > grown[l] { size } else { grown[l] };
                m[k][j][l] *= inverse[l];
                r[k][j][l] *= inverse[l];
            }
        }
        let (own, own_r) = (m[k], r[k]);
        for i in (0..D).filter(|&i| i != k) {
            let factor = m[i][k];
            for j in 0..D {
                for l in 0..LANES {
                    m[i][j][l] -= factor[l] * own[j][l];
                    r[i][j][l] -= factor[l] * own_r[j][l];
                }
            }
        }
    }
    let (mut norm, mut off) = ([0.0f64; LANES], [0.0f64; LANES]);
    for i in 0..D {
        let (mut total, mut rest) = ([0.0; LANES], [0.0; LANES]);
        for j in 0..D {
            let mut entry = [if i == j { -1.0 } else { 0.0 }; LANES];
            for k in 0..D {
                (0..LANES).for_each(|l| entry[l] += r[i][k][l] * a[k][j][l]);
            }
            for l in 0..LANES {
                total[l] += r[i][j][l].abs();
                rest[l] += entry[l].abs();
            }
        }
        for l in 0..LANES {
            norm[l] = if total[l] > norm[l] { total[l] } else { norm[l] };
            off[l] = if rest[l] > off[l] { rest[l] } else { off[l] };
        }
    }
    let d = D as f64;
    let eta = std::array::from_fn(|l| (off[l] + norm[l] * d * (error[l] + (d + 4.0) * U)) * SLACK);
    Inverse { r, product, grown, norm, eta }
}

/// Weights and the bounds on their relative errors.
///
/// γ' − γ = A'⁻ᵀ (c − A'ᵀ γ) for the exact matrix A', and the j-th column of A'⁻¹ = (I + F)⁻¹ R with ‖F‖ ≤ η is at most
/// max_k |R_kj| / (1 − η). The pivots' product is the determinant of a matrix that differs from A' by the uncertainty and by
/// D u |L| |U| (Higham 2002, theorem 9.3), so relatively by at most D ξ / (1 − D ξ) with ξ the norm of that difference times
/// ‖A'⁻¹‖ ≤ ‖R‖ / (1 − η).
#[inline(always)]
fn weigh<const D: usize>(
    a: &[[Lanes; D]; D],
    inverse: &Inverse<D>,
    error: &Lanes,
    direction: &[f64; D],
) -> (Lanes, Lanes) {
    let Inverse { r, product, grown, norm, eta } = inverse;
    let (mut product, d) = (*product, D as f64);
    let (mut gamma, mut top, mut total) = ([[0.0; LANES]; D], [[0.0f64; LANES]; D], [0.0; LANES]);
    for j in 0..D {
        for k in 0..D {
            for l in 0..LANES {
                gamma[j][l] += r[k][j][l] * direction[k];
                top[j][l] = if r[k][j][l].abs() > top[j][l] { r[k][j][l].abs() } else { top[j][l] };
            }
        }
        (0..LANES).for_each(|l| total[l] += gamma[j][l].abs());
    }
    // ‖c − A'ᵀ γ‖₁: coefficients are at most one.
    let mut rest = total.map(|t| t * d * 2.0 * U);
    (0..LANES).for_each(|l| rest[l] += error[l] * d * total[l]);
    for k in 0..D {
        let (mut sum, mut size) = ([-direction[k]; LANES], [direction[k].abs(); LANES]);
        for i in 0..D {
            for l in 0..LANES {
                let term = a[i][k][l] * gamma[i][l];
                sum[l] += term;
                size[l] += term.abs();
            }
        }
        (0..LANES).for_each(|l| rest[l] += sum[l].abs() + (d + 2.0) * U * size[l]);
    }
    let mut doubt = [0.0; LANES];
    for l in 0..LANES {
        let perturbed = d * (error[l] + 2.0 * U + d * (d + 3.0) * U * grown[l]);
        doubt[l] = d * norm[l] / (1.0 - eta[l]) * perturbed + 4.0 * d * U;
    }
    for j in 0..D {
        for l in 0..LANES {
            doubt[l] += top[j][l] / (1.0 - eta[l]) * rest[l] / gamma[j][l].abs();
            product[l] *= gamma[j][l];
        }
    }
    let bound = |l: usize| {
        let doubt = doubt[l] * SLACK;
        if eta[l] < 0.5 && doubt < 0.5 && product[l] != 0.0 { doubt / (1.0 - doubt) * SLACK } else { f64::INFINITY }
    };
    (product.map(|p| 1.0 / p), std::array::from_fn(bound))
}

/// Moves points to where their hyperplanes meet; bounds on the error of each coordinate, or none.
///
/// The exact inverse is at most ‖R‖ / (1 − η) in the maximum norm, and so the error is at most that times the residual
/// (Rump 2010, section 10).
#[inline(always)]
fn meet<const D: usize>(
    a: &[[Lanes; D]; D],
    b: &[Lanes; D],
    inverse: &Inverse<D>,
    error: &Lanes,
    x: &mut [Lanes; D],
) -> Lanes {
    let Inverse { r, norm, eta, .. } = inverse;
    let d = D as f64;
    let mut worst = [0.0f64; LANES];
    for step in 0..2 {
        let mut rest = *b;
        let (mut reach, mut offset) = ([0.0f64; LANES], [0.0f64; LANES]);
        for i in 0..D {
            for k in 0..D {
                (0..LANES).for_each(|l| rest[i][l] += a[i][k][l] * x[k][l]);
            }
            for l in 0..LANES {
                reach[l] = if x[i][l].abs() > reach[l] { x[i][l].abs() } else { reach[l] };
                offset[l] = if b[i][l].abs() > offset[l] { b[i][l].abs() } else { offset[l] };
            }
        }
        if step == 0 {
            for k in 0..D {
                for i in 0..D {
                    (0..LANES).for_each(|l| x[k][l] -= r[k][i][l] * rest[i][l]);
                }
            }
            continue;
        }
        for l in 0..LANES {
            let most = rest.iter().fold(0.0f64, |m, row| if row[l].abs() > m { row[l].abs() } else { m });
            let rounding = (d + 6.0) * U * (reach[l] + offset[l]) + error[l] * (d * reach[l] + 1.0);
            worst[l] = norm[l] / (1.0 - eta[l]) * (most + rounding) * SLACK * SLACK + TINY;
        }
    }
    std::array::from_fn(|l| if eta[l] < 0.5 && worst[l].is_finite() { worst[l] } else { f64::INFINITY })
}

struct Sum<'a, 'b, const D: usize, const W: usize> {
    own: &'a Descent<'b, D, W>,
    cell: &'a Cell<W>,
}

impl<const D: usize, const W: usize> pulp::NullaryFnOnce for Sum<'_, '_, D, W> {
    type Output = Spread;

    #[inline(always)]
    fn call(self) -> Spread {
        let Descent { direction, vertices, cones, .. } = self.own;
        let own = self.own.own(self.cell);
        let first = &vertices[own[0].vertex as usize];
        let origin = &first.at.x;
        let reach = direction.iter().fold(0.0, |sum, c| sum + c.abs()) * SLACK;
        let height = |e: &Entry<W>| {
            let x = &vertices[e.vertex as usize].at.x;
            (0..D).fold(0.0, |sum, k| sum + direction[k] * (x[k] - origin[k]))
        };
        let (mut low, mut high) = (0.0f64, 0.0f64);
        for e in own {
            let h = height(e);
            low = if h < low { h } else { low };
            high = if h > high { h } else { high };
        }
        let middle = low + (high - low) / 2.0;
        let (mut size, mut sizes, mut error) = (0.0, 0.0, 0.0);
        for e in own {
            let (v, cone) = (&vertices[e.vertex as usize], &cones[e.vertex as usize]);
            let h = height(e) - middle;
            // Heights are sums of differences no longer than twice the reach of a vertex of the cell.
            let blur = reach * (v.at.error + (D + 4) as f64 * 4.0 * U * (v.reach + first.reach));
            let (mut power, mut wider) = (1.0, 1.0);
            for _ in 1..D {
                power *= h;
                wider *= h.abs() + blur;
            }
            let (term, size_of) = (cone.weight * power * h, cone.weight.abs());
            let turned = e.mask.and(&self.cell.side).count() % 2 == 1;
            size += if turned { -term } else { term };
            sizes += term.abs();
            error += term.abs() * cone.error + size_of * wider * (D as f64) * blur;
        }
        let rounding = (own.len() + 2 * D + 4) as f64 * U * sizes;
        Spread { size, error: (error + rounding) * SLACK }
    }
}
