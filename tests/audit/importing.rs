//! Real models that nobody here wrote.
//! Source of truth: onnxruntime's outputs and unit counts in the shared material.

use crate::support::shared;
use polyaudit::import;
use serde_json::Value;

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().expect("a list").iter().map(|v| v.as_f64().expect("a number")).collect()
}

#[test]
fn every_shared_model_is_the_same_function() {
    let Some(folder) = shared("models/io") else { return };
    let (mut failures, mut models) = (vec![], 0);
    for entry in std::fs::read_dir(&folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let text = std::fs::read_to_string(&path).expect("readable");
        models += 1;
        let io: Value = serde_json::from_str(&text).expect("json");
        let name = io["model"].as_str().expect("a name");
        let model = match import::load(&folder.with_file_name(format!("{name}.onnx")), &import::Options::default()) {
            Ok(model) => model,
            Err(e) => {
                failures.push(format!("{name}: {e:?}"));
                continue;
            }
        };
        let allowed = 4e-6 * io["largest"].as_f64().expect("largest") + 4.0 * io["spread"].as_f64().expect("spread");
        for sample in io["samples"].as_array().expect("samples") {
            let x: Vec<f64> = model.network.inputs.iter().flat_map(|p| numbers(&sample["inputs"][&p.name])).collect();
            let values = model.network.evaluate(&x);
            for output in &model.network.outputs {
                let expected = numbers(&sample["outputs"][&output.name]["data"]);
                let got = &values.nodes[output.node];
                let worst = got.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                if got.len() != expected.len() || worst > allowed {
                    failures.push(format!("{name}: {} differs by {worst:e}, allowed {allowed:e}", output.name));
                }
            }
            let (active, near) = values.activity(&model.network);
            let (units, total) =
                (model.network.single_breakpoint_units() as i64, io["relu_total"].as_i64().expect("total"));
            let off = (active as i64 - sample["relu_active"].as_i64().expect("active")).unsigned_abs() as usize;
            if units != total || off > near {
                failures.push(format!("{name}: {units} units for {total}, {off} active ones off, {near} near zero"));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert_eq!(models, 19, "models with outputs to compare");
}
