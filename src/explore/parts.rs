//! An enumeration in parts: shards of the tree of splits, how far a run has come, and who looks on.
//!
//! Contract: a part is a set of subtrees, never of the domain, and depends on nothing but the tree and the part's number.
//! Sums are integers, so parts add up to the whole in any order.

use super::row::Watch;
use super::split::{Counts, Names};
use serde::{Deserialize, Serialize};

/// Part `index` of `of`, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shard {
    /// Which part.
    pub index: u64,
    /// Of how many.
    pub of: u64,
}

impl Shard {
    /// Whether the subtree of this number belongs to the part: every `of`-th, so that parts are alike.
    pub fn holds(&self, subtree: usize) -> bool {
        subtree as u64 % self.of == self.index - 1
    }
}

/// How far a run has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Done {
    /// Names the tree of splits: a hash of the paths of its subtrees. Empty where a run ended before these were known.
    pub tree: String,
    /// Finished subtrees, in order.
    pub subtrees: usize,
    /// Their sums.
    pub counts: Counts,
}

/// What a run by splitting counted, with all that it takes to make an exploration of it: that of a shard is written in its
/// report, so that the sums of all shards become the report of the whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sums {
    /// Which part this is; a whole run is part 1 of 1.
    pub shard: Shard,
    /// Whether the part is finished.
    pub finished: bool,
    /// Names the tree of splits.
    pub tree: String,
    /// Number of free inputs.
    pub dimension: usize,
    /// Whether the domain is bounded.
    pub bounded: bool,
    /// Whether volumes were summed.
    pub volumes: bool,
    /// Seeded points that all shards together carry.
    pub points: u64,
    /// What the counts are counts of.
    pub names: Names,
    /// The sums.
    pub counts: Counts,
}

/// Called from time to time with how far a run has come.
pub type Save<'a> = dyn FnMut(&Done) -> anyhow::Result<()> + 'a;

/// Who looks on at an enumeration, and which part of it is wanted.
#[derive(Default)]
pub struct Hooks<'a> {
    /// Sees every region.
    pub watch: Option<&'a mut Watch<'a>>,
    /// Whether it asks for volumes.
    pub volumes: bool,
    /// The part wanted; the whole where none is named.
    pub shard: Option<Shard>,
    /// Where to go on.
    pub resume: Option<Done>,
    /// Keeps how far the run has come.
    pub save: Option<&'a mut Save<'a>>,
}

impl Hooks<'_> {
    /// Whether the run is one that only the splitter can do.
    pub fn in_parts(&self) -> bool {
        self.shard.is_some() || self.resume.is_some() || self.save.is_some()
    }
}
