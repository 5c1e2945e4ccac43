//! One run counted with two weights, where its histogram is that of the distinct regions met: what that choice of
//! regions does to the mean.
//!
//! Contract: the direction of the bias is that of this run's own numbers. Regions are met in proportion to their weight
//! (volume, or data points), so that the distinct regions met lie between the weighted distribution, which the first sample has,
//! and that over all regions, which they reach when nothing is left to meet.

use crate::explore::{Exploration, Tally, Weight};
use crate::finding::{Finding, Severity};
use crate::report::{WeightRow, rounded};
use crate::stats::{Distribution, mean_interval};

/// The name of a weight.
pub fn name(weight: Weight) -> &'static str {
    match weight {
        Weight::Region => "region",
        Weight::Volume => "volume",
        Weight::Point => "point",
        Weight::Found => "found",
    }
}

/// The rows of the report, and the finding that says how the histogram is biased. Of an enumeration, what it knows per
/// region and per volume.
pub fn weights(found: &Exploration) -> (Vec<WeightRow>, Option<Finding>) {
    let Some((each, tally)) = &found.beside else { return (super::shape::weights(found), None) };
    let rows: Vec<WeightRow> = [row(found.weight, &found.tally, found.dimension), row(*each, tally, found.dimension)]
        .into_iter()
        .flatten()
        .collect();
    let [distinct, all] = &rows[..] else { return (rows, None) };
    let what = if *each == Weight::Point { "data points" } else { "uniform samples" };
    let shift = all.mean_total - distinct.mean_total;
    let direction = if shift > 0.0 {
        "as more are met it moves down, and the mean over all regions is to be expected below it"
    } else if shift < 0.0 {
        "as more are met it moves up, and the mean over all regions is to be expected above it"
    } else {
        "nothing tells in which direction the mean over all regions lies"
    };
    let message = format!(
        "the histogram counts the {} distinct regions met by {} {what}, each once: regions that hold more of them are met \
         first, so it is biased towards these; its mean of total faces is {:.3}, against {:.3} per {}: {direction}",
        distinct.counted,
        all.counted,
        distinct.mean_total,
        all.mean_total,
        if *each == Weight::Point { "point" } else { "sample" },
    );
    let hint = "read it beside results of the same protocol and the same number of samples only; --method enumerate counts \
                every region, --weight volume has no such bias";
    (rows, Some(Finding::new("found-weight-biased", Severity::Warning, message).hint(hint)))
}

/// A run counted with one weight; nothing where nothing was counted.
pub fn row(weight: Weight, tally: &Tally, d: usize) -> Option<WeightRow> {
    let (total, interior) = (Distribution::new(&tally.total)?, Distribution::new(&tally.interior)?);
    let interval = mean_interval(&total).filter(|_| matches!(weight, Weight::Volume | Weight::Point));
    Some(WeightRow {
        weight: name(weight).into(),
        counted: tally.count,
        mean_total: rounded(total.mean()),
        mean_total_low: interval.map(|i| rounded(i[0])),
        mean_total_high: interval.map(|i| rounded(i[1])),
        mean_interior: Some(rounded(interior.mean())),
        share_at_most_2d: rounded(total.share_at_most(2 * d)),
    })
}
