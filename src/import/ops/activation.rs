//! Element-wise activations with finitely many breakpoints.
//!
//! Opset history: Clip 6 attributes, 11 inputs; PRelu 7 unidirectional broadcasting; LeakyRelu, HardSigmoid 6;
//! ThresholdedRelu 10, Shrink 9. Refuses the discontinuous cases of ThresholdedRelu and Shrink.

use crate::import::call::Call;
use crate::import::lower::Lowering;
use crate::import::tensor::floats;
use crate::import::value::{Computed, Refusal, broadcast};
use crate::ir::{Activation, Affine, Broadcast, Curve, Linear, Op};

/// Lowers an activation.
pub fn lower(l: &mut Lowering, call: &Call) -> Result<Computed, Refusal> {
    let mut x = call.computed(0)?;
    let jumps = || Refusal::new("jumps: its function is not continuous at these parameters");
    let (curves, inner) = match call.node.op_type.as_str() {
        "Relu" => (vec![Curve::relu()], 1),
        "Abs" => (vec![Curve::leaky(-1.0).ok_or_else(jumps)?], 1),
        "LeakyRelu" => (vec![Curve::leaky(call.float("alpha", 0.01)).ok_or_else(jumps)?], 1),
        "PRelu" => {
            let (slopes, from) = call.numbers(1)?.ok_or_else(|| Refusal::new("the slope is missing"))?;
            let slopes = broadcast(slopes, &from, &x.shape)?;
            let curves: Option<Vec<Curve>> = slopes.values.iter().map(|&s| Curve::leaky(s)).collect();
            (curves.ok_or_else(jumps)?, slopes.inner)
        }
        "Clip" => (vec![clip(call)?], 1),
        "HardSigmoid" => {
            let scale = Linear::Scale(Broadcast::uniform(call.float("alpha", 0.2)));
            let bias = Some(Broadcast::uniform(call.float("beta", 0.5)));
            let op = Op::Affine(Affine { source: x.node, linear: scale, divisor: None, bias });
            let node = l.push(l.inherit(call, x.node), x.shape.clone(), op);
            x = Computed { node, shape: x.shape };
            (vec![Curve::clip(0.0, 1.0).ok_or_else(jumps)?], 1)
        }
        "ThresholdedRelu" => {
            let alpha = call.float("alpha", 1.0);
            (vec![Curve::new(&[alpha], &[0.0, 1.0], &[0.0, 0.0]).ok_or_else(jumps)?], 1)
        }
        _ => {
            let (bias, lambda) = (call.float("bias", 0.0), call.float("lambd", 0.5));
            if lambda <= 0.0 {
                return Err(Refusal::new("Shrink with a lambd that is not positive is not supported"));
            }
            (vec![Curve::new(&[-lambda, lambda], &[1.0, 0.0, 1.0], &[bias, 0.0, -bias]).ok_or_else(jumps)?], 1)
        }
    };
    Ok(l.emit(call, x.shape.clone(), Op::Activation(Activation { source: x.node, curves, inner })))
}

/// The bounds of a Clip: attributes before operator set 11, inputs from then on; each may be absent.
fn clip(call: &Call) -> Result<Curve, Refusal> {
    let bound = |k: usize, name: &str, default: f64| -> Result<f64, Refusal> {
        if call.opset < 11 {
            let given = call.node.attribute.iter().find(|a| a.name == name);
            return Ok(given.map_or(default, |a| f64::from(a.f)));
        }
        match call.constant(k)? {
            None => Ok(default),
            Some(t) => floats(&t)?.first().copied().ok_or_else(|| Refusal::new(format!("the bound {name} is empty"))),
        }
    };
    let (lo, hi) = (bound(1, "min", f64::NEG_INFINITY)?, bound(2, "max", f64::INFINITY)?);
    if lo.is_nan() || hi.is_nan() {
        return Err(Refusal::new("a bound that is no number"));
    }
    // Exporters write "no bound" as the largest float32.
    let open = |v: f64| if v.abs() >= f64::from(f32::MAX) { v.signum() * f64::INFINITY } else { v };
    Curve::clip(open(lo), open(hi)).ok_or_else(|| Refusal::new("a bound that is no number"))
}
