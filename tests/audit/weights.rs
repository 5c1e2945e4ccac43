//! What counts once: regions, uniform samples, data points, and the distinct regions met.
//! Sources of truth: the enumeration in exact arithmetic, with signs of forward passes to find a point's region in it; the
//! numbers of the shared reference for the sampling protocol of a published experiment; a known distribution.

use crate::fixtures::load;
use crate::support::{Builder, Numbers, mlp};
use polyaudit::audit::data::Data;
use polyaudit::audit::{DomainChoice, Settings, audit};
use polyaudit::explore::exact::enumerate as exactly;
use polyaudit::explore::{Certify, Control, Domain, Exploration, LeftOut, Method, Plan, State, Weight, explore};
use polyaudit::ir::{Network, Op};
use polyaudit::region::Layout;
use polyaudit::report::Report;
use polyaudit::stats::coverage_interval;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

fn with_control<T>(work: impl FnOnce(&Control) -> T) -> T {
    let stop = AtomicBool::new(false);
    work(&Control { stop: &stop, deadline: None, progress: &|_| {}, certify: Certify::No, max_memory: None })
}

fn at_points(network: &Network, domain: &Domain, points: &[Vec<f64>], distinct: bool) -> Exploration {
    let plan = Plan { method: Method::Sample, points: Some(Arc::new(points.to_vec())), distinct, ..Plan::default() };
    with_control(|control| explore(network, domain, &plan, control)).expect("an exploration")
}

fn report(name: &str, settings: &Settings) -> Report {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name);
    with_control(|control| audit(&path, settings, control)).expect("an audit").report
}

/// Signs of all pre-activations at a point.
fn signs(network: &Network, x: &[f64]) -> Vec<bool> {
    let values = network.evaluate(x);
    let active = |a: usize| values.nodes[a].iter().map(|&z| z > 0.0);
    network
        .nodes
        .iter()
        .filter_map(|n| if let Op::Activation(a) = &n.op { Some(a.source) } else { None })
        .flat_map(active)
        .collect()
}

/// Interior faces and walls of every region by exact enumeration, by the signs of its units.
fn exact_faces(network: &Network, domain: &Domain) -> BTreeMap<Vec<bool>, (usize, usize)> {
    let (network, bounds) = domain.restrict(network).expect("a domain");
    let layout = Layout::new(&network);
    let mut out = BTreeMap::new();
    let keep = |region: polyaudit::explore::exact::ExactRegion| {
        let units = network.nodes.iter().enumerate().filter(|(_, n)| matches!(n.op, Op::Activation(_)));
        let active = units.flat_map(|(id, n)| (0..n.len()).map(move |u| (id, u)));
        let key = active.map(|(id, u)| layout.get(&region.pattern, id, u) == 1).collect();
        out.insert(key, (region.interior.len(), region.walls));
        Ok(())
    };
    with_control(|control| exactly(&network, &bounds, 0, u64::MAX, control, keep)).expect("an enumeration");
    out
}

/// Every point counts once, in the region that holds it, those on the boundary of the domain included.
#[test]
fn points_count_in_the_regions_that_hold_them() {
    let (network, domain) = (mlp(&[2, 9, 7, 1], 5, 0.5), Domain::cube(2, -1.0, 1.0));
    let regions = exact_faces(&network, &domain);
    let mut numbers = Numbers::new(11);
    let mut points: Vec<Vec<f64>> = (0..300).map(|_| vec![numbers.next(), numbers.next()]).collect();
    points.extend((0..40).map(|k| vec![if k % 2 == 0 { 1.0 } else { -1.0 }, numbers.next()]));
    points.push(vec![1.0, -1.0]);
    let (mut total, mut interior) = (vec![0u64; 64], vec![0u64; 64]);
    let mut met = BTreeMap::new();
    for x in &points {
        let key = signs(&network, x);
        let (faces, walls) = regions[&key];
        total[faces + walls] += 1;
        interior[faces] += 1;
        *met.entry(key).or_insert(0u64) += 1;
    }
    let found = at_points(&network, &domain, &points, false);
    let same = |mine: &[u64], truth: &[u64]| {
        mine.iter().copied().chain(std::iter::repeat(0)).take(64).eq(truth.iter().copied())
    };
    assert!(same(&found.tally.total, &total) && same(&found.tally.interior, &interior), "{:?}", found.tally);
    assert_eq!(
        (found.weight, found.state.clone(), found.left_out),
        (Weight::Point, State::Complete, Some(LeftOut::default()))
    );
    let times = |n: u64| met.values().filter(|&&m| m == n).count() as u64;
    assert_eq!((found.regions_found, found.met), (met.len() as u64, Some([times(1), times(2)])));

    let distinct = at_points(&network, &domain, &points, true);
    let mut each = vec![0u64; 64];
    met.keys().for_each(|key| each[regions[key].0 + regions[key].1] += 1);
    assert_eq!(distinct.weight, Weight::Found);
    assert!(same(&distinct.tally.total, &each), "{:?}", distinct.tally);
    assert_eq!(distinct.beside, Some((Weight::Point, found.tally)));

    // Without walls a point counts wherever it lies.
    let far: Vec<Vec<f64>> = points.iter().map(|p| vec![5.0 * p[0], 5.0 * p[1]]).collect();
    let space = exact_faces(&network, &Domain::unbounded(2));
    let mut interior = vec![0u64; 64];
    far.iter().for_each(|x| interior[space[&signs(&network, x)].0] += 1);
    assert!(same(&at_points(&network, &Domain::unbounded(2), &far, false).tally.interior, &interior));
}

/// Two lines, x = 0 and y = -0.5, in a square: by hand.
#[test]
fn points_without_a_region_are_left_out_and_counted() {
    let network = Builder::new(2).dense(vec![1.0, 0.0, 0.0, 1.0], vec![0.0, 0.5]).relu().build();
    let points =
        [[0.5, 0.5], [0.0, 0.3], [1.0, 1.0], [2.0, 0.0], [-1.0, 0.25], [0.25, -0.5], [-3.0, 0.0]].map(|p| p.to_vec());
    let found = at_points(&network, &Domain::cube(2, -1.0, 1.0), &points, false);
    assert_eq!(found.tally.total, [0, 0, 0, 0, 3]);
    assert_eq!(found.left_out, Some(LeftOut { outside: (2, 3), on_hyperplane: (2, 1) }));
    // With y held the domain is a segment, and a point beside it is outside.
    let held = Domain::Box { lo: vec![-1.0, 0.3], hi: vec![1.0, 0.3] };
    let found = at_points(&network, &held, &[vec![0.7, 0.3], vec![0.7, 0.4]], false);
    assert_eq!(
        (found.dimension, found.tally.total, found.left_out.map(|l| l.outside)),
        (1, vec![0, 0, 1], Some((1, 1)))
    );
}

/// The smallest box, by hand; what is constant is held.
#[test]
fn the_box_of_the_data() {
    let rows = vec![vec![0.5, 0.25, -1.0, 0.0], vec![-0.5, 0.25, 0.5, 1.0], vec![0.0, 0.25, 0.75, 0.5]];
    let data = Data { rows, file: "three.csv".into(), counted: true };
    let settings = Settings { domain: DomainChoice::Data, data: Some(data.clone()), ..Settings::default() };
    let settings = Settings { plan: Plan { method: Method::Sample, ..Plan::default() }, ..settings };
    let report = report("iris-plain.onnx", &settings);
    let domain = serde_json::to_value(&report.settings.domain).expect("json");
    assert_eq!(domain["lo"], serde_json::json!([-0.5, 0.25, -1.0, 0.0]));
    assert_eq!(domain["hi"], serde_json::json!([0.5, 0.25, 0.75, 1.0]));
    assert_eq!((domain["from"].as_str(), domain["file"].as_str()), (Some("data"), Some("three.csv")));
    assert_eq!(
        (report.summary.inputs, report.summary.points, report.summary.points_left_out),
        (Some(3), Some(3), Some(0))
    );
    assert!(report.findings.iter().any(|f| f.code == "data-inputs-held" && f.message.ends_with(": 1")));
    assert_eq!((report.settings.method.as_str(), report.histogram.weight.as_deref()), ("points", Some("point")));

    let same = Data { rows: vec![vec![1.0; 4]; 2], ..data };
    let error = same.bounds(4).expect_err("no free input").to_string();
    assert!(error.contains("no input is free"), "{error}");
    let error = same.points(5).expect_err("another length").to_string();
    assert!(error.contains("rows of 4 numbers, the model has 5 inputs"), "{error}");
}

/// The published protocol: 8,000 uniform points on 3-40-20-1. The reference has 6.3 to 7.4 % of all regions, a mean of 7.40
/// to 7.50 over those found and of 8.0 to 8.3 per sample, 6.00 over all; at most six faces: 31 to 33 % and 67 %.
#[test]
fn regions_met_by_samples_are_a_biased_choice_and_the_report_says_so() {
    let settings = |plan: Plan| Settings { domain: DomainChoice::Cube(-1.0, 1.0), plan, ..Settings::default() };
    let name = "published-3-40-20-1.onnx";
    let all = report(name, &settings(Plan::default()));
    let plan = Plan { method: Method::Sample, samples: Some(8_000), distinct: true, ..Plan::default() };
    let met = report(name, &settings(plan));
    let faces = |r: &Report| r.summary.faces.clone().expect("faces").total;
    let (regions, found) = (all.summary.regions.expect("all"), met.summary.regions_found.expect("those met"));
    let share = found as f64 / regions as f64;
    assert!((0.055..0.08).contains(&share), "{share}");
    let row = |weight: &str| met.weights.iter().find(|w| w.weight == weight).expect("a row").clone();
    let (distinct, volume) = (row("found"), row("volume"));
    assert_eq!((met.histogram.weight.as_deref(), distinct.counted, volume.counted), (Some("found"), found, 8_000));
    assert!(
        (distinct.mean_total - 7.45).abs() < 0.15 && (volume.mean_total - 8.15).abs() < 0.2,
        "{distinct:?} {volume:?}"
    );
    assert!((distinct.share_at_most_2d - 0.32).abs() < 0.03, "{distinct:?}");
    assert!((faces(&all).mean - 6.0).abs() < 0.01 && (faces(&all).share_at_most_2d - 0.67).abs() < 0.01);
    assert_eq!((faces(&met).mean, faces(&met).mean_low), (distinct.mean_total, None));
    let finding = met.findings.iter().find(|f| f.code == "found-weight-biased").expect("the bias is stated");
    assert!(finding.message.contains("below"), "the direction: {}", finding.message);
    // The regions found are no estimate of all regions, and nobody may compare the two.
    assert!(!polyaudit::checks::differences(&all, &met).is_empty());
    // The share of the volume that the regions found hold, by fresh samples.
    let more = Plan { method: Method::Sample, samples: Some(16_000), ..Plan::default() };
    let more = report(name, &settings(more));
    let (low, high) = (met.summary.covered_low.expect("an end"), met.summary.covered_high.expect("an end"));
    let new = (more.summary.regions_found.expect("those met") - found) as f64;
    assert!(low > 0.85 && high < 0.95 && new > found as f64 * 0.1, "{low} {high} {new}");
}

/// A run that a budget ends within a block reports the first n samples, whatever n is.
#[test]
fn a_run_that_is_ended_reports_its_first_samples() {
    let network = load("breast-cancer");
    let domain = Domain::cube(30, -1.0, 1.0);
    let plan = |samples| Plan { method: Method::Sample, samples: Some(samples), ..Plan::default() };
    let stop = AtomicBool::new(false);
    let ended = std::thread::scope(|scope| {
        let run = scope.spawn(|| {
            let control =
                Control { stop: &stop, deadline: None, progress: &|_| {}, certify: Certify::No, max_memory: None };
            explore(&network, &domain, &plan(2_000_000), &control).expect("an exploration")
        });
        std::thread::sleep(std::time::Duration::from_millis(300));
        stop.store(true, Ordering::Relaxed);
        run.join().expect("no panic")
    });
    assert!(matches!(ended.state, State::Partial { interrupted: true, .. }), "{:?}", ended.state);
    assert!(ended.samples > 0 && ended.samples < 2_000_000, "{} samples", ended.samples);
    let again = with_control(|control| explore(&network, &domain, &plan(ended.samples), control)).expect("again");
    assert_eq!((&again.tally, again.regions_found, again.met), (&ended.tally, ended.regions_found, ended.met));
}

/// The interval of the coverage holds the true one about as often as it says: draws from a distribution that is known.
#[test]
fn coverage_is_in_its_interval() {
    // Probabilities in proportion to 1/k, over 400 things.
    let weights: Vec<f64> = (1..=400).map(|k| 1.0 / f64::from(k)).collect();
    let all: f64 = weights.iter().sum();
    let mut numbers = Numbers::new(3);
    let (runs, draws) = (2_000, 150u64);
    let mut held = 0;
    for _ in 0..runs {
        let mut times = vec![0u64; weights.len()];
        for _ in 0..draws {
            let mut at = (numbers.next() + 1.0) / 2.0 * all;
            let k = weights.iter().position(|w| {
                at -= w;
                at < 0.0
            });
            times[k.unwrap_or(weights.len() - 1)] += 1;
        }
        let count = |n: u64| times.iter().filter(|&&t| t == n).count() as u64;
        let (_, [low, high]) = coverage_interval(draws, count(1), count(2)).expect("draws");
        let covered: f64 = weights.iter().zip(&times).filter(|(_, t)| **t > 0).map(|(w, _)| w / all).sum();
        held += usize::from(low <= covered && covered <= high);
    }
    let share = held as f64 / f64::from(runs);
    assert!((0.93..0.975).contains(&share), "{share}");
    assert_eq!(coverage_interval(10, 0, 0).map(|c| c.0), Some(1.0));
    assert!(coverage_interval(10, 0, 0).is_some_and(|c| c.1[0] < 0.8 && c.1[1] == 1.0));
}
