//! Large regions in a box, whose rows are settled one by one.
//! Source of truth: rows made so that the answer is known, and the LP engine.

use super::random::{Kind, Random, region};
use polyaudit::polytope::{Engine, Halfspaces, faces, verify};

/// Base rows all tight near the origin, and sums of two of them, tighter or looser by `shift`.
fn sums(d: usize, shifts: &[f64], sparse: bool) -> (Halfspaces, Vec<bool>) {
    let mut r = Random::new(d as u64);
    let mut h = Halfspaces::boxed(&vec![-1.0; d], &vec![1.0; d]);
    let mut expected = vec![true; 2 * d];
    let mut base: Vec<(Vec<f64>, f64)> = vec![];
    for k in 0..2 * shifts.len() {
        let sees = |c: usize| !sparse || (c + 7 * k) % d < d / 10;
        let a: Vec<f64> = (0..d).map(|c| if sees(c) { f64::from(r.normal() as f32) } else { 0.0 }).collect();
        // Sums of two such numbers are exact, so that a shift of zero leaves a row that the two only touch.
        let b = f64::from((0.01 + 0.01 * r.signed().abs()) as f32);
        h.push(&a, b, 0.0);
        expected.push(true);
        base.push((a, b));
    }
    for (pair, shift) in base.chunks_exact(2).zip(shifts) {
        let a: Vec<f64> = pair[0].0.iter().zip(&pair[1].0).map(|(p, q)| p + q).collect();
        h.push(&a, pair[0].1 + pair[1].1 + shift, 0.0);
        expected.push(*shift < 0.0);
    }
    (h, expected)
}

#[test]
fn sums_of_rows_are_faces_when_tighter_and_redundant_when_looser() {
    let shifts = [1e-2, -1e-3, 1e-4, -1e-5, 1e-6, -1e-7, 1e-9, -1e-9, 3.0, -1e-2, 0.0, 0.0];
    for sparse in [false, true] {
        let (h, expected) = sums(300, &shifts, sparse);
        let found = faces(&h, &h, &[1e-4; 300], Engine::Auto);
        let verified = verify(&h, &h, &found);
        assert!(verified.holds() && found.undecided() == 0, "{verified:?}");
        for class in &found.classes {
            assert_eq!(class.is_face(), expected[class.rows[0]], "row {} of {}", class.rows[0], h.len());
        }
    }
}

#[test]
fn parallel_rows_hide_each_other_and_threads_change_nothing() {
    let (mut h, mut expected) = sums(280, &[1e-3, -1e-3], true);
    for j in 560..564 {
        let (normal, offset) = (h.normal(j).to_vec(), h.offsets[j]);
        h.push(&normal, offset + 1e-9, 0.0);
        expected.push(false);
    }
    let run = || faces(&h, &h, &[1e-4; 280], Engine::Auto);
    let [one, three] = [1, 3].map(|n| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n).build().expect("threads");
        pool.install(run)
    });
    assert_eq!(one, three);
    assert!(verify(&h, &h, &one).holds());
    assert!(one.classes.iter().all(|c| c.is_face() == expected[c.rows[0]] && (c.is_face() || c.is_redundant())));
}

#[test]
#[ignore = "minutes; cargo test --release --test polytope -- --ignored"]
fn both_engines_agree_on_large_regions() {
    for (units, kind, seed) in [(60, Kind::Generic, 1), (60, Kind::Near, 2), (60, Kind::Degenerate, 3)] {
        let (h, x) = region(256, units, kind, seed);
        let [auto, lp] = [Engine::Auto, Engine::Lp].map(|engine| faces(&h, &h, &x, engine));
        assert!(verify(&h, &h, &auto).holds());
        for (a, b) in auto.classes.iter().zip(&lp.classes) {
            assert!(!(a.is_face() && b.is_redundant() || a.is_redundant() && b.is_face()), "{kind:?} {:?}", a.rows);
        }
    }
}
