//! Samples of the domain: every sample counts once (weight `volume`, or `point` at data points), each distinct region is
//! computed once.
//!
//! Contract: the result of the first n samples does not depend on threads, on how many more were asked for, or on where a
//! budget ended the run: a run that is ended reports the first n samples for some n.

use super::bounds::Bounds;
use super::cell::{self, CellFaces};
use super::certify::Certified;
use super::cross::count;
use super::drawn::{LeftOut, Source};
use super::memory::{Memory, Remember};
use super::pulse::Pulse;
use super::quota::{PILOT, quota};
use super::sides::Sides;
use super::slope::{self, Slopes};
use super::{Control, Progress, State, Tally};
use crate::polytope::{Engine, Observer, Workspace};
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
    /// Samples to take; as long as their number is open, those that tell.
    pub asked: u64,
    /// Data points among them that are in no count.
    pub left_out: LeftOut,
    /// Regions met exactly once, and exactly twice.
    pub met: [u64; 2],
    /// Share of the last tenth of the samples that fell in a region not met before.
    pub new_in_last_tenth: Option<f64>,
    /// Sources that vanish identically on some region met.
    pub vanishing: BTreeSet<HyperplaneId>,
    /// What verification found, over the distinct regions met.
    pub certified: Certified,
    /// How steep the network is in the regions of the samples; `None` where its map is too large.
    pub slopes: Option<Slopes>,
    /// Whether all samples were taken.
    pub state: State,
}

/// Samples between two looks at the budgets, by the size of one region.
fn block(walker: &Walker) -> usize {
    (1 << 22) / (walker.dimension() * walker.network().units()).clamp(1 << 11, 1 << 22)
}

/// A region that was met.
struct Met {
    faces: CellFaces,
    slope: Option<f64>,
    times: u64,
}

/// Faces of a region, the sources that vanish identically on it, and how steep the network is there.
type Answer = anyhow::Result<(CellFaces, Vec<HyperplaneId>, Option<f64>)>;

/// Takes the samples of `source`.
pub fn sample(
    walker: &Walker,
    bounds: &Bounds,
    source: &Source,
    engine: Engine,
    control: &Control,
) -> anyhow::Result<Sampling> {
    let (d, stated) = (walker.dimension(), source.count());
    // Before it is known what a sample takes, memory is for as many as can come.
    let most = stated.unwrap_or_else(|| quota(d, 0));
    let memory = Memory::estimate(walker, bounds, &control.certify, most, Remember::Faces);
    let at_once = memory.admit(control.max_memory, block(walker))?;
    let mut out = Sampling { asked: stated.unwrap_or(PILOT), ..Sampling::default() };
    let forms = walker.forms_work();
    let mut work = 0;
    let mut known: HashMap<Pattern, Met> = HashMap::new();
    let mut new = vec![];
    let mut slopes = Some(Slopes::default());
    while out.samples < out.asked {
        if let Some(state) = control.exhausted() {
            out.state = state;
            break;
        }
        let end = out.asked.min(out.samples + at_once as u64);
        let drawn = (out.samples..end).into_par_iter().map(|k| source.draw(walker, bounds, k));
        let drawn: Vec<_> = drawn.collect::<Result<_, _>>()?;
        let mut fresh: HashMap<&Pattern, usize> = HashMap::new();
        let mut todo: Vec<&(Pattern, Vec<f64>)> = vec![];
        for point in drawn.iter().flatten().filter(|p| !known.contains_key(&p.0)) {
            fresh.entry(&point.0).or_insert_with(|| {
                todo.push(point);
                todo.len() - 1
            });
        }
        let asked = out.asked;
        let progress = |done: u64, regions: usize| Progress {
            done,
            total: Some(asked),
            regions: regions as u64,
            note: "samples",
            rows: None,
        };
        let answer = |workspace: &mut Workspace, (pattern, x): &(Pattern, Vec<f64>), observer: &Observer| {
            let region = match walker.with(pattern) {
                Ok(region) => region,
                Err(error) => return Some(Err(error.into())),
            };
            let mut faces = cell::faces(walker, &region, bounds, x, engine, &control.certify, workspace, observer)?;
            for face in &mut faces.interior {
                (face.witness, face.direction) = (vec![], vec![]);
            }
            let slope = slope::norm(&region.outputs, walker.dimension());
            Some(Ok((faces, region.vanishing, slope)))
        };
        let pulse = Pulse::new(control, progress(out.samples, known.len()));
        let mut answers = in_order(&todo, &pulse, answer).into_iter();
        let mut computed = Vec::with_capacity(todo.len());
        while let Some(Some(answer)) = answers.next() {
            let (mut faces, vanishing, slope) = answer?;
            if let Some(evidence) = faces.evidence.take() {
                out.certified.add(&control.certify, &evidence)?;
            }
            count(&mut out.found, &faces, 1);
            out.vanishing.extend(vanishing);
            computed.push(Met { faces, slope, times: 0 });
        }
        for (k, point) in (out.samples..end).zip(&drawn) {
            let index = point.as_ref().ok().and_then(|p| fresh.get(&p.0).copied());
            if index.is_some_and(|i| i >= computed.len()) {
                break;
            }
            out.samples = k + 1;
            let (pattern, x) = match point {
                Ok(inside) => inside,
                Err((row, outside)) => {
                    out.left_out.add(*row, *outside);
                    new.push(None);
                    continue;
                }
            };
            let met = match index {
                Some(i) => &mut computed[i],
                None => known.get_mut(pattern).expect("a region that is not new is known"),
            };
            new.push(Some(met.times == 0));
            work += met.faces.work + forms;
            met.times += 1;
            count(&mut out.tally, &met.faces, 1);
            match (met.slope, &mut slopes) {
                (Some(slope), Some(slopes)) => slopes.add(slope, x),
                _ => slopes = None,
            }
            out.sides.get_or_insert_with(|| Sides::of(pattern)).meet(pattern);
        }
        let patterns: Vec<Pattern> = todo.iter().map(|p| p.0.clone()).collect();
        known.extend(patterns.into_iter().zip(computed));
        control.report(progress(out.samples, known.len()));
        if out.samples < end {
            out.state = control.exhausted().unwrap_or_else(|| State::partial("time limit reached".into()));
            break;
        }
        if stated.is_none() && out.samples == PILOT {
            out.asked = quota(d, work);
        }
    }
    out.slopes = slopes;
    out.met = [1, 2].map(|times| known.values().filter(|m| m.times == times).count() as u64);
    // Of a run that was ended early, the last tenth that it was to take may lack.
    let tenth = new.len().min((out.asked - out.asked.div_ceil(10)) as usize);
    let late: Vec<bool> = new[tenth..].iter().copied().flatten().collect();
    out.new_in_last_tenth = (!late.is_empty()).then(|| late.iter().filter(|&&n| n).count() as f64 / late.len() as f64);
    Ok(out)
}

/// Answers one after the other, in order, until a budget ends the run: what is missing then is at the end, but for as many
/// as there are threads.
fn in_order(
    todo: &[&(Pattern, Vec<f64>)],
    pulse: &Pulse,
    answer: impl Fn(&mut Workspace, &(Pattern, Vec<f64>), &Observer) -> Option<Answer> + Sync,
) -> Vec<Option<Answer>> {
    let mut out: Vec<Option<Answer>> = todo.iter().map(|_| None).collect();
    let done: Vec<(usize, Answer)> = (todo.iter().enumerate().par_bridge())
        .map_init(Workspace::default, |workspace, (k, point)| {
            pulse.watch(|observer| answer(workspace, point, observer)).map(|answer| (k, answer))
        })
        .flatten()
        .collect();
    done.into_iter().for_each(|(k, answer)| out[k] = Some(answer));
    out
}
