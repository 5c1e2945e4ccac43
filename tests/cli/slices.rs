//! Slices on the command line and in the report.
//! Source of truth: the schema; the same slice stated in two ways.

use crate::{json, npy, run};
use serde_json::Value;
use tempfile::tempdir;

const MODEL: &str = "fixtures/iris-mlp.onnx";

#[test]
fn a_slice_is_stated_and_counted_in_its_own_dimension() {
    let folder = tempdir().expect("a folder");
    let file = |name: &str, numbers: [f64; 4]| {
        let path = folder.path().join(name);
        npy(&path, &[4], &numbers);
        path.to_str().expect("utf-8").to_string()
    };
    let points = [file("a.npy", [0.1; 4]), file("b.npy", [0.9, 0.1, 0.3, 0.0]), file("c.npy", [0.0, 0.5, 0.25, 1.0])];
    let through = json(&[MODEL, "--domain", "-1,1", "--slice-points", &points.join(",")]);
    assert_eq!(through["settings"]["slice"]["kind"], "points");
    assert_eq!(through["settings"]["slice"]["files"], serde_json::json!(["a.npy", "b.npy", "c.npy"]));
    assert_eq!((&through["summary"]["inputs"], &through["status"]["state"]), (&2.into(), &"complete".into()));
    let difference = |p: [f64; 4]| [p[0] - 0.1, p[1] - 0.1, p[2] - 0.1, p[3] - 0.1];
    let along = [
        points[0].clone(),
        file("u.npy", difference([0.9, 0.1, 0.3, 0.0])),
        file("v.npy", difference([0.0, 0.5, 0.25, 1.0])),
    ];
    let spanned = json(&[MODEL, "--domain", "-1,1", "--slice", &along.join(",")]);
    assert_eq!(spanned["summary"], through["summary"]);
    assert_eq!(spanned["settings"]["slice"]["sha256"], through["settings"]["slice"]["sha256"]);
    let (code, _, stderr) = run(&[MODEL, "--domain", "0,0.2", "--slice-points", &points.join(",")]);
    assert!(code == 2 && stderr.contains("b.npy lies outside of the domain: input 0 is 0.9"), "{stderr}");
    let random = json(&[MODEL, "--domain", "-1,1", "--slice", "random:2", "--seed", "3"]);
    assert_eq!(random["settings"]["slice"]["dimensions"], 2);
    assert_ne!(
        random["settings"]["slice"]["sha256"],
        json(&[MODEL, "--domain", "-1,1", "--slice", "random:2"])["settings"]["slice"]["sha256"],
    );
    let schema: Value = serde_json::from_str(&run(&["schema"]).1).expect("json");
    let schema = jsonschema::validator_for(&schema).expect("a schema");
    for report in [through, spanned, random] {
        let errors: Vec<String> = schema.iter_errors(&report).map(|e| format!("{e}")).collect();
        assert!(errors.is_empty(), "{errors:?}");
    }
}
