//! The splitter against crossing, the other method: two enumerations, one count.
//! Sources of truth: crossing faces (certified half-spaces and LP-free face engine), which shares no geometry with it.

use crate::support::{enumerate, enumerate_exactly, mlp, rows, zoo};
use polyaudit::explore::{self, Certify, Control, Domain, State};
use polyaudit::import;
use polyaudit::ir::Network;
use polyaudit::polytope::Engine;
use polyaudit::region::Walker;
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;

/// Both methods on one network: state, histograms, faces per source and side, sources that vanish.
fn agree(name: &str, network: &Network, domain: &Domain) -> u64 {
    let split = enumerate(network, domain);
    let (restricted, bounds) = domain.restrict(network).expect("a domain");
    let walker = Walker::new(&restricted);
    let stop = AtomicBool::new(false);
    let control = Control { stop: &stop, deadline: None, progress: &|_| {}, certify: Certify::No };
    let crossed = explore::enumerate(&walker, &bounds, 0, Engine::Auto, 1_000_000, &control, &mut |_, _, _| Ok(()))
        .expect("an enumeration");
    assert_eq!(split.state, State::Complete, "{name}");
    assert!(split.shape.is_some(), "{name} was not split");
    if crossed.state != State::Complete {
        // Crossing says so when it cannot certify an interior point; then the exact enumeration is the other method.
        let exact = enumerate_exactly(network, domain);
        assert_eq!((split.tally, split.vanishing), (exact.tally, exact.vanishing), "{name}, exactly");
        return exact.regions_found;
    }
    assert_eq!(rows(&split.tally.total), rows(&crossed.tally.total), "total faces of {name}");
    assert_eq!(rows(&split.tally.interior), rows(&crossed.tally.interior), "interior faces of {name}");
    assert_eq!(split.tally.units, crossed.tally.units, "faces by source of {name}");
    let vanishing: Vec<_> = crossed.vanishing.into_iter().collect();
    assert_eq!(split.vanishing, vanishing, "vanishing sources of {name}");
    split.tally.count
}

fn models(folder: PathBuf, up_to: usize) -> Vec<(String, Network)> {
    let files = std::fs::read_dir(&folder).expect("a folder");
    let mut paths: Vec<PathBuf> = files.map(|e| e.expect("an entry").path()).collect();
    paths.sort();
    let onnx = paths.iter().filter(|p| p.extension().is_some_and(|e| e == "onnx"));
    onnx.filter_map(|p| {
        let model = import::load(p, &import::Options::default()).ok()?;
        let name = p.file_stem().expect("a name").to_string_lossy().into_owned();
        (model.network.input_len() <= up_to).then_some((name, model.network))
    })
    .collect()
}

#[test]
fn geometry_in_a_box_and_in_all_of_space() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("fixtures/geometry");
    let all = models(folder, 8);
    assert!(all.len() >= 30, "{} fixtures", all.len());
    for (name, network) in all {
        let d = network.input_len();
        agree(&name, &network, &Domain::cube(d, -1.0, 1.0));
        agree(&name, &network, &Domain::unbounded(d));
    }
}

#[test]
fn networks_of_every_kind() {
    for seed in 0..3 {
        for (name, network) in zoo(seed) {
            let d = network.input_len();
            agree(&format!("{name}, seed {seed}"), &network, &Domain::cube(d, -1.0, 1.0));
            agree(&format!("{name}, seed {seed}, whole space"), &network, &Domain::unbounded(d));
        }
    }
}

#[test]
fn random_networks() {
    for seed in 0..2 {
        for widths in [&[1, 9, 5, 1][..], &[2, 8, 8, 1], &[3, 7, 6, 1], &[4, 6, 5, 4, 1], &[5, 6, 4, 1], &[6, 6, 3, 1]]
        {
            for bias in [0.0, 0.4] {
                let network = mlp(widths, seed, bias);
                agree(&format!("{widths:?}, seed {seed}"), &network, &Domain::cube(widths[0], -1.0, 1.0));
                agree(&format!("{widths:?}, seed {seed}, whole space"), &network, &Domain::unbounded(widths[0]));
            }
        }
    }
}
