//! What a region costs the face engine as a function of its inputs and rows: `cargo bench --bench face_engine -- cost`.
//!
//! Processor time of all threads, best of several passes, so that other work on the machine shows little. Exponents are
//! least squares of `log t` on `log m` and `log d`, apart for each of the engine's three ways. `cost D UNITS REGIONS
//! SECONDS` measures one size alone, for profiles.

use crate::random::{Kind, region};
use faer::{Accum, Mat, Par, linalg::matmul::matmul};
use polyaudit::polytope::tolerances::{BLOCKED_DIMENSION, BOX_DIMENSION};
use polyaudit::polytope::{Engine, Workspace, faces_in};
use std::hint::black_box;

/// Inputs, and the most units per input that are measured there.
const GRID: [(usize, usize); 8] = [(4, 8), (8, 8), (16, 8), (32, 8), (64, 8), (128, 8), (256, 4), (784, 2)];

/// One size: seconds of processor time per region, and per region rows, faces and steps.
struct Cost {
    d: usize,
    rows: f64,
    seconds: f64,
    faces: f64,
    steps: f64,
    undecided: usize,
}

/// Measures `regions` regions in passes that last `least` seconds together.
fn measure(d: usize, units: usize, regions: u64, least: f64) -> Cost {
    let all: Vec<_> = (0..regions).map(|seed| region(d, units, Kind::Generic, seed)).collect();
    let mut workspace = Workspace::default();
    let (mut best, mut total, mut counts) = (f64::INFINITY, 0.0, [0; 3]);
    while total < least {
        let start = crate::cpu();
        let found: Vec<_> = all.iter().map(|(h, x)| faces_in(&mut workspace, h, h, x, Engine::Auto)).collect();
        let spent = crate::cpu() - start;
        (best, total) = (best.min(spent), total + spent);
        counts = [0; 3];
        for found in black_box(&found) {
            counts[0] += found.count();
            counts[1] += found.effort.steps;
            counts[2] += found.undecided();
        }
    }
    let each = |n: usize| n as f64 / regions as f64;
    let rows = each(all.iter().map(|(h, _)| h.len()).sum());
    Cost {
        d,
        rows,
        seconds: best / regions as f64,
        faces: each(counts[0]),
        steps: each(counts[1]),
        undecided: counts[2],
    }
}

/// The table, or one size.
pub fn run(arguments: &[String]) {
    let number = |k: usize| arguments.get(k).and_then(|a| a.parse::<usize>().ok());
    if let (Some(d), Some(units), Some(regions), Some(least)) = (number(0), number(1), number(2), number(3)) {
        return row(&measure(d, units, regions as u64, least as f64));
    }
    println!("one core: {:.1} GFLOP/s in products of matrices, {:.1} GB/s copied", product(), copy());
    println!("| d | rows | faces | steps | ms | µs per row | ns per step |");
    println!("|---|---|---|---|---|---|---|");
    let mut all = vec![];
    for (d, most) in GRID {
        for share in [1, 2, 4, 8].into_iter().filter(|s| *s <= most) {
            let cost = measure(d, share * d, (400 / d as u64).clamp(1, 50), 0.5);
            row(&cost);
            all.push(cost);
        }
    }
    let ways = [
        ("one by one", 0, BLOCKED_DIMENSION),
        ("in chunks", BLOCKED_DIMENSION, BOX_DIMENSION),
        ("in the box", BOX_DIMENSION, usize::MAX),
    ];
    for (name, from, to) in ways {
        let part: Vec<&Cost> = all.iter().filter(|c| from <= c.d && c.d < to).collect();
        let [m, d] = exponents(&part);
        println!("{name} (d from {from}): rows^{m:.2} d^{d:.2}");
    }
}

fn row(cost: &Cost) {
    assert_eq!(cost.undecided, 0, "every row is decided");
    println!(
        "| {} | {:.0} | {:.1} | {:.0} | {:.3} | {:.2} | {:.0} |",
        cost.d,
        cost.rows,
        cost.faces,
        cost.steps,
        cost.seconds * 1e3,
        cost.seconds / cost.rows * 1e6,
        cost.seconds / cost.steps * 1e9
    );
}

/// Exponents of rows and inputs: least squares in logarithms, by the normal equations of the centred variables.
fn exponents(all: &[&Cost]) -> [f64; 2] {
    let centred = |f: &dyn Fn(&Cost) -> f64| -> Vec<f64> {
        let values: Vec<f64> = all.iter().map(|c| f(c).ln()).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        values.iter().map(|v| v - mean).collect()
    };
    let (m, d, t) = (centred(&|c| c.rows), centred(&|c| c.d as f64), centred(&|c| c.seconds));
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    let (mm, md, dd, mt, dt) = (dot(&m, &m), dot(&m, &d), dot(&d, &d), dot(&m, &t), dot(&d, &t));
    let determinant = mm * dd - md * md;
    [(mt * dd - dt * md) / determinant, (dt * mm - mt * md) / determinant]
}

/// What one core reaches in a product of two matrices of 512 rows, GFLOP/s.
fn product() -> f64 {
    let n = 512;
    let a = Mat::<f64>::from_fn(n, n, |i, j| ((i * 7 + j * 3) % 11) as f64);
    let mut c = Mat::<f64>::zeros(n, n);
    best(|| matmul(black_box(&mut c), Accum::Replace, &a, &a, 1.0, Par::Seq), 2.0 * (n * n * n) as f64)
}

/// What one core reads and writes copying 256 MB, GB/s.
fn copy() -> f64 {
    let from = vec![1.0f64; 16 << 20];
    let mut to = vec![0.0f64; 16 << 20];
    best(|| black_box(&mut to).copy_from_slice(black_box(&from)), (2 * 8 * from.len()) as f64)
}

/// The best of twenty runs of `body`, in billions of `work` per second.
fn best(mut body: impl FnMut(), work: f64) -> f64 {
    let seconds = (0..20).map(|_| {
        let start = crate::cpu();
        body();
        crate::cpu() - start
    });
    work / seconds.fold(f64::INFINITY, f64::min) * 1e-9
}
