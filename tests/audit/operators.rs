//! Operators: the table in `docs/operators.md`, and whole graphs.
//! Sources of truth: the importer's table; tract's evaluation of whole graphs.

use polyaudit::import::{self, Options, Status, TABLE};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
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

/// One small graph for every operator and attribute that matters, at two inputs each: what onnxruntime gave for it, and
/// what tract gives where it reads the file and agrees with onnxruntime on the shape.
#[test]
fn every_operator_and_attribute() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/operators");
    let text = fs::read_to_string(folder.join("expected.json")).expect("readable");
    let expected: serde_json::Map<String, Value> = serde_json::from_str(&text).expect("json");
    let list = |v: &Value| -> Vec<f64> { serde_json::from_value(v.clone()).expect("numbers") };
    let (mut by_tract, mut operators, mut failures) = (0, BTreeSet::new(), vec![]);
    for (name, samples) in &expected {
        let path = folder.join(format!("{name}.onnx"));
        let network = match import::load(&path, &Options::default()) {
            Ok(model) => model.network,
            Err(e) => {
                failures.push(format!("{name}: {e:?}"));
                continue;
            }
        };
        let proto = tract_onnx::onnx().proto_model_for_path(&path).expect("decoded");
        operators.extend(proto.graph.iter().flat_map(|g| &g.node).map(|n| n.op_type.clone()));
        for sample in samples.as_array().expect("samples") {
            let x: Vec<f64> = network.inputs.iter().flat_map(|p| list(&sample["inputs"][&p.name])).collect();
            let got = network.forward(&x);
            let far = |a: &[f64], b: &[f64]| {
                let largest = a.iter().fold(1.0, |m: f64, v| m.max(v.abs()));
                a.len() != b.len() || a.iter().zip(b).any(|(a, b)| (a - b).abs() > 2e-6 * largest)
            };
            for (output, got) in network.outputs.iter().zip(&got) {
                let want = list(&sample["outputs"][&output.name]);
                if far(&want, got) {
                    failures.push(format!("{name}: {got:?} for onnxruntime's {want:?}"));
                }
            }
            let inputs: Vec<_> =
                network.inputs.iter().map(|p| (p.shape.clone(), x[p.offset..p.offset + p.len()].to_vec())).collect();
            let Ok(Ok(other)) = std::panic::catch_unwind(|| tract(&path, &inputs)) else { continue };
            for ((output, got), other) in network.outputs.iter().zip(&got).zip(&other) {
                let want = list(&sample["outputs"][&output.name]);
                // Where tract and onnxruntime differ, onnxruntime is the one whose outputs users compare with.
                if far(&want, other) {
                    continue;
                }
                by_tract += 1;
                if far(other, got) {
                    failures.push(format!("{name}: {got:?} for tract's {other:?}"));
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(by_tract > 400, "{by_tract} outputs compared with tract's");
    // What is lowered is in the suite, operator by operator.
    let lowered = [Status::Affine, Status::Activation, Status::Group, Status::Movement];
    let by_other_means = ["CastLike", "Imputer", "LinearClassifier", "Not", "Scatter"];
    for entry in TABLE.iter().filter(|e| lowered.contains(&e.status)) {
        assert!(operators.contains(entry.op) || by_other_means.contains(&entry.op), "{} is in no graph", entry.op);
    }
}

fn look_alike(name: &str) -> import::Model {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/lookalikes");
    import::load(&folder.join(format!("{name}.onnx")), &Options::default()).expect("a readable model")
}

/// The largest integer as the end of a slice, through a Cast: the first of four inputs is dropped, no other one.
#[test]
fn an_open_end_survives_its_cast() {
    let (plain, open) = (look_alike("plain").network, look_alike("quirk-open-end").network);
    for seed in 0..20u32 {
        let x: Vec<f64> = (0..4).map(|k| f64::from((seed * 29 + k * 11) % 129) / 64.0 - 1.0).collect();
        assert_eq!(open.forward(&x), plain.forward(&x[1..]), "at {x:?}");
    }
}

/// Tails over two heads: both are audited, and both cuts are told.
#[test]
fn every_head_behind_a_tail_is_audited() {
    let model = look_alike("head-concat");
    let names: Vec<&str> = model.network.outputs.iter().map(|o| o.name.as_str()).collect();
    assert_eq!(names, ["p", "q"]);
    assert_eq!(model.findings.iter().filter(|f| f.code == "tail-cut").count(), 2);
    assert_eq!(model.network.units(), look_alike("head-plain").network.units());
}

/// What a model's functions, branches and masks stand for is one function, to the last bit.
#[test]
fn quirks_are_the_plain_function() {
    let plain = look_alike("plain").network;
    for name in ["quirk-classical", "quirk-folded-root", "quirk-functions", "quirk-if-constant", "quirk-masks"] {
        let network = look_alike(name).network;
        for seed in 0..20u32 {
            let x: Vec<f64> = (0..3).map(|k| f64::from((seed * 29 + k * 11) % 129) / 64.0 - 1.0).collect();
            assert_eq!(network.forward(&x), plain.forward(&x), "{name} at {x:?}");
        }
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
                if expected.len() != got.len()
                    || ["tail-", "head-concat"].iter().any(|t| path.to_string_lossy().contains(t))
                {
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
