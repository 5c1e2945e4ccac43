//! The registry of findings: complete, documented, explained.
//! Source of truth: the calls of `Finding::new` in the source.

use crate::run;
use polyaudit::finding::{CODES, Severity, code, nearest, reference};
use std::fs;
use std::path::Path;

#[test]
fn every_finding_has_a_registered_code_and_its_severity() {
    let mut used = vec![];
    for (file, text) in super::architecture::sources() {
        let code_only = text.split("#[cfg(test)]").next().expect("a file");
        for call in code_only.split("Finding::new(").skip(1) {
            // A plugin's codes are its own; everything else is registered.
            let Some(name) = call.trim_start().strip_prefix('"').and_then(|c| c.split('"').next()) else {
                assert!(file.starts_with("plugin"), "{file}: Finding::new takes a literal code: {}", &call[..40]);
                continue;
            };
            let entry = code(name).unwrap_or_else(|| panic!("{file}: {name} is not in src/finding/codes.rs"));
            let stated = call.split("Severity::").nth(1).map(|s| s.split(',').next().expect("a word"));
            if let Some(stated) = stated.filter(|_| call.split(',').nth(1).is_some_and(|a| a.contains("Severity::"))) {
                assert_eq!(stated.to_lowercase(), entry.severity.name(), "{file}: {name}");
            }
            used.push(name.to_string());
        }
    }
    for entry in CODES {
        assert!(used.iter().any(|u| u == entry.name), "{} is registered and never found", entry.name);
    }
}

#[test]
fn codes_are_sorted_kebab_case_and_explained() {
    let names: Vec<&str> = CODES.iter().map(|c| c.name).collect();
    let mut sorted = names.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(names, sorted);
    for entry in CODES {
        assert!(entry.name.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{}", entry.name);
        assert!(entry.text.len() > 80 && entry.text.ends_with('.') && !entry.title.ends_with('.'), "{}", entry.name);
        let (exit, stdout, _) = run(&["explain", entry.name]);
        assert_eq!(exit, 0);
        assert!(stdout.starts_with(&format!("{}: {}", entry.name, entry.title)), "{stdout}");
    }
    let (exit, stdout, _) = run(&["explain"]);
    assert_eq!((exit, stdout.lines().count()), (0, CODES.len()));
    assert!(Severity::Error < Severity::Warning && Severity::Warning < Severity::Info);
}

#[test]
fn an_unknown_code_names_the_nearest() {
    assert_eq!(nearest("domain-not-statd"), "domain-not-stated");
    let (exit, stdout, stderr) = run(&["explain", "tail-cutt"]);
    assert_eq!((exit, stdout.as_str()), (2, ""));
    assert!(stderr.contains("did you mean \"tail-cut\"?"), "{stderr}");
}

#[test]
fn the_page_of_codes_is_the_registry() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/codes.md");
    if std::env::var_os("POLYAUDIT_BLESS").is_some() {
        fs::write(&path, reference()).expect("written");
    }
    let page = fs::read_to_string(&path).expect("docs/codes.md");
    assert_eq!(page, reference(), "docs/codes.md is stale: POLYAUDIT_BLESS=1 cargo test --release --test cli codes");
}
