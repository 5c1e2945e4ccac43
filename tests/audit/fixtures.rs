//! The repository's own models.
//! Sources of truth: closed forms and hand-computed geometry (named at each test); `plain.onnx` for its look-alikes, which
//! are the same function written by other hands; the reference path for trained networks.

use crate::support::{choose, choose_up_to, enumerate, face_sum, rows, run};
use polyaudit::explore::{Domain, Exploration, Method, State};
use polyaudit::import::{self, Options};
use polyaudit::ir::Network;
use polyaudit::polytope::Engine;
use std::path::PathBuf;

pub fn load(name: &str) -> Network {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(format!("{name}.onnx"));
    import::load(&path, &Options::default()).unwrap_or_else(|e| panic!("{name}: {e}")).network
}

fn whole_space(name: &str) -> Exploration {
    let network = load(name);
    complete(name, enumerate(&network, &Domain::unbounded(network.input_len())))
}

fn over(name: &str, lo: f64, hi: f64) -> Exploration {
    let network = load(name);
    complete(name, enumerate(&network, &Domain::cube(network.input_len(), lo, hi)))
}

fn complete(name: &str, found: Exploration) -> Exploration {
    assert_eq!(found.state, State::Complete, "{name}");
    for (id, faces) in &found.tally.units {
        assert_eq!(faces.lower, faces.upper, "{name}: {id:?}");
    }
    found
}

/// Zaslavsky and Buck: regions and faces of hyperplanes in general position.
#[test]
fn planes_in_general_position() {
    for d in 2..=5u64 {
        for n in [4, 8, 16] {
            let found = whole_space(&format!("geometry/planes-d{d}-n{n}"));
            assert_eq!(found.tally.count, choose_up_to(n, d));
            assert_eq!(face_sum(&found.tally.total), 2 * n * choose_up_to(n - 1, d - 1));
        }
    }
}

/// Zaslavsky: central hyperplanes in general position have twice the regions of one dimension less.
#[test]
fn central_planes() {
    for (d, n) in [(2, 8), (3, 8), (3, 12), (4, 8)] {
        let found = whole_space(&format!("geometry/central-d{d}-n{n}"));
        assert_eq!(found.tally.count, 2 * choose_up_to(n - 1, d - 1), "d={d} n={n}");
        assert_eq!(face_sum(&found.tally.interior), 4 * n * choose_up_to(n - 2, d - 2), "d={d} n={n}");
    }
}

/// By hand: the lines through the sides of a regular n-gon, n odd.
#[test]
fn sides_of_polygons() {
    for n in [5u64, 7, 9] {
        let found = whole_space(&format!("geometry/ngon-{n}"));
        assert_eq!(found.tally.count, 1 + n + choose(n, 2));
        let mut expected = vec![0; n as usize + 1];
        (expected[2], expected[3], expected[4]) = (n, n, n * (n - 3) / 2);
        expected[n as usize] += 1;
        assert_eq!(found.tally.total, expected, "n={n}");
    }
}

/// By hand: in a box, every cell of a grid of axis-parallel cuts is a box.
#[test]
fn grids() {
    for (name, cells) in [("grid-5x4", &[5u64, 4][..]), ("grid-4x3x2", &[4, 3, 2])] {
        let found = over(&format!("geometry/{name}"), -1.0, 1.0);
        let (n, d) = (cells.iter().product::<u64>(), cells.len());
        assert_eq!(rows(&found.tally.total), [(2 * d, n)]);
        assert_eq!(face_sum(&found.tally.interior), cells.iter().map(|m| 2 * (n - n / m)).sum::<u64>());
    }
}

/// By hand: twenty planes tangent to a sphere; the cell around it has them all as faces.
#[test]
fn planes_tangent_to_a_sphere() {
    let found = whole_space("geometry/tangent-sphere-d3-n20");
    assert_eq!((found.tally.count, face_sum(&found.tally.total)), (1351, 7640));
    assert_eq!(found.tally.total[20], 1);
    assert_eq!(found.tally.total.len(), 21);
}

/// By hand: one plane through a cube.
#[test]
fn sections_of_a_cube() {
    for (name, expected) in
        [("triangle", &[(4, 1), (7, 1)][..]), ("quadrilateral", &[(6, 2)]), ("hexagon", &[(7, 2)]), ("none", &[(6, 1)])]
    {
        let found = over(&format!("geometry/section-{name}"), -1.0, 1.0);
        assert_eq!(rows(&found.tally.total), expected, "{name}");
    }
}

/// By hand: tents folded L times on each axis; a lifted first unit cuts m cells per axis.
#[test]
fn sawtooths() {
    for (d, l, lifted) in [(1usize, 4u32, 22u64), (2, 3, 10), (3, 2, 4)] {
        let plain = over(&format!("geometry/sawtooth-d{d}-l{l}"), 0.0, 1.0);
        let n = 2u64.pow(l).pow(d as u32);
        assert_eq!(rows(&plain.tally.total), [(2 * d, n)], "d={d}");
        assert_eq!(face_sum(&plain.tally.interior), 2 * d as u64 * (n - n / 2u64.pow(l)), "d={d}");
        let shifted = over(&format!("geometry/sawtooth-d{d}-l{l}-lifted"), 0.0, 1.0);
        assert_eq!(rows(&shifted.tally.total), [(2 * d, lifted.pow(d as u32))], "d={d}");
    }
}

/// Counted independently twice in floating point; decided here with certificates and exact arithmetic. The mean of
/// interior faces exceeds 2d = 6, which a published theorem excludes.
#[test]
fn a_network_whose_mean_exceeds_twice_the_dimension() {
    let space = whole_space("geometry/mean-above-2d");
    assert_eq!((space.tally.count, face_sum(&space.tally.interior) / 2), (811, 2468));
    let cube = over("geometry/mean-above-2d", -3.0, 3.0);
    assert_eq!((cube.tally.count, face_sum(&cube.tally.interior) / 2), (576, 1808));
    assert!(face_sum(&cube.tally.interior) > 6 * cube.tally.count);
}

/// All cones: the mean of interior faces is 4 − 8/N unless a whole layer is off somewhere, where it is less.
#[test]
fn zero_biases_in_depth() {
    let generic = whole_space("geometry/central-deep-3-10-6");
    assert_eq!(face_sum(&generic.tally.interior), 4 * generic.tally.count - 8);
    let narrow = whole_space("geometry/central-deep-3-4-6");
    assert!(!narrow.vanishing.is_empty() && face_sum(&narrow.tally.interior) < 4 * narrow.tally.count - 8);
}

/// The same regions with units that never fire, doubles, opposite and scaled ones.
#[test]
fn doubled_units() {
    let (plain, double) = (over("geometry/plain-d2", -1.0, 1.0), over("geometry/double-units-d2", -1.0, 1.0));
    assert_eq!(plain.tally.count, double.tally.count);
    assert_eq!(plain.tally.total, double.tally.total);
    assert_eq!(plain.tally.interior, double.tally.interior);
    assert!(double.tally.units.values().any(|u| u.coincident > 0));
}

/// Whatever exporter wrote it, the same function has the same counts.
#[test]
fn look_alikes() {
    let plain = over("lookalikes/plain", -1.0, 1.0).tally;
    assert_eq!(plain.count, 29);
    for name in [
        "affine-in-a-row",
        "batchnorm-between",
        "cntk",
        "computed-weights",
        "constant-arithmetic",
        "constant-nodes",
        "conv-1x1",
        "denormal-weights",
        "dequantized-weights",
        "double",
        "duplicate-node-names",
        "external-data",
        "float16",
        "gemm-forms",
        "gemm-without-bias",
        "hidden-output",
        "keras2onnx",
        "matlab",
        "matlab-rank4",
        "opset21",
        "quirk-classical",
        "quirk-folded-root",
        "quirk-functions",
        "quirk-if-constant",
        "quirk-masks",
        "rank1-left",
        "rank1-right",
        "skl2onnx-scaler",
        "structural",
        "tail-argmax",
        "tail-both",
        "tail-logsoftmax",
        "tail-sigmoid",
        "tail-softmax",
        "tail-tanh",
        "tf2onnx",
        "torch-reshape-chain",
        "two-inputs",
        "unnamed-nodes",
    ] {
        let found = over(&format!("lookalikes/{name}"), -1.0, 1.0).tally;
        assert_eq!((found.total, found.interior), (plain.total.clone(), plain.interior.clone()), "{name}");
    }
    let heads = ["head-concat", "head-plain"].map(|name| over(&format!("lookalikes/{name}"), -1.0, 1.0).tally);
    assert_eq!(heads[0].total, heads[1].total);
    let pools = ["pool-max", "pool-relu"].map(|name| over(&format!("lookalikes/{name}"), -1.0, 1.0).tally);
    assert_eq!((&pools[0].total, &pools[0].interior), (&pools[1].total, &pools[1].interior));
    let (conv, unrolled) = (over("lookalikes/conv", -1.0, 1.0), over("lookalikes/conv-unrolled", -1.0, 1.0));
    assert_eq!((conv.tally.total, conv.tally.interior), (unrolled.tally.total, unrolled.tally.interior));
}

/// One linear program per row says the same of trained networks.
#[test]
fn trained_networks_by_two_methods() {
    for name in ["iris-plain", "iris-residual", "digits-quarters-conv"] {
        let network = load(name);
        let domain = Domain::cube(network.input_len(), -1.0, 1.0);
        let [auto, lp] = [Engine::Auto, Engine::Lp].map(|e| run(&network, &domain, Method::Enumerate, e, 0));
        assert_eq!((auto.tally, auto.state), (lp.tally, lp.state), "{name}");
    }
}
