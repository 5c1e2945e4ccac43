//! Seeded uniform samples of the domain: every sample counts once (weight `volume`), each distinct region is computed
//! once.
//!
//! Contract: the result of the first n samples does not depend on threads or on how many more were asked for.

use super::bounds::Bounds;
use super::cell::{self, CellFaces};
use super::certify::Certified;
use super::cross::count;
use super::memory::{Memory, Remember};
use super::sides::Sides;
use super::{Control, Progress, State, Tally, points};
use crate::polytope::{Engine, Workspace};
use crate::region::{HyperplaneId, Pattern, Walker};
use rayon::prelude::*;
use std::collections::{BTreeSet, HashMap};

/// What sampling found.
#[derive(Debug, Default)]
pub struct Sampling {
    /// Counts over samples.
    pub tally: Tally,
    /// Counts over the distinct regions met.
    pub found: Tally,
    /// Sides of the units' breakpoints that samples fell on.
    pub sides: Option<Sides>,
    /// Samples done.
    pub samples: u64,
    /// Share of the last tenth of the samples that fell in a region not met before.
    pub new_in_last_tenth: Option<f64>,
    /// Sources that vanish identically on some region met.
    pub vanishing: BTreeSet<HyperplaneId>,
    /// What verification found, over the distinct regions met.
    pub certified: Certified,
    /// Whether all samples were taken.
    pub state: State,
}

/// Samples between two looks at the budgets, by the size of one region.
fn block(walker: &Walker) -> usize {
    (1 << 22) / (walker.dimension() * walker.network().units()).clamp(1 << 11, 1 << 21)
}

/// Takes `samples` points.
pub fn sample(
    walker: &Walker,
    bounds: &Bounds,
    seed: u64,
    engine: Engine,
    samples: u64,
    control: &Control,
) -> anyhow::Result<Sampling> {
    let memory = Memory::estimate(walker, bounds, &control.certify, samples, Remember::Faces);
    let at_once = memory.admit(control.max_memory, block(walker))?;
    let mut out = Sampling::default();
    let mut known: HashMap<Pattern, CellFaces> = HashMap::new();
    let tenth = samples - samples.div_ceil(10);
    let (mut new_late, mut late) = (0u64, 0u64);
    while out.samples < samples {
        if let Some(state) = control.exhausted() {
            out.state = state;
            break;
        }
        let end = samples.min(out.samples + at_once as u64);
        let drawn: Vec<(Pattern, Vec<f64>)> = (out.samples..end)
            .into_par_iter()
            .map(|k| points::sample(walker, bounds, seed, k))
            .collect::<Result<_, _>>()?;
        let mut fresh: HashMap<&Pattern, usize> = HashMap::new();
        let mut todo: Vec<&(Pattern, Vec<f64>)> = vec![];
        for point in drawn.iter().filter(|p| !known.contains_key(&p.0)) {
            fresh.entry(&point.0).or_insert_with(|| {
                todo.push(point);
                todo.len() - 1
            });
        }
        let answers: Vec<anyhow::Result<(CellFaces, Vec<HyperplaneId>)>> = todo
            .par_iter()
            .map_init(Workspace::default, |workspace, (pattern, x)| {
                let region = walker.with(pattern)?;
                let mut faces = cell::faces(walker, &region, bounds, x, engine, &control.certify, workspace);
                for face in &mut faces.interior {
                    (face.witness, face.direction) = (vec![], vec![]);
                }
                Ok((faces, region.vanishing))
            })
            .collect();
        let mut met = vec![false; todo.len()];
        let mut computed = Vec::with_capacity(todo.len());
        for answer in answers {
            let (mut faces, vanishing) = answer?;
            if let Some(evidence) = faces.evidence.take() {
                out.certified.add(&control.certify, &evidence)?;
            }
            count(&mut out.found, &faces, 1);
            out.vanishing.extend(vanishing);
            computed.push(faces);
        }
        for (k, point) in (out.samples..end).zip(&drawn) {
            let index = fresh.get(&point.0).copied();
            let faces = index.map_or_else(|| &known[&point.0], |i| &computed[i]);
            count(&mut out.tally, faces, 1);
            out.sides.get_or_insert_with(|| Sides::of(&point.0)).meet(&point.0);
            if k >= tenth {
                late += 1;
                new_late += u64::from(index.is_some_and(|i| !met[i]));
            }
            if let Some(i) = index {
                met[i] = true;
            }
        }
        let patterns: Vec<Pattern> = todo.iter().map(|p| p.0.clone()).collect();
        known.extend(patterns.into_iter().zip(computed));
        out.samples = end;
        control.report(Progress { done: end, total: Some(samples), regions: known.len() as u64, note: "samples" });
    }
    out.new_in_last_tenth = (late > 0).then(|| new_late as f64 / late as f64);
    Ok(out)
}
