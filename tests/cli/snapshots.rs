//! What users read, kept as files: a change of it shows up in a diff. `POLYAUDIT_BLESS=1 cargo test --release --test cli
//! snapshots` writes them anew, to be read before they are committed.
//! Source of truth: a person who read `tests/snapshots/`.

use crate::{polyaudit, run};
use polyaudit::finding::CODES;
use std::fs;
use std::path::Path;

/// Compares with a stored text; the version is masked.
pub fn snapshot(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/snapshots").join(name);
    let text = text.replace(env!("CARGO_PKG_VERSION"), "VERSION");
    if std::env::var_os("POLYAUDIT_BLESS").is_some() {
        fs::write(&path, &text).expect("written");
    }
    let stored = fs::read_to_string(&path).unwrap_or_default();
    assert!(stored == text, "tests/snapshots/{name} is stale; it would be:\n{text}");
}

const MODEL: &str = "fixtures/geometry/ngon-5.onnx";

#[test]
fn help_of_every_subcommand() {
    let mut out = String::new();
    let mut all = vec![vec![]];
    // Breadth first over the commands as clap knows them.
    while let Some(words) = all.pop() {
        let words: Vec<String> = words;
        let command =
            words.iter().fold(polyaudit::cli::command(), |c, w| c.find_subcommand(w).expect("a command").clone());
        let mut below: Vec<Vec<String>> = command
            .get_subcommands()
            .filter(|c| !c.is_hide_set())
            .map(|c| words.iter().cloned().chain([c.get_name().to_string()]).collect())
            .collect();
        below.reverse();
        all.extend(below);
        let output = polyaudit().args(&words).arg("--help").env("COLUMNS", "100").output().expect("the program runs");
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).expect("utf-8");
        out +=
            &format!("$ polyaudit {}\n{text}\n", words.iter().map(|w| format!("{w} ")).collect::<String>() + "--help");
    }
    snapshot("help.txt", &out);
}

#[test]
fn every_format() {
    for (format, ending) in
        [("yaml", "yaml"), ("json", "json"), ("markdown", "md"), ("csv", "csv"), ("html", "html"), ("svg", "svg")]
    {
        let (code, stdout, _) = run(&[MODEL, "--domain", "-1,1", "-q", "--format", format]);
        assert_eq!(code, 0);
        snapshot(&format!("ngon-5.{ending}"), &stdout);
    }
    let (_, stdout, _) = run(&[MODEL, "--domain", "-1,1", "-q", "--format", "svg", "--picture", "partition"]);
    snapshot("ngon-5-partition.svg", &stdout);
    let (_, _, table) = run(&[MODEL, "--domain", "-1,1", "--format", "csv"]);
    snapshot("ngon-5.txt", &table);
}

#[test]
fn every_code() {
    let texts: Vec<String> = CODES.iter().map(|c| run(&["explain", c.name]).1).collect();
    snapshot("explain.txt", &texts.join("\n"));
}
