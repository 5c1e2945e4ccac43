//! Time from start to report: the whole program, as a shell starts it.
//!
//! `cargo bench --bench start` prints the best and the median of thirty runs of each line, in milliseconds. The goals:
//! a report on a small fixture within 100 ms, `--help` within 20 ms.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const RUNS: usize = 30;

fn main() {
    let lines: [&[&str]; 5] = [
        &["--help"],
        &["inspect", "fixtures/iris-plain.onnx"],
        &["fixtures/geometry/ngon-5.onnx", "--domain=-1,1"],
        &["fixtures/iris-plain.onnx", "--domain=-1,1"],
        &["fixtures/iris-plain.onnx", "--domain=-1,1", "--format", "html"],
    ];
    println!("| polyaudit | best, ms | median, ms |\n|---|---|---|");
    for arguments in lines {
        let mut times: Vec<Duration> = (0..RUNS).map(|_| run(arguments)).collect();
        times.sort();
        let milliseconds = |k: usize| 1e3 * times[k].as_secs_f64();
        println!("| `{}` | {:.1} | {:.1} |", arguments.join(" "), milliseconds(0), milliseconds(RUNS / 2));
    }
}

fn run(arguments: &[&str]) -> Duration {
    let start = Instant::now();
    let status = Command::new(env!("CARGO_BIN_EXE_polyaudit"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("the program starts");
    assert!(status.success(), "{arguments:?}: {status}");
    start.elapsed()
}
