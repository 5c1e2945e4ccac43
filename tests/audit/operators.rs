//! Operators: the table in `docs/operators.md`, and the ONNX project's own tests of single nodes.
//! Sources of truth: the importer's table; the outputs that come with the tests; tract's evaluation of whole graphs.

use polyaudit::import::{self, ImportError, Options, Status, TABLE};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use tract_onnx::prelude::*;
use tract_onnx::tract_hir::infer::Factoid;

const BEGIN: &str = "<!-- table: written by the tests -->\n";

fn table() -> String {
    let mut out = String::from("| operator | status | what is meant |\n|---|---|---|\n");
    for entry in TABLE {
        let status = match entry.status {
            Status::Affine => "affine",
            Status::Movement => "moves numbers",
            Status::Activation => "activation",
            Status::Group => "choice",
            Status::Constant => "constants only",
            Status::Tail => "cut at the end",
            Status::Refused => "refused",
        };
        let domain = if entry.domain.is_empty() { String::new() } else { format!("{}.", entry.domain) };
        out += &format!("| `{domain}{}` | {status} | {} |\n", entry.op, entry.note);
    }
    out
}

#[test]
fn the_documented_table_is_the_importers() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/operators.md");
    let text = fs::read_to_string(&path).expect("readable");
    let (head, old) = text.split_once(BEGIN).expect("the marker");
    if std::env::var_os("POLYAUDIT_BLESS").is_some() {
        fs::write(&path, format!("{head}{BEGIN}{}", table())).expect("written");
    } else {
        assert_eq!(old, table(), "run the test with POLYAUDIT_BLESS=1");
    }
    let mut seen = BTreeSet::new();
    for entry in TABLE {
        assert!(seen.insert((entry.domain, entry.op)), "{} stands twice in the table", entry.op);
    }
}

/// tract's typed evaluation of a whole model.
fn tract(path: &Path, inputs: &[(Vec<usize>, Vec<f64>)]) -> TractResult<Vec<Vec<f64>>> {
    let mut model = tract_onnx::onnx().with_ignore_value_info(true).model_for_path(path)?;
    for (k, (shape, _)) in inputs.iter().enumerate() {
        let kind = model.input_fact(k)?.datum_type.concretize().unwrap_or(f32::datum_type());
        model.set_input_fact(k, InferenceFact::dt_shape(kind, shape.clone()))?;
    }
    let model = model.into_typed()?.into_runnable()?;
    let tensors = inputs.iter().enumerate().map(|(k, (shape, values))| {
        let kind = model.model().input_fact(k)?.datum_type;
        Ok(Tensor::from_shape(shape, values)?.cast_to_dt(kind)?.into_owned().into_tvalue())
    });
    let outputs = model.run(tensors.collect::<TractResult<_>>()?)?;
    outputs.iter().map(|t| Ok(t.cast_to::<f64>()?.try_as_plain_ram()?.as_slice::<f64>()?.to_vec())).collect()
}

/// Multiplied by powers of two and back, `plain` is the same function to the last bit: no number below the normal range
/// of float32 may be lost. tract is no source of truth here: its matrix kernels for x86 take such numbers for zero.
#[test]
fn numbers_below_the_normal_range_count() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/lookalikes");
    let [plain, tiny] = ["plain.onnx", "denormal-weights.onnx"]
        .map(|f| import::load(&folder.join(f), &Options::default()).expect("a readable model").network);
    for seed in 0..50u32 {
        let x: Vec<f64> = (0..3).map(|k| f64::from((seed * 31 + k * 7) % 129) / 64.0 - 1.0).collect();
        assert_eq!(tiny.forward(&x), plain.forward(&x), "at {x:?}");
    }
}

/// Every look-alike is the same function for tract, evaluated as a whole.
#[test]
fn look_alikes_evaluate_as_tract_does() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/lookalikes");
    let mut compared = 0;
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|e| e != "onnx") || path.ends_with("denormal-weights.onnx") {
            continue;
        }
        let network = import::load(&path, &Options::default()).expect("a readable model").network;
        for seed in 0..4u32 {
            let x: Vec<f64> = (0..network.input_len())
                .map(|k| f64::from(((seed * 31 + k as u32 * 7) % 17) as f32 / 8.0 - 1.0))
                .collect();
            let inputs: Vec<_> =
                network.inputs.iter().map(|p| (p.shape.clone(), x[p.offset..p.offset + p.len()].to_vec())).collect();
            // tract does not read every file that is read here; what it reads must agree.
            let Ok(expected) = tract(&path, &inputs) else { continue };
            let got = network.forward(&x);
            for (expected, got) in expected.iter().zip(&got) {
                if expected.len() != got.len() || path.to_string_lossy().contains("tail-") {
                    continue;
                }
                let largest = expected.iter().fold(1.0, |m: f64, v| m.max(v.abs()));
                let worst = expected.iter().zip(got).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                let allowed = if path.ends_with("float16.onnx") { 1e-3 } else { 4e-6 };
                assert!(worst <= allowed * largest, "{}: {worst:e}", path.display());
                compared += 1;
            }
        }
    }
    assert!(compared > 100, "{compared} comparisons");
}

/// The ONNX project's tests of single nodes; `POLYAUDIT_ONNX_NODE_TESTS` names the folder (see `docs/operators.md`).
#[test]
#[ignore = "needs the ONNX project's node tests; see docs/operators.md"]
fn onnx_node_tests() {
    let root = PathBuf::from(std::env::var_os("POLYAUDIT_ONNX_NODE_TESTS").expect("POLYAUDIT_ONNX_NODE_TESTS"));
    let mut tally: BTreeMap<String, [usize; 3]> = BTreeMap::new();
    let mut failures = vec![];
    let mut folders: Vec<PathBuf> =
        fs::read_dir(root).expect("a folder").map(|e| e.expect("an entry").path()).collect();
    folders.sort();
    for folder in folders {
        let Ok(proto) = tract_onnx::onnx().proto_model_for_path(folder.join("model.onnx")) else { continue };
        let Some(graph) = proto.graph else { continue };
        let [node] = &graph.node[..] else { continue };
        let supported =
            TABLE.iter().any(|e| e.domain == node.domain && e.op == node.op_type && e.status != Status::Refused);
        if !supported {
            continue;
        }
        let outcome = node_test(&folder, &graph);
        let column = match &outcome {
            Ok(true) => 0,
            Ok(false) => 1,
            Err(why) => {
                failures.push(format!("{}: {why}", folder.display()));
                2
            }
        };
        tally.entry(node.op_type.clone()).or_default()[column] += 1;
    }
    println!("| operator | passed | refused | failed |\n|---|---|---|---|");
    for (op, [passed, refused, failed]) in &tally {
        println!("| {op} | {passed} | {refused} | {failed} |");
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(tally.values().map(|t| t[0]).sum::<usize>() > 50);
}

/// `Ok(true)`: agrees; `Ok(false)`: refused as a whole.
fn node_test(folder: &Path, graph: &tract_onnx::pb::GraphProto) -> Result<bool, String> {
    let read = |name: String| -> Option<(Vec<usize>, Vec<f64>)> {
        let file = fs::File::open(folder.join("test_data_set_0").join(name)).ok()?;
        let proto = tract_onnx::tensor::proto_from_reader(file).ok()?;
        let resolver = tract_onnx::data_resolver::FopenDataResolver;
        let tensor =
            std::panic::catch_unwind(|| tract_onnx::tensor::load_tensor(&resolver, &proto, None)).ok()?.ok()?;
        let values = tensor.cast_to::<f64>().ok()?.try_as_plain_ram().ok()?.as_slice::<f64>().ok()?.to_vec();
        Some((tensor.shape().to_vec(), values))
    };
    let mut options = Options::default();
    let mut free: Option<Vec<f64>> = None;
    for (k, input) in graph.input.iter().enumerate() {
        let Some((_, values)) = read(format!("input_{k}.pb")) else { return Ok(false) };
        let Some(tract_onnx::pb::TypeProto { value: Some(tract_onnx::pb::type_proto::Value::TensorType(t)), .. }) =
            &input.r#type
        else {
            return Ok(false);
        };
        if free.is_none() && [1, 10, 11].contains(&t.elem_type) {
            free = Some(values);
        } else {
            options.fix.push((input.name.clone(), values));
        }
    }
    let Some(x) = free else { return Ok(false) };
    let network = match import::load(&folder.join("model.onnx"), &options) {
        Ok(model) => model.network,
        Err(ImportError::Refused { .. } | ImportError::Unreadable { .. }) => return Ok(false),
    };
    if network.input_len() != x.len() {
        return Err(format!("{} inputs for {}", network.input_len(), x.len()));
    }
    for (output, got) in network.outputs.iter().zip(network.forward(&x)) {
        let Some(k) = graph.output.iter().position(|o| o.name == output.name) else { return Ok(false) };
        let Some((shape, expected)) = read(format!("output_{k}.pb")) else { return Ok(false) };
        if shape != output.shape {
            return Err(format!("shape {:?} for {shape:?}", output.shape));
        }
        let largest = expected.iter().fold(1.0, |m: f64, v| m.max(v.abs()));
        let half = x.iter().chain(&expected).all(|v| f64::from(f16::from_f64(*v).to_f32()) == *v);
        let allowed = if half { 2e-3 } else { 1e-5 };
        let worst = expected.iter().zip(&got).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        if worst > allowed * largest {
            return Err(format!("differs by {worst:e}"));
        }
    }
    Ok(true)
}
