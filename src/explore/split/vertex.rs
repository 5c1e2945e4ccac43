//! Vertices in floating point with bounds on their errors, forms at vertices, and the point where an edge is cut.
//!
//! Contract: every bound holds for rounded arithmetic (standard model, Higham 2002, section 2.2); where a formula
//! cannot give one it answers `None` and the caller goes to exact arithmetic. Derivations: `docs/numerics.md`.

use super::stage::Level;
use crate::vectors::wide;

/// Unit roundoff of float64.
const U: f64 = f64::EPSILON / 2.0;
/// Covers the rounding of the bounds themselves.
pub const SLACK: f64 = 1.0 + 1e-9;
/// Far below every bound that matters; covers underflow.
pub const TINY: f64 = 1e-290;
/// A vertex less certain than this, relative to its size, is solved for from its hyperplanes: along chains of cuts the
/// bounds grow by a factor each, which the error itself does not. Few signs are so close to zero that it matters, and
/// for these the vertex is solved for.
const HAZY: f64 = 1e-2;
/// The same where volumes are summed, whose bounds would lose their meaning, and where an end of the edge is at infinity.
const HAZY_STRICT: f64 = 1e-8;
/// One more certain than this is not solved for again where a sign is unclear.
const SHARP: f64 = 1e-14;
/// One less certain than this is replaced by its exact value rounded.
const BLURRED: f64 = 1e-6;

/// A point with a bound on the error of each coordinate.
#[derive(Clone, Copy, Debug)]
pub struct Spot<const D: usize> {
    pub x: [f64; D],
    pub error: f64,
}

/// A vertex. `at` is its position; of a vertex at infinity, its multiple of ω.
#[derive(Clone, Copy, Debug)]
pub struct Vertex<const D: usize> {
    pub at: Spot<D>,
    /// 1, or 0 at infinity.
    pub finite: f64,
    /// Largest absolute coordinate.
    pub reach: f64,
    /// What the weights of a form are multiplied with in the bound of its value.
    pub blur: f64,
    /// What the error of a form is multiplied with.
    pub spread: f64,
    pub origin: Origin,
}

/// How a vertex came to be.
#[derive(Clone, Copy, Debug)]
pub enum Origin {
    /// A corner of the domain: of a box, bit k tells the upper wall of input k; else its number.
    Corner(u32),
    /// The same point as an earlier vertex.
    Same(u32),
    /// Where a level vanishes between an upper and a lower vertex.
    Cut { upper: u32, lower: u32, level: Level },
    /// A seeded point of the domain.
    Seeded(u32),
}

impl<const D: usize> Vertex<D> {
    #[inline(always)]
    pub fn new(at: Spot<D>, finite: bool, origin: Origin) -> Vertex<D> {
        let reach = at.x.iter().fold(0.0, |r: f64, x| if x.abs() > r { x.abs() } else { r });
        let gamma = (D + 4) as f64 * U;
        let blur = (at.error + gamma * reach) * SLACK;
        let spread = (D as f64 * (reach + at.error) + 1.0) * SLACK;
        Vertex { at, finite: if finite { 1.0 } else { 0.0 }, reach, blur, spread, origin }
    }

    /// Whether the position should be solved for anew.
    #[inline(always)]
    pub fn hazy(&self, strict: bool) -> bool {
        self.at.error > if strict { HAZY_STRICT } else { HAZY } * self.reach
    }

    /// Whether solving for the position anew cannot be expected to make it clearer.
    pub fn sharp(&self) -> bool {
        self.at.error <= SHARP * self.reach
    }

    /// Whether the position is too uncertain to be of use.
    pub fn blurred(&self) -> bool {
        self.at.error.is_nan() || self.at.error > BLURRED * self.reach.max(f64::MIN_POSITIVE)
    }
}

/// A form with what bounds its error: `error` also covers the rounding of the constant.
#[derive(Clone, Copy, Debug)]
pub struct Row<const D: usize> {
    pub w: [f64; D],
    pub c: f64,
    /// Sum of absolute coefficients.
    pub weight: f64,
    pub error: f64,
}

impl<const D: usize> Row<D> {
    /// A form whose coefficients are each within `error` of the exact ones.
    pub fn new(w: [f64; D], c: f64, error: f64) -> Row<D> {
        let weight = w.iter().map(|w| w.abs()).sum::<f64>() * SLACK;
        Row { w, c, weight, error: full_error::<D>(error, c) }
    }

    /// Value at a vertex and a bound on its error; at infinity, the multiple of ω.
    #[inline(always)]
    pub fn at(&self, v: &Vertex<D>) -> (f64, f64) {
        let mut value = self.c * v.finite;
        for k in 0..D {
            value += self.w[k] * v.at.x[k];
        }
        (value, self.weight * v.blur + self.error * v.spread)
    }

    /// Finite part of the value at a vertex at infinity.
    fn rest(&self, rest: &Spot<D>) -> (f64, f64) {
        self.at(&Vertex::new(*rest, true, Origin::Corner(0)))
    }
}

/// Error of a form's coefficients and of rounding its constant.
#[inline(always)]
pub fn full_error<const D: usize>(error: f64, c: f64) -> f64 {
    (error + full_factor::<D>() * c.abs()) * SLACK + TINY
}

/// Rounding of a form's value, per unit of its constant.
#[inline(always)]
pub fn full_factor<const D: usize>() -> f64 {
    (D + 4) as f64 * U
}

/// The point where `row` vanishes between `p` (above) and `n` (below), both finite.
///
/// With a = f(p) and b = -f(n) the parameter is t = a / (a + b); from (a + δa)/(a + b + δa + δb) - a/(a + b) its error
/// is at most (a δb + b δa) / ((a + b)(a + b - δa - δb)).
#[inline(always)]
pub fn between<const D: usize>(row: &Row<D>, p: &Vertex<D>, n: &Vertex<D>) -> Option<Spot<D>> {
    let (t, error) = parameter(row.at(p), row.at(n))?;
    let mut x = [0.0; D];
    let mut length = 0.0f64;
    for k in 0..D {
        let step = n.at.x[k] - p.at.x[k];
        x[k] = p.at.x[k] + t * step;
        length = if step.abs() > length { step.abs() } else { length };
    }
    let rounding = 8.0 * U * p.reach.max(n.reach);
    let error = (p.at.error.max(n.at.error) + error * length + rounding) * SLACK + TINY;
    Some(Spot { x, error })
}

#[inline(always)]
fn parameter((a, da): (f64, f64), (b, db): (f64, f64)) -> Option<(f64, f64)> {
    let (sum, b) = (a - b, -b);
    let least = (sum - da - db) * (1.0 - 8.0 * U);
    if !(a > 0.0 && b > 0.0 && least > 0.0) {
        return None;
    }
    Some((a / sum, (a * db + b * da) / (sum * least) * SLACK + 8.0 * U))
}

/// The cut of an edge with an end at infinity. `rests` are the finite parts of such ends. Gives the vertex (finite or
/// not, as `finite` says) and the finite part of one at infinity.
pub fn between_far<const D: usize>(
    row: &Row<D>,
    (p, p_rest): (&Vertex<D>, &Spot<D>),
    n: &Vertex<D>,
    finite: bool,
) -> Option<(Spot<D>, Spot<D>)> {
    let nowhere = Spot { x: [0.0; D], error: 0.0 };
    if p.finite != n.finite {
        // A ray from the near end: x = near + s e with s = |f(near)| / |rate of e|.
        let (near, far) = if p.finite == 1.0 { (p, n) } else { (n, p) };
        let (value, dv) = row.at(near);
        let (rate, dr) = row.at(far);
        if rate.abs() <= dr * SLACK || !finite {
            return None;
        }
        let (s, ds) = quotient((value.abs(), dv), (rate.abs(), dr))?;
        let mut x = near.at.x;
        (0..D).for_each(|k| x[k] += s * far.at.x[k]);
        let rounding = 8.0 * U * (near.reach + s * far.reach);
        let error = near.at.error + (s + ds) * far.at.error + ds * far.reach + rounding;
        return Some((Spot { x, error: error * SLACK + TINY }, nowhere));
    }
    // Both at infinity: along e = n - p (the multiples of ω), at p + q e with q = -f(p) / (f(n) - f(p)).
    let (up, du) = row.at(p);
    let (low, dl) = row.at(n);
    if up <= du * SLACK || -low <= dl * SLACK {
        return None;
    }
    let (value, dv) = row.rest(p_rest);
    let (q, dq) = quotient((value, dv), (up - low, du + dl + 4.0 * U * (up - low)))?;
    let (mut rest, mut length) = (*p_rest, 0.0f64);
    for k in 0..D {
        let e = n.at.x[k] - p.at.x[k];
        rest.x[k] += q * e;
        length = length.max(e.abs());
    }
    let size = rest.x.iter().chain(&p_rest.x).fold(0.0, |r: f64, x| r.max(x.abs())) + q.abs() * length;
    let carried = p_rest.error + (q.abs() + dq) * (p.at.error + n.at.error) + dq * length;
    rest.error = (carried + 8.0 * U * (size + q.abs() * p.reach.max(n.reach))) * SLACK + TINY;
    if finite {
        return Some((rest, nowhere));
    }
    Some((between(row, p, n)?, rest))
}

/// The point where all of `rows` vanish, with a bound on its error.
///
/// With C an approximate inverse of the matrix A of normals and η ≥ ‖I - C A‖ < 1, the exact inverse is at most
/// ‖C‖ / (1 - η) in the maximum norm, and so the error is at most that times the residual (Rump 2010, section 10).
pub fn solve<const D: usize>(rows: &[Row<D>; D]) -> Option<Spot<D>> {
    wide(Solve(rows))
}

struct Solve<'a, const D: usize>(&'a [Row<D>; D]);

impl<const D: usize> pulp::NullaryFnOnce for Solve<'_, D> {
    type Output = Option<Spot<D>>;

    #[inline(always)]
    fn call(self) -> Option<Spot<D>> {
        solved(self.0)
    }
}

#[inline(always)]
fn solved<const D: usize>(rows: &[Row<D>; D]) -> Option<Spot<D>> {
    let (mut a, mut c) = ([[0.0; D]; D], [[0.0; D]; D]);
    let mut error = 0.0f64;
    for i in 0..D {
        let scale = 1.0 / rows[i].weight;
        a[i] = rows[i].w.map(|w| w * scale);
        c[i][i] = 1.0;
        error = error.max(rows[i].error * scale * SLACK + 2.0 * U);
    }
    let mut m = a;
    for k in 0..D {
        let mut pivot = k;
        for i in k + 1..D {
            pivot = if m[i][k].abs() > m[pivot][k].abs() { i } else { pivot };
        }
        m.swap(k, pivot);
        c.swap(k, pivot);
        let inverse = 1.0 / m[k][k];
        let (own, own_c) = (m[k].map(|v| v * inverse), c[k].map(|v| v * inverse));
        (m[k], c[k]) = (own, own_c);
        for i in 0..D {
            let factor = if i == k { 0.0 } else { m[i][k] };
            for j in 0..D {
                m[i][j] -= factor * own[j];
                c[i][j] -= factor * own_c[j];
            }
        }
    }
    let (mut norm, mut off) = (0.0f64, 0.0f64);
    for i in 0..D {
        let mut product = [0.0; D];
        for k in 0..D {
            for j in 0..D {
                product[j] += c[i][k] * a[k][j];
            }
        }
        product[i] -= 1.0;
        norm = largest(norm, total(&c[i]));
        off = largest(off, total(&product));
    }
    // Rows of A have sum one; each coefficient of them is uncertain by `error`.
    let eta = (off + norm * (D as f64) * (error + (D + 4) as f64 * U)) * SLACK;
    if eta.is_nan() || eta >= 0.5 {
        return None;
    }
    let (mut x, mut residual) = ([0.0; D], 0.0f64);
    for step in 0..3 {
        let here = Vertex::new(Spot { x, error: 0.0 }, true, Origin::Corner(0));
        residual = 0.0;
        let mut values = [0.0; D];
        for i in 0..D {
            let (value, bound) = rows[i].at(&here);
            values[i] = value / rows[i].weight;
            residual = largest(residual, (value.abs() + bound) / rows[i].weight);
        }
        if step < 2 {
            for i in 0..D {
                x[i] -= (0..D).map(|k| c[i][k] * values[k]).sum::<f64>();
            }
        }
    }
    Some(Spot { x, error: norm / (1.0 - eta) * residual * SLACK * SLACK + TINY })
}

/// The larger one, and NaN if either is.
#[inline(always)]
fn largest(a: f64, b: f64) -> f64 {
    if a > b || a.is_nan() { a } else { b }
}

/// Sum of absolute values.
#[inline(always)]
fn total<const D: usize>(v: &[f64; D]) -> f64 {
    v.iter().fold(0.0, |sum, x| sum + x.abs())
}

/// a / b with a bound on its error, b certainly positive.
fn quotient((a, da): (f64, f64), (b, db): (f64, f64)) -> Option<(f64, f64)> {
    let least = (b - db) * (1.0 - 4.0 * U);
    let q = a / b;
    (least > 0.0).then(|| (q, ((a.abs() * db + b * da) / (b * least) + 2.0 * U * q.abs()) * SLACK + TINY))
}
