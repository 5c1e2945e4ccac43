//! Tables of numbers known from closed forms, reproduced to the last integer; and sums that must agree with each other.
//! Source of truth: Zaslavsky 1975 and Buck 1943 for hyperplanes in general position, computed apart and written out.

use crate::support::{Builder, Numbers, enumerate, enumerate_exactly, face_sum, mlp, run};
use polyaudit::explore::{Certify, Control, Domain, Method, Plan, State, explore};
use polyaudit::polytope::Engine;
use std::sync::atomic::AtomicBool;

/// Regions, mean faces in millionths, bounded regions.
type Row = (u64, u64, u64);

/// Inputs, then a row per 8, 16, 32, 64 hyperplanes.
const ONE_LAYER: [(usize, [Row; 4]); 5] = [
    (1, [(9, 1_777_778, 7), (17, 1_882_353, 15), (33, 1_939_394, 31), (65, 1_969_231, 63)]),
    (2, [(37, 3_459_459, 21), (137, 3_737_226, 105), (529, 3_871_456, 465), (2081, 3_936_569, 1953)]),
    (3, [(93, 4_989_247, 35), (697, 5_555_237, 455), (5489, 5_794_862, 4495), (43_745, 5_901_840, 39_711)]),
    (4, [(163, 6_282_209, 35), (2517, 7_323_004, 1365), (41_449, 7_707_978, 31_465), (679_121, 7_864_849, 595_665)]),
    (
        5,
        [
            (219, 7_232_877, 21),
            (6885, 9_021_351, 3003),
            (242_825, 9_608_764, 169_911),
            (8_303_633, 9_825_375, 7_028_847),
        ],
    ),
];

fn check(sizes: std::ops::Range<u64>) -> usize {
    let mut checked = 0;
    for (d, row) in ONE_LAYER {
        for (units, (regions, mean, bounded)) in [8, 16, 32, 64].into_iter().zip(row) {
            if !sizes.contains(&regions) {
                continue;
            }
            let network = mlp(&[d, units, 1], 40 + units as u64, 0.5);
            let stop = AtomicBool::new(false);
            let control =
                Control { stop: &stop, deadline: None, progress: &|_| {}, certify: Certify::No, max_memory: None };
            let plan = Plan { method: Method::Enumerate, max_regions: 10_000_000, ..Plan::default() };
            let found = explore(&network, &Domain::unbounded(d), &plan, &control).expect("an exploration");
            assert_eq!((found.state, found.tally.count), (State::Complete, regions), "d = {d}, {units} units");
            let faces = face_sum(&found.tally.interior);
            assert_eq!((faces * 1_000_000 + regions / 2) / regions, mean, "d = {d}, {units} units");
            assert_eq!(found.unbounded, Some(regions - bounded), "d = {d}, {units} units");
            checked += 1;
        }
    }
    checked
}

#[test]
fn one_hidden_layer_to_the_last_integer() {
    assert_eq!(check(0..50_000), 17);
}

/// `cargo test --release --locked --test audit -- --ignored tables`: nine million regions, a minute or so.
#[test]
#[ignore = "minutes"]
fn one_hidden_layer_up_to_eight_million_regions() {
    assert_eq!(check(50_000..10_000_000), 3);
}

/// The last entry of the prefix curve is the network itself.
#[test]
fn prefix_curves_end_in_the_totals() {
    for (widths, domain) in [
        (&[2, 20, 12, 8, 1][..], Domain::cube(2, -1.0, 1.0)),
        (&[3, 14, 10, 1], Domain::cube(3, -1.0, 1.0)),
        (&[3, 10, 6, 1], Domain::unbounded(3)),
        (&[4, 10, 6, 1], Domain::cube(4, -1.0, 1.0)),
    ] {
        let found = enumerate(&mlp(widths, 6, 0.5), &domain);
        let layers = &found.shape.as_ref().expect("a shape").layers;
        assert_eq!(layers.len(), widths.len() - 2);
        let last = layers[layers.len() - 1].sums;
        assert_eq!((last.regions, last.interior), (found.tally.count, face_sum(&found.tally.interior)));
        if matches!(domain, Domain::Box { .. }) {
            assert_eq!(last.total, face_sum(&found.tally.total));
        }
        assert!(layers.windows(2).all(|pair| pair[0].sums.regions <= pair[1].sums.regions));
    }
    let crossed = run(&mlp(&[2, 8, 1], 6, 0.5), &Domain::cube(2, -1.0, 1.0), Method::Enumerate, Engine::Lp, 0);
    assert!(crossed.shape.is_none());
}

/// Central hyperplanes in general position, in rational arithmetic: regions 2 Σ C(n − 1, i) over i < d, and the mean of
/// their faces in millionths. Zaslavsky 1975; the numbers are written out from the closed form.
#[test]
fn central_planes_in_exact_arithmetic() {
    central_planes(&[
        (2, 20, 40, 2_000_000),
        (3, 40, 1562, 3_994_878),
        (4, 16, 1152, 5_888_889),
        (5, 12, 1124, 7_516_014),
    ]);
}

/// Inputs, units, regions, and the mean in millionths.
fn central_planes(cases: &[(usize, usize, u64, u64)]) {
    for &(d, units, regions, mean) in cases {
        let found = enumerate_exactly(&mlp(&[d, units, 1], 7, 0.0), &Domain::unbounded(d));
        assert_eq!((&found.state, found.tally.count), (&State::Complete, regions), "d = {d}, {units} units");
        let faces = face_sum(&found.tally.interior);
        assert_eq!((faces * 1_000_000 + regions / 2) / regions, mean, "d = {d}, {units} units");
    }
}

/// The larger ones, and deep networks without biases: `cargo test --release --locked --test audit -- --ignored tables`.
#[test]
#[ignore = "a minute"]
fn larger_central_networks_in_exact_arithmetic() {
    central_planes(&[(3, 80, 6322, 3_998_735), (5, 16, 3882, 7_748_583)]);
    for widths in [&[3, 40, 20, 1][..], &[3, 80, 40, 1]] {
        let network = mlp(widths, 3, 0.0);
        let (exact, split) =
            (enumerate_exactly(&network, &Domain::unbounded(3)), enumerate(&network, &Domain::unbounded(3)));
        assert_eq!(exact.tally, split.tally, "{widths:?}");
        assert!(exact.tally.count > 2000, "{} regions", exact.tally.count);
        assert_eq!(face_sum(&exact.tally.interior), 4 * exact.tally.count - 8, "{widths:?}");
    }
}

/// Six inputs of which the first layer sees two combinations: in all of space the regions and faces of the network of these
/// two. Source of truth: the reduced network; small integers, so that no product rounds.
#[test]
fn a_first_layer_of_rank_two_has_the_regions_of_the_plane() {
    let mut numbers = Numbers::new(21);
    let mut whole = |n: usize, scale: f64| (0..n).map(|_| (numbers.next() * scale).round()).collect::<Vec<f64>>();
    let (seen, first, first_bias) = (whole(12, 4.0), whole(16, 50.0), whole(8, 30.0));
    let (second, second_bias, last) = (whole(48, 20.0), whole(6, 40.0), whole(6, 5.0));
    let wide = (0..48).map(|k| first[k / 6 * 2] * seen[k % 6] + first[k / 6 * 2 + 1] * seen[6 + k % 6]).collect();
    let network = |inputs: usize, weight: Vec<f64>| {
        let mut builder = Builder::new(inputs);
        builder.dense(weight, first_bias.clone()).relu().dense(second.clone(), second_bias.clone()).relu();
        builder.dense(last.clone(), vec![0.0]).build()
    };
    let (plane, wide) = (network(2, first.clone()), network(6, wide));
    let expected = enumerate_exactly(&plane, &Domain::unbounded(2));
    assert!(expected.state == State::Complete && expected.tally.count > 60, "{} regions", expected.tally.count);
    for found in [enumerate_exactly(&wide, &Domain::unbounded(6)), enumerate(&wide, &Domain::unbounded(6))] {
        assert_eq!((&found.state, &found.tally.interior), (&State::Complete, &expected.tally.interior));
    }
    assert_eq!(enumerate(&plane, &Domain::unbounded(2)).tally.interior, expected.tally.interior);
}
