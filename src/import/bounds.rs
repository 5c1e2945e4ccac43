//! How large the outcome of a node can be, known from the shapes of its inputs before anything is evaluated: a file of a
//! few bytes must not make tensors of gigabytes.
//!
//! Contract: [`outcome`] is at least the number of elements that any output has. It also refuses the attributes that
//! would make the evaluation itself run away. [`FOLDED`], [`MOVED`], [`JOINED`], [`PARTS`] and [`EXPANDED`] are stated in `docs/operators.md`.

use super::call::Call;
use super::tensor::{floats, integers};
use super::value::{Refusal, Value};

/// Most elements that all folded constants may have, beside eight times those of the initializers.
pub const FOLDED: u64 = 1 << 24;
/// Most elements of a tensor whose numbers are moved.
pub const MOVED: u64 = 1 << 24;
/// Most elements of a concatenation.
pub const JOINED: u64 = 1 << 25;
/// Most tensors of a sequence.
pub const PARTS: usize = 1 << 16;
/// What a tensor in a sequence weighs among the entries of index maps.
pub const PART: u64 = 256;
/// Most entries of all index maps, windows and means of a network.
pub const EXPANDED: u64 = 1 << 28;

/// Shape of an input, whatever it is.
fn shape(value: &Value) -> Vec<usize> {
    match value {
        Value::Constant(t) => t.shape().to_vec(),
        Value::Computed(c) => c.shape.clone(),
        Value::Comparison(c) => c.left.shape.clone(),
        Value::Step(s) => s.base.shape.clone(),
        Value::Sequence(_) | Value::Cut(_) | Value::Poisoned => vec![],
    }
}

/// A bound on the number of elements. A dimension of zero counts as one: what is done along the others costs all the same.
fn size(shape: &[usize]) -> u64 {
    shape.iter().fold(1u64, |n, &d| n.saturating_mul(d.max(1) as u64))
}

/// Number of elements of the common shape, if the shapes fit together; a bound on it in any case.
fn joined(shapes: &[Vec<usize>]) -> u64 {
    let rank = shapes.iter().map(|s| s.len()).max().unwrap_or(0);
    let dim =
        |k: usize| shapes.iter().filter(|s| s.len() + k >= rank).map(|s| s[s.len() + k - rank]).max().unwrap_or(1);
    (0..rank).fold(1u64, |n, k| n.saturating_mul(dim(k).max(1) as u64))
}

/// A bound on the work of a sliding window.
fn windows(call: &Call, shapes: &[Vec<usize>]) -> u64 {
    let most = |name: &str| call.ints(name).unwrap_or_default().iter().map(|v| v.unsigned_abs()).max().unwrap_or(0);
    let taps = call.ints("kernel_shape").unwrap_or_default();
    let taps = taps.iter().fold(1u64, |n, k| n.saturating_mul(k.unsigned_abs().max(1)));
    let stride = if call.node.op_type == "ConvTranspose" { most("strides").max(1) } else { 1 };
    let reach = most("kernel_shape").saturating_mul(most("dilations").max(1));
    let around = most("pads").saturating_mul(2).saturating_add(most("output_padding")).saturating_add(reach);
    let around = around.saturating_add(most("output_shape"));
    let space = shapes.first().map_or(&[][..], |s| s.get(2..).unwrap_or_default());
    let extent = |d: usize| (d as u64).saturating_mul(stride).saturating_add(around).max(1);
    let positions = space.iter().fold(1u64, |n, &d| n.saturating_mul(extent(d)));
    let planes = shapes.first().map_or(1, |s| size(&s[..s.len().min(2)]));
    let weights = shapes.iter().skip(1).map(|s| size(s)).fold(1, u64::saturating_mul);
    planes.saturating_mul(positions).saturating_mul(weights.max(taps))
}

/// A bound on the number of elements of any output of a node; for products, on the work as well.
pub fn outcome(call: &Call) -> Result<u64, Refusal> {
    let shapes: Vec<Vec<usize>> = call.inputs.iter().map(|v| v.as_ref().map_or(vec![], shape)).collect();
    let first = shapes.first().map_or(0, |s| size(s));
    let listed =
        |k: usize| -> Result<Vec<i64>, Refusal> { Ok(call.constant(k)?.map_or(Ok(vec![]), |t| integers(&t))?) };
    let product = |dims: &[i64]| match dims.iter().find(|d| **d < 0) {
        Some(d) => Err(Refusal::new(format!("a size of {d}"))),
        None => Ok(dims.iter().fold(1u64, |n, &d| n.saturating_mul(d.max(1) as u64))),
    };
    let of = |k: usize| shapes.get(k).map_or(1, |s| size(s)).max(1);
    Ok(match call.node.op_type.as_str() {
        "Concat" | "FeatureVectorizer" => shapes.iter().map(|s| size(s)).fold(0, u64::saturating_add),
        "ConstantOfShape" => product(&listed(0)?)?,
        "Expand" => {
            let target: Vec<usize> = listed(1)?.iter().map(|&d| d.max(0) as usize).collect();
            joined(&[shapes[0].clone(), target])
        }
        "Tile" => first.saturating_mul(product(&listed(1)?)?),
        "Range" => {
            let number = |k| -> Result<f64, Refusal> {
                let tensor = call.constant(k)?.ok_or_else(|| Refusal::new("a bound is missing"))?;
                floats(&tensor)?.first().copied().ok_or_else(|| Refusal::new("a bound is empty"))
            };
            let steps = ((number(1)? - number(0)?) / number(2)?).ceil();
            if steps.is_finite() { steps.max(0.0) as u64 } else { u64::MAX }
        }
        "OneHot" => {
            let depth = call.constant(1)?.map_or(Ok(vec![]), |t| floats(&t))?.first().copied().unwrap_or(0.0);
            if depth.is_nan() || depth < 0.0 {
                return Err(Refusal::new(format!("a depth of {depth}")));
            }
            first.saturating_mul(depth as u64)
        }
        "Gather" => of(1).saturating_mul(first),
        "GatherND" | "GatherElements" => of(1).saturating_mul(if call.node.op_type == "GatherND" { first } else { 1 }),
        "Pad" => {
            let pads = call.ints_or_input("pads", 1)?.unwrap_or_default();
            let most = pads.iter().map(|p| p.unsigned_abs()).max().unwrap_or(0);
            let dims = shapes.first().cloned().unwrap_or_default();
            dims.iter().fold(1u64, |n, &d| n.saturating_mul(most.saturating_mul(2).saturating_add(d as u64)))
        }
        // Rows times columns times what is summed, an eighth of it: a thousand by a thousand squared stays cheap.
        "MatMul" | "Gemm" => {
            let inner = shapes.first().and_then(|s| s.iter().copied().max()).unwrap_or(1).max(1) as u64;
            let outer = first.saturating_mul(of(1)) / inner;
            (outer / 64).max(joined(&shapes).max(first).max(of(1)))
        }
        "Einsum" => shapes.iter().map(|s| size(s)).fold(1, u64::saturating_mul),
        "Conv" | "ConvTranspose" | "AveragePool" | "MaxPool" => windows(call, &shapes),
        "Resize" | "Upsample" => {
            let given = if call.node.op_type == "Resize" && call.opset > 10 { 2 } else { 1 };
            let scales = match call.floats("scales") {
                Some(scales) => scales,
                None => call.constant(given)?.map_or(Ok(vec![]), |t| floats(&t))?,
            };
            let grown = scales.iter().fold(first as f64, |n, s| n * s.abs().max(1.0));
            let sizes = if call.node.op_type == "Resize" { product(&listed(3)?)? } else { 1 };
            let whole = shapes.get(3).is_some_and(|s| size(s) == shapes[0].len() as u64);
            (grown as u64).max(sizes.saturating_mul(if whole || sizes == 1 { 1 } else { first }))
        }
        "Transpose" => {
            let rank = shapes.first().map_or(0, |s| s.len());
            if let Some(perm) = call.ints("perm") {
                let mut seen = perm.clone();
                seen.sort_unstable();
                if !seen.iter().copied().eq(0..rank as i64) {
                    return Err(Refusal::new(format!("perm {perm:?} is no permutation of {rank} dimensions")));
                }
            }
            first
        }
        // What is left is element-wise, or gives no more than it gets.
        _ => joined(&shapes).max(shapes.iter().map(|s| size(s)).max().unwrap_or(0)),
    })
}

/// Refuses an outcome beyond a limit.
pub fn within(call: &Call, most: u64) -> Result<u64, Refusal> {
    match outcome(call)? {
        n if n <= most => Ok(n),
        n => Err(Refusal::new(format!("makes a tensor of up to {n} elements; at most {most} are supported"))),
    }
}
