//! The list of regions: the report's counts, points that are where they should be, the same bytes however it is made.
//! Source of truth: the report of the same run; exact evaluation of the network; the readers of the packed formats.

use crate::run;
use polyaudit::import::{self, Options};
use polyaudit::ir::{Op, rational};
use polyaudit::region::Layout;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs;
use std::io::Read;
use std::path::Path;
use tempfile::tempdir;

/// Audits with `--regions`; gives the report and the bytes of the file.
fn listed(model: &str, file: &str, more: &[&str]) -> (Value, Vec<u8>) {
    let folder = tempdir().expect("a folder");
    let path = folder.path().join(file);
    let base = [model, "--regions", path.to_str().expect("utf-8"), "--format", "json", "-q"];
    let (code, stdout, stderr) = run(&[&base, more].concat());
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1, "nothing is left beside it");
    (serde_json::from_str(&stdout).expect("json"), fs::read(path).expect("a file"))
}

fn rows(bytes: &[u8]) -> (Vec<String>, Vec<HashMap<String, String>>) {
    let text = std::str::from_utf8(bytes).expect("utf-8");
    let mut lines = text.lines();
    let header: Vec<String> = lines.next().expect("a header").split(',').map(String::from).collect();
    let row = |line: &str| header.iter().cloned().zip(line.split(',').map(String::from)).collect();
    (header.clone(), lines.map(row).collect())
}

fn histogram(report: &Value, column: &str) -> BTreeMap<u64, u64> {
    let rows = report["histogram"]["rows"].as_array().expect("rows").iter();
    let number = |row: &Value, key: &str| row[key].as_u64().expect("a count");
    rows.map(|r| (number(r, "face_count"), number(r, column))).filter(|r| r.1 > 0).collect()
}

fn counted(rows: &[HashMap<String, String>], column: &str) -> BTreeMap<u64, u64> {
    let mut counts = BTreeMap::new();
    rows.iter().for_each(|r| *counts.entry(r[column].parse().expect("a number")).or_default() += 1);
    counts
}

/// Every point, taken exactly as it is written, makes the choices of its row's pattern, off all breakpoints.
fn check_points(model: &str, rows: &[HashMap<String, String>]) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(model);
    let network = import::load(&path, &Options::default()).expect("a readable model").network;
    let layout = Layout::new(&network);
    for row in rows {
        let x: Vec<_> =
            (0..network.input_len()).map(|k| rational(row[&format!("x{k}")].parse().expect("a number"))).collect();
        let values = network.evaluate_exactly(&x);
        let mut pattern = layout.empty();
        for (id, node) in network.nodes.iter().enumerate() {
            if let Op::Activation(a) = &node.op {
                for i in 0..node.len() {
                    layout.set(&mut pattern, id, i, a.curve(i).piece_exactly(&values[a.source][i]));
                }
            }
        }
        assert_eq!(pattern.hex(), row["pattern"]);
    }
}

#[test]
fn rows_are_the_regions_of_the_report() {
    for (model, more) in [
        ("fixtures/iris-mlp.onnx", &["--domain", "-1,1"][..]),
        ("fixtures/geometry/planes-d3-n8.onnx", &["--domain", "unbounded"]),
        ("fixtures/geometry/planes-d3-n8.onnx", &["--domain", "unbounded", "--exact"]),
        ("fixtures/geometry/double-units-d2.onnx", &["--domain", "-1,1", "--exact"]),
    ] {
        let (report, bytes) = listed(model, "regions.csv", more);
        let (header, rows) = rows(&bytes);
        assert_eq!(header[..4], ["pattern", "faces_total", "faces_interior", "walls"]);
        assert_eq!(header.len() as u64, 4 + report["summary"]["inputs"].as_u64().expect("inputs"));
        assert_eq!(Some(rows.len() as u64), report["summary"]["regions"].as_u64(), "{model}");
        assert_eq!(rows.iter().map(|r| &r["pattern"]).collect::<HashSet<_>>().len(), rows.len());
        assert_eq!(counted(&rows, "faces_total"), histogram(&report, "regions_total"));
        assert_eq!(counted(&rows, "faces_interior"), histogram(&report, "regions_interior"));
        check_points(model, &rows);
    }
}

#[test]
fn the_bytes_depend_on_nothing_but_the_ending() {
    let more = |threads: &'static str| ["--domain", "-1,1", "--threads", threads];
    for exact in [&[][..], &["--exact"]] {
        let model = "fixtures/geometry/planes-d4-n16.onnx";
        let with = |file: &str, threads| listed(model, file, &[&more(threads)[..], exact].concat()).1;
        let plain = with("r.csv", "1");
        assert_eq!(plain, with("r.csv", "3"));
        let mut unpacked = vec![];
        let gzip = with("r.csv.gz", "2");
        flate2::read::GzDecoder::new(&gzip[..]).read_to_end(&mut unpacked).expect("gzip");
        assert!(unpacked == plain && gzip.len() < plain.len());
        let zstd = with("r.csv.zst", "2");
        assert_eq!(&zstd[..4], [0x28, 0xb5, 0x2f, 0xfd]);
        let (mut frames, mut unpacked) = (&zstd[..], vec![]);
        while !frames.is_empty() {
            ruzstd::decoding::StreamingDecoder::new(&mut frames)
                .expect("zstd")
                .read_to_end(&mut unpacked)
                .expect("zstd");
        }
        assert!(unpacked == plain && zstd.len() < plain.len());
    }
}

/// Two methods, one list: what splitting lists is what exact arithmetic lists.
#[test]
fn lists_are_those_of_exact_arithmetic() {
    for (model, domain) in [
        ("fixtures/geometry/double-units-d2.onnx", "-1,1"),
        ("fixtures/geometry/planes-d3-n8.onnx", "unbounded"),
        ("fixtures/geometry/planes-d4-n16.onnx", "-1,1"),
    ] {
        let faces = |more: &[&str]| -> BTreeMap<String, [String; 3]> {
            let (_, rows) = rows(&listed(model, "r.csv", &[&["--domain", domain], more].concat()).1);
            let row = |r: &HashMap<String, String>| {
                (r["pattern"].clone(), ["faces_total", "faces_interior", "walls"].map(|column| r[column].clone()))
            };
            rows.iter().map(row).collect()
        };
        assert_eq!(faces(&[]), faces(&["--exact"]), "{model}");
    }
}

#[test]
fn volumes_add_up_to_the_domain() {
    let model = "fixtures/geometry/planes-d3-n8.onnx";
    let (_, bytes) = listed(model, "r.csv", &["--domain", "-1,1", "--regions-volume"]);
    let (header, bounded) = rows(&bytes);
    assert_eq!(header.last().map(String::as_str), Some("volume"));
    let sum: f64 = bounded.iter().map(|r| r["volume"].parse::<f64>().expect("a number")).sum();
    assert!((sum - 8.0).abs() < 1e-9, "{sum}");
    let (report, bytes) = listed(model, "r.csv", &["--domain", "unbounded", "--regions-volume"]);
    let infinite = rows(&bytes).1.iter().filter(|r| r["volume"].is_empty()).count() as u64;
    assert_eq!(report["summary"]["regions_unbounded"].as_u64(), Some(infinite));
    for more in [&["--regions-volume"][..], &["--regions", "r.csv", "--regions-volume", "--exact"]] {
        let (code, _, stderr) = run(&[&[model, "--domain", "-1,1", "-q"], more].concat());
        assert_eq!(code, 2, "{stderr}");
    }
}

#[test]
fn a_limit_leaves_the_rows_that_were_found() {
    let more = ["--domain", "-1,1", "--max-regions", "9"];
    let (report, bytes) = listed("fixtures/geometry/planes-d3-n8.onnx", "r.csv", &more);
    assert_eq!(report["status"]["state"], "partial");
    assert_eq!(rows(&bytes).1.len(), 9);
    let (report, bytes) = listed("fixtures/geometry/planes-d3-n8.onnx", "r.csv", &[&more[..], &["--exact"]].concat());
    assert_eq!(report["status"]["state"], "partial");
    assert_eq!(rows(&bytes).1.len(), 9);
}

/// An input that is held has no column; the others keep their positions.
#[test]
fn held_inputs_have_no_column() {
    let folder = tempdir().expect("a folder");
    let domain = folder.path().join("box.yaml");
    fs::write(&domain, "[[-1, 1], [0.5, 0.5], [-1, 1]]").expect("written");
    let more = ["--domain", domain.to_str().expect("utf-8")];
    let (_, bytes) = listed("fixtures/geometry/planes-d3-n8.onnx", "r.csv", &more);
    assert_eq!(rows(&bytes).0[4..], ["x0", "x2"]);
}

#[test]
fn a_failed_run_leaves_no_file() {
    let folder = tempdir().expect("a folder");
    let path = folder.path().join("r.csv");
    let refused = "fixtures/refused";
    let model = (fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(refused)).expect("a folder"))
        .map(|e| e.expect("an entry").path())
        .find(|p| p.extension().is_some_and(|e| e == "onnx"))
        .expect("a refused model");
    let (code, ..) = run(&[model.to_str().expect("utf-8"), "--regions", path.to_str().expect("utf-8"), "-q"]);
    assert_eq!((code, fs::read_dir(folder.path()).expect("a folder").count()), (3, 0));
    let (code, ..) = run(&["no-such.onnx", "--regions", path.to_str().expect("utf-8"), "-q"]);
    assert_eq!((code, fs::read_dir(folder.path()).expect("a folder").count()), (2, 0));
}
