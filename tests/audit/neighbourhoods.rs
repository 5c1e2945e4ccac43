//! Single points looked at closely.
//! Source of truth: forward passes around the point, and gradients by finite differences.

use crate::support::Numbers;
use polyaudit::audit::neighbourhoods;
use polyaudit::explore::{Certify, Control, Domain};
use polyaudit::import::{self, Options};
use polyaudit::ir::{Network, Op};
use std::path::Path;
use std::sync::atomic::AtomicBool;

fn unlimited(stop: &AtomicBool) -> Control<'_> {
    Control { stop, deadline: None, progress: &|_| {}, certify: Certify::No, max_memory: None }
}

fn fixture(name: &str) -> Network {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name);
    import::load(&path, &Options::default()).expect("a fixture").network
}

/// Signs of all pre-activations.
fn signs(network: &Network, x: &[f64]) -> Vec<bool> {
    let values = network.evaluate(x);
    let units = network.nodes.iter().filter_map(|n| match &n.op {
        Op::Activation(a) => Some(values.nodes[a.source].iter().map(|z| *z > 0.0).collect::<Vec<_>>()),
        _ => None,
    });
    units.flatten().collect()
}

fn class(network: &Network, x: &[f64]) -> usize {
    let y = &network.forward(x)[0];
    (1..y.len()).fold(0, |best, k| if y[k] > y[best] { k } else { best })
}

/// The pre-activation of a unit by its name.
fn pre_activation(network: &Network, name: &str, x: &[f64]) -> f64 {
    let (layer, unit) = name.trim_end_matches(']').split_once('[').expect("layer[unit]");
    let node = network.nodes.iter().find(|n| n.label.layer == layer && matches!(n.op, Op::Activation(_)));
    let Op::Activation(a) = &node.expect("a layer").op else { panic!("an activation") };
    network.evaluate(x).nodes[a.source][unit.parse::<usize>().expect("a number")]
}

#[test]
fn the_nearest_face_is_where_its_unit_says_and_none_is_nearer() {
    let network = fixture("iris-mlp.onnx");
    let mut numbers = Numbers::new(11);
    let points: Vec<Vec<f64>> = (0..12).map(|_| (0..4).map(|_| numbers.next()).collect()).collect();
    let found = neighbourhoods(&network, &Domain::unbounded(4), &points, &unlimited(&AtomicBool::new(false)))
        .expect("neighbourhoods");
    let mut changes = 0;
    for (x, near) in points.iter().zip(&found) {
        assert!(near.refused.is_none() && near.faces_total == near.faces_interior && near.nearest_wall.is_none());
        let face = near.nearest_face.as_ref().expect("a face");
        let z = |x: &[f64]| pre_activation(&network, &face.unit, x);
        let h = 1e-3 * face.distance;
        let slope = |k: usize| {
            let moved = |by: f64| (0..4).map(|j| x[j] + if j == k { by } else { 0.0 }).collect::<Vec<_>>();
            (z(&moved(h)) - z(&moved(-h))) / (2.0 * h)
        };
        let length = (0..4).map(|k| slope(k).powi(2)).sum::<f64>().sqrt();
        assert!((z(x).abs() / length - face.distance).abs() < 1e-6 * (1.0 + face.distance), "{}", face.unit);
        assert_eq!(near.class, Some(class(&network, x) as u64));
        let within = near.same_class_within.expect("a distance");
        for _ in 0..300 {
            let u: Vec<f64> = (0..4).map(|_| numbers.next()).collect();
            let norm = u.iter().map(|a| a * a).sum::<f64>().sqrt();
            let at = |r: f64| x.iter().zip(&u).map(|(x, u)| x + 0.999 * r * u / norm).collect::<Vec<_>>();
            assert_eq!(signs(&network, &at(face.distance)), signs(&network, x), "a face nearer than the nearest");
            assert_eq!(class(&network, &at(within)), class(&network, x), "a class nearer than its change");
        }
        if let Some(change) = &near.class_change {
            assert!(change.class != near.class.expect("a class"));
            assert_eq!(change.nearest_of_all, change.distance <= face.distance);
            changes += 1;
        }
    }
    assert!(changes > 0, "no point has a change of class in its region");
}

#[test]
fn walls_count_and_points_without_a_region_say_why() {
    let network = fixture("geometry/plain-d2.onnx");
    let points = [vec![0.3, -0.2], vec![2.0, 0.0], vec![1.0, 0.5]];
    let found = neighbourhoods(&network, &Domain::cube(2, -1.0, 1.0), &points, &unlimited(&AtomicBool::new(false)))
        .expect("neighbourhoods");
    assert_eq!(found[0].nearest_wall, Some(0.7));
    let why = |k: usize| found[k].refused.clone().unwrap_or_default();
    assert!(why(1).contains("outside of the domain: input 0 is 2") && why(2).contains("on the boundary"));
}
