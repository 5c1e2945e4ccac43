//! Planes through three inputs of real convolutional networks, enumerated exactly.
//! Source of truth: forward passes along random segments of the plane, which share no code with the enumeration.

use crate::support::{Numbers, shared};
use polyaudit::explore::split::{Finished, Tree, Want};
use polyaudit::explore::{Allowance, Certify, Control, Domain, Hooks, State};
use polyaudit::import::{self, Options};
use polyaudit::ir::{Network, Op};
use polyaudit::region::{Pattern, Walker};
use rayon::prelude::*;
use serde_json::Value;
use std::collections::HashSet;
use std::fs;
use std::sync::atomic::AtomicBool;

/// A model with the plane through its three recorded inputs, within `radius` of their mean in every input.
fn plane(model: &str, radius: Option<f64>) -> Option<(Network, Domain)> {
    let network =
        import::load(&shared(&format!("models/{model}.onnx"))?, &Options::default()).expect("a model").network;
    let text = fs::read_to_string(shared(&format!("models/io/{model}.json"))?).expect("its inputs");
    let recorded: Value = serde_json::from_str(&text).expect("json");
    let points: Vec<Vec<f64>> = (recorded["samples"].as_array().expect("samples").iter())
        .map(|sample| {
            let inputs = &sample["inputs"];
            let list =
                inputs.as_array().map_or_else(|| inputs.as_object().expect("named").values().next(), |a| a.first());
            let number = |v: &Value| f64::from(v.as_f64().expect("a number") as f32);
            list.and_then(Value::as_array).expect("a list").iter().map(number).collect()
        })
        .collect();
    let n = network.input_len();
    let towards = |k: usize| (0..n).map(|j| points[k][j] - points[0][j]).collect();
    let mean: Vec<f64> = (0..n).map(|j| (points[0][j] + points[1][j] + points[2][j]) / 3.0).collect();
    let within = match radius {
        Some(r) => (mean.iter().map(|x| x - r).collect(), mean.iter().map(|x| x + r).collect()),
        None => (vec![0.0; n], vec![1.0; n]),
    };
    Some((network, Domain::Slice { origin: mean, directions: vec![towards(1), towards(2)], within: Some(within) }))
}

/// The pattern of a forward pass, by the values alone.
fn pattern(network: &Network, walker: &Walker, t: &[f64]) -> Pattern {
    let values = network.evaluate(t);
    let mut out = walker.layout().empty();
    for (id, node) in network.nodes.iter().enumerate() {
        for unit in 0..node.len() {
            let choice = match &node.op {
                Op::Activation(a) => a.curve(unit).piece(values.nodes[a.source][unit]),
                Op::Max(m) => {
                    let value = |c: usize| values.nodes[m.source][m.group(unit)[c] as usize];
                    (1..m.group(unit).len()).fold(0, |best, c| if value(c) > value(best) { c } else { best })
                }
                _ => break,
            };
            walker.layout().set(&mut out, id, unit, choice);
        }
    }
    out
}

/// Enumerates, and walks `segments` random segments: the polygons cover each without gap or overlap, and wherever one
/// begins and ends the forward pass changes its pattern to that polygon's.
fn check(network: &Network, domain: &Domain, segments: usize) -> (u64, usize) {
    let (restricted, bounds) = domain.restrict(network).expect("a plane");
    let walker = Walker::new(&restricted);
    let stop = AtomicBool::new(false);
    let control = Control { stop: &stop, deadline: None, progress: &|_| {}, certify: Certify::No, max_memory: None };
    let tree = Tree::new(&walker, &bounds, 0, 100, true, &|_| false).expect("points").expect("a tree of splits");
    let mut regions: Vec<Finished> = vec![];
    let mut each = |region: &Finished| {
        regions.push(region.clone());
        Ok(())
    };
    let want = Want { volume: true, polygon: true };
    let found = tree
        .run(10_000_000, &Allowance::new(&control, u64::MAX), &mut Hooks::default(), Some((want, &mut each)))
        .expect("regions");
    let found = found.expect("a splitter");
    assert_eq!((found.state, found.counts.matched), (State::Complete, 100));
    assert_eq!(regions.len() as u64, found.counts.regions);
    assert_eq!(regions.iter().map(|r| &r.pattern).collect::<HashSet<_>>().len(), regions.len());
    let area: f64 = regions.iter().map(|r| r.volume.expect("bounded")).sum();
    let frame = bounds.frame().expect("bounded");
    let mut numbers = Numbers::new(77);
    let mut point = || loop {
        let at = |[lo, hi]: [f64; 2], u: f64| lo + (hi - lo) * (u + 1.0) / 2.0;
        let t = [at(frame[0], numbers.next()), at(frame[1], numbers.next())];
        if bounds.contains(&t) {
            return t;
        }
    };
    let mut changes = 0;
    for _ in 0..segments {
        let (a, b) = (point(), point());
        let at = |s: f64| [a[0] + s * (b[0] - a[0]), a[1] + s * (b[1] - a[1])];
        let (mut covered, mut pieces) = (0.0, vec![]);
        for region in &regions {
            let Some((from, to)) = clip(&region.polygon, a, b) else { continue };
            covered += to - from;
            if to - from > 1e-9 {
                pieces.push((from, to, &region.pattern));
            }
        }
        assert!((covered - 1.0).abs() < 1e-6, "{covered} of a segment is covered");
        pieces.sort_by(|p, q| p.0.total_cmp(&q.0));
        pieces.par_iter().for_each(|(from, to, expected)| {
            assert_eq!(pattern(&restricted, &walker, &at((from + to) / 2.0)), **expected);
        });
        for pair in pieces.windows(2) {
            assert!((pair[0].1 - pair[1].0).abs() < 1e-7, "a gap or an overlap");
            changes += 1;
        }
    }
    assert!(area > 0.0);
    (found.counts.regions, changes)
}

/// The part of the segment from `a` to `b` in a counter-clockwise polygon.
fn clip(polygon: &[([f64; 2], Option<usize>)], a: [f64; 2], b: [f64; 2]) -> Option<(f64, f64)> {
    let (mut from, mut to) = (0.0f64, 1.0f64);
    for (k, (p, _)) in polygon.iter().enumerate() {
        let q = polygon[(k + 1) % polygon.len()].0;
        let inward = [p[1] - q[1], q[0] - p[0]];
        let value = inward[0] * (a[0] - p[0]) + inward[1] * (a[1] - p[1]);
        let rate = inward[0] * (b[0] - a[0]) + inward[1] * (b[1] - a[1]);
        if rate > 0.0 {
            from = from.max(-value / rate);
        } else if rate < 0.0 {
            to = to.min(-value / rate);
        } else if value < 0.0 {
            return None;
        }
    }
    (from < to).then_some((from, to))
}

#[test]
fn a_plane_through_three_inputs_of_a_residual_network() {
    let Some((network, domain)) = plane("cifar10_resnet_2b", Some(0.02)) else { return };
    let (regions, changes) = check(&network, &domain, 40);
    assert!(regions > 500 && changes > 400, "{regions} regions, {changes} changes");
}

#[test]
fn a_plane_through_three_inputs_of_a_network_with_maxima() {
    let Some((network, domain)) = plane("convnet_maxpool", Some(0.004)) else { return };
    let (regions, changes) = check(&network, &domain, 40);
    assert!(regions > 50 && changes > 100, "{regions} regions, {changes} changes");
}

/// Minutes: `cargo test --release --locked --test audit -- --ignored --nocapture a_thousand_segments`.
#[test]
#[ignore = "minutes"]
fn a_thousand_segments_of_planes() {
    for (model, radius) in [("convnet_maxpool", 0.02), ("cifar10_resnet_2b", 0.1)] {
        let Some((network, domain)) = plane(model, Some(radius)) else { return };
        let (regions, changes) = check(&network, &domain, 1000);
        println!("{model}: {regions} regions, {changes} changes along 1,000 segments");
    }
}

/// A quarter of an hour: `cargo test --release --locked --test audit -- --ignored --nocapture whole_plane`.
#[test]
#[ignore = "a quarter of an hour"]
fn a_thousand_segments_of_a_whole_plane() {
    let Some((network, domain)) = plane("cifar10_resnet_2b", None) else { return };
    let (regions, changes) = check(&network, &domain, 1000);
    println!("{regions} regions, {changes} changes along 1,000 segments");
}
