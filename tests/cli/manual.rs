//! Completions, manual pages, versions, colours.
//! Source of truth: the shells themselves where they are here; the lock file.

use crate::{polyaudit, run};
use std::io::Write;
use std::process::{Command, Stdio};

#[test]
fn completions_are_accepted_by_their_shells() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let (code, script, _) = run(&["completions", shell]);
        assert_eq!(code, 0);
        for word in ["compare", "explain", "--domain"] {
            assert!(script.contains(word.trim_start_matches('-')), "{shell}: {word}");
        }
        // Only a syntax check: nothing is run.
        let child = Command::new(shell).arg("-n").stdin(Stdio::piped()).stdout(Stdio::null()).spawn();
        match child {
            Ok(mut child) if ["bash", "zsh", "fish"].contains(&shell) => {
                child.stdin.take().expect("a pipe").write_all(script.as_bytes()).expect("written");
                assert!(child.wait().expect("ends").success(), "{shell} refuses its script");
            }
            Ok(mut child) => {
                let _ = child.kill();
                let _ = child.wait();
            }
            Err(_) => eprintln!("skipped: {shell} is not here"),
        }
    }
    assert_eq!(run(&["completions", "bsh"]).0, 2);
}

#[test]
fn manual_pages() {
    let (code, page, _) = run(&["man"]);
    assert_eq!(code, 0);
    assert!(page.contains(".TH polyaudit 1") && page.contains("polyaudit\\-compare"), "{page}");
    let (code, page, _) = run(&["man", "compare"]);
    assert_eq!(code, 0);
    assert!(page.contains(".TH polyaudit\\-compare 1") || page.contains(".TH polyaudit-compare 1"), "{page}");
    let (code, _, stderr) = run(&["man", "nothing"]);
    assert_eq!(code, 2);
    assert!(stderr.contains("there is no command nothing"), "{stderr}");
}

#[test]
fn the_version_names_what_decides_numbers() {
    let (code, text, _) = run(&["--version"]);
    assert_eq!(code, 0);
    let lock = include_str!("../../Cargo.lock");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], format!("polyaudit {}", env!("CARGO_PKG_VERSION")));
    for (line, name) in [(lines[1], "highs-sys"), (lines[2], "tract-core")] {
        let version = line.split(' ').nth(1).expect("a version");
        assert!(lock.contains(&format!("name = \"{name}\"\nversion = \"{version}\"")), "{line}");
    }
}

#[test]
fn colours_follow_the_flag_and_no_color() {
    let stderr = |arguments: &[&str], no_color: bool| {
        let mut command = polyaudit();
        if no_color {
            command.env("NO_COLOR", "1");
        }
        let output = command.args(arguments).output().expect("the program runs");
        String::from_utf8_lossy(&output.stderr).into_owned()
    };
    assert!(!stderr(&["absent.onnx"], false).contains('\u{1b}'), "stderr is no terminal here");
    assert!(stderr(&["absent.onnx", "--color", "always"], false).contains("\u{1b}[1;31merror"));
    assert!(!stderr(&["absent.onnx", "--color", "never"], false).contains('\u{1b}'));
    assert!(!stderr(&["absent.onnx"], true).contains('\u{1b}'));
}
