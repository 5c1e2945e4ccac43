//! The shape of the source: arrows between modules, and the rules every file keeps.
//! Source of truth: the module table in `docs/architecture.md`.

use std::fs;
use std::path::{Path, PathBuf};

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, out);
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

pub fn sources() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut paths = vec![];
    files(&root, &mut paths);
    let name = |p: &Path| p.strip_prefix(&root).expect("inside").to_str().expect("utf-8").to_string();
    paths.iter().map(|p| (name(p), fs::read_to_string(p).expect("readable"))).collect()
}

#[test]
fn arrows_point_one_way() {
    let allowed: &[(&str, &[&str])] = &[
        ("ir", &["ir", "vectors"]),
        ("vectors", &["vectors"]),
        ("finding", &["finding"]),
        ("hash", &["hash"]),
        ("place", &["place"]),
        ("import", &["import", "ir", "finding", "hash"]),
        ("region", &["region", "ir", "vectors"]),
        ("polytope", &["polytope", "ir", "vectors"]),
        ("explore", &["explore", "ir", "region", "polytope", "finding", "hash", "vectors"]),
        ("stats", &["stats"]),
        ("report", &["report", "finding", "stats"]),
        ("plugin", &["plugin", "checks", "report", "finding", "ir", "hash"]),
        ("compare", &["compare", "report", "checks", "stats"]),
        ("checks", &["checks", "report", "finding", "ir"]),
    ];
    for (file, text) in sources() {
        let module = file.split(['/', '.']).next().expect("a module");
        let Some((_, may)) = allowed.iter().find(|(m, _)| *m == module) else { continue };
        for part in text.split("crate::").skip(1) {
            let used: String = part.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
            assert!(used.is_empty() || may.contains(&used.as_str()), "{file} uses crate::{used}");
        }
        assert!(module == "import" || !text.contains("tract_"), "{file} mentions tract");
        assert!(module == "polytope" || !text.contains("highs::"), "{file} mentions HiGHS");
    }
}

/// The exact enumeration is an oracle only as long as it shares no algorithm with what it checks.
#[test]
fn the_oracle_stands_alone() {
    let mut seen = 0;
    for (file, text) in sources().into_iter().filter(|(f, _)| f.starts_with("explore/exact/")) {
        for word in ["polytope", "Walker", "Forms", "::cross", "::split", "::sample", "faer", "highs"] {
            assert!(!text.contains(word), "{file} uses {word}");
        }
        for part in text.split("region::{").skip(1) {
            let names = part.split('}').next().unwrap_or_default();
            for name in names.split(',').map(str::trim) {
                assert!(["HyperplaneId", "Layout", "Pattern"].contains(&name), "{file} uses region::{name}");
            }
        }
        seen += 1;
    }
    assert!(seen >= 5, "{seen} files read");
}

#[test]
fn every_file_says_what_it_is_and_stays_small() {
    for (file, text) in sources() {
        assert!(text.starts_with("//!"), "{file} does not open with a module comment");
        assert!(text.lines().count() <= 600, "{file} has {} lines", text.lines().count());
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        assert!(!code.contains(".unwrap()"), "{file} unwraps");
        for word in ["TO\u{44}O", "FIX\u{4d}E", "todo\u{21}", "unimplemented\u{21}"] {
            assert!(!text.contains(word), "{file} holds {word}");
        }
    }
}
