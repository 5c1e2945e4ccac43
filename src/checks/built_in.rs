//! Checks that every audit makes.

use crate::finding::{Finding, Severity};
use crate::ir::{Linear, Network, Op};
use crate::report::Report;

/// Share of new regions among the last samples from which most regions count as unseen.
const UNSEEN: f64 = 0.5;

/// Weight beyond which a layer is remarkable, and its multiple of the layer's median weight.
const LARGE: f64 = 1e4;
const SPREAD: f64 = 1e8;

/// Whether samples met few of the regions.
pub fn coverage(report: &Report) -> Vec<Finding> {
    let Some(share) = report.summary.new_in_last_tenth.filter(|&s| s >= UNSEEN) else { return vec![] };
    let percent = 100.0 * share;
    let (message, hint) = match report.histogram.weight.as_deref() {
        Some("point") => (
            format!(
                "{percent:.0} % of the last tenth of the points, in a random order, lie in regions that hold no earlier one"
            ),
            "statistics per point stand with their intervals; regions_found grows with the number of points",
        ),
        _ => (
            format!(
                "{percent:.0} % of the last tenth of the samples met a new region: most regions have not been seen"
            ),
            "volume-weighted statistics stand with their intervals; do not read regions_found as a number of regions",
        ),
    };
    vec![Finding::new("coverage-low", Severity::Warning, message).hint(hint)]
}

/// Layers with extreme weights.
pub fn weights(network: &Network) -> Vec<Finding> {
    let mut out = vec![];
    for node in &network.nodes {
        let Op::Affine(affine) = &node.op else { continue };
        let mut sizes: Vec<f64> = match &affine.linear {
            Linear::Dense(dense) => dense.weight.iter().map(|w| w.abs()).collect(),
            Linear::Conv(conv) => conv.weight.iter().map(|w| w.abs()).collect(),
            _ => continue,
        };
        sizes.retain(|&w| w > 0.0);
        let Some(middle) = sizes.len().checked_sub(1).map(|last| last / 2) else { continue };
        let median = *sizes.select_nth_unstable_by(middle, f64::total_cmp).1;
        let largest = sizes.iter().copied().fold(0.0, f64::max);
        if largest > LARGE || largest > SPREAD * median {
            let message = format!("the largest weight is {largest:.3e}, the median of the non-zero ones {median:.3e}");
            let hint = "look at this layer's weights; a collapsed batch normalisation is a common cause";
            out.push(
                Finding::new("weights-extreme", Severity::Warning, message).at(node.label.node.clone()).hint(hint),
            );
        }
    }
    out
}
