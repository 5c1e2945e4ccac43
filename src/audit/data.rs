//! Data points of a run: what is counted point by point, and the box that they span.
//!
//! Contract: one row per point, the values of all inputs in the order of the graph's inputs. The box of the data is the
//! smallest that holds all rows; an input with the same value in every row is held at it.

use super::{DomainChoice, Settings};
use crate::explore::Exploration;
use crate::finding::{Finding, Severity};
use crate::hash::hex;
use crate::report::PointsFile;
use anyhow::ensure;
use sha2::{Digest, Sha256};

/// Most inputs that a finding lists one by one.
const NAMED: usize = 8;

/// Data points, and what they are for.
#[derive(Clone, Debug, PartialEq)]
pub struct Data {
    /// The rows.
    pub rows: Vec<Vec<f64>>,
    /// Name of the file they came from.
    pub file: String,
    /// Whether they are what is counted; else they only state the domain.
    pub counted: bool,
}

impl Data {
    /// The points of a network with so many inputs. A single row of many values is as many points of a network with one.
    pub fn points(&self, inputs: usize) -> anyhow::Result<Vec<Vec<f64>>> {
        if let ([row], 1) = (&self.rows[..], inputs) {
            return Ok(row.iter().map(|&v| vec![v]).collect());
        }
        let found = self.rows.first().map_or(0, Vec::len);
        ensure!(
            found == inputs,
            "--points {}: rows of {found} numbers, the model has {inputs} inputs (all of them, one after the other)",
            self.file
        );
        Ok(self.rows.clone())
    }

    /// Smallest and largest value of each input.
    pub fn bounds(&self, inputs: usize) -> anyhow::Result<Vec<[f64; 2]>> {
        let mut out = vec![[f64::INFINITY, f64::NEG_INFINITY]; inputs];
        for point in self.points(inputs)? {
            for (bound, x) in out.iter_mut().zip(point) {
                *bound = [bound[0].min(x), bound[1].max(x)];
            }
        }
        ensure!(
            out.iter().any(|[lo, hi]| lo < hi),
            "--domain data: all points of {} are the same, and no input is free: state a box with --domain LO,HI",
            self.file
        );
        Ok(out)
    }

    /// What the report says of them.
    pub fn described(&self) -> PointsFile {
        let mut hash = Sha256::new();
        self.rows.iter().flatten().for_each(|v| hash.update(v.to_le_bytes()));
        let digits = hex(hash.finalize());
        PointsFile { file: self.file.clone(), rows: self.rows.len() as u64, sha256: format!("sha256:{digits}") }
    }
}

/// What is to be said of the data points of a run; an error when none of them was counted.
pub fn findings(settings: &Settings, inputs: usize, found: &Exploration) -> anyhow::Result<Vec<Finding>> {
    let Some(data) = &settings.data else { return Ok(vec![]) };
    let mut out = vec![];
    if settings.domain == DomainChoice::Data {
        let held: Vec<usize> =
            data.bounds(inputs)?.iter().enumerate().filter(|(_, [lo, hi])| lo == hi).map(|(j, _)| j).collect();
        if !held.is_empty() {
            let mut named: Vec<String> = held.iter().take(NAMED).map(usize::to_string).collect();
            if held.len() > NAMED {
                named.push("…".into());
            }
            let message = format!(
                "{} of {inputs} inputs have the same value in every row of {} and are held at it: {}",
                held.len(),
                data.file,
                named.join(", ")
            );
            out.push(Finding::new("data-inputs-held", Severity::Info, message));
        }
    }
    let Some(left) = found.left_out.filter(|left| left.count() > 0) else { return Ok(out) };
    let some = |(count, first): (u64, usize), what: &str| {
        (count > 0).then(|| format!("{count} {what} (the first is row {first}, counted from 0)"))
    };
    let reasons = [
        some(left.outside, "outside of the domain"),
        some(left.on_hyperplane, "on a unit's hyperplane, or with a region that is not decided"),
    ];
    let reasons: Vec<String> = reasons.into_iter().flatten().collect();
    let (n, all, why) = (left.count(), found.samples, reasons.join(", "));
    ensure!(
        n < all || all == 0,
        "--points {}: no point can be counted: {why}; state the range of the data with --domain, or --domain data",
        data.file
    );
    let message = format!("{n} of {all} points of {} are in no count: {why}", data.file);
    let hint =
        "state a domain that holds the data, or --domain data; a point on a hyperplane belongs to several regions";
    out.push(Finding::new("points-left-out", Severity::Warning, message).hint(hint));
    Ok(out)
}
