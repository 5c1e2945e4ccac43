//! Phase 1: the file, its identity card and its proto.
//!
//! Refuses: files that cannot be read, that are no ONNX proto, or that hold no graph. A panic inside the decoder is such
//! a refusal.

use super::{Card, ImportError};
use crate::hash::hex;
use sha2::{Digest, Sha256};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use tract_core::framework::Framework;
use tract_onnx::pb::{GraphProto, ModelProto, TypeProto, ValueInfoProto, tensor_shape_proto, type_proto};

/// A decoded file.
pub struct Source {
    pub card: Card,
    pub proto: ModelProto,
    pub graph: GraphProto,
    pub folder: PathBuf,
    pub opset: i64,
}

/// Reads and decodes a file.
pub fn read(path: &Path) -> Result<Source, ImportError> {
    let file = path.file_name().map_or_else(|| path.display().to_string(), |f| f.to_string_lossy().into_owned());
    let unreadable = |reason: String| ImportError::NotAModel { file: file.clone(), reason };
    let bytes = std::fs::read(path).map_err(|source| ImportError::Io { file: file.clone(), source })?;
    if bytes.is_empty() {
        return Err(unreadable("is empty, not an ONNX model".into()));
    }
    let decoded = guarded(|| tract_onnx::onnx().proto_model_for_read(&mut &bytes[..]));
    let mut proto = decoded.map_err(|e| unreadable(format!("is not an ONNX model (or is truncated): {e}")))?;
    let mut graph = proto.graph.take().ok_or_else(|| unreadable("holds no graph: it is not an ONNX model".into()))?;
    if graph.node.is_empty() && graph.output.is_empty() {
        return Err(unreadable("holds an empty graph: it is not an ONNX model, or it is truncated".into()));
    }
    let default_domain = |d: &str| d.is_empty() || d == "ai.onnx";
    let opset = proto.opset_import.iter().find(|o| default_domain(&o.domain)).map_or(0, |o| o.version);
    let initialized: std::collections::HashSet<&str> = graph.initializer.iter().map(|t| t.name.as_str()).collect();
    let inputs = graph.input.iter().filter(|i| !initialized.contains(i.name.as_str()));
    let producer = [proto.producer_name.as_str(), proto.producer_version.as_str()];
    let card = Card {
        file: file.clone(),
        sha256: hex(Sha256::digest(&bytes)),
        bytes: bytes.len() as u64,
        ir_version: proto.ir_version,
        opset,
        producer: producer.into_iter().filter(|s| !s.is_empty()).collect::<Vec<_>>().join(" "),
        inputs: inputs.map(describe).collect(),
        outputs: graph.output.iter().map(describe).collect(),
    };
    let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
    if !proto.functions.is_empty() {
        super::inline::inline(&proto, &mut graph, opset).map_err(|offender| ImportError::Refused {
            card: Box::new(card.clone()),
            offenders: vec![offender],
            partial: None,
        })?;
        proto.functions.clear();
    }
    Ok(Source { card, proto, graph, folder, opset })
}

/// `name: type[shape]`, with symbolic dimensions by name.
fn describe(info: &ValueInfoProto) -> String {
    let Some(TypeProto { value: Some(type_proto::Value::TensorType(t)), .. }) = &info.r#type else {
        return format!("{}: ?", info.name);
    };
    let dims = t.shape.iter().flat_map(|s| &s.dim).map(|d| match &d.value {
        Some(tensor_shape_proto::dimension::Value::DimValue(v)) => v.to_string(),
        Some(tensor_shape_proto::dimension::Value::DimParam(p)) if !p.is_empty() => p.clone(),
        _ => "?".into(),
    });
    format!("{}: {}[{}]", info.name, element_name(t.elem_type), dims.collect::<Vec<_>>().join(","))
}

/// ONNX element type by number (`onnx.proto`, `TensorProto.DataType`).
pub fn element_name(code: i32) -> &'static str {
    const NAMES: [&str; 24] = [
        "undefined",
        "float32",
        "uint8",
        "int8",
        "uint16",
        "int16",
        "int32",
        "int64",
        "string",
        "bool",
        "float16",
        "float64",
        "uint32",
        "uint64",
        "complex64",
        "complex128",
        "bfloat16",
        "float8e4m3fn",
        "float8e4m3fnuz",
        "float8e5m2",
        "float8e5m2fnuz",
        "uint4",
        "int4",
        "float4e2m1",
    ];
    NAMES.get(code as usize).copied().unwrap_or("unknown")
}

/// Runs `f`, turning an error or a panic into a message. The panic hook stays silent for this thread meanwhile.
pub fn guarded<T, E: std::fmt::Display>(f: impl FnOnce() -> Result<T, E>) -> Result<T, String> {
    silence();
    QUIET.with(|q| q.set(q.get() + 1));
    let outcome = catch_unwind(AssertUnwindSafe(f));
    QUIET.with(|q| q.set(q.get() - 1));
    match outcome {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(e)) => Err(format!("{e:#}")),
        Err(_) => Err("the reader failed on malformed content".into()),
    }
}

thread_local! {
    static QUIET: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
}

/// Installs, once, a panic hook that passes on what other code panics with.
fn silence() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let previous = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if QUIET.with(|q| q.get()) == 0 {
                previous(info);
            }
        }));
    });
}
