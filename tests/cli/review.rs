//! The walk-through of docs/review.md, block by block, and the pre-commit hook. `POLYAUDIT_BLESS=1` writes what comes out.
//! Source of truth: the program; the exit codes of the contract.

use crate::polyaudit;
use serde_yaml::Value;
use std::fs;
use std::path::Path;
use tempfile::tempdir;

/// Runs the lines of a block in `folder`, both streams as a terminal would show them; `code` is that of the last command.
fn block(lines: &str, folder: &Path, code: &mut i32) -> String {
    let mut out = String::new();
    for line in lines.lines().filter(|l| l.starts_with("$ ")) {
        out += &format!("{line}\n");
        if line == "$ echo $?" {
            out += &format!("{code}\n");
            continue;
        }
        let words: Vec<&str> = line[2..].split_whitespace().collect();
        assert_eq!(words[0], "polyaudit", "{line}");
        let output = polyaudit().current_dir(folder).args(&words[1..]).output().expect("the program runs");
        *code = output.status.code().expect("a code");
        out += &String::from_utf8_lossy(&output.stdout);
        out += &String::from_utf8_lossy(&output.stderr);
    }
    out
}

#[test]
fn the_walk_through_is_what_happens() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = tempdir().expect("a folder");
    for name in ["plain", "residual"] {
        let from = root.join(format!("fixtures/iris-{name}.onnx"));
        fs::copy(from, folder.path().join(format!("{name}.onnx"))).expect("copied");
    }
    let page = root.join("docs/review.md");
    let text = fs::read_to_string(&page).expect("a page");
    let (mut out, mut rest, mut code, mut blocks) = (String::new(), text.as_str(), 0, 0);
    while let Some(start) = rest.find("\n```") {
        let (before, fence) = rest.split_at(start + 1);
        let (head, body) = fence.split_once('\n').expect("a line");
        let end = body.find("```").expect("a block that ends");
        out += &format!("{before}{head}\n");
        match head {
            "```console review" => {
                out += &block(&body[..end], folder.path(), &mut code);
                blocks += 1;
            }
            "```yaml polyaudit.yaml" => {
                fs::write(folder.path().join("polyaudit.yaml"), &body[..end]).expect("written");
                out += &body[..end];
            }
            _ => out += &body[..end],
        }
        out += "```";
        rest = &body[end + 3..];
    }
    out += rest;
    assert!(blocks >= 5, "{blocks} blocks");
    if std::env::var_os("POLYAUDIT_BLESS").is_some() {
        fs::write(&page, &out).expect("written");
    }
    assert!(out == fs::read_to_string(&page).expect("a page"), "docs/review.md differs from what happens:\n{out}");
    let stored = |name: &str| fs::read_to_string(folder.path().join(name)).expect("a file");
    let report: Value = serde_yaml::from_str(&stored("residual.yaml")).expect("yaml");
    let verdict = report["checks"]["verdict"].as_str().expect("a verdict");
    assert!(out.contains(&format!("verdict: {verdict}")));
    let change: Value = serde_yaml::from_str(&stored("change.yaml")).expect("yaml");
    assert_eq!(change["schema"].as_str(), Some("polyaudit/compare/1"));
    // Open the pages.
    let Some(browser) = crate::browser::chromium() else { return };
    for name in ["residual.html", "change.html"] {
        crate::browser::sound(&crate::browser::open(&browser, &stored(name), 1200, false), name);
    }
}

#[test]
fn every_key_of_the_configuration_is_on_the_page() {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/review.md")).expect("a page");
    for key in ["require_complete", "fail_on", "severities"] {
        assert!(page.contains(&format!("| `{key}` |")), "{key}");
    }
    for key in [
        "metric",
        "max",
        "min",
        "max_increase",
        "max_decrease",
        "max_increase_pct",
        "max_decrease_pct",
        "model",
        "severity",
    ] {
        assert!(page.contains(&format!("`limits[].{key}`")), "{key}");
    }
    for key in ["code", "reason", "model", "node"] {
        assert!(page.contains(&format!("`ignore[].{key}`")), "{key}");
    }
}

/// The hook's entry, with a file appended as pre-commit does.
#[test]
fn the_pre_commit_hook_gates() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let hooks: Value =
        serde_yaml::from_str(&fs::read_to_string(root.join(".pre-commit-hooks.yaml")).expect("hooks")).expect("yaml");
    let hook = &hooks[0];
    assert_eq!((hook["id"].as_str(), hook["language"].as_str()), (Some("polyaudit"), Some("rust")));
    assert_eq!(hook["files"].as_str(), Some(r"\.onnx$"));
    let words: Vec<&str> = hook["entry"].as_str().expect("a command").split_whitespace().collect();
    assert_eq!(words[0], "polyaudit");
    let folder = tempdir().expect("a folder");
    fs::copy(root.join("fixtures/geometry/ngon-5.onnx"), folder.path().join("model.onnx")).expect("copied");
    let gate = |most: u32| {
        let config = format!("domain: [-1, 1]\nlimits:\n- {{metric: regions, max: {most}}}\n");
        fs::write(folder.path().join("polyaudit.yaml"), config).expect("written");
        let output = polyaudit()
            .current_dir(folder.path())
            .args(&words[1..])
            .arg("model.onnx")
            .output()
            .expect("the program runs");
        (output.status.code(), String::from_utf8_lossy(&output.stdout).into_owned())
    };
    assert_eq!(gate(16).0, Some(0));
    let (code, shown) = gate(15);
    assert_eq!(code, Some(1));
    assert!(shown.contains("**FAIL**") && shown.contains("| broken | `regions` | max 15 |"), "{shown}");
}
