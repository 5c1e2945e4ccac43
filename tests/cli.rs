//! The program as its users meet it: documents, messages, exit codes, documentation.

#[path = "cli/architecture.rs"]
mod architecture;
#[path = "cli/browser.rs"]
mod browser;
#[path = "cli/certificates.rs"]
mod certificates;
#[path = "cli/codes.rs"]
mod codes;
#[path = "cli/compare.rs"]
mod compare;
#[path = "cli/config.rs"]
mod config;
#[path = "cli/docs.rs"]
mod docs;
#[path = "cli/errors.rs"]
mod errors;
#[path = "cli/formats.rs"]
mod formats;
#[path = "cli/hostile_plugins.rs"]
mod hostile_plugins;
#[path = "cli/interrupts.rs"]
mod interrupts;
#[path = "cli/manual.rs"]
mod manual;
#[path = "cli/memory.rs"]
mod memory;
#[path = "cli/parts.rs"]
mod parts;
#[path = "cli/plugins.rs"]
mod plugins;
#[path = "cli/points.rs"]
mod points;
#[path = "cli/regions.rs"]
mod regions;
#[path = "cli/reports.rs"]
mod reports;
#[path = "cli/review.rs"]
mod review;
#[path = "support/shared.rs"]
mod shared;
#[path = "cli/slices.rs"]
mod slices;
#[path = "cli/snapshots.rs"]
mod snapshots;
#[path = "cli/weights.rs"]
mod weights;

use assert_cmd::Command;
use serde_json::Value;
use shared::shared;

/// The program, run from the repository's root.
fn polyaudit() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_polyaudit"));
    command.current_dir(env!("CARGO_MANIFEST_DIR")).env_remove("NO_COLOR");
    for (name, _) in std::env::vars_os().filter(|(n, _)| n.to_string_lossy().starts_with("POLYAUDIT_")) {
        command.env_remove(name);
    }
    command
}

/// Runs with arguments; gives exit code, stdout, stderr.
fn run(arguments: &[&str]) -> (i32, String, String) {
    let output = polyaudit().args(arguments).output().expect("the program runs");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("utf-8");
    (output.status.code().expect("an exit code"), text(output.stdout), text(output.stderr))
}

/// The report of a run, as JSON.
fn json(arguments: &[&str]) -> Value {
    let (_, stdout, stderr) = run(&[arguments, &["--format", "json", "-q"]].concat());
    serde_json::from_str(&stdout).unwrap_or_else(|e| panic!("{arguments:?}: {e}: {stderr}"))
}

/// Writes float64 numbers as an `.npy` file.
fn npy(path: &std::path::Path, shape: &[u64], numbers: &[f64]) {
    use npyz::WriterBuilder;
    let file = std::fs::File::create(path).expect("a file");
    let mut writer = npyz::WriteOptions::new().default_dtype().shape(shape).writer(file).begin_nd().expect("a writer");
    writer.extend(numbers.iter().copied()).expect("written");
    writer.finish().expect("written");
}
