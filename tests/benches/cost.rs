//! What a region costs the face engine as a function of its inputs and rows: `cargo bench --bench face_engine -- cost`.

use crate::random::{Kind, region};
use polyaudit::polytope::{Engine, Workspace, faces_in};
use std::hint::black_box;

/// Seconds of processor time per region, best of several passes, and what was found in all regions together.
pub fn measure(d: usize, units: usize, regions: u64, least: f64) -> (f64, [usize; 3]) {
    let all: Vec<_> = (0..regions).map(|seed| region(d, units, Kind::Generic, seed)).collect();
    let mut workspace = Workspace::default();
    let (mut best, mut total, mut counts) = (f64::INFINITY, 0.0, [0; 3]);
    while total < least {
        let start = crate::cpu();
        let found: Vec<_> = all.iter().map(|(h, x)| faces_in(&mut workspace, h, h, x, Engine::Auto)).collect();
        let spent = crate::cpu() - start;
        (best, total) = (best.min(spent), total + spent);
        counts = [0; 3];
        for found in black_box(&found) {
            counts[0] += found.count();
            counts[1] += found.undecided();
            counts[2] += found.effort.steps;
        }
    }
    (best / regions as f64, counts)
}

/// One size alone, for profiles: `cost D UNITS REGIONS SECONDS`.
pub fn run(arguments: &[String]) {
    let number = |k: usize| arguments.get(k).and_then(|a| a.parse::<usize>().ok());
    if let (Some(d), Some(units), Some(regions), Some(least)) = (number(0), number(1), number(2), number(3)) {
        let (seconds, [faces, undecided, steps]) = measure(d, units, regions as u64, least as f64);
        println!(
            "d = {d}, units = {units}: {:.4} ms, {:.1} faces, {undecided} undecided, {:.1} steps",
            seconds * 1e3,
            faces as f64 / regions as f64,
            steps as f64 / regions as f64
        );
    }
}
