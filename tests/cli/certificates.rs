//! Certificates: what a run verifies, the file it leaves, and what `polyaudit verify` makes of a file that was altered.
//! Source of truth: the run's own report for the counts; every altered file must be refused.

use crate::run;
use polyaudit::audit::certificates::{Header, Reader, Writer};
use polyaudit::explore::Record;
use polyaudit::polytope::{Farkas, Verdict, Witness, decode, encode};
use serde_json::Value;
use std::fs;
use std::path::Path;
use tempfile::{TempDir, tempdir};

const MODEL: &str = "fixtures/iris-mlp.onnx";
const FEW: &str = "fixtures/geometry/planes-d2-n8.onnx";

/// A run that leaves certificates: its report, the file, and its folder.
fn written(model: &str, flags: &[&str]) -> (Value, String, TempDir) {
    let folder = tempdir().expect("a folder");
    let file = folder.path().join("a.cert").to_str().expect("utf-8").to_string();
    let (code, report, stderr) =
        run(&[&[model, "--domain", "-1,1", "-q", "--format", "json", "--certificates", &file], flags].concat());
    assert_eq!(code, 0, "{stderr}");
    (serde_json::from_str(&report).expect("json"), file, folder)
}

fn faces_of(report: &Value) -> u64 {
    let rows = report["histogram"]["rows"].as_array().expect("rows");
    let number = |row: &Value, key: &str| row[key].as_u64().expect("a number");
    rows.iter().map(|r| number(r, "face_count") * number(r, "regions_total")).sum()
}

#[test]
fn verification_is_reported() {
    let (code, report, _) = run(&[MODEL, "--domain", "-1,1", "-q", "--format", "json", "--certify"]);
    assert_eq!(code, 0);
    let report: Value = serde_json::from_str(&report).expect("json");
    let found = &report["checks"]["certificates"];
    assert_eq!(found["regions"], report["summary"]["regions"]);
    assert_eq!(found["faces"], faces_of(&report));
    assert_eq!((&found["failed"], &found["undecided"]), (&0.into(), &0.into()));
    assert!(found["redundant"].as_u64().expect("a number") > 0);
    assert!(found["smallest_accepted_gap"].as_f64().expect("a number") > 0.0);
    assert!(found["largest_rejected_gap"].as_f64().expect("a number") <= 0.0);
    let (_, plain, _) = run(&[MODEL, "--domain", "-1,1", "-q", "--format", "json"]);
    let mut without = report.clone();
    without["checks"].as_object_mut().expect("a map").remove("certificates");
    let plain: Value = serde_json::from_str(&plain).expect("json");
    assert_eq!(without["histogram"], plain["histogram"], "verification changes no number");
}

#[test]
fn a_file_of_certificates_holds_again() {
    for (model, flags) in [
        (MODEL, &["--method", "enumerate"][..]),
        (MODEL, &["--method", "sample", "--samples", "200"]),
        (MODEL, &["--max-regions", "40", "--samples", "100"]),
        (MODEL, &["--engine", "lp", "--method", "sample", "--samples", "20"]),
        (MODEL, &["--slice", "random:2"]),
        ("fixtures/geometry/dead-layer-d2.onnx", &[]),
    ] {
        let (report, file, _folder) = written(model, flags);
        let found = &report["checks"]["certificates"];
        let (code, stdout, stderr) = run(&["verify", model, &file]);
        assert_eq!(code, 0, "{model} {flags:?}: {stderr}");
        let expected = format!(
            "{} region(s): {} face(s) and {} redundant row(s) hold, {} of them in rationals; {} undecided\n",
            found["regions"], found["faces"], found["redundant"], found["exact"], found["undecided"]
        );
        assert_eq!(stdout, expected, "{model} {flags:?}");
        let regions = report["summary"].get("regions").or(report["summary"].get("regions_found"));
        assert_eq!(Some(&found["regions"]), regions, "{model} {flags:?}");
    }
}

#[test]
fn the_bytes_of_the_file_do_not_depend_on_threads() {
    let bytes = |threads: &str| {
        let (_, file, _folder) = written(MODEL, &["--threads", threads]);
        fs::read(file).expect("a file")
    };
    assert_eq!(bytes("1"), bytes("3"));
}

fn refused(model: &str, file: &str, word: &str) {
    let (code, _, stderr) = run(&["verify", model, file]);
    assert_eq!(code, 2, "{word}: {stderr}");
    assert!(stderr.contains(word) && !stderr.contains("panicked"), "{word}: {stderr}");
}

#[test]
fn altered_truncated_and_foreign_files_are_refused() {
    let (_, file, folder) = written(FEW, &[]);
    let whole = fs::read(&file).expect("a file");
    let other = folder.path().join("b.cert").to_str().expect("utf-8").to_string();
    for at in (0..whole.len()).step_by(whole.len() / 40 + 1) {
        let mut bytes = whole.clone();
        bytes[at] ^= 4;
        fs::write(&other, bytes).expect("written");
        refused(FEW, &other, if at < 25 { "no certificates of polyaudit" } else { "truncated or altered" });
        fs::write(&other, &whole[..at]).expect("written");
        refused(FEW, &other, "b.cert");
    }
    refused(MODEL, &file, "certificates of another model");
    refused(FEW, FEW, "no certificates of polyaudit");
    refused(FEW, "no-such.cert", "cannot be read");
    let (code, _, stderr) = run(&[FEW, MODEL, "--certificates", &other, "-q"]);
    assert!(code == 2 && stderr.contains("one model"), "{stderr}");
    let (code, _, stderr) = run(&[FEW, "--domain", "-1,1", "-q", "--certificates", "no-such-folder/a.cert"]);
    assert!(code == 2 && stderr.contains("no-such-folder"), "{stderr}");
}

/// The same certificates with some of them changed and the file whole again.
fn forged(file: &str, to: &Path, forge: impl FnOnce(&mut Header, &mut Vec<Record>)) {
    let mut reader = Reader::open(Path::new(file)).expect("a file of certificates");
    let (mut header, mut records) = (reader.header.clone(), vec![]);
    while let Some(record) = reader.record().expect("a record") {
        records.push(record);
    }
    forge(&mut header, &mut records);
    let writer = Writer::create(to, &header).expect("a folder");
    records.iter().for_each(|r| writer.add(Some(r)).expect("written"));
    writer.finish().expect("written");
}

#[test]
fn forged_certificates_do_not_hold() {
    let (_, file, folder) = written(MODEL, &[]);
    let other = folder.path().join("forged.cert");
    let check = |forge: &dyn Fn(&mut Header, &mut Vec<Record>), word: &str| {
        forged(&file, &other, forge);
        refused(MODEL, other.to_str().expect("utf-8"), word);
    };
    let verdicts = |record: &mut Record, change: &dyn Fn(&mut polyaudit::polytope::Faces)| {
        let mut faces = decode(&record.verdicts).expect("verdicts");
        change(&mut faces);
        record.verdicts = encode(&faces);
    };
    let face = |v: &Verdict| matches!(v, Verdict::Face(Witness::Float { .. }));
    check(
        &|_, records| {
            verdicts(&mut records[3], &|faces| {
                let inside = faces.interior.clone();
                let class = faces.classes.iter_mut().find(|c| face(&c.verdict)).expect("a face");
                class.verdict = Verdict::Face(Witness::Float { point: inside, margin: 1.0 });
            });
        },
        "region 4: the certificate of",
    );
    check(
        &|_, records| {
            verdicts(&mut records[0], &|faces| {
                let class = faces.classes.iter_mut().find(|c| c.is_face()).expect("a face");
                let proof = Farkas::Float { rows: vec![], multipliers: vec![], gap: 1.0 };
                class.verdict = Verdict::Redundant(proof);
            });
        },
        "does not hold",
    );
    check(
        &|_, records| {
            verdicts(&mut records[1], &|faces| {
                faces.classes.pop();
            });
        },
        "do not cover the rows",
    );
    check(&|_, records| verdicts(&mut records[1], &|faces| faces.interior[0] = 7.0), "outside");
    check(&|_, records| records[1].pattern[0] ^= 1, "region 2");
    check(&|_, records| records[1].pattern[7] ^= 128, "not one of this model");
    check(&|_, records| records[1] = records[0].clone(), "was there before");
    check(&|_, records| records[0].verdicts.truncate(40), "no certificates");
    check(&|_, records| records[0].verdicts.push(0), "left over");
    check(&|header, _| header.bounds = None, "region 1");
    check(&|header, _| header.inputs = 5, "5 inputs");
    check(&|header, _| header.model = "sha256:0".into(), "another model");
}

#[test]
fn the_documented_commands_run() {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/certificates.md")).expect("readable");
    let block = text.split("```text\n").nth(1).and_then(|b| b.split("```").next()).expect("a block");
    let folder = tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_str().expect("utf-8").to_string();
    let lines: Vec<&str> = block.lines().collect();
    let words = |line: &str| -> Vec<String> {
        line.split_whitespace().skip(2).map(|w| if w.starts_with("iris.") { at(w) } else { w.into() }).collect()
    };
    let call = |line: &str| run(&words(line).iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(call(lines[0]).0, 0);
    assert_eq!(call(lines[1]).1.trim_end(), lines[2]);
}
