//! A file on its way to its place: written beside it, and moved there whole.
//!
//! Contract: a file appears whole or not at all, with the permissions of any other new file. A link stays one, and what it
//! leads to is replaced; what is no file (a pipe, a device) is written to as it is. Refuses folders.

use anyhow::{Context, Result};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use tempfile::NamedTempFile;

/// A file under way; dropping it leaves nothing.
#[derive(Debug)]
pub struct Place {
    /// As it was named.
    name: PathBuf,
    to: To,
}

#[derive(Debug)]
enum To {
    /// Beside a place.
    Beside(NamedTempFile, PathBuf),
    /// What is no file.
    Straight(File),
}

impl Place {
    /// Begins; an error says that the place cannot be written.
    pub fn create(path: &Path) -> Result<Place> {
        let to = if path.metadata().is_ok_and(|m| !m.is_file()) {
            OpenOptions::new().write(true).open(path).map(To::Straight)
        } else {
            beside(path)
        };
        Ok(Place { name: path.into(), to: to.with_context(|| cannot(path))? })
    }

    /// Moves the file to its place.
    pub fn finish(self) -> Result<()> {
        match self.to {
            To::Straight(_) => Ok(()),
            To::Beside(file, path) => {
                file.persist(path).map(drop).map_err(|e| plain(e.error)).with_context(|| cannot(&self.name))
            }
        }
    }
}

impl Write for Place {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.to {
            To::Beside(file, _) => file.write(bytes),
            To::Straight(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.to {
            To::Beside(file, _) => file.flush(),
            To::Straight(file) => file.flush(),
        }
    }
}

fn beside(path: &Path) -> io::Result<To> {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let mut builder = tempfile::Builder::new();
    builder.prefix(".polyaudit");
    // As for any other new file, the umask decides who may read it.
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    Ok(To::Beside(builder.tempfile_in(folder(&path)).map_err(plain)?, path))
}

/// The folder of a file.
pub fn folder(path: &Path) -> &Path {
    path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// What an error about a place begins with.
pub fn cannot(path: &Path) -> String {
    format!("{}: cannot be written", path.display())
}

/// An error without the name of the file beside.
fn plain(error: io::Error) -> io::Error {
    error.raw_os_error().map_or(io::Error::from(error.kind()), io::Error::from_raw_os_error)
}
