//! `--max-memory`: refused before anything is allocated, with the estimate; and the estimate is one from above.
//! Source of truth: the kernel's own count of the program's peak (Linux only).

use crate::run;
use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

/// Bytes in a message like `this takes up to 12 MB`.
fn estimate(arguments: &[&str]) -> f64 {
    let (code, stdout, stderr) = run(&[arguments, &["-q", "--max-memory", "1MB"]].concat());
    assert_eq!((code, stdout.as_str()), (2, ""), "{stderr}");
    assert!(stderr.contains("--max-memory allows 1 MB") && stderr.contains("for one region"), "{stderr}");
    let words: Vec<&str> = stderr.split("takes up to ").nth(1).expect("an estimate").split([' ', ',']).collect();
    let factor = match words[1] {
        "kB" => 1e3,
        "MB" => 1e6,
        "GB" => 1e9,
        unit => panic!("{unit}"),
    };
    words[0].parse::<f64>().expect("a number") * factor
}

/// Peak of the program's resident memory.
pub fn peak(arguments: &[&str]) -> f64 {
    let mut child = Command::new(env!("CARGO_BIN_EXE_polyaudit"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(arguments)
        .arg("-q")
        .stdout(Stdio::null())
        .spawn()
        .expect("the program runs");
    let (status, mut most) = (format!("/proc/{}/status", child.id()), 0.0f64);
    while child.try_wait().expect("a child").is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|l| l.strip_prefix("VmHWM:"));
        let kilobytes = line.and_then(|l| l.trim().trim_end_matches("kB").trim().parse::<f64>().ok());
        most = most.max(kilobytes.unwrap_or(0.0) * 1024.0);
        std::thread::sleep(Duration::from_millis(1));
    }
    most
}

#[test]
fn estimates_are_from_above_and_not_absurd() {
    for (arguments, factor) in [
        (
            &["fixtures/digits-mlp.onnx", "--domain", "0,1", "--method", "sample", "--samples", "40", "--threads", "2"]
                [..],
            8.0,
        ),
        (&["fixtures/iris-mlp.onnx", "--domain", "-1,1", "--certify", "--max-regions", "4000"], 8.0),
    ] {
        let bound = estimate(arguments);
        let used = peak(arguments);
        if used == 0.0 {
            eprintln!("skipped: no /proc here");
            continue;
        }
        assert!(used <= bound, "{arguments:?}: {used} bytes used, {bound} estimated");
        assert!(bound <= factor * used, "{arguments:?}: {used} bytes used, {bound} estimated");
    }
}

#[test]
fn a_tight_limit_changes_no_number() {
    let arguments = ["fixtures/digits-mlp.onnx", "--domain", "0,1", "--method", "sample", "--samples", "40", "-q"];
    let bound = format!("{}", estimate(&arguments[..7]) as u64 + 1_000_000);
    let (code, tight, stderr) = run(&[&arguments[..], &["--max-memory", &bound]].concat());
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(tight, run(&arguments).1);
}

#[test]
fn sizes_are_understood_or_refused() {
    for (text, fits) in
        [("4GB", true), ("4 gib", true), ("500000000", true), ("0", false), ("4 apples", false), ("-1GB", false)]
    {
        let (code, _, stderr) = run(&["fixtures/iris-mlp.onnx", "--domain", "-1,1", "-q", "--max-memory", text]);
        assert_eq!(code == 0, fits, "{text}: {stderr}");
    }
}
