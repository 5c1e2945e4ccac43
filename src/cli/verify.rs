//! `polyaudit verify`: checks a file of certificates again from the model alone.

use super::args::Verify;
use super::output;
use crate::audit;
use anyhow::{Result, bail};

/// Runs the subcommand; certificates that do not hold are an error.
pub fn run(arguments: &Verify) -> Result<u8> {
    if let Some(threads) = arguments.threads {
        super::run::limit_threads(threads)?;
    }
    let found = audit::verify(&arguments.model, &arguments.certificates)?;
    let counts = &found.certified;
    output::print(&format!(
        "{} region(s): {} face(s) and {} redundant row(s) hold, {} of them in rationals; {} undecided\n",
        counts.regions, counts.faces, counts.redundant, counts.exact, counts.undecided
    ))?;
    if found.failures > 0 {
        let more = found.failures.saturating_sub(found.described.len() as u64);
        let rest = if more > 0 { format!("\n  and {more} more region(s)") } else { String::new() };
        let named = found.described.join("\n  ");
        bail!(
            "{}: {} region(s) do not hold against {}:\n  {named}{rest}",
            arguments.certificates.display(),
            found.failures,
            arguments.model.display()
        );
    }
    Ok(0)
}
