//! Exact enumeration by crossing faces, breadth first, from a point off every hyperplane.
//!
//! Contract: adjacency is never inferred from patterns. The pattern across a face is derived from the face and then
//! certified by an interior point before the region is queued; sources that vanish on the face flip together.
//! Regions are visited in an order that does not depend on the number of threads.

use super::allowance::Allowance;
use super::bounds::Bounds;
use super::cell::{self, CellFaces};
use super::certify::{Certified, Certify};
use super::memory::{Memory, Remember};
use super::pulse::Pulse;
use super::{Progress, State, Tally, points};
use crate::polytope::{Engine, Observer, Workspace};
use crate::region::{HyperplaneId, Pattern, Walker};
use rayon::prelude::*;
use std::collections::{BTreeSet, HashSet};

/// Regions handled between two looks at the budgets.
const BLOCK: usize = 1024;

/// What an enumeration found.
#[derive(Debug)]
pub struct Crossing {
    /// Counts over the regions visited.
    pub tally: Tally,
    /// Patterns of all regions found, visited or not.
    pub found: HashSet<Pattern>,
    /// Sources that vanish identically on some region.
    pub vanishing: BTreeSet<HyperplaneId>,
    /// What verification found.
    pub certified: Certified,
    /// Whether all regions were visited.
    pub state: State,
}

struct Visit {
    faces: CellFaces,
    vanishing: Vec<HyperplaneId>,
    neighbours: Vec<(Pattern, Vec<f64>)>,
    uncrossed: usize,
}

/// Called with each region visited, in order: its pattern, its faces, a point strictly inside.
pub type Visitor<'a> = dyn FnMut(&Pattern, &CellFaces, &[f64]) -> anyhow::Result<()> + 'a;

/// Visits every region of the network within `bounds`, at most `max_regions`, and shows each to `visitor`.
pub fn enumerate(
    walker: &Walker,
    bounds: &Bounds,
    seed: u64,
    engine: Engine,
    max_regions: u64,
    allowance: &Allowance,
    visitor: &mut Visitor,
) -> anyhow::Result<Crossing> {
    let control = allowance.control;
    let memory = Memory::estimate(walker, bounds, &control.certify, max_regions, Remember::Points);
    let at_once = memory.admit(control.max_memory, BLOCK)?;
    let (pattern, start) = points::start(walker, bounds, seed)?;
    let mut out = Crossing {
        tally: Tally::default(),
        found: HashSet::from([pattern.clone()]),
        vanishing: BTreeSet::new(),
        certified: Certified::default(),
        state: State::Complete,
    };
    let (mut frontier, mut uncrossed) = (vec![(pattern, start)], 0);
    let forms = walker.forms_work();
    while !frontier.is_empty() {
        let mut next = Vec::new();
        for block in frontier.chunks(at_once) {
            let room = (max_regions - out.tally.seen().min(max_regions)) as usize;
            if let Some(state) = control.exhausted().or_else(|| (room == 0).then(|| State::regions(max_regions))) {
                out.state = state;
                return Ok(out);
            }
            let progress = |done: u64, found: usize| Progress {
                done,
                total: None,
                regions: found as u64,
                note: "regions",
                rows: None,
            };
            let pulse = Pulse::new(control, progress(out.tally.seen(), out.found.len()));
            let visits: Vec<Option<anyhow::Result<Visit>>> = block[..block.len().min(room)]
                .par_iter()
                .map_init(Workspace::default, |workspace, (pattern, interior)| {
                    pulse.watch(|observer| {
                        let (found, certify) = (&out.found, &control.certify);
                        let visited =
                            visit(walker, bounds, engine, certify, pattern, interior, found, workspace, observer);
                        visited.transpose()
                    })
                })
                .collect();
            for (visit, (pattern, interior)) in visits.into_iter().zip(block) {
                // What was cut short is not counted, and nothing after it, so that the order stays that of the search.
                let Some(visit) = visit else {
                    out.state = control.exhausted().unwrap_or_else(|| State::partial("stopped".into()));
                    return Ok(out);
                };
                let visit = visit?;
                visitor(pattern, &visit.faces, interior)?;
                uncrossed += visit.uncrossed;
                if let Some(evidence) = &visit.faces.evidence {
                    out.certified.add(&control.certify, evidence)?;
                }
                count(&mut out.tally, &visit.faces, 1);
                out.vanishing.extend(visit.vanishing);
                allowance.spend_multiplications(forms + visit.faces.work);
                if allowance.given_up() {
                    out.state = allowance.exhausted().unwrap_or(State::Complete);
                    return Ok(out);
                }
                for (pattern, interior) in visit.neighbours {
                    if !out.found.contains(&pattern) {
                        out.found.insert(pattern.clone());
                        next.push((pattern, interior));
                    }
                }
            }
            control.report(progress(out.tally.seen(), out.found.len()));
        }
        frontier = next;
    }
    if uncrossed > 0 {
        out.state = State::partial(format!("{uncrossed} face(s) could not be crossed with certainty"));
    } else if out.tally.undecided > 0 {
        out.state = State::partial(format!("{} region(s) have undecided half-spaces", out.tally.undecided));
    }
    Ok(out)
}

impl Crossing {
    /// How many of `drawn` seeded points of the domain fall in regions found.
    pub fn covers(&self, walker: &Walker, bounds: &Bounds, seed: u64, drawn: u64) -> anyhow::Result<u64> {
        let inside = (0..drawn).into_par_iter().map(|k| {
            let (pattern, _) = points::sample(walker, bounds, seed, k)?;
            Ok(u64::from(self.found.contains(&pattern)))
        });
        inside.sum()
    }
}

/// Counts a region's faces `times` times.
pub fn count(tally: &mut Tally, faces: &CellFaces, times: u64) {
    if faces.undecided > 0 {
        tally.undecided += times;
        return;
    }
    tally.add(faces.interior.len(), faces.walls, times);
    for face in &faces.interior {
        let unit = tally.units.entry(face.credited).or_default();
        *(if face.lower { &mut unit.lower } else { &mut unit.upper }) += times;
        for &id in &face.coincident {
            tally.units.entry(id).or_default().coincident += times;
        }
    }
    for &id in &faces.on_walls {
        tally.units.entry(id).or_default().coincident += times;
    }
}

#[allow(clippy::too_many_arguments)]
fn visit(
    walker: &Walker,
    bounds: &Bounds,
    engine: Engine,
    certify: &Certify,
    pattern: &Pattern,
    interior: &[f64],
    found: &HashSet<Pattern>,
    workspace: &mut Workspace,
    observer: &Observer,
) -> anyhow::Result<Option<Visit>> {
    let region = walker.with(pattern)?;
    let Some(faces) = cell::faces(walker, &region, bounds, interior, engine, certify, workspace, observer) else {
        return Ok(None);
    };
    let (mut neighbours, mut uncrossed) = (vec![], 0);
    for face in &faces.interior {
        if observer.stopped() {
            return Ok(None);
        }
        let mut on_face = vec![face.credited];
        on_face.extend(&face.coincident);
        on_face.extend(&region.vanishing);
        on_face.sort_unstable();
        if let [only] = on_face[..]
            && let Some(flipped) = walker.flipped(pattern, only)
            && found.contains(&flipped)
        {
            continue;
        }
        let Ok(across) = walker.across(pattern, &on_face, &face.direction) else {
            uncrossed += 1;
            continue;
        };
        if found.contains(&across.pattern) {
            continue;
        }
        match cell::interior_point(walker, &across, bounds, &face.witness, &face.direction, &on_face) {
            Some(point) => neighbours.push((across.pattern, point)),
            None => uncrossed += 1,
        }
    }
    Ok(Some(Visit { faces, vanishing: region.vanishing, neighbours, uncrossed }))
}
