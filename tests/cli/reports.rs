//! Reports: their schema, their bytes, their formats.
//! Source of truth: the committed schema; the document of one thread for any other number; the readers themselves.

use crate::{json, run};
use serde_json::Value;
use std::fs;
use tempfile::tempdir;

const MODEL: &str = "fixtures/iris-mlp.onnx";

fn schema() -> jsonschema::Validator {
    let (code, text, _) = run(&["schema"]);
    assert_eq!(code, 0);
    assert_eq!(
        text,
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/report.schema.json")).expect("a schema")
    );
    jsonschema::validator_for(&serde_json::from_str(&text).expect("json")).expect("a schema")
}

#[test]
fn every_kind_of_report_fits_the_schema() {
    let schema = schema();
    let refused = fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/refused")).expect("a folder");
    let refused: Vec<String> = refused
        .map(|e| e.expect("an entry").path())
        .filter(|p| p.extension().is_some_and(|e| e == "onnx"))
        .map(|p| p.to_str().expect("utf-8").to_string())
        .collect();
    let mut runs: Vec<Vec<&str>> = vec![
        vec![MODEL],
        vec![MODEL, "--domain", "-1,1", "--certify"],
        vec![MODEL, "--domain", "-1,1", "--method", "sample", "--samples", "50"],
        vec![MODEL, "--domain", "-1,1", "--method", "enumerate", "--max-regions", "40"],
        vec!["fixtures/geometry/planes-d2-n8.onnx", "--domain", "unbounded"],
        vec!["fixtures/geometry/planes-d2-n8.onnx", "--domain", "unbounded", "--exact"],
        vec!["fixtures/geometry/dead-layer-d2.onnx", "--domain", "-1,1"],
        vec!["fixtures/lookalikes/tail-both.onnx"],
        vec!["fixtures/lookalikes/two-inputs.onnx", "--domain", "-1,1"],
        vec![MODEL, "--domain", "-1,1", "--slice", "random:2", "--seed", "3"],
        vec![MODEL, "--domain", "data", "--points", "fixtures/iris.csv"],
        vec![MODEL, "--domain", "-0.9,0.9", "--points", "fixtures/iris.csv", "--samples", "40"],
        vec![MODEL, "--domain", "-1,1", "--points", "fixtures/iris.csv", "--weight", "found"],
        vec![MODEL, "--domain", "-1,1", "--weight", "found", "--samples", "60"],
    ];
    runs.extend(refused.iter().map(|p| vec![p.as_str()]));
    for arguments in runs {
        let report = json(&arguments);
        let errors: Vec<String> =
            schema.iter_errors(&report).map(|e| format!("{e} at {}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{arguments:?}: {errors:?}");
    }
}

#[test]
fn yaml_and_json_say_the_same() {
    let (_, yaml, _) = run(&[MODEL, "--domain", "-1,1", "-q"]);
    let from_yaml: Value = serde_yaml::from_str(&yaml).expect("yaml");
    assert_eq!(from_yaml, json(&[MODEL, "--domain", "-1,1"]));
}

#[test]
fn the_bytes_do_not_depend_on_threads() {
    for method in [&["--method", "enumerate"][..], &["--method", "sample", "--samples", "300"]] {
        let with = |threads: &str| run(&[&[MODEL, "--domain", "-1,1", "-q", "--threads", threads], method].concat()).1;
        assert_eq!(with("1"), with("4"));
    }
}

#[test]
fn keys_come_in_the_order_of_the_contract() {
    let (_, yaml, _) = run(&[MODEL, "--domain", "-1,1", "-q"]);
    let keys: Vec<&str> =
        yaml.lines().filter(|l| !l.starts_with([' ', '-'])).filter_map(|l| l.split(':').next()).collect();
    let order =
        ["schema", "tool", "model", "settings", "status", "summary", "histogram", "layers", "findings", "checks"];
    assert_eq!(keys[..order.len()], order);
    assert_eq!(keys[order.len()..], ["null_model", "attribution", "weights", "shape"], "later keys come last");
}

#[test]
fn column_names_of_the_histogram_occur_nowhere_else() {
    let report = json(&[MODEL, "--domain", "-1,1"]);
    let mut copy = report.clone();
    copy["histogram"] = Value::Null;
    let text = copy.to_string();
    for column in report["histogram"]["rows"][0].as_object().expect("a row").keys() {
        assert!(!text.contains(&format!("\"{column}\"")), "{column}");
    }
}

#[test]
fn files_folders_and_several_formats() {
    let folder = tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_str().expect("utf-8").to_string();
    let (code, stdout, _) = run(&[MODEL, "--domain=-1,1", "-q", "-o", &at("a.yaml"), "-o", &at("a.json")]);
    assert_eq!((code, stdout.as_str()), (0, ""));
    let yaml: Value = serde_yaml::from_str(&fs::read_to_string(at("a.yaml")).expect("a file")).expect("yaml");
    let json: Value = serde_json::from_str(&fs::read_to_string(at("a.json")).expect("a file")).expect("json");
    assert_eq!(yaml, json);
    let (code, _, _) = run(&[MODEL, MODEL, "--domain", "-1,1", "-q", "--out-dir", &at("reports")]);
    assert_eq!(code, 0);
    let mut names: Vec<String> = fs::read_dir(at("reports"))
        .expect("a folder")
        .map(|e| e.expect("an entry").file_name().into_string().expect("utf-8"))
        .collect();
    names.sort();
    assert_eq!(names, ["iris-mlp-2.polyaudit.yaml", "iris-mlp.polyaudit.yaml"]);
}

#[test]
fn a_partial_enumeration_says_what_it_covered() {
    let limited = [MODEL, "--domain", "-1,1", "--method", "enumerate", "--max-regions", "100"];
    for engine in ["auto", "lp"] {
        let report = json(&[&limited[..], &["--engine", engine]].concat());
        assert_eq!(report["status"]["state"], "partial");
        assert_eq!(report["summary"]["regions_found"], 100);
        assert!(report["summary"].get("regions").is_none());
        let share = |key: &str| report["summary"][key].as_f64();
        let covered = share("covered").expect("a share");
        assert!(covered > 0.0 && covered < 1.0);
        // The splitter sums volumes; crossing draws points, and says how sure that is.
        match (share("covered_low"), share("covered_high")) {
            (Some(low), Some(high)) => assert!(engine == "lp" && low <= covered && covered <= high && high < 1.0),
            (low, high) => assert!(engine == "auto" && low.is_none() && high.is_none()),
        }
    }
}

#[test]
fn a_time_limit_leaves_a_valid_partial_report() {
    let report =
        json(&["fixtures/digits-mlp.onnx", "--domain", "-1,1", "--method", "enumerate", "--time-limit", "0.2"]);
    assert_eq!(report["status"]["state"], "partial");
    assert_eq!(report["status"]["reason"], "time limit reached");
}

#[test]
fn held_inputs_do_not_count() {
    let report = json(&["fixtures/lookalikes/two-inputs.onnx", "--domain", "-1,1", "--fix", "b=0.25"]);
    assert_eq!(report["summary"]["inputs"], 1);
    let bounds = tempdir().expect("a folder");
    let path = bounds.path().join("box.yaml");
    fs::write(&path, "domain:\n- [-1, 1]\n- [0.5, 0.5]\n- [-1, 1]\n- [0, 0]\n").expect("written");
    let report = json(&["fixtures/iris-mlp.onnx", "--domain", path.to_str().expect("utf-8")]);
    assert_eq!(report["summary"]["inputs"], 2);
    assert_eq!(report["settings"]["domain"]["lo"], serde_json::json!([-1.0, 0.5, -1.0, 0.0]));
}

#[test]
fn every_key_is_documented() {
    let docs = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/report.md")).expect("docs");
    let schema: Value = serde_json::from_str(&run(&["schema"]).1).expect("json");
    let mut keys = vec![];
    collect(&schema, &mut keys);
    for key in keys {
        assert!(
            docs.contains(&format!("{key}`")) || docs.contains(&format!("{key}.")),
            "{key} is not explained in docs/report.md"
        );
    }
}

pub fn collect(value: &Value, keys: &mut Vec<String>) {
    if let Some(properties) = value.get("properties").and_then(Value::as_object) {
        keys.extend(properties.keys().cloned());
    }
    match value {
        Value::Object(map) => map.values().for_each(|v| collect(v, keys)),
        Value::Array(list) => list.iter().for_each(|v| collect(v, keys)),
        _ => {}
    }
}

/// Reads a report with PyYAML (YAML 1.1) and ruamel.yaml (1.2), where Python has them.
#[test]
fn readers_of_both_versions_of_yaml_agree() {
    let folder = tempdir().expect("a folder");
    let path = folder.path().join("report.yaml");
    let (_, yaml, _) = run(&[MODEL, "--domain", "-1,1", "-q"]);
    fs::write(&path, &yaml).expect("written");
    let expected = json(&[MODEL, "--domain", "-1,1"]);
    for reader in [
        "import yaml; v = yaml.safe_load(open(p))",
        "import ruamel.yaml; v = ruamel.yaml.YAML(typ='safe').load(open(p))",
    ] {
        let script = format!("import sys, json; p = sys.argv[1]; {reader}; print(json.dumps(v))");
        let python = std::env::var("POLYAUDIT_PYTHON").unwrap_or_else(|_| "python3".into());
        let output = std::process::Command::new(python).arg("-c").arg(script).arg(&path).output();
        match output {
            Ok(output) if output.status.success() => {
                let got: Value = serde_json::from_slice(&output.stdout).expect("json");
                assert_eq!(got, expected, "{reader}");
            }
            _ => eprintln!("skipped: Python has no {reader}"),
        }
    }
}

/// Exact arithmetic says which it is, and otherwise the same.
#[test]
fn an_exact_run_is_named_and_agrees() {
    for domain in ["-1,1", "unbounded"] {
        let arguments = ["fixtures/geometry/planes-d3-n8.onnx", "--domain", domain];
        let (float, exact) = (json(&arguments), json(&[&arguments[..], &["--exact", "--threads", "1"]].concat()));
        assert_eq!(
            (&exact["settings"]["engine"], &exact["settings"]["method"]),
            (&"exact".into(), &"enumerate".into())
        );
        for key in ["histogram", "layers", "status"] {
            assert_eq!(float[key], exact[key], "{key}");
        }
        assert_eq!(float["summary"]["faces"], exact["summary"]["faces"]);
        let unbounded = exact["summary"]["regions_unbounded"].as_u64();
        // Zaslavsky: C(7, 3) = 35 of the 93 cells are bounded.
        assert_eq!(unbounded, (domain == "unbounded").then_some(93 - 35));
        let again = json(&[&arguments[..], &["--exact", "--threads", "3"]].concat());
        assert_eq!(exact, again);
    }
    let first = json(&["fixtures/geometry/planes-d3-n8.onnx", "--exact", "--domain", "-1,1", "--max-regions", "5"]);
    assert_eq!(first["status"]["reason"], "reached the limit of 5 regions");
    assert_eq!(first["summary"]["regions_found"], 5);
}
