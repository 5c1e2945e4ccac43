//! BatchNormalization at inference: an affine map per channel.
//!
//! Opset history: 7 and 9 without `is_test`, in training where it has more than one output; 14 `training_mode`, 15 mixed
//! types. Scale and shift are
//! the nearest float64 of `γ/√(σ² + ε)` and `β − μγ/√(σ² + ε)`, evaluated in rationals with 200 bits of the root.

use crate::import::call::Call;
use crate::import::lower::Lowering;
use crate::import::value::{Computed, Refusal};
use crate::ir::{Affine, Broadcast, Linear, Op, Rational, rational};
use dashu_base::SquareRoot;
use dashu_int::UBig;

/// Lowers a node of the family.
pub fn lower(l: &mut Lowering, call: &Call) -> Result<Computed, Refusal> {
    let x = call.computed(0)?;
    let more = call.node.output.iter().skip(1).any(|o| !o.is_empty());
    if call.int("training_mode", 0) != 0 || call.opset < 14 && more {
        return Err(Refusal::new("is in training mode, where it divides by a computed deviation")
            .hint("export the model in evaluation mode"));
    }
    if x.shape.len() < 2 {
        return Err(Refusal::new(format!("an input of shape {:?} has no channels", x.shape)));
    }
    let channels = x.shape[1];
    let parameter = |k: usize, what: &str| -> Result<Vec<f64>, Refusal> {
        let (values, _) = call.numbers(k)?.ok_or_else(|| Refusal::new(format!("the {what} is missing")))?;
        if values.len() == channels {
            Ok(values)
        } else {
            Err(Refusal::new(format!("{} values of {what} for {channels} channels", values.len())))
        }
    };
    let (gamma, beta) = (parameter(1, "scale")?, parameter(2, "bias")?);
    let (mean, variance) = (parameter(3, "mean")?, parameter(4, "variance")?);
    let epsilon = call.float("epsilon", 1e-5);
    let (mut scale, mut shift) = (vec![], vec![]);
    for c in 0..channels {
        let (s, t) = fold(gamma[c], beta[c], mean[c], variance[c], epsilon)
            .ok_or_else(|| Refusal::new(format!("channel {c} has variance {} and epsilon {epsilon}", variance[c])))?;
        scale.push(s);
        shift.push(t);
    }
    let inner: usize = x.shape[2..].iter().product::<usize>().max(1);
    let per_channel = |values: Vec<f64>| Broadcast { values: values.into(), inner };
    l.notes.push(format!("folded {} (BatchNormalization) into scale and shift", call.name));
    let linear = Linear::Scale(per_channel(scale));
    let op = Op::Affine(Affine { source: x.node, linear, divisor: None, bias: Some(per_channel(shift)) });
    let node = l.push(l.inherit(call, x.node), x.shape.clone(), op);
    Ok(Computed { node, shape: x.shape })
}

/// Scale and shift of one channel, each rounded once.
fn fold(gamma: f64, beta: f64, mean: f64, variance: f64, epsilon: f64) -> Option<(f64, f64)> {
    let total = rational(variance) + rational(epsilon);
    if total <= Rational::ZERO {
        return None;
    }
    let factor = rational(gamma) / root(&total);
    let shift = rational(beta) - rational(mean) * &factor;
    Some((factor.to_f64().value(), shift.to_f64().value()))
}

/// Square root, to 200 bits and more.
fn root(x: &Rational) -> Rational {
    let (numerator, denominator) = (x.numerator().clone(), x.denominator().clone());
    // √(n/d) = √(n·d) / d; the shift makes the integer root carry the bits.
    let product = UBig::try_from(numerator).unwrap_or(UBig::ZERO) * &denominator;
    let shift = 2 * (200 + 1100);
    let integer: UBig = (product << shift).sqrt();
    Rational::from_parts(integer.into(), denominator << (shift / 2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folding_rounds_once() {
        // 1/√2 and −1/√2 to the last bit.
        let (scale, shift) = fold(1.0, 0.0, 1.0, 2.0, 0.0).expect("a positive variance");
        assert_eq!(scale, std::f64::consts::FRAC_1_SQRT_2);
        assert_eq!(shift, -std::f64::consts::FRAC_1_SQRT_2);
        assert_eq!(fold(3.0, 1.0, 2.0, 4.0, 0.0), Some((1.5, -2.0)));
        assert_eq!(fold(1.0, 0.0, 0.0, 0.0, 0.0), None);
    }
}
