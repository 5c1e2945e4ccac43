//! The operators, by family. [`TABLE`] says what becomes of each; `docs/operators.md` mirrors it.
//!
//! An operator whose function is piecewise linear is lowered; one that only ends a network is cut; all others are
//! refused with the reason.

mod activation;
mod arithmetic;
mod classic;
pub mod constant;
mod contract;
mod conv;
mod fold;
mod interpolation;
mod layout;
mod movement;
mod norm;
mod pool;
mod rearrange;
mod recurrent;
mod reduce;
mod resize;
pub mod selection;
mod sequence;
pub mod step;
mod table;

use super::call::Call;
use super::lower::Lowering;
use super::value::{Refusal, Value};
pub use table::TABLE;

/// What becomes of an operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Status {
    /// An affine map.
    Affine,
    /// Moves numbers about; lowered to an index map through tract.
    Movement,
    /// An element-wise activation with finitely many breakpoints.
    Activation,
    /// A maximum or minimum over groups.
    Group,
    /// Evaluated on constants only.
    Constant,
    /// Ends a network without changing its regions: cut, with a finding.
    Tail,
    /// Not piecewise linear, or not supported.
    Refused,
}

/// One row of the table.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Operator domain; empty for the default one.
    pub domain: &'static str,
    /// Operator.
    pub op: &'static str,
    /// What becomes of it.
    pub status: Status,
    /// Which forms are meant, or why it is refused.
    pub note: &'static str,
}

/// The row of an operator.
pub fn find(domain: &str, op: &str) -> Option<&'static Entry> {
    let domain = if domain == "ai.onnx" { "" } else { domain };
    TABLE.iter().find(|e| e.domain == domain && e.op == op)
}

/// What is never evaluated by tract, not even on constants: random numbers, nodes with graphs of their own, sequences,
/// and operators that tract evaluates differently from their definition in some form.
const NEVER_FOLDED: [&str; 22] = [
    "RandomNormal",
    "RandomNormalLike",
    "RandomUniform",
    "RandomUniformLike",
    "Multinomial",
    "Bernoulli",
    "Loop",
    "Scan",
    "If",
    "LSTM",
    "GRU",
    "RNN",
    "Celu",
    "SpaceToDepth",
    "SequenceEmpty",
    "SequenceConstruct",
    "SplitToSequence",
    "SequenceAt",
    "SequenceInsert",
    "SequenceErase",
    "SequenceLength",
    "ConcatFromSequence",
];

impl Entry {
    /// Whether a node of this operator stays as it is even where all its inputs are constant.
    pub fn never_folded(&self) -> bool {
        NEVER_FOLDED.contains(&self.op)
    }
}

/// Lowers a node with at least one computed input.
pub fn lower<'a>(l: &mut Lowering<'a>, call: &Call<'a>, entry: &Entry) -> Result<Vec<Value>, Refusal> {
    if entry.status == Status::Refused {
        return Err(Refusal::new(entry.note));
    }
    if entry.status == Status::Tail {
        if matches!(entry.op, "Elu" | "Selu" | "Celu") && call.float("alpha", 1.0).min(call.float("gamma", 1.0)) <= 0.0
        {
            return Err(Refusal::new("is not strictly monotone with these parameters"));
        }
        let audited = l.read_by(call);
        if audited.is_empty() {
            return Err(Refusal::new("is not evaluated on constants"));
        }
        let cut = l.cut(call, audited, entry.note);
        return Ok(call.node.output.iter().map(|_| Value::Cut(cut.clone())).collect());
    }
    if call.inputs.iter().flatten().any(|v| matches!(v, Value::Step(_))) {
        return step::lower(l, call);
    }
    let value = match call.node.op_type.as_str() {
        "Sign" => return step::sign(l, call),
        "Add" | "Sub" | "Mul" | "Div" | "Neg" | "Sum" | "Mean" | "Pow" => arithmetic::lower(l, call)?,
        "Cast" | "CastLike" => return arithmetic::cast(l, call),
        "Identity" => return Ok(vec![call.input(0).cloned().ok_or_else(|| Refusal::new("no input"))?]),
        "Dropout" => return constant::dropout(call),
        "Shape" | "Size" => return constant::shape(call),
        "Not" => match call.input(0) {
            Some(Value::Comparison(comparison)) => return Ok(vec![selection::negation(comparison)]),
            _ => return Err(Refusal::new("negates a computed tensor, which jumps")),
        },
        "Gemm" | "MatMul" | "Einsum" => contract::lower(l, call)?,
        "LinearRegressor" | "LinearClassifier" => return classic::linear(l, call),
        "Imputer" => classic::imputer(call)?,
        "FeatureVectorizer" => classic::vectorizer(l, call)?,
        "ArrayFeatureExtractor" => return classic::features(l, call),
        "Conv" | "ConvTranspose" => conv::lower(l, call)?,
        "BatchNormalization" => norm::lower(l, call)?,
        "Scaler" => classic::scaler(l, call)?,
        "MaxPool" | "AveragePool" => pool::lower(l, call)?,
        "GlobalAveragePool" | "GlobalMaxPool" | "ReduceMean" | "ReduceSum" | "ReduceMax" | "ReduceMin" | "ReduceL1" => {
            reduce::lower(l, call)?
        }
        "CumSum" => reduce::cumulative(l, call)?,
        "Resize" | "Upsample" => resize::lower(l, call)?,
        "Concat" => layout::concat(l, call)?,
        "Reshape" => layout::reshape(call)?,
        "RNN" => return recurrent::lower(l, call),
        "SequenceEmpty" | "SequenceConstruct" | "SplitToSequence" | "SequenceAt" | "SequenceInsert"
        | "SequenceErase" | "SequenceLength" | "ConcatFromSequence" => return sequence::lower(l, call),
        "Pad" => rearrange::pad(l, call)?,
        "Compress" => rearrange::compress(l, call)?,
        "ReverseSequence" => rearrange::reverse(l, call)?,
        "Col2Im" => fold::lower(l, call)?,
        "Trilu" => rearrange::triangle(l, call)?,
        "SpaceToDepth" => rearrange::space_to_depth(l, call)?,
        "Relu" | "LeakyRelu" | "PRelu" | "Clip" | "HardSigmoid" | "Abs" | "ThresholdedRelu" | "Shrink" => {
            activation::lower(l, call)?
        }
        "Max" | "Min" => selection::extremum(l, call)?,
        "Greater" | "GreaterOrEqual" | "Less" | "LessOrEqual" => return selection::compare(l, call),
        "Where" if !matches!(call.input(0), Some(Value::Constant(_))) => match selection::choose(l, call) {
            Ok(chosen) => chosen,
            Err(refusal) => return step::choose(l, call).unwrap_or(Err(refusal)),
        },
        _ if entry.status == Status::Constant => {
            return Err(Refusal::new("is supported on constants only: on a computed tensor it jumps or is curved"));
        }
        _ => return movement::lower(l, call),
    };
    Ok(vec![Value::Computed(value)])
}
