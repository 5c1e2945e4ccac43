//! Networks whose exact counts several independent tools agree on.
//! Source of truth: `ground_truth.yaml` in the shared material (exact rational search for most of them).

use crate::support::{enumerate, rows, shared};
use polyaudit::explore::{Domain, Exploration, State};
use polyaudit::import;
use polyaudit::ir::Network;
use serde_yaml::Value;
use std::ops::RangeInclusive;

/// A way to enumerate.
type Enumerate = fn(&Network, &Domain) -> Exploration;

/// Largest network enumerated here: all of them.
const UP_TO: u64 = 400_000;

fn histogram(value: &Value) -> Vec<(usize, u64)> {
    let map = value.as_mapping().expect("a histogram");
    map.iter().map(|(k, n)| (k.as_u64().expect("faces") as usize, n.as_u64().expect("count"))).collect()
}

fn truth() -> Option<Value> {
    let text = std::fs::read_to_string(shared("ground_truth/ground_truth.yaml")?).expect("readable");
    Some(serde_yaml::from_str(&text).expect("yaml"))
}

fn check(name: &str, truth: &Value, domain: impl Fn(usize) -> Domain, interior: bool, enumerate: Enumerate) {
    let path = shared(&format!("ground_truth/{name}.onnx")).expect("the network beside the truth");
    let model = import::load(&path, &import::Options::default()).expect("a readable model");
    let found = enumerate(&model.network, &domain(model.network.input_len()));
    assert_eq!(found.state, State::Complete, "{name}");
    assert_eq!(Some(found.tally.count), truth["regions"].as_u64(), "regions of {name}");
    assert_eq!(rows(&found.tally.total), histogram(&truth["facets"]), "total faces of {name}");
    if interior {
        assert_eq!(rows(&found.tally.interior), histogram(&truth["neuron_facets"]), "interior faces of {name}");
    }
    for (id, faces) in &found.tally.units {
        assert_eq!(faces.lower, faces.upper, "handshake of {id:?} in {name}");
    }
}

/// Checks the boxes with numbers of regions in a range; gives how many, or nothing where the material is absent.
pub fn boxes(regions: RangeInclusive<u64>, enumerate: Enumerate) -> Option<usize> {
    let truth = truth()?;
    let nets = truth["nets"].as_mapping().expect("nets");
    let wanted = nets.iter().filter(|(_, n)| n["regions"].as_u64().is_some_and(|r| regions.contains(&r)));
    let check = |(name, net): (&Value, &Value)| {
        check(name.as_str().expect("a name"), net, |d| Domain::cube(d, -1.0, 1.0), true, enumerate)
    };
    Some(wanted.map(check).count())
}

/// Names of the networks with up to so many regions in their box.
pub fn names(up_to: u64) -> Option<Vec<String>> {
    let truth = truth()?;
    let nets = truth["nets"].as_mapping().expect("nets");
    let small = nets.iter().filter(|(_, n)| n["regions"].as_u64().is_some_and(|r| r <= up_to));
    Some(small.map(|(name, _)| name.as_str().expect("a name").to_string()).collect())
}

/// Checks those in the whole space.
pub fn spaces(enumerate: Enumerate) -> Option<usize> {
    let truth = truth()?;
    let nets = truth["unbounded"].as_mapping().expect("unbounded");
    let check =
        |(name, net): (&Value, &Value)| check(name.as_str().expect("a name"), net, Domain::unbounded, false, enumerate);
    Some(nets.iter().map(check).count())
}

#[test]
fn every_box() {
    let checked = boxes(1..=UP_TO, enumerate);
    assert!(checked.is_none_or(|n| n >= 13), "{checked:?} networks checked");
}

#[test]
fn whole_space() {
    let checked = spaces(enumerate);
    assert!(checked.is_none_or(|n| n >= 3), "{checked:?} networks checked");
}

#[test]
fn lindex_has_87_regions() {
    let Some(path) = shared("models/lindex.onnx") else { return };
    let model = import::load(&path, &import::Options::default()).expect("a readable model");
    let found = enumerate(&model.network, &Domain::cube(1, 0.0, 1.0));
    assert_eq!(found.tally.count, 87);
    assert_eq!(rows(&found.tally.total), [(2, 87)]);
}
