//! What an exploration found, in the words of the report.

use crate::explore::identities::Outcome;
use crate::explore::{Certified, Exploration, Method, State, Weight};
use crate::ir::{Network, Op};
use crate::report::{
    Certificates, Checks, FaceSummary, Faces, Histogram, HistogramRow, IdentityRow, Layer, Status, Summary, rounded,
};
use crate::stats::{Distribution, coverage_interval, mean_interval, proportion_interval, quantile_interval};

pub fn status(found: &Exploration) -> Status {
    match &found.state {
        State::Complete => Status { state: "complete".into(), reason: None },
        State::Partial { reason, .. } => Status { state: "partial".into(), reason: Some(reason.clone()) },
    }
}

pub fn summary(network: &Network, found: &Exploration) -> Summary {
    let all = found.method == Method::Enumerate && found.state == State::Complete;
    let sampled = found.method == Method::Sample;
    let drawn = found.covered.filter(|_| found.covered_volume.is_none());
    let by_points = drawn.map(|(inside, drawn)| rounded(inside as f64 / drawn as f64));
    let covered = found.covered_volume.map(rounded).or(by_points);
    let interval = drawn.and_then(|(inside, drawn)| proportion_interval(inside, drawn));
    let looked_at = found.samples - found.left_out.map_or(0, |left| left.count());
    let seen = found.met.and_then(|[once, twice]| coverage_interval(looked_at, once, twice));
    let (covered, interval) = match seen {
        Some((share, interval)) => (Some(rounded(share)), Some(interval)),
        None => (covered, interval),
    };
    let d = found.dimension;
    // Of the distinct regions met no interval speaks of anything but the protocol itself.
    let estimates = sampled && found.weight != Weight::Found;
    let faces = |counts: &[u64]| faces(counts, d, estimates);
    let tally = &found.tally;
    let faces = faces(&tally.total).zip(faces(&tally.interior)).zip(faces(&tally.walls));
    Summary {
        inputs: Some(d as u64),
        units: Some(network.units() as u64),
        regions: all.then_some(found.regions_found),
        regions_found: (!all).then_some(found.regions_found),
        regions_unbounded: found.unbounded,
        samples: (sampled && found.left_out.is_none()).then_some(found.samples),
        points: found.left_out.map(|_| looked_at),
        points_left_out: found.left_out.map(|left| left.count()),
        regions_met_once: found.met.map(|met| met[0]),
        new_in_last_tenth: found.new_in_last_tenth.map(rounded),
        covered,
        covered_low: interval.map(|i| rounded(i[0])),
        covered_high: interval.map(|i| rounded(i[1])),
        undecided: Some(tally.undecided),
        identically_on_breakpoint: Some(found.vanishing.len() as u64),
        faces: faces.map(|((total, interior), walls)| FaceSummary { total, interior, walls }),
        null: None,
        shape: None,
    }
}

fn faces(counts: &[u64], d: usize, sampled: bool) -> Option<Faces> {
    let distribution = Distribution::new(counts)?;
    let mean = sampled.then(|| mean_interval(&distribution)).flatten();
    let quantile = |percent| sampled.then(|| quantile_interval(&distribution, percent)).flatten();
    let (median, p95) = (quantile(50), quantile(95));
    let share = proportion_interval(distribution.at_most(2 * d), distribution.total()).filter(|_| sampled);
    Some(Faces {
        mean: rounded(distribution.mean()),
        mean_low: mean.map(|i| rounded(i[0])),
        mean_high: mean.map(|i| rounded(i[1])),
        median: distribution.quantile(50) as u64,
        median_low: median.map(|i| i[0] as u64),
        median_high: median.map(|i| i[1] as u64),
        p95: distribution.quantile(95) as u64,
        p95_low: p95.map(|i| i[0] as u64),
        p95_high: p95.map(|i| i[1] as u64),
        min: distribution.min() as u64,
        max: distribution.max() as u64,
        stddev: rounded(distribution.deviation()),
        share_at_most_2d: rounded(distribution.share_at_most(2 * d)),
        share_at_most_2d_low: share.map(|i| rounded(i[0])),
        share_at_most_2d_high: share.map(|i| rounded(i[1])),
    })
}

pub fn histogram(found: &Exploration) -> Histogram {
    let tally = &found.tally;
    let at = |counts: &[u64], k: usize| counts.get(k).copied().unwrap_or(0);
    let rows = (0..tally.total.len().max(tally.interior.len()))
        .map(|k| (k as u64, at(&tally.total, k), at(&tally.interior, k)))
        .filter(|&(_, total, interior)| total + interior > 0)
        .map(|(face_count, total, interior)| match found.weight {
            Weight::Region | Weight::Found => {
                HistogramRow::Regions { face_count, regions_total: total, regions_interior: interior }
            }
            _ => HistogramRow::Samples { face_count, samples_total: total, samples_interior: interior },
        })
        .collect();
    Histogram { weight: Some(super::weights::name(found.weight).into()), rows }
}

/// The layers of a network that have units.
pub fn layers(network: &Network) -> Vec<Layer> {
    let layer = |id: usize, unit_count: usize, kind: &str| Layer {
        layer: network.nodes[id].label.layer.clone(),
        op: network.nodes[id].label.op.clone(),
        unit_count: unit_count as u64,
        kind: kind.into(),
        coefficients_sha256: Some(super::digest::digest(network, id)),
    };
    (network.nodes.iter().enumerate())
        .filter_map(|(id, node)| match &node.op {
            Op::Activation(a) => {
                let units = (0..node.len()).filter(|&i| a.curve(i).pieces() > 1).count();
                Some(layer(id, units, a.curves.iter().map(|c| c.kind()).find(|&k| k != "linear").unwrap_or("linear")))
            }
            Op::Max(m) => Some(layer(id, (0..m.groups()).filter(|&g| m.group(g).len() > 1).count(), "max")),
            _ => None,
        })
        .collect()
}

fn certificates(found: &Certified) -> Certificates {
    Certificates {
        regions: found.regions,
        faces: found.faces,
        redundant: found.redundant,
        undecided: found.undecided,
        failed: found.failed,
        exact: found.exact,
        smallest_accepted_gap: found.smallest_accepted_gap.map(rounded),
        largest_rejected_gap: found.largest_rejected_gap.map(rounded),
    }
}

pub fn checks(found: &Exploration) -> Checks {
    let outcome = |o: Outcome| match o {
        Outcome::Holds => "holds",
        Outcome::Violated => "violated",
        Outcome::NotApplicable => "not-applicable",
    };
    let rows = found.identities.iter();
    Checks {
        certificates: found.certified.as_ref().map(certificates),
        identities: rows
            .map(|i| IdentityRow {
                identity: i.name.into(),
                outcome: outcome(i.outcome).into(),
                detail: i.detail.clone(),
            })
            .collect(),
        ..Checks::default()
    }
}
