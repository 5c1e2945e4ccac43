//! Certificates of a run: verified region by region, counted, and handed on in the order in which regions are visited.
//!
//! Contract: a verdict whose certificate does not hold is taken back before anything is counted, so its region is
//! undecided. The order does not depend on the number of threads.

use super::bounds::Bounds;
use super::cell;
use crate::polytope::{ExactRows, Faces, Halfspaces, Observer, Verification, decode, encode, enforce, shorten, verify};
use crate::region::{Pattern, Walker};

/// What happens to the certificates of a run.
#[derive(Clone, Copy, Default)]
pub enum Certify<'a> {
    /// Nothing beyond the engine's own checks.
    #[default]
    No,
    /// Each is verified again, by code that the solvers do not share.
    Verify,
    /// Verified, then handed over as one record per region: pattern and verdicts as bytes. `None`: the method changed,
    /// what was handed over so far is void.
    Keep(&'a (dyn Fn(Option<&Record>) -> anyhow::Result<()> + Sync)),
}

impl Certify<'_> {
    /// Whether anything is verified.
    pub fn is_on(&self) -> bool {
        !matches!(self, Certify::No)
    }

    /// Takes back what was handed over so far.
    pub(super) fn start_over(&self) -> anyhow::Result<()> {
        match self {
            Certify::Keep(keep) => keep(None),
            _ => Ok(()),
        }
    }
}

/// The verified certificates of one region.
#[derive(Clone, Debug)]
pub struct Record {
    /// The region's pattern, as [`Pattern::bytes`] gives it.
    pub pattern: Vec<u8>,
    /// The verdicts, as [`encode`] gives them.
    pub verdicts: Vec<u8>,
}

/// What the verification of one region found, and its record where it is kept.
#[derive(Clone, Debug)]
pub struct Evidence {
    verification: Verification,
    record: Option<Record>,
}

/// Counts over all verified regions.
#[derive(Clone, Debug, Default)]
pub struct Certified {
    /// Regions verified.
    pub regions: u64,
    /// Certificates that hold, and what they leave.
    pub faces: u64,
    /// Proofs of redundancy that hold.
    pub redundant: u64,
    /// Classes that the engine left undecided.
    pub undecided: u64,
    /// Classes whose certificate did not hold; all of a region whose classes or interior point were wrong.
    pub failed: u64,
    /// Certificates in rationals.
    pub exact: u64,
    /// Smallest margin of a float witness, as a distance.
    pub smallest_accepted_gap: Option<f64>,
    /// Largest (nearest to zero) gap of a float proof of redundancy, as a negative distance.
    pub largest_rejected_gap: Option<f64>,
}

/// Verifies the verdicts on one region and takes back those that do not hold.
pub(super) fn check(
    certify: &Certify,
    pattern: &Pattern,
    h: &Halfspaces,
    exact: &dyn ExactRows,
    answer: &mut Faces,
    observer: &Observer,
) -> Option<Box<Evidence>> {
    let mut record = None;
    let mut verification = match certify {
        Certify::No => return None,
        Certify::Verify => enforce(h, exact, answer, observer),
        Certify::Keep(_) => {
            let verification = shorten(h, exact, answer, observer);
            record = Some(Record { pattern: pattern.bytes(), verdicts: encode(answer) });
            verification
        }
    };
    if !verification.sound {
        verification.failed = (0..answer.classes.len()).collect();
    }
    Some(Box::new(Evidence { verification, record }))
}

impl Certified {
    /// Counts one region and hands its record on.
    pub(super) fn add(&mut self, certify: &Certify, evidence: &Evidence) -> anyhow::Result<()> {
        self.count(&evidence.verification);
        match (certify, &evidence.record) {
            (Certify::Keep(keep), Some(record)) => keep(Some(record)),
            _ => Ok(()),
        }
    }

    /// Counts one region.
    pub fn count(&mut self, v: &Verification) {
        self.regions += 1;
        self.faces += v.faces as u64;
        self.redundant += v.redundant as u64;
        self.undecided += v.undecided as u64;
        self.failed += v.failed.len() as u64;
        self.exact += v.exact as u64;
        let least = |a: Option<f64>, b: Option<f64>| a.into_iter().chain(b).reduce(f64::min);
        self.smallest_accepted_gap = least(self.smallest_accepted_gap, v.smallest_accepted_gap);
        let negative = least(self.largest_rejected_gap.map(|g| -g), v.largest_rejected_gap.map(|g| -g));
        self.largest_rejected_gap = negative.map(|g| -g);
    }
}

/// Checks a record again: rows from the pattern and the model, certificates against these rows. Gives the verification
/// and the rows whose certificate does not hold, by name; an error says why there is nothing to check.
pub fn recheck(walker: &Walker, bounds: &Bounds, record: &Record) -> Result<(Verification, Vec<String>), String> {
    let pattern = walker.layout().read(walker.network(), &record.pattern);
    let pattern = pattern.ok_or("the pattern is not one of this model")?;
    let region = walker.with(&pattern).map_err(|reason| reason.to_string())?;
    if region.pattern != pattern {
        return Err("a unit that is constant on the region has another value".into());
    }
    let faces = decode(&record.verdicts).map_err(|reason| reason.to_string())?;
    let (h, exact) = cell::question(walker, &region, bounds);
    let verification = verify(&h, &exact, &faces);
    let row = |class: &usize| match faces.classes[*class].rows.first() {
        Some(&row) => cell::row_name(walker, &region, bounds, row),
        None => "an empty class".into(),
    };
    let failed = verification.failed.iter().map(row).collect();
    Ok((verification, failed))
}
