//! Where a plugin's name leads.
//!
//! Contract: an explicit path (a name with a slash) is that folder. A name is a built-in's, else the first of:
//! `--plugin-dir`, `POLYAUDIT_PLUGIN_PATH`, `polyaudit/plugins` in the XDG data directory, a program `polyaudit-NAME` on
//! PATH. Entries of the environment that are empty or relative would lead to the working directory and are left out.
//! What the first match hides is told.

use super::manifest::{Located, MANIFEST, Manifest, Unusable, guarded, is_program, load};
use super::process::{self, Limits};
use super::{is_builtin, valid_name};
use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

/// What a program on PATH is called with, to print its manifest.
const ASK: &str = "--plugin-manifest";

/// The places to look in, in order.
#[derive(Clone, Debug)]
pub struct Search {
    folders: Vec<(PathBuf, &'static str)>,
    path: Vec<PathBuf>,
    /// Entries of the environment that were left out.
    pub warnings: Vec<String>,
}

/// A name that leads nowhere, or nowhere usable.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Missing {
    /// Nothing of this name.
    #[error("no plugin {name}: looked for {looked}")]
    Nowhere {
        /// The name.
        name: String,
        /// The places.
        looked: String,
    },
    /// There, but not to be used.
    #[error(transparent)]
    Unusable(#[from] Unusable),
}

/// One line of a listing.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The name.
    pub name: String,
    /// Folder or program.
    pub at: PathBuf,
    /// Which place it was found in.
    pub place: &'static str,
    /// What hides it, where something does.
    pub hidden_by: Option<String>,
    /// What it is; none for a program, which is not run for a listing.
    pub located: Option<Result<Located, Unusable>>,
}

impl Search {
    /// The places that the user's flags and the environment name.
    pub fn new(folders: &[PathBuf]) -> Search {
        let mut warnings = vec![];
        let mut places: Vec<(PathBuf, &str)> = folders.iter().map(|f| (f.clone(), "--plugin-dir")).collect();
        for entry in env::split_paths(&env::var_os("POLYAUDIT_PLUGIN_PATH").unwrap_or_default()) {
            if entry.is_absolute() {
                places.push((entry, "POLYAUDIT_PLUGIN_PATH"));
            } else if !entry.as_os_str().is_empty() {
                let entry = entry.display();
                warnings.push(format!("POLYAUDIT_PLUGIN_PATH: {entry} is relative to the working directory: left out"));
            }
        }
        let data = env::var_os("XDG_DATA_HOME").map(PathBuf::from).filter(|p| p.is_absolute());
        let data = data.or_else(|| env::home_dir().map(|h| h.join(".local/share"))).filter(|p| p.is_absolute());
        places.extend(data.map(|d| (d.join("polyaudit/plugins"), "the data directory")));
        Search { folders: places, path: on_path(), warnings }
    }

    /// The plugin of this name or path; what it hides is added to `warnings`.
    pub fn find(&self, name: &str, limits: Limits, warnings: &mut Vec<String>) -> Result<Located, Missing> {
        if name.contains('/') {
            let located = load(Path::new(name))?;
            let taken = located.manifest.name.clone();
            return if is_builtin(&taken) {
                Err(Unusable { at: name.into(), what: format!("its name {taken} is that of a built-in") }.into())
            } else {
                Ok(located)
            };
        }
        let mut matches = self.matches(name);
        if matches.is_empty() {
            let mut looked: Vec<String> =
                self.folders.iter().map(|(f, _)| f.join(name).display().to_string()).collect();
            looked.push(format!("polyaudit-{name} on PATH"));
            return Err(Missing::Nowhere { name: name.into(), looked: looked.join(", ") });
        }
        let (at, _) = matches.remove(0);
        for (other, _) in matches {
            warnings.push(format!("plugin {name}: {} is used and hides {}", at.display(), other.display()));
        }
        let located = if self.is_from_path(&at) { ask(&at, limits) } else { load(&at) }?;
        if located.manifest.name != name {
            let what = format!("its manifest names it {}, not {name}", located.manifest.name);
            return Err(Unusable { at: at.display().to_string(), what }.into());
        }
        Ok(located)
    }

    /// What a built-in of this name hides.
    pub fn hidden(&self, name: &str) -> Vec<PathBuf> {
        self.matches(name).into_iter().map(|(at, _)| at).collect()
    }

    fn is_from_path(&self, at: &Path) -> bool {
        self.path.iter().any(|p| at.parent() == Some(p)) && !at.join(MANIFEST).exists() && at.is_file()
    }

    fn matches(&self, name: &str) -> Vec<(PathBuf, &'static str)> {
        // A link that leads nowhere is a match too: it is an error to tell, not a reason to look further.
        let there = |p: &Path| p.symlink_metadata().is_ok();
        let folders = self.folders.iter().map(|(f, place)| (f.join(name), *place)).filter(|(f, _)| there(f));
        let program = format!("polyaudit-{name}");
        let programs = self.path.iter().map(|p| (p.join(&program), "PATH")).filter(|(p, _)| is_program(p));
        folders.chain(programs).collect()
    }

    /// Everything that can be found, by place and name, without running anything.
    pub fn list(&self) -> Vec<Entry> {
        let mut out: Vec<Entry> = vec![];
        let places = self.folders.iter().map(|(f, place)| (f, *place)).chain(self.path.iter().map(|p| (p, "PATH")));
        for (folder, place) in places {
            let entries = folder.read_dir().into_iter().flatten().flatten();
            let mut names: Vec<String> = entries.filter_map(|e| e.file_name().into_string().ok()).collect();
            names.sort();
            for file in names {
                let on_path = place == "PATH";
                let at = folder.join(&file);
                let name = if on_path { file.strip_prefix("polyaudit-").unwrap_or_default() } else { file.as_str() };
                if !valid_name(name) || (on_path && !is_program(&at)) {
                    continue;
                }
                let first = out.iter().find(|e| e.name == name).map(|e| e.at.display().to_string());
                let hidden_by = if is_builtin(name) { Some("a built-in".to_string()) } else { first };
                let located = (!on_path).then(|| load(&at));
                out.push(Entry { name: name.into(), at, place, hidden_by, located });
            }
        }
        out
    }
}

/// The absolute entries of PATH.
pub fn on_path() -> Vec<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_else(|| OsStr::new("").into());
    env::split_paths(&path).filter(|p| p.is_absolute()).collect()
}

/// Asks a program on PATH for its manifest.
fn ask(program: &Path, limits: Limits) -> Result<Located, Unusable> {
    let unusable = |what: String| Unusable { at: program.display().to_string(), what };
    guarded(program).map_err(unusable)?;
    let asked = process::run(program, &[ASK.into()], None, vec![], limits);
    let done = asked.map_err(|t| unusable(format!("{ASK}: {}", t.what)))?;
    if !done.status.success() {
        return Err(unusable(format!("{ASK}: {}; a plugin on PATH prints its manifest then", done.status)));
    }
    let (manifest, sha256) = Manifest::parse(&done.stdout).map_err(unusable)?;
    let arguments = manifest.command.clone();
    Ok(Located { manifest, sha256, at: program.into(), folder: None, program: program.into(), arguments })
}
