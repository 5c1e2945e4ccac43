//! `--points`, `--domain data` and `--weight` as flags: what is refused, and that every output names the weight.
//! Source of truth: the contract of the flags in docs/report.md.

use crate::{json, run};
use serde_json::Value;
use std::fs;
use tempfile::tempdir;

const MODEL: &str = "fixtures/iris-mlp.onnx";
const DATA: &str = "fixtures/iris.csv";

#[test]
fn flags_that_contradict_each_other_are_refused() {
    for (arguments, words) in [
        (&["--domain", "data"][..], &["--points FILE"][..]),
        (&["--weight", "point"], &["--points FILE"]),
        (&["--points", DATA, "--domain", "-1,1", "--method", "sample"], &["--points has no use", "--weight point"]),
        (&["--points", DATA, "--domain", "-1,1", "--method", "enumerate"], &["--points has no use"]),
        (&["--points", DATA, "--domain", "-1,1", "--method", "sample", "--weight", "point"], &["--method sample"]),
        (&["--points", DATA, "--weight", "point", "--slice", "random:2"], &["need not lie in the slice"]),
        (&["--weight", "found", "--method", "enumerate"], &["--method enumerate", "--weight region"]),
        (&["--weight", "volume", "--exact"], &["--exact", "--weight region"]),
        (&["--weight", "region", "--method", "sample"], &["--weight region", "--method enumerate"]),
        (&["--weight", "region", "--samples", "5"], &["--samples has no meaning"]),
        (&["--weight", "found", "--domain", "unbounded"], &["no uniform samples"]),
        (&["--points", DATA, "--regions", "r.csv"], &["--regions", "does not sample"]),
        (&["--points", DATA, "--domain", "5,6"], &["no point can be counted", "150 outside of the domain"]),
        (&["--points", "fixtures/digits.csv", "--domain", "-1,1"], &["rows of 64 numbers, the model has 4 inputs"]),
        (&["--points", "fixtures/points.json", "--domain", "-1,1"], &[".npy and .csv"]),
        (&["--points", "nowhere.npy", "--domain", "-1,1"], &["--points", "nowhere.npy"]),
    ] {
        let (code, stdout, stderr) = run(&[&[MODEL], arguments].concat());
        assert_eq!((code, stdout.as_str()), (2, ""), "{arguments:?}: {stderr}");
        words.iter().for_each(|w| assert!(stderr.contains(w), "{arguments:?}: {w:?} is not in {stderr}"));
    }
}

#[test]
fn every_output_names_the_weight() {
    let folder = tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_str().expect("utf-8").to_string();
    for (flags, weight, word, per) in [
        (&["--points", DATA][..], "point", "faces per point", "given data point counts once"),
        (&["--weight", "volume", "--samples", "80"], "volume", "faces per sample", "uniform sample counts once"),
        (&["--weight", "found", "--samples", "80"], "found", "faces per region met", "a choice biased"),
        (&["--weight", "region"], "region", "faces per region ", "Every region counts once"),
    ] {
        let (html, csv) = (at(&format!("{weight}.html")), at(&format!("{weight}.csv")));
        let outputs = ["--domain", "-1,1", "-o", &html, "-o", &csv];
        let (code, _, table) = run(&[&[MODEL], flags, &outputs].concat());
        assert_eq!(code, 0, "{table}");
        assert!(table.contains(word), "{weight}: {table}");
        assert!(fs::read_to_string(html).expect("a page").contains(per), "{weight}");
        assert!(fs::read_to_string(csv).expect("a table").contains(&format!("iris-mlp.onnx,{weight},")), "{weight}");
        let report = json(&[&[MODEL, "--domain", "-1,1"], flags].concat());
        assert_eq!(report["histogram"]["weight"], weight);
        let rows: Vec<&str> =
            report["weights"].as_array().into_iter().flatten().filter_map(|row| row["weight"].as_str()).collect();
        let expected: &[&str] = match weight {
            "found" => &["found", "volume"],
            "region" => &["region", "volume"],
            _ => &[],
        };
        assert_eq!(rows, expected);
    }
}

/// Points that only state the domain leave the weight to the method.
#[test]
fn the_box_of_the_data_for_every_weight() {
    let all = json(&[MODEL, "--points", DATA, "--domain", "data", "--weight", "region"]);
    assert_eq!((&all["histogram"]["weight"], &all["settings"]["method"]), (&"region".into(), &"enumerate".into()));
    assert_eq!((&all["settings"]["domain"]["from"], &all["settings"]["points"]["rows"]), (&"data".into(), &150.into()));
    let slice = json(&[MODEL, "--points", DATA, "--domain", "data", "--slice", "random:2", "--seed", "3"]);
    assert_eq!(slice["histogram"]["weight"], "region");
    // Iris is scaled so that the data fill [-1, 1] in every input.
    let stated = json(&[MODEL, "--domain", "-1,1"]);
    assert_eq!(all["histogram"], stated["histogram"]);
}

#[test]
fn comparisons_and_limits_keep_weights_apart() {
    let folder = tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_str().expect("utf-8").to_string();
    let write = |name: &str, flags: &[&str]| {
        let file = at(name);
        let (code, _, stderr) = run(&[&[MODEL, "--domain", "-1,1", "-q", "-o", &file], flags].concat());
        assert_eq!(code, 0, "{stderr}");
        file
    };
    let point = write("point.yaml", &["--points", DATA]);
    let volume = write("volume.yaml", &["--weight", "volume", "--samples", "80"]);
    let found = write("found.yaml", &["--weight", "found", "--samples", "80"]);
    let more = write("more.yaml", &["--weight", "found", "--samples", "90"]);
    for (a, b, words) in [
        (&point, &volume, &["histogram.weight", "settings.method"][..]),
        (&volume, &found, &["histogram.weight"]),
        (&found, &more, &["samples behind histogram.weight found: 80 and 90"]),
    ] {
        let (code, _, stderr) = run(&["compare", a, b]);
        assert_eq!(code, 2, "{stderr}");
        words.iter().for_each(|w| assert!(stderr.contains(w), "{w}: {stderr}"));
    }
    // A limit on the mean is not decided by a biased choice of regions.
    let config = at("limits.yaml");
    fs::write(&config, "limits:\n  - {metric: summary.faces.total.mean, max: 1000}\n").expect("written");
    let flags = ["--domain", "-1,1", "--weight", "found", "--samples", "80", "--config", &config, "--format", "json"];
    let (_, stdout, stderr) = run(&[&[MODEL], &flags[..]].concat());
    let report: Value = serde_json::from_str(&stdout).unwrap_or_else(|e| panic!("{e}: {stderr}"));
    assert_eq!(report["checks"]["limits"][0]["outcome"], "undecided", "{stderr}");
}
