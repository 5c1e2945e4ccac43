//! Runs in parts: killed and resumed, sharded and merged, always the very bytes of the run in one piece.
//! Source of truth: the report of the whole run.

use crate::{polyaudit, run};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use tempfile::{TempDir, tempdir};

/// Twelve thousand regions.
const LARGE: &str = "fixtures/large/d3-w32.onnx";
/// By size: the first that runs long enough to be killed.
const LONG: [&str; 3] = [LARGE, "fixtures/large/d3-w64.onnx", "fixtures/large/d4-w112.onnx"];
/// Ends the longest of them.
const LIMIT: &str = "1500000";
const SMALL: &str = "fixtures/geometry/central-deep-3-10-6.onnx";

fn whole(model: &str, domain: &str) -> String {
    let (code, stdout, stderr) = run(&[model, "--domain", domain, "--method", "enumerate", "-q"]);
    assert_eq!(code, 0, "{stderr}");
    stdout
}

fn in_folder(folder: &TempDir, name: &str) -> String {
    folder.path().join(name).to_str().expect("utf-8").to_string()
}

/// The reports of all shards; some with other numbers of threads.
fn shards(folder: &TempDir, model: &str, domain: &str, of: usize) -> Vec<String> {
    let part = |k: usize| {
        let file = in_folder(folder, &format!("part{k}.{}", ["yaml", "json"][k % 2]));
        let (shard, threads) = (format!("{k}/{of}"), (1 + k % 3).to_string());
        let more = ["--domain", domain, "--shard", &shard, "--threads", &threads, "-q", "-o", &file];
        let (code, stdout, stderr) = run(&[&[model], &more[..]].concat());
        assert_eq!((code, &stdout[..]), (0, ""), "{stderr}");
        file
    };
    (1..=of).map(part).collect()
}

fn merged(model: &str, domain: &str, parts: &[String]) -> (i32, String, String) {
    let mut arguments = vec!["merge", "--model", model, "--domain", domain];
    arguments.extend(parts.iter().map(String::as_str));
    run(&arguments)
}

#[test]
fn shards_add_up_to_the_very_report() {
    for (model, domain, of) in [(LARGE, "-1,1", 7), (SMALL, "unbounded", 3), (SMALL, "-1,1", 1), (SMALL, "-1,1", 100)] {
        let folder = tempdir().expect("a folder");
        let mut parts = shards(&folder, model, domain, of);
        // In any order.
        parts.rotate_left(of / 2);
        let (code, stdout, stderr) = merged(model, domain, &parts);
        assert_eq!(code, 0, "{stderr}");
        assert!(stdout == whole(model, domain), "{model}, {domain}, {of} shards:\n{stdout}");
    }
}

#[test]
fn what_is_no_whole_is_not_merged() {
    let folder = tempdir().expect("a folder");
    let mut parts = shards(&folder, SMALL, "-1,1", 4);
    let refused = |parts: &[String], words: &[&str]| {
        let (code, stdout, stderr) = merged(SMALL, "-1,1", parts);
        assert_eq!((code, &stdout[..]), (2, ""), "{stderr}");
        words.iter().for_each(|w| assert!(stderr.contains(w), "{w}: {stderr}"));
    };
    refused(&[&parts[..1], &parts[2..3]].concat(), &["missing: 2/4, 4/4"]);
    refused(&[&parts[..], &parts[2..3]].concat(), &["shard 3/4 is given twice", "part3"]);
    let stranger = |name: &str, more: &[&str]| {
        let file = in_folder(&folder, name);
        let (code, _, stderr) = run(&[&["-q", "-o", &file], more].concat());
        assert_eq!(code, 0, "{stderr}");
        file
    };
    let with = |other: String, parts: &[String]| [&parts[..3], &[other]].concat();
    let other = stranger("model.yaml", &["fixtures/geometry/plain-d2.onnx", "--domain", "-1,1", "--shard", "4/4"]);
    refused(&with(other, &parts), &["another run", "the model differs"]);
    let other = stranger("settings.yaml", &[SMALL, "--domain", "-1,2", "--shard", "4/4"]);
    refused(&with(other, &parts), &["another run", "the settings differs"]);
    let other = stranger("number.yaml", &[SMALL, "--domain", "-1,1", "--shard", "4/5"]);
    refused(&with(other, &parts), &["another run", "the number of shards differs"]);
    let other = stranger("whole.yaml", &[SMALL, "--domain", "-1,1"]);
    refused(&with(other, &parts), &["whole.yaml", "not of a shard"]);
    let (code, _, stderr) = merged("fixtures/geometry/plain-d2.onnx", "-1,1", &parts);
    assert!(code == 2 && stderr.contains("of another model"), "{stderr}");
    let (code, _, stderr) = merged(SMALL, "-1,2", &parts);
    assert!(code == 2 && stderr.contains("with other settings"), "{stderr}");
    let limits: Vec<String> = (1..=2)
        .map(|k| {
            let (name, shard) = (format!("limit{k}.yaml"), format!("{k}/2"));
            stranger(&name, &[SMALL, "--domain", "-1,1", "--max-regions", "3", "--shard", &shard])
        })
        .collect();
    refused(&limits, &["limit1.yaml", "not finished"]);
    parts[0] = in_folder(&folder, "absent.yaml");
    refused(&parts, &["absent.yaml: cannot be read"]);
}

/// A limit that no shard reaches alone but all do together would have stopped the whole run.
#[test]
fn a_limit_that_the_sum_exceeds_is_named() {
    let folder = tempdir().expect("a folder");
    let count = whole(SMALL, "-1,1");
    let regions: u64 =
        (count.lines().find_map(|l| l.strip_prefix("  regions: "))).expect("regions").parse().expect("n");
    let limit = (regions - 1).to_string();
    let parts: Vec<String> = (1..=2)
        .map(|k| {
            let (file, shard) = (in_folder(&folder, &format!("{k}.yaml")), format!("{k}/2"));
            let more = ["--domain", "-1,1", "--max-regions", &limit, "--shard", &shard, "-q", "-o", &file];
            assert_eq!(run(&[&[SMALL], &more[..]].concat()).0, 0);
            file
        })
        .collect();
    let (code, _, stderr) = merged(SMALL, "-1,1", &parts);
    assert!(code == 2 && stderr.contains(&format!("--max-regions {limit}")), "{stderr}");
}

/// The report of a shard says what it is.
#[test]
fn a_shard_is_partial_and_says_so() {
    let (code, stdout, _) = run(&[SMALL, "--domain", "-1,1", "--shard", "2/3", "-q", "--format", "json"]);
    let report: serde_json::Value = serde_json::from_str(&stdout).expect("json");
    assert_eq!((code, &report["status"]["state"]), (0, &"partial".into()));
    assert_eq!(report["status"]["reason"], "part 2 of 3 of the tree of splits");
    assert_eq!((&report["shard"]["part"], &report["shard"]["of"]), (&2.into(), &3.into()));
    assert!(report["summary"]["regions"].is_null() && report["summary"]["regions_found"].as_u64() > Some(0));
    let findings = report["findings"].as_array().expect("findings");
    assert!(findings.iter().any(|f| f["code"] == "part-of-a-run"));
}

/// Starts the program as a process of its own, so that it can be killed.
fn start(arguments: &[&str]) -> std::process::Child {
    let program = polyaudit().get_program().to_os_string();
    let mut command = Command::new(program);
    command.current_dir(env!("CARGO_MANIFEST_DIR")).args(arguments);
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the program starts")
}

/// `done.subtrees` of a checkpoint.
fn progress(path: &Path) -> u64 {
    let Ok(text) = fs::read_to_string(path) else { return 0 };
    let value: serde_json::Value = serde_json::from_str(&text).expect("a checkpoint is always whole");
    value["done"]["subtrees"].as_u64().expect("a number")
}

/// A run of `model` that is killed up to a dozen times, each time when its checkpoint has moved on and a little later, at
/// moments that differ from test to test; how often it was killed, and its report.
fn killed(model: &str, limit: &str) -> (u32, String) {
    let folder = tempdir().expect("a folder");
    let (checkpoint, report) = (in_folder(&folder, "run.checkpoint"), in_folder(&folder, "run.yaml"));
    let mut kills = 0;
    for attempt in 0..40u64 {
        let before = progress(Path::new(&checkpoint));
        let mut arguments = vec![model, "--domain", "-1,1", "--max-regions", limit, "-q", "-o", &report];
        arguments.extend(["--checkpoint", &checkpoint]);
        if before > 0 {
            arguments.extend(["--resume", &checkpoint]);
        }
        let mut child = start(&arguments);
        if attempt < 12 {
            while progress(Path::new(&checkpoint)) <= before && child.try_wait().expect("a process").is_none() {
                std::thread::sleep(Duration::from_millis(20));
            }
            std::thread::sleep(Duration::from_micros(u64::from(std::process::id()) * 7919 * (attempt + 1) % 90_000));
            if child.try_wait().expect("a process").is_none() {
                child.kill().expect("killed");
                kills += 1;
            }
        }
        if child.wait().expect("an end").success() {
            break;
        }
    }
    (kills, fs::read_to_string(report).expect("a report"))
}

#[test]
fn killed_and_resumed_runs_give_the_very_report() {
    for model in LONG {
        let (kills, report) = killed(model, LIMIT);
        let (_, expected, _) = run(&[model, "--domain", "-1,1", "--max-regions", LIMIT, "--method", "enumerate", "-q"]);
        assert!(report == expected, "{model}: {report}");
        if kills > 0 {
            return;
        }
    }
    panic!("no run was long enough to be killed");
}

/// 10,182,898 regions: the same bytes with one and two threads, in under 200 MB, killed a dozen times and resumed, and in
/// seven shards. `cargo test --release --locked --test cli -- --ignored ten_million_regions`.
#[test]
#[ignore = "minutes"]
fn ten_million_regions() {
    const MODEL: &str = LONG[2];
    const MOST: &str = "20000000";
    let base = [MODEL, "--domain", "-1,1", "--method", "enumerate", "--max-regions", MOST, "-q"];
    let (code, one, stderr) = run(&[&base[..], &["--threads", "1"]].concat());
    assert_eq!(code, 0, "{stderr}");
    assert!(one.contains("  regions: 10182898\n") && one.contains("state: complete"), "{one}");
    assert!(!one.contains("outcome: violated"), "{one}");
    assert!(run(&[&base[..], &["--threads", "2"]].concat()).1 == one, "two threads");
    let peak = crate::memory::peak(&[&base[..7], &["--threads", "2"]].concat());
    assert!(peak < 200e6, "{peak} bytes");
    let (kills, resumed) = killed(MODEL, MOST);
    eprintln!("peak {:.0} MB, killed {kills} times", peak / 1e6);
    assert!(kills > 3 && resumed == one, "killed {kills} times");
    let folder = tempdir().expect("a folder");
    let parts: Vec<String> = (1..=7)
        .map(|k| {
            let (file, shard) = (in_folder(&folder, &format!("{k}.yaml")), format!("{k}/7"));
            let (code, _, stderr) = run(&[&base[..], &["--shard", &shard, "-o", &file]].concat());
            assert_eq!(code, 0, "{stderr}");
            file
        })
        .collect();
    let mut arguments = vec!["merge", "--model", MODEL, "--domain", "-1,1", "--method", "enumerate"];
    arguments.extend(["--max-regions", MOST]);
    arguments.extend(parts.iter().map(String::as_str));
    let (code, stdout, stderr) = run(&arguments);
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout == one, "seven shards");
}

/// A run that a limit of time ended goes on to the same end.
#[test]
fn a_run_out_of_time_goes_on() {
    let folder = tempdir().expect("a folder");
    let checkpoint = in_folder(&folder, "run.checkpoint");
    let base = [LARGE, "--domain", "-1,1", "-q", "--checkpoint", &checkpoint];
    let (code, partial, stderr) = run(&[&base[..], &["--time-limit", "0.000001"]].concat());
    assert!(code == 0 && partial.contains("state: partial"), "{stderr}");
    let (code, stdout, stderr) = run(&[&base[..], &["--resume", &checkpoint]].concat());
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout == whole(LARGE, "-1,1"));
    // Resuming a finished run says the same again.
    assert!(run(&[&base[..], &["--resume", &checkpoint]].concat()).1 == stdout);
}

#[test]
fn a_checkpoint_of_another_run_is_refused() {
    let folder = tempdir().expect("a folder");
    let checkpoint = in_folder(&folder, "run.checkpoint");
    let resume = ["-q", "--resume", &checkpoint];
    let (code, ..) = run(&[SMALL, "--domain", "-1,1", "-q", "--checkpoint", &checkpoint]);
    assert_eq!(code, 0);
    let refused = |more: &[&str], words: &[&str]| {
        let (code, stdout, stderr) = run(&[&resume[..], more].concat());
        assert_eq!((code, &stdout[..]), (2, ""), "{stderr}");
        words.iter().for_each(|w| assert!(stderr.contains(w), "{w}: {stderr}"));
    };
    refused(&[LARGE, "--domain", "-1,1"], &["another run", "the model's hash is sha256:"]);
    refused(&[SMALL, "--domain", "-1,2"], &["another run", "the setting domain is", "-1.0", "2.0"]);
    refused(&[SMALL, "--domain", "-1,1", "--seed", "1"], &["the setting seed is 0 in the checkpoint and 1 now"]);
    refused(&[SMALL, "--domain", "-1,1", "--shard", "1/2"], &["the shard is none in the checkpoint and 1/2 now"]);
    fs::write(&checkpoint, "{\"format\": \"polyaudit/checkpoint/9\"}").expect("written");
    refused(&[SMALL, "--domain", "-1,1"], &["polyaudit/checkpoint/1"]);
    fs::write(&checkpoint, "half a chec").expect("written");
    refused(&[SMALL, "--domain", "-1,1"], &["not a checkpoint"]);
    fs::remove_file(&checkpoint).expect("removed");
    refused(&[SMALL, "--domain", "-1,1"], &["--resume", "cannot be read", "--checkpoint"]);
}

#[test]
fn what_cannot_be_cut_in_parts_is_refused() {
    let folder = tempdir().expect("a folder");
    let checkpoint = in_folder(&folder, "run.checkpoint");
    let refused = |arguments: &[&str], words: &[&str]| {
        let (code, stdout, stderr) = run(&[arguments, &["-q"]].concat());
        assert_eq!((code, &stdout[..]), (2, ""), "{stderr}");
        words.iter().for_each(|w| assert!(stderr.contains(w), "{w}: {stderr}"));
    };
    refused(&[SMALL, "--shard", "0/3"], &["I/N"]);
    refused(&[SMALL, "--shard", "4/3"], &["I/N"]);
    refused(&[SMALL, "--shard", "1/3", "--exact"], &["--shard", "--exact"]);
    refused(&[SMALL, "--shard", "1/3", "--method", "sample"], &["--shard", "--method enumerate"]);
    refused(&[SMALL, "--shard", "1/3", "--engine", "lp", "--domain", "-1,1"], &["--shard", "--engine auto"]);
    refused(&[SMALL, SMALL, "--checkpoint", &checkpoint], &["--checkpoint", "one by one"]);
    refused(&["fixtures/digits-mlp.onnx", "--domain", "-1,1", "--shard", "1/3"], &["--shard", "at most 8"]);
    assert!(!Path::new(&checkpoint).exists());
}
