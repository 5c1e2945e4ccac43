//! `polyaudit.yaml`: precedence, unknown keys, limits, severities, findings set aside, the verdict and its exit code.
//! Source of truth: the numbers of `fixtures/iris-mlp.onnx` over [-1, 1]^4 as the README states them (3,602 regions, at
//! most 19 faces), and the contract's exit codes.

use crate::polyaudit;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::{TempDir, tempdir};

struct Place(TempDir);

struct Outcome {
    code: i32,
    stdout: String,
    stderr: String,
}

impl Outcome {
    fn report(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {}\n{}", self.stdout, self.stderr))
    }

    fn limit(&self, k: usize, key: &str) -> Value {
        self.report()["checks"]["limits"][k][key].clone()
    }

    fn refused(&self, words: &[&str]) {
        assert_eq!((self.code, self.stdout.as_str()), (2, ""), "{}", self.stderr);
        words.iter().for_each(|w| assert!(self.stderr.contains(w), "{w:?} is not in {}", self.stderr));
    }
}

fn fixture(name: &str) -> String {
    format!("{}/fixtures/{name}", env!("CARGO_MANIFEST_DIR"))
}

impl Place {
    fn new() -> Place {
        Place(tempdir().expect("a folder"))
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::write(&path, text).expect("written");
        path
    }

    fn run_with(&self, config: &str, arguments: &[&str], environment: &[(&str, &str)]) -> Outcome {
        self.write("polyaudit.yaml", config);
        let output = polyaudit()
            .current_dir(self.0.path())
            .args(arguments)
            .args(["--format", "json", "-q"])
            .envs(environment.iter().copied())
            .output()
            .expect("the program runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("utf-8");
        Outcome {
            code: output.status.code().expect("a code"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// Audits the iris network, enumerated, under a configuration.
    fn iris(&self, config: &str, arguments: &[&str]) -> Outcome {
        self.run_with(config, &[&[fixture("iris-mlp.onnx").as_str()], arguments].concat(), &[])
    }
}

#[test]
fn a_flag_wins_over_the_environment_over_the_file_over_the_default() {
    let place = Place::new();
    let config = "domain: [-0.5, 0.5]\nmethod: sample\nsamples: 20\nseed: 7\n";
    let model = fixture("iris-mlp.onnx");
    let seed = |outcome: &Outcome| outcome.report()["settings"]["seed"].as_u64();
    let file = place.run_with(config, &[&model], &[]);
    assert_eq!(seed(&file), Some(7));
    assert_eq!(file.report()["settings"]["domain"]["lo"], -0.5);
    assert_eq!(file.report()["summary"]["samples"], 20);
    assert_eq!(seed(&place.run_with(config, &[&model], &[("POLYAUDIT_SEED", "8")])), Some(8));
    assert_eq!(seed(&place.run_with(config, &[&model, "--seed", "9"], &[("POLYAUDIT_SEED", "8")])), Some(9));
    assert_eq!(
        seed(&place.run_with("domain: [0, 1]\n", &[&model, "--samples", "5", "--method", "sample"], &[])),
        Some(0)
    );
    let other = place.write("other.yaml", "domain: [0, 1]\nmethod: sample\nsamples: 5\n");
    let asked = place.run_with(config, &[&model, "--config", other.to_str().expect("utf-8")], &[]);
    assert_eq!(asked.report()["settings"]["domain"]["lo"], 0.0);
}

#[test]
fn unknown_keys_are_errors_that_name_the_nearest() {
    let place = Place::new();
    for (config, words) in [
        ("domian: [0, 1]\n", &["polyaudit.yaml", "unknown key domian", "\"domain\""][..]),
        ("limits:\n- metric: regions\n  maximum: 3\n", &["limits[0].maximum", "\"max\""]),
        ("limits:\n- metric: regions\n", &["limits[0] (regions) states no limit"]),
        ("limits:\n- max: 3\n", &["limits[0] has no metric"]),
        ("limits:\n- {metric: regions, max_increase: -1}\n", &["limits[0].max_increase is negative"]),
        ("ignore:\n- code: tail-cut\n", &["ignore[0] (tail-cut) has no reason"]),
        ("ignore:\n- {code: tail-cat, reason: known}\n", &["\"tail-cat\"", "\"tail-cut\""]),
        ("ignore:\n- {code: limit-broken, reason: known}\n", &["cannot be ignored"]),
        ("severities: {domain-not-stated: fatal}\n", &["fatal"]),
        ("severities: {domain-unstated: error}\n", &["\"domain-not-stated\""]),
        ("method: smaple\n", &["polyaudit.yaml", "smaple", "--method"]),
        ("seed: [1, 2]\n", &["polyaudit.yaml", "--seed"]),
        ("allow_mismatch: maybe\n", &["allow_mismatch: expected true or false"]),
        ("- 3\n", &["expected `key: value` lines"]),
        ("a: [\n", &["not YAML"]),
    ] {
        place.iris(config, &[]).refused(words);
    }
    place.iris("", &["--config", "absent.yaml"]).refused(&["absent.yaml: cannot be read"]);
}

#[test]
fn limits_on_counts() {
    let place = Place::new();
    let config =
        "domain: [-1, 1]\nlimits:\n- {metric: faces.total.max, max: 19}\n- {metric: summary.regions, min: 3602}\n";
    let good = place.iris(config, &[]);
    assert_eq!((good.code, good.report()["checks"]["verdict"].as_str()), (0, Some("pass")));
    assert_eq!((good.limit(0, "outcome"), good.limit(0, "value")), ("holds".into(), 19.0.into()));
    let bad = place.iris("domain: [-1, 1]\nlimits:\n- {metric: faces.total.max, max: 18}\n", &[]);
    assert_eq!((bad.code, bad.report()["checks"]["verdict"].as_str()), (1, Some("fail")));
    assert_eq!(bad.report()["findings"][0]["code"], "limit-broken");
    let mild = "domain: [-1, 1]\nlimits:\n- {metric: faces.total.max, max: 18, severity: warning}\n";
    assert_eq!(place.iris(mild, &[]).code, 0);
    assert_eq!(place.iris(mild, &["--fail-on", "warning"]).code, 1);
    assert_eq!(place.iris(&mild.replace("warning", "error"), &["--fail-on", "never"]).code, 0);
    let elsewhere = "domain: [-1, 1]\nlimits:\n- {metric: faces.total.max, max: 18, model: \"big-*\"}\n";
    assert_eq!(place.iris(elsewhere, &[]).code, 0);
}

#[test]
fn a_missing_metric_fails_and_a_lower_bound_passes_no_maximum() {
    let place = Place::new();
    let sampled = ["--method", "sample", "--samples", "200", "--domain", "-1,1"];
    let missing = place.iris("limits:\n- {metric: regions, max: 1000000}\n", &sampled);
    assert_eq!((missing.code, missing.limit(0, "outcome")), (1, "missing".into()));
    assert!(missing.limit(0, "detail").as_str().expect("words").contains("nearest is regions_found"));
    let bound = |limit: &str| place.iris(&format!("limits:\n- {{metric: regions_found, {limit}}}\n"), &sampled);
    assert_eq!(bound("max: 1000000").limit(0, "outcome"), "undecided");
    assert_eq!(bound("max: 1000000").code, 1);
    assert_eq!(bound("max: 3").limit(0, "outcome"), "broken");
    assert_eq!((bound("min: 3").limit(0, "outcome"), bound("min: 3").code), ("holds".into(), 0));
    let largest = place.iris("limits:\n- {metric: faces.total.max, max: 1000}\n", &sampled);
    assert_eq!(largest.limit(0, "outcome"), "undecided");
    let partial = ["--method", "enumerate", "--max-regions", "50", "--domain", "-1,1"];
    let part = place.iris("require_complete: true\nlimits:\n- {metric: faces.total.mean, max: 1000}\n", &partial);
    assert_eq!((part.code, part.limit(0, "outcome")), (1, "undecided".into()));
    let codes: Vec<Value> =
        part.report()["findings"].as_array().expect("rows").iter().map(|f| f["code"].clone()).collect();
    assert!(codes.contains(&"not-complete".into()) && codes.contains(&"limit-broken".into()), "{codes:?}");
}

#[test]
fn sampled_numbers_are_compared_as_intervals() {
    let place = Place::new();
    let sampled = ["--method", "sample", "--samples", "400", "--domain", "-1,1"];
    let mean = |limit: String| place.iris(&format!("limits:\n- {{metric: faces.total.mean, {limit}}}\n"), &sampled);
    let report = mean("max: 1000".into()).report();
    let faces = &report["summary"]["faces"]["total"];
    let at = |key: &str| faces[key].as_f64().expect("a number");
    assert_eq!(mean(format!("max: {}", at("mean_high"))).limit(0, "outcome"), "holds");
    let inside = mean(format!("max: {}", (at("mean") + at("mean_low")) / 2.0));
    assert_eq!((inside.limit(0, "outcome"), inside.code), ("within-noise".into(), 0));
    assert_eq!(mean(format!("max: {}", at("mean_low") - 0.01)).limit(0, "outcome"), "broken");
    assert_eq!(mean(format!("min: {}", at("mean_high") + 0.01)).limit(0, "outcome"), "broken");
}

#[test]
fn changes_against_a_baseline() {
    let place = Place::new();
    let baseline = |model: &str, arguments: &[&str]| {
        let outcome = place.run_with("", &[&[fixture(model).as_str()], arguments].concat(), &[]);
        place.write("baseline.json", &outcome.stdout);
    };
    let domain = ["--domain", "-1,1"];
    baseline("iris-plain.onnx", &domain);
    let report: Value =
        serde_json::from_str(&fs::read_to_string(place.0.path().join("baseline.json")).expect("a file")).expect("json");
    let (old, new) = (report["summary"]["regions"].as_f64().expect("regions"), 3602.0);
    assert!(old < new, "{old}");
    let with = |limit: String| {
        let config = format!("domain: [-1, 1]\nbaseline: baseline.json\nlimits:\n- {{metric: regions, {limit}}}\n");
        let outcome = place.iris(&config, &[]);
        (outcome.limit(0, "outcome").as_str().expect("a word").to_string(), outcome.code)
    };
    let holds = ("holds".to_string(), 0);
    let broken = ("broken".to_string(), 1);
    assert_eq!(with(format!("max_increase: {}", new - old)), holds);
    assert_eq!(with(format!("max_increase: {}", new - old - 1.0)), broken);
    assert_eq!(with("max_decrease: 0".into()), holds);
    let percent = 100.0 * (new - old) / old;
    assert_eq!(with(format!("max_increase_pct: {}", percent + 0.01)), holds);
    assert_eq!(with(format!("max_increase_pct: {}", percent - 0.01)), broken);
    let zero = "domain: [-1, 1]\nbaseline: baseline.json\nlimits:\n- {metric: undecided, max_increase_pct: 10}\n";
    assert!(place.iris(zero, &[]).limit(0, "detail").as_str().expect("words").contains("the baseline is 0"));
    let alone = place.iris("domain: [-1, 1]\nlimits:\n- {metric: regions, max_increase: 1}\n", &[]);
    assert_eq!((alone.code, alone.limit(0, "outcome")), (1, "missing".into()));
    baseline("iris-plain.onnx", &["--domain", "0,1"]);
    let gate = "domain: [-1, 1]\nbaseline: baseline.json\nlimits:\n- {metric: regions, max_increase: 1000000}\n";
    place.iris(gate, &[]).refused(&["settings.domain.lo: 0.0 and -1.0", "--allow-mismatch"]);
    assert_eq!(place.iris(gate, &["--allow-mismatch"]).code, 0);
}

#[test]
fn severities_and_findings_set_aside() {
    let place = Place::new();
    assert_eq!(place.iris("severities: {domain-not-stated: error}\n", &[]).code, 1);
    let ignored = place
        .iris("severities: {domain-not-stated: error}\nignore:\n- {code: domain-not-stated, reason: a test}\n", &[]);
    assert_eq!(ignored.code, 0);
    assert_eq!(ignored.report()["checks"]["ignored"][0]["reason"], "a test");
    let stale = "domain: [-1, 1]\nignore:\n- {code: tail-cut, reason: once}\n";
    let outcome = place.iris(stale, &[]);
    assert_eq!(outcome.code, 0);
    assert!(outcome.stdout.contains("stale-ignore") && outcome.stdout.contains("once"), "{}", outcome.stdout);
    let failing = place.iris(stale, &["--fail-on", "warning"]);
    assert_eq!((failing.code, &failing.report()["checks"]["verdict"]), (1, &"fail".into()));
    let told = failing.report()["findings"].as_array().is_some_and(|f| f.iter().any(|f| f["code"] == "stale-ignore"));
    assert!(told, "{}", failing.stdout);
    let page = place.write("page.html", "");
    place.iris(
        "ignore:\n- {code: domain-not-stated, reason: known to all}\n",
        &["-o", "report.json", "-o", page.to_str().expect("utf-8")],
    );
    assert!(fs::read_to_string(page).expect("a page").contains("because: known to all"));
}

#[test]
fn never_changes_the_exit_code_and_no_verdict() {
    let place = Place::new();
    let config = "domain: [-1, 1]\nlimits:\n- {metric: faces.total.max, max: 1}\n";
    let outcome = place.iris(config, &["--fail-on", "never"]);
    assert_eq!((outcome.code, &outcome.report()["checks"]["verdict"]), (0, &"fail".into()));
    let refused = fixture("refused/sign.onnx");
    let outcome = place.run_with("domain: [-1, 1]\n", &[&refused, "--fail-on", "never"], &[]);
    assert_eq!((outcome.code, &outcome.report()["checks"]["verdict"]), (3, &"fail".into()));
}

#[test]
fn remarkable_units_are_findings_that_can_be_gated() {
    let place = Place::new();
    let plain = fixture("iris-plain.onnx");
    let run = |config: &str| place.run_with(config, &[&plain], &[]);
    let outcome = run("domain: [-1, 1]\nseverities: {dead-units: error}\n");
    assert_eq!(outcome.code, 1, "{}", outcome.stderr);
    let report = outcome.report();
    let finding = |code: &str| {
        let all = report["findings"].as_array().expect("findings");
        all.iter().find(|f| f["code"] == code).unwrap_or_else(|| panic!("no {code} in {all:?}")).clone()
    };
    for (code, list) in [("dead-units", "never_active"), ("always-active-units", "always_active")] {
        let message = finding(code)["message"].as_str().expect("words").to_string();
        let units = report["attribution"][list].as_array().expect("a list");
        assert!(!units.is_empty() && units.iter().all(|u| message.contains(u.as_str().expect("a name"))), "{message}");
    }
    let double = fixture("geometry/double-units-d2.onnx");
    let outcome = place.run_with("domain: [-1, 1]\n", &[&double], &[]);
    assert!(outcome.stdout.contains("not-in-general-position"), "{}", outcome.stderr);
}

#[test]
fn a_misspelt_variable_is_an_error_that_names_the_setting() {
    let place = Place::new();
    let model = fixture("iris-mlp.onnx");
    let outcome = place.run_with("domain: [-1, 1]\n", &[&model], &[("POLYAUDIT_SEDE", "4")]);
    outcome.refused(&["POLYAUDIT_SEDE", "did you mean POLYAUDIT_SEED"]);
    place.run_with("method: sampel\n", &[&model], &[]).refused(&["sampel", "sample'"]);
}

#[test]
fn a_failed_check_never_hides_a_worse_exit_code() {
    let place = Place::new();
    let refused = fixture("refused");
    let model = fs::read_dir(refused).expect("a folder").map(|e| e.expect("an entry").path());
    let model = model.into_iter().find(|p| p.extension().is_some_and(|e| e == "onnx")).expect("a model");
    let config = "domain: [-1, 1]\nlimits:\n- {metric: faces.total.max, max: 1}\n";
    assert_eq!(place.iris(config, &[model.to_str().expect("utf-8")]).code, 3);
    assert_eq!(place.iris(config, &["absent.onnx"]).code, 2);
    assert_eq!(place.iris(config, &["absent.onnx", "--fail-on", "never"]).code, 2);
}

#[test]
fn init_writes_a_file_that_works_and_replaces_none() {
    let folder = tempdir().expect("a folder");
    let run = |arguments: &[&str]| {
        let output = polyaudit().current_dir(folder.path()).args(arguments).output().expect("the program runs");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    assert_eq!(run(&["init"]).0, Some(0));
    assert!(Path::exists(&folder.path().join("polyaudit.yaml")));
    let (code, stderr) = run(&["init"]);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("--force"), "{stderr}");
    assert_eq!(run(&["init", "--force"]).0, Some(0));
    let (code, stderr) = run(&[&fixture("iris-mlp.onnx")]);
    assert_eq!(code, Some(0), "{stderr}");
    assert!(stderr.contains("verdict: pass, 1 of 1 limits hold"), "{stderr}");
    // Each line of the template that is commented out is a setting that works, too.
    let text = fs::read_to_string(folder.path().join("polyaudit.yaml")).expect("a file");
    for key in ["method", "samples", "seed", "max_regions", "time_limit", "baseline", "limits", "severities", "ignore"]
    {
        assert!(text.contains(&format!("{key}:")), "{key}");
    }
}
