//! `plugin.yaml`: what a plugin is and how it is run, and the conditions on its folder.
//!
//! Contract: the hash is that of the very bytes that were parsed. Refuses: another protocol (before anything else is
//! understood), unknown keys, an empty command, a manifest that is no regular file or longer than 64 KiB, and a folder
//! or a file in it that anyone may write to.

use super::protocol::PROTOCOL;
use crate::hash::hex;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

/// File name of a manifest.
pub const MANIFEST: &str = "plugin.yaml";
const LONGEST_MANIFEST: u64 = 64 << 10;

/// What a plugin does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Report in, findings out.
    Check,
    /// Report in, bytes out.
    Render,
}

impl Kind {
    /// `check` or `render`.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Check => "check",
            Kind::Render => "render",
        }
    }
}

/// What a plugin wants beside the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Need {
    /// The network's structure.
    Ir,
}

/// The content of `plugin.yaml`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Lower-case letters, digits and hyphens.
    pub name: String,
    /// The plugin's version.
    pub version: String,
    /// The protocol it speaks.
    pub protocol: u64,
    /// What it does.
    pub kind: Kind,
    /// What it wants beside the report.
    #[serde(default)]
    pub needs: Vec<Need>,
    /// Program and arguments, passed as they are, without a shell; `{folder}` is the plugin's folder.
    #[serde(default)]
    pub command: Vec<String>,
    /// One line that says what it does.
    pub summary: String,
}

/// Why a plugin that is there cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the plugin at {at} cannot be used: {what}")]
pub struct Unusable {
    /// The folder or the program.
    pub at: String,
    /// What is wrong, and what to do.
    pub what: String,
}

/// A plugin that can be run.
#[derive(Clone, Debug)]
pub struct Located {
    /// Its manifest.
    pub manifest: Manifest,
    /// `sha256:` and the hash of the manifest's bytes.
    pub sha256: String,
    /// Where it was found, as it was asked for.
    pub at: PathBuf,
    /// Its folder; none for a program on PATH.
    pub folder: Option<PathBuf>,
    /// The program.
    pub program: PathBuf,
    /// The program's arguments.
    pub arguments: Vec<String>,
}

/// Whether a name is one that a plugin may have.
pub fn valid_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
}

impl Manifest {
    /// Parses a manifest; gives it with the hash of its bytes.
    pub fn parse(bytes: &[u8]) -> Result<(Manifest, String), String> {
        let value: serde_yaml::Value =
            serde_yaml::from_slice(bytes).map_err(|e| format!("its manifest is not YAML: {e}"))?;
        match value.get("protocol") {
            Some(p) if p.as_u64() == Some(PROTOCOL) => {}
            Some(p) => {
                let stated = serde_yaml::to_string(p).unwrap_or_default();
                let stated: String = stated.trim().chars().filter(|c| !c.is_control()).take(40).collect();
                return Err(format!("it speaks protocol {stated}, this program speaks protocol {PROTOCOL}"));
            }
            None => return Err(format!("its manifest states no protocol: add `protocol: {PROTOCOL}`")),
        }
        let manifest: Manifest = serde_yaml::from_value(value).map_err(|e| format!("its manifest: {e}"))?;
        if !valid_name(&manifest.name) {
            return Err("its name must be lower-case letters, digits and hyphens, and begin with a letter".into());
        }
        for (key, text) in [("version", &manifest.version), ("summary", &manifest.summary)] {
            if text.trim().is_empty() || text.chars().any(char::is_control) {
                return Err(format!("its {key} must be one line of text"));
            }
        }
        let hash = hex(Sha256::digest(bytes));
        Ok((manifest, format!("sha256:{hash}")))
    }
}

/// Reads the plugin in `folder`.
pub fn load(at: &Path) -> Result<Located, Unusable> {
    let unusable = |what: String| Unusable { at: at.display().to_string(), what };
    let folder = at.canonicalize().map_err(|e| unusable(unreachable_path(at, &e)))?;
    let path = folder.join(MANIFEST);
    let metadata = fs::metadata(&path).map_err(|e| unusable(unreachable_path(&path, &e)))?;
    // Opening a pipe would wait for a writer.
    if !metadata.is_file() {
        return Err(unusable(format!("{MANIFEST} is not a regular file")));
    }
    if metadata.len() > LONGEST_MANIFEST {
        return Err(unusable(format!("{MANIFEST} is longer than {} KiB", LONGEST_MANIFEST >> 10)));
    }
    guarded(&folder).map_err(unusable)?;
    let mut bytes = vec![];
    let read = fs::File::open(&path).and_then(|f| f.take(LONGEST_MANIFEST).read_to_end(&mut bytes));
    read.map_err(|e| unusable(format!("{MANIFEST} cannot be read: {e}")))?;
    let (manifest, sha256) = Manifest::parse(&bytes).map_err(unusable)?;
    let place = folder.to_string_lossy();
    let mut words = manifest.command.iter().map(|word| word.replace("{folder}", &place));
    let first = words.next().filter(|w| !w.is_empty()).ok_or_else(|| unusable("its command is empty".into()))?;
    let program = program(&folder, &first).map_err(unusable)?;
    let arguments = words.collect();
    Ok(Located { sha256, at: at.into(), program, arguments, folder: Some(folder), manifest })
}

/// A link that leads nowhere is told from a file that is not there.
fn unreachable_path(path: &Path, error: &std::io::Error) -> String {
    let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
    match fs::symlink_metadata(path) {
        Ok(m) if m.is_symlink() => format!("{name} is a link that leads nowhere ({error})"),
        _ => format!("{name}: {error}"),
    }
}

/// The program of a command: relative to the folder with a slash, else on PATH.
fn program(folder: &Path, word: &str) -> Result<PathBuf, String> {
    if word.contains('/') {
        let path = folder.join(word);
        return if is_program(&path) { Ok(path) } else { Err(format!("its command {word} is not an executable file")) };
    }
    let found = super::lookup::on_path().into_iter().map(|p| p.join(word)).find(|p| is_program(p));
    found.ok_or_else(|| format!("its command {word} is not on PATH"))
}

/// Whether a path is a file that can be executed.
pub fn is_program(path: &Path) -> bool {
    let Ok(metadata) = fs::metadata(path) else { return false };
    #[cfg(unix)]
    let executable = std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o111 != 0;
    #[cfg(not(unix))]
    let executable = true;
    metadata.is_file() && executable
}

/// Refuses what anyone on the machine could have written.
#[cfg(unix)]
pub fn guarded(path: &Path) -> Result<(), String> {
    use std::os::unix::fs::MetadataExt;
    let open = |path: &Path| match fs::metadata(path) {
        Ok(m) if m.mode() & 0o002 != 0 => {
            let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned();
            Err(format!("anyone may write to {name}, and so choose what runs here: chmod o-w {}", path.display()))
        }
        // What cannot be looked at is met again when it is run.
        _ => Ok(()),
    };
    open(path)?;
    if path.is_dir() {
        for entry in fs::read_dir(path).map_err(|e| e.to_string())? {
            open(&entry.map_err(|e| e.to_string())?.path())?;
        }
    }
    Ok(())
}

/// Permissions of this kind are not looked at here.
#[cfg(not(unix))]
pub fn guarded(_: &Path) -> Result<(), String> {
    Ok(())
}
