//! A run that is ended while its first region is under way.
//! Source of truth: the report, which is valid and counts nothing that was cut short.

use crate::{run, shared};
use serde_json::Value;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const MODEL: &str = "models/cifar10_resnet_2b.onnx";

/// The report says what ended the run, and counts whole samples only.
fn holds(text: &str, reason: &str) {
    let report: Value = serde_yaml::from_str(text).expect("a report");
    assert_eq!((&report["status"]["state"], &report["status"]["reason"]), (&"partial".into(), &reason.into()));
    let counts = report["histogram"]["rows"].as_array().map_or(0, Vec::len);
    assert!(counts < 50, "{counts} counts");
}

#[test]
fn a_time_limit_ends_a_run_within_a_region() {
    let Some(model) = shared(MODEL) else { return };
    let model = model.to_str().expect("utf-8");
    let arguments = [model, "--domain", "0,1", "--samples", "50", "--time-limit", "0.5", "--quiet"];
    let (code, text, stderr) = run(&arguments);
    assert_eq!(code, 0, "{stderr}");
    holds(&text, "time limit reached");
}

#[cfg(unix)]
#[test]
fn a_signal_ends_a_run_within_a_region() {
    let Some(model) = shared(MODEL) else { return };
    let child = Command::new(env!("CARGO_BIN_EXE_polyaudit"))
        .arg(model)
        .args(["--domain", "0,1", "--samples", "50", "--quiet"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    std::thread::sleep(Duration::from_secs(2));
    let asked = Instant::now();
    assert!(Command::new("kill").arg(child.id().to_string()).status().expect("kill").success());
    let output = child.wait_with_output().expect("the program ends");
    // A second or two on a machine of its own; more where others build.
    assert!(asked.elapsed() < Duration::from_secs(20), "{:?}", asked.elapsed());
    assert_eq!(output.status.code(), Some(130));
    holds(&String::from_utf8(output.stdout).expect("utf-8"), "interrupted");
}
