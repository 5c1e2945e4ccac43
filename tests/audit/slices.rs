//! Sections of the input space: exact counts on a plane, for networks of any number of inputs.
//! Source of truth: the same section written as a box with held inputs; forward passes along segments of the plane.

use crate::support::{Numbers, enumerate, enumerate_exactly, face_sum, mlp, run};
use polyaudit::explore::{Allowance, Bounds, Certify, Control, Domain, Method, State};
use polyaudit::ir::{Network, Op};
use polyaudit::polytope::Engine;
use polyaudit::region::{Pattern, Walker};
use std::collections::HashSet;
use std::sync::atomic::AtomicBool;

fn slice(origin: Vec<f64>, directions: Vec<Vec<f64>>, lo: f64, hi: f64) -> Domain {
    let n = origin.len();
    Domain::Slice { origin, directions, within: Some((vec![lo; n], vec![hi; n])) }
}

/// The plane through three seeded points of the cube.
fn plane(inputs: usize, seed: u64) -> Domain {
    let mut numbers = Numbers::new(seed);
    let points: Vec<Vec<f64>> = (0..3).map(|_| (0..inputs).map(|_| numbers.next()).collect()).collect();
    let towards = |k: usize| points[k].iter().zip(&points[0]).map(|(x, o)| x - o).collect();
    slice(points[0].clone(), vec![towards(1), towards(2)], -1.0, 1.0)
}

#[test]
fn a_coordinate_plane_is_a_box_with_held_inputs() {
    for seed in 0..4 {
        let network = mlp(&[4, 12, 8, 1], seed, 0.5);
        let held = [0.25, -0.5];
        let (mut lo, mut hi) = (vec![-1.0; 4], vec![1.0; 4]);
        (lo[1], hi[1], lo[3], hi[3]) = (held[0], held[0], held[1], held[1]);
        let expected = enumerate(&network, &Domain::Box { lo, hi });
        let along = |c: [f64; 4]| c.to_vec();
        let origin = vec![0.5, held[0], -0.125, held[1]];
        // The same plane in two bases: in the second one no wall is parallel to an axis of t.
        for directions in [
            vec![along([1.0, 0.0, 0.0, 0.0]), along([0.0, 0.0, 1.0, 0.0])],
            vec![along([1.0, 0.0, 2.0, 0.0]), along([-3.0, 0.0, 1.0, 0.0])],
        ] {
            let found = enumerate(&network, &slice(origin.clone(), directions, -1.0, 1.0));
            assert_eq!(found.state, State::Complete);
            let rows = |e: &polyaudit::explore::Exploration| {
                (e.tally.total.clone(), e.tally.interior.clone(), e.tally.walls.clone())
            };
            assert_eq!(rows(&found), rows(&expected), "seed {seed}");
        }
    }
}

#[test]
fn on_a_polygon_of_k_sides_the_faces_sum_to_four_per_region_and_k_minus_four() {
    for (inputs, seed) in [(3, 1), (6, 2), (40, 3)] {
        let (network, domain) = (mlp(&[inputs, 20, 12, 1], seed, 0.5), plane(inputs, seed));
        let found = enumerate(&network, &domain);
        assert!(found.state == State::Complete && found.tally.count > 20, "{:?}", found.state);
        let exact = enumerate_exactly(&network, &domain);
        assert_eq!((&exact.tally.total, &exact.tally.walls), (&found.tally.total, &found.tally.walls));
        let Bounds::Polytope(polygon) = domain.restrict(&network).expect("a plane").1 else { panic!("a polygon") };
        // Euler's relation, with crossings of degree four inside and of degree three on the sides.
        let sides = polygon.offsets.len() as u64;
        assert_eq!(face_sum(&found.tally.total) + 4, 4 * found.tally.count + sides, "{inputs} inputs");
    }
}

#[test]
fn samples_of_a_slice_fall_inside_it() {
    let found = run(&mlp(&[5, 10, 1], 3, 0.5), &plane(5, 9), Method::Sample, Engine::Auto, 1);
    assert_eq!((found.state, found.samples, found.dimension), (State::Complete, 500, 2));
}

#[test]
fn slices_that_are_none_are_refused() {
    let network = mlp(&[3, 4, 1], 1, 0.5);
    let cases = [
        (slice(vec![0.0; 3], vec![vec![1.0, 2.0, 3.0], vec![2.0, 4.0, 6.0]], -1.0, 1.0), "linearly dependent"),
        (slice(vec![5.0; 3], vec![vec![1.0, -1.0, 0.0], vec![1.0, 1.0, -2.0]], -1.0, 1.0), "nothing of 2 dimensions"),
        (slice(vec![0.0, 0.0, 3.0], vec![vec![1.0, 0.0, 0.0]], -1.0, 1.0), "holds input 2 at 3"),
    ];
    for (domain, message) in cases {
        let error = domain.restrict(&network).expect_err("no section").to_string();
        assert!(error.contains(message), "{error}");
    }
}

/// The pattern of a forward pass, by the values alone.
fn pattern(network: &Network, walker: &Walker, t: &[f64]) -> Pattern {
    let values = network.evaluate(t);
    let mut out = walker.layout().empty();
    for (id, node) in network.nodes.iter().enumerate() {
        if let Op::Activation(a) = &node.op {
            for (unit, &z) in values.nodes[a.source].iter().enumerate() {
                walker.layout().set(&mut out, id, unit, a.curve(unit).piece(z));
            }
        }
    }
    out
}

/// Every region that a segment passes is one that was enumerated; the enumerated ones cover the segment without gap or
/// overlap, and in the middle of each piece the forward pass has that region's pattern.
#[test]
fn a_thousand_segments_change_patterns_where_the_enumeration_says() {
    let network = mlp(&[6, 14, 10, 1], 5, 0.5);
    let (restricted, bounds) = plane(6, 4).restrict(&network).expect("a plane");
    let walker = Walker::new(&restricted);
    let stop = AtomicBool::new(false);
    let control = Control { stop: &stop, deadline: None, progress: &|_| {}, certify: Certify::No, max_memory: None };
    let found = polyaudit::explore::enumerate(
        &walker,
        &bounds,
        0,
        Engine::Auto,
        100_000,
        &Allowance::new(&control, u64::MAX),
        &mut |_, _, _| Ok(()),
    )
    .expect("regions");
    assert_eq!(found.state, State::Complete);
    let Bounds::Polytope(polygon) = &bounds else { panic!("a polygon") };
    let regions: Vec<_> = found.found.iter().map(|p| walker.with(p).expect("a region")).collect();
    let mut numbers = Numbers::new(77);
    let mut point = || loop {
        let at = |[lo, hi]: [f64; 2], u: f64| lo + (hi - lo) * (u + 1.0) / 2.0;
        let t = [at(polygon.frame[0], numbers.next()), at(polygon.frame[1], numbers.next())];
        if bounds.contains(&t) {
            return t;
        }
    };
    let mut changes = 0;
    for _ in 0..1000 {
        let (a, b) = (point(), point());
        let at = |s: f64| [a[0] + s * (b[0] - a[0]), a[1] + s * (b[1] - a[1])];
        let (mut covered, mut passed) = (0.0, HashSet::new());
        for region in &regions {
            let (mut from, mut to) = (0.0f64, 1.0f64);
            for (normal, offset) in region.normals.chunks_exact(2).zip(&region.offsets) {
                let slack = offset - normal[0] * a[0] - normal[1] * a[1];
                let rate = normal[0] * (b[0] - a[0]) + normal[1] * (b[1] - a[1]);
                if rate > 0.0 {
                    to = to.min(slack / rate);
                } else if rate < 0.0 {
                    from = from.max(slack / rate);
                } else if slack < 0.0 {
                    to = -1.0;
                }
            }
            if to - from > 1e-9 {
                covered += to - from;
                assert_eq!(pattern(&restricted, &walker, &at((from + to) / 2.0)), region.pattern);
                passed.insert(region.pattern.clone());
            }
        }
        assert!((covered - 1.0).abs() < 1e-6, "{covered} of a segment is covered");
        let brute: HashSet<Pattern> =
            (0..=256).map(|k| pattern(&restricted, &walker, &at((f64::from(k) + 0.5) / 257.0))).collect();
        assert!(brute.is_subset(&passed), "a pattern that the enumeration has not");
        changes += passed.len() - 1;
    }
    assert!(changes > 5000, "{changes} changes in all");
}
