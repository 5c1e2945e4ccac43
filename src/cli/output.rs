//! The one place that writes: documents to stdout or to files, messages to stderr.
//!
//! Contract: a file appears whole or not at all; a reader that closes the pipe is no error.

use super::args::ColorArg;
use crate::import::ImportError;
use crate::place::{Place, cannot};
use anyhow::{Context, Result, ensure};
use std::io::{ErrorKind, IsTerminal, Write};
use std::path::Path;

/// Writes a document to stdout.
pub fn print(text: &str) -> Result<()> {
    print_bytes(text.as_bytes())
}

/// Writes bytes to stdout.
pub fn print_bytes(bytes: &[u8]) -> Result<()> {
    let mut stdout = std::io::stdout().lock();
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(e) if e.kind() == ErrorKind::BrokenPipe => Ok(()),
        other => other.context("stdout cannot be written"),
    }
}

/// Writes a file beside its final place and moves it there.
pub fn save(path: &Path, text: &str) -> Result<()> {
    save_bytes(path, text.as_bytes())
}

/// Writes bytes beside a file's final place and moves them there.
pub fn save_bytes(path: &Path, bytes: &[u8]) -> Result<()> {
    let mut file = Place::create(path)?;
    file.write_all(bytes).with_context(|| cannot(path))?;
    file.finish()
}

/// Refuses, before any work, outputs that cannot be written, that are named twice, or that would replace an input.
pub fn writable(outputs: &[&Path], inputs: &[&Path]) -> Result<()> {
    let same = |a: &Path, b: &Path| a == b || matches!((a.canonicalize(), b.canonicalize()), (Ok(a), Ok(b)) if a == b);
    for (k, path) in outputs.iter().enumerate() {
        let name = path.display();
        if path.exists() && !path.is_file() && !path.is_dir() {
            continue;
        }
        ensure!(!path.is_dir(), "{name}: is a folder: name a file in it");
        ensure!(!outputs[..k].iter().any(|o| same(o, path)), "{name}: is to hold two outputs: give each its own file");
        let input = inputs.iter().find(|i| same(i, path));
        ensure!(input.is_none(), "{name}: is read by this run and would be replaced: write to another file");
        Place::create(path)?;
    }
    Ok(())
}

/// Writes a message to stderr.
pub fn message(text: &str) {
    // Nothing is left to say where stderr itself is closed.
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// What to do about an error that does not say so itself.
fn hint(error: &anyhow::Error) -> Option<&'static str> {
    let cause = error.chain().find_map(|e| e.downcast_ref::<std::io::Error>());
    match cause.map(|e| e.kind()) {
        Some(ErrorKind::NotFound) => return Some("check the name, and that its folder exists"),
        Some(ErrorKind::PermissionDenied) => return Some("check who may read or write it, and its folder"),
        Some(ErrorKind::IsADirectory) => return Some("name a file in it"),
        Some(ErrorKind::StorageFull) => {
            return Some("free some space, or write elsewhere; nothing was left half-written");
        }
        _ => {}
    }
    match error.downcast_ref::<ImportError>() {
        Some(ImportError::NotAModel { .. }) => {
            Some("give the .onnx file as the framework exported it, whole; onnx.checker says where it is broken")
        }
        _ => None,
    }
}

/// Writes an error once, with its chain, and what to do about it.
pub fn error(error: &anyhow::Error, color: ColorArg) {
    let chain: Vec<String> = error.chain().map(|e| e.to_string()).collect();
    let label = if colored(color) { "\x1b[1;31merror\x1b[0m" } else { "error" };
    let hint = hint(error).map_or(String::new(), |h| format!("  hint: {h}\n"));
    message(&format!("{label}: {}\n{hint}", chain.join(": ")));
}

/// Whether messages are coloured.
pub fn colored(color: ColorArg) -> bool {
    match color {
        ColorArg::Always => true,
        ColorArg::Never => false,
        ColorArg::Auto => std::io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|v| v.is_empty()),
    }
}
