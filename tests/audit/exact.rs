//! The enumeration in exact arithmetic, against known counts and, region by region, against the float path.
//! Sources of truth: `ground_truth.yaml` of the shared material, closed forms, and two methods that share no algorithm.

use crate::fixtures::load;
use crate::ground_truth;
use crate::support::{Numbers, choose, enumerate, enumerate_exactly, face_sum, mlp, zoo};
use polyaudit::explore::exact::{ExactRegion, Found, enumerate as exactly};
use polyaudit::explore::identities::Outcome;
use polyaudit::explore::{Allowance, Bounds, Certify, Control, Domain, State, enumerate as cross};
use polyaudit::ir::{Network, Op, rational};
use polyaudit::polytope::Engine;
use polyaudit::region::{HyperplaneId, Pattern, Walker};
use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;

/// A region in words that both methods have: faces as credited source, side, coincident sources; walls; what is on them.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    faces: Vec<(HyperplaneId, bool, Vec<HyperplaneId>)>,
    walls: usize,
    on_walls: Vec<HyperplaneId>,
}

fn with_control<T>(work: impl FnOnce(&Control) -> T) -> T {
    let stop = AtomicBool::new(false);
    work(&Control { stop: &stop, deadline: None, progress: &|_| {}, certify: Certify::No, max_memory: None })
}

fn exact_regions(network: &Network, bounds: &Bounds, limit: u64) -> (Found, Vec<ExactRegion>) {
    let mut regions = vec![];
    let keep = |region| {
        regions.push(region);
        Ok(())
    };
    let found = with_control(|control| exactly(network, bounds, 0, limit, control, keep)).expect("an enumeration");
    (found, regions)
}

fn crossed(network: &Network, bounds: &Bounds) -> BTreeMap<Pattern, Seen> {
    let mut regions = BTreeMap::new();
    let walker = Walker::new(network);
    let found = with_control(|control| {
        cross(
            &walker,
            bounds,
            0,
            Engine::Auto,
            u64::MAX,
            &Allowance::new(control, u64::MAX),
            &mut |pattern, cell, _| {
                assert_eq!(cell.undecided, 0);
                let faces = cell.interior.iter().map(|f| (f.credited, f.lower, f.coincident.clone())).collect();
                let seen = Seen { faces, walls: cell.walls, on_walls: cell.on_walls.clone() };
                assert!(regions.insert(pattern.clone(), seen).is_none(), "a region twice");
                Ok(())
            },
        )
    });
    assert_eq!(found.expect("an enumeration").state, State::Complete);
    regions
}

/// Both methods see the same regions, each with the same faces from the same sides.
fn agree(name: &str, network: &Network, domain: &Domain) -> usize {
    let (network, bounds) = domain.restrict(network).expect("a domain");
    let (found, exact) = exact_regions(&network, &bounds, u64::MAX);
    assert_eq!((&found.end, found.points), (&State::Complete, 100), "{name}");
    let mut expected = crossed(&network, &bounds);
    let count = expected.len();
    for region in exact {
        let seen = Seen {
            faces: (region.interior.iter()).map(|f| (f[0].0, f[0].1, f[1..].iter().map(|s| s.0).collect())).collect(),
            walls: region.walls,
            on_walls: region.on_walls,
        };
        assert_eq!(expected.remove(&region.pattern), Some(seen), "{name}: {}", region.pattern.hex());
        inside(&network, &bounds, &region.inside, &region.pattern);
    }
    assert!(expected.is_empty(), "{name}: {} of {count} regions missed", expected.len());
    count
}

/// The point is strictly inside the walls, and the exact forward pass makes the pattern's choices.
fn inside(network: &Network, bounds: &Bounds, x: &[polyaudit::ir::Rational], pattern: &Pattern) {
    for (x, [lo, hi]) in x.iter().zip(bounds.frame().into_iter().flatten()) {
        assert!(rational(*lo) < *x && *x < rational(*hi));
    }
    let (values, layout) = (network.evaluate_exactly(x), polyaudit::region::Layout::new(network));
    for (id, node) in network.nodes.iter().enumerate() {
        if let Op::Activation(a) = &node.op {
            for i in (0..node.len()).filter(|&i| a.curve(i).pieces() > 1) {
                assert_eq!(a.curve(i).piece_exactly(&values[a.source][i]), layout.get(pattern, id, i));
            }
        }
    }
}

#[test]
fn region_by_region_in_boxes() {
    let mut regions = 0;
    for seed in 0..4 {
        for (name, network) in zoo(seed) {
            let d = network.input_len();
            regions += agree(&format!("{name}, seed {seed}"), &network, &Domain::cube(d, -1.0, 1.0));
        }
    }
    assert!(regions > 2000, "{regions} regions compared");
}

#[test]
fn region_by_region_in_the_whole_space() {
    let mut regions = 0;
    for seed in 4..7 {
        for (name, network) in zoo(seed) {
            regions += agree(&format!("{name}, seed {seed}"), &network, &Domain::unbounded(network.input_len()));
        }
    }
    assert!(regions > 2000, "{regions} regions compared");
}

/// Unequal, narrow and shifted bounds whose ends are no short binary fractions; one input held.
#[test]
fn region_by_region_in_odd_boxes() {
    for (name, network) in zoo(7) {
        let d = network.input_len();
        let mut numbers = Numbers::new(d as u64);
        let lo: Vec<f64> = (0..d).map(|_| 0.1 + 0.7 * numbers.next()).collect();
        let mut hi: Vec<f64> = lo.iter().map(|l| l + 0.3 + 0.1 * numbers.next().abs()).collect();
        agree(&name, &network, &Domain::Box { lo: lo.clone(), hi: hi.clone() });
        if d > 1 {
            hi[d - 1] = lo[d - 1];
            agree(&name, &network, &Domain::Box { lo, hi });
        }
    }
}

/// Counts and both histograms of the networks that several tools agree on, up to 5,000 regions, and in the whole space.
#[test]
fn ground_truth_up_to_five_thousand_regions() {
    let checked = ground_truth::boxes(1..=5000, enumerate_exactly);
    assert!(checked.is_none_or(|n| n >= 9), "{checked:?} networks checked");
    let checked = ground_truth::spaces(enumerate_exactly);
    assert!(checked.is_none_or(|n| n >= 3), "{checked:?} networks checked");
}

/// The larger ones: `cargo test --release --locked --test audit larger_ground_truth -- --ignored`.
#[test]
#[ignore = "a quarter of an hour"]
fn larger_ground_truth() {
    let checked = ground_truth::boxes(5001..=400_000, enumerate_exactly);
    assert!(checked.is_none_or(|n| n >= 4), "{checked:?} networks checked");
}

/// The repository's geometry, of which `fixtures.rs` knows the answers: the same by both methods.
#[test]
fn geometry_by_both_methods() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/geometry");
    let mut names: Vec<String> = (std::fs::read_dir(folder).expect("a folder"))
        .map(|e| e.expect("an entry").file_name().into_string().expect("utf-8"))
        .collect();
    names.sort();
    let mut checked = 0;
    for name in names.iter().filter_map(|n| n.strip_suffix(".onnx")) {
        let network = load(&format!("geometry/{name}"));
        let d = network.input_len();
        let domains = [Domain::cube(d, -1.0, 1.0), Domain::cube(d, 0.0, 1.0), Domain::unbounded(d)];
        for domain in domains {
            let (float, exact) = (enumerate(&network, &domain), enumerate_exactly(&network, &domain));
            assert_eq!((float.tally, float.state), (exact.tally, exact.state), "{name}, {domain:?}");
            assert_eq!(float.vanishing, exact.vanishing, "{name}, {domain:?}");
        }
        checked += 1;
    }
    assert!(checked >= 40, "{checked} fixtures checked");
}

/// A published theorem says that the mean number of interior faces is at most 2d at any depth. In rational arithmetic it
/// is above, in the whole space and in a box.
#[test]
fn a_mean_above_twice_the_dimension() {
    let network = load("geometry/mean-above-2d");
    for (domain, regions, facets) in [(Domain::unbounded(3), 811, 2468), (Domain::cube(3, -3.0, 3.0), 576, 1808)] {
        let found = enumerate_exactly(&network, &domain);
        assert_eq!((found.state, found.tally.count), (State::Complete, regions));
        assert_eq!(face_sum(&found.tally.interior), 2 * facets);
        assert!(2 * facets > 6 * regions);
        assert!(found.vanishing.is_empty() && found.tally.units.values().all(|u| u.coincident == 0));
    }
}

/// Another says that a further unit raises the mean. In rational arithmetic it falls, from 800/211 to 810/214.
#[test]
fn a_unit_that_lowers_the_mean() {
    for (name, regions, facets) in [("mean-falls-before", 211, 400), ("mean-falls", 214, 405)] {
        let found = enumerate_exactly(&load(&format!("geometry/{name}")), &Domain::unbounded(2));
        assert_eq!((found.state, found.tally.count), (State::Complete, regions));
        assert_eq!(face_sum(&found.tally.interior), 2 * facets);
    }
}

/// Zaslavsky: hyperplanes in general position bound C(n − 1, d) cells.
#[test]
fn bounded_and_unbounded_regions() {
    for (widths, seed) in [(&[1usize, 6, 1][..], 1), (&[2, 7, 1], 2), (&[3, 8, 1], 3)] {
        let (d, n) = (widths[0], widths[1] as u64);
        let found = enumerate_exactly(&mlp(widths, seed, 0.4), &Domain::unbounded(d));
        let bounded = found.tally.count - found.unbounded.expect("known in the whole space");
        assert_eq!(bounded, choose(n - 1, d as u64), "d={d}");
        assert!(found.identities.iter().all(|c| c.outcome != Outcome::Violated));
    }
    assert_eq!(enumerate_exactly(&mlp(&[2, 5, 1], 1, 0.4), &Domain::cube(2, -1.0, 1.0)).unbounded, None);
}

/// What a limit leaves out depends on the limit alone, and what comes before does not depend on it.
#[test]
fn a_limit_keeps_the_first_regions() {
    let network = mlp(&[3, 8, 6, 1], 5, 0.4);
    let bounds = Bounds::Box(vec![[-1.0, 1.0]; 3]);
    let (all, regions) = exact_regions(&network, &bounds, u64::MAX);
    assert_eq!(all.tally.count, enumerate(&network, &Domain::cube(3, -1.0, 1.0)).tally.count);
    for limit in [1, 7, 100, all.tally.count - 1] {
        let run = |threads: usize| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
            pool.install(|| exact_regions(&network, &bounds, limit))
        };
        for threads in [1, 3] {
            let (found, first) = run(threads);
            assert_eq!(first, regions[..limit as usize]);
            assert_eq!(found.end, State::regions(limit));
        }
    }
    assert_eq!(exact_regions(&network, &bounds, all.tally.count).0.end, State::Complete);
}

/// An end from outside keeps what was found.
#[test]
fn a_stopped_run_is_partial() {
    let stop = AtomicBool::new(true);
    let control = Control { stop: &stop, deadline: None, progress: &|_| {}, certify: Certify::No, max_memory: None };
    let bounds = Bounds::Box(vec![[-1.0, 1.0]; 3]);
    let found = exactly(&mlp(&[3, 8, 6, 1], 5, 0.4), &bounds, 0, u64::MAX, &control, |_| Ok(())).expect("a run");
    assert!(matches!(found.end, State::Partial { interrupted: true, .. }));
}
