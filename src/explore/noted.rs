//! What an exploration has to say beside its numbers, as findings.
//!
//! Contract: a count and the first few names, never a list of all; nothing where there is nothing to say.

use super::Certified;
use crate::finding::{Finding, Severity};
use crate::region::{HyperplaneId, Walker};
use std::collections::BTreeMap;

/// A unit in words: its layer and its number.
pub fn unit_name(walker: &Walker, id: &HyperplaneId) -> String {
    format!("{}[{}]", walker.network().nodes[id.node as usize].label.layer, id.unit)
}

/// Units that sit identically on a breakpoint somewhere, each once whatever its boundaries: counted, and the first few
/// named.
pub fn vanishing_finding(name: &dyn Fn(&HyperplaneId) -> String, vanishing: &[HyperplaneId]) -> Vec<Finding> {
    const NAMED: usize = 5;
    let units: BTreeMap<(u32, u32), &HyperplaneId> = vanishing.iter().map(|id| ((id.node, id.unit), id)).collect();
    if units.is_empty() {
        return vec![];
    }
    let mut named: Vec<String> = units.values().take(NAMED).map(|id| name(id)).collect();
    if units.len() > NAMED {
        named.push("…".into());
    }
    let message = format!(
        "{} unit(s) are identically on a breakpoint in some region and count as inactive there: {}",
        units.len(),
        named.join(", ")
    );
    vec![Finding::new("identically-on-breakpoint", Severity::Info, message)]
}

/// Half-spaces that stay undecided.
pub fn undecided_finding(count: u64, what: &str) -> Option<Finding> {
    let message = format!("{count} {what} half-spaces that could not be decided; they are in no histogram");
    let hint = "docs/numerics.md says what stays undecided and why";
    (count > 0).then(|| Finding::new("undecided-faces", Severity::Warning, message).hint(hint))
}

/// Certificates that did not hold.
pub fn failed_finding(certified: Option<&Certified>) -> Option<Finding> {
    let failed = certified.map_or(0, |c| c.failed);
    let message = format!("{failed} certificate(s) did not hold; their regions count as undecided");
    let hint = "the engine was wrong here: please report this model";
    (failed > 0).then(|| Finding::new("certificate-failed", Severity::Error, message).hint(hint))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::region::Boundary;

    // Source of truth: two boundaries of one group and one of another are two units.
    #[test]
    fn a_group_is_named_once_whatever_its_boundaries() {
        let tie = |unit, a, b| HyperplaneId { node: 1, unit, boundary: Boundary::Tie(a, b) };
        let findings =
            vanishing_finding(&|id| format!("pool[{}]", id.unit), &[tie(0, 0, 1), tie(0, 0, 2), tie(3, 0, 1)]);
        assert_eq!(findings.len(), 1);
        assert!(findings[0].message.starts_with("2 unit(s)"), "{}", findings[0].message);
        assert!(findings[0].message.ends_with("there: pool[0], pool[3]"), "{}", findings[0].message);
    }
}
