//! Half-spaces with integer coefficients and points with dyadic coordinates: the numbers of the exact enumeration.
//!
//! Contract: exact. A plane's coefficients have no common divisor, so that two planes are one hyperplane exactly when
//! their coefficients are equal or opposite.

use crate::ir::Rational;
use dashu_int::ops::{BitTest, Gcd};
use dashu_int::{IBig, UBig};

/// The half-space `normal · x ≤ offset`; `normal` is not zero.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plane {
    /// Coefficients.
    pub normal: Vec<IBig>,
    /// Right-hand side.
    pub offset: IBig,
}

/// The point `coordinates / 2^shift`.
#[derive(Clone, Debug)]
pub struct Point {
    /// Numerators.
    pub coordinates: Vec<IBig>,
    /// Common exponent of the denominator.
    pub shift: usize,
}

impl Plane {
    /// `form(x) ≤ 0` for an affine form (constant last) that is not constant.
    pub fn below(form: &[Rational]) -> Plane {
        let denominator = form.iter().fold(UBig::ONE, |all, c| {
            let q = c.denominator();
            &all / (&all).gcd(q) * q
        });
        let whole = |c: &Rational| c.numerator() * IBig::from(&denominator / c.denominator());
        let mut numbers: Vec<IBig> = form.iter().map(whole).collect();
        let common = numbers.iter().filter(|n| !n.is_zero()).fold(UBig::ZERO, |g, n| (&g).gcd(n));
        numbers.iter_mut().for_each(|n| *n /= &common);
        let offset = -numbers.pop().expect("a form has a constant");
        Plane { normal: numbers, offset }
    }

    /// The other side.
    pub fn reversed(&self) -> Plane {
        Plane { normal: self.normal.iter().map(|a| -a).collect(), offset: -&self.offset }
    }

    /// A positive multiple of `normal · x − offset`.
    pub fn value(&self, x: &Point) -> IBig {
        let sum = self.normal.iter().zip(&x.coordinates).map(|(a, x)| a * x).sum::<IBig>();
        sum - (&self.offset << x.shift)
    }
}

impl Point {
    /// The point of the given floats, each a dyadic rational.
    pub fn of(x: impl Iterator<Item = Rational>) -> Point {
        let exact: Vec<Rational> = x.collect();
        let shift = exact.iter().map(|c| c.denominator().bit_len() - 1).max().unwrap_or(0);
        let coordinates = exact.iter().map(|c| c.numerator() << (shift + 1 - c.denominator().bit_len())).collect();
        Point { coordinates, shift }
    }

    /// The coordinates as rationals.
    pub fn exact(&self) -> Vec<Rational> {
        let unit = UBig::ONE << self.shift;
        self.coordinates.iter().map(|c| Rational::from_parts(c.clone(), unit.clone())).collect()
    }

    /// The first point for which `good` holds, looked for near `numerators / denominator` with more and more bits.
    /// It must hold in some neighbourhood of that point.
    pub fn near(numerators: &[IBig], denominator: &IBig, good: impl Fn(&Point) -> bool) -> Point {
        let mut shift = 0;
        loop {
            let coordinates = numerators.iter().map(|n| nearest(&(n << shift), denominator)).collect();
            let point = Point { coordinates, shift };
            if good(&point) {
                return point;
            }
            shift += 1 + shift / 2;
        }
    }
}

/// The integer next to `n / d`, for `d > 0`.
fn nearest(n: &IBig, d: &IBig) -> IBig {
    let half = d >> 1;
    if *n < IBig::ZERO { (n - half) / d } else { (n + half) / d }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::rational;

    #[test]
    fn coefficients_are_whole_and_have_no_common_divisor() {
        let plane = Plane::below(&[rational(0.75), rational(-1.5), rational(3.0)]);
        assert_eq!((plane.normal.clone(), plane.offset.clone()), (vec![1.into(), (-2).into()], (-4).into()));
        assert_eq!(plane.reversed().reversed(), plane);
    }

    #[test]
    fn points_are_the_floats_they_came_from() {
        let x = [0.1, -3.0, 1e-3, 0.0];
        assert_eq!(Point::of(x.iter().map(|&c| rational(c))).exact(), x.map(rational));
        let plane = Plane::below(&[rational(1.0), rational(0.0), rational(0.0), rational(0.0), rational(-0.1)]);
        assert!(plane.value(&Point::of(x.iter().map(|&c| rational(c)))).is_zero());
    }

    #[test]
    fn a_simple_point_is_found_in_an_open_interval() {
        let (n, d) = ([IBig::from(1)], IBig::from(3));
        let point = Point::near(&n, &d, |p| {
            let x = p.exact()[0].clone();
            x > rational(0.33) && x < rational(0.334)
        });
        assert!(point.shift <= 12, "{point:?}");
    }
}
