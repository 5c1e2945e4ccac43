//! Changes of a network that leave its regions and faces as they are.
//! Source of truth: the unchanged network (equal functions on equal domains have equal histograms).

use crate::support::{Builder, Numbers, enumerate, mlp};
use polyaudit::explore::{self, Allowance, Certify, Control, Domain, Tally};
use polyaudit::ir::{Activation, Affine, Curve, Dense, Linear, Max, Network, Op};
use polyaudit::polytope::Engine;
use polyaudit::region::{Pattern, Walker};
use std::collections::{HashMap, HashSet};
use std::sync::atomic::AtomicBool;

fn counts(tally: &Tally) -> (u64, Vec<u64>, Vec<u64>) {
    (tally.count, tally.total.clone(), tally.interior.clone())
}

fn over_cube(network: &Network) -> (u64, Vec<u64>, Vec<u64>) {
    counts(&enumerate(network, &Domain::cube(network.input_len(), -1.0, 1.0)).tally)
}

/// Changes the dense layers of a network, one call per layer in order.
fn edit(network: &Network, mut change: impl FnMut(usize, usize, usize, &mut Vec<f64>, &mut Vec<f64>)) -> Network {
    let mut out = network.clone();
    let mut layer = 0;
    for node in &mut out.nodes {
        if let Op::Affine(Affine { linear: Linear::Dense(Dense { rows, cols, weight }), bias: Some(bias), .. }) =
            &mut node.op
        {
            let (mut w, mut b) = (weight.to_vec(), bias.values.to_vec());
            change(layer, *rows, *cols, &mut w, &mut b);
            (*weight, bias.values) = (w.into(), b.into());
            layer += 1;
        }
    }
    out
}

#[test]
fn scaling_a_unit_and_its_outgoing_weights() {
    let network = mlp(&[3, 7, 5, 1], 1, 0.4);
    let scaled = edit(&network, |layer, _, cols, w, b| {
        if layer == 0 {
            w[..cols].iter_mut().for_each(|x| *x *= 4.0);
            b[0] *= 4.0;
        } else if layer == 1 {
            w.iter_mut().step_by(cols).for_each(|x| *x /= 4.0);
        }
    });
    assert_eq!(over_cube(&network), over_cube(&scaled));
}

#[test]
fn permuting_the_units_of_a_layer() {
    let network = mlp(&[3, 6, 5, 1], 2, 0.4);
    let permuted = edit(&network, |layer, rows, cols, w, b| {
        if layer == 0 {
            let reversed: Vec<f64> = (0..rows).rev().flat_map(|i| w[i * cols..(i + 1) * cols].to_vec()).collect();
            *w = reversed;
            b.reverse();
        } else if layer == 1 {
            w.chunks_mut(cols).for_each(|row| row.reverse());
        }
    });
    assert_eq!(over_cube(&network), over_cube(&permuted));
}

#[test]
fn scaling_all_biases_and_the_box() {
    let network = mlp(&[3, 7, 6, 1], 3, 0.5);
    let mut share = 1.0;
    let scaled = edit(&network, |_, _, _, _, b| {
        share = 0.25;
        b.iter_mut().for_each(|x| *x *= share);
    });
    let small = enumerate(&scaled, &Domain::cube(3, -0.25, 0.25));
    assert_eq!(over_cube(&network), counts(&small.tally));
}

/// 3-6-4-1 with extra units in the first layer: `rows` of weights and biases appended, seen by no later unit.
fn with_extra_units(extra: &[([f64; 3], f64)]) -> Network {
    let (n, mut numbers) = (6 + extra.len(), Numbers::new(9));
    let mut first: Vec<f64> = (0..18).map(|_| numbers.next()).collect();
    let mut first_bias: Vec<f64> = (0..6).map(|_| numbers.next() * 0.5).collect();
    for (row, bias) in extra {
        let copy = if row[0].is_nan() { first[..3].to_vec() } else { row.to_vec() };
        first_bias.push(if row[0].is_nan() { first_bias[0] } else { *bias });
        first.extend(copy);
    }
    let mut second = vec![0.0; 4 * n];
    (0..4).for_each(|i| (0..6).for_each(|j| second[i * n + j] = numbers.next()));
    let second_bias = (0..4).map(|_| numbers.next() * 0.5).collect();
    let last = (0..4).map(|_| numbers.next()).collect();
    Builder::new(3).dense(first, first_bias).relu().dense(second, second_bias).relu().dense(last, vec![0.0]).build()
}

#[test]
fn a_unit_that_never_fires_and_a_duplicated_unit() {
    let plain = over_cube(&with_extra_units(&[]));
    assert_eq!(plain, over_cube(&with_extra_units(&[([0.1, 0.2, -0.1], -9.0)])), "never active");
    assert_eq!(plain, over_cube(&with_extra_units(&[([0.0; 3], 0.0)])), "identically on its breakpoint");
    assert_eq!(plain, over_cube(&with_extra_units(&[([f64::NAN; 3], 0.0)])), "a duplicate of the first unit");
    assert_eq!(plain, over_cube(&with_extra_units(&[([1.0, 0.0, 0.0], -1.0)])), "a hyperplane along a wall");
}

#[test]
fn a_relu_as_a_maximum_of_two() {
    // max(z, 0) as a group over (z, 0): the same regions and faces with a tie in place of a breakpoint.
    let mut numbers = Numbers::new(11);
    let weight: Vec<f64> = (0..12).map(|_| numbers.next()).collect();
    let bias: Vec<f64> = (0..6).map(|_| numbers.next() * 0.4).collect();
    let next: Vec<f64> = (0..24).map(|_| numbers.next()).collect();
    let mut relu = Builder::new(2);
    relu.dense(weight.clone(), bias.clone()).relu().dense(next.clone(), vec![0.1; 4]).relu();
    let mut max = Builder::new(2);
    let mut padded = weight;
    padded.extend([0.0, 0.0]);
    let mut padded_bias = bias;
    padded_bias.push(0.0);
    max.dense(padded, padded_bias);
    let source = max.last();
    let starts = (0..=6).map(|g| 2 * g).collect();
    let candidates = (0..6).flat_map(|g| [6, g]).collect();
    max.push(6, Op::Max(Max { source, starts, candidates })).dense(next, vec![0.1; 4]).relu();
    assert_eq!(over_cube(&relu.build()), over_cube(&max.build()));
}

#[test]
fn a_clip_as_a_difference_of_relus() {
    let mut numbers = Numbers::new(12);
    let weight: Vec<f64> = (0..15).map(|_| numbers.next()).collect();
    let bias: Vec<f64> = (0..5).map(|_| numbers.next() * 0.3).collect();
    let mut clip = Builder::new(3);
    clip.dense(weight.clone(), bias.clone()).curve(Curve::clip(-0.25, 0.5).expect("a clip"));
    let mut relus = Builder::new(3);
    let twice: Vec<f64> = weight.iter().chain(&weight).copied().collect();
    let shifted = bias.iter().map(|b| b + 0.25).chain(bias.iter().map(|b| b - 0.5)).collect();
    relus.dense(twice, shifted).relu();
    let (clip, relus) = (clip.build(), relus.build());
    assert_eq!(over_cube(&clip), over_cube(&relus));
}

/// Windows of 2 × 2 over 3 × 3 pixels, overlapping: the four candidates of each of four groups.
const WINDOWS: [[usize; 4]; 4] = [[0, 1, 3, 4], [1, 2, 4, 5], [3, 4, 6, 7], [4, 5, 7, 8]];

/// Pixels that are affine functions of the inputs, or ReLUs of such; pooled; then a layer of ReLUs. The pool is one of
/// groups, or max(a, b) = relu(a - b) + b three times over.
fn pooled(inputs: usize, rectified: bool, groups: bool) -> Network {
    let mut numbers = Numbers::new(13);
    let mut builder = Builder::new(inputs);
    let weight = (0..9 * inputs).map(|_| numbers.next()).collect();
    builder.dense(weight, (0..9).map(|_| numbers.next() * 0.4).collect());
    if rectified {
        builder.relu();
    }
    let source = builder.last();
    let parts = if groups {
        let (starts, candidates) = ((0..=4).map(|g| 4 * g).collect(), WINDOWS.concat());
        let candidates = candidates.into_iter().map(|c| c as u32).collect();
        builder.push(4, Op::Max(Max { source, starts, candidates }));
        1
    } else {
        let half = |builder: &mut Builder, rows: &[&[(usize, f64)]], cols: usize| {
            let mut weight = vec![0.0; rows.len() * cols];
            rows.iter().enumerate().for_each(|(i, row)| row.iter().for_each(|(j, w)| weight[i * cols + j] = *w));
            builder.dense(weight, vec![0.0; rows.len()]);
            // Differences are rectified; what they are added to is not.
            let curves = vec![Curve::relu(), Curve::leaky(1.0).expect("a line")];
            let (source, inner) = (builder.last(), 1);
            builder.push(rows.len(), Op::Activation(Activation { source, curves, inner }));
        };
        let pair = |a: usize, b: usize| [vec![(a, 1.0), (b, -1.0)], vec![(b, 1.0)]];
        let first: Vec<Vec<(usize, f64)>> =
            WINDOWS.iter().flat_map(|&[a, b, c, d]| pair(a, b).into_iter().chain(pair(c, d))).collect();
        half(&mut builder, &first.iter().map(|r| &r[..]).collect::<Vec<_>>(), 9);
        let second: Vec<Vec<(usize, f64)>> = (0..4)
            .flat_map(|g| {
                let (left, right) = ([(4 * g, 1.0), (4 * g + 1, 1.0)], [(4 * g + 2, 1.0), (4 * g + 3, 1.0)]);
                let less = right.map(|(j, w)| (j, -w));
                [left.into_iter().chain(less).collect(), right.to_vec()]
            })
            .collect();
        half(&mut builder, &second.iter().map(|r| &r[..]).collect::<Vec<_>>(), 16);
        2
    };
    let next: Vec<f64> = (0..12).map(|_| numbers.next()).collect();
    let last: Vec<f64> = (0..6).map(|_| numbers.next()).collect();
    let bias = (0..3).map(|_| numbers.next() * 0.4).collect();
    builder.dense(next.iter().flat_map(|w| vec![*w; parts]).collect(), bias).relu().dense(last, vec![0.1, -0.1]).build()
}

/// The pattern of each cell over the cube, and a point inside it.
fn cells(network: &Network) -> Vec<(Pattern, Vec<f64>)> {
    let (restricted, bounds) = Domain::cube(network.input_len(), -1.0, 1.0).restrict(network).expect("a domain");
    let stop = AtomicBool::new(false);
    let control = Control { stop: &stop, deadline: None, progress: &|_| {}, certify: Certify::No, max_memory: None };
    let mut cells = vec![];
    let walker = Walker::new(&restricted);
    explore::enumerate(
        &walker,
        &bounds,
        0,
        Engine::Auto,
        1_000_000,
        &Allowance::new(&control, u64::MAX),
        &mut |pattern, _, inside| {
            cells.push((pattern.clone(), inside.to_vec()));
            Ok(())
        },
    )
    .expect("an enumeration");
    cells
}

/// Every cell of the ReLU construction lies in one region of the pool, with the same affine map; together they make up all
/// of its regions and no others.
#[test]
fn a_pool_of_four_as_relus_after_merging() {
    for (inputs, rectified) in [(2, false), (2, true), (3, false)] {
        let [pool, relus] = [true, false].map(|groups| pooled(inputs, rectified, groups));
        let (in_pool, in_relus) = (Walker::new(&pool), Walker::new(&relus));
        let regions: HashSet<Pattern> = cells(&pool).into_iter().map(|(pattern, _)| pattern).collect();
        let fine = cells(&relus);
        let mut merged: HashMap<Pattern, Pattern> = HashMap::new();
        for (cell, inside) in &fine {
            let (region, own) = (in_pool.at(inside).expect("a region"), in_relus.at(inside).expect("a cell"));
            for (a, b) in region.outputs[0].iter().zip(&own.outputs[0]) {
                assert!((a - b).abs() < 1e-12, "{a} for {b}");
            }
            merged.insert(cell.clone(), region.pattern);
        }
        let found: HashSet<Pattern> = merged.values().cloned().collect();
        assert_eq!(found, regions, "{inputs} inputs, rectified: {rectified}");
        assert!(fine.len() > regions.len(), "{} cells for {} regions", fine.len(), regions.len());
        // Wherever else a cell is looked at, it is in the same region.
        let mut numbers = Numbers::new(14);
        for _ in 0..1000 {
            let x: Vec<f64> = (0..inputs).map(|_| numbers.next()).collect();
            let cell = in_relus.pattern_at(&x).expect("a cell");
            assert_eq!(merged.get(&cell), in_pool.pattern_at(&x).ok().as_ref());
        }
    }
}
