//! `polyaudit points` and its files.
//! Source of truth: the same points in two formats.

use crate::{npy, run};
use serde_json::Value;
use std::fs;
use tempfile::tempdir;

const MODEL: &str = "fixtures/iris-mlp.onnx";

#[test]
fn points_from_both_kinds_of_file_in_both_formats() {
    let folder = tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_str().expect("utf-8").to_string();
    npy(at("p.npy").as_ref(), &[2, 4], &[0.1, 0.2, 0.3, 0.4, -0.5, 0.5, 0.25, 0.75]);
    fs::write(at("p.csv"), "a,b,c,d\n0.1,0.2,0.3,0.4\n-0.5,0.5,0.25,0.75\n").expect("written");
    let (code, yaml, _) = run(&["points", MODEL, &at("p.npy"), "--domain", "-1,1"]);
    assert_eq!(code, 0);
    let (_, json, _) = run(&["points", MODEL, &at("p.csv"), "--domain", "-1,1", "--format", "json"]);
    let json: Value = serde_json::from_str(&json).expect("json");
    assert_eq!(serde_yaml::from_str::<Value>(&yaml).expect("yaml"), json);
    assert_eq!((&json["schema"], json["points"].as_array().map(Vec::len)), (&"polyaudit/points/1".into(), Some(2)));
    assert!(json["points"][0]["nearest_face"]["distance"].as_f64().expect("a distance") > 0.0);
    let keys = json["points"][0].as_object().expect("a map").keys();
    let docs = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/points.md")).expect("docs");
    keys.for_each(|k| assert!(docs.contains(&format!("`{k}`")), "{k} is not explained"));
    fs::write(at("bad.csv"), "1,2,3,4\n1,2,3\n").expect("written");
    let (code, _, stderr) = run(&["points", MODEL, &at("bad.csv")]);
    assert!(code == 2 && stderr.contains("line 2: 3 numbers"), "{stderr}");
    fs::write(at("short.csv"), "1,2,3\n").expect("written");
    let (code, _, stderr) = run(&["points", MODEL, &at("short.csv")]);
    assert!(code == 2 && stderr.contains("rows of 3 numbers, the model has 4 inputs"), "{stderr}");
}
