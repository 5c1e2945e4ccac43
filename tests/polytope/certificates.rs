//! Certificates that are wrong must fail.

use super::random::{Kind, region};
use polyaudit::ir::rational;
use polyaudit::polytope::{
    Engine, Faces, Farkas, Halfspaces, Observer, Verdict, Witness, decode, encode, enforce, faces, shorten, verify,
};

fn example() -> (Halfspaces, Faces) {
    let (h, x) = region(4, 30, Kind::Generic, 7);
    let found = faces(&h, &h, &x, Engine::Auto);
    assert!(verify(&h, &h, &found).holds());
    (h, found)
}

fn fails(h: &Halfspaces, found: &Faces) -> bool {
    !verify(h, h, found).holds()
}

#[test]
fn a_moved_witness_fails() {
    let (h, found) = example();
    for c in 0..found.classes.len() {
        let mut broken = found.clone();
        if let Verdict::Face(Witness::Float { point, .. }) = &mut broken.classes[c].verdict {
            *point = broken.interior.clone();
            assert!(fails(&h, &broken));
        }
    }
}

#[test]
fn a_scaled_or_negative_multiplier_fails() {
    let (h, found) = example();
    let mut tried = 0;
    for c in 0..found.classes.len() {
        for factor in [0.0, -1.0, 0.5, f64::NAN] {
            let mut broken = found.clone();
            if let Verdict::Redundant(Farkas::Float { multipliers, .. }) = &mut broken.classes[c].verdict
                && !multipliers.is_empty()
            {
                multipliers.iter_mut().for_each(|y| *y *= factor);
                // Halved or absent multipliers may still prove it when the box alone nearly does.
                let excused = factor >= 0.0 && !fails(&h, &broken);
                assert!(excused || fails(&h, &broken));
                tried += usize::from(!excused);
            }
        }
    }
    assert!(tried > 0);
}

#[test]
fn swapped_verdicts_fail() {
    let (h, found) = example();
    let face = found.classes.iter().position(|c| c.is_face()).unwrap();
    let redundant = found.classes.iter().position(|c| c.is_redundant()).unwrap();
    let mut broken = found.clone();
    let verdict = broken.classes[face].verdict.clone();
    broken.classes[face].verdict = std::mem::replace(&mut broken.classes[redundant].verdict, verdict);
    assert_eq!(verify(&h, &h, &broken).failed, {
        let mut both = vec![face, redundant];
        both.sort_unstable();
        both
    });
}

#[test]
fn a_row_may_not_prove_itself_or_its_copy_redundant() {
    let mut h = Halfspaces::boxed(&[-1.0; 2], &[1.0; 2]);
    h.push(&[1.0, 1.0], 1.0, 0.0);
    h.push(&[1.0, 1.0], 1.0, 0.0);
    let found = faces(&h, &h, &[0.0; 2], Engine::Auto);
    let mut broken = found.clone();
    broken.classes[4].verdict = Verdict::Redundant(Farkas::Exact { rows: vec![5], multipliers: vec![rational(1.0)] });
    assert!(fails(&h, &broken));
    let mut split = found.clone();
    split.classes[4].rows = vec![4];
    split.classes.push(polyaudit::polytope::Class {
        rows: vec![5],
        verdict: Verdict::Redundant(Farkas::Exact { rows: vec![4], multipliers: vec![rational(1.0)] }),
    });
    assert!(fails(&h, &split));
}

#[test]
fn missing_rows_and_outside_points_fail() {
    let (h, found) = example();
    let mut broken = found.clone();
    broken.classes.pop();
    assert!(fails(&h, &broken));
    let mut broken = found.clone();
    broken.interior[0] = 2.0;
    assert!(fails(&h, &broken));
    let mut broken = found;
    let second = broken.classes.remove(1);
    broken.classes[0].rows.extend(second.rows);
    assert!(fails(&h, &broken));
}

#[test]
fn a_certificate_that_fails_leaves_its_class_undecided() {
    let (h, found) = example();
    let face = found.classes.iter().position(|c| c.is_face()).unwrap();
    let mut broken = found.clone();
    broken.classes[face].verdict = Verdict::Face(Witness::Float { point: found.interior.clone(), margin: 1.0 });
    for check in [enforce, shorten] {
        let mut checked = broken.clone();
        let result = check(&h, &h, &mut checked, &Observer::NONE);
        assert_eq!((result.failed, result.sound), (vec![face], true));
        assert_eq!(checked.classes[face].verdict, Verdict::Undecided);
        assert_eq!((checked.undecided(), checked.count()), (1, found.count() - 1));
        assert_eq!(result.faces + result.redundant + 1, found.classes.len());
    }
    let mut outside = found.clone();
    outside.interior[0] = 2.0;
    assert!(!enforce(&h, &h, &mut outside, &Observer::NONE).sound);
    assert_eq!(outside.undecided(), found.classes.len());
    let mut foreign = found;
    foreign.classes[0].rows = vec![1000];
    assert!(!enforce(&h, &h, &mut foreign, &Observer::NONE).sound);
}

#[test]
fn certificates_survive_being_written() {
    for kind in [Kind::Generic, Kind::NoBias, Kind::Degenerate, Kind::Near, Kind::Unbounded] {
        for seed in 0..20 {
            let (h, x) = region(3, 20, kind, seed);
            let mut found = faces(&h, &h, &x, Engine::Auto);
            let before = found.clone();
            let result = shorten(&h, &h, &mut found, &Observer::NONE);
            assert!(result.holds());
            let read = decode(&encode(&found)).expect("what was written");
            assert!(verify(&h, &h, &read).holds(), "{kind:?} {seed}");
            let kinds = |f: &Faces| f.classes.iter().map(|c| (c.rows.clone(), c.is_face())).collect::<Vec<_>>();
            assert_eq!(kinds(&before), kinds(&read));
            assert_eq!(encode(&read), encode(&found), "to the bit");
        }
    }
}
