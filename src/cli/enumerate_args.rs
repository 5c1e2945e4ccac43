//! Flags of long and complete enumerations, and of merging their parts.

use super::args::{Auditing, FormatArg};
use crate::explore::Shard;
use clap::Args;
use std::path::PathBuf;

/// What an enumeration writes besides its report, and how it is cut in parts.
#[derive(Clone, Debug, Args)]
pub struct Enumerating {
    /// Enumerate, and write one row per region: CSV, packed where the ending is .gz or .zst
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(super) regions: Option<PathBuf>,

    /// With --regions: a last column `volume`, at most eight inputs
    #[arg(long, requires = "regions", help_heading = "Output")]
    pub(super) regions_volume: bool,

    /// Enumerate, and keep in FILE how far the run has come
    #[arg(long, value_name = "FILE", help_heading = "Budgets")]
    pub(super) checkpoint: Option<PathBuf>,

    /// Enumerate, and go on from a checkpoint of the same run
    #[arg(long, value_name = "FILE", help_heading = "Budgets")]
    pub(super) resume: Option<PathBuf>,

    /// Enumerate part I of N of the tree of splits; `polyaudit merge` adds the parts' reports up
    #[arg(long, value_name = "I/N", value_parser = shard, help_heading = "Budgets")]
    pub(super) shard: Option<Shard>,
}

impl Enumerating {
    /// The first of these flags that is given.
    pub fn given(&self) -> Option<&'static str> {
        let flags = [
            (self.regions.is_some(), "--regions"),
            (self.checkpoint.is_some(), "--checkpoint"),
            (self.resume.is_some(), "--resume"),
            (self.shard.is_some(), "--shard"),
        ];
        flags.into_iter().find(|f| f.0).map(|f| f.1)
    }
}

/// `polyaudit merge`.
#[derive(Debug, Args)]
pub struct Merge {
    /// Reports of all parts of one run, made with --shard
    #[arg(required = true, value_name = "REPORT")]
    pub(super) reports: Vec<PathBuf>,

    /// The model that was audited
    #[arg(long, value_name = "MODEL")]
    pub(super) model: PathBuf,

    #[command(flatten)]
    pub(super) audit: Auditing,

    /// Format of the report
    #[arg(long, value_enum)]
    pub(super) format: Option<FormatArg>,

    /// Write the report to a file instead of stdout; the ending gives the format
    #[arg(short, long = "output-file", value_name = "FILE")]
    pub(super) output_file: Option<PathBuf>,
}

fn shard(text: &str) -> Result<Shard, String> {
    let parts = text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
    match parts {
        Some((index, of)) if 1 <= index && index <= of => Ok(Shard { index, of }),
        _ => Err("expected I/N with 1 <= I <= N, for example 2/7".into()),
    }
}
