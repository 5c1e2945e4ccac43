//! The HTML pages in a real browser: content, interaction, no errors, no requests, nothing that overlaps.
//! Source of truth: Chromium itself. Skipped, visibly, where there is none (`apt-get install chromium`).

use crate::run;
use polyaudit::explore::{Certify, Control};
use polyaudit::report::html::{Subject, html};
use polyaudit::report::{Edge, Partition, Polygon};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::AtomicBool;
use tempfile::tempdir;

/// The browser, where there is one.
pub fn chromium() -> Option<PathBuf> {
    let named = std::env::var_os("POLYAUDIT_CHROMIUM").map(PathBuf::from);
    let path = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&path)
        .flat_map(|folder| ["chromium", "chromium-browser", "google-chrome"].map(|name| folder.join(name)))
        .find(|p| p.exists());
    let browser = named.or(found);
    if browser.is_none() {
        eprintln!("skipped: there is no Chromium to open pages with");
    }
    browser
}

/// Opens a page at a width and gives what the script in `browser.js` saw.
pub fn open(browser: &Path, page: &str, width: u32, dark: bool) -> Value {
    let folder = tempdir().expect("a folder");
    let errors = "<script>window.polyauditErrors = [];\
        addEventListener('error', (e) => polyauditErrors.push(String(e.message)));\
        addEventListener('securitypolicyviolation', (e) => polyauditErrors.push('refused ' + e.blockedURI));\
        for (const name of ['error', 'warn']) console[name] = (...words) => polyauditErrors.push(words.join(' '));</script>";
    let page = page.replacen("<head>", &format!("<head>{errors}"), 1);
    let page = page.replacen("</body>", &format!("<script>{}</script></body>", include_str!("browser.js")), 1);
    let file = folder.path().join("page.html");
    fs::write(&file, page).expect("written");
    let net = folder.path().join("net.json");
    let mut command = Command::new(browser);
    command.args([
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
    ]);
    command.args(["--disable-component-update", "--disable-sync", "--disable-extensions", "--dump-dom"]);
    command.arg(format!("--window-size={width},900")).arg(format!("--log-net-log={}", net.display()));
    command.arg(format!("--user-data-dir={}", folder.path().join("profile").display()));
    if dark {
        command.arg("--blink-settings=preferredColorScheme=0");
    }
    let output = command.arg(format!("file://{}", file.display())).output().expect("the browser runs");
    let log = fs::read_to_string(&net).expect("the browser logs its network");
    let dom = String::from_utf8_lossy(&output.stdout);
    let seen = dom.split("data-seen=\"").nth(1).and_then(|s| s.split('"').next());
    let seen = seen.unwrap_or_else(|| panic!("the page left nothing: {}", String::from_utf8_lossy(&output.stderr)));
    let seen = seen.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&");
    let mut seen: Value = serde_json::from_str(&seen).unwrap_or_else(|e| panic!("{e}: {seen}"));
    seen["requests"] = requests(&log).into();
    seen
}

/// Requests in the browser's network log that a page asked for; what the browser does on its own has no origin.
fn requests(log: &str) -> usize {
    let initiators = log.split("\"initiator\":\"").skip(1);
    initiators.filter(|rest| !rest.starts_with("not an origin\"")).count()
}

/// The network log shows requests where there are some.
#[test]
fn requests_would_be_seen() {
    let Some(browser) = chromium() else { return };
    let page = "<!DOCTYPE html><html><head></head><body><img src=\"http://127.0.0.1:9/x.png\" alt=\"\"></body></html>";
    assert!(open(&browser, page, 390, false)["requests"].as_u64().expect("a number") > 0);
}

/// What holds for every page.
pub fn sound(seen: &Value, what: &str) {
    assert_eq!(seen["errors"], serde_json::json!([]), "{what}");
    assert_eq!((&seen["resources"], &seen["requests"]), (&0.into(), &0.into()), "{what}");
    assert!(seen["overflow"].as_i64().expect("a number") <= 0, "{what} is wider than its window: {seen}");
    assert_eq!(seen["overlaps"], serde_json::json!([]), "{what}");
    let names = seen["narrowestName"].as_f64().unwrap_or(100.0);
    assert!(names >= 50.0, "{what}: a column of names is {names} pixels wide");
    let charts = seen["charts"].as_array().expect("charts");
    assert!(!charts.is_empty() && charts.iter().all(|n| n.as_u64().is_some_and(|n| n >= 2)), "{what}: {charts:?}");
}

/// The page of a report at phone and desktop width, light and dark.
#[test]
fn the_report_as_a_page() {
    let Some(browser) = chromium() else { return };
    let model = "fixtures/geometry/planes-d2-n8.onnx";
    let (code, page, stderr) = run(&[model, "--domain", "-1,1", "-q", "--format", "html"]);
    assert_eq!(code, 0, "{stderr}");
    assert!(!page.contains("://"), "the page names a place on the network");
    let (_, json, _) = run(&[model, "--domain", "-1,1", "-q", "--format", "json"]);
    let report: Value = serde_json::from_str(&json).expect("json");
    for (width, dark) in [(390, false), (1200, true)] {
        let seen = open(&browser, &page, width, dark);
        sound(&seen, &format!("{model} at {width}"));
        assert_eq!(seen["polygons"], report["summary"]["regions"]);
        assert_eq!((seen["interiorHidden"].as_str(), seen["totalShown"].as_str()), (Some("none"), Some("inline")));
        let faces = seen["first"].as_str().and_then(|c| c.split(' ').next()?.strip_prefix('f')).expect("a class");
        let readout = seen["readout"].as_str().expect("words");
        assert!(readout.starts_with(&format!("{faces} faces: ")) && readout.contains("Units: "), "{readout}");
        assert_eq!(seen["layerHidden"], "none");
        assert!(seen["zoomed"].as_f64().expect("a number") < 0.61 * seen["home"].as_f64().expect("a number"));
    }
}

/// Pages about many models, sampled ones and refused ones.
#[test]
fn pages_of_other_kinds() {
    let Some(browser) = chromium() else { return };
    let sampled = "fixtures/digits-mlp.onnx";
    let arguments =
        ["fixtures/geometry/ngon-5.onnx", sampled, "--domain=-1,1", "-q", "--samples", "5", "--format", "html"];
    let (_, page, _) = run(&arguments);
    sound(&open(&browser, &page, 390, true), "two models");
    assert_eq!(page.matches("<section id=\"model-").count(), 2);
    assert!(page.contains("Every uniform sample counts once"));
    // Attribution, the null model and the network up to each layer.
    let (_, page, _) = run(&["fixtures/iris-residual.onnx", "--domain=-1,1", "-q", "--format", "html"]);
    for (width, dark) in [(390, false), (1200, true)] {
        sound(&open(&browser, &page, width, dark), &format!("a residual network at {width}"));
    }
    for heading in ["From layer to layer", "Units", "General position", "Theory"] {
        assert!(page.contains(&format!("<h2>{heading}</h2>")), "{heading}");
    }
    assert!(page.contains("class=\"null\"") && page.contains("null model: "));
}

/// Comparisons: of two models, of a series with its curves.
#[test]
fn comparisons_as_pages() {
    let Some(browser) = chromium() else { return };
    let models = ["fixtures/geometry/ngon-5.onnx", "fixtures/geometry/ngon-7.onnx", "fixtures/geometry/ngon-9.onnx"];
    let groups = ["compare", "--group=a=fixtures/geometry/ngon-5.onnx,fixtures/geometry/ngon-7.onnx"];
    let groups =
        [&groups[..], &["--group=b=fixtures/geometry/ngon-9.onnx,fixtures/geometry/planes-d2-n8.onnx"]].concat();
    let kinds = [(&["compare"][..], &models[..]), (&["compare", "--series"], &models), (&groups, &[])];
    for (kind, models) in kinds {
        let (code, page, stderr) = run(&[kind, models, &["--domain=-1,1", "-q", "--format", "html"]].concat());
        assert_eq!(code, 0, "{stderr}");
        assert!(!page.contains("://"));
        for (width, dark) in [(390, true), (1200, false)] {
            sound(&open(&browser, &page, width, dark), &format!("{kind:?} at {width}"));
        }
    }
}

/// Twenty thousand polygons: a page of some megabytes whose hovering takes no time.
#[test]
fn twenty_thousand_polygons_stay_usable() {
    let settings = polyaudit::audit::Settings::default();
    let control = Control {
        stop: &AtomicBool::new(false),
        deadline: None,
        progress: &|_| {},
        certify: Certify::No,
        max_memory: None,
    };
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/geometry/ngon-5.onnx");
    let done = polyaudit::audit::audit(&path, &settings, &control).expect("an audit");
    let n = 142;
    let corner = |i: usize, j: usize| [i as f64 / n as f64, j as f64 / n as f64];
    let polygon = |k: usize| {
        let (i, j) = (k / n, k % n);
        let vertices = vec![corner(i, j), corner(i + 1, j), corner(i + 1, j + 1), corner(i, j + 1)];
        Polygon { vertices, faces: Some([4 + k % 5, 0]), units: vec![i, n + j] }
    };
    let edges = (1..n).map(|i| Edge { ends: [corner(i, 0), corner(i, n)], layer: 0 });
    let picture = Partition {
        axes: ["x".into(), "y".into()],
        frame: [[0.0, 1.0]; 2],
        cut: false,
        polygons: (0..n * n).map(polygon).collect(),
        edges: edges.collect(),
        layers: vec!["grid".into()],
        units: (0..2 * n).map(|k| format!("grid[{k}]")).collect(),
        decision_label: None,
        decision: vec![],
    };
    let page = html(&[Subject { report: &done.report, picture: Some(Ok(&picture)) }]);
    assert!(page.len() < 4_000_000, "{} bytes", page.len());
    let Some(browser) = chromium() else { return };
    let seen = open(&browser, &page, 1200, false);
    sound(&seen, "20,164 polygons");
    assert_eq!(seen["polygons"], 20_164);
    // A hundred hovers, the first of which builds the index; generous for a loaded machine.
    assert!(seen["hoverMilliseconds"].as_f64().expect("a number") < 2_000.0, "{seen}");
}
