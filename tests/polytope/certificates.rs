//! Certificates that are wrong must fail.

use super::random::{Kind, region};
use polyaudit::ir::rational;
use polyaudit::polytope::{Engine, Faces, Farkas, Halfspaces, Verdict, Witness, faces, verify};

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
