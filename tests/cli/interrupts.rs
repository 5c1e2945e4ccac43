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

/// What a run prints that gets a signal, twice at once as some senders do, after so many seconds.
#[cfg(unix)]
fn signalled(model: &str, arguments: &[&str], after: u64) -> Option<String> {
    let child = Command::new(env!("CARGO_BIN_EXE_polyaudit"))
        .arg(shared(model)?)
        .args(arguments)
        .arg("--quiet")
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    std::thread::sleep(Duration::from_secs(after));
    let (asked, id) = (Instant::now(), child.id().to_string());
    assert!(Command::new("kill").args([&id, &id]).status().expect("kill").success());
    let output = child.wait_with_output().expect("the program ends");
    // A second or two on a machine of its own; more where others build.
    assert!(asked.elapsed() < Duration::from_secs(20), "{:?}", asked.elapsed());
    assert_eq!(output.status.code(), Some(130));
    Some(String::from_utf8(output.stdout).expect("utf-8"))
}

#[cfg(unix)]
#[test]
fn a_signal_ends_a_run_within_a_region() {
    let Some(text) = signalled(MODEL, &["--domain", "0,1", "--samples", "50"], 2) else { return };
    holds(&text, "interrupted");
}

/// Of a network whose first subtree alone takes minutes, and of one whose exact values are long.
#[cfg(unix)]
#[test]
fn a_signal_ends_an_enumeration_within_a_subtree_and_what_was_found_counts() {
    let enumerate = ["--domain", "-1,1", "--method", "enumerate"];
    let Some(text) = signalled("models/acasxu_1_1_vector.onnx", &enumerate, 4) else { return };
    let report: Value = serde_yaml::from_str(&text).expect("a report");
    assert_eq!(report["status"]["reason"], "interrupted");
    assert!(report["summary"]["regions_found"].as_u64().expect("a number") > 0);
    assert!(report["summary"]["covered"].as_f64().expect("a share of the volume") > 0.0);
    signalled("models/cgan_32_ch1.onnx", &enumerate, 3);
}
