//! Element types that tract does not decode, widened exactly: bfloat16, the float8 types and float4 to float32, the four-bit
//! integers to eight bits.
//!
//! Formats: `onnx.proto`, `TensorProto.DataType`; float8 as in P. Micikevicius et al., "FP8 Formats for Deep Learning"
//! (2022), and B. Noune et al., "8-bit Numerical Formats for Deep Neural Networks" (2022, the `uz` types); float4 as in the
//! OCP Microscaling specification 1.0. Refuses nothing: NaN and infinities are for those who read the numbers.

use tract_core::internal::{Tensor, TractResult};
use tract_onnx::pb::TensorProto;

/// How the elements of a type lie in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    BFloat16,
    /// Exponent bits, bias; the rest of the eight bits but the sign is the fraction. `finite`: no infinities; `unsigned`:
    /// no negative zero, whose place is NaN's.
    Float8 {
        exponent: u32,
        bias: i32,
        finite: bool,
        unsigned: bool,
    },
    Float4,
    Int4,
    Uint4,
}

/// A tensor of narrow elements, to be read as one of whole bytes or pairs of bytes first.
pub struct Narrow {
    kind: Kind,
    /// The same data as uint8 or uint16.
    pub carrier: TensorProto,
}

impl Narrow {
    /// `None` where the element type is none of these.
    pub fn new(proto: &TensorProto) -> Option<Narrow> {
        let float8 = |exponent, bias, finite, unsigned| Kind::Float8 { exponent, bias, finite, unsigned };
        let kind = match proto.data_type {
            16 => Kind::BFloat16,
            17 => float8(4, 7, true, false),
            18 => float8(4, 8, true, true),
            19 => float8(5, 15, false, false),
            20 => float8(5, 16, true, true),
            21 => Kind::Uint4,
            22 => Kind::Int4,
            23 => Kind::Float4,
            _ => return None,
        };
        let mut carrier = proto.clone();
        carrier.data_type = if kind == Kind::BFloat16 { 4 } else { 2 };
        if matches!(kind, Kind::Int4 | Kind::Uint4 | Kind::Float4) && proto.dims.iter().all(|&d| d >= 0) {
            let count = proto.dims.iter().fold(1i64, |n, &d| n.saturating_mul(d));
            carrier.dims = vec![count / 2 + count % 2];
        }
        Some(Narrow { kind, carrier })
    }

    /// The elements, from the carrier's.
    pub fn widen(&self, carrier: &Tensor, shape: &[usize]) -> TractResult<Tensor> {
        let plain = carrier.try_as_plain_ram()?;
        if self.kind == Kind::BFloat16 {
            let wide: Vec<f32> = plain.as_slice::<u16>()?.iter().map(|&b| f32::from_bits(u32::from(b) << 16)).collect();
            return Tensor::from_shape(shape, &wide);
        }
        let bytes = plain.as_slice::<u8>()?;
        let count: usize = shape.iter().product();
        // The first of two elements lies in the lower half of the byte.
        let halves = || bytes.iter().flat_map(|b| [b & 15, b >> 4]).take(count);
        match self.kind {
            Kind::Int4 => {
                let signed = halves().map(|h| if h < 8 { h as i8 } else { h as i8 - 16 });
                Tensor::from_shape(shape, &signed.collect::<Vec<i8>>())
            }
            Kind::Uint4 => Tensor::from_shape(shape, &halves().collect::<Vec<u8>>()),
            Kind::Float4 => {
                const VALUES: [f32; 8] = [0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0];
                let value = |h: u8| VALUES[usize::from(h & 7)] * if h < 8 { 1.0 } else { -1.0 };
                Tensor::from_shape(shape, &halves().map(value).collect::<Vec<f32>>())
            }
            kind => Tensor::from_shape(shape, &bytes.iter().map(|&b| float8(kind, b)).collect::<Vec<f32>>()),
        }
    }
}

/// One float8.
fn float8(kind: Kind, bits: u8) -> f32 {
    let Kind::Float8 { exponent, bias, finite, unsigned } = kind else { return f32::NAN };
    let width = 7 - exponent;
    let (e, m) = (i32::from(bits & 0x7F) >> width, i32::from(bits) & ((1 << width) - 1));
    let top = (1 << exponent) - 1;
    let sign = if bits & 0x80 == 0 { 1.0 } else { -1.0 };
    let nan = if unsigned {
        bits == 0x80
    } else if finite {
        bits & 0x7F == 0x7F
    } else {
        e == top && m != 0
    };
    if nan {
        return f32::NAN;
    }
    if !finite && e == top {
        return sign * f32::INFINITY;
    }
    let fraction = if e == 0 { m } else { m + (1 << width) } as f32;
    sign * fraction * 2f32.powi(e.max(1) - bias - width as i32)
}

/// The nearest bfloat16, ties to even; NaN stays NaN.
pub fn to_bfloat16(value: f32) -> f32 {
    if value.is_nan() {
        return value;
    }
    let bits = value.to_bits();
    let rounded = bits.wrapping_add(0x7FFF + (bits >> 16 & 1));
    f32::from_bits(rounded & 0xFFFF_0000)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(data_type: i32, bits: u8) -> f32 {
        let narrow = Narrow::new(&TensorProto { data_type, dims: vec![1], ..TensorProto::default() }).expect("narrow");
        float8(narrow.kind, bits)
    }

    #[test]
    fn float8_at_the_ends_of_its_ranges() {
        // The largest, the smallest normal and the smallest subnormal number of each type, from the papers' tables.
        assert_eq!([0x7E, 0x08, 0x01].map(|b| value(17, b)), [448.0, 2f32.powi(-6), 2f32.powi(-9)]);
        assert_eq!([0x7F, 0x08, 0x01].map(|b| value(18, b)), [240.0, 2f32.powi(-7), 2f32.powi(-10)]);
        assert_eq!([0x7B, 0x04, 0x01].map(|b| value(19, b)), [57344.0, 2f32.powi(-14), 2f32.powi(-16)]);
        assert_eq!([0x7F, 0x04, 0x01].map(|b| value(20, b)), [57344.0, 2f32.powi(-15), 2f32.powi(-17)]);
        assert!(value(17, 0x7F).is_nan() && value(18, 0x80).is_nan() && value(20, 0x80).is_nan());
        assert_eq!([value(19, 0x7C), value(19, 0xFC)], [f32::INFINITY, f32::NEG_INFINITY]);
        assert_eq!(value(17, 0xB8), -1.0);
    }

    #[test]
    fn bfloat16_rounds_to_even() {
        assert_eq!(to_bfloat16(1.0 + 2f32.powi(-8)), 1.0);
        assert_eq!(to_bfloat16(1.0 + 3.0 * 2f32.powi(-8)), 1.0 + 2f32.powi(-6));
        assert_eq!(to_bfloat16(1.0 + 2f32.powi(-8) + 2f32.powi(-20)), 1.0 + 2f32.powi(-7));
    }
}
