//! Polytopes whose faces are known.

use super::decided;
use super::random::Random;
use polyaudit::polytope::{Engine, Halfspaces, faces, verify};

#[test]
fn cube_has_two_faces_per_dimension() {
    for d in 1..=8 {
        let h = Halfspaces::boxed(&vec![-1.0; d], &vec![1.0; d]);
        assert_eq!(decided(&h, &vec![0.3; d]).len(), 2 * d);
    }
}

#[test]
fn simplex_has_one_face_more_than_dimensions() {
    for d in 1..=8 {
        let mut h = Halfspaces::boxed(&vec![0.0; d], &vec![2.0; d]);
        h.push(&vec![1.0; d], 1.0, 0.0);
        let found = decided(&h, &vec![0.5 / d as f64; d]);
        assert_eq!(found.len(), d + 1, "lower walls and the cut; the upper walls are out of reach");
    }
}

#[test]
fn cross_polytope_has_a_face_per_sign_vector() {
    for d in 2..=4usize {
        for walled in [false, true] {
            let mut h = if walled { Halfspaces::boxed(&vec![-2.0; d], &vec![2.0; d]) } else { Halfspaces::new(d) };
            for signs in 0..1u32 << d {
                let a: Vec<f64> = (0..d).map(|k| if signs >> k & 1 == 0 { 1.0 } else { -1.0 }).collect();
                h.push(&a, 1.0, 0.0);
            }
            assert_eq!(decided(&h, &vec![0.01; d]).len(), 1 << d);
        }
    }
}

#[test]
fn cube_touching_a_cross_polytope_in_vertices_has_no_face() {
    // The walls touch the cross-polytope's vertices only.
    for d in 2..=4usize {
        let mut h = Halfspaces::boxed(&vec![-1.0; d], &vec![1.0; d]);
        for signs in 0..1u32 << d {
            let a: Vec<f64> = (0..d).map(|k| if signs >> k & 1 == 0 { 1.0 } else { -1.0 }).collect();
            h.push(&a, 1.0, 0.0);
        }
        let found = decided(&h, &vec![0.01; d]);
        assert_eq!(found.len(), 1 << d);
        assert!(found.iter().all(|rows| rows[0] >= h.walls));
    }
}

#[test]
fn every_tangent_hyperplane_of_a_sphere_is_a_face() {
    for (d, m) in [(2, 40), (3, 60), (5, 80), (10, 60)] {
        let mut r = Random::new(d as u64);
        let mut h = Halfspaces::boxed(&vec![-9.0; d], &vec![9.0; d]);
        for _ in 0..m {
            let a: Vec<f64> = (0..d).map(|_| r.normal()).collect();
            let length = a.iter().map(|a| a * a).sum::<f64>().sqrt();
            h.push(&a, length, 0.0);
        }
        let found = faces(&h, &h, &vec![0.0; d], Engine::Auto);
        let units = found.classes.iter().filter(|c| c.rows[0] >= h.walls && c.is_face()).count();
        assert_eq!((units, found.undecided()), (m, 0));
    }
}

#[test]
fn a_cone_keeps_its_sides_and_nothing_else() {
    for d in 2..=6 {
        let mut h = Halfspaces::new(d);
        for k in 0..d {
            let mut a = vec![0.0; d];
            a[k] = -1.0;
            h.push(&a, 0.0, 0.0);
        }
        h.push(&vec![-1.0; d], 0.0, 0.0); // Touches the apex.
        h.push(&vec![-1.0; d], 1.0, 0.0); // Does not even touch.
        assert_eq!(decided(&h, &vec![1.0; d]), (0..d).map(|k| vec![k]).collect::<Vec<_>>());
    }
}

#[test]
fn rows_need_not_span_the_space() {
    let mut h = Halfspaces::new(4);
    h.push(&[1.0, 1.0, 0.0, 0.0], 1.0, 0.0);
    h.push(&[-1.0, -1.0, 0.0, 0.0], 1.0, 0.0);
    h.push(&[1.0, 1.0, 0.0, 0.0], 2.0, 0.0);
    assert_eq!(decided(&h, &[0.1, 0.1, 5.0, -7.0]), vec![vec![0], vec![1]]);
}

#[test]
fn one_row_alone_is_a_face_and_no_rows_have_none() {
    let mut h = Halfspaces::new(3);
    assert!(decided(&h, &[0.0; 3]).is_empty());
    h.push(&[1.0, 2.0, 3.0], 1.0, 0.0);
    assert_eq!(decided(&h, &[0.0; 3]), vec![vec![0]]);
}

#[test]
fn sums_of_many_rows_are_decided_in_many_dimensions() {
    // In the box [-1, 1]^d, x_1 + x_2 <= 1, x_3 + x_4 <= 1, … are faces; their sums are redundant when they leave room and
    // faces when they do not. A projection needs an active set of all pairs for that.
    let d = 260;
    let mut h = Halfspaces::boxed(&vec![-1.0; d], &vec![1.0; d]);
    let sum = |pairs: std::ops::Range<usize>| {
        let mut normal = vec![0.0; d];
        normal[2 * pairs.start..2 * pairs.end].fill(1.0);
        normal
    };
    (0..d / 2).for_each(|k| h.push(&sum(k..k + 1), 1.0, 0.0));
    for (pairs, offset) in [(0..50, 50.1), (20..80, 60.1), (0..130, 130.001), (60..125, 64.9)] {
        h.push(&sum(pairs), offset, 0.0);
    }
    let found = faces(&h, &h, &vec![0.0; d], Engine::Auto);
    assert!(verify(&h, &h, &found).holds());
    let redundant: Vec<usize> = found.classes.iter().filter(|c| c.is_redundant()).map(|c| c.rows[0]).collect();
    assert_eq!(redundant, [2 * d + d / 2, 2 * d + d / 2 + 1, 2 * d + d / 2 + 2]);
    assert_eq!(found.count(), 2 * d + d / 2 + 1);
}

/// More rows than a matrix is made over: tangents of a sphere, and sums of three of them, looser by something.
#[test]
fn among_very_many_rows_the_tangents_of_a_sphere_are_the_faces() {
    for d in [2, 3, 5] {
        let mut r = Random::new(40 + d as u64);
        let mut h = Halfspaces::boxed(&vec![-9.0; d], &vec![9.0; d]);
        let mut tangents: Vec<(Vec<f64>, f64)> = vec![];
        let mut is_tangent = vec![];
        for k in 0..12_000 {
            if k % 300 == 0 {
                let a: Vec<f64> = (0..d).map(|_| r.normal()).collect();
                let length = a.iter().map(|a| a * a).sum::<f64>().sqrt();
                tangents.push((a, length));
            }
            let last = tangents.last().expect("the first row is a tangent");
            let (a, b) = if k % 300 == 0 {
                last.clone()
            } else {
                let mut pick = || &tangents[(r.signed().abs() * tangents.len() as f64) as usize % tangents.len()];
                let three = [pick(), pick(), last];
                let sum = (0..d).map(|c| three.iter().map(|t| t.0[c]).sum()).collect();
                (sum, three.iter().map(|t| t.1).sum::<f64>() * (1.0 + 1e-3) + 0.1)
            };
            is_tangent.push(k % 300 == 0);
            h.push(&a, b, 0.0);
        }
        let found = faces(&h, &h, &vec![0.0; d], Engine::Auto);
        let verified = verify(&h, &h, &found);
        assert!(verified.holds() && found.undecided() == 0, "{verified:?}");
        for class in found.classes.iter().filter(|c| c.rows[0] >= h.walls) {
            assert_eq!(class.is_face(), is_tangent[class.rows[0] - h.walls], "row {} of d = {d}", class.rows[0]);
        }
    }
}
