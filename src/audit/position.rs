//! How far a network is from general position: zero, duplicate and parallel rows, vertices on too many hyperplanes.
//!
//! Contract: counted and named by unit. Rows of the first layer are compared as rationals, those of later layers by
//! what the regions showed. What was not looked for says so.

use super::names;
use crate::explore::{Domain, Exploration, Method};
use crate::ir::{Network, NodeId, Op, Rational};
use crate::region::Walker;
use crate::report::Position;
use std::collections::{BTreeMap, BTreeSet};

/// Coefficients of the first layer up to which it is compared exactly.
const COEFFICIENTS: usize = 50_000;

/// Multiplications up to which its rows are composed from the maps before it: seconds.
const MULTIPLICATIONS: usize = 2_000_000;

/// Coefficients up to which its rank is computed.
const RANKED: usize = 4_096;

/// A unit and its exact form: coefficients, the constant last.
type Row = ((NodeId, usize), Vec<Rational>);

/// The report on general position, and the rank of the first layer where it was computed.
pub fn position(network: &Network, domain: &Domain, found: &Exploration) -> (Vec<Position>, Option<u64>) {
    let shift = domain.nodes_in_front();
    let d = found.dimension;
    let first = first_layer(network, d);
    let mut zero: BTreeSet<(NodeId, usize)> =
        found.vanishing.iter().map(|id| (id.node as usize - shift, id.unit as usize)).collect();
    let mut parallel = None;
    let mut rank = None;
    if let Some(rows) = &first {
        let constant = |row: &Row| row.1[..row.1.len() - 1].iter().all(|a| a.is_zero());
        zero.extend(rows.iter().filter(|r| constant(r)).map(|r| r.0));
        let rows: Vec<&Row> = rows.iter().filter(|r| !constant(r)).collect();
        parallel = Some(parallels(&rows));
        let chain = !network.nodes.iter().any(|n| matches!(n.op, Op::Sum(_)));
        rank = (chain && rows.len() * d <= RANKED).then(|| self::rank(&rows) as u64);
    }
    let coincident = found.tally.units.iter().filter(|(_, f)| f.coincident > 0);
    let duplicates: BTreeSet<_> = coincident.map(|(id, _)| (id.node as usize - shift, id.unit as usize)).collect();
    let row = |departure: &str, units: Option<&BTreeSet<(NodeId, usize)>>, detail: &str| Position {
        departure: departure.into(),
        occurrences: units.map(|u| u.len() as u64),
        units: units.map_or(vec![], |u| names::units(network, u.iter().copied())),
        detail: detail.into(),
    };
    let seen = if found.method == Method::Enumerate { "in the regions counted" } else { "in the regions sampled" };
    let exact =
        "units of the first layer whose rows are multiples of another's but for the constant, in exact arithmetic";
    let unknown = format!(
        "the first layer has more than {COEFFICIENTS} coefficients or takes more than {MULTIPLICATIONS} multiplications, \
         or a section stands before it"
    );
    let degenerate = found.shape.as_ref().map(|s| s.degenerate);
    let rows = vec![
        row(
            "zero-rows",
            Some(&zero),
            &format!("units identically on a breakpoint {seen}, or constant in the first layer"),
        ),
        row("duplicate-rows", Some(&duplicates), &format!("units on a face or wall credited to another {seen}")),
        row("parallel-rows", parallel.as_ref(), if parallel.is_some() { exact } else { &unknown }),
        Position {
            departure: "non-simple-vertices".into(),
            occurrences: degenerate,
            units: vec![],
            detail: match degenerate {
                Some(_) => "regions with a vertex on more than d hyperplanes and walls".into(),
                None => "vertices were not enumerated".into(),
            },
        },
    ];
    (rows, rank)
}

/// Exact rows of the units that see the input through affine maps alone.
fn first_layer(network: &Network, d: usize) -> Option<Vec<Row>> {
    if d != network.input_len() {
        return None;
    }
    let walker = Walker::new(network);
    let pattern = walker.layout().empty();
    let mut late = vec![false; network.nodes.len()];
    let (mut rows, mut budget) = (vec![], MULTIPLICATIONS);
    for (id, node) in network.nodes.iter().enumerate() {
        let fed_late = network.sources(id).iter().any(|&s| late[s]);
        late[id] = fed_late || matches!(node.op, Op::Activation(_) | Op::Max(_));
        let Op::Activation(a) = &node.op else { continue };
        if fed_late {
            continue;
        }
        let units = (0..node.len()).filter(|&u| a.curve(u).pieces() > 1);
        if (rows.len() + node.len()) * d > COEFFICIENTS {
            return None;
        }
        for unit in units {
            rows.push(((id, unit), walker.exact_form_within(&pattern, a.source, unit, &mut budget)?));
        }
    }
    Some(rows)
}

/// Units whose hyperplane is parallel to another one's, and not the same.
fn parallels(rows: &[&Row]) -> BTreeSet<(NodeId, usize)> {
    let mut directions: BTreeMap<Vec<Rational>, Vec<&Row>> = BTreeMap::new();
    for row in rows {
        let coefficients = &row.1[..row.1.len() - 1];
        let Some(lead) = coefficients.iter().find(|a| !a.is_zero()) else { continue };
        directions.entry(coefficients.iter().map(|a| a / lead).collect()).or_default().push(row);
    }
    let level = |row: &Row| {
        let lead = row.1.iter().find(|a| !a.is_zero()).cloned().unwrap_or(Rational::ONE);
        row.1.last().cloned().unwrap_or(Rational::ZERO) / lead
    };
    let mut out = BTreeSet::new();
    for family in directions.values() {
        let levels: BTreeSet<Rational> = family.iter().map(|r| level(r)).collect();
        if levels.len() > 1 {
            out.extend(family.iter().map(|r| r.0));
        }
    }
    out
}

/// Rank of the coefficients, constants left out.
fn rank(rows: &[&Row]) -> usize {
    let mut work: Vec<Vec<Rational>> = rows.iter().map(|r| r.1[..r.1.len() - 1].to_vec()).collect();
    let mut rank = 0;
    for c in 0..work.first().map_or(0, Vec::len) {
        let Some(p) = (rank..work.len()).find(|&r| !work[r][c].is_zero()) else { continue };
        work.swap(rank, p);
        let pivot = work[rank].clone();
        for row in work.iter_mut().skip(rank + 1).filter(|row| !row[c].is_zero()) {
            let share = &row[c] / &pivot[c];
            row.iter_mut().zip(&pivot).for_each(|(a, b)| *a -= &share * b);
        }
        rank += 1;
    }
    rank
}
