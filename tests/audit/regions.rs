//! Regions at points: the half-spaces hold there, and the affine map is the network's.
//! Source of truth: forward evaluation and finite differences of it.

use crate::support::{Builder, Numbers, mlp, run, zoo};
use polyaudit::explore::{Domain, Method, Weight};
use polyaudit::import::{self, Options, Status, TABLE};
use polyaudit::ir::{Curve, Max, Network, Op, Rational, rational};
use polyaudit::polytope::Engine;
use polyaudit::region::Walker;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn kinds() -> Vec<(&'static str, Network)> {
    let curves = [
        ("relu", Curve::relu()),
        ("leaky", Curve::leaky(0.1).expect("leaky")),
        ("abs", Curve::leaky(-1.0).expect("abs")),
        ("clip", Curve::clip(-0.3, 0.4).expect("clip")),
        ("shrink", Curve::new(&[-0.25, 0.25], &[1.0, 0.0, 1.0], &[0.25, 0.0, -0.25]).expect("shrink")),
    ];
    let layer = |builder: &mut Builder, rows: usize, cols: usize, numbers: &mut Numbers| {
        let weight = (0..rows * cols).map(|_| numbers.next()).collect();
        builder.dense(weight, (0..rows).map(|_| 0.4 * numbers.next()).collect());
    };
    let mut all: Vec<(&str, Network)> = vec![];
    for (name, curve) in curves {
        let (mut numbers, mut builder) = (Numbers::new(5), Builder::new(3));
        layer(&mut builder, 6, 3, &mut numbers);
        builder.curve(curve.clone());
        layer(&mut builder, 6, 6, &mut numbers);
        builder.curve(curve);
        layer(&mut builder, 2, 6, &mut numbers);
        all.push((name, builder.build()));
    }
    let (mut numbers, mut builder) = (Numbers::new(6), Builder::new(3));
    layer(&mut builder, 9, 3, &mut numbers);
    let source = builder.last();
    builder.push(3, Op::Max(Max { source, starts: vec![0, 3, 6, 9], candidates: (0..9).collect() }));
    layer(&mut builder, 4, 3, &mut numbers);
    builder.relu();
    layer(&mut builder, 2, 4, &mut numbers);
    all.push(("max", builder.build()));
    all
}

/// At a point: the region's half-spaces hold, its affine map has the slopes of the forward pass, and just across each
/// half-space some choice differs.
fn agrees(name: &str, network: &Network, x: &[f64]) {
    let (walker, n) = (Walker::new(network), x.len());
    let region = walker.at(x).expect("a point off every hyperplane");
    let slack =
        |y: &[f64], row: usize| region.offsets[row] - (0..n).map(|k| region.normals[n * row + k] * y[k]).sum::<f64>();
    let nearest = (0..region.offsets.len()).map(|r| slack(x, r)).fold(f64::INFINITY, f64::min);
    assert!(nearest > 0.0, "{name}: the point is inside its own region");
    let step = (nearest / 40.0).min(1e-3);
    for k in 0..n {
        let (mut up, mut down) = (x.to_vec(), x.to_vec());
        up[k] += step;
        down[k] -= step;
        let (up, down) = (network.forward(&up), network.forward(&down));
        for (output, forms) in region.outputs.iter().enumerate() {
            for (i, form) in forms.chunks_exact(n + 1).enumerate() {
                let difference = (up[output][i] - down[output][i]) / (2.0 * step);
                assert!(
                    (difference - form[k]).abs() < 1e-7 * (1.0 + form[k].abs()),
                    "{name}: {difference} for {}",
                    form[k]
                );
            }
        }
    }
    for row in 0..region.offsets.len() {
        let normal = &region.normals[n * row..n * (row + 1)];
        let length: f64 = normal.iter().map(|a| a * a).sum();
        let far = 1.01 * slack(x, row) / length;
        let y: Vec<f64> = x.iter().zip(normal).map(|(x, a)| x + far * a).collect();
        assert_ne!(walker.pattern_at(&y).ok(), Some(region.pattern.clone()), "{name}, row {row}");
    }
}

#[test]
fn the_affine_map_and_the_half_spaces_agree_with_the_forward_pass() {
    let mut numbers = Numbers::new(77);
    for (name, network) in kinds() {
        for _ in 0..40 {
            let x: Vec<f64> = (0..3).map(|_| numbers.next()).collect();
            agrees(name, &network, &x);
        }
    }
}

/// The same for every operator that bends or chooses, as it is read from a file, with every attribute that matters.
#[test]
fn every_activation_and_choice_agrees_with_the_forward_pass() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/operators");
    let mut files: Vec<_> = fs::read_dir(folder).expect("a folder").map(|e| e.expect("an entry").path()).collect();
    files.retain(|p| p.extension().is_some_and(|e| e == "onnx"));
    files.sort();
    let (mut numbers, mut operators) = (Numbers::new(78), BTreeSet::new());
    for path in files {
        let network = import::load(&path, &Options::default()).expect("a readable model").network;
        if network.units() == 0 {
            continue;
        }
        operators.extend(network.nodes.iter().map(|n| n.label.op.clone()));
        for _ in 0..3 {
            let x: Vec<f64> = (0..network.input_len()).map(|_| 2.0 * numbers.next()).collect();
            agrees(&path.to_string_lossy(), &network, &x);
        }
    }
    for entry in TABLE.iter().filter(|e| matches!(e.status, Status::Activation | Status::Group)) {
        // Comparisons are conditions of a Where or a factor of a Mul.
        let condition = entry.note.starts_with("for a Where") || entry.op == "Not";
        assert!(condition || operators.contains(entry.op), "{} is in no network", entry.op);
    }
    assert!(operators.contains("Mul"), "products with a condition");
}

#[test]
fn samples_weigh_regions_by_volume() {
    let network = mlp(&[2, 5, 1], 4, 0.4);
    let domain = Domain::cube(2, -1.0, 1.0);
    let whole = run(&network, &domain, Method::Enumerate, Engine::Auto, 0);
    let found = run(&network, &domain, Method::Sample, Engine::Auto, 7);
    assert_eq!((found.weight, found.tally.count, found.samples), (Weight::Volume, 500, 500));
    assert!(found.regions_found <= whole.tally.count);
    for (k, n) in found.tally.total.iter().enumerate() {
        assert!(*n == 0 || whole.tally.total[k] > 0, "samples only meet face counts that exist");
    }
    let again = run(&network, &domain, Method::Sample, Engine::Auto, 7);
    assert_eq!(found.tally, again.tally, "one seed, one answer");
    assert_ne!(
        found.tally,
        run(&network, &domain, Method::Sample, Engine::Auto, 8).tally,
        "another seed, other points"
    );
}

#[test]
fn the_order_of_regions_does_not_depend_on_threads() {
    let network = mlp(&[3, 8, 6, 1], 5, 0.4);
    let domain = Domain::cube(3, -1.0, 1.0);
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("a pool");
        pool.install(|| run(&network, &domain, Method::Enumerate, Engine::Auto, 0).tally)
    };
    assert_eq!(with(1), with(3));
}

/// Points taken through the network together have the patterns that each has alone, over units, several breakpoints, sums,
/// convolutions and max groups; a point on a hyperplane has none. Source of truth: `Walker::pattern_at`.
#[test]
fn patterns_of_many_points_are_those_of_each() {
    // Candidates of a max group that are off are equal, and left to exact arithmetic.
    let fixtures =
        [("iris-residual", 36), ("digits-conv", 0), ("geometry/plain-d2", 36), ("operators/max-pool-plain", 36)];
    for (name, least) in fixtures {
        let path = format!("{}/fixtures/{name}.onnx", env!("CARGO_MANIFEST_DIR"));
        let model = import::load(path.as_ref(), &import::Options::default()).expect("a fixture");
        let walker = Walker::new(&model.network);
        let d = walker.dimension();
        let at = |k: usize, j: usize| ((k * 37 + j * 11) % 101) as f64 / 50.5 - 1.0 + 1e-3;
        let points: Vec<Vec<f64>> = (0..40).map(|k| (0..d).map(|j| at(k, j)).collect()).collect();
        let patterns = walker.patterns_at(&points);
        for (x, pattern) in points.iter().zip(&patterns) {
            if let Some(pattern) = pattern {
                assert_eq!(walker.pattern_at(x).as_ref(), Ok(pattern), "{name}");
            }
        }
        assert!(patterns.iter().filter(|p| p.is_some()).count() >= least, "{name}");
    }
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/geometry/central-deep-3-10-6.onnx");
    let network = import::load(path.as_ref(), &import::Options::default()).expect("a fixture").network;
    assert_eq!(Walker::new(&network).patterns_at(&[vec![0.0; 3]]), [None]);
}

/// Error of the rows of a region against the exact ones, which may not exceed the stated bounds; the largest bound, relative to
/// its row.
fn bounded(name: &str, walker: &Walker, region: &polyaudit::region::Region) -> f64 {
    let d = walker.dimension();
    let mut largest: f64 = 0.0;
    for (r, (label, lower)) in region.labels.iter().zip(&region.lower).enumerate() {
        let (normal, offset) = walker.exact_halfspace(&region.pattern, *label, *lower).expect("a small network");
        let row = region.normals[r * d..][..d].iter().chain([&region.offsets[r]]);
        let bound = rational(region.errors[r]);
        for (value, exact) in row.clone().zip(normal.iter().chain([&offset])) {
            let off = rational(*value) - exact;
            let off = if off < Rational::ZERO { -off } else { off };
            assert!(off <= bound, "{name}, row {r}: {value} is off by {off}, at most {}", region.errors[r]);
        }
        largest = largest.max(region.errors[r] / row.fold(0.0, |m: f64, a| m.max(a.abs())));
    }
    largest
}

/// Truth: exact rows in rationals.
#[test]
fn rows_are_within_their_bounds_of_the_exact_ones() {
    for (name, network) in (0..3).flat_map(zoo).chain(kinds().into_iter().map(|(n, k)| (n.to_string(), k))) {
        let (walker, mut numbers) = (Walker::new(&network), Numbers::new(3));
        for _ in 0..3 {
            let x: Vec<f64> = (0..network.input_len()).map(|_| numbers.next()).collect();
            let Ok(region) = walker.at(&x) else { continue };
            bounded(&name, &walker, &region);
            let fine = walker.in_pairs(&region.pattern).expect("the region again");
            assert_eq!((&fine.labels, &fine.vanishing), (&region.labels, &region.vanishing), "{name}");
            bounded(&name, &walker, &fine);
        }
    }
}

/// The bounds of float64 grow by the layer; where they leave rows in doubt, pairs take over by themselves.
#[test]
fn deep_networks_have_rows_to_the_last_bit() {
    let widths = [vec![5], vec![60; 12], vec![1]].concat();
    let network = mlp(&widths, 8, 0.1);
    let walker = Walker::new(&network);
    let region = walker.at(&[0.3, -0.2, 0.5, 0.1, -0.7]).expect("a point off every hyperplane");
    let all = bounded("deep", &walker, &region);
    assert!(0.0 < all && all < 4.0 * f64::EPSILON, "{all}");
    let forms = (0..network.nodes.len()).fold(vec![], |mut forms, id| {
        forms.push(walker.node_forms(id, &forms, &region.pattern));
        forms
    });
    let last = forms[forms.len() - 2].errors.iter().fold(0.0, |m: f64, e| m.max(*e));
    assert!(last > 1e-9, "float64 alone would have done: {last}");
}
