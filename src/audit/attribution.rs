//! Who makes the faces: layer by layer, unit by unit, and the units that make none because they never switch.
//!
//! Contract: the faces credited to units sum to the interior faces counted; coincident ones stand apart. A unit is
//! called never or always active only where that is proven over the whole domain: by a complete enumeration, or by
//! bounds over the domain's box. What was merely not seen in samples is named so.

use super::names;
use crate::explore::constant::{self, Means, Proven};
use crate::explore::relax::Effort;
use crate::explore::{Control, Domain, Exploration, Method, State, points};
use crate::ir::{Network, NodeId, Op};
use crate::region::{HyperplaneId, Walker};
use crate::report::{Attribution, Euler, EulerRow, LayerFaces, ProvenBy, UnitFaces, rounded};
use std::collections::{BTreeMap, BTreeSet};

/// Most units listed one by one.
const LISTED: usize = 100;

/// On which piece a unit stays everywhere in the domain.
type Constant = BTreeMap<(NodeId, usize), usize>;

/// The attribution of a run. Nodes are those of `network`, as the model has them. The search for proofs ends with `control`.
pub fn attribution(
    network: &Network,
    domain: &Domain,
    found: &Exploration,
    control: &Control,
) -> anyhow::Result<Attribution> {
    let shift = domain.nodes_in_front();
    let at = |id: &HyperplaneId| (id.node as usize - shift, id.unit as usize);
    let mut units: BTreeMap<(NodeId, usize), (u64, u64)> = BTreeMap::new();
    for (id, faces) in &found.tally.units {
        let unit = units.entry(at(id)).or_default();
        unit.0 += faces.lower + faces.upper;
        unit.1 += faces.coincident;
    }
    let interior: u64 = found.tally.interior.iter().enumerate().map(|(k, n)| k as u64 * n).sum();
    let share = |n: u64| rounded(if interior == 0 { 0.0 } else { n as f64 / interior as f64 });
    let complete = found.method == Method::Enumerate && found.state == State::Complete && found.tally.undecided == 0;
    let pieces = |proven: &Proven| proven.units.iter().map(|(unit, (piece, _))| (*unit, *piece)).collect::<Constant>();
    let (constant, proven) = if complete {
        let mut known = enumerated(network, domain, found, shift)?;
        if found.shape.is_none() {
            // Units along a wall lie on faces and never switch: bounds know most of them.
            known.extend(pieces(&bounded(domain, network, found, shift, control)?));
        }
        (known, None)
    } else {
        let proven = bounded(domain, network, found, shift, control)?;
        (pieces(&proven), Some(proven))
    };
    let mut out = Attribution {
        interior_faces: interior,
        coincident_faces: units.values().map(|u| u.1).sum(),
        proof: if complete { "enumerated" } else { "bounds" }.into(),
        proven_by: proven.as_ref().map(proven_by).unwrap_or_default(),
        proof_cut_short: proven.as_ref().map(|p| p.cut_short),
        ..Attribution::default()
    };
    let single = |(node, unit): (NodeId, usize)| match &network.nodes[node].op {
        Op::Activation(a) => a.curve(unit).breakpoints().len() == 1,
        _ => false,
    };
    let on = |piece: usize| {
        constant.iter().filter(move |(u, p)| single(**u) && **p == piece).map(|(u, _)| *u).collect::<Vec<_>>()
    };
    let (never, always) = (on(0), on(1));
    for (id, node) in network.nodes.iter().enumerate() {
        if !matches!(node.op, Op::Activation(_) | Op::Max(_)) || choices(network, id).next().is_none() {
            continue;
        }
        let faces = units.range((id, 0)..(id + 1, 0)).map(|(_, u)| u.0).sum();
        let of = |list: &[(NodeId, usize)]| list.iter().filter(|u| u.0 == id).count() as u64;
        let prefix =
            found.shape.as_ref().and_then(|s| s.layers.iter().find(|l| l.node == id + shift)).filter(|_| complete);
        let mean = |sum: u64, of: u64| (of > 0).then(|| rounded(sum as f64 / of as f64));
        out.layers.push(LayerFaces {
            layer: node.label.layer.clone(),
            faces,
            faces_share: share(faces),
            never_active_units: of(&never),
            always_active_units: of(&always),
            prefix_regions: prefix.map(|p| p.sums.regions),
            prefix_mean_total: prefix.and_then(|p| mean(p.sums.total, p.sums.regions)),
            prefix_mean_interior: prefix.and_then(|p| mean(p.sums.interior, p.sums.regions)),
        });
    }
    let euler = super::euler::characteristics(found, shift);
    out.euler_characteristics = euler_rows(network, &euler);
    let mut ranked: Vec<_> = units.iter().filter(|(_, u)| u.0 + u.1 > 0).collect();
    ranked.sort_by_key(|(unit, faces)| (std::cmp::Reverse(faces.0), **unit));
    out.units_not_listed = ranked.len().saturating_sub(LISTED) as u64;
    out.units = ranked
        .into_iter()
        .take(LISTED)
        .map(|(&(node, unit), &(faces, coincident))| UnitFaces {
            unit: names::unit(network, node, unit),
            faces,
            faces_share: share(faces),
            coincident,
            euler: euler.as_ref().ok().and_then(|of| of.get(&(node, unit)).copied()),
        })
        .collect();
    out.never_active = names::units(network, never);
    out.always_active = names::units(network, always);
    out.never_switching = names::units(network, constant.keys().copied().filter(|&u| !single(u)));
    if let Some(seen) = found.sides_met.as_ref().filter(|_| !complete) {
        let unseen = |side: usize| {
            let listed = seen.iter().filter(|(_, sides)| !sides[side]).map(|(id, _)| at(id));
            let open: BTreeSet<_> = listed.filter(|&u| single(u) && !constant.contains_key(&u)).collect();
            names::units(network, open)
        };
        (out.not_seen_inactive, out.not_seen_active) = (unseen(0), unseen(1));
    }
    Ok(out)
}

/// How many units have which Euler characteristic.
fn euler_rows(network: &Network, of: &Result<BTreeMap<(NodeId, usize), i64>, String>) -> Euler {
    let of = match of {
        Ok(of) => of,
        Err(why) => return Euler { not_applicable: Some(why.clone()), values: vec![] },
    };
    let mut values: BTreeMap<i64, Vec<(NodeId, usize)>> = BTreeMap::new();
    of.iter().for_each(|(unit, value)| values.entry(*value).or_default().push(*unit));
    let row = |(&characteristic, units): (&i64, &Vec<(NodeId, usize)>)| EulerRow {
        characteristic,
        unit_count: units.len() as u64,
        first: names::unit(network, units[0].0, units[0].1),
    };
    Euler { not_applicable: None, values: values.iter().map(row).collect() }
}

/// The units of a node that have a choice.
fn choices(network: &Network, id: NodeId) -> impl Iterator<Item = usize> + '_ {
    let node = &network.nodes[id];
    (0..node.len()).filter(move |&unit| match &node.op {
        Op::Activation(a) => a.curve(unit).pieces() > 1,
        Op::Max(m) => m.group(unit).len() > 1,
        _ => false,
    })
}

/// Of a complete enumeration. Patterns change only across faces, and across a face only for sources that lie on it: a
/// unit none of whose sources lies on any interior face is on one piece everywhere, the piece at any one point.
fn enumerated(network: &Network, domain: &Domain, found: &Exploration, shift: usize) -> anyhow::Result<Constant> {
    let at = |id: &HyperplaneId| (id.node as usize - shift, id.unit as usize);
    let touched = found.tally.units.iter().filter(|(_, f)| f.lower + f.upper + f.coincident > 0);
    let mut switching: BTreeSet<(NodeId, usize)> = touched.map(|(id, _)| at(id)).collect();
    if let Some(shape) = &found.shape {
        // What lies along a wall is coincident with it and does not switch: the sides seen tell.
        let one_sided = shape.sides_seen.iter().filter(|(_, sides)| sides[0] != sides[1]).map(|(id, _)| at(id));
        let both: BTreeSet<_> = shape.sides_seen.iter().filter(|(_, s)| s[0] && s[1]).map(|(id, _)| at(id)).collect();
        one_sided.filter(|u| !both.contains(u)).for_each(|u| {
            switching.remove(&u);
        });
    }
    let mut open = (0..network.nodes.len())
        .flat_map(|id| choices(network, id).map(move |unit| (id, unit)))
        .filter(|u| !switching.contains(u))
        .peekable();
    if open.peek().is_none() {
        return Ok(Constant::new());
    }
    let (restricted, bounds) = domain.restrict(network)?;
    let walker = Walker::new(&restricted);
    let (pattern, _) = points::start(&walker, &bounds, 0)?;
    Ok(open.map(|(id, unit)| ((id, unit), walker.layout().get(&pattern, id + shift, unit))).collect())
}

/// By bounds over the box around the domain; of the units that were not seen on both sides of their breakpoint.
fn bounded(
    domain: &Domain,
    network: &Network,
    found: &Exploration,
    shift: usize,
    control: &Control,
) -> anyhow::Result<Proven> {
    let (restricted, bounds) = domain.restrict(network)?;
    let of_splits = found.shape.as_ref().map(|s| s.sides_seen.iter()).into_iter().flatten();
    let seen = found.sides_met.iter().flatten().chain(of_splits).filter(|(_, sides)| sides[0] && sides[1]);
    let switching = seen.map(|(id, _)| (id.node as usize, id.unit as usize)).collect();
    // A run that was asked to end does not begin a search.
    let left = if found.state == State::Complete { constant::BUDGET } else { 0 };
    let mut effort = Effort { left, ends: &|| control.exhausted().is_some() };
    let proven = constant::constant(&restricted, &bounds, &switching, &mut effort);
    let units = proven.units.into_iter().map(|((id, unit), how)| ((id - shift, unit), how)).collect();
    Ok(Proven { units, ..proven })
}

/// How many units each of the means proved.
fn proven_by(proven: &Proven) -> Vec<ProvenBy> {
    let row = |(means, by): (Means, &str)| ProvenBy {
        means: by.into(),
        unit_count: proven.units.values().filter(|u| u.1 == means).count() as u64,
    };
    [(Means::Intervals, "intervals"), (Means::Relaxation, "relaxation"), (Means::Bisection, "bisection")]
        .map(row)
        .into()
}
