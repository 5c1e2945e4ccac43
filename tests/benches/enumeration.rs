//! The splitter on fixed networks: `cargo bench --bench enumeration [-- FOLDER [NET]]`.
//! With `growth` for FOLDER: how its cost grows with inputs, width and depth, beside that of crossing faces.
//!
//! Regions per CPU second with full histograms on one thread, with and without volumes, and the speed-up of two threads
//! by the clock. With a folder the networks are written there for `enumeration_peers.py`.

#[path = "clock.rs"]
mod clock;

use clock::cpu;
use polyaudit::explore::split::{Tree, VOLUME_UNIT};
use polyaudit::explore::{Allowance, Bounds, Certify, Control, State, enumerate};
use polyaudit::ir::{Activation, Affine, Broadcast, Curve, Dense, Label, Linear, Network, Node, Op, Output, Port};
use polyaudit::polytope::Engine;
use polyaudit::region::Walker;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// Networks: name, widths.
const NETS: [(&str, &[usize]); 9] = [
    ("2-64-64-64-64", &[2, 64, 64, 64, 64, 1]),
    ("3-40-20", &[3, 40, 20, 1]),
    ("3-32-32", &[3, 32, 32, 1]),
    ("4-32-32", &[4, 32, 32, 1]),
    ("5-16-16", &[5, 16, 16, 1]),
    ("6-16", &[6, 16, 1]),
    ("8-16", &[8, 16, 1]),
    ("3-64-64", &[3, 64, 64, 1]),
    ("4-16-16-16", &[4, 16, 16, 16, 1]),
];

/// Networks by inputs, width and depth, and without biases (a vertex on all hyperplanes of the first layer).
const GROWTH: [(&str, &[usize], f64); 20] = [
    ("2-16", &[2, 16, 1], 0.5),
    ("3-16", &[3, 16, 1], 0.5),
    ("4-16", &[4, 16, 1], 0.5),
    ("5-16", &[5, 16, 1], 0.5),
    ("6-16", &[6, 16, 1], 0.5),
    ("7-16", &[7, 16, 1], 0.5),
    ("8-16", &[8, 16, 1], 0.5),
    ("3-32", &[3, 32, 1], 0.5),
    ("3-64", &[3, 64, 1], 0.5),
    ("3-128", &[3, 128, 1], 0.5),
    ("3-256", &[3, 256, 1], 0.5),
    ("3-16-16", &[3, 16, 16, 1], 0.5),
    ("3-16-16-16", &[3, 16, 16, 16, 1], 0.5),
    ("3-16-16-16-16", &[3, 16, 16, 16, 16, 1], 0.5),
    ("8-64-64", &[8, 64, 64, 1], 0.5),
    ("8-256", &[8, 256, 1], 0.5),
    ("8-8-8-8-8", &[8, 8, 8, 8, 8, 1], 0.5),
    ("5-12-12, no biases", &[5, 12, 12, 1], 0.0),
    ("6-10-10, no biases", &[6, 10, 10, 1], 0.0),
    ("8-12, no biases", &[8, 12, 1], 0.0),
];
/// Most regions that a network of these is split into, and crossed to.
const SPLIT: u64 = 200_000;
const CROSSED: u64 = 300;

fn growth() {
    println!("| network | regions | splitting, µs / region | crossing, µs / region | ratio |");
    println!("|---|---|---|---|---|");
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
    for (name, widths, bias) in GROWTH {
        let network = network(widths[0], &weights(widths, bias));
        let walker = Walker::new(&network);
        let bounds = Bounds::Box(vec![[-1.0, 1.0]; widths[0]]);
        let split = run(&walker, &bounds, false, &one, SPLIT);
        let (stop, start) = (AtomicBool::new(false), cpu());
        let control = control(&stop);
        let allowance = Allowance::new(&control, u64::MAX);
        let crossed = one.install(|| {
            enumerate(&walker, &bounds, 0, Engine::Auto, CROSSED, &allowance, &mut |_, _, _| Ok(())).expect("regions")
        });
        let crossing = (cpu() - start) / crossed.tally.seen() as f64 * 1e6;
        let n = split.counts.regions;
        let splitting = split.cpu / n as f64 * 1e6;
        println!("| {name} | {n} | {splitting:.2} | {crossing:.0} | {:.0} |", crossing / splitting);
    }
}

fn control(stop: &AtomicBool) -> Control<'_> {
    Control { stop, deadline: None, progress: &|_| {}, certify: Certify::No, max_memory: None }
}

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with('-')).collect();
    if arguments.first().is_some_and(|a| a == "growth") {
        return growth();
    }
    let folder = arguments.first().filter(|f| *f != ".");
    let only = arguments.get(1);
    let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().expect("a thread");
    let pair = rayon::ThreadPoolBuilder::new().num_threads(2).build().expect("threads");
    println!(
        "| network | regions | regions/CPU s | with volumes | bound | two threads | vertices/region | faces/region |"
    );
    println!("|---|---|---|---|---|---|---|---|");
    for (name, widths) in NETS.iter().filter(|(n, _)| only.is_none_or(|o| o == n)) {
        let layers = weights(widths, 0.5);
        if let Some(folder) = folder {
            dump(folder, name, &layers);
        }
        let network = network(widths[0], &layers);
        let walker = Walker::new(&network);
        let bounds = Bounds::Box(vec![[-1.0, 1.0]; widths[0]]);
        let plain = run(&walker, &bounds, false, &one, u64::MAX);
        let volumes = run(&walker, &bounds, widths[0] <= 6, &one, u64::MAX);
        let two = run(&walker, &bounds, false, &pair, u64::MAX);
        assert_eq!(plain.counts, two.counts, "one and two threads");
        let faces: u64 = plain.counts.total.iter().enumerate().map(|(k, n)| k as u64 * n).sum();
        let n = plain.counts.regions as f64;
        println!(
            "| {name} | {} | {:.0} | {:.0} | {:.1e} | {:.2} | {:.1} | {:.2} |",
            plain.counts.regions,
            n / plain.cpu,
            n / volumes.cpu,
            volumes.counts.volume_error as f64 * VOLUME_UNIT,
            plain.wall / two.wall,
            plain.counts.vertices as f64 / n,
            faces as f64 / n
        );
    }
}

struct Run {
    counts: polyaudit::explore::split::Counts,
    cpu: f64,
    wall: f64,
}

/// Repeats until a second of CPU time is used; the best time of one pass.
fn run(walker: &Walker, bounds: &Bounds, volumes: bool, pool: &rayon::ThreadPool, most: u64) -> Run {
    let threads = pool.current_num_threads();
    let stop = AtomicBool::new(false);
    let control = control(&stop);
    let mut best = None::<Run>;
    let start = Instant::now();
    while best.is_none() || start.elapsed().as_secs_f64() < 2.0 {
        let (start, wall) = (cpu(), Instant::now());
        let work = || {
            let tree = Tree::new(walker, bounds, 0, 1000, volumes, &|_| false)
                .expect("points")
                .expect("a network that splits");
            tree.run(most, &Allowance::new(&control, u64::MAX), &mut polyaudit::explore::Hooks::default(), None)
                .expect("a run")
                .expect("a network that splits")
        };
        let split = pool.install(work);
        let (cpu, wall) = (cpu() - start, wall.elapsed().as_secs_f64());
        assert!(split.state == State::Complete || split.counts.regions == most);
        if best.as_ref().is_none_or(|b| if threads == 1 { cpu < b.cpu } else { wall < b.wall }) {
            best = Some(Run { counts: split.counts, cpu, wall });
        }
    }
    best.expect("at least one pass")
}

type Layer = (Vec<f64>, Vec<f64>);

/// Uniform weights within sqrt(6 / inputs) of a layer (He et al. 2015) and biases within `bias`, as float32.
fn weights(widths: &[usize], bias: f64) -> Vec<Layer> {
    let mut state = widths.iter().fold(12345u64, |s, &w| s.wrapping_mul(31).wrapping_add(w as u64));
    let mut next = move || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let mut x = state;
        x = (x ^ (x >> 33)).wrapping_mul(0xff51afd7ed558ccd);
        x ^= x >> 33;
        2.0 * ((x >> 11) as f64 / (1u64 << 53) as f64) - 1.0
    };
    let layer = |w: &[usize]| {
        let bound = (6.0 / w[0] as f64).sqrt();
        let mut draw = |n: usize, scale: f64| (0..n).map(|_| f64::from((scale * next()) as f32)).collect::<Vec<_>>();
        (draw(w[0] * w[1], bound), draw(w[1], bias))
    };
    widths.windows(2).map(layer).collect()
}

fn network(inputs: usize, layers: &[Layer]) -> Network {
    let node = |len: usize, op: Op| Node { label: Label::default(), shape: vec![len], op };
    let mut nodes = vec![node(inputs, Op::Input)];
    for (k, (weight, bias)) in layers.iter().enumerate() {
        let (rows, cols, source) = (bias.len(), weight.len() / bias.len(), nodes.len() - 1);
        let linear = Linear::Dense(Dense { rows, cols, weight: weight.clone().into() });
        let bias = Some(Broadcast::full(bias.clone()));
        nodes.push(node(rows, Op::Affine(Affine { source, linear, divisor: None, bias })));
        if k + 1 < layers.len() {
            let source = nodes.len() - 1;
            nodes.push(node(rows, Op::Activation(Activation { source, curves: vec![Curve::relu()], inner: 1 })));
        }
    }
    let last = nodes.len() - 1;
    let shape = nodes[last].shape.clone();
    let inputs = vec![Port { name: "x".into(), shape: vec![inputs], element: "float32".into(), offset: 0 }];
    let outputs = vec![Output { name: "y".into(), shape, element: "float32".into(), node: last }];
    Network { inputs, outputs, nodes }
}

/// One text file per network: per layer a line `rows cols`, one line of weights, one of biases.
fn dump(folder: &str, name: &str, layers: &[Layer]) {
    let line = |v: &[f64]| v.iter().map(|x| format!("{x:e}")).collect::<Vec<_>>().join(" ");
    let mut text = String::new();
    for (weight, bias) in layers {
        let (rows, cols) = (bias.len(), weight.len() / bias.len());
        text += &format!("{rows} {cols}\n{}\n{}\n", line(weight), line(bias));
    }
    std::fs::write(format!("{folder}/{name}.txt"), text).expect("a folder to write to");
}
