//! The engines against each other and against exact arithmetic, row by row, on seeded random regions.

use super::random::{Kind, region};
use super::rows;
use polyaudit::polytope::{Engine, faces, verify};

const KINDS: [Kind; 5] = [Kind::Generic, Kind::NoBias, Kind::Degenerate, Kind::Near, Kind::Unbounded];

/// Compares both engines; the number of regions.
fn compare(d: usize, units: usize, kinds: &[Kind], seeds: std::ops::Range<u64>) -> usize {
    for seed in seeds.clone() {
        for &kind in kinds {
            let (h, x) = region(d, units, kind, 1000 * d as u64 + seed);
            let [auto, lp] = [Engine::Auto, Engine::Lp].map(|engine| {
                let found = faces(&h, &h, &x, engine);
                let verified = verify(&h, &h, &found);
                assert!(verified.holds(), "{engine:?} {kind:?} d={d} seed={seed}: {verified:?}");
                assert_eq!(found.undecided(), 0, "{engine:?} {kind:?} d={d} seed={seed}");
                rows(&found)
            });
            assert_eq!(auto, lp, "{kind:?} d={d} seed={seed}");
        }
    }
    kinds.len() * (seeds.end - seeds.start) as usize
}

#[test]
fn engines_agree_on_small_regions() {
    let mut regions = 0;
    for (d, units, seeds) in [(2, 20, 150), (3, 25, 120), (4, 30, 80), (6, 30, 40), (8, 40, 15)] {
        regions += compare(d, units, &KINDS, 0..seeds);
    }
    assert!(regions >= 2000);
}

#[test]
fn engines_agree_on_larger_regions() {
    compare(20, 60, &[Kind::Generic, Kind::Near], 0..3);
    compare(60, 100, &[Kind::Generic], 0..1);
}

#[test]
fn chunks_side_by_side_give_the_same_on_any_number_of_threads() {
    // Rays show faces of later chunks, and what a chunk proves redundant leaves them: both by the rows alone.
    let (h, x) = region(48, 150, Kind::Generic, 7);
    let [one, three] = [1, 3].map(|n| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n).build().expect("threads");
        pool.install(|| faces(&h, &h, &x, Engine::Auto))
    });
    assert_eq!(one, three);
    assert!(verify(&h, &h, &one).holds() && one.undecided() == 0);
    assert!(one.classes.iter().any(|c| c.is_redundant()));
}

#[test]
#[ignore = "minutes; cargo test --release --test polytope -- --ignored"]
fn engines_agree_at_length() {
    for (d, units, seeds) in [(2, 40, 400), (4, 60, 200), (8, 80, 40), (20, 150, 4)] {
        compare(d, units, &KINDS[..4], 0..seeds);
    }
    compare(50, 200, &[Kind::Generic], 0..3);
    compare(100, 384, &[Kind::Generic], 0..2);
}

#[test]
#[ignore = "minutes; cargo test --release --test polytope -- --ignored"]
fn near_coincident_rows_in_many_dimensions_are_never_wrong() {
    // Beyond the exact simplex some stay undecided; what is decided must agree.
    let (h, x) = region(50, 200, Kind::Near, 50_000);
    let [auto, lp] = [Engine::Auto, Engine::Lp].map(|engine| {
        let found = faces(&h, &h, &x, engine);
        assert!(verify(&h, &h, &found).holds());
        found
    });
    for (a, b) in auto.classes.iter().zip(&lp.classes) {
        assert_eq!(a.rows, b.rows);
        assert!(!(a.is_face() && b.is_redundant() || a.is_redundant() && b.is_face()));
    }
}
