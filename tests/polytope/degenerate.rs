//! Rows that coincide, nearly coincide, touch, or leave next to no room.

use super::{decided, decided_exactly, rows};
use polyaudit::ir::rational;
use polyaudit::polytope::{Engine, Halfspaces, StoredRows, faces, verify};

#[test]
fn multiples_are_one_class_and_a_row_along_a_wall_joins_it() {
    let mut h = Halfspaces::boxed(&[-1.0; 2], &[1.0; 2]);
    h.push(&[3.0, 0.0], 3.0, 0.0);
    h.push(&[1.0, 1.0], 1.0, 0.0);
    h.push(&[0.5, 0.5], 0.5, 0.0);
    h.push(&[1.0, 1.0], 1.0, 0.0);
    let expected: Vec<Vec<usize>> = vec![vec![0, 4], vec![1], vec![2], vec![3], vec![5, 6, 7]];
    // Upper and lower wall of each input alternate.
    let found = decided(&h, &[0.1, 0.2]);
    assert_eq!(found, expected);
}

#[test]
fn near_coincident_pairs_are_told_apart_in_both_orders() {
    for exponent in 3..=15 {
        let shift = 10f64.powi(-exponent);
        for first in [true, false] {
            let mut h = Halfspaces::boxed(&[-1.0; 3], &[1.0; 3]);
            let offsets = if first { [0.5, 0.5 + shift] } else { [0.5 + shift, 0.5] };
            offsets.iter().for_each(|&b| h.push(&[0.6, 0.8, 0.1], b, 0.0));
            let found = decided(&h, &[0.0; 3]);
            let inner = if first { 6 } else { 7 };
            assert!(found.contains(&vec![inner]) && !found.contains(&vec![13 - inner]), "1e-{exponent}");
        }
    }
}

#[test]
fn crossing_pairs_at_tiny_angles_are_both_faces() {
    for exponent in 3..=12 {
        let tilt = 10f64.powi(-exponent);
        let mut h = Halfspaces::boxed(&[-1.0; 2], &[1.0; 2]);
        h.push(&[tilt, 1.0], 0.5, 0.0);
        h.push(&[-tilt, 1.0], 0.5, 0.0);
        let found = decided(&h, &[0.0; 2]);
        assert_eq!(found, vec![vec![0], vec![1], vec![3], vec![4], vec![5]], "1e-{exponent}");
    }
}

#[test]
fn slivers_have_all_their_faces() {
    for exponent in [3, 6, 9, 12] {
        let width = 10f64.powi(-exponent);
        for d in [2, 3, 6] {
            let mut h = Halfspaces::boxed(&vec![-1.0; d], &vec![1.0; d]);
            let normal: Vec<f64> = (0..d).map(|k| 0.3 + 0.1 * k as f64).collect();
            h.push(&normal, width, 0.0);
            h.push(&normal.iter().map(|a| -a).collect::<Vec<_>>(), width, 0.0);
            let found = decided(&h, &vec![0.0; d]);
            assert_eq!(found.len(), 2 * d + 2 - if d == 2 { 2 } else { 0 }, "1e-{exponent}, d = {d}");
        }
    }
}

#[test]
fn rows_without_bias_that_only_touch_are_redundant() {
    let mut h = Halfspaces::boxed(&[-1.0; 3], &[1.0; 3]);
    h.push(&[-1.0, 0.1, 0.0], 0.0, 0.0);
    h.push(&[0.1, -1.0, 0.0], 0.0, 0.0);
    h.push(&[-1.0, -1.0, 0.0], 0.0, 0.0);
    let found = decided(&h, &[0.5, 0.5, 0.1]);
    assert!(found.contains(&vec![6]) && found.contains(&vec![7]) && !found.contains(&vec![8]));
}

#[test]
fn row_errors_are_respected() {
    // Float rows that say the opposite of the exact ones: only the exact rows may decide.
    let mut h = Halfspaces::boxed(&[-1.0; 2], &[1.0; 2]);
    h.push(&[1.0, 0.5], 0.5, 1e-9);
    h.push(&[1.0, 0.5], 0.5 + 1e-10, 1e-9);
    let mut exact = StoredRows(
        (0..4).map(|i| (h.normal(i).iter().map(|&a| rational(a)).collect(), rational(h.offsets[i]))).collect(),
    );
    exact.0.push((vec![rational(1.0), rational(0.5)], rational(0.5) + rational(2e-10)));
    exact.0.push((vec![rational(1.0), rational(0.5)], rational(0.5) + rational(1e-10)));
    let found = decided_exactly(&h, &exact, &[0.0; 2]);
    assert!(found.contains(&vec![5]) && !found.contains(&vec![4]));
    exact.0[4] = exact.0[5].clone();
    assert!(decided_exactly(&h, &exact, &[0.0; 2]).contains(&vec![4, 5]));
}

/// Exact rows that are refused.
struct Refused;

impl polyaudit::polytope::ExactRows for Refused {
    fn exact_row(&self, _: usize) -> Option<(Vec<polyaudit::ir::Rational>, polyaudit::ir::Rational)> {
        None
    }
}

#[test]
fn what_cannot_be_decided_is_undecided() {
    let mut h = Halfspaces::boxed(&[-1.0; 2], &[1.0; 2]);
    h.push(&[1.0, 0.25], 0.5, 1e-9);
    h.push(&[1.0, 0.25], 0.5 + 1e-10, 1e-9);
    h.push(&[1.0, 0.25], 9.0, 1e-9);
    for engine in [Engine::Auto, Engine::Lp] {
        let found = faces(&h, &Refused, &[0.0; 2], engine);
        assert_eq!(found.undecided(), 2);
        assert!(rows(&found).iter().all(|r| r[0] < 4));
        assert!(verify(&h, &Refused, &found).holds());
    }
}

#[test]
fn rows_that_are_not_finite_leave_everything_undecided() {
    let mut h = Halfspaces::boxed(&[-1.0; 2], &[1.0; 2]);
    h.push(&[f64::NAN, 1.0], 1.0, 0.0);
    assert_eq!(faces(&h, &Refused, &[0.0; 2], Engine::Auto).undecided(), 5);
}
