//! The documentation is true: every `console` block is executed and its output compared, to the letter.
//! Set `POLYAUDIT_BLESS=1` to write what comes out instead.
//! Source of truth: the program.

use crate::polyaudit;
use std::fs;
use std::path::Path;

/// Both streams of a command, as a terminal would show them.
fn transcript(command: &str) -> String {
    let words: Vec<&str> = command.split_whitespace().collect();
    assert_eq!(words[0], "polyaudit", "only the program itself is run: {command}");
    let (arguments, shown) = match words.iter().position(|w| *w == "2>/dev/null" || *w == ">/dev/null") {
        Some(at) => (&words[1..at], words[at]),
        None => (&words[1..], ""),
    };
    let output = polyaudit().args(arguments).output().expect("the program runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    match shown {
        "2>/dev/null" => text(&output.stdout),
        ">/dev/null" => text(&output.stderr),
        _ => text(&output.stdout) + &text(&output.stderr),
    }
}

#[test]
fn every_console_block_is_what_comes_out() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages = vec![root.join("README.md")];
    pages.extend(fs::read_dir(root.join("docs")).expect("docs").map(|e| e.expect("an entry").path()));
    let mut blocks = 0;
    for page in pages.iter().filter(|p| p.extension().is_some_and(|e| e == "md")) {
        let text = fs::read_to_string(page).expect("readable");
        let mut out = String::new();
        let mut rest = text.as_str();
        while let Some(start) = rest.find("```console\n") {
            let body = &rest[start + 11..];
            let end = body.find("```").expect("a block that ends");
            out += &rest[..start + 11];
            for line in body[..end].lines().filter(|l| l.starts_with("$ ")) {
                out += &format!("{line}\n{}", transcript(&line[2..]));
                blocks += 1;
            }
            rest = &body[end..];
        }
        out += rest;
        if std::env::var_os("POLYAUDIT_BLESS").is_some() {
            fs::write(page, out).expect("written");
        } else {
            assert!(out == text, "{} differs from what the program prints:\n{out}", page.display());
        }
    }
    assert!(blocks >= 3, "{blocks} commands executed");
}

#[test]
fn the_set_up_commands_are_the_ones_that_ci_runs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).expect("readable");
    let commands: Vec<&str> =
        readme.split("```sh\n").skip(1).map(|b| b.split("```").next().expect("a block").trim()).collect();
    assert_eq!(commands.len(), 2, "two commands do all the set-up");
    assert!(commands[0].contains("apt-get install") && commands[0].contains("fixtures/iris-mlp.onnx"));
    assert!(commands[1].ends_with("cargo test --release --locked"));
    assert!(fs::read_to_string(root.join(".ci/run")).expect("readable").contains("README.md"));
}
