//! Conv and ConvTranspose, kept structured.
//!
//! Opset history: 1 all attributes; 11 the same semantics, clearer padding. Values are `[batch, channels, space…]`.
//! Refuses computed kernels.

use super::pool::Window;
use crate::import::call::Call;
use crate::import::lower::Lowering;
use crate::import::tensor::elements;
use crate::import::value::{Computed, Refusal};
use crate::ir::{Affine, Broadcast, Conv, Linear, Op};

/// Lowers a convolution or its transpose.
pub fn lower(l: &mut Lowering, call: &Call) -> Result<Computed, Refusal> {
    let x = call.computed(0)?;
    let (weight, shape) = call.numbers(1)?.ok_or_else(|| Refusal::new("the kernel is missing"))?;
    let bias = call.numbers(2)?;
    let rank = shape.len().saturating_sub(2);
    if shape.len() < 3 || x.shape.len() != shape.len() || rank > 8 {
        return Err(Refusal::new(format!("kernel {shape:?} does not fit an input of shape {:?}", x.shape)));
    }
    let transposed = call.node.op_type == "ConvTranspose";
    let groups = usize::try_from(call.int("group", 1)).ok().filter(|&g| g > 0);
    let groups = groups.ok_or_else(|| Refusal::new("its number of groups is not positive"))?;
    let (batch, channels) = (x.shape[0], x.shape[1]);
    let space = x.shape[2..].to_vec();
    let kernel = shape[2..].to_vec();
    let fits = if transposed { shape[0] == channels } else { shape[1].checked_mul(groups) == Some(channels) };
    let out_channels = if transposed { shape[1] * groups } else { shape[0] };
    if !fits || channels % groups != 0 || out_channels % groups != 0 {
        return Err(Refusal::new(format!("kernel {shape:?} does not fit {channels} channels in {groups} group(s)")));
    }
    let window = Window::new(call, &kernel)?;
    let (pads, out_space) = if transposed { window.transposed(call, &space)? } else { window.fit(&space, false)? };
    let mut out_shape = vec![batch, out_channels];
    out_shape.extend(&out_space);
    elements(&out_shape)?;
    let (small_channels, large_channels) = if transposed { (channels, out_channels) } else { (out_channels, channels) };
    let (small, large) = if transposed { (space, out_space.clone()) } else { (out_space.clone(), space) };
    let conv = Conv {
        batch,
        groups,
        small_channels,
        large_channels,
        small,
        large,
        kernel,
        strides: window.strides,
        dilations: window.dilations,
        pads,
        weight: weight.into(),
        transposed,
    };
    let inner: usize = out_space.iter().product();
    let bias = match bias {
        Some((values, _)) if values.len() != out_channels => {
            return Err(Refusal::new(format!("{} biases for {out_channels} channels", values.len())));
        }
        Some((values, _)) => Some(Broadcast { values: values.into(), inner: inner.max(1) }),
        None => None,
    };
    Ok(l.emit(call, out_shape, Op::Affine(Affine { source: x.node, linear: Linear::Conv(conv), divisor: None, bias })))
}
