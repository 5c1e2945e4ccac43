//! Single regions of the large models, part by part: `cargo bench --bench models [-- NAME [POINTS.npy]]`.
//!
//! The models are those of `POLYAUDIT_SHARED` (or `../shared`). Without a file of points, two seeded uniform points of
//! the domain are taken. Prints seconds per part, rows decided of rows, and the process's peak memory; with
//! `POLYAUDIT_PROGRESS` set, also how many rows are decided and the processor time so far.

#[path = "clock.rs"]
mod clock;

use clock::cpu;
use polyaudit::explore::{Bounds, Domain, points, question};
use polyaudit::import;
use polyaudit::polytope::{Engine, Observer, Workspace, faces_observed, verify};
use polyaudit::region::Walker;
use std::path::PathBuf;
use std::time::Instant;

/// Name, lower and upper bound of every input.
const MODELS: [(&str, f64, f64); 5] = [
    ("mnist_fc_256x2", -1.0, 1.0),
    ("mnist_relu_9_200", 0.0, 1.0),
    ("convnet_maxpool", -1.0, 1.0),
    ("cifar_base_kw", 0.0, 1.0),
    ("cifar10_resnet_2b", 0.0, 1.0),
];

fn main() {
    let folder = std::env::var_os("POLYAUDIT_SHARED").map_or_else(|| PathBuf::from("../shared"), PathBuf::from);
    let mut arguments = std::env::args().skip(1).filter(|a| !a.starts_with('-'));
    let (only, file) = (arguments.next(), arguments.next());
    for (name, lo, hi) in MODELS.into_iter().filter(|m| only.as_deref().is_none_or(|o| o == m.0)) {
        let path = folder.join("models").join(format!("{name}.onnx"));
        let Ok(model) = import::load(&path, &import::Options::default()) else {
            println!("{name}: not there");
            continue;
        };
        let domain = Domain::cube(model.network.input_len(), lo, hi);
        let (restricted, bounds) = domain.restrict(&model.network).expect("a box");
        let walker = Walker::new(&restricted);
        for (k, x) in inputs(&walker, &bounds, file.as_deref()).iter().enumerate() {
            one(name, k, &walker, &bounds, x);
        }
    }
}

fn inputs(walker: &Walker, bounds: &Bounds, file: Option<&str>) -> Vec<Vec<f64>> {
    let Some(file) = file else {
        return (0..2).map(|k| points::sample(walker, bounds, 0, k).expect("a point").1).collect();
    };
    let text = std::fs::read_to_string(file).expect("a readable file of points, one per line");
    let number = |word: &str| word.trim().parse().expect("numbers, separated by commas");
    text.lines().map(|line| line.split(',').map(number).collect()).collect()
}

fn one(name: &str, k: usize, walker: &Walker, bounds: &Bounds, x: &[f64]) {
    let start = Instant::now();
    let region = walker.at(x).expect("a point off every hyperplane");
    let rows = start.elapsed().as_secs_f64();
    let (h, exact) = question(walker, &region, bounds);
    let before = cpu();
    let shown = std::env::var_os("POLYAUDIT_PROGRESS").is_some();
    let decided = |done: usize, of: usize| {
        if shown {
            eprintln!("{name}: {done} of {of} rows, {:.1} processor s", cpu() - before);
        }
    };
    let observer = Observer { stop: &|| false, decided: &decided };
    let found = faces_observed(&mut Workspace::default(), &h, &exact, x, Engine::Auto, &observer).expect("not stopped");
    let spent = cpu() - before;
    let engine = start.elapsed().as_secs_f64() - rows;
    let verified = verify(&h, &exact, &found);
    let verification = start.elapsed().as_secs_f64() - rows - engine;
    println!(
        "{name} point {k}: {} rows, {} walls; {} faces, {} redundant, {} undecided; rows {rows:.2} s, engine {engine:.2} s ({spent:.2} processor s), \
         verification {verification:.2} s (holds: {}); {:?}; peak {:.2} GB",
        h.len() - h.walls,
        h.walls,
        found.count(),
        found.classes.iter().filter(|c| c.is_redundant()).count(),
        found.undecided(),
        verified.holds(),
        found.effort,
        peak(),
    );
}

/// Peak resident memory in GB, where the system says.
fn peak() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmHWM")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1e6
}
