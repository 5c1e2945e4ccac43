//! Bounds that prove units constant: the truth is the exact enumeration, which shares no algorithm with them, and forward
//! passes at points.

use crate::support::{Numbers, mlp, shared, zoo};
use polyaudit::audit::{DomainChoice, Settings, audit};
use polyaudit::explore::constant::{BUDGET, Means, constant};
use polyaudit::explore::exact::{self, ExactRegion};
use polyaudit::explore::relax::Effort;
use polyaudit::explore::{Certify, Control, Domain, Method, relax};
use polyaudit::ir::{Network, Op};
use polyaudit::region::Layout;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::AtomicBool;

fn control(stop: &AtomicBool) -> Control<'_> {
    Control { stop, deadline: None, progress: &|_| {}, certify: Certify::No, max_memory: None }
}

/// Units and groups of the network that are on one piece in every region of the exact enumeration, with that piece.
fn truth(network: &Network, domain: &Domain) -> BTreeMap<(usize, usize), usize> {
    let (network, bounds) = domain.restrict(network).expect("a domain");
    let (layout, mut seen) = (Layout::new(&network), vec![]);
    let visit = |region: ExactRegion| {
        seen.push(region.pattern);
        Ok(())
    };
    let stop = AtomicBool::new(false);
    exact::enumerate(&network, &bounds, 0, 100_000, &control(&stop), visit).expect("regions");
    let mut out = BTreeMap::new();
    for (id, node) in network.nodes.iter().enumerate() {
        for unit in 0..node.len() {
            let choice = match &node.op {
                Op::Activation(a) => a.curve(unit).pieces() > 1,
                Op::Max(m) => m.group(unit).len() > 1,
                _ => false,
            };
            if choice {
                let on: BTreeSet<usize> = seen.iter().map(|p| layout.get(p, id, unit)).collect();
                if on.len() == 1 {
                    out.extend(on.first().map(|piece| ((id, unit), *piece)));
                }
            }
        }
    }
    out
}

/// What is proven is true on every network of the zoo, and of networks in general position it is nearly all of the truth.
#[test]
fn what_bounds_prove_is_what_the_exact_enumeration_finds() {
    let mut networks: Vec<(String, Network)> = (1..4).flat_map(zoo).collect();
    networks.extend((1..13).map(|seed| (format!("mlp {seed}"), mlp(&[3, 7, 6, 5, 1], seed, 0.3))));
    let (mut of_mlp, mut by) = ([0, 0], BTreeMap::<Means, usize>::new());
    for (name, network) in &networks {
        for half in [0.25, 1.0] {
            let domain = Domain::cube(network.input_len(), -half, half);
            let (restricted, bounds) = domain.restrict(network).expect("a domain");
            let proven = constant(&restricted, &bounds, &BTreeSet::new(), &mut Effort::of(BUDGET));
            let truth = truth(network, &domain);
            for (unit, (piece, means)) in &proven.units {
                assert_eq!(truth.get(unit), Some(piece), "{name} over ±{half}: {unit:?} by {means:?}");
                *by.entry(*means).or_default() += 1;
            }
            if name.starts_with("mlp") {
                of_mlp[0] += proven.units.len();
                of_mlp[1] += truth.len();
            }
        }
    }
    assert!(of_mlp[0] * 100 >= of_mlp[1] * 98, "{of_mlp:?}");
    assert!(by.len() == 3 && by.values().all(|n| *n > 0), "{by:?}");
}

/// Every value at a point of the box is in its range, and no range is wider than the interval.
#[test]
fn ranges_hold_what_forward_passes_give() {
    let mut narrower = 0;
    for (name, network) in (4..6).flat_map(zoo).chain([("wide".into(), mlp(&[6, 40, 40, 30, 3], 5, 0.2))]) {
        let frame = vec![[-0.5, 0.75]; network.input_len()];
        let plain = polyaudit::explore::reach::intervals(&network, &frame);
        let ranges = relax::ranges(&network, &frame, None, &mut Effort::of(u64::MAX));
        assert!(ranges.whole);
        let mut numbers = Numbers::new(9);
        for _ in 0..300 {
            // Corners and edges too: bounds are tight there.
            let x: Vec<f64> = frame.iter().map(|_| (1.5 * numbers.next()).clamp(-1.0, 1.0) * 0.625 + 0.125).collect();
            for (values, of) in network.evaluate(&x).nodes.iter().zip(&ranges.of) {
                for (v, [lo, hi]) in values.iter().zip(of) {
                    let room = 1e-12 * (1.0 + v.abs());
                    assert!(lo - room <= *v && *v <= hi + room, "{name}: {v} is not in [{lo}, {hi}]");
                }
            }
        }
        for (of, plain) in ranges.of.iter().flatten().zip(plain.iter().flatten()) {
            assert!(of[0] >= plain[0] && of[1] <= plain[1], "{name}");
            narrower += usize::from(of[1] - of[0] < 0.9 * (plain[1] - plain[0]));
        }
    }
    assert!(narrower > 50, "{narrower}");
}

/// A budget that ends early proves less, never other things, and says so.
#[test]
fn a_small_budget_proves_a_part_and_says_so() {
    let network = mlp(&[4, 150, 150, 1], 3, 0.2);
    let frame = vec![[-0.3, 0.3]; 4];
    let whole = relax::ranges(&network, &frame, None, &mut Effort::of(u64::MAX));
    let part = relax::ranges(&network, &frame, None, &mut Effort::of(20_000));
    assert!(whole.whole && !part.whole);
    for (a, b) in whole.of.iter().flatten().zip(part.of.iter().flatten()) {
        assert!(a[0] >= b[0] && a[1] <= b[1]);
    }
    // A caller that asks to end is heard between two chunks: the third look is answered with yes.
    let looks = std::cell::Cell::new(0);
    let ends = || looks.replace(looks.get() + 1) >= 2;
    let mut effort = Effort { left: u64::MAX, ends: &ends };
    assert!(!relax::ranges(&network, &frame, None, &mut effort).whole && effort.left == 0);
    let domain = Domain::cube(4, -0.05, 0.05);
    let (restricted, bounds) = domain.restrict(&network).expect("a domain");
    let of = |effort: &mut Effort| constant(&restricted, &bounds, &BTreeSet::new(), effort);
    let (ended, all) = (of(&mut Effort { left: u64::MAX, ends: &|| true }), of(&mut Effort::of(20_000_000)));
    assert!(ended.cut_short && ended.units.values().all(|(_, means)| *means == Means::Intervals));
    assert!(ended.units.len() < all.units.len() && ended.units.iter().all(|(u, how)| all.units.get(u) == Some(how)));
    // Bounds of infinite sides are no bounds, and no numbers are proofs of nothing.
    let open = relax::ranges(&network, &[[f64::NEG_INFINITY, f64::INFINITY]; 4], None, &mut Effort::of(u64::MAX));
    let units = |id: usize| matches!(network.nodes[id].op, Op::Affine(_));
    let bounded = (1..open.of.len()).filter(|&id| units(id)).flat_map(|id| &open.of[id]).filter(|r| r[0].is_finite());
    assert_eq!(bounded.count(), 0);
}

/// ACAS Xu in a small box: a sampled run proves the units that the enumeration finds never to switch.
#[test]
fn a_sampled_run_of_a_real_network_proves_what_its_enumeration_finds() {
    let Some(path) = shared("models/acasxu_1_1_vector.onnx") else { return };
    let report = |method| {
        let mut settings = Settings { domain: DomainChoice::Cube(-0.02, 0.02), ..Settings::default() };
        (settings.plan.method, settings.plan.samples) = (method, Some(200));
        let stop = AtomicBool::new(false);
        audit(&path, &settings, &control(&stop)).expect("an audit").report.attribution.expect("an attribution")
    };
    let (all, some) = (report(Method::Enumerate), report(Method::Sample));
    assert_eq!((all.proof.as_str(), some.proof.as_str()), ("enumerated", "bounds"));
    assert_eq!(some.proof_cut_short, Some(false));
    assert_eq!(some.never_active, all.never_active);
    assert_eq!(some.always_active, all.always_active);
}

/// Samples that all fall in one region say so, and name what they did not show.
#[test]
fn samples_of_one_region_are_no_certainty() {
    let report = |half: f64| {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/iris-mlp.onnx");
        let mut settings = Settings { domain: DomainChoice::Cube(-half, half), ..Settings::default() };
        (settings.plan.method, settings.plan.samples) = (Method::Sample, Some(20));
        let stop = AtomicBool::new(false);
        audit(&path, &settings, &control(&stop)).expect("an audit").report
    };
    let code = "one-region-sampled";
    let (narrow, wide) = (report(1e-9), report(1.0));
    assert!(narrow.summary.regions_found == Some(1) && narrow.findings.iter().any(|f| f.code == code));
    assert!(wide.summary.regions_found > Some(1) && wide.findings.iter().all(|f| f.code != code));
}
