//! What an enumeration proves about itself: relations that hold exactly when nothing was missed.
//!
//! Contract: each is *holds*, *violated*, or *not applicable* with the reason. None is assumed, none is asserted.

use super::Tally;
use crate::region::{Boundary, HyperplaneId};
use std::collections::BTreeMap;

/// Outcome of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The relation holds to the last integer.
    Holds,
    /// It does not: the count is not complete, or not right.
    Violated,
    /// One of its assumptions is not met, or not known to be.
    NotApplicable,
}

/// One relation and its outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// Stable name.
    pub name: &'static str,
    /// Outcome.
    pub outcome: Outcome,
    /// The numbers compared, or the assumption that fails.
    pub detail: String,
}

impl Identity {
    /// A relation between what was counted and what must come out.
    pub fn new(name: &'static str, holds: bool, detail: String) -> Identity {
        Identity { name, outcome: if holds { Outcome::Holds } else { Outcome::Violated }, detail }
    }

    /// A relation whose assumptions are not met.
    pub fn not_applicable(name: &'static str, why: impl Into<String>) -> Identity {
        Identity { name, outcome: Outcome::NotApplicable, detail: why.into() }
    }
}

/// Per credited source, the faces seen from one side are those seen from the other, because every interior face is
/// shared by exactly two regions. The ties of a group are taken together: which of several equal candidates names a tie
/// may differ between its sides.
pub fn handshake(tally: &Tally) -> Identity {
    let mut groups: BTreeMap<(u32, u32), u64> = BTreeMap::new();
    let mut unequal: Option<HyperplaneId> = None;
    for (&id, faces) in &tally.units {
        match id.boundary {
            Boundary::Breakpoint(_) if faces.lower != faces.upper => unequal = unequal.or(Some(id)),
            Boundary::Breakpoint(_) => {}
            Boundary::Tie(..) => *groups.entry((id.node, id.unit)).or_default() += faces.lower + faces.upper,
        }
    }
    let odd = groups.iter().find(|(_, n)| *n % 2 == 1);
    let detail = match (unequal, odd) {
        (Some(id), _) => {
            let faces = tally.units[&id];
            format!("node {}, unit {}: {} faces from below, {} from above", id.node, id.unit, faces.lower, faces.upper)
        }
        (None, Some(((node, group), n))) => format!("node {node}, group {group}: {n} faces, an odd number"),
        (None, None) => format!("{} hyperplane sources, each seen equally often from both sides", tally.units.len()),
    };
    Identity::new("handshake", unequal.is_none() && odd.is_none(), detail)
}

/// Seeded points all fall in regions that were found.
pub fn points(inside: u64, drawn: u64) -> Identity {
    Identity::new("points", inside == drawn, format!("{inside} of {drawn} seeded points fall in found regions"))
}

/// On a line every region has two faces.
pub fn line(dimension: usize, tally: &Tally, bounded: bool) -> Identity {
    if dimension != 1 || !bounded {
        return Identity::not_applicable("line", "one input and a bounded domain only");
    }
    let two = tally.total.get(2).copied().unwrap_or(0);
    Identity::new("line", two == tally.count, format!("{two} of {} intervals have two ends", tally.count))
}
