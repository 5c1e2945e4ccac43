//! Resize and Upsample, nearest, linear and cubic: each output element is a fixed weighted sum of input elements.
//!
//! Opset history: Upsample 7 `scales` attribute, 9 input; Resize 10 as Upsample (asymmetric, floor); 11 coordinate
//! modes, `nearest_mode`, cubic, `exclude_outside`, sizes, cropping; 13 roi optional; 18 `axes`, `antialias`,
//! `keep_aspect_ratio_policy`. Refuses computed scales and sizes.

use super::interpolation::{Axis, Resampling, Taps};
use crate::import::bounds::MOVED;
use crate::import::call::Call;
use crate::import::lower::Lowering;
use crate::import::tensor::{elements, floats, integers};
use crate::import::value::{Computed, Refusal};
use crate::ir::{Affine, Broadcast, Linear, Op, sparse};

/// Most elements that an axis may be resized to.
const LONGEST: f64 = 4_194_304.0;

/// Lowers a node of the family.
pub fn lower(l: &mut Lowering, call: &Call) -> Result<Computed, Refusal> {
    let x = call.computed(0)?;
    let rank = x.shape.len();
    let refused = |what: &str| Refusal::new(format!("{what} is not supported"));
    let upsample = call.node.op_type == "Upsample" || call.opset < 11;
    let text = |name: &str, default: &str| call.text(name).unwrap_or_else(|| default.into());
    let resampling = Resampling {
        mode: text("mode", "nearest"),
        coordinates: if upsample { "asymmetric".into() } else { text("coordinate_transformation_mode", "half_pixel") },
        rounding: if upsample { "floor".into() } else { text("nearest_mode", "round_prefer_floor") },
        cubic: call.float("cubic_coeff_a", -0.75),
        exclude: call.int("exclude_outside", 0) != 0,
        antialias: call.int("antialias", 0) != 0,
    };
    let crops = resampling.coordinates == "tf_crop_and_resize";
    if resampling.exclude && resampling.mode == "linear" && !resampling.antialias {
        return Err(refused("linear interpolation that excludes what lies outside"));
    }
    let axes: Vec<usize> = match call.ints("axes") {
        Some(axes) => axes.iter().map(|&a| if a < 0 { a + rank as i64 } else { a } as usize).collect(),
        None => (0..rank).collect(),
    };
    let (scales_at, sizes_at) = if upsample { (1, usize::MAX) } else { (2, 3) };
    let scales = match call.floats("scales") {
        Some(scales) => Some(scales),
        None => call.constant(scales_at)?.map(|t| floats(&t)).transpose()?.filter(|s| !s.is_empty()),
    };
    let sizes = match sizes_at {
        usize::MAX => None,
        k => call.constant(k)?.map(|t| integers(&t)).transpose()?.filter(|s| !s.is_empty()),
    };
    let given = scales.as_ref().map_or_else(|| sizes.as_ref().map_or(0, |s| s.len()), |s| s.len());
    if given != axes.len() || axes.iter().any(|&a| a >= rank) {
        return Err(Refusal::new("its scales or sizes do not fit its input"));
    }
    let roi = if crops { call.constant(1)?.map(|t| floats(&t)).transpose()? } else { None };
    let roi = roi.unwrap_or_else(|| [vec![0.0; axes.len()], vec![1.0; axes.len()]].concat());
    if roi.len() != 2 * axes.len() || roi.iter().any(|v| !v.is_finite()) {
        return Err(Refusal::new("its region of interest does not fit its axes"));
    }
    // One scale for all axes, the smallest or the largest that any size asks for.
    let policy = text("keep_aspect_ratio_policy", "stretch");
    let shared = match (&sizes, policy.as_str()) {
        (_, "stretch") | (None, _) => None,
        (Some(s), "not_larger" | "not_smaller") => {
            let asked = s.iter().zip(&axes).map(|(&s, &a)| s as f64 / x.shape[a] as f64);
            Some(if policy == "not_larger" { asked.fold(f64::MAX, f64::min) } else { asked.fold(0.0, f64::max) })
        }
        _ => return Err(refused(&format!("the aspect-ratio policy {policy}"))),
    };
    let mut taps: Vec<Vec<Taps>> = x.shape.iter().map(|&d| (0..d).map(|i| vec![(i, 1.0)]).collect()).collect();
    let mut made = x.shape.clone();
    for (k, &axis) in axes.iter().enumerate() {
        let size = x.shape[axis];
        let (scale, out) = match (&scales, &sizes, shared) {
            // As runtimes do: scales are float32, and 7/6 of 6 is 7 in float32 only.
            (Some(s), _, _) => (s[k], f64::from((size as f32 * s[k] as f32).floor())),
            (None, Some(_), Some(scale)) => (scale, (scale * size as f64 + 0.5).floor()),
            (None, Some(s), None) => (s[k] as f64 / size as f64, s[k] as f64),
            (None, None, _) => return Err(Refusal::new("neither scales nor sizes are given")),
        };
        if !(scale > 0.0 && scale.is_finite() && (1.0..=LONGEST).contains(&out)) {
            return Err(Refusal::new(format!("a scale of {scale} over {size} elements")));
        }
        made[axis] = out as usize;
        elements(&made)?;
        if scale == 1.0 && !crops {
            continue;
        }
        if resampling.coordinates == "align_corners" && scales.is_some() && size as f64 * scale != out {
            return Err(refused("aligning corners with a scale that gives no whole size")
                .hint("re-export the model with sizes: runtimes disagree on what the scale means here"));
        }
        let crop = (roi[k], roi[axes.len() + k]);
        taps[axis] = resampling.rows(&Axis { from: size, to: out as usize, scale, crop })?;
    }
    let shape: Vec<usize> = taps.iter().map(|t| t.len()).collect();
    elements(&shape)?;
    let entries = taps.iter().map(|t| t.iter().map(|r| r.len() as u64).sum::<u64>()).fold(1, u64::saturating_mul);
    if entries > MOVED {
        return Err(Refusal::new(format!("means of {entries} elements in all; at most {} are supported", MOVED)));
    }
    let mut rows: Vec<Vec<(u32, f64)>> = vec![vec![(0, 1.0)]];
    for (k, along) in taps.iter().enumerate() {
        let cross = |outer: &Vec<(u32, f64)>, inner: &Taps| -> Vec<(u32, f64)> {
            let step = |(o, v): &(u32, f64)| -> Vec<(u32, f64)> {
                inner.iter().map(|(i, w)| (o * x.shape[k] as u32 + *i as u32, v * w)).collect()
            };
            outer.iter().flat_map(step).collect()
        };
        rows = rows.iter().flat_map(|outer| along.iter().map(move |inner| cross(outer, inner))).collect();
    }
    let copies = rows.iter().all(|r| r.len() == 1 && r[0].1 == 1.0);
    let outside = rows.iter().any(|r| r.is_empty()).then(|| call.float("extrapolation_value", 0.0));
    let bias = outside
        .filter(|v| *v != 0.0)
        .map(|v| Broadcast::full(rows.iter().map(|r| if r.is_empty() { v } else { 0.0 }).collect()));
    let linear = if copies { Linear::Index(rows.iter().map(|r| r[0].0).collect()) } else { sparse(rows) };
    Ok(l.emit(call, shape, Op::Affine(Affine { source: x.node, linear, divisor: None, bias })))
}
