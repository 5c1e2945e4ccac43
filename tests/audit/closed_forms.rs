//! One hidden layer in general position, and identities that hold for every generic network.
//! Source of truth: Zaslavsky's and Buck's closed forms; Euler's relation in the plane.

use crate::support::{choose_up_to, enumerate, face_sum, mlp};
use polyaudit::explore::{Domain, State};

#[test]
fn one_hidden_layer_in_all_of_space() {
    for d in 2..=5u64 {
        for n in [4u64, 8, 16] {
            for seed in 0..2 {
                let found = enumerate(
                    &mlp(&[d as usize, n as usize, 1], 100 * d + n + seed, 1.0),
                    &Domain::unbounded(d as usize),
                );
                let tally = &found.tally;
                assert_eq!(found.state, State::Complete, "d={d} n={n}");
                assert_eq!(tally.count, choose_up_to(n, d), "regions at d={d} n={n}");
                assert_eq!(face_sum(&tally.total), 2 * n * choose_up_to(n - 1, d - 1), "faces at d={d} n={n}");
                assert_eq!(tally.total, tally.interior);
            }
        }
    }
}

#[test]
fn three_inputs_and_sixteen_units_make_697_regions_at_every_seed() {
    for seed in 0..25 {
        let found = enumerate(&mlp(&[3, 16, 1], seed, 1.0), &Domain::unbounded(3));
        assert_eq!((found.tally.count, found.state), (697, State::Complete), "seed {seed}");
    }
}

#[test]
fn in_a_square_the_mean_of_total_faces_is_four() {
    for seed in 0..6 {
        for widths in [&[2, 9, 1][..], &[2, 10, 10, 8, 1], &[2, 6, 6, 6, 6, 1]] {
            let found = enumerate(&mlp(widths, seed, 0.4), &Domain::cube(2, -1.0, 1.0));
            assert!(found.tally.count > 8, "a network with something to count");
            assert_eq!(face_sum(&found.tally.total), 4 * found.tally.count, "seed {seed}, {widths:?}");
        }
    }
}

#[test]
fn each_interior_face_is_seen_from_both_sides() {
    for widths in [&[2, 8, 8, 1][..], &[3, 8, 6, 1], &[4, 6, 5, 4, 1]] {
        let found = enumerate(&mlp(widths, 3, 0.3), &Domain::cube(widths[0], -1.0, 1.0));
        assert!(!found.tally.units.is_empty());
        for (id, faces) in &found.tally.units {
            assert_eq!(faces.lower, faces.upper, "{id:?} of {widths:?}");
        }
        let credited: u64 = found.tally.units.values().map(|f| f.lower + f.upper).sum();
        assert_eq!(credited, face_sum(&found.tally.interior));
    }
}

#[test]
fn zero_bias_in_three_inputs() {
    // All cells are cones: the mean of interior faces is 4 - 8/N, so their sum is 4N - 8.
    for seed in 0..4 {
        let found = enumerate(&mlp(&[3, 20, 10, 1], seed, 0.0), &Domain::unbounded(3));
        assert_eq!(face_sum(&found.tally.interior), 4 * found.tally.count - 8, "seed {seed}");
    }
}
