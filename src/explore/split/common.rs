//! Numbers over one common denominator: exact sums and products without a greatest common divisor at every step.
//!
//! Contract: a number is `number · 2^exponent / D` with the same `D` for all numbers of a point. Weights are floating
//! point, whose denominators are powers of two; divisors of averages are not, so `D` holds a multiple of all products of
//! them, and the divisions come out even.

use crate::ir::{Network, Op, Rational, common_multiple};
use dashu_base::BitTest;
use dashu_int::{IBig, UBig};
use std::cmp::Ordering;

/// `number · 2^exponent` of a common denominator.
#[derive(Clone, Debug, Default)]
pub struct Shared {
    number: IBig,
    exponent: i64,
}

impl Shared {
    /// A floating-point number times the denominator.
    pub fn new(x: f64, denominator: &UBig) -> Shared {
        let (number, exponent) = odd(x);
        Shared { number: IBig::from(number) * denominator, exponent }
    }

    /// A rational number, whose own denominator divides the common one.
    pub fn of(x: &Rational, denominator: &UBig) -> Shared {
        Shared { number: x.numerator() * (denominator / x.denominator()), exponent: 0 }
    }

    /// Bytes of its digits.
    pub fn bytes(&self) -> usize {
        self.number.bit_len() / 8
    }

    /// Whether it is zero.
    pub fn is_zero(&self) -> bool {
        self.number.is_zero()
    }

    /// Adds `w` times `x`.
    pub fn add(&mut self, w: f64, x: &Shared) {
        let (factor, exponent) = odd(w);
        if factor == 0 || x.is_zero() {
            return;
        }
        let term = if factor == 1 { x.number.clone() } else { &x.number * factor };
        let exponent = x.exponent + exponent;
        let by = exponent - self.exponent;
        if self.is_zero() {
            *self = Shared { number: term, exponent };
        } else if by >= 0 {
            self.number += term << by as usize;
        } else {
            self.number <<= by.unsigned_abs() as usize;
            self.number += term;
            self.exponent = exponent;
        }
    }

    /// Divides by an averaging layer's divisor.
    pub fn divide(&mut self, divisor: f64) {
        let (factor, exponent) = odd(divisor);
        self.number /= factor;
        self.exponent -= exponent;
    }

    /// The sign.
    pub fn sign(&self) -> Ordering {
        self.number.cmp(&IBig::ZERO)
    }

    /// The number itself.
    pub fn rational(&self, denominator: &UBig) -> Rational {
        let by = self.exponent.unsigned_abs() as usize;
        if self.exponent >= 0 {
            Rational::from_parts(&self.number << by, denominator.clone())
        } else {
            Rational::from_parts(self.number.clone(), denominator << by)
        }
    }
}

impl PartialEq for Shared {
    fn eq(&self, other: &Shared) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Shared {}

impl PartialOrd for Shared {
    fn partial_cmp(&self, other: &Shared) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Shared {
    fn cmp(&self, other: &Shared) -> Ordering {
        self.sign().cmp(&other.sign()).then_with(|| {
            let by = self.exponent - other.exponent;
            if by >= 0 {
                (&self.number << by as usize).cmp(&other.number)
            } else {
                self.number.cmp(&(&other.number << by.unsigned_abs() as usize))
            }
        })
    }
}

/// A finite floating-point number as an odd integer (or zero) and an exponent of two.
fn odd(x: f64) -> (i64, i64) {
    let bits = x.to_bits();
    let (biased, fraction) = ((bits >> 52 & 0x7ff) as i64, (bits & ((1 << 52) - 1)) as i64);
    let number = if biased == 0 { 2 * fraction } else { fraction | 1 << 52 };
    if number == 0 {
        return (0, 0);
    }
    let even = number.trailing_zeros();
    let number = number >> even;
    (if x < 0.0 { -number } else { number }, biased - 1075 + i64::from(even))
}

/// A multiple of every product of divisors that a value can pass through, powers of two left out.
pub fn divisors(network: &Network) -> UBig {
    let mut all = UBig::ONE;
    for node in &network.nodes {
        let Op::Affine(map) = &node.op else { continue };
        let Some(divisor) = &map.divisor else { continue };
        let own = (0..node.len()).map(|i| UBig::from(odd(divisor.get(i)).0.unsigned_abs()));
        all *= own.fold(UBig::ONE, |all, d| common_multiple(all, &d));
    }
    all
}

/// A common denominator of rational numbers, times `times`.
pub fn denominator<'a>(of: impl Iterator<Item = &'a Rational>, times: &UBig) -> UBig {
    of.fold(UBig::ONE, |all, x| common_multiple(all, x.denominator())) * times
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::rational;

    /// Truth: rational arithmetic.
    #[test]
    fn sums_products_and_comparisons_are_those_of_rational_numbers() {
        let weights = [0.0, 1.0, -1.0, 0.75, -3.5e-9, 1.0 / 3.0, 7e300, -5e-324, f64::MIN_POSITIVE, 12345.678];
        let x = [(1, 3u8), (-7, 12), (0, 1), (5, 1)].map(|(n, d)| Rational::from_parts(n.into(), d.into()));
        let d = denominator(x.iter(), &UBig::from(45u8));
        assert_eq!(d, UBig::from(540u16));
        let mut values = vec![(Shared::default(), Rational::ZERO)];
        for w in weights {
            assert_eq!(Shared::new(w, &d).rational(&d), rational(w));
            for x in &x {
                let (mut sum, mut exact) = values[values.len() / 2].clone();
                sum.add(w, &Shared::of(x, &d));
                exact += rational(w) * x;
                assert_eq!(sum.rational(&d), exact);
                values.push((sum, exact));
            }
        }
        for (a, p) in &values {
            assert_eq!(a.sign(), p.cmp(&Rational::ZERO));
            values.iter().for_each(|(b, q)| assert_eq!(a.cmp(b), p.cmp(q)));
        }
        let (mut third, fifteen) = (Shared::of(&x[0], &d), rational(15.0));
        third.divide(-15.0);
        assert_eq!(third.rational(&d), -(&x[0] / fifteen));
    }
}
