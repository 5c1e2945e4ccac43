//! The material shared beside the repository.

use std::path::PathBuf;

/// A file of the material shared beside the repository; `None`, with a visible message, where it is absent.
pub fn shared(name: &str) -> Option<PathBuf> {
    let root = std::env::var_os("POLYAUDIT_SHARED")
        .map_or_else(|| PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../shared")), PathBuf::from);
    let path = root.join(name);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: the shared file {name} is not here");
    None
}
