//! Documents other than YAML and JSON, and where they go.
//! Source of truth: the JSON report of the same run.

use crate::{polyaudit, run};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use tempfile::tempdir;

const MODEL: &str = "fixtures/geometry/planes-d2-n8.onnx";

fn report(arguments: &[&str]) -> Value {
    let (_, stdout, _) = run(&[arguments, &["-q", "--format", "json"]].concat());
    serde_json::from_str(&stdout).expect("json")
}

#[test]
fn several_outputs_of_one_run() {
    let folder = tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_str().expect("utf-8").to_string();
    let (code, stdout, _) = run(&[
        MODEL,
        "--domain=-1,1",
        "-q",
        "--format",
        "yaml",
        "-o",
        &at("a.out"),
        "--format",
        "html",
        "-o",
        &at("b.out"),
        "-o",
        &at("c.csv"),
        "-o",
        &at("d.md"),
        "-o",
        &at("e.svg"),
        "-o",
        &at("f.json"),
    ]);
    assert_eq!((code, stdout.as_str()), (0, ""));
    let text = |name: &str| fs::read_to_string(at(name)).expect("a file");
    assert!(text("a.out").starts_with("schema:") && text("b.out").starts_with("<!DOCTYPE html>"));
    assert!(text("d.md").starts_with("## polyaudit: planes-d2-n8.onnx"));
    assert!(text("e.svg").starts_with("<svg") && text("f.json").starts_with('{'));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = fs::metadata(at("a.out")).expect("a file").permissions().mode();
        assert_eq!(mode & 0o600, 0o600);
        let plain = folder.path().join("plain");
        fs::write(&plain, "").expect("written");
        assert_eq!(mode, fs::metadata(plain).expect("a file").permissions().mode());
    }
    let (code, _, _) =
        run(&[MODEL, "--domain=-1,1", "-q", "--format", "html", "--format", "csv", "--out-dir", &at("all")]);
    assert_eq!(code, 0);
    let mut names: Vec<String> = fs::read_dir(at("all"))
        .expect("a folder")
        .map(|e| e.expect("an entry").file_name().into_string().expect("utf-8"))
        .collect();
    names.sort();
    assert_eq!(names, ["planes-d2-n8.polyaudit.csv", "planes-d2-n8.polyaudit.html"]);
}

#[test]
fn csv_holds_the_histogram() {
    let (_, csv, _) = run(&[MODEL, "fixtures/geometry/ngon-5.onnx", "--domain=-1,1", "-q", "--format", "csv"]);
    let mut lines = csv.lines();
    assert_eq!(lines.next(), Some("model,weight,face_count,total,interior"));
    let rows: Vec<&str> = lines.filter(|l| l.starts_with("planes-d2-n8.onnx,region,")).collect();
    let expected = report(&[MODEL, "--domain=-1,1"]);
    let expected: Vec<String> = expected["histogram"]["rows"]
        .as_array()
        .expect("rows")
        .iter()
        .map(|r| {
            format!("planes-d2-n8.onnx,region,{},{},{}", r["face_count"], r["regions_total"], r["regions_interior"])
        })
        .collect();
    assert_eq!(rows, expected);
    assert!(csv.contains("\nngon-5.onnx,region,"));
}

/// One polygon per region, whose coloured classes add up to the histogram.
#[test]
fn the_partition_has_a_polygon_per_region() {
    for (model, domain) in [
        (MODEL, "-1,1"),
        (MODEL, "unbounded"),
        ("fixtures/geometry/ngon-7.onnx", "-1,1"),
        ("fixtures/geometry/double-units-d2.onnx", "-1,1"),
        ("fixtures/geometry/along-walls-d2.onnx", "-1,1"),
        ("fixtures/geometry/sawtooth-d2-l3.onnx", "0,1"),
        ("fixtures/geometry/relu-of-relu-d2.onnx", "-1,1"),
    ] {
        check_partition(&[model, "--domain", domain]);
    }
}

fn check_partition(arguments: &[&str]) -> u64 {
    let folder = tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_str().expect("utf-8").to_string();
    let (svg, json) = (at("a.svg"), at("a.json"));
    let (code, _, stderr) = run(&[arguments, &["-q", "--picture", "partition", "-o", &svg, "-o", &json]].concat());
    assert_eq!(code, 0, "{stderr}");
    let svg = fs::read_to_string(svg).expect("a file");
    let expected: Value = serde_json::from_str(&fs::read_to_string(json).expect("a file")).expect("json");
    let regions = expected["summary"]["regions"].as_u64().expect("all regions");
    let drawn = svg.split("<g class=\"regions\">").nth(1).and_then(|s| s.split("</g>").next()).expect("regions");
    assert_eq!(drawn.matches("<path ").count() as u64, regions, "{arguments:?}");
    for row in expected["histogram"]["rows"].as_array().expect("rows") {
        let class = format!("class=\"f{}\"", row["face_count"]);
        assert_eq!(Some(drawn.matches(&class).count() as u64), row["regions_total"].as_u64(), "{arguments:?} {class}");
    }
    // Every unit that the picture names has faces, and the other way round.
    let words = drawn.split("walls): ").skip(1).filter_map(|t| t.split("</title>").next());
    let named: BTreeSet<String> =
        words.flat_map(|t| t.split(", ")).filter(|t| !t.is_empty()).map(String::from).collect();
    let units = expected["attribution"]["units"].as_array().expect("units");
    let credited = units.iter().filter(|u| u["faces"] != 0);
    let credited: BTreeSet<String> = credited.map(|u| u["unit"].as_str().expect("a name").to_string()).collect();
    assert_eq!(named, credited, "{arguments:?}");
    // A polygon has as many sides as its region has faces, when the picture cuts nothing off.
    if !arguments.contains(&"unbounded") {
        for path in drawn.split("<path class=\"f").skip(1) {
            let faces: usize = path.split('"').next().and_then(|n| n.parse().ok()).expect("a number");
            let outline = path.split("d=\"M").nth(1).and_then(|d| d.split('Z').next()).expect("an outline");
            assert_eq!(outline.split('L').count(), faces, "{arguments:?}: {outline}");
        }
    }
    regions
}

/// A section stands in front of the network, whose layers keep their names.
#[test]
fn the_partition_of_a_section_names_the_models_own_units() {
    assert!(check_partition(&["fixtures/iris-plain.onnx", "--domain=-1,1", "--slice", "random:2", "--seed", "3"]) > 5);
    let folder = tempdir().expect("a folder");
    let held = folder.path().join("held.yaml");
    fs::write(&held, "- [-1, 1]\n- [0.25, 0.25]\n- [-1, 1]\n- [0, 0]\n").expect("written");
    assert!(check_partition(&["fixtures/iris-plain.onnx", "--domain", held.to_str().expect("utf-8")]) > 5);
}

#[test]
fn the_partition_of_a_shared_model() {
    let Some(path) = crate::shared("models/fc1_2d.onnx") else { return };
    let regions = check_partition(&[path.to_str().expect("utf-8"), "--domain", "-1,1"]);
    assert!(regions > 50, "{regions}");
}

#[test]
fn the_partition_of_a_slice_of_a_convolutional_network() {
    let Some(path) = crate::shared("models/cifar10_resnet_2b.onnx") else { return };
    let regions = check_partition(&[path.to_str().expect("utf-8"), "--domain", "0,1", "--slice", "random:2"]);
    assert!(regions > 1, "{regions}");
}

#[test]
fn pictures_that_cannot_be_drawn_say_why() {
    let fails = |arguments: &[&str], words: &str| {
        let (code, stdout, stderr) = run(arguments);
        assert_eq!((code, stdout.as_str()), (2, ""), "{stderr}");
        assert!(stderr.contains(words), "{words:?} is not in {stderr}");
    };
    let partition = ["--domain=-1,1", "-q", "--format", "svg", "--picture", "partition"];
    fails(&[&["fixtures/geometry/planes-d3-n4.onnx"], &partition[..]].concat(), "takes a domain of 2 dimensions");
    fails(&[MODEL, "--domain=-1,1", "--picture", "partition"], "add --format svg");
    fails(&[&[MODEL, MODEL], &partition[..]].concat(), "draws one model");
}

/// Names from a file cannot leave their place in a page.
#[test]
fn names_of_a_model_are_text() {
    let folder = tempdir().expect("a folder");
    let name = "a<img src=x onerror=alert(1)>&'\".onnx";
    let path = folder.path().join(name);
    fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/geometry/ngon-5.onnx"), &path).expect("copied");
    for format in ["html", "svg"] {
        let output = polyaudit()
            .arg(&path)
            .args(["--domain=-1,1", "-q", "--format", format])
            .output()
            .expect("the program runs");
        let text = String::from_utf8(output.stdout).expect("utf-8");
        assert!(
            !text.contains("<img") && text.contains("&lt;img src=x onerror=alert(1)&gt;&amp;&#39;&quot;"),
            "{format}"
        );
    }
}
