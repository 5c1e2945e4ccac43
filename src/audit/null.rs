//! The null model of a histogram: random hyperplanes, simulated with the tool's own counting.
//!
//! Contract: the same dimension and, for boxes, the same domain up to scaling of each input, which changes no count. The
//! number of hyperplanes is the one whose expected number of regions is nearest; for samples, the number of the model's
//! hyperplanes that were met; data points are held against uniform points, so that where the data lie counts as a
//! difference; distinct regions met, against those met by as many uniform points. At most [`CELLS`] cells are simulated, seeded. A polygon of a slice is stood for by the
//! cube of its dimension.

use crate::explore::{Certify, Control, Domain, Exploration, Method, Plan, State, Weight, explore};
use crate::ir::{Activation, Affine, Broadcast, Curve, Dense, Label, Linear, Network, Node, Op, Output, Port};
use crate::report::{NullModel, NullRow, NullSummary, rounded};
use crate::stats::{bounds, null};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use std::sync::atomic::AtomicBool;

/// Most cells simulated.
const CELLS: u64 = 20_000;

/// Fewest cells that a simulation of small arrangements adds up to, and most arrangements for that.
const FEWEST: f64 = 2_000.0;
const ARRANGEMENTS: u64 = 40;

/// Arrangements behind the samples of a volume-weighted null, and most samples in all.
const SAMPLED_ARRANGEMENTS: u64 = 8;
const SAMPLES: u64 = 800;

/// Hyperplanes times inputs up to which a volume-weighted null is simulated; beyond, it would take longer than the audit.
const WORK: u64 = 100_000;

/// Seed of every null. Not the run's: models with as many hyperplanes are held against the very same arrangements,
/// whatever points they are sampled at.
const SEED: u64 = 0;

/// The null of a run, and how far the run is from it.
pub fn null(domain: &Domain, found: &Exploration) -> (Option<NullSummary>, NullModel) {
    let refuse = |why: &str| (None, NullModel { not_applicable: Some(why.into()), ..NullModel::default() });
    let d = found.dimension;
    if found.tally.count == 0 {
        return refuse("nothing was counted");
    }
    let simulated = match found.weight {
        Weight::Region if found.state != State::Complete => return refuse("the enumeration is not complete"),
        Weight::Region => arrangements(domain, d, found.tally.count, SEED),
        Weight::Volume | Weight::Point => {
            let met = found.tally.units.len() as u64;
            if met * d as u64 > WORK {
                return refuse(&format!("{met} hyperplanes met in {d} inputs are too many to simulate"));
            }
            volumes(d, met, found.tally.count, SEED)
        }
        Weight::Found => {
            let (met, samples) = (found.tally.units.len() as u64, found.samples);
            if samples > CELLS || met * d as u64 * samples > WORK * SAMPLES {
                return refuse("as many samples in as many random hyperplanes as were met are too many to simulate");
            }
            distinct(d, met, samples, SEED)
        }
    };
    let Some(simulated) = simulated else { return refuse("its simulation could not be completed") };
    let sampled = found.weight != Weight::Region;
    let Some(distance) = null::compare(&found.tally.total, &simulated.counts, sampled, SEED) else {
        return refuse("its simulation found no cells");
    };
    let all: u64 = simulated.counts.iter().sum();
    let mean = simulated.counts.iter().enumerate().map(|(k, &n)| k as f64 * n as f64).sum::<f64>() / all as f64;
    let rows = simulated.counts.iter().enumerate().filter(|(_, n)| **n > 0);
    let summary = NullSummary {
        planes: simulated.planes,
        null_mean: rounded(mean),
        total_variation: rounded(distance.variation),
        total_variation_low: rounded(distance.variation_interval[0]),
        total_variation_high: rounded(distance.variation_interval[1]),
        total_variation_noise: rounded(distance.noise),
        null_p99: distance.percentile as u64,
        beyond_p99: rounded(distance.tail),
        beyond_p99_low: rounded(distance.tail_interval[0]),
        beyond_p99_high: rounded(distance.tail_interval[1]),
        null_beyond_p99: rounded(distance.null_tail),
        mean_ratio: rounded(distance.mean_ratio),
        mean_ratio_low: rounded(distance.mean_ratio_interval[0]),
        mean_ratio_high: rounded(distance.mean_ratio_interval[1]),
    };
    let model = NullModel {
        description: simulated.description,
        not_applicable: None,
        expected_regions: simulated.expected.map(|e| rounded(e.0)),
        expected_mean: simulated.expected.map(|e| rounded(e.1)),
        simulated_planes: Some(simulated.simulated),
        arrangements: Some(simulated.arrangements),
        cells: Some(all),
        shares: rows.map(|(k, &n)| NullRow { faces: k as u64, share: rounded(n as f64 / all as f64) }).collect(),
    };
    (Some(summary), model)
}

struct Simulated {
    description: String,
    planes: u64,
    simulated: u64,
    arrangements: u64,
    expected: Option<(f64, f64)>,
    counts: Vec<u64>,
}

/// Whole arrangements, each cell once.
fn arrangements(domain: &Domain, d: usize, regions: u64, seed: u64) -> Option<Simulated> {
    let (bounded, over) = match domain {
        Domain::Unbounded { .. } | Domain::Slice { within: None, .. } => (false, "all of space"),
        Domain::Box { .. } => (true, "the domain"),
        Domain::Slice { .. } => (true, "a cube in place of the slice's domain"),
    };
    let planes = |cells: f64| if bounded { null::planes_for(d, cells) } else { general(d as u64, cells) };
    let expected = |n: u64| match bounded {
        true => {
            let e = null::expected(d, n);
            (e.regions, e.total)
        }
        false => {
            let cells = big(&bounds::zaslavsky(n, d as u64));
            let faces = if n == 0 { 0.0 } else { 2.0 * n as f64 * big(&bounds::zaslavsky(n - 1, d as u64 - 1)) };
            (cells, faces / cells)
        }
    };
    let n = planes(regions as f64);
    let mut simulated = n.min(planes(0.75 * CELLS as f64));
    loop {
        let cells = expected(simulated).0;
        let target = (regions as f64).clamp(FEWEST, 0.75 * CELLS as f64);
        let replicates = ((target / cells).round() as u64).clamp(1, ARRANGEMENTS);
        let mut counts = vec![];
        let mut done = 0;
        for r in 0..replicates {
            let network = arrangement(d, simulated, seed, r);
            let domain = if bounded { Domain::cube(d, -1.0, 1.0) } else { Domain::unbounded(d) };
            let room = CELLS - counts.iter().sum::<u64>();
            let found = run(&network, &domain, Method::Enumerate, seed, None, room.max(1))?;
            if found.state != State::Complete {
                // More cells than there is room for: the arrangements completed so far serve.
                break;
            }
            add(&mut counts, &found.tally.total);
            done += 1;
        }
        if done > 0 {
            let description = format!("isotropic random hyperplanes that meet {over}, every cell once");
            let description =
                if bounded { description } else { "random hyperplanes in all of space, every cell once".into() };
            let expected = Some(expected(n));
            return Some(Simulated { description, planes: n, simulated, arrangements: done, expected, counts });
        }
        simulated = simulated * 9 / 10;
    }
}

/// The cells of uniform points.
fn volumes(d: usize, planes: u64, counted: u64, seed: u64) -> Option<Simulated> {
    let samples = (counted.min(SAMPLES) / SAMPLED_ARRANGEMENTS).max(1);
    let mut counts = vec![];
    for r in 0..SAMPLED_ARRANGEMENTS {
        let network = arrangement(d, planes, seed, r);
        let found = run(&network, &Domain::cube(d, -1.0, 1.0), Method::Sample, seed + r, Some(samples), 1)?;
        add(&mut counts, &found.tally.total);
    }
    let description = "isotropic random hyperplanes that meet a cube, the cells of uniform points".into();
    let arrangements = SAMPLED_ARRANGEMENTS;
    Some(Simulated { description, planes, simulated: planes, arrangements, expected: None, counts })
}

/// The distinct cells that as many uniform points meet.
fn distinct(d: usize, planes: u64, samples: u64, seed: u64) -> Option<Simulated> {
    let network = arrangement(d, planes, seed, 0);
    let plan = Plan { method: Method::Sample, samples: Some(samples), seed, distinct: true, ..Plan::default() };
    let counts = planned(&network, &Domain::cube(d, -1.0, 1.0), &plan)?.tally.total;
    let description = "isotropic random hyperplanes that meet a cube, the distinct cells met by as many uniform points";
    let description = description.into();
    Some(Simulated { description, planes, simulated: planes, arrangements: 1, expected: None, counts })
}

fn run(
    network: &Network,
    domain: &Domain,
    method: Method,
    seed: u64,
    samples: Option<u64>,
    max_regions: u64,
) -> Option<Exploration> {
    planned(network, domain, &Plan { method, samples, seed, max_regions, ..Plan::default() })
}

fn planned(network: &Network, domain: &Domain, plan: &Plan) -> Option<Exploration> {
    let stop = AtomicBool::new(false);
    let control = Control { stop: &stop, deadline: None, progress: &|_| {}, certify: Certify::No, max_memory: None };
    explore(network, domain, plan, &control).ok()
}

fn add(sum: &mut Vec<u64>, counts: &[u64]) {
    sum.resize(sum.len().max(counts.len()), 0);
    sum.iter_mut().zip(counts).for_each(|(s, n)| *s += n);
}

/// The number of hyperplanes in general position with the nearest number of cells in all of space.
fn general(d: u64, cells: f64) -> u64 {
    let count = |n: u64| big(&bounds::zaslavsky(n, d));
    let mut n = 0;
    while count(n + 1) <= cells {
        n += 1;
    }
    if cells - count(n) <= count(n + 1) - cells { n } else { n + 1 }
}

fn big(n: &dashu_int::UBig) -> f64 {
    n.to_f64().value()
}

/// A network of one layer of `n` isotropic hyperplanes that meet the cube [-1, 1]^d: normals uniform in direction and
/// accepted in proportion to the cube's width along them, offsets uniform over that width; rounded to float32.
fn arrangement(d: usize, n: u64, seed: u64, replicate: u64) -> Network {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(u64::MAX - 2 - replicate);
    let mut uniform = || ((rng.next_u64() >> 11) as f64 + 0.5) / (1u64 << 53) as f64;
    let (mut weight, mut bias) = (vec![], vec![]);
    while bias.len() < n as usize {
        let normal: Vec<f64> =
            (0..d).map(|_| (-2.0 * uniform().ln()).sqrt() * (std::f64::consts::TAU * uniform()).cos()).collect();
        let width: f64 = normal.iter().map(|a| a.abs()).sum();
        let length = normal.iter().map(|a| a * a).sum::<f64>().sqrt();
        if uniform() * (d as f64).sqrt() * length <= width {
            let offset = width * (2.0 * uniform() - 1.0);
            weight.extend(normal.iter().map(|&a| f64::from(a as f32)));
            bias.push(f64::from(offset as f32));
        }
    }
    let node = |layer: &str, len: usize, op: Op| Node {
        label: Label { layer: layer.into(), op: String::new(), node: layer.into() },
        shape: vec![len],
        op,
    };
    let n = n as usize;
    let linear = Linear::Dense(Dense { rows: n, cols: d, weight: weight.into() });
    let nodes = vec![
        node("x", d, Op::Input),
        node("planes", n, Op::Affine(Affine { source: 0, linear, divisor: None, bias: Some(Broadcast::full(bias)) })),
        node("units", n, Op::Activation(Activation { source: 1, curves: vec![Curve::relu()], inner: 1 })),
    ];
    let port = Port { name: "x".into(), shape: vec![d], element: "float32".into(), offset: 0 };
    let output = Output { name: "y".into(), shape: vec![n], element: "float32".into(), node: 2 };
    Network { inputs: vec![port], outputs: vec![output], nodes }
}
