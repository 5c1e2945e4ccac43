//! A second look at every region of an enumeration by splitting, for what its cells do not tell: how steep the network is in
//! each, and how many are left when neighbours with equal affine maps are merged.
//!
//! Contract: the splitting is made again, its regions come in the same order, and the outcome does not depend on the number
//! of threads. The neighbour across a face is the pattern with the face's source on its other side, if that is a region
//! (then it is the neighbour: a source that vanishes on the whole face besides keeps its sign in no region across it);
//! otherwise all sources that vanish on the face go over, found by exact rows. Refuses what takes more than [`MOST`]
//! multiplications, and to keep the regions where `--max-memory` has no room for them.

use super::allowance::Allowance;
use super::cell::exact_row;
use super::certify::Certify;
use super::memory::{Memory, Remember};
use super::merging::{Classes, equal};
use super::parts::Hooks;
use super::slope;
use super::split::{Finished, Tree, Want, Within};
use super::{Bounds, Control, Domain, Exploration, Method, Slopes, State};
use crate::finding::grouped;
use crate::ir::Network;
use crate::region::{HyperplaneId, Pattern, Region, Walker};
use rayon::prelude::*;

/// Multiplications of the affine forms that are looked at again: about a second of one core.
const MOST: u64 = 500_000_000;

/// What making a region's forms takes besides, likewise.
const REGION: u64 = 1_000;

/// Multiplications that the other side of a face of several sources takes, for each of one pass through the network: some
/// exact rows.
const COINCIDENT: u64 = 300;

/// A row is compared exactly with a face's where floats see no larger difference, relative to its largest number.
const NEAR: f64 = 1e-6;

/// A region that waits to be looked at.
struct Waiting {
    pattern: Pattern,
    /// The sources of its faces of which it is on the lower side: each pair of neighbours once.
    faces: Vec<HyperplaneId>,
    inside: Vec<f64>,
}

/// What one of them shows: how steep it is, and which regions it is merged with, or why that is not known.
type Seen = (Option<f64>, Result<Vec<usize>, &'static str>);

/// Fills in what a complete enumeration by splitting does not know, where that is no more work than it is worth.
pub fn look_again(
    network: &Network,
    domain: &Domain,
    seed: u64,
    found: &mut Exploration,
    control: &Control,
) -> anyhow::Result<()> {
    let split = found.method == Method::Enumerate && found.shape.is_some() && found.sums.is_none();
    if !split || found.state != State::Complete {
        return Ok(());
    }
    let (restricted, bounds) = domain.restrict(network)?;
    let walker = Walker::new(&restricted);
    let faces: u64 = found.tally.interior.iter().enumerate().map(|(k, n)| k as u64 * n).sum();
    let work = (walker.forms_work() + REGION).saturating_mul(found.tally.count + faces / 2);
    if work > MOST {
        let why = format!(
            "looking at every region again would take {} multiplications, and {} are spent on it: --certify crosses faces \
             and compares neighbours",
            grouped(work),
            grouped(MOST)
        );
        found.merged = Some(Err(why));
        return Ok(());
    }
    let taken = Memory::estimate(&walker, &bounds, &Certify::No, 0, Remember::Points).total(1);
    let mut off = Classes::refused(&walker, found.tally.count, taken, control.max_memory);
    let Some(mut regions) = regions(&walker, &bounds, seed, off.is_none(), control)? else { return Ok(()) };
    let mut classes = Classes::default();
    if off.is_none() {
        regions.iter().for_each(|w| _ = classes.index(&w.pattern));
    }
    let several =
        |w: &Waiting| w.faces.iter().filter(|&&face| alone(&walker, w, face, &classes).is_none()).count() as u64;
    let coincident: u64 = regions.par_iter().map(several).sum();
    if coincident.saturating_mul(COINCIDENT * walker.forms_work()) > MOST {
        off = Some(format!("{} faces lie on several hyperplanes: --certify crosses them", grouped(coincident)));
        regions.iter_mut().for_each(|w| w.faces.clear());
    }
    let seen: Vec<Seen> = regions.par_iter().map(|w| look(&walker, w, &classes)).collect();
    let (mut slopes, mut merged) = (Some(Slopes::default()), off.map_or(Ok(()), Err));
    for (own, ((norm, same), w)) in seen.into_iter().zip(&regions).enumerate() {
        match (norm, &mut slopes) {
            (Some(norm), Some(slopes)) => slopes.add(norm, &w.inside),
            _ => slopes = None,
        }
        match same {
            Ok(same) => same.into_iter().for_each(|other| classes.join(own, other)),
            Err(why) => merged = merged.and(Err(why.to_string())),
        }
    }
    found.slopes = slopes;
    found.merged = Some(merged.map(|()| classes.count()));
    Ok(())
}

/// Every region, in the order of the tree of splits, with its faces if they are wanted; none if something ended it before.
fn regions(
    walker: &Walker,
    bounds: &Bounds,
    seed: u64,
    faces: bool,
    control: &Control,
) -> anyhow::Result<Option<Vec<Waiting>>> {
    let silent = Control { progress: &|_| {}, ..*control };
    let allowance = Allowance::new(&silent, u64::MAX);
    let Ok(tree) = Tree::new(walker, bounds, seed, 0, false, &|steps| allowance.spend(steps))? else { return Ok(None) };
    let mut regions = vec![];
    let mut each = |region: &Finished| {
        let lower = region.interior.iter().filter(|face| faces && face.1);
        regions.push(Waiting {
            pattern: region.pattern.clone(),
            faces: lower.map(|face| face.0).collect(),
            inside: match &region.inside {
                Within::Floats(x) => x.clone(),
                Within::Exact(x) => x.iter().map(|x| x.to_f64().value()).collect(),
            },
        });
        Ok(())
    };
    let want = Want { volume: false, polygon: false };
    let split = tree.run(u64::MAX, &allowance, &mut Hooks::default(), Some((want, &mut each)))?;
    Ok(split.is_ok_and(|split| split.state == State::Complete).then_some(regions))
}

fn look(walker: &Walker, own: &Waiting, classes: &Classes) -> Seen {
    let Ok(region) = walker.with(&own.pattern) else { return (None, Err("the map of a region could not be made")) };
    let norm = slope::norm(&region.outputs, walker.dimension());
    let same = || {
        let mut same = vec![];
        for &face in &own.faces {
            let Some((k, across)) = alone(walker, own, face, classes).or_else(|| {
                let p = across(walker, &region, face)?;
                Some((classes.known(&p)?, p))
            }) else {
                return Err("a neighbour could not be derived with certainty");
            };
            let other = walker.with(&across).map_err(|_| "the map of a region could not be made")?;
            if equal(walker, &region, &other)
                .ok_or("an exact comparison of two maps would take more than its budget")?
            {
                same.push(k);
            }
        }
        Ok(same)
    };
    (norm, same())
}

/// The region across a face on which no source vanishes but its own.
fn alone(walker: &Walker, own: &Waiting, face: HyperplaneId, classes: &Classes) -> Option<(usize, Pattern)> {
    let across = walker.flipped(&own.pattern, face)?;
    Some((classes.known(&across)?, across))
}

/// The pattern across a face, with all sources on their other side that vanish on it.
fn across(walker: &Walker, region: &Region, face: HyperplaneId) -> Option<Pattern> {
    let d = walker.dimension();
    let row = |i: usize| (&region.normals[i * d..(i + 1) * d], region.offsets[i], region.errors[i]);
    let size = |(normal, offset, _): (&[f64], f64, f64)| normal.iter().fold(offset.abs(), |m, a| m.max(a.abs()));
    let own = region.labels.iter().position(|&id| id == face)?;
    let (normal, offset, error) = row(own);
    let pivot = (0..d).max_by(|&a, &b| normal[a].abs().total_cmp(&normal[b].abs()))?;
    let near = |i: usize| {
        let (other, level, doubt) = row(i);
        let ratio = other[pivot] / normal[pivot];
        let room = NEAR * size(row(i)) + doubt + ratio.abs() * error;
        ratio > 0.0
            && (level - ratio * offset).abs() <= room
            && other.iter().zip(normal).all(|(a, b)| (a - ratio * b).abs() <= room)
    };
    let exact = |i: usize| exact_row(walker, &region.pattern, region, i);
    let (a, c) = exact(own)?;
    let mut on_face = region.vanishing.clone();
    for i in (0..region.labels.len()).filter(|&i| i == own || near(i)) {
        let (b, e) = exact(i)?;
        let (x, y) = (&a[pivot], &b[pivot]);
        if a.iter().zip(&b).all(|(p, q)| p * y == q * x) && &c * y == &e * x {
            on_face.push(region.labels[i]);
        }
    }
    on_face.sort_unstable();
    let length = normal.iter().map(|a| a * a).sum::<f64>().sqrt();
    let direction: Vec<f64> = normal.iter().map(|a| a / length).collect();
    walker.across(&region.pattern, &on_face, &direction).ok().map(|across| across.pattern)
}
