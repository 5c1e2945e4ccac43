//! Exact evaluation of a network in rational arithmetic: the last word wherever floating point cannot decide.
//!
//! Contract: every stored number is taken as the rational it is; no rounding anywhere.

use super::{Network, Op};
use dashu_base::Gcd;
use dashu_int::UBig;

/// Exact rational number.
pub type Rational = dashu_ratio::RBig;

/// The rational that a finite float is.
///
/// # Panics
/// On NaN and infinities, which no [`Network`] holds.
pub fn rational(x: f64) -> Rational {
    Rational::try_from(x).expect("finite by the network's contract")
}

/// The least common multiple.
pub fn common_multiple(a: UBig, b: &UBig) -> UBig {
    if b.is_one() || (&a % b).is_zero() {
        return a;
    }
    let shared = (&a).gcd(b);
    a / shared * b
}

impl Network {
    /// Values of all nodes at the exact input `x`, node by node.
    pub fn evaluate_exactly(&self, x: &[Rational]) -> Vec<Vec<Rational>> {
        let mut values: Vec<Vec<Rational>> = Vec::with_capacity(self.nodes.len());
        for node in &self.nodes {
            let value = match &node.op {
                Op::Input => x.to_vec(),
                Op::Affine(a) => (0..node.len()).map(|i| a.row_exactly(i, &values[a.source])).collect(),
                Op::Sum(sources) => (0..node.len())
                    .map(|i| sources.iter().fold(Rational::ZERO, |sum, &s| sum + &values[s][i]))
                    .collect(),
                Op::Activation(a) => {
                    (values[a.source].iter().enumerate()).map(|(i, z)| a.curve(i).value_exactly(z)).collect()
                }
                Op::Max(m) => (0..m.groups())
                    .map(|g| {
                        let candidates = m.group(g).iter().map(|&c| &values[m.source][c as usize]);
                        candidates.max().expect("groups are not empty").clone()
                    })
                    .collect(),
            };
            values.push(value);
        }
        values
    }
}

impl super::Affine {
    /// Element `i` of the map applied to `x`, exactly.
    pub fn row_exactly(&self, i: usize, x: &[Rational]) -> Rational {
        let mut sum = Rational::ZERO;
        self.linear.for_row(i, |j, w| {
            if !x[j].is_zero() {
                sum += rational(w) * &x[j];
            }
        });
        if let Some(d) = &self.divisor {
            sum /= rational(d.get(i));
        }
        if let Some(b) = &self.bias {
            sum += rational(b.get(i));
        }
        sum
    }
}

impl super::Curve {
    /// The piece that `z` lies on; on a breakpoint, the lower one.
    pub fn piece_exactly(&self, z: &Rational) -> usize {
        self.breakpoints().iter().take_while(|&&t| *z > rational(t)).count()
    }

    /// The function's exact value.
    pub fn value_exactly(&self, z: &Rational) -> Rational {
        let p = self.piece_exactly(z);
        rational(self.slope(p)) * z + rational(self.offset(p))
    }
}
