//! Bad input: a clear message, the right exit code, no panic, nothing half-written.
//! Source of truth: the exit codes of the contract.

use crate::run;
use std::fs;
use tempfile::tempdir;

const MODEL: &str = "fixtures/iris-mlp.onnx";

/// Runs and expects an exit code, silence on stdout and words on stderr.
fn fails(arguments: &[&str], code: i32, words: &[&str]) {
    let (got, stdout, stderr) = run(arguments);
    assert_eq!(got, code, "{arguments:?}: {stderr}");
    assert_eq!(stdout, "", "{arguments:?}");
    for word in words {
        assert!(stderr.contains(word), "{arguments:?}: {word:?} is not in {stderr}");
    }
    assert!(!stderr.contains("panicked"), "{stderr}");
}

#[test]
fn files_that_are_no_models() {
    let folder = tempdir().expect("a folder");
    let file = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        fs::write(&path, bytes).expect("written");
        path.to_str().expect("utf-8").to_string()
    };
    let whole = fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/iris-mlp.onnx")).expect("a fixture");
    fails(&["no-such-file.onnx"], 2, &["no-such-file.onnx", "cannot be read", "hint: check the name"]);
    fails(&[&file("empty.onnx", b"")], 2, &["empty.onnx", "is empty"]);
    fails(&[&file("cut.onnx", &whole[..whole.len() / 2])], 2, &["cut.onnx", "truncated", "hint: give the .onnx file"]);
    fails(&[&file("text.onnx", b"this is no model, but quite a long text about none")], 2, &["not an ONNX model"]);
    let noise: Vec<u8> = (0..5000u32).map(|k| (k.wrapping_mul(2654435761) >> 13) as u8).collect();
    fails(&[&file("noise.onnx", &noise)], 2, &["noise.onnx"]);
    fails(&[folder.path().to_str().expect("utf-8")], 2, &["cannot be read"]);
}

#[test]
fn settings_that_do_not_fit() {
    let folder = tempdir().expect("a folder");
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("written");
        path.to_str().expect("utf-8").to_string()
    };
    fails(&[MODEL, "--domain", "1,-1"], 2, &["the domain is empty", "--domain 1,-1"]);
    fails(&[MODEL, "--domain", "1,1"], 2, &["single point"]);
    fails(&[MODEL, "--domain", "0,inf"], 2, &["not finite"]);
    fails(&[MODEL, "--domain", &file("two.yaml", "- [0, 1]\n- [0, 1]\n")], 2, &["bounds 2 inputs, the model has 4"]);
    fails(&[MODEL, "--domain", "nowhere.yaml"], 2, &["no such file"]);
    fails(&[MODEL, "--domain", "unbouded"], 2, &["did you mean `unbounded`"]);
    fails(&["inspct", MODEL], 2, &["did you mean the command `polyaudit inspect`"]);
    fails(&[MODEL, "--domain", &file("bad.vnnlib", "(assert (<= X_0 X_1))")], 2, &["line 1"]);
    fails(&[MODEL, MODEL, "--regions", "r.csv"], 2, &["--regions", "one by one"]);
    fails(&[MODEL, "--regions", "r.csv", "--method", "sample"], 2, &["--regions", "--method enumerate"]);
    fails(&[MODEL, "--regions", "no/such/folder/r.csv"], 2, &["no/such/folder/r.csv: cannot be written"]);
    fails(&[MODEL, "--exact", "--method", "sample"], 2, &["--exact", "--method enumerate"]);
    fails(&[MODEL, "--exact", "--engine", "lp"], 2, &["--exact", "--engine lp"]);
    fails(&[MODEL, "--exact", "--samples", "5"], 2, &["--exact", "--samples"]);
    fails(&[MODEL, "--domain", "unbounded", "--method", "sample"], 2, &["no uniform samples"]);
    fails(&[MODEL, "--slice", "random:0"], 2, &["random:2"]);
    fails(&[MODEL, "--slice", "random:5"], 2, &["a slice of 5 dimensions of 4 free inputs"]);
    fails(&[MODEL, "--slice-points", "here.npy"], 2, &["two points or more"]);
    fails(&[MODEL, "--slice", "random:2", "--slice-points", "a.npy,b.npy"], 2, &["cannot be used with"]);
    fails(&[MODEL, "--methd", "sample"], 2, &["--method"]);
    fails(&[MODEL, "--method", "smaple"], 2, &["sample"]);
    fails(&[MODEL, "--samples", "0"], 2, &["--samples"]);
    fails(&[MODEL, "-o", "report.txt"], 2, &["names no format"]);
    fails(&[MODEL, "--fix", "z=1"], 2, &["no such input", "x"]);
    fails(&[MODEL, "--output", "nothing"], 2, &["produced by no node"]);
    fails(&[MODEL, "--fix", "x=0.25"], 2, &["nothing is left to audit"]);
    fails(&[MODEL, "--time-limit=-1"], 2, &["--time-limit"]);
}

#[test]
fn a_failing_run_leaves_nothing_behind() {
    let folder = tempdir().expect("a folder");
    let target = folder.path().join("report.yaml");
    fails(&["no-such-file.onnx", "-o", target.to_str().expect("utf-8")], 2, &["cannot be read"]);
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 0);
    let nowhere = folder.path().join("absent/report.yaml");
    let (code, _, stderr) = run(&[MODEL, "--domain", "-1,1", "-q", "-o", nowhere.to_str().expect("utf-8")]);
    assert_eq!(code, 2);
    assert!(stderr.contains("cannot be written"), "{stderr}");
}

#[test]
fn outputs_replace_no_input_and_no_device() {
    let folder = tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name).to_str().expect("utf-8").to_string();
    let model = at("m.onnx");
    fs::copy(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/iris-mlp.onnx"), &model).expect("copied");
    let before = fs::read(&model).expect("a file");
    fails(&[&model, "-o", &model, "--format", "yaml"], 2, &["m.onnx", "would be replaced"]);
    fails(&[&model, "--regions", &model], 2, &["m.onnx", "would be replaced"]);
    assert_eq!(fs::read(&model).expect("a file"), before);
    let one = at("one");
    fails(&[&model, "-o", &one, "--format", "yaml", "-o", &one, "--format", "html"], 2, &["two outputs"]);
    let report = at("r.yaml");
    let audit = ["--domain=-1,1", "-q"];
    assert_eq!(run(&[&[model.as_str(), "-o", &report], &audit[..]].concat()).0, 0);
    fails(&["compare", &report, &report, "-o", &report], 2, &["r.yaml", "would be replaced"]);
    // A link stays a link, and a device a device.
    #[cfg(unix)]
    {
        let link = at("link.yaml");
        std::os::unix::fs::symlink(&report, &link).expect("a link");
        fs::write(&report, "").expect("emptied");
        assert_eq!(run(&[&[model.as_str(), "-o", &link], &audit[..]].concat()).0, 0);
        assert!(fs::symlink_metadata(&link).expect("a link").is_symlink());
        assert!(fs::read_to_string(&report).expect("a report").contains("polyaudit/report/1"));
        let nothing = ["-o", "/dev/null", "--format", "yaml"];
        assert_eq!(run(&[&[model.as_str()], &nothing[..], &audit[..]].concat()).0, 0);
        for flag in ["--regions", "--certificates"] {
            let link = at(flag);
            std::os::unix::fs::symlink("/dev/null", &link).expect("a link");
            assert_eq!(run(&[&[model.as_str(), flag, &link], &audit[..]].concat()).0, 0, "{flag}");
            assert!(fs::symlink_metadata(&link).expect("a link").is_symlink(), "{flag}");
        }
        assert!(!fs::metadata("/dev/null").expect("a device").is_file());
    }
}

/// A place that cannot be written is told before the work.
#[test]
fn an_unwritable_place_is_told_at_once() {
    let (code, _, stderr) = run(&[MODEL, "--domain=-1,1", "-o", "no/such/folder/r.yaml"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("no/such/folder/r.yaml: cannot be written") && !stderr.contains("regions"), "{stderr}");
    assert!(!stderr.contains(".polyaudit"), "{stderr}");
}

#[test]
fn the_others_are_audited_when_one_fails() {
    let (code, stdout, stderr) = run(&[
        "fixtures/geometry/ngon-5.onnx",
        "no-such-file.onnx",
        "fixtures/geometry/ngon-7.onnx",
        "--domain",
        "-9,9",
        "-q",
    ]);
    assert_eq!(code, 2);
    assert_eq!(stdout.matches("schema: polyaudit/report/1").count(), 2);
    assert!(stderr.contains("no-such-file.onnx"));
}

#[test]
fn unsupported_networks_name_all_offenders_and_get_a_report() {
    for entry in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/refused")).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|e| e != "onnx") {
            continue;
        }
        let path = path.to_str().expect("utf-8");
        let (code, stdout, stderr) = run(&[path, "--domain", "-1,1"]);
        assert_eq!(code, 3, "{path}: {stderr}");
        assert!(stdout.contains("state: refused") && stdout.contains("code: unsupported-operator"), "{path}: {stdout}");
        let (code, _, stderr) = run(&["inspect", path]);
        assert_eq!(code, 3, "{path}");
        assert!(stderr.contains("hint: "), "{path}: {stderr}");
    }
}

#[test]
fn hostile_files_are_refused_without_a_panic() {
    for entry in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/hostile")).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.extension().is_none_or(|e| e != "onnx") {
            continue;
        }
        let (code, _, stderr) = run(&[path.to_str().expect("utf-8"), "--domain", "-1,1", "-q"]);
        assert!(code == 2 || code == 3, "{}: exit code {code}: {stderr}", path.display());
        assert!(!stderr.contains("panicked"), "{}: {stderr}", path.display());
    }
}
