//! Shape beyond faces: vertices and faces of all dimensions, volumes, Euler characteristics, slopes, flats.
//! Sources of truth: grids and single planes by hand, the genus-5 surfaces of the shared reference (section 3.3 A), closed
//! curves by hand, samples of the same network, finite differences of forward passes.

use crate::support::{Builder, Numbers, mlp};
use polyaudit::audit::{DomainChoice, Settings, audit};
use polyaudit::explore::memory::{Memory, Remember};
use polyaudit::explore::{Bounds, Certify, Control, Domain, Exploration, Method, Plan, explore, look_again};
use polyaudit::import::{Options, load};
use polyaudit::ir::Network;
use polyaudit::polytope::Engine;
use polyaudit::region::Walker;
use polyaudit::report::Report;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

fn report(name: &str, domain: DomainChoice, plan: Plan) -> Report {
    let stop = AtomicBool::new(false);
    let control = Control { stop: &stop, deadline: None, progress: &|_| {}, certify: Certify::No, max_memory: None };
    let settings = Settings { domain, plan, ..Settings::default() };
    audit(&fixture(name), &settings, &control).expect("an audit").report
}

fn in_cube(name: &str, half: f64) -> Report {
    report(name, DomainChoice::Cube(-half, half), Plan::default())
}

/// Exploration and report of a network that is in no file, through the public parts of the audit.
fn characteristics(network: &Network, half: f64) -> Vec<(i64, u64)> {
    use polyaudit::explore::{Domain, explore};
    let stop = AtomicBool::new(false);
    let control = Control { stop: &stop, deadline: None, progress: &|_| {}, certify: Certify::No, max_memory: None };
    let domain = Domain::cube(network.input_len(), -half, half);
    let found = explore(network, &domain, &Plan::default(), &control).expect("an exploration");
    let made = polyaudit::audit::attribution(network, &domain, &found, &control);
    let of = made.expect("an attribution").euler_characteristics;
    assert_eq!(of.not_applicable, None);
    of.values.iter().map(|v| (v.characteristic, v.unit_count)).collect()
}

fn values(report: &Report) -> Vec<(i64, u64)> {
    let of = &report.attribution.as_ref().expect("an attribution").euler_characteristics;
    of.values.iter().map(|v| (v.characteristic, v.unit_count)).collect()
}

#[test]
fn lines_and_planes_through_a_box_have_characteristic_one() {
    assert_eq!(values(&in_cube("geometry/ngon-5.onnx", 1.0)), [(1, 5)]);
    let planes = in_cube("geometry/planes-d3-n16.onnx", 1.0);
    let of = planes.attribution.as_ref().expect("an attribution");
    assert!(of.units.iter().all(|u| u.euler == Some(1)), "{:?}", of.units);
    assert_eq!(values(&planes).len(), 1);
    let four = in_cube("iris-plain.onnx", 0.25).attribution.expect("an attribution").euler_characteristics;
    assert!(four.not_applicable.is_some_and(|why| why.contains("two and three inputs")));
}

/// |x| + |y| = 1/2, a little skewed: a closed curve, as one unit of the second layer.
#[test]
fn a_closed_curve_has_characteristic_zero() {
    let first = vec![1.0, 0.01, -1.0, -0.01, 0.02, 1.0, -0.02, -1.0];
    let network = Builder::new(2)
        .dense(first, vec![0.003, 0.001, -0.002, 0.004])
        .relu()
        .dense(vec![1.0; 4], vec![-0.5])
        .relu()
        .build();
    assert_eq!(characteristics(&network, 1.0), [(0, 1), (1, 4)]);
    // In a smaller box the curve is out of sight; in one that cuts its corners off it is four arcs.
    assert_eq!(characteristics(&network, 0.2), [(1, 4)]);
    assert_eq!(characteristics(&network, 0.4), [(1, 4), (4, 1)]);
}

/// The network of the reference whose second layer draws closed surfaces with five handles: 2 − 2·5 each.
#[test]
fn surfaces_with_handles() {
    let report = in_cube("geometry/mean-above-2d.onnx", 3.0);
    let of = values(&report);
    assert_eq!(of.iter().filter(|v| v.0 == -8).map(|v| v.1).sum::<u64>(), 8, "{of:?}");
    assert!(of.iter().all(|v| v.0 == -8 || v.0 == 1), "{of:?}");
    let s2 = report.checks.theory.iter().find(|s| s.id == "S2").expect("a statement");
    assert!(s2.outcome == "exceeded" && s2.detail.contains("euler_characteristics"), "{s2:?}");
    let s4 = report.checks.theory.iter().find(|s| s.id == "S4").expect("a statement");
    assert_eq!(s4.outcome, "exceeded", "{s4:?}");
}

/// A grid of boxes: 2^d vertices, d 2^(d-1) edges, and so on, each.
#[test]
fn faces_of_all_dimensions() {
    let of = |name: &str, half: f64| -> Vec<f64> {
        let report = in_cube(name, half);
        report.shape.expect("shape").faces_by_dimension.iter().map(|r| r.mean_per_region).collect()
    };
    assert_eq!(of("geometry/grid-5x4.onnx", 10.0), [4.0, 4.0, 1.0]);
    for d in [3usize, 4, 5, 6] {
        // One plane per axis, off the middle: 2^d boxes.
        let weight = (0..d * d).map(|k| if k % (d + 1) == 0 { 1.0 } else { 0.0 }).collect();
        let network = Builder::new(d).dense(weight, vec![0.25; d]).relu().build();
        let rows = by_dimension(&network);
        let choose = |n: usize, k: usize| (0..k).fold(1, |c, i| c * (n - i) / (i + 1));
        for (k, mean) in rows {
            assert_eq!(mean, (choose(d, k) << (d - k)) as f64, "d = {d}, k = {k}");
        }
    }
    // Polygons have as many vertices as edges; simple three-dimensional ones keep Euler's relation, on average too.
    for (name, half) in [("published-3-40-20-1.onnx", 1.0), ("geometry/mean-above-2d.onnx", 3.0)] {
        let f = of(name, half);
        assert!((f[0] - f[1] + f[2] - 2.0).abs() < 1e-9 && (2.0 * f[1] - 3.0 * f[0]).abs() < 1e-9, "{f:?}");
    }
    // Four inputs: sums of regions against Euler's relation of a 3-sphere, and the simple vertices' own.
    let f: Vec<f64> = by_dimension(&mlp(&[4, 9, 6, 1], 3, 0.5)).iter().map(|r| r.1).collect();
    assert!((f[0] - f[1] + f[2] - f[3]).abs() < 1e-9 && (f[1] - 2.0 * f[0]).abs() < 1e-9, "{f:?}");
}

fn by_dimension(network: &Network) -> Vec<(usize, f64)> {
    use polyaudit::explore::{Domain, explore};
    let stop = AtomicBool::new(false);
    let control = Control { stop: &stop, deadline: None, progress: &|_| {}, certify: Certify::No, max_memory: None };
    let domain = Domain::cube(network.input_len(), -1.0, 1.0);
    let found = explore(network, &domain, &Plan::default(), &control).expect("an exploration");
    let (_, block) = polyaudit::audit::shape(network, &domain, &found, 0).expect("shape");
    block.faces_by_dimension.iter().map(|r| (r.dimension as usize, r.mean_per_region)).collect()
}

/// The distribution by volume, from the volumes of all regions, against samples.
#[test]
fn volumes_weigh_as_samples_do() {
    let exact = in_cube("published-3-40-20-1.onnx", 1.0);
    let plan = Plan { method: Method::Sample, samples: Some(20_000), ..Plan::default() };
    let sampled = report("published-3-40-20-1.onnx", DomainChoice::Cube(-1.0, 1.0), plan);
    let total = sampled.summary.faces.expect("faces").total;
    let row = |weight: &str| exact.weights.iter().find(|w| w.weight == weight).expect("a row");
    let (region, volume) = (row("region"), row("volume"));
    // Three times the half-width of the interval: this seed is one of many.
    let slack = 1.5 * (total.mean_high.expect("an end") - total.mean_low.expect("an end"));
    assert!((volume.mean_total - total.mean).abs() < slack, "{volume:?} {total:?}");
    assert!((volume.share_at_most_2d - total.share_at_most_2d).abs() < 0.02, "{volume:?} {total:?}");
    assert!(volume.mean_total - region.mean_total > 1.5);
    let summary = exact.summary.shape.expect("shape");
    assert_eq!(summary.volume_weighted_mean, Some(volume.mean_total));
    assert!(summary.largest_volume.is_some_and(|v| v > 1.0 / region.counted as f64 && v < 0.1));
    // A square cut at x = -1/4: 3/8 and 5/8.
    let halves = Builder::new(2).dense(vec![1.0, 0.0], vec![0.25]).relu().build();
    let stop = AtomicBool::new(false);
    let control = Control { stop: &stop, deadline: None, progress: &|_| {}, certify: Certify::No, max_memory: None };
    let domain = polyaudit::explore::Domain::cube(2, -1.0, 1.0);
    let found = polyaudit::explore::explore(&halves, &domain, &Plan::default(), &control).expect("an exploration");
    let (summary, _) = polyaudit::audit::shape(&halves, &domain, &found, 0).expect("shape");
    assert_eq!(summary.and_then(|s| s.largest_volume), Some(0.625));
}

/// The norm at the point that attains it, against differences of forward passes in many directions.
#[test]
fn the_steepest_region_is_as_steep_as_forward_passes_are() {
    for (name, plan) in [
        ("iris-mlp.onnx", Plan { method: Method::Sample, samples: Some(300), ..Plan::default() }),
        ("iris-plain.onnx", Plan::default()),
    ] {
        let network = load(&fixture(name), &Options::default()).expect("a fixture").network;
        let report = report(name, DomainChoice::Cube(-1.0, 1.0), plan);
        let most = report.summary.shape.expect("shape").lipschitz_max.expect("a constant");
        let block = report.shape.expect("shape").lipschitz.expect("a point");
        let x = block.attained_at;
        let outputs = |x: &[f64]| network.evaluate(x).nodes[network.outputs[0].node].clone();
        let mut numbers = Numbers::new(4);
        let (step, here) = (1e-7, outputs(&x));
        let mut steepest = 0.0f64;
        for _ in 0..20_000 {
            let v: Vec<f64> = (0..4).map(|_| numbers.next()).collect();
            let length = v.iter().map(|a| a * a).sum::<f64>().sqrt();
            let there = outputs(&x.iter().zip(&v).map(|(x, v)| x + step * v / length).collect::<Vec<_>>());
            let rise = there.iter().zip(&here).map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt() / step;
            steepest = steepest.max(rise);
        }
        assert!(steepest <= most * (1.0 + 1e-5) && steepest > 0.99 * most, "{name}: {steepest} and {most}");
    }
}

/// Two planes in a cube: flats by hand. And the statements on a random layer of planes.
#[test]
fn flats_of_one_layer_and_cells_of_all_dimensions() {
    let statement = |report: &Report, id: &str| {
        let s = report.checks.theory.iter().find(|s| s.id == id).expect("a statement").clone();
        (s.outcome, s.detail)
    };
    let planes = in_cube("geometry/planes-d3-n16.onnx", 1.0);
    let (outcome, detail) = statement(&planes, "S11");
    assert_eq!(outcome, "holds", "{detail}");
    for name in ["geometry/planes-d3-n16.onnx", "published-3-40-20-1.onnx", "iris-plain.onnx"] {
        let (outcome, detail) = statement(&in_cube(name, 1.0), "S4");
        assert!(outcome == "holds", "{name}: {outcome} {detail}");
    }
    let (outcome, detail) = statement(&in_cube("digits-quarters-conv.onnx", 1.0), "S4");
    assert!(outcome == "holds" || detail.contains("not in general position"), "{outcome} {detail}");
}

/// The enumeration of a cube, with a second look where it splits.
fn enumerated(network: &Network, half: f64, engine: Engine, max_memory: Option<u64>) -> (Exploration, Domain) {
    let stop = AtomicBool::new(false);
    let control = Control { stop: &stop, deadline: None, progress: &|_| {}, certify: Certify::No, max_memory };
    let max_regions = if engine == Engine::Lp { 10_000 } else { 1_000_000 };
    let plan = Plan { engine, method: Method::Enumerate, max_regions, ..Plan::default() };
    let domain = Domain::cube(network.input_len(), -half, half);
    let mut found = explore(network, &domain, &plan, &control).expect("an exploration");
    look_again(network, &domain, 0, &mut found, &control).expect("a second look");
    (found, domain)
}

fn crossed(network: &Network, half: f64, max_memory: Option<u64>) -> (u64, Result<u64, String>) {
    merged(network, enumerated(network, half, Engine::Lp, max_memory))
}

fn merged(network: &Network, (found, domain): (Exploration, Domain)) -> (u64, Result<u64, String>) {
    let (summary, block) = polyaudit::audit::shape(network, &domain, &found, 0).expect("shape");
    assert!(
        block.lipschitz.is_some_and(|l| l.all_regions == summary.as_ref().is_some_and(|s| s.regions_merged.is_some()))
    );
    (
        found.regions_found,
        summary.and_then(|s| s.regions_merged).ok_or_else(|| {
            block.not_available.iter().find(|n| n.quantity == "regions after merging").expect("a reason").reason.clone()
        }),
    )
}

/// Units that no output depends on draw boundaries across which the function does not change.
#[test]
fn neighbours_with_equal_maps_are_one_region_after_merging() {
    // Twelve units of which five are read: as many regions as the five make.
    let mut numbers = Numbers::new(21);
    let mut draw = |n: usize| (0..n).map(|_| numbers.next()).collect::<Vec<f64>>();
    let (weight, bias) = (draw(24), draw(12));
    let read = |n: usize| (0..n).map(|k| if k < 5 { 0.5 + k as f64 } else { 0.0 }).collect::<Vec<f64>>();
    let all = Builder::new(2).dense(weight.clone(), bias.clone()).relu().dense(read(12), vec![0.25]).build();
    let few =
        Builder::new(2).dense(weight[..10].to_vec(), bias[..5].to_vec()).relu().dense(read(5), vec![0.25]).build();
    let (regions, merged) = crossed(&all, 1.0, None);
    let (read_alone, same) = crossed(&few, 1.0, None);
    assert!(regions > read_alone, "{regions} and {read_alone}");
    assert_eq!((merged, same), (Ok(read_alone), Ok(read_alone)));
    // The closed curve from above: four regions outside of it, and four inside of it in which the unit is off.
    let first = vec![1.0, 0.01, -1.0, -0.01, 0.02, 1.0, -0.02, -1.0];
    let mut curve = Builder::new(2);
    curve.dense(first, vec![0.0; 4]).relu().dense(vec![1.0; 4], vec![-0.5]).relu();
    assert_eq!(crossed(&curve.build(), 1.0, None), (8, Ok(5)));
    // Only within the memory that is allowed beside the enumeration's own.
    let (walker, bounds) = (Walker::new(&few), Bounds::Box(vec![[-1.0, 1.0]; 2]));
    let enough = Memory::estimate(&walker, &bounds, &Certify::No, 10_000, Remember::Points).total(1) + 1_000;
    let (regions, merged) = crossed(&few, 1.0, Some(enough));
    let why = merged.expect_err("no room");
    assert!(regions == read_alone && why.contains("--max-memory"), "{why}");
    assert_eq!(crossed(&few, 1.0, Some(enough + 10_000_000)).1, Ok(read_alone));
}

/// A second look at what splitting found sees what crossing faces sees, which derives neighbours with certified points.
#[test]
fn splitting_and_crossing_merge_the_same_regions_and_are_as_steep() {
    let mut numbers = Numbers::new(22);
    let mut draw = |n: usize| (0..n).map(|_| numbers.next()).collect::<Vec<f64>>();
    // Half of the outputs' weights vanish, and units die downstream: maps of neighbours are equal here and there.
    let sparse: Vec<f64> = draw(96).into_iter().enumerate().map(|(k, w)| if k % 3 == 0 { w } else { 0.0 }).collect();
    let mut dying = Builder::new(2);
    dying.dense(draw(24), draw(12)).relu().dense(sparse, vec![-0.6; 8]).relu().dense(draw(16), vec![0.0; 2]);
    let mut curve = Builder::new(2);
    let first = vec![1.0, 0.01, -1.0, -0.01, 0.02, 1.0, -0.02, -1.0];
    curve.dense(first, vec![0.0; 4]).relu().dense(vec![1.0; 4], vec![-0.5]).relu();
    // The first unit and the last draw one line, twice as steep in the last.
    let (weight, bias) = (vec![1.0, 0.5, -0.3, 1.0, 2.0, 1.0], vec![0.1, 0.2, 0.2]);
    let twins = Builder::new(2).dense(weight, bias).relu().dense(vec![1.0; 3], vec![0.0]).build();
    let mut fewer = 0;
    for (name, network) in [
        ("twins", twins),
        ("dying", dying.build()),
        ("curve", curve.build()),
        ("deep", mlp(&[2, 8, 8, 8, 2], 3, 0.3)),
        ("three inputs", mlp(&[3, 10, 6, 4], 5, 0.3)),
        ("no biases", mlp(&[3, 9, 1], 6, 0.0)),
        ("a line", mlp(&[1, 8, 8, 1], 7, 0.3)),
        ("pool", load(&fixture("lookalikes/maxpool.onnx"), &Options::default()).expect("a fixture").network),
    ] {
        let (crossing, domain) = enumerated(&network, 1.0, Engine::Lp, None);
        for threads in [1, 3] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
            let (split, _) = pool.install(|| enumerated(&network, 1.0, Engine::Auto, None));
            assert!(split.shape.is_some() && crossing.shape.is_none(), "{name}: the methods differ");
            assert_eq!(split.merged, crossing.merged, "{name}");
            let [a, b] = [&split, &crossing].map(|found| found.slopes.clone().expect("slopes"));
            assert_eq!(a.count, b.count, "{name}");
            let [x, y] = [a.steepest, b.steepest].map(|s| s.expect("a steepest").0);
            assert!((x - y).abs() <= 1e-12 * y, "{name}: {x} and {y}");
            let [x, y] = [&split, &crossing].map(|f| f.slopes.as_ref().and_then(|s| s.mean()).expect("a mean"));
            assert!((x - y).abs() <= 1e-9 * y, "{name}: {x} and {y}");
        }
        let regions = crossing.regions_found;
        fewer += regions - merged(&network, (crossing, domain)).1.expect("a count");
    }
    assert!(fewer > 10, "only {fewer} regions were merged");
}

/// What would take long is not looked at, and that is said.
#[test]
fn what_is_not_looked_at_again_is_said() {
    let (found, _) = enumerated(&mlp(&[3, 64, 64, 1], 1, 0.3), 1.0, Engine::Auto, None);
    assert!(
        found.slopes.is_none() && found.merged.is_some_and(|m| m.is_err_and(|why| why.contains("multiplications")))
    );
}
