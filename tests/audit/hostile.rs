//! Mutated files: an error or a network, never a panic, a hang, or memory beyond all reason.
//! Source of truth: the contract of `import::load`.
//!
//! Time is the processor time of the thread that reads the file, so that a busy machine makes no hang; memory is the most
//! that the process holds while it reads the file, above what it held before.

use polyaudit::import::{self, Options};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

/// Imports seeded mutations of the fixtures; gives how many were refused.
fn mutate(rounds: u64) -> usize {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures");
    let mut files: Vec<PathBuf> = ["", "geometry", "lookalikes", "operators", "refused", "hostile"]
        .iter()
        .flat_map(|f| fs::read_dir(root.join(f)).expect("a folder").map(|e| e.expect("an entry").path()))
        .filter(|p| p.extension().is_some_and(|e| e == "onnx"))
        .collect();
    files.sort();
    let folder = tempfile::tempdir().expect("a folder");
    let target = folder.path().join("mutant.onnx");
    let mut state = 0x9E37_79B9_7F4A_7C15u64;
    let mut next = |n: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % n.max(1) as u64) as usize
    };
    let (mut refused, mut slowest, mut largest, mut excessive) = (0, Duration::ZERO, 0, vec![]);
    for round in 0..rounds {
        let mut bytes = fs::read(&files[next(files.len())]).expect("readable");
        // Every other mutant keeps its length: fewer of them break the encoding, more reach what is behind it.
        let kinds = if round % 2 == 0 { 6 } else { 2 };
        for _ in 0..1 + next(6) {
            let at = next(bytes.len());
            match next(kinds) {
                0 => bytes[at] ^= 1 << next(8),
                1 => bytes[at] = next(256) as u8,
                2 => bytes.truncate(at.max(1)),
                3 => bytes.insert(at, next(256) as u8),
                4 => {
                    bytes.remove(at);
                    if bytes.is_empty() {
                        bytes.push(0);
                    }
                }
                _ => {
                    let end = (at + 1 + next(16)).min(bytes.len());
                    bytes[at..end].fill(0xFF);
                }
            }
        }
        fs::write(&target, &bytes).expect("written");
        // Makes the process's high-water mark what it holds now.
        let _ = fs::write("/proc/self/clear_refs", "5");
        let (before, begun) = (memory(), processor_time());
        refused += usize::from(import::load(&target, &Options::default()).is_err());
        let (took, grown) = (processor_time().saturating_sub(begun), memory().saturating_sub(before));
        (slowest, largest) = (slowest.max(took), largest.max(grown));
        if took >= Duration::from_secs(5) || grown >= 1 << 30 {
            let kept = std::env::temp_dir().join(format!("polyaudit-mutant-{round}.onnx"));
            fs::copy(&target, &kept).expect("copied");
            excessive.push(format!("{} takes {took:?} and {grown} bytes", kept.display()));
        }
    }
    assert!(excessive.is_empty(), "{}", excessive.join("\n"));
    println!(
        "{rounds} mutants, {refused} refused, slowest {slowest:?}, most memory {} MB more than before",
        largest >> 20
    );
    refused
}

/// Time that this thread has been on a processor (zero where the system does not say).
fn processor_time() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let nanoseconds = text.split_whitespace().next().and_then(|n| n.parse().ok());
    nanoseconds.map_or(Duration::ZERO, Duration::from_nanos)
}

/// The most memory that this process has held since the mark was last put back, in bytes (0 where the system does not
/// say).
fn memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"));
    let kilobytes = line.and_then(|l| l.trim().trim_end_matches(" kB").trim().parse::<u64>().ok());
    kilobytes.map_or(0, |k| k << 10)
}

#[test]
fn a_few_hundred_mutants() {
    assert!(mutate(400) > 100);
}

/// `cargo test --release --locked --test audit -- --ignored --nocapture twenty_thousand_mutants`, minutes.
#[test]
#[ignore = "takes minutes"]
fn twenty_thousand_mutants() {
    assert!(mutate(20_000) > 5_000);
}
