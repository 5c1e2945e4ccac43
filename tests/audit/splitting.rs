//! The splitter against crossing, the other method: two enumerations, one count.
//! Sources of truth: crossing faces (certified half-spaces and LP-free face engine), which shares no geometry with it.

use crate::ground_truth;
use crate::support::{Builder, Numbers, enumerate, enumerate_exactly, mlp, rows, shared, zoo};
use polyaudit::explore::identities::Outcome;
use polyaudit::explore::{self, Allowance, Certify, Control, Domain, State};
use polyaudit::import;
use polyaudit::ir::{Max, Network, Op};
use polyaudit::polytope::Engine;
use polyaudit::region::Walker;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

/// Both methods on one network: state, histograms, faces per source and side, sources that vanish.
fn agree(name: &str, network: &Network, domain: &Domain) -> u64 {
    let split = enumerate(network, domain);
    let (restricted, bounds) = domain.restrict(network).expect("a domain");
    let walker = Walker::new(&restricted);
    let stop = AtomicBool::new(false);
    let control = Control { stop: &stop, deadline: None, progress: &|_| {}, certify: Certify::No, max_memory: None };
    let crossed = explore::enumerate(
        &walker,
        &bounds,
        0,
        Engine::Auto,
        1_000_000,
        &Allowance::new(&control, u64::MAX),
        &mut |_, _, _| Ok(()),
    )
    .expect("an enumeration");
    assert_eq!(split.state, State::Complete, "{name}");
    assert!(split.shape.is_some(), "{name} was not split");
    if crossed.state != State::Complete {
        // Crossing says so when it cannot certify an interior point; then the exact enumeration is the other method.
        let exact = enumerate_exactly(network, domain);
        assert_eq!((split.tally, split.vanishing), (exact.tally, exact.vanishing), "{name}, exactly");
        return exact.regions_found;
    }
    assert_eq!(rows(&split.tally.total), rows(&crossed.tally.total), "total faces of {name}");
    assert_eq!(rows(&split.tally.interior), rows(&crossed.tally.interior), "interior faces of {name}");
    assert_eq!(split.tally.units, crossed.tally.units, "faces by source of {name}");
    let vanishing: Vec<_> = crossed.vanishing.into_iter().collect();
    assert_eq!(split.vanishing, vanishing, "vanishing sources of {name}");
    split.tally.count
}

fn models(folder: PathBuf, up_to: usize) -> Vec<(String, Network)> {
    let files = std::fs::read_dir(&folder).expect("a folder");
    let mut paths: Vec<PathBuf> = files.map(|e| e.expect("an entry").path()).collect();
    paths.sort();
    let onnx = paths.iter().filter(|p| p.extension().is_some_and(|e| e == "onnx"));
    onnx.filter_map(|p| {
        let model = import::load(p, &import::Options::default()).ok()?;
        let name = p.file_stem().expect("a name").to_string_lossy().into_owned();
        (model.network.input_len() <= up_to).then_some((name, model.network))
    })
    .collect()
}

#[test]
fn geometry_in_a_box_and_in_all_of_space() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/geometry");
    let all = models(folder, 8);
    assert!(all.len() >= 30, "{} fixtures", all.len());
    for (name, network) in all {
        let d = network.input_len();
        agree(&name, &network, &Domain::cube(d, -1.0, 1.0));
        agree(&name, &network, &Domain::unbounded(d));
    }
}

/// Many more groups than splits above a subtree, so that siblings are walked one after the other in one walk.
#[test]
fn groups_that_split_cells_again_and_again() {
    for (seed, d) in [(1, 2), (2, 2), (3, 3)] {
        let mut network = mlp(&[d, 24, 6, 1], seed, 0.5);
        let candidates = (0..24).flat_map(|i| [i, (i + 1) % 24, (i + 2) % 24]).collect();
        network.nodes[2].op = Op::Max(Max { source: 1, starts: (0..=24).map(|k| 3 * k).collect(), candidates });
        let regions = agree(&format!("maxima, seed {seed}"), &network, &Domain::cube(d, -1.0, 1.0));
        assert!(regions > 300, "{regions} regions");
    }
}

#[test]
fn networks_of_every_kind() {
    for seed in 0..3 {
        for (name, network) in zoo(seed) {
            let d = network.input_len();
            agree(&format!("{name}, seed {seed}"), &network, &Domain::cube(d, -1.0, 1.0));
            agree(&format!("{name}, seed {seed}, whole space"), &network, &Domain::unbounded(d));
        }
    }
}

#[test]
fn random_networks() {
    for seed in 0..2 {
        for widths in [&[1, 9, 5, 1][..], &[2, 8, 8, 1], &[3, 7, 6, 1], &[4, 6, 5, 4, 1], &[5, 6, 4, 1], &[6, 6, 3, 1]]
        {
            for bias in [0.0, 0.4] {
                let network = mlp(widths, seed, bias);
                agree(&format!("{widths:?}, seed {seed}"), &network, &Domain::cube(widths[0], -1.0, 1.0));
                agree(&format!("{widths:?}, seed {seed}, whole space"), &network, &Domain::unbounded(widths[0]));
            }
        }
    }
}

/// The networks that several tools agree on, up to 20,000 regions in the box, and in all of space where those are few.
#[test]
fn ground_truth_by_both_methods() {
    let Some(names) = ground_truth::names(20_000) else { return };
    assert!(names.len() >= 10, "{names:?}");
    for name in names {
        let path = shared(&format!("ground_truth/{name}.onnx")).expect("the network beside the truth");
        let network = import::load(&path, &import::Options::default()).expect("a readable model").network;
        let d = network.input_len();
        let regions = agree(&name, &network, &Domain::cube(d, -1.0, 1.0));
        if regions < 1000 {
            agree(&format!("{name}, whole space"), &network, &Domain::unbounded(d));
        }
    }
}

/// Groups between layers of units, with many regions below the trunk: their siblings' tables of hyperplanes stay apart.
#[test]
fn groups_between_layers_of_units() {
    let (mut numbers, mut builder) = (Numbers::new(11), Builder::new(2));
    let mut layer = |builder: &mut Builder, rows: usize, cols: usize| {
        let weight = (0..rows * cols).map(|_| numbers.next()).collect();
        let bias = (0..rows).map(|_| f64::from((0.4 * numbers.next()) as f32)).collect();
        builder.dense(weight, bias);
    };
    layer(&mut builder, 24, 2);
    builder.relu();
    layer(&mut builder, 15, 24);
    let (source, starts) = (builder.last(), vec![0, 3, 6, 9, 12, 15]);
    builder.push(5, Op::Max(Max { source, starts, candidates: (0..15).collect() }));
    layer(&mut builder, 20, 5);
    builder.relu();
    layer(&mut builder, 1, 20);
    let network = builder.build();
    assert!(agree("groups between units", &network, &Domain::cube(2, -1.0, 1.0)) > 300);
    assert!(agree("groups between units, whole space", &network, &Domain::unbounded(2)) > 300);
}

/// The outcome of each check, by name.
fn outcomes(network: &Network, domain: &Domain) -> Vec<(&'static str, Outcome)> {
    enumerate(network, domain).identities.iter().map(|i| (i.name, i.outcome)).collect()
}

#[test]
fn checks_hold_where_their_assumptions_do() {
    let holds = |found: &[(&str, Outcome)], name: &str| {
        let outcome = found.iter().find(|(n, _)| *n == name).unwrap_or_else(|| panic!("no check {name}")).1;
        assert_eq!(outcome, Outcome::Holds, "{name} in {found:?}");
    };
    for seed in 0..3 {
        let plane = outcomes(&mlp(&[2, 9, 8, 1], seed, 0.4), &Domain::cube(2, -1.0, 1.0));
        let space = outcomes(&mlp(&[3, 9, 7, 1], seed, 0.4), &Domain::cube(3, -1.0, 1.0));
        let four = outcomes(&mlp(&[4, 7, 5, 1], seed, 0.4), &Domain::cube(4, -1.0, 1.0));
        for found in [&plane, &space, &four] {
            ["handshake", "points", "vertex-handshake", "volume"].iter().for_each(|n| holds(found, n));
        }
        ["plane-mean-four", "euler"].iter().for_each(|n| holds(&plane, n));
        ["space-face-sum", "euler"].iter().for_each(|n| holds(&space, n));
        let layer = outcomes(&mlp(&[3, 10, 1], seed, 1.0), &Domain::unbounded(3));
        ["one-hidden-layer", "vertex-handshake"].iter().for_each(|n| holds(&layer, n));
    }
    let central = outcomes(&mlp(&[3, 8, 1], 0, 0.0), &Domain::cube(3, -1.0, 1.0));
    holds(&central, "volume");
    assert!(central.contains(&("space-face-sum", Outcome::NotApplicable)), "{central:?}");
}

#[test]
fn any_number_of_threads_and_any_limit_give_the_same_regions() {
    let network = mlp(&[3, 16, 12, 1], 5, 0.4);
    let over = |threads: usize, max_regions: u64| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
        let stop = AtomicBool::new(false);
        let control =
            Control { stop: &stop, deadline: None, progress: &|_| {}, certify: Certify::No, max_memory: None };
        let (method, engine) = (explore::Method::Enumerate, Engine::Auto);
        let plan = explore::Plan { method, engine, max_regions, ..explore::Plan::default() };
        pool.install(|| explore::explore(&network, &Domain::cube(3, -1.0, 1.0), &plan, &control)).expect("regions")
    };
    let whole = over(1, 1_000_000);
    assert!(whole.state == State::Complete && whole.regions_found > 500, "{} regions", whole.regions_found);
    for limit in [1, 17, 300, whole.regions_found - 1, whole.regions_found, 1_000_000] {
        let (one, two) = (over(1, limit), over(2, limit));
        assert_eq!(format!("{one:?}"), format!("{two:?}"), "limit {limit}");
        assert_eq!(one.regions_found, limit.min(whole.regions_found));
        assert_eq!(one.state == State::Complete, limit >= whole.regions_found, "limit {limit}");
        if limit < whole.regions_found {
            let share = one.covered_volume.expect("a share of the volume");
            assert!(share > 0.0 && share < 1.0, "limit {limit}: {share}");
        }
    }
}

/// A budget that runs out before the tree is cut into subtrees ends the run there: a partial one, of nothing. The network's
/// first cells alone take longer than the limit.
#[test]
fn budgets_hold_in_the_trunk() {
    let network = mlp(&[4, 1500, 1500, 1], 3, 0.4);
    let start = std::time::Instant::now();
    let deadline = Some(start + std::time::Duration::from_millis(200));
    let stop = AtomicBool::new(false);
    let control = Control { stop: &stop, deadline, progress: &|_| {}, certify: Certify::No, max_memory: None };
    let plan = explore::Plan { method: explore::Method::Enumerate, ..explore::Plan::default() };
    let found = explore::explore(&network, &Domain::cube(4, -1.0, 1.0), &plan, &control).expect("a partial run");
    assert_eq!(found.state, State::partial("time limit reached".into()));
    assert!(start.elapsed().as_secs() < 20, "{:?}", start.elapsed());
    stop.store(true, std::sync::atomic::Ordering::Relaxed);
    let control = Control { deadline: None, ..control };
    let found = explore::explore(&network, &Domain::cube(4, -1.0, 1.0), &plan, &control).expect("a partial run");
    assert_eq!(
        (found.state, found.regions_found),
        (State::Partial { reason: "interrupted".into(), interrupted: true }, 0)
    );
    assert_eq!((found.covered, found.covered_volume), (Some((0, 1000)), Some(0.0)));
}

/// Published models, degenerate ones among them: the exact enumeration, which shares no algorithm, counts the same.
#[test]
fn published_models_as_exact_arithmetic_counts_them() {
    for (name, lo, hi) in [
        ("lindex", 0.0, 1.0),
        ("fc1_2d", -1.0, 1.0),
        ("test_nano", -1.0, 1.0),
        ("test_small", -1.0, 1.0),
        ("test_tiny", -1.0, 1.0),
    ] {
        let Some(path) = shared(&format!("models/{name}.onnx")) else { return };
        let network = import::load(&path, &import::Options::default()).expect("a readable model").network;
        let domain = Domain::cube(network.input_len(), lo, hi);
        let (split, exact) = (enumerate(&network, &domain), enumerate_exactly(&network, &domain));
        assert_eq!((&split.state, &exact.state), (&State::Complete, &State::Complete), "{name}");
        assert_eq!((split.tally, split.vanishing), (exact.tally, exact.vanishing), "{name}");
    }
}

/// A lattice network and a controller over stated boxes: complete, and no check is violated.
#[test]
fn a_lattice_and_a_controller_are_counted_in_full() {
    for (name, bound, regions) in [("tll_8_0", 2.0, 433), ("single_pendulum", 1.0, 1254)] {
        let Some(path) = shared(&format!("models/{name}.onnx")) else { return };
        let network = import::load(&path, &import::Options::default()).expect("a readable model").network;
        let found = enumerate(&network, &Domain::cube(network.input_len(), -bound, bound));
        assert_eq!((found.tally.count, &found.state), (regions, &State::Complete), "{name}");
        let outcome = |name: &str| found.identities.iter().find(|i| i.name == name).map(|i| i.outcome);
        assert_eq!(outcome("volume"), Some(Outcome::Holds), "{name}: {:?}", found.identities);
        assert_eq!(outcome("handshake"), Some(Outcome::Holds), "{name}");
    }
}
