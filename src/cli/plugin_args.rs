//! Flags and subcommands about plugins.

use super::args::seconds;
use crate::plugin::Choice;
use anyhow::{Context, Result, ensure};
use clap::{Args, Subcommand};
use serde_json::Value;
use std::path::PathBuf;

/// Where plugins are looked for, and how long they may take.
#[derive(Debug, Args)]
pub struct Looking {
    /// Look for plugins in this folder first; may repeat
    #[arg(long, value_name = "DIR", help_heading = "Plugins")]
    pub(super) plugin_dir: Vec<PathBuf>,

    /// Time that a plugin may take for one answer
    #[arg(long, value_name = "SECONDS", value_parser = seconds, default_value = "60", help_heading = "Plugins")]
    pub(super) plugin_timeout: f64,
}

/// Plugins of an audit.
#[derive(Debug, Args)]
pub struct Flags {
    /// Run a plugin: a name to look up or the path of its folder; a renderer's bytes go to FILE, else to stdout
    #[arg(long, value_name = "NAME[=FILE]", help_heading = "Plugins")]
    pub(super) plugin: Vec<String>,

    /// Settings of a plugin, in YAML: `NAME={key: value}`
    #[arg(long, value_name = "NAME=YAML", help_heading = "Plugins")]
    pub(super) plugin_config: Vec<String>,

    #[command(flatten)]
    pub(super) looking: Looking,
}

/// `polyaudit plugins`.
#[derive(Debug, Args)]
#[command(arg_required_else_help = true)]
pub struct Plugins {
    #[command(subcommand)]
    pub(super) what: PluginCommand,
}

/// Subcommands of `polyaudit plugins`.
#[derive(Debug, Subcommand)]
pub enum PluginCommand {
    /// What would run under which name, and from where; runs nothing
    List {
        #[command(flatten)]
        looking: Looking,
    },
    /// Send a plugin a small report and say whether its answer is valid
    Check {
        /// A name to look up, or the path of a plugin's folder
        name: String,
        /// The plugin's settings, in YAML
        #[arg(long, value_name = "YAML", default_value = "{}")]
        config: String,
        #[command(flatten)]
        looking: Looking,
    },
    /// Write a new plugin: a working check, to be changed
    New {
        /// Its folder, which gives its name; must not exist yet
        folder: PathBuf,
    },
    /// Print the JSON Schema of manifest, envelope and answer
    Schema,
}

/// The settings of one plugin.
pub fn config(text: &str) -> Result<Value> {
    let value: Value = serde_yaml::from_str(text).context("not YAML")?;
    ensure!(value.is_object(), "expected {{key: value, …}}");
    Ok(value)
}

impl Flags {
    /// The plugins asked for.
    pub fn choices(&self) -> Result<Vec<Choice>> {
        let mut choices: Vec<Choice> = vec![];
        for text in &self.plugin {
            let (name, output) = match text.split_once('=') {
                Some((name, file)) => (name, Some(PathBuf::from(file))),
                None => (text.as_str(), None),
            };
            ensure!(!name.is_empty() && output.as_ref().is_none_or(|f| !f.as_os_str().is_empty()), "--plugin {text}");
            choices.push(Choice { name: name.into(), output, optional: false, config: Value::Null });
        }
        for text in &self.plugin_config {
            let what = || format!("--plugin-config {text}");
            let (name, yaml) = text.split_once('=').context("expected NAME={key: value}").with_context(what)?;
            let value = config(yaml).with_context(what)?;
            let mut of_name = choices.iter_mut().filter(|c| c.name == name).peekable();
            ensure!(of_name.peek().is_some(), "{}: no --plugin {name}", what());
            of_name.for_each(|c| c.config = value.clone());
        }
        Ok(choices)
    }
}
