//! The affine operators of `ai.onnx.ml`: Scaler, LinearRegressor and LinearClassifier, Imputer, FeatureVectorizer and
//! ArrayFeatureExtractor, as converters of classical models write them.
//!
//! Opset history: `ai.onnx.ml` 1 throughout. A classifier's label and the transformation of its scores end the network:
//! the scores are audited. Refuses an Imputer that replaces a number, and features chosen by a computed index.

use super::contract;
use crate::import::call::Call;
use crate::import::lower::{Lowering, affine};
use crate::import::tensor::integers;
use crate::import::value::{Computed, Refusal, Value, broadcast};
use crate::ir::{Affine, Linear, Op, ZERO};

/// `(x − offset) · scale` per feature.
pub fn scaler(l: &mut Lowering, call: &Call) -> Result<Computed, Refusal> {
    let x = call.computed(0)?;
    let features = x.shape.last().copied().unwrap_or(1);
    let list = |name: &str, default: f64| -> Result<Vec<f64>, Refusal> {
        let values = call.floats(name).unwrap_or_else(|| vec![default]);
        let fits = (values.len() == 1 || values.len() == features) && values.iter().all(|v| v.is_finite());
        if fits { Ok(values) } else { Err(Refusal::new(format!("attribute {name} does not fit {features} features"))) }
    };
    let (offset, scale) = (list("offset", 0.0)?, list("scale", 1.0)?);
    let spread = |values: Vec<f64>| {
        let from = [values.len()];
        broadcast(values, &from, &x.shape)
    };
    let shifted = l.add_bias(call, &x, "", spread(offset.iter().map(|o| -o).collect())?);
    let op =
        Op::Affine(Affine { source: shifted.node, linear: Linear::Scale(spread(scale)?), divisor: None, bias: None });
    Ok(l.emit(call, x.shape.clone(), op))
}

/// LinearRegressor and LinearClassifier: one row of coefficients per target or class.
pub fn linear<'a>(l: &mut Lowering<'a>, call: &Call<'a>) -> Result<Vec<Value>, Refusal> {
    let x = call.computed(0)?;
    let weights = call.floats("coefficients").unwrap_or_default();
    let features = x.shape.last().copied().unwrap_or(1);
    let rows = weights.len() / features.max(1);
    if rows == 0 || rows * features != weights.len() || weights.iter().any(|w| !w.is_finite()) {
        return Err(Refusal::new(format!("{} coefficients do not fit {features} features", weights.len())));
    }
    let intercepts = call.floats("intercepts").filter(|i| !i.is_empty()).unwrap_or_else(|| vec![0.0; rows]);
    if intercepts.len() != rows || intercepts.iter().any(|i| !i.is_finite()) {
        return Err(Refusal::new(format!("{} intercepts for {rows} rows of coefficients", intercepts.len())));
    }
    let scores = contract::rows(l, call, x, weights, rows)?;
    let bias = broadcast(intercepts, &[rows], &scores.shape)?;
    let scores = l.set_bias(call, scores, bias);
    let plain = call.text("post_transform").is_none_or(|p| p == "NONE");
    let classifier = call.node.op_type == "LinearClassifier";
    let last = call.node.output.last().cloned().unwrap_or_default();
    if plain && !classifier {
        return Ok(vec![Value::Computed(scores)]);
    }
    // Two classes may share one row of coefficients; then the scores as the runtime gives them are no tensor of ours.
    let own = plain && rows > 1;
    let name = if own { last } else { format!("{}.scores", call.name) };
    let why = "its label is a decision on the scores, and its transformation of them is monotone";
    let cut = Value::Cut(l.cut(call, vec![(name, scores.clone())], why));
    Ok(match (classifier, own) {
        (true, true) => vec![cut, Value::Computed(scores)],
        (true, false) => vec![cut.clone(), cut],
        _ => vec![cut],
    })
}

/// Imputer: nothing to do where only what is no number is replaced.
pub fn imputer(call: &Call) -> Result<Computed, Refusal> {
    match call.floats("imputed_value_floats") {
        Some(_) if call.float("replaced_value_float", f32::NAN).is_nan() => call.computed(0),
        _ => Err(Refusal::new("replaces a number by another, which jumps")),
    }
}

/// FeatureVectorizer: the inputs of each row one after the other.
pub fn vectorizer(l: &mut Lowering, call: &Call) -> Result<Computed, Refusal> {
    let parts: Vec<Computed> = (0..call.inputs.len()).map(|k| call.computed(k)).collect::<Result<_, _>>()?;
    let width = |p: &Computed| if p.shape.len() > 1 { p.shape[1..].iter().product() } else { p.len() };
    let widths: Vec<usize> = parts.iter().map(width).collect();
    let batch = parts.first().map_or(0, |p| p.len()) / widths.first().map_or(1, |&w| w.max(1));
    let total: usize = widths.iter().sum();
    if parts.iter().zip(&widths).any(|(p, &w)| p.len() != w * batch) {
        return Err(Refusal::new("its inputs have different numbers of rows"));
    }
    let (mut sources, mut first) = (vec![], 0);
    for (part, width) in parts.iter().zip(widths) {
        let inside = |at: usize| (at % total).checked_sub(first).filter(|&c| c < width);
        let index: Vec<u32> = (0..batch * total)
            .map(|at| inside(at).map_or(ZERO, |column| (at / total * width + column) as u32))
            .collect();
        sources.push(l.emit(call, vec![batch, total], affine(part.node, Linear::Index(index.into()))).node);
        first += width;
    }
    Ok(match sources[..] {
        [only] => Computed { node: only, shape: vec![batch, total] },
        _ => l.emit(call, vec![batch, total], Op::Sum(sources)),
    })
}

/// ArrayFeatureExtractor: constant columns of computed rows; or, by a computed index, a decision that ends the network.
pub fn features<'a>(l: &mut Lowering<'a>, call: &Call<'a>) -> Result<Vec<Value>, Refusal> {
    let (Some(Value::Computed(x)), Some(Value::Constant(columns))) = (call.input(0), call.input(1)) else {
        let audited = l.read_by(call);
        let cut = l.cut(call, audited, "a decision on the scores; the regions of the scores are audited");
        return Ok(vec![Value::Cut(cut)]);
    };
    let width = x.shape.last().copied().unwrap_or(1);
    let columns = integers(columns)?;
    if columns.is_empty() || columns.iter().any(|&c| c < 0 || c >= width as i64) {
        return Err(Refusal::new(format!("columns {columns:?} do not fit an input of shape {:?}", x.shape)));
    }
    let rows = x.len() / width;
    let mut shape = if x.shape.len() > 1 { x.shape[..x.shape.len() - 1].to_vec() } else { vec![1] };
    shape.push(columns.len());
    let index: Vec<u32> = (0..rows).flat_map(|r| columns.iter().map(move |&c| (r * width) as u32 + c as u32)).collect();
    Ok(vec![Value::Computed(l.emit(call, shape, affine(x.node, Linear::Index(index.into()))))])
}
