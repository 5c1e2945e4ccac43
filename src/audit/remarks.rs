//! What is remarkable about the units of a model, as findings: dead weight, units without a bend, degeneracy.
//!
//! Contract: only what is proven over the domain; what samples merely did not show stays in the attribution.

use crate::explore::{Exploration, Method, State};
use crate::finding::{Finding, Severity};
use crate::report::chart::number;
use crate::report::{Attribution, Position};

/// Layers whose units a message names.
const NAMED: usize = 5;

/// Characters of one layer's units that a message shows.
const SHOWN: usize = 40;

/// The findings.
pub fn remarks(units: u64, attribution: &Attribution, position: &[Position], found: &Exploration) -> Vec<Finding> {
    let count = |of: fn(&crate::report::LayerFaces) -> u64| attribution.layers.iter().map(of).sum::<u64>();
    let active = |place: &str, count: u64, listed: &[String]| {
        let (some, all) = (number(count as f64), number(units as f64));
        (count > 0).then(|| format!("{some} of {all} units are active {place} in the domain: {}", named(listed)))
    };
    let mut out = vec![];
    if found.method == Method::Sample && found.samples > 1 && found.regions_found == 1 && found.state == State::Complete
    {
        let unseen = match &attribution.not_seen_active[..] {
            [] => String::new(),
            units => format!("; never seen active, and not proven to be so: {}", named(units)),
        };
        let message = format!(
            "all {} samples fell in one region: intervals have no width and say nothing of other regions{unseen}",
            number(found.samples as f64)
        );
        let hint = "take more samples or a larger domain; if the domain is right, the network is affine on most of it";
        out.push(Finding::new("one-region-sampled", Severity::Warning, message).hint(hint));
    }
    if let Some(message) = active("nowhere", count(|l| l.never_active_units), &attribution.never_active) {
        let hint = "prune them, or check that the domain is the one that the model was trained for";
        out.push(Finding::new("dead-units", Severity::Warning, message).hint(hint));
    }
    if let Some(message) = active("everywhere", count(|l| l.always_active_units), &attribution.always_active) {
        let hint = "they bend nothing here: a narrower layer computes the same";
        out.push(Finding::new("always-active-units", Severity::Info, message).hint(hint));
    }
    let departures: Vec<String> = (position.iter())
        .filter_map(|p| {
            p.occurrences.filter(|&n| n > 0).map(|n| format!("{}: {}", p.departure.replace('-', " "), number(n as f64)))
        })
        .collect();
    if !departures.is_empty() {
        let message = format!("the network is not in general position ({})", departures.join(", "));
        let hint = "checks.general_position names the units; closed forms that assume it are not applicable";
        out.push(Finding::new("not-in-general-position", Severity::Info, message).hint(hint));
    }
    out
}

fn named(units: &[String]) -> String {
    let more = if units.len() > NAMED { ", …" } else { "" };
    let short = |name: &String| match name.char_indices().nth(SHOWN) {
        Some((end, _)) => {
            let end = name[..end].rfind(',').unwrap_or(end);
            format!("{},…{}", &name[..end], if name.ends_with(']') { "]" } else { "" })
        }
        None => name.clone(),
    };
    units.iter().take(NAMED).map(short).collect::<Vec<_>>().join(", ") + more
}
