//! The operators, by family. [`TABLE`] says what becomes of each; `docs/operators.md` mirrors it.
//!
//! An operator whose function is piecewise linear is lowered; one that only ends a network is cut; all others are
//! refused with the reason.

mod activation;
mod arithmetic;
pub mod constant;
mod contract;
mod conv;
mod movement;
mod norm;
mod pool;
mod reduce;
mod resize;
mod selection;
mod table;

use super::lower::{Call, Lowering};
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

/// Lowers a node with at least one computed input.
pub fn lower(l: &mut Lowering, call: &Call, entry: &Entry) -> Result<Vec<Value>, Refusal> {
    if entry.status == Status::Refused {
        return Err(Refusal::new(entry.note));
    }
    if entry.status == Status::Tail {
        l.cut(call, entry.note);
        return Ok(call.node.output.iter().map(|_| Value::Cut(call.place)).collect());
    }
    let value = match call.node.op_type.as_str() {
        "Add" | "Sub" | "Mul" | "Div" | "Neg" | "Sum" | "Mean" | "Pow" => arithmetic::lower(l, call)?,
        "Cast" | "CastLike" => return arithmetic::cast(l, call),
        "Identity" | "Dropout" => return Ok(vec![call.input(0).cloned().ok_or_else(|| Refusal::new("no input"))?]),
        "Shape" | "Size" => return constant::shape(call),
        "Gemm" | "MatMul" | "Einsum" => contract::lower(l, call)?,
        "Conv" | "ConvTranspose" => conv::lower(l, call)?,
        "BatchNormalization" | "Scaler" => norm::lower(l, call)?,
        "MaxPool" | "AveragePool" => pool::lower(l, call)?,
        "GlobalAveragePool" | "GlobalMaxPool" | "ReduceMean" | "ReduceSum" | "ReduceMax" | "ReduceMin" => {
            reduce::lower(l, call)?
        }
        "Resize" | "Upsample" => resize::lower(l, call)?,
        "Pad" => movement::pad(l, call)?,
        "Relu" | "LeakyRelu" | "PRelu" | "Clip" | "HardSigmoid" | "Abs" | "ThresholdedRelu" | "Shrink" => {
            activation::lower(l, call)?
        }
        "Max" | "Min" => selection::extremum(l, call)?,
        "Greater" | "GreaterOrEqual" | "Less" | "LessOrEqual" => return selection::compare(call),
        "Where" if !matches!(call.input(0), Some(Value::Constant(_))) => selection::choose(l, call)?,
        _ => return movement::lower(l, call),
    };
    Ok(vec![Value::Computed(value)])
}
