//! Which sides of their breakpoints units were met on, over many patterns.
//!
//! Contract: two packed words per unit, so that patterns in any order give the same result.

use crate::ir::Op;
use crate::region::{HyperplaneId, Pattern, Walker};

/// The union and the intersection of the patterns met.
#[derive(Clone, Debug)]
pub struct Sides {
    any: Pattern,
    all: Pattern,
}

impl Sides {
    /// After one pattern.
    pub fn of(pattern: &Pattern) -> Sides {
        Sides { any: pattern.clone(), all: pattern.clone() }
    }

    /// After one more.
    pub fn meet(&mut self, pattern: &Pattern) {
        self.any.unite(pattern);
        self.all.intersect(pattern);
    }

    /// Per unit of one breakpoint: whether it was met below, and above.
    pub fn list(&self, walker: &Walker) -> Vec<(HyperplaneId, [bool; 2])> {
        let mut out = vec![];
        for (id, node) in walker.network().nodes.iter().enumerate() {
            let Op::Activation(a) = &node.op else { continue };
            for unit in (0..node.len()).filter(|&unit| a.curve(unit).breakpoints().len() == 1) {
                let (any, all) = (walker.layout().get(&self.any, id, unit), walker.layout().get(&self.all, id, unit));
                out.push((HyperplaneId::breakpoint(id, unit, 0), [all == 0, any == 1]));
            }
        }
        out
    }
}
