//! Plugins that misbehave: each is told apart in words, none holds the program up, none touches the audit's own result.
//! Source of truth: the report without plugins.

use crate::plugins::{Outcome, Place};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;
use std::time::{Duration, Instant};

/// Far above what any of these takes, far below a hang.
const SOON: Duration = Duration::from_secs(30);

/// Runs the plugin at `folder`; it must fail in these words, with exit code 2, and leave the report as it is.
fn fails(place: &Place, folder: &Path, words: &str) -> Outcome {
    let begun = Instant::now();
    let outcome = place.audit(&["--plugin", folder.to_str().expect("utf-8"), "--plugin-timeout", "2"]);
    assert!(begun.elapsed() < SOON, "{words}: {:?}", begun.elapsed());
    assert_eq!(outcome.code, 2, "{words}: {}", outcome.stderr);
    assert!(outcome.stderr.contains(words), "{words}: {}", outcome.stderr);
    let mut report = outcome.report();
    let findings = report["findings"].as_array().expect("findings").clone();
    assert!(findings.iter().any(|f| f["code"] == "plugin-failed" && f["severity"] == "error"), "{words}");
    assert!(findings.iter().all(|f| f["code"] == "plugin-failed"), "{words}: nothing of its answer is taken");
    report["findings"] = json!([]);
    report.as_object_mut().expect("an object").remove("plugins");
    assert_eq!(report, place.audit(&[]).report(), "{words}: the audit's own result");
    outcome
}

/// Whether the process whose number the file holds is gone, a little later.
fn gone(file: &Path) -> bool {
    let number = fs::read_to_string(file).expect("a process number");
    let place = format!("/proc/{}/stat", number.trim());
    let dead = |text: String| text.rsplit(") ").next().is_some_and(|rest| rest.starts_with('Z'));
    (0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        fs::read_to_string(&place).map_or(true, dead)
    })
}

#[test]
fn one_that_hangs_or_does_not_read() {
    let place = Place::new();
    let hangs = place.script("", "hangs", "check", "cat >/dev/null; sleep 300");
    fails(&place, &hangs, "no answer within 2 s");
    let closes = place.script("", "closes", "check", "exec >&- 2>&-; sleep 300");
    fails(&place, &closes, "no answer within 2 s");
    let deaf = place.script("", "deaf", "check", "exec <&-; echo '[]'");
    assert_eq!(place.audit(&["--plugin", deaf.to_str().expect("utf-8")]).code, 0, "an answer needs no reading");
}

#[test]
fn one_that_floods_either_stream() {
    let place = Place::new();
    let flood = place.script("", "flood", "check", "yes");
    fails(&place, &flood, "it wrote more than 64 MiB");
    let noise = place.script("", "noise", "check", "yes >&2");
    let outcome = fails(&place, &noise, "no answer within 2 s");
    assert!(outcome.stderr.len() < 8192, "{} bytes", outcome.stderr.len());
}

#[test]
fn one_that_exits_well_with_rubbish_or_badly_with_an_answer() {
    let place = Place::new();
    for (k, answer) in ["rubbish", "{}", "", "[1]", "[] []", "[{\"code\": \"a\"}]"].iter().enumerate() {
        let rubbish = place.script("", &format!("rubbish-{k}"), "check", &format!("printf '%s' '{answer}'"));
        fails(&place, &rubbish, "its answer is not a JSON list of findings");
    }
    let binary = place.script("", "binary", "check", "head -c 4096 /dev/urandom");
    fails(&place, &binary, "its answer is not a JSON list of findings");
    let escape = r#"[{"code": "a", "severity": "info", "message": "\u001b[2J"}]"#;
    let escape = place.script("", "escape", "check", &format!("printf '%s' '{escape}'"));
    fails(&place, &escape, "control characters");
    let bad = place.script("", "bad-exit", "check", "echo '[]'; exit 3");
    fails(&place, &bad, "exit status: 3");
    let killed = place.script("", "killed", "check", "echo '[]'; kill -9 $$");
    fails(&place, &killed, "signal: 9");
}

#[test]
fn one_that_forks() {
    let place = Place::new();
    let forks = place.script("", "forks", "check", "sleep 300 & echo $! > \"$POLYAUDIT_PLUGIN_FOLDER/pid\"; wait");
    fails(&place, &forks, "no answer within 2 s");
    assert!(gone(&forks.join("pid")), "what it started ends with it");
    let leaves = "sleep 300 & echo $! > \"$POLYAUDIT_PLUGIN_FOLDER/pid\"; echo '[]'";
    let leaves = place.script("", "leaves", "check", leaves);
    let begun = Instant::now();
    assert_eq!(place.audit(&["--plugin", leaves.to_str().expect("utf-8")]).code, 0);
    assert!(begun.elapsed() < SOON && gone(&leaves.join("pid")), "what it left behind ends with it");
    let detaches = "setsid sh -c 'echo $$ > \"$POLYAUDIT_PLUGIN_FOLDER/pid\"; exec sleep 60' & \
                    while [ ! -s \"$POLYAUDIT_PLUGIN_FOLDER/pid\" ]; do sleep 0.05; done; echo '[]'";
    let detaches = place.script("", "detaches", "check", detaches);
    fails(&place, &detaches, "left a process behind that holds its output open");
    let number = fs::read_to_string(detaches.join("pid")).expect("a process number");
    std::process::Command::new("kill").arg(number.trim()).status().expect("ended");
}

#[test]
fn one_that_prints_secrets_to_stderr() {
    let place = Place::new();
    let script = "echo EARLY-SECRET >&2; i=0; while [ $i -lt 2000 ]; do echo line $i >&2; i=$((i+1)); done; \
                  printf '\\033[31mLATE\\n' >&2; exit 1";
    let tells = place.script("", "tells", "check", script);
    let outcome = fails(&place, &tells, "the end of its standard error");
    assert!(!outcome.stderr.contains("EARLY-SECRET") && !outcome.stdout.contains("LATE"));
    assert!(outcome.stderr.contains("\\u{1b}[31mLATE"), "what could steer a terminal is made visible");
    assert!(outcome.stderr.lines().filter(|l| l.starts_with("  | ")).count() <= 20);
    let quiet = place.script("", "quiet", "check", "echo SECRET >&2; echo '[]'");
    let outcome = place.audit(&["--plugin", quiet.to_str().expect("utf-8")]);
    assert!(outcome.code == 0 && !outcome.stderr.contains("SECRET"), "shown on failure only");
}

#[test]
fn one_whose_manifest_is_wrong() {
    let place = Place::new();
    let good = "name: own\nversion: '1'\nprotocol: 1\nkind: check\ncommand: [sh, '{folder}/run.sh']\nsummary: s\n";
    let cases = [
        ("a", good.replace("protocol: 1", "protocol: 99\nnovelty: yes"), "it speaks protocol 99"),
        ("b", good.replace("protocol: 1\n", ""), "states no protocol"),
        ("c", good.replace("summary: s", "summary: s\nextra: 1"), "unknown field `extra`"),
        ("d", good.replace("name: own", "name: ../own"), "its name must be"),
        ("e", good.replace("[sh, '{folder}/run.sh']", "[]"), "its command is empty"),
        ("f", good.replace("[sh,", "[no-such-program,"), "no-such-program is not on PATH"),
        ("g", good.replace("[sh,", "[./run.sh,"), "not an executable file"),
        ("h", good.replace("kind: check", "kind: importer"), "unknown variant `importer`"),
        ("i", "x: [".into(), "its manifest is not YAML"),
        ("j", format!("{good}#{}", "x".repeat(70_000)), "longer than 64 KiB"),
        ("k", good.replace("summary: s", "summary: \"\\e[2J\""), "its summary must be one line"),
    ];
    for (folder, manifest, words) in cases {
        fails(&place, &place.plugin(folder, &manifest, "echo '[]'"), words);
    }
}

#[test]
fn one_that_is_a_link_to_nowhere_or_no_file() {
    let place = Place::new();
    let link = place.path().join("link");
    symlink(place.path().join("nowhere"), &link).expect("a link");
    fails(&place, &link, "is a link that leads nowhere");
    let manifest = place.script("", "manifest", "check", "echo '[]'");
    fs::remove_file(manifest.join("plugin.yaml")).expect("removed");
    symlink("nowhere.yaml", manifest.join("plugin.yaml")).expect("a link");
    fails(&place, &manifest, "is a link that leads nowhere");
    fs::remove_file(manifest.join("plugin.yaml")).expect("removed");
    fails(&place, &manifest, "plugin.yaml: No such file");
    let status = std::process::Command::new("mkfifo").arg(manifest.join("plugin.yaml")).status();
    assert!(status.expect("mkfifo").success());
    fails(&place, &manifest, "is not a regular file");
    let dir = place.path().to_str().expect("utf-8");
    let listing = place.run(&["plugins", "list", "--plugin-dir", dir], &[]);
    assert!(listing.code == 0 && listing.stdout.contains("leads nowhere"), "{}", listing.stdout);
}

#[test]
fn one_that_anyone_may_write_to() {
    let place = Place::new();
    let open = place.script("", "open", "check", "echo '[]'");
    let mode = |path: &Path, mode: u32| fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
    for (path, closed) in [(open.clone(), 0o755), (open.join("plugin.yaml"), 0o644), (open.join("run.sh"), 0o644)] {
        mode(&path, closed | 0o002);
        fails(&place, &open, "anyone may write to");
        mode(&path, closed);
    }
    assert_eq!(place.audit(&["--plugin", open.to_str().expect("utf-8")]).code, 0);
}

#[test]
fn a_renderer_that_fails_writes_nothing() {
    let place = Place::new();
    let fails = place.script("", "fails", "render", "echo half; exit 1");
    let file = place.text("out");
    fs::write(&file, "before").expect("written");
    let outcome = place.audit(&["--plugin", &format!("{}={file}", fails.display())]);
    assert_eq!((outcome.code, fs::read_to_string(&file).expect("a file").as_str()), (2, "before"));
    assert_eq!(outcome.report()["summary"], place.audit(&[]).report()["summary"]);
}

#[test]
fn an_interrupt_ends_a_plugin_too() {
    let place = Place::new();
    let waits = "echo $$ > \"$POLYAUDIT_PLUGIN_FOLDER/pid\"; sleep 300";
    let waits = place.script("", "waits", "check", waits);
    let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_polyaudit"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args([crate::plugins::MODEL, "--domain", "-1,1", "-q", "--format", "json", "--plugin"])
        .arg(&waits)
        .stdout(std::process::Stdio::piped())
        .spawn()
        .expect("the program runs");
    let begun = Instant::now();
    while !waits.join("pid").exists() && begun.elapsed() < SOON {
        std::thread::sleep(Duration::from_millis(20));
    }
    std::thread::sleep(Duration::from_millis(100));
    std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("sent");
    let mut text = String::new();
    use std::io::Read;
    child.stdout.take().expect("stdout").read_to_string(&mut text).expect("utf-8");
    assert_eq!(child.wait().expect("an end").code(), Some(130));
    assert!(begun.elapsed() < SOON && gone(&waits.join("pid")));
    let report: Value = serde_json::from_str(&text).expect("the report is written");
    assert_eq!(report["status"]["state"], "complete");
}
