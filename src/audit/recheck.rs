//! Checks a file of certificates again from the model alone: rows are rebuilt from each pattern, nothing is believed.
//!
//! Contract: shares no code with the solvers. A region counts when its pattern is one of the model's, is met once, and
//! its interior point lies strictly inside; a certificate counts when it holds for the rows of the model.

use super::certificates::Reader;
use crate::explore::{Certified, Record, recheck};
use crate::import;
use crate::region::Walker;
use anyhow::{Context, Result, ensure};
use rayon::prelude::*;
use std::collections::HashSet;
use std::path::Path;

/// Bytes of records that are read before they are checked together.
const BATCH: usize = 1 << 26;
/// Regions of a batch at most.
const REGIONS: usize = 1024;
/// Failures that are described; the others are counted.
const NAMED: usize = 20;

/// What a file of certificates is worth.
#[derive(Clone, Debug, Default)]
pub struct Recheck {
    /// Counts over its regions.
    pub certified: Certified,
    /// Regions with something that does not hold.
    pub failures: u64,
    /// What the first of them are.
    pub described: Vec<String>,
}

/// Checks the certificates at `certificates` against the model at `model`. Errors are those of files that cannot be
/// read, or that do not belong together.
pub fn verify(model: &Path, certificates: &Path) -> Result<Recheck> {
    let mut reader = Reader::open(certificates)?;
    let name = certificates.display();
    let options = reader.header.options().with_context(|| format!("{name}: the header"))?;
    let read = import::load(model, &options)?;
    let hash = format!("sha256:{}", read.card.sha256);
    ensure!(
        hash == reader.header.model,
        "{name}: these are certificates of another model ({}, {} is {hash})",
        reader.header.model,
        read.card.file
    );
    ensure!(
        reader.header.inputs == read.network.input_len(),
        "{name}: {} inputs, the model has {}",
        reader.header.inputs,
        read.network.input_len()
    );
    let domain = reader.header.domain().with_context(|| format!("{name}: the header"))?;
    ensure!(domain.free() > 0, "{name}: every input is held constant");
    let (network, bounds) = domain.restrict(&read.network)?;
    let walker = Walker::new(&network);
    let mut out = Recheck::default();
    let (mut met, mut position) = (HashSet::new(), 0u64);
    loop {
        let (mut batch, mut size) = (Vec::<Record>::new(), 0);
        while size < BATCH
            && batch.len() < REGIONS
            && let Some(record) = reader.record()?
        {
            size += record.verdicts.len();
            batch.push(record);
        }
        if batch.is_empty() {
            return Ok(out);
        }
        let checked: Vec<_> = batch.par_iter().map(|record| recheck(&walker, &bounds, record)).collect();
        for (record, outcome) in batch.iter().zip(checked) {
            position += 1;
            let mut faults = vec![];
            if !met.insert(record.pattern.clone()) {
                faults.push("was there before".to_string());
            }
            match outcome {
                Ok((verification, rows)) => {
                    if !verification.sound {
                        faults.push("its classes do not cover the rows, or its interior point is outside".into());
                    }
                    faults.extend(rows.iter().map(|row| format!("the certificate of {row} does not hold")));
                    out.certified.count(&verification);
                }
                Err(reason) => faults.push(reason),
            }
            if !faults.is_empty() {
                out.failures += 1;
                if out.described.len() < NAMED {
                    out.described.push(format!("region {position}: {}", faults.join("; ")));
                }
            }
        }
    }
}
