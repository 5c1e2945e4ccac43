//! `--slice` and `--slice-points`: files of vectors into a section of the input space.
//!
//! Refuses: fewer vectors than make a line, and numbers that are not finite.

use super::numpy;
use crate::audit::Slice;
use anyhow::{Context, Result, ensure};
use std::path::{Path, PathBuf};

/// Reads the two flags, at most one of which is given.
pub fn choice(slice: Option<&str>, points: &[PathBuf]) -> Result<Option<Slice>> {
    if let Some(text) = slice {
        if let Some(dimensions) = text.strip_prefix("random:") {
            let k: usize = dimensions.parse().ok().filter(|&k| k > 0).with_context(|| {
                format!(
                    "--slice {text}: expected random:K with a positive number of dimensions K, for example random:2"
                )
            })?;
            return Ok(Some(Slice::Random(k)));
        }
        let paths: Vec<PathBuf> = text.split(',').map(PathBuf::from).collect();
        ensure!(paths.len() >= 2, "--slice {text}: expected ORIGIN.npy,DIRECTION.npy,… or random:K");
        let (vectors, files) = read("--slice", &paths)?;
        return Ok(Some(Slice::Span { vectors, files }));
    }
    if points.is_empty() {
        return Ok(None);
    }
    ensure!(points.len() >= 2, "--slice-points: a section needs two points or more, A.npy,B.npy,…");
    let (points, files) = read("--slice-points", points)?;
    Ok(Some(Slice::Points { points, files }))
}

/// The vectors of the files, and the files' names.
fn read(flag: &str, paths: &[PathBuf]) -> Result<(Vec<Vec<f64>>, Vec<String>)> {
    let mut out = (vec![], vec![]);
    for path in paths {
        let (_, values) = numpy::read(path).with_context(|| flag.to_string())?;
        ensure!(values.iter().all(|v| v.is_finite()), "{flag} {}: a number that is not finite", path.display());
        out.0.push(values);
        out.1.push(name(path));
    }
    Ok(out)
}

/// A file's name without its folder.
pub fn name(path: &Path) -> String {
    path.file_name().map(|f| f.to_string_lossy().into_owned()).unwrap_or_default()
}
