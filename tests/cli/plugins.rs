//! Plugins as their writers and users meet them: lookup, envelope, answers, provenance, subcommands.
//! Source of truth: the committed schema of the protocol, and the report without plugins.

use crate::polyaudit;
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::{TempDir, tempdir};

pub const MODEL: &str = "fixtures/geometry/ngon-5.onnx";
const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A place for plugins, away from those of the machine.
pub struct Place {
    folder: TempDir,
}

pub struct Outcome {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Outcome {
    pub fn report(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|e| panic!("{e}: {}\n{}", self.stdout, self.stderr))
    }
}

impl Place {
    pub fn new() -> Place {
        Place { folder: tempdir().expect("a folder") }
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn text(&self, name: &str) -> String {
        self.path().join(name).to_str().expect("utf-8").into()
    }

    /// A plugin `name` in the folder `at` whose command is a shell script.
    pub fn script(&self, at: &str, name: &str, kind: &str, script: &str) -> PathBuf {
        let manifest = format!(
            "name: {name}\nversion: 1.2.3\nprotocol: 1\nkind: {kind}\nneeds: [ir]\ncommand: [sh, '{{folder}}/run.sh']\nsummary: made by a test\n"
        );
        self.plugin(&format!("{at}/{name}"), &manifest, script)
    }

    pub fn plugin(&self, at: &str, manifest: &str, script: &str) -> PathBuf {
        let folder = self.path().join(at.trim_start_matches('/'));
        fs::create_dir_all(&folder).expect("a folder");
        fs::write(folder.join("plugin.yaml"), manifest).expect("written");
        fs::write(folder.join("run.sh"), script).expect("written");
        folder
    }

    /// Runs the program where only this place's `data` folder is looked in by itself.
    pub fn run(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Outcome {
        let mut command = polyaudit();
        command.env("XDG_DATA_HOME", self.path().join("data")).env_remove("POLYAUDIT_PLUGIN_PATH").args(arguments);
        environment.iter().for_each(|(k, v)| {
            command.env(k, v);
        });
        let output = command.output().expect("the program runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("utf-8");
        Outcome {
            code: output.status.code().expect("an exit code"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    }

    /// Audits the model with these further arguments; the report is JSON.
    pub fn audit(&self, arguments: &[&str]) -> Outcome {
        let fixed = [MODEL, "--domain", "-1,1", "-q", "--format", "json"];
        self.run(&[&fixed, arguments].concat(), &[])
    }
}

fn validator(definition: &str) -> jsonschema::Validator {
    let text = fs::read_to_string(format!("{ROOT}/docs/plugins.schema.json")).expect("a schema");
    let mut schema: Value = serde_json::from_str(&text).expect("json");
    schema["$ref"] = json!(format!("#/$defs/{definition}"));
    jsonschema::validator_for(&schema).expect("a schema")
}

fn fits(definition: &str, value: &Value) {
    let errors: Vec<String> =
        validator(definition).iter_errors(value).map(|e| format!("{e} at {}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{definition}: {errors:?}");
}

const FINDING: &str = r#"[{"code": "seen", "severity": "warning", "message": "m"}]"#;

#[test]
fn the_envelope_fits_the_schema_and_holds_the_published_report() {
    let place = Place::new();
    let plugin = place.script("here", "keep", "check", "cat > \"$POLYAUDIT_PLUGIN_FOLDER/envelope\"; echo '[]'");
    let name = plugin.to_str().expect("utf-8");
    let outcome = place.audit(&["--plugin", name, "--plugin-config", &format!("{name}={{a: [1, x]}}")]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    let text = fs::read_to_string(plugin.join("envelope")).expect("an envelope");
    assert_eq!(text.lines().count(), 1);
    let envelope: Value = serde_json::from_str(&text).expect("json");
    fits("envelope", &envelope);
    assert_eq!(envelope["config"], json!({"a": [1, "x"]}));
    assert_eq!(envelope["ir"]["nodes"][2]["units"], 5);
    assert_eq!(envelope["ir"]["path"], json!(format!("{ROOT}/{MODEL}")));
    assert_eq!(envelope["report"], outcome.report());
}

#[test]
fn a_refused_model_has_a_report_and_no_structure() {
    let place = Place::new();
    let plugin = place.script("here", "keep", "check", "cat > \"$POLYAUDIT_PLUGIN_FOLDER/envelope\"; echo '[]'");
    let outcome = place.run(&["fixtures/refused/sign.onnx", "-q", "--plugin", plugin.to_str().expect("utf-8")], &[]);
    assert_eq!(outcome.code, 3);
    let envelope: Value =
        serde_json::from_str(&fs::read_to_string(plugin.join("envelope")).expect("an envelope")).expect("json");
    fits("envelope", &envelope);
    assert!(envelope.get("ir").is_none());
}

#[test]
fn findings_are_merged_and_what_ran_is_in_the_report() {
    let place = Place::new();
    let plugin = place.script("here", "own", "check", &format!("cat >/dev/null; echo '{FINDING}'"));
    let outcome = place.audit(&["--plugin", plugin.to_str().expect("utf-8")]);
    assert_eq!(outcome.code, 0);
    let report = outcome.report();
    assert_eq!(report["findings"][0]["code"], "own/seen");
    let row = &report["plugins"][0];
    assert_eq!((&row["name"], &row["version"], &row["kind"]), (&json!("own"), &json!("1.2.3"), &json!("check")));
    let sum = std::process::Command::new("sha256sum").arg(plugin.join("plugin.yaml")).output().expect("sha256sum");
    let sum = String::from_utf8(sum.stdout).expect("utf-8");
    assert_eq!(row["manifest"], json!(format!("sha256:{}", sum.split(' ').next().expect("a hash"))));
    let schema: Value = serde_json::from_str(&place.run(&["schema"], &[]).stdout).expect("json");
    assert!(jsonschema::validator_for(&schema).expect("a schema").is_valid(&report));
    let mut own = report.clone();
    own["findings"] = json!([]);
    own.as_object_mut().expect("an object").remove("plugins");
    assert_eq!(own, place.audit(&[]).report());
}

#[test]
fn the_template_gates_and_never_makes_a_failing_audit_green() {
    let place = Place::new();
    let with = |most: &str| {
        let config = format!("plugins/template={{max_faces: {most}}}");
        place.audit(&["--plugin", "plugins/template", "--plugin-config", &config]).code
    };
    assert_eq!((with("3"), with("50")), (1, 0));
    let partial = [
        "fixtures/iris-mlp.onnx",
        "--domain",
        "-1,1",
        "-q",
        "--max-regions=50",
        "--plugin",
        "complete",
        "--method",
        "enumerate",
    ];
    assert_eq!(place.run(&partial, &[]).code, 1);
    assert_eq!(place.run(&[&partial[..], &["--plugin", "plugins/template"]].concat(), &[]).code, 1);
    let outcome = place.run(&["fixtures/refused/sign.onnx", "-q", "--plugin", "plugins/template"], &[]);
    assert_eq!(outcome.code, 3);
}

#[test]
fn names_are_looked_up_in_order_and_what_is_hidden_is_told() {
    let place = Place::new();
    for (at, code) in [("flag", "from-flag"), ("env", "from-env"), ("data/polyaudit/plugins", "from-data")] {
        let answer = format!(r#"cat >/dev/null; echo '[{{"code": "{code}", "severity": "info", "message": "m"}}]'"#);
        place.script(at, "own", "check", &answer);
    }
    let env = place.text("env");
    let fixed = [MODEL, "--domain", "-1,1", "-q", "--format", "json", "--plugin", "own"];
    let code = |outcome: Outcome| outcome.report()["findings"][0]["code"].as_str().expect("a code").to_string();
    assert_eq!(code(place.run(&fixed, &[])), "own/from-data");
    let outcome = place.run(&fixed, &[("POLYAUDIT_PLUGIN_PATH", &env)]);
    assert!(outcome.stderr.contains("hides"), "{}", outcome.stderr);
    assert_eq!(code(outcome), "own/from-env");
    let flag = place.text("flag");
    let outcome = place.run(&[&fixed[..], &["--plugin-dir", &flag]].concat(), &[("POLYAUDIT_PLUGIN_PATH", &env)]);
    assert_eq!(outcome.stderr.matches("hides").count(), 2, "{}", outcome.stderr);
    assert_eq!(code(outcome), "own/from-flag");
}

#[test]
fn a_program_on_path_is_the_last_resort_and_states_its_manifest() {
    let place = Place::new();
    let bin = place.path().join("bin");
    fs::create_dir_all(&bin).expect("a folder");
    let program = bin.join("polyaudit-own");
    let manifest = "name: own\\nversion: 7.0.0\\nprotocol: 1\\nkind: check\\nsummary: s\\n";
    let script = format!(
        "#!/bin/sh\nif [ \"$1\" = --plugin-manifest ]; then printf '{manifest}'; else cat >/dev/null; echo '{FINDING}'; fi\n"
    );
    fs::write(&program, script).expect("written");
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).expect("executable");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").expect("PATH"));
    let arguments = [MODEL, "--domain", "-1,1", "-q", "--format", "json", "--plugin", "own"];
    let outcome = place.run(&arguments, &[("PATH", &path)]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert_eq!(outcome.report()["findings"][0]["code"], "own/seen");
    assert_eq!(outcome.report()["plugins"][0]["version"], "7.0.0");
}

#[test]
fn nothing_is_loaded_from_the_working_directory_unasked() {
    let place = Place::new();
    place.script("", "own", "check", &format!("touch \"$POLYAUDIT_PLUGIN_FOLDER/ran\"; echo '{FINDING}'"));
    let model = format!("{ROOT}/{MODEL}");
    for environment in [vec![], vec![("POLYAUDIT_PLUGIN_PATH", ".:")], vec![("XDG_DATA_HOME", ".")]] {
        let mut command = polyaudit();
        command.current_dir(place.path()).env("HOME", place.path().join("nobody")).env_remove("XDG_DATA_HOME");
        command.args([&model, "--plugin", "own", "-q"]).env_remove("POLYAUDIT_PLUGIN_PATH").envs(environment);
        let output = command.output().expect("the program runs");
        assert_eq!(output.status.code(), Some(2));
        assert!(output.stdout.is_empty(), "a name that leads nowhere is a usage error at once");
        assert!(String::from_utf8_lossy(&output.stderr).contains("no plugin own"));
    }
    assert!(!place.path().join("own/ran").exists());
}

#[test]
fn a_configuration_chooses_by_name_with_settings_of_its_own() {
    let place = Place::new();
    let script = "cat > \"$POLYAUDIT_PLUGIN_FOLDER/envelope\"; echo '[]'";
    let plugin = place.script("data/polyaudit/plugins", "own", "check", script);
    let beside = place.script("", "beside", "check", "touch \"$POLYAUDIT_PLUGIN_FOLDER/ran\"; echo '[]'");
    let model = format!("{ROOT}/{MODEL}");
    let run = |config: &str, arguments: &[&str]| {
        fs::write(place.path().join("polyaudit.yaml"), config).expect("written");
        let mut command = polyaudit();
        command.current_dir(place.path()).env("XDG_DATA_HOME", place.path().join("data"));
        command.env_remove("POLYAUDIT_PLUGIN_PATH").args([&model, "-q", "--format", "json"]).args(arguments);
        let output = command.output().expect("the program runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("utf-8");
        Outcome {
            code: output.status.code().expect("a code"),
            stdout: text(output.stdout),
            stderr: text(output.stderr),
        }
    };
    let config = "domain: [-1, 1]\nplugins:\n- name: own\n  config: {a: [1, 2]}\n- {name: absent, optional: true}\n";
    let outcome = run(config, &[]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("no plugin absent") && outcome.stderr.contains("it is optional"));
    let envelope = fs::read_to_string(plugin.join("envelope")).expect("an envelope");
    let envelope: Value = serde_json::from_str(&envelope).expect("json");
    assert_eq!(envelope["config"], json!({"a": [1, 2]}));
    assert_eq!(outcome.report()["plugins"].as_array().expect("rows").len(), 1);
    let outcome = run("plugins:\n- name: absent\n", &[]);
    assert!(outcome.code == 2 && outcome.stderr.contains("no plugin absent"), "{}", outcome.stderr);
    let outcome = run("plugins:\n- name: ./beside\n", &[]);
    assert_eq!(outcome.code, 2, "a file that is merely found starts nothing beside it");
    assert!(!beside.join("ran").exists());
    let outcome = run("plugins:\n- name: ./beside\n", &["--config", "polyaudit.yaml"]);
    assert!(outcome.code == 0 && beside.join("ran").exists(), "{}", outcome.stderr);
    let seen = r#"cat >/dev/null; echo '[{"code": "seen", "severity": "warning", "message": "m"}]'"#;
    place.script("data/polyaudit/plugins", "warns", "check", seen);
    assert_eq!(run("plugins: [{name: warns}]", &["--fail-on", "warning", "--domain=-1,1"]).code, 1);
    assert_eq!(run("plugins: [{name: warns}]", &["--domain=-1,1"]).code, 0);
}

#[test]
fn a_built_in_wins_and_says_what_it_hides() {
    let place = Place::new();
    let script = "touch \"$POLYAUDIT_PLUGIN_FOLDER/ran\"; echo '[]'";
    let plugin = place.script("flag", "complete", "check", script);
    let flag = place.text("flag");
    let outcome = place.audit(&["--plugin", "complete", "--plugin-dir", &flag]);
    assert_eq!(outcome.code, 0);
    assert!(outcome.stderr.contains("the built-in is used and hides"), "{}", outcome.stderr);
    assert_eq!(outcome.report()["plugins"][0]["manifest"], Value::Null);
    let outcome = place.audit(&["--plugin", plugin.to_str().expect("utf-8")]);
    assert_eq!(outcome.code, 2);
    assert!(!plugin.join("ran").exists());
    let listing = place.run(&["plugins", "list", "--plugin-dir", &flag], &[]).stdout;
    assert!(listing.contains("hidden by a built-in"), "{listing}");
}

#[test]
fn renderers_write_bytes_to_a_file_or_take_stdout() {
    let place = Place::new();
    let plugin = place.script("here", "bytes", "render", "printf 'a\\000b'; cat >/dev/null");
    let name = plugin.to_str().expect("utf-8");
    let file = place.text("out");
    let outcome = place.audit(&["--plugin", &format!("{name}={file}")]);
    assert_eq!((outcome.code, fs::read(&file).expect("a file")), (0, b"a\0b".to_vec()));
    assert_eq!(outcome.report()["plugins"][0]["kind"], "render");
    let outcome = place.run(&[MODEL, MODEL, "-q", "--plugin", name], &[]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (0, "a\0ba\0b"));
    let outcome = place.audit(&["--plugin", name]);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (2, ""));
    assert!(outcome.stderr.contains("both write to stdout"), "{}", outcome.stderr);
    let outcome = place.run(&[MODEL, "-q", "--plugin", "yaml"], &[]);
    let yaml: Value = serde_yaml::from_str(&outcome.stdout).expect("yaml");
    assert_eq!(yaml["plugins"][0]["name"], "yaml");
}

#[test]
fn bundled_manifests_and_the_answer_of_the_template_fit_the_schema() {
    let place = Place::new();
    let mut seen = 0;
    for entry in fs::read_dir(format!("{ROOT}/plugins")).expect("plugins") {
        let manifest = entry.expect("an entry").path().join("plugin.yaml");
        let Ok(text) = fs::read_to_string(&manifest) else { continue };
        fits("manifest", &serde_yaml::from_str(&text).expect("yaml"));
        seen += 1;
    }
    assert!(seen >= 1);
    assert_eq!(place.run(&["plugins", "schema"], &[]).stdout, polyaudit::plugin::SCHEMA);
    let envelope =
        json!({"protocol": 1, "config": {"max_faces": 2}, "report": {"summary": {"faces": {"total": {"max": 3}}}}});
    let output = assert_cmd::Command::new("python3")
        .arg(format!("{ROOT}/plugins/template/check.py"))
        .write_stdin(envelope.to_string())
        .output()
        .expect("python");
    fits("answer", &serde_json::from_slice(&output.stdout).expect("json"));
    let read = |path: &str| fs::read_to_string(format!("{ROOT}/{path}")).expect("readable");
    let (check, page) = (read("plugins/template/check.py"), read("docs/plugins.md"));
    assert!(check.lines().count() <= 30, "a check in 30 lines has {}", check.lines().count());
    assert!(page.contains(&format!("```python\n{check}```")), "the page shows the template");
    assert!(page.contains(&format!("```yaml\n{}```", read("plugins/template/plugin.yaml"))));
}

#[test]
fn a_new_plugin_works_at_once() {
    let place = Place::new();
    let folder = place.text("house-rules");
    assert_eq!(place.run(&["plugins", "new", &folder], &[]).code, 0);
    let outcome = place.run(&["plugins", "check", &folder, "--config", "{max_faces: 2}"], &[]);
    assert_eq!(outcome.code, 0, "{}", outcome.stderr);
    assert!(outcome.stdout.contains("answers with 1 finding(s)\n  house-rules/too-many-faces"), "{}", outcome.stdout);
    assert_eq!(place.run(&["plugins", "new", &folder], &[]).code, 2, "an existing folder is left alone");
    for bad in ["Capital", "yaml"] {
        assert_eq!(place.run(&["plugins", "new", &place.text(bad)], &[]).code, 2);
    }
    let listing = place.run(&["plugins", "list", "--plugin-dir", &place.text("")], &[]).stdout;
    assert!(listing.contains("house-rules  check") && listing.contains("complete"), "{listing}");
}
