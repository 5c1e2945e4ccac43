//! Flags of long and complete enumerations.

use clap::Args;
use std::path::PathBuf;

/// What else an enumeration writes.
#[derive(Clone, Debug, Args)]
pub struct Enumerating {
    /// Enumerate, and write one row per region: CSV, packed where the ending is .gz or .zst
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(super) regions: Option<PathBuf>,
}
