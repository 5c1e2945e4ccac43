//! Checks and renderers, built in or external: one contract, two transports.
//!
//! A [`Check`] turns a report, and the network's structure where it asks for it, into findings; a [`Render`] turns a
//! report into bytes. The built-ins implement these traits in this process; [`External`] implements them by running a
//! plugin's command with one JSON envelope on its standard input (`docs/plugins.md`).
//!
//! Contract: a plugin is looked up where the user said and nowhere else, its failure is a [`Failure`] and never an empty
//! answer, and nothing it answers takes anything away from a report. Refuses: plugins that anyone may write to, other
//! protocols, manifests with keys it does not know.

mod builtin;
mod external;
mod lookup;
mod manifest;
mod process;
mod protocol;
mod structure;

pub use builtin::{always, check, is_builtin, render, summaries};
pub use external::External;
pub use lookup::{Entry, Missing, Search};
pub use manifest::{Kind, Located, Manifest, Need, Unusable, valid_name};
pub use process::Limits;
pub use protocol::{Envelope, PROTOCOL};
pub use structure::Structure;

use crate::finding::Finding;
use crate::ir::Network;
use crate::report::Report;
use serde::Deserialize;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// The JSON Schema of manifest, envelope and answer.
pub const SCHEMA: &str = include_str!("../../docs/plugins.schema.json");

/// The files of the plugin that `polyaudit plugins new` writes: name and content.
pub const TEMPLATE: [(&str, &str); 3] = [
    ("plugin.yaml", include_str!("../../plugins/template/plugin.yaml")),
    ("check.py", include_str!("../../plugins/template/check.py")),
    ("README.md", include_str!("../../plugins/template/README.md")),
];

/// A plugin as the user asks for it, on the command line or under `plugins` in a configuration.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// A name to look up, or the path of a plugin's folder (anything with a slash).
    pub name: String,
    /// Where a renderer's bytes go; standard output when absent.
    #[serde(default)]
    pub output: Option<PathBuf>,
    /// Whether a plugin that is not installed is only worth a warning.
    #[serde(default)]
    pub optional: bool,
    /// The plugin's own settings, passed through untouched.
    #[serde(default)]
    pub config: Value,
}

/// What a plugin is given.
#[derive(Clone, Copy, Debug)]
pub struct Subject<'a> {
    /// The document.
    pub report: &'a Report,
    /// The network, where the model could be lowered.
    pub network: Option<&'a Network>,
    /// The model file.
    pub path: &'a Path,
    /// The plugin's own settings.
    pub config: &'a Value,
    /// Whether this only tries whether the plugin answers: it should leave nothing behind.
    pub probe: bool,
}

impl<'a> Subject<'a> {
    /// A report without settings or structure.
    pub fn of(report: &'a Report, path: &'a Path) -> Subject<'a> {
        Subject { report, network: None, path, config: &Value::Null, probe: false }
    }
}

/// Why a plugin gave no answer.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the plugin {plugin} failed: {what}")]
pub struct Failure {
    /// The plugin's name.
    pub plugin: String,
    /// What happened; the same words for the same failure.
    pub what: String,
    /// The end of what it wrote to standard error, without control characters.
    pub stderr: String,
}

/// Report in, findings out.
pub trait Check {
    /// Findings to add to the report.
    fn check(&self, subject: &Subject) -> Result<Vec<Finding>, Failure>;
}

/// Report in, bytes out.
pub trait Render {
    /// The bytes to write.
    fn render(&self, subject: &Subject) -> Result<Vec<u8>, Failure>;
}
