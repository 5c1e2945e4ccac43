//! The face engine against LPs on the same rows, in one run: `cargo bench --bench face_engine [-- PYTHON-DUMP-FOLDER]`.
//!
//! (a) one LP per row as the reference path does it; (b) the dual form, `d` rows and one column per half-space, the
//! better of a new model per row and one model whose column bounds change. All times are processor times of all threads, so
//! that other work on the machine shows little, but for the last column, which is by the clock; the LPs have one thread, the
//! engine two or more from 48 inputs. At large sizes the LPs run on a sample of rows and are scaled up. With a folder as argument the rows are written there for `peers.py`.

#[allow(dead_code)]
#[path = "../polytope/random.rs"]
mod random;

#[path = "clock.rs"]
mod clock;

#[path = "cost.rs"]
mod cost;

use clock::cpu;
use highs::{ColProblem, Model, Row, Sense, SolvedModel};
use polyaudit::polytope::{Engine, Halfspaces, Workspace, faces, faces_in, verify};
use random::{Kind, region};
use std::hint::black_box;
use std::time::Instant;

/// (dimension, units, regions, rows sampled for each LP form)
const SIZES: [(usize, usize, u64, usize); 5] =
    [(4, 32, 200, 40), (8, 48, 100, 64), (20, 160, 20, 40), (100, 384, 3, 8), (784, 512, 1, 8)];

fn main() {
    if std::env::args().any(|a| a == "large") {
        return large();
    }
    let arguments: Vec<String> = std::env::args().collect();
    if let Some(at) = arguments.iter().position(|a| a == "cost") {
        return cost::run(&arguments[at + 1..]);
    }
    let folder = std::env::args().nth(1).filter(|a| !a.starts_with('-'));
    println!(
        "| d | rows | faces | redundant | engine, ms | steps | exact | (a) LP per row, ms | (b) dual form, ms | a / engine | b / engine | b / engine, clock |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|");
    for (d, units, regions, sampled) in SIZES {
        let all: Vec<_> = (0..regions).map(|seed| region(d, units, Kind::Generic, seed)).collect();
        if let Some(folder) = &folder {
            dump(folder, d, &all);
        }
        let mut workspace = Workspace::default();
        let mut run = || all.iter().map(|(h, x)| faces_in(&mut workspace, h, h, x, Engine::Auto)).collect::<Vec<_>>();
        black_box(run());
        let (mut found, mut passes, start) = (Vec::new(), 0.0, Instant::now());
        let (_, engine) = timed(|| {
            while start.elapsed().as_secs_f64() < 1.0 {
                found = run();
                passes += 1.0;
            }
        });
        for ((h, _), found) in all.iter().zip(&found) {
            assert!(verify(h, h, found).holds() && found.undecided() == 0);
        }
        let mean = |f: &dyn Fn(usize) -> usize| (0..all.len()).map(f).sum::<usize>() as f64 / all.len() as f64;
        let rows = mean(&|k| all[k].0.len());
        let engine = engine.over(passes * regions as f64);
        // The same regions for the LPs while these take little time.
        let few = all.len().min(if d <= 8 { 100 } else { 3 });
        let mean_of = |lp: &dyn Fn(&Halfspaces, &[f64], usize) -> Seconds| {
            let each = all[..few].iter().map(|(h, x)| lp(h, x, sampled).times(h.len() as f64));
            each.fold(Seconds::default(), Seconds::plus).over(few as f64)
        };
        let (a, b) = (mean_of(&reference), mean_of(&dual_form));
        println!(
            "| {d} | {rows:.0} | {:.1} | {:.1} | {:.3} | {:.0} | {:.2} | {:.1} | {:.1} | {:.0} | {:.0} | {:.0} |",
            mean(&|k| found[k].count()),
            mean(&|k| found[k].classes.iter().filter(|c| c.is_redundant()).count()),
            engine.processor * 1e3,
            mean(&|k| found[k].effort.steps),
            mean(&|k| found[k].effort.exact_decisions),
            a.processor * 1e3,
            b.processor * 1e3,
            a.processor / engine.processor,
            b.processor / engine.processor,
            b.clock / engine.clock,
        );
    }
}

/// One region as large as a small CIFAR network's: the engine and the verification alone.
fn large() {
    for (d, units) in [(784, 512), (3072, 6244)] {
        let (h, x) = region(d, units, Kind::Generic, 1);
        let (found, engine) = timed(|| faces(&h, &h, &x, Engine::Auto));
        let (verified, seconds) = timed(|| verify(&h, &h, &found));
        println!(
            "d = {d}, rows = {}, faces = {}, undecided = {}, holds = {}, engine {engine:.2} s, verification {seconds:.2} s",
            h.len(),
            found.count(),
            found.undecided(),
            verified.holds(),
            engine = engine.processor,
            seconds = seconds.processor
        );
    }
}

/// How long something takes, in seconds: of processor time of all threads, and by the clock.
#[derive(Clone, Copy, Default)]
struct Seconds {
    processor: f64,
    clock: f64,
}

impl Seconds {
    fn times(self, factor: f64) -> Self {
        Seconds { processor: self.processor * factor, clock: self.clock * factor }
    }

    fn over(self, parts: f64) -> Self {
        self.times(1.0 / parts)
    }

    fn plus(self, other: Self) -> Self {
        Seconds { processor: self.processor + other.processor, clock: self.clock + other.clock }
    }

    /// The shorter of two in each measure.
    fn shorter(self, other: Self) -> Self {
        Seconds { processor: self.processor.min(other.processor), clock: self.clock.min(other.clock) }
    }
}

/// What comes out, and how long it took.
fn timed<R>(body: impl FnOnce() -> R) -> (R, Seconds) {
    let (start, clock) = (cpu(), Instant::now());
    let result = body();
    (result, Seconds { processor: cpu() - start, clock: clock.elapsed().as_secs_f64() })
}

/// Rows evenly spread over the region, at most `sampled`.
fn sample(h: &Halfspaces, sampled: usize) -> Vec<usize> {
    let count = sampled.min(h.len());
    (0..count).map(|k| k * h.len() / count).collect()
}

/// Seconds per row of the reference path.
fn reference(h: &Halfspaces, x: &[f64], sampled: usize) -> Seconds {
    if sampled >= h.len() {
        return timed(|| black_box(faces(h, h, x, Engine::Lp))).1.over(h.len() as f64);
    }
    let rows = sample(h, sampled);
    let slack = slacks(h, x);
    let seconds = timed(|| {
        for &i in &rows {
            let mut problem = highs::RowProblem::default();
            let room = |j: usize| slack[j] + f64::from(j == i);
            let mut columns = Vec::new();
            for (k, &a) in h.normal(i).iter().enumerate() {
                // The walls of axis k, upper and lower, are its bounds.
                columns.push(problem.add_column(a, -room(2 * k + 1)..room(2 * k)));
            }
            for j in h.walls..h.len() {
                let factors: Vec<_> = columns.iter().copied().zip(h.normal(j).iter().copied()).collect();
                problem.add_row(..room(j), &factors);
            }
            black_box(solve(problem.try_optimise(Sense::Maximise).expect("finite rows")).objective_value());
        }
    })
    .1;
    seconds.over(rows.len() as f64)
}

fn solve(mut model: Model) -> SolvedModel {
    model.make_quiet();
    model.set_threads(std::num::NonZeroU32::MIN);
    model.set_option("presolve", "off");
    model.try_solve().expect("HiGHS runs")
}

fn slacks(h: &Halfspaces, x: &[f64]) -> Vec<f64> {
    (0..h.len()).map(|i| h.offsets[i] - h.normal(i).iter().zip(x).map(|(a, x)| a * x).sum::<f64>()).collect()
}

/// Seconds per row of the dual form: min Σ s_j y_j, Σ y_j a_j = a_i, y >= 0, y_i = 0.
fn dual_form(h: &Halfspaces, x: &[f64], sampled: usize) -> Seconds {
    let slack = slacks(h, x);
    let rows = sample(h, sampled);
    let fresh = timed(|| {
        for &i in &rows {
            let mut problem = ColProblem::default();
            let equations: Vec<Row> = h.normal(i).iter().map(|&a| problem.add_row(a..=a)).collect();
            for j in (0..h.len()).filter(|&j| j != i) {
                let factors: Vec<_> =
                    equations.iter().copied().zip(h.normal(j).iter().copied()).filter(|f| f.1 != 0.0).collect();
                problem.add_column(slack[j], 0.0.., factors);
            }
            black_box(solve(problem.try_optimise(Sense::Minimise).expect("finite rows")).objective_value());
        }
    })
    .1;
    let kept = timed(|| {
        let mut problem = ColProblem::default();
        let equations: Vec<Row> = (0..h.dimension).map(|_| problem.add_row(0.0..=0.0)).collect();
        let mut model = problem.try_optimise(Sense::Minimise).expect("finite rows");
        let factors = |j: usize, sign: f64| -> Vec<(Row, f64)> {
            equations.iter().copied().zip(h.normal(j).iter().map(|a| sign * a)).filter(|f| f.1 != 0.0).collect()
        };
        let columns: Vec<_> = (0..h.len()).map(|j| model.add_col(slack[j], 0.0.., factors(j, 1.0))).collect();
        for &i in &rows {
            model.change_column_bounds(columns[i], 0.0..=0.0);
            let target = model.add_col(0.0, 1.0..=1.0, factors(i, -1.0));
            let solved = solve(model);
            black_box(solved.objective_value());
            model = Model::from(solved);
            model.change_column_bounds(columns[i], 0.0..);
            model.change_column_bounds(target, 0.0..=0.0);
        }
    })
    .1;
    fresh.shorter(kept).over(rows.len() as f64)
}

/// The rows of the small sizes as text, for the Python tools.
fn dump(folder: &str, d: usize, all: &[(Halfspaces, Vec<f64>)]) {
    if d > 8 {
        return;
    }
    let mut text = String::new();
    for (h, x) in all {
        let line = |v: &mut dyn Iterator<Item = f64>| v.map(|x| format!("{x:e}")).collect::<Vec<_>>().join(" ");
        text += &format!("{} {}\n{}\n", h.len(), d, line(&mut x.iter().copied()));
        for i in 0..h.len() {
            text += &format!("{}\n", line(&mut h.normal(i).iter().copied().chain([h.offsets[i]])));
        }
    }
    std::fs::write(format!("{folder}/rows-{d}.txt"), text).expect("the folder is writable");
}
