//! Which rows are certainly on one side of a cell: all rows at all vertices in one pass.
//!
//! Contract: a row that is said to be above or below is so at every vertex beyond the bound of its value there. Of most
//! cells few rows are left over; only for these the signs at each vertex are needed.

use super::forms::RowForms;
use super::vertex::Vertex;
use pulp::Simd;

/// Powers of two by place.
const PLACES: [u64; 64] = {
    let (mut places, mut k) = ([0; 64], 0);
    while k < 64 {
        places[k] = 1 << k;
        k += 1;
    }
    places
};

/// The vertices of a cell, and the largest of what the bounds at them are made of.
#[derive(Debug)]
pub struct Seats<const D: usize> {
    /// Positions, and whether finite.
    at: Vec<([f64; D], f64)>,
    blur: f64,
    spread: f64,
}

impl<const D: usize> Seats<D> {
    pub fn new() -> Seats<D> {
        Seats { at: vec![], blur: 0.0, spread: 0.0 }
    }

    /// Seats the vertices of a cell.
    #[inline(always)]
    pub fn take<'v>(&mut self, vertices: impl Iterator<Item = &'v Vertex<D>>) {
        self.at.clear();
        (self.blur, self.spread) = (0.0, 0.0);
        for v in vertices {
            self.at.push((v.at.x, v.finite));
            // Comparisons that leave out what is no number would call a row certain.
            let spoiled: f64 = v.at.x.iter().map(|x| x * 0.0).sum();
            self.blur = if v.blur + spoiled <= self.blur { self.blur } else { v.blur + spoiled + self.blur * 0.0 };
            self.spread = if v.spread > self.spread { v.spread } else { self.spread };
        }
    }
}

/// Looks at the rows of one word.
pub struct Sieve<'a, const D: usize> {
    pub forms: &'a RowForms,
    pub seats: &'a Seats<D>,
    pub word: usize,
}

impl<const D: usize> pulp::WithSimd for Sieve<'_, D> {
    /// The rows above, and the rows below.
    type Output = (u64, u64);

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) -> (u64, u64) {
        let Sieve { forms, seats, word } = self;
        let n = forms.stride / S::F64_LANES;
        let values = S::as_simd_f64s(&forms.values).0;
        let (weight, full) = (S::as_simd_f64s(&forms.weight).0, S::as_simd_f64s(&forms.full).0);
        let places = S::as_simd_u64s(&PLACES).0;
        let (blur, spread) = (simd.splat_f64s(seats.blur), simd.splat_f64s(seats.spread));
        let none = simd.splat_u64s(0);
        let (mut above, mut below) = (none, none);
        let first = word * 64 / S::F64_LANES;
        for (at, &place) in (first..n).zip(places) {
            let w: [S::f64s; D] = std::array::from_fn(|k| values[k * n + at]);
            let c = values[D * n + at];
            let bound = simd.mul_add_f64s(weight[at], blur, simd.mul_f64s(full[at], spread));
            let (mut low, mut high) = (simd.splat_f64s(f64::INFINITY), simd.splat_f64s(f64::NEG_INFINITY));
            for (x, finite) in &seats.at {
                let mut value = simd.mul_f64s(c, simd.splat_f64s(*finite));
                for k in 0..D {
                    value = simd.mul_add_f64s(w[k], simd.splat_f64s(x[k]), value);
                }
                low = simd.min_f64s(value, low);
                high = simd.max_f64s(value, high);
            }
            let up = simd.greater_than_f64s(low, bound);
            let down = simd.less_than_f64s(high, simd.neg_f64s(bound));
            above = simd.or_u64s(above, simd.select_u64s(up, place, none));
            below = simd.or_u64s(below, simd.select_u64s(down, place, none));
        }
        (any::<S>(above), any::<S>(below))
    }
}

/// The bits of all lanes.
#[inline(always)]
fn any<S: Simd>(lanes: S::u64s) -> u64 {
    let mut buffer = [0; 64];
    S::as_mut_simd_u64s(&mut buffer).0[0] = lanes;
    buffer[..S::F64_LANES].iter().fold(0, |all, bits| all | bits)
}

#[cfg(test)]
mod tests {
    use super::super::stage::Rows;
    use super::super::vertex::{Origin, Spot};
    use super::*;
    use crate::region::Forms;
    use crate::vectors::widest;

    fn numbers(seed: u64) -> impl FnMut() -> f64 {
        let mut state = seed;
        move || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 11) as f64 / (1u64 << 52) as f64 - 1.0
        }
    }

    /// Row by row and vertex by vertex: what is above or below is so at all, and of the others none would be called so.
    #[test]
    fn the_rows_set_aside_are_those_on_one_side_of_every_vertex() {
        let mut next = numbers(7);
        let n = 70;
        let level = vec![0.0; n];
        let rows = Rows { unit: (0..n as u32).collect(), level, number: vec![0; n], plain: true };
        let values = (0..n).flat_map(|_| [next(), next(), next(), 2.0 * next()]).collect();
        let mut forms = RowForms::default();
        forms.load::<3>(&rows, &Forms { values, errors: vec![1e-3; n] });
        let vertex = |x: [f64; 3]| Vertex::new(Spot { x, error: 1e-3 }, true, Origin::Corner(0));
        let mut vertices: Vec<_> = (0..4).map(|_| vertex([next(), next(), next()])).collect();
        let mut seats = Seats::new();
        seats.take(vertices.iter());
        let mut aside = 0;
        for i in 0..n {
            let (above, below) = widest(Sieve { forms: &forms, seats: &seats, word: i / 64 });
            let (above, below) = (above >> (i % 64) & 1 == 1, below >> (i % 64) & 1 == 1);
            let sides: Vec<(f64, f64)> = vertices.iter().map(|v| forms.row::<3>(i).at(v)).collect();
            let all = |clear: &dyn Fn(f64, f64) -> bool| sides.iter().all(|&(value, bound)| clear(value, bound));
            assert!(!above || all(&|value, bound| value > bound), "row {i}");
            assert!(!below || all(&|value, bound| -value > bound), "row {i}");
            assert!(above || !all(&|value, _| value > 0.1), "row {i}");
            assert!(below || !all(&|value, _| -value > 0.1), "row {i}");
            aside += u32::from(above | below);
        }
        assert!(aside > 10 && aside < 60, "{aside} rows");
        vertices[1].at.x[0] = f64::NAN;
        seats.take(vertices.iter());
        assert_eq!(widest(Sieve { forms: &forms, seats: &seats, word: 0 }), (0, 0));
    }
}
