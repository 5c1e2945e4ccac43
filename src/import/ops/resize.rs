//! Resize and Upsample, nearest and linear: each output element is a fixed mean of input elements.
//!
//! Opset history: Upsample 7 `scales` attribute, 9 input; Resize 10 as Upsample (asymmetric, floor); 11 coordinate
//! modes, `nearest_mode`, `exclude_outside`, sizes; 13 roi optional; 18 `axes`, `antialias`, `keep_aspect_ratio_policy`.
//! Refuses cubic interpolation, antialiasing, `tf_crop_and_resize` and the aspect-ratio policies.

use crate::import::bounds::MOVED;
use crate::import::call::Call;
use crate::import::lower::{Lowering, affine};
use crate::import::tensor::{elements, floats, integers};
use crate::import::value::{Computed, Refusal};
use crate::ir::{Linear, sparse};

/// The coordinate modes that are supported.
const COORDINATES: [&str; 5] =
    ["asymmetric", "half_pixel", "pytorch_half_pixel", "align_corners", "half_pixel_symmetric"];

/// Lowers a node of the family.
pub fn lower(l: &mut Lowering, call: &Call) -> Result<Computed, Refusal> {
    let x = call.computed(0)?;
    let rank = x.shape.len();
    let refused = |what: &str| Refusal::new(format!("{what} is not supported"));
    let mode = call.text("mode").unwrap_or_else(|| "nearest".into());
    let upsample = call.node.op_type == "Upsample" || call.opset < 11;
    let coordinates = match call.text("coordinate_transformation_mode") {
        _ if upsample => "asymmetric".to_string(),
        Some(mode) => mode,
        None => "half_pixel".into(),
    };
    let rounding = match call.text("nearest_mode") {
        _ if upsample => "floor".to_string(),
        Some(mode) => mode,
        None => "round_prefer_floor".into(),
    };
    if call.int("antialias", 0) != 0 {
        return Err(refused("antialiasing"));
    }
    if call.text("keep_aspect_ratio_policy").is_some_and(|p| p != "stretch") {
        return Err(refused("keeping the aspect ratio"));
    }
    if !COORDINATES.contains(&coordinates.as_str()) {
        return Err(refused(&format!("the coordinate mode {coordinates}")));
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
    let mut taps: Vec<Vec<Vec<(usize, f64)>>> =
        x.shape.iter().map(|&d| (0..d).map(|i| vec![(i, 1.0)]).collect()).collect();
    for (k, &axis) in axes.iter().enumerate() {
        let size = x.shape[axis];
        let (scale, out) = match (&scales, &sizes) {
            // As runtimes do: scales are float32, and 7/6 of 6 is 7 in float32 only.
            (Some(s), _) => (s[k], f64::from((size as f32 * s[k] as f32).floor())),
            (None, Some(s)) => (s[k] as f64 / size as f64, s[k] as f64),
            (None, None) => return Err(Refusal::new("neither scales nor sizes are given")),
        };
        if !(scale > 0.0 && scale.is_finite() && (1.0..=16_777_216.0).contains(&out)) {
            return Err(Refusal::new(format!("a scale of {scale} over {size} elements")));
        }
        if scale == 1.0 {
            continue;
        }
        let (n, m) = (size as f64, out);
        if coordinates == "align_corners" && scales.is_some() && n * scale != m {
            return Err(refused("aligning corners with a scale that gives no whole size")
                .hint("re-export the model with sizes: runtimes disagree on what the scale means here"));
        }
        let place = |i: f64| match coordinates.as_str() {
            "asymmetric" => Some(i / scale),
            "half_pixel" => Some((i + 0.5) / scale - 0.5),
            "pytorch_half_pixel" => Some(if m > 1.0 { (i + 0.5) / scale - 0.5 } else { 0.0 }),
            "align_corners" => Some(if m > 1.0 { i * (n - 1.0) / (m - 1.0) } else { 0.0 }),
            "half_pixel_symmetric" => {
                let adjustment = m / (scale * n);
                Some(n / 2.0 * (1.0 - adjustment) + (i + 0.5) / scale - 0.5)
            }
            _ => None,
        };
        let mut rows = vec![];
        for i in 0..out as usize {
            let at = place(i as f64).ok_or_else(|| refused(&format!("the coordinate mode {coordinates}")))?;
            let last = size - 1;
            rows.push(match mode.as_str() {
                "nearest" => {
                    let near = match rounding.as_str() {
                        "floor" => at.floor(),
                        "ceil" => at.ceil(),
                        "round_prefer_ceil" => (at + 0.5).floor(),
                        _ => (at - 0.5).ceil(),
                    };
                    vec![((near.max(0.0) as usize).min(last), 1.0)]
                }
                "linear" => {
                    let at = at.clamp(0.0, last as f64);
                    let (low, share) = (at.floor() as usize, at - at.floor());
                    if share == 0.0 { vec![(low, 1.0)] } else { vec![(low, 1.0 - share), (low + 1, share)] }
                }
                other => return Err(refused(&format!("{other} interpolation"))),
            });
        }
        taps[axis] = rows;
    }
    let shape: Vec<usize> = taps.iter().map(|t| t.len()).collect();
    elements(&shape)?;
    let entries = taps.iter().map(|t| t.iter().map(|r| r.len() as u64).sum::<u64>()).fold(1, u64::saturating_mul);
    if entries > MOVED {
        return Err(Refusal::new(format!("means of {entries} elements in all; at most {} are supported", MOVED)));
    }
    let mut rows: Vec<Vec<(u32, f64)>> = vec![vec![(0, 1.0)]];
    for (k, along) in taps.iter().enumerate() {
        let cross = |outer: &Vec<(u32, f64)>, inner: &Vec<(usize, f64)>| -> Vec<(u32, f64)> {
            let step = |(o, v): &(u32, f64)| -> Vec<(u32, f64)> {
                inner.iter().map(|(i, w)| (o * x.shape[k] as u32 + *i as u32, v * w)).collect()
            };
            outer.iter().flat_map(step).collect()
        };
        rows = rows.iter().flat_map(|outer| along.iter().map(move |inner| cross(outer, inner))).collect();
    }
    let copies = rows.iter().all(|r| r.len() == 1 && r[0].1 == 1.0);
    let linear = if copies { Linear::Index(rows.iter().map(|r| r[0].0).collect()) } else { sparse(rows) };
    Ok(l.emit(call, shape, affine(x.node, linear)))
}
