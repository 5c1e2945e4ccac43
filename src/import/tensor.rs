//! Constant tensors: decoding, reading as float64 or integers, and tract as the evaluator of single nodes.
//!
//! Refuses: element types that hold no real numbers, data that does not fill the shape, sizes beyond all reason.

use super::narrow::Narrow;
use super::read::{Source, element_name, guarded};
use std::sync::Arc;
use tract_core::internal::{DatumType, InletId, IntoArcTensor, IntoRunnable, OutletId, SpecialOps, Tensor, tvec};
use tract_onnx::model::ParsingContext;
use tract_onnx::pb::{NodeProto, TensorProto, tensor_proto};
use tract_onnx::tract_hir::internal::{InferenceFact, InferenceModel, InferenceModelExt};

/// Most elements of an initializer.
const MOST_STORED: usize = 1 << 31;
/// Most elements of a computed tensor: an evaluation holds eight bytes for each.
pub const MOST_ELEMENTS: usize = 1 << 26;

/// Product of dimensions, if it is a sensible number of elements.
pub fn elements(shape: &[usize]) -> Result<usize, String> {
    count(shape, MOST_ELEMENTS).ok_or_else(|| {
        format!("a tensor of shape {shape:?} has more than {MOST_ELEMENTS} elements, which is not supported")
    })
}

fn count(shape: &[usize], most: usize) -> Option<usize> {
    shape.iter().try_fold(1usize, |n, &d| n.checked_mul(d)).filter(|&n| n <= most)
}

/// Why a tensor cannot be decoded.
pub enum Undecoded {
    /// Its data is not what the format asks for.
    Malformed(String),
    /// Its element type is not supported.
    Unsupported(String),
}

impl Undecoded {
    /// The reason, whichever it is.
    pub fn reason(self) -> String {
        match self {
            Undecoded::Malformed(reason) | Undecoded::Unsupported(reason) => reason,
        }
    }
}

/// Decodes an initializer or an attribute's tensor.
pub fn decode(source: &Source, proto: &TensorProto) -> Result<Tensor, Undecoded> {
    let at = |reason: String| Undecoded::Malformed(format!("initializer {:?}: {reason}", proto.name));
    let kind = tensor_proto::DataType::try_from(proto.data_type)
        .map_err(|_| at(format!("unknown element type {}", proto.data_type)))?;
    if let Some(narrow) = Narrow::new(proto) {
        let shape: Vec<usize> = proto.dims.iter().map(|&d| d.max(0) as usize).collect();
        return decode(source, &narrow.carrier).and_then(|t| narrow.widen(&t, &shape).map_err(|e| at(e.to_string())));
    }
    use tensor_proto::DataType as D;
    let width = match kind {
        D::Bool | D::Uint8 | D::Int8 => 1,
        D::Float16 | D::Int16 | D::Uint16 => 2,
        D::Float | D::Int32 | D::Uint32 => 4,
        D::Double | D::Int64 | D::Uint64 => 8,
        D::String => 0,
        _ => {
            let name = element_name(proto.data_type);
            let reason =
                format!("initializer {:?} holds {name}, which is not supported: store it as float32", proto.name);
            return Err(Undecoded::Unsupported(reason));
        }
    };
    if proto.dims.iter().any(|&d| d < 0) {
        return Err(at(format!("negative dimension in {:?}", proto.dims)));
    }
    let shape: Vec<usize> = proto.dims.iter().map(|&d| d as usize).collect();
    let count = count(&shape, MOST_STORED).ok_or_else(|| at(format!("shape {shape:?} has more than 2^31 elements")))?;
    let external = proto.data_location == Some(tensor_proto::DataLocation::External as i32);
    if !external && width > 0 {
        let listed = proto.float_data.len() + proto.int32_data.len() + proto.int64_data.len();
        let listed = listed + proto.double_data.len() + proto.uint64_data.len();
        let have = if proto.raw_data.is_empty() { listed } else { proto.raw_data.len() / width };
        if have != count || !proto.raw_data.len().is_multiple_of(width) {
            return Err(at(format!("shape {shape:?} needs {count} elements, the file holds {have}")));
        }
    }
    if external {
        let location = proto.external_data.iter().find(|e| e.key == "location").map_or("", |e| e.value.as_str());
        if !source.folder.join(location).is_file() {
            return Err(at(format!("its external data file {location:?} is not beside the model")));
        }
    }
    let folder = if source.folder.as_os_str().is_empty() { "." } else { source.folder.to_str().unwrap_or(".") };
    let resolver = tract_onnx::data_resolver::FopenDataResolver;
    let tensor = guarded(|| tract_onnx::tensor::load_tensor(&resolver, proto, Some(folder))).map_err(at)?;
    if tensor.shape().iter().product::<usize>() != count {
        return Err(at("its data does not fill its shape".into()));
    }
    Ok(tensor)
}

/// Element-wise float64 copy; exact for float16, float32, float64 and integers below 2^53.
pub fn floats(tensor: &Tensor) -> Result<Vec<f64>, String> {
    let cast = tensor.cast_to::<f64>().map_err(|e| format!("not a tensor of real numbers: {e}"))?;
    let view = cast.try_as_plain_ram().map_err(|e| e.to_string())?;
    Ok(view.as_slice::<f64>().map_err(|e| e.to_string())?.to_vec())
}

/// As [`floats`], refusing NaN and infinities.
pub fn finite(tensor: &Tensor, what: &str) -> Result<Vec<f64>, String> {
    let values = floats(tensor)?;
    match values.iter().find(|v| !v.is_finite()) {
        Some(v) => Err(format!("{what} holds {v}, which no piecewise-linear network can")),
        None => Ok(values),
    }
}

/// Element-wise integer copy of an integer or bool tensor.
pub fn integers(tensor: &Tensor) -> Result<Vec<i64>, String> {
    let cast = tensor.cast_to::<i64>().map_err(|e| format!("not a tensor of integers: {e}"))?;
    let view = cast.try_as_plain_ram().map_err(|e| e.to_string())?;
    Ok(view.as_slice::<i64>().map_err(|e| e.to_string())?.to_vec())
}

/// Whether elements are floating-point numbers.
pub fn is_float(kind: DatumType) -> bool {
    matches!(kind, DatumType::F16 | DatumType::F32 | DatumType::F64)
}

/// A constant in place of an input: one value everywhere, or one per element.
pub fn filled(shape: &[usize], element: &str, values: &[f64]) -> Result<Tensor, String> {
    let count = elements(shape)?;
    let all: Vec<f64> = match values {
        [one] => vec![*one; count],
        each if each.len() == count => each.to_vec(),
        each => return Err(format!("{} values for an input of {count} elements", each.len())),
    };
    let kind = match element {
        "float64" | "float32" | "float16" | "bfloat16" => DatumType::F64,
        "bool" => DatumType::Bool,
        "int8" | "int16" | "int32" | "int64" | "uint8" | "uint16" | "uint32" | "uint64" => DatumType::I64,
        other => return Err(format!("an input of {other} cannot be held constant")),
    };
    let tensor = match (kind, element) {
        (DatumType::Bool, _) => Tensor::from_shape(shape, &all.iter().map(|&v| v != 0.0).collect::<Vec<_>>()),
        (DatumType::I64, _) => Tensor::from_shape(shape, &all.iter().map(|&v| v as i64).collect::<Vec<_>>()),
        (_, "float64") => Tensor::from_shape(shape, &all),
        _ => Tensor::from_shape(shape, &all.iter().map(|&v| v as f32).collect::<Vec<_>>()),
    };
    let tensor = tensor.map_err(|e| e.to_string())?;
    let wanted = match element {
        "int8" => DatumType::I8,
        "int16" => DatumType::I16,
        "int32" => DatumType::I32,
        "uint8" => DatumType::U8,
        "uint16" => DatumType::U16,
        "uint32" => DatumType::U32,
        "uint64" => DatumType::U64,
        _ => return Ok(tensor),
    };
    tensor.cast_to_dt(wanted).map(|t| t.into_owned()).map_err(|e| e.to_string())
}

/// A tensor of the given shape that holds `first, first + 1, …`.
pub fn positions(shape: &[usize], first: i64) -> Result<Tensor, String> {
    let count = elements(shape)? as i64;
    let numbers: Vec<i64> = (first..first + count).collect();
    Tensor::from_shape(shape, &numbers).map_err(|e| e.to_string())
}

/// Evaluates one node on constant inputs (`None`: absent optional input) with tract.
pub fn evaluate(source: &Source, node: &NodeProto, inputs: &[Option<Arc<Tensor>>]) -> Result<Vec<Arc<Tensor>>, String> {
    let onnx = tract_onnx::onnx();
    let outcome = guarded(|| {
        let context = ParsingContext {
            onnx_operator_set_version: source.opset,
            framework: &onnx,
            model: &source.proto,
            parent_graphs: vec![],
            model_dir: None,
            template: InferenceModel::default(),
        };
        let builder = (onnx.op_register.0.get(&node.op_type))
            .ok_or_else(|| tract_core::internal::anyhow!("operator {} is not known", node.op_type))?;
        let (op, _) = builder(&context, node)?;
        let mut model = InferenceModel::default();
        let mut sources = vec![];
        for (k, input) in inputs.iter().enumerate() {
            if let Some(tensor) = input {
                sources.push(model.add_const(format!("input.{k}"), tensor.clone())?);
            }
        }
        let outputs: Vec<_> = node.output.iter().filter(|o| !o.is_empty()).collect();
        let facts = outputs.iter().map(|_| InferenceFact::default()).collect();
        let id = model.add_node("node", op, facts)?;
        for (k, outlet) in sources.into_iter().enumerate() {
            model.add_edge(outlet, InletId::new(id, k))?;
        }
        let outlets: Vec<OutletId> = (0..outputs.len()).map(|k| OutletId::new(id, k)).collect();
        model.select_output_outlets(&outlets)?;
        let values = model.into_typed()?.into_runnable()?.run(tvec![])?;
        tract_core::internal::TractResult::Ok(values.into_iter().map(IntoArcTensor::into_arc_tensor).collect())
    });
    outcome.map_err(|e| {
        let shapes: Vec<&[usize]> = inputs.iter().flatten().map(|t| t.shape()).collect();
        let last = e.lines().last().and_then(|l| l.rsplit(": ").next()).unwrap_or_default();
        format!("its attributes do not fit inputs of shapes {shapes:?} ({last})")
    })
}
