//! `polyaudit compare`: numbers, refusals, tests, groups, series, formats.
//! Source of truth: the reports of the models themselves; distances by hand.

use crate::{polyaudit, run};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;
use tempfile::{TempDir, tempdir};

const FIVE: &str = "fixtures/geometry/ngon-5.onnx";
const SEVEN: &str = "fixtures/geometry/ngon-7.onnx";

fn json(arguments: &[&str]) -> Value {
    let (code, stdout, stderr) = run(&[&["compare"], arguments, &["--format", "json", "-q"]].concat());
    assert_eq!(code, 0, "{stderr}");
    let document: Value = serde_json::from_str(&stdout).expect("json");
    let schema: Value = serde_json::from_str(&run(&["schema", "compare"]).1).expect("json");
    let errors: Vec<String> = jsonschema::validator_for(&schema)
        .expect("a schema")
        .iter_errors(&document)
        .map(|e| format!("{e} at {}", e.instance_path()))
        .collect();
    assert!(errors.is_empty(), "{arguments:?}: {errors:?}");
    document
}

fn report(arguments: &[&str]) -> Value {
    let (_, stdout, _) = run(&[arguments, &["--format", "json", "-q"]].concat());
    serde_json::from_str(&stdout).expect("json")
}

fn metric<'a>(document: &'a Value, name: &str) -> &'a Value {
    let rows = document["metrics"].as_array().expect("rows");
    rows.iter().find(|m| m["metric"] == name).unwrap_or_else(|| panic!("{name}"))
}

fn folder_with(files: &[(&str, &str)]) -> (TempDir, Vec<PathBuf>) {
    let folder = tempdir().expect("a folder");
    let copy = |(name, from): &(&str, &str)| {
        let path = folder.path().join(name);
        fs::copy(format!("{}/{from}", env!("CARGO_MANIFEST_DIR")), &path).expect("copied");
        path
    };
    let paths = files.iter().map(copy).collect();
    (folder, paths)
}

#[test]
fn two_enumerated_models() {
    let document = json(&[FIVE, SEVEN, "--domain", "-1,1"]);
    let (five, seven) = (report(&[FIVE, "--domain", "-1,1"]), report(&[SEVEN, "--domain", "-1,1"]));
    let regions = metric(&document, "regions");
    assert_eq!(
        regions["values"],
        serde_json::json!([five["summary"]["regions"].as_f64(), seven["summary"]["regions"].as_f64()])
    );
    assert_eq!((&regions["verdict"][1], &regions["known"][0]), (&"higher".into(), &"exact".into()));
    // Pentagon: a star of 5 lines has 16 cells, 29 with 7.
    assert_eq!(regions["change"], serde_json::json!([null, 13.0]));
    assert_eq!(metric(&document, "inputs")["verdict"][1], "equal");
    let distances = document["distances"].as_array().expect("rows");
    assert_eq!(distances.len(), 2);
    for row in distances {
        assert!(row["p_value"].is_null() && row["test"].as_str().expect("words").contains("populations"));
    }
    // By hand, from the two histograms.
    let shares = |report: &Value, faces: u64| {
        let rows = report["histogram"]["rows"].as_array().expect("rows");
        let count = |r: &Value| r["regions_total"].as_f64().expect("a count");
        let all: f64 = rows.iter().map(count).sum();
        rows.iter().filter(|r| r["face_count"] == faces).map(count).sum::<f64>() / all
    };
    let distance: f64 = (0..40).map(|k| (shares(&five, k) - shares(&seven, k)).abs()).sum::<f64>() / 2.0;
    let got = distances[0]["total_variation"].as_f64().expect("a number");
    assert!((got - distance).abs() < 1e-11, "{got} {distance}");
    let layers = document["layers"].as_array().expect("rows");
    assert!(
        layers.len() == 1 && layers[0]["variants"][0].as_str().is_some_and(|v| v.starts_with("Relu relu 5, weights "))
    );
    let digest =
        |report: &Value| report["layers"][0]["coefficients_sha256"].as_str().expect("a digest")[..8].to_string();
    assert!(layers[0]["variants"][0].as_str().is_some_and(|v| v.ends_with(&digest(&five))));
    assert_ne!(digest(&five), digest(&seven));
    let same = json(&[FIVE, FIVE, "--domain", "-1,1"]);
    assert!(same["distances"].as_array().expect("rows").iter().all(|r| r["total_variation"] == 0.0));
    for row in same["metrics"].as_array().expect("rows") {
        // The null model is simulated, so that equal distances to it are equal within noise.
        let simulated = row["metric"].as_str().is_some_and(|m| m.starts_with("null_model."));
        let verdict = row["verdict"][1].as_str().expect("a word");
        // The steepest of some regions bounds the steepest of all from below only.
        let bound = row["metric"] == "shape.lipschitz_max" && verdict == "unknown";
        assert!(verdict == "equal" || bound || simulated && verdict == "within-noise", "{row}");
        assert_eq!(row["change"][1], 0.0, "{row}");
    }
    assert_eq!(
        (same["layers"].as_array().map(Vec::len), &same["reports"][1]["report"]),
        (Some(0), &"ngon-5.onnx (2)".into())
    );
}

#[test]
fn stored_reports_and_other_settings() {
    let folder = tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_str().expect("utf-8").to_string();
    let (yaml, other) = (at("five.yaml"), at("other.json"));
    assert_eq!(run(&[FIVE, "--domain", "-1,1", "-q", "-o", &yaml]).0, 0);
    assert_eq!(run(&[SEVEN, "--domain", "-2,2", "-q", "-o", &other]).0, 0);
    let stored = json(&[&yaml, SEVEN, "--domain", "-1,1"]);
    assert_eq!(stored["metrics"], json(&[FIVE, SEVEN, "--domain", "-1,1"])["metrics"]);
    let (code, stdout, stderr) = run(&["compare", &yaml, &other]);
    assert_eq!((code, stdout.as_str()), (2, ""));
    assert!(stderr.contains("settings.domain.lo: -1.0 and -2.0") && stderr.contains("--allow-mismatch"), "{stderr}");
    let forced = json(&[&yaml, &other, "--allow-mismatch"]);
    assert!(forced["mismatches"].as_array().is_some_and(|m| m.len() == 2), "{}", forced["mismatches"]);
    let fails = |arguments: &[&str], words: &str| {
        let (code, stdout, stderr) = run(&[&["compare"], arguments].concat());
        assert_eq!((code, stdout.as_str()), (2, ""), "{stderr}");
        assert!(stderr.contains(words), "{words:?} is not in {stderr}");
    };
    fails(&[&yaml], "at least two reports");
    fails(&[&yaml, "absent.yaml"], "absent.yaml: cannot be read");
    fails(&[&yaml, &yaml, "--group", "a=b"], "one of the three");
    fails(&["--group", "a=nothing-*.onnx", "--group", "b=x.onnx"], "no file matches nothing-*.onnx");
    fails(&["--group", "plain"], "expected NAME=FILE");
    fails(&[&yaml, &yaml, "--format", "csv"], "yaml, json or html");
}

#[test]
fn sampled_models_are_tested_at_independent_points() {
    let sampled = ["--domain", "-1,1", "--method", "sample", "--samples", "200"];
    let document = json(&[&[FIVE, "fixtures/geometry/planes-d2-n16.onnx"], &sampled[..]].concat());
    assert_eq!((&document["reports"][0]["audit_seed"], &document["reports"][1]["audit_seed"]), (&0.into(), &1.into()));
    let row = &document["distances"][0];
    assert!(row["p_value"].as_f64().is_some_and(|p| p > 0.0 && p <= 1.0), "{row}");
    assert_eq!(metric(&document, "regions_found")["verdict"][1], "unknown");
    // The same model twice: nothing to find but noise.
    let same = json(&[&[FIVE, FIVE], &sampled[..]].concat());
    assert_eq!(metric(&same, "faces.total.mean")["verdict"][1], "within-noise");
    assert!(same["distances"][0]["p_value"].as_f64().expect("a test") > 0.01, "{}", same["distances"]);
    // Stored reports of one seed share their points.
    let folder = tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_str().expect("utf-8").to_string();
    for (model, name) in [(FIVE, "a.json"), (SEVEN, "b.json")] {
        assert_eq!(run(&[&[model, "-q", "-o", &at(name)], &sampled[..]].concat()).0, 0);
    }
    let shared = json(&[&at("a.json"), &at("b.json")]);
    assert!(shared["distances"][0]["p_value"].is_null());
    assert!(shared["distances"][0]["test"].as_str().expect("words").contains("same points"));
}

#[test]
fn groups_of_models() {
    let (_folder, paths) = folder_with(&[
        ("a-1.onnx", FIVE),
        ("a-2.onnx", "fixtures/geometry/planes-d2-n4.onnx"),
        ("a-3.onnx", FIVE),
        ("b-1.onnx", SEVEN),
        ("b-2.onnx", "fixtures/geometry/planes-d2-n16.onnx"),
        ("b-3.onnx", "fixtures/geometry/ngon-9.onnx"),
    ]);
    let pattern = |k: usize, name: &str| {
        let path = paths[k].to_str().expect("utf-8");
        format!("{name}={}*.onnx", path.strip_suffix("1.onnx").expect("a name"))
    };
    let (a, b) = (pattern(0, "few"), pattern(3, "many"));
    let document = json(&["--group", &a, "--group", &b, "--domain", "-1,1"]);
    assert_eq!((&document["kind"], document["reports"].as_array().map(Vec::len)), (&"groups".into(), Some(6)));
    let test = document["tests"].as_array().expect("rows").iter().find(|t| t["metric"] == "regions").expect("regions");
    // The groups are apart: of the 20 relabellings only this one and its mirror image separate as well.
    assert_eq!((&test["p_value"], &test["relabellings"], &test["exhaustive"]), (&0.1.into(), &20.into(), &true.into()));
    assert!(test["difference"].as_f64().expect("a number") > 0.0);
    assert!(test["p_adjusted"].as_f64() >= test["p_value"].as_f64());
    let rows: Vec<&Value> =
        document["groups"].as_array().expect("rows").iter().filter(|g| g["metric"] == "regions").collect();
    assert_eq!((&rows[0]["group"], &rows[0]["models"], &rows[1]["group"]), (&"few".into(), &3.into(), &"many".into()));
    assert!(document["distances"].as_array().is_some_and(Vec::is_empty));
}

#[test]
fn a_series_of_checkpoints() {
    let (_folder, paths) = folder_with(&[
        ("epoch-10.onnx", "fixtures/geometry/ngon-9.onnx"),
        ("epoch-9.onnx", SEVEN),
        ("epoch-1.onnx", FIVE),
    ]);
    let pattern = paths[0].to_str().expect("utf-8").replace("epoch-10", "epoch-*");
    let document = json(&["--series", &pattern, "--domain", "-1,1"]);
    let names: Vec<&str> =
        document["reports"].as_array().expect("rows").iter().filter_map(|r| r["report"].as_str()).collect();
    assert_eq!(names, ["epoch-1.onnx", "epoch-9.onnx", "epoch-10.onnx"]);
    assert_eq!(metric(&document, "regions")["change"], serde_json::json!([null, 13.0, 17.0]));
}

#[test]
fn every_format_of_a_comparison() {
    let folder = tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_str().expect("utf-8").to_string();
    let arguments = ["compare", FIVE, SEVEN, "--domain", "-1,1"];
    let (code, stdout, table) =
        run(&[&arguments[..], &["-o", &at("c.html"), "-o", &at("c.json"), "-o", &at("c.yaml")]].concat());
    assert_eq!((code, stdout.as_str()), (0, ""), "{table}");
    let text = |name: &str| fs::read_to_string(at(name)).expect("a file");
    let (yaml, json): (Value, Value) =
        (serde_yaml::from_str(&text("c.yaml")).expect("yaml"), serde_json::from_str(&text("c.json")).expect("json"));
    assert_eq!(yaml, json);
    let page = text("c.html");
    assert!(page.contains("Comparison of 2 models") && page.matches("class=\"histogram-figure\"").count() == 2);
    crate::snapshots::snapshot("compare.txt", &table);
    crate::snapshots::snapshot("compare.yaml", &text("c.yaml"));
    // Settings of the working directory count here, too.
    fs::write(folder.path().join("polyaudit.yaml"), "domain: [-1, 1]\n").expect("written");
    let full = |name: &str| format!("{}/{name}", env!("CARGO_MANIFEST_DIR"));
    let output = polyaudit()
        .current_dir(folder.path())
        .args(["compare", &full(FIVE), &full(SEVEN), "-q"])
        .output()
        .expect("the program runs");
    assert_eq!(String::from_utf8_lossy(&output.stdout), text("c.yaml"));
}

#[test]
fn every_key_of_a_comparison_is_documented() {
    let docs = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/compare.md")).expect("docs");
    let schema: Value = serde_json::from_str(&run(&["schema", "compare"]).1).expect("json");
    let mut keys = vec![];
    crate::reports::collect(&schema, &mut keys);
    for key in keys {
        let written = [format!("`{key}`"), format!("`{key}."), format!(".{key}`")];
        assert!(written.iter().any(|w| docs.contains(w)), "{key} is not in docs/compare.md");
    }
}

/// The same random slice of every model, and partial enumerations are no populations.
#[test]
fn slices_and_parts() {
    let model = "fixtures/iris-plain.onnx";
    let sliced = json(&[model, model, "--domain=-1,1", "--slice", "random:2", "--seed", "5"]);
    assert_eq!(sliced["settings"]["slice"]["dimensions"], 2);
    assert!(sliced["distances"].as_array().expect("rows").iter().all(|r| r["total_variation"] == 0.0));
    let part =
        json(&[model, "fixtures/iris-residual.onnx", "--domain=-1,1", "--method=enumerate", "--max-regions=400"]);
    let tests = part["distances"].as_array().expect("rows").iter().map(|r| r["test"].as_str().expect("words"));
    assert!(tests.into_iter().all(|t| t.contains("not all regions were counted")), "{part}");
    let (code, _, stderr) = run(&["compare", "--group=a=fixtures/iris-plain.onnx", "--group=b=fixtures/iris-*.onnx"]);
    assert!(code == 2 && stderr.contains("is in two groups"), "{stderr}");
}
