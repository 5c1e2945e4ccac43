//! The command line with what the environment and `polyaudit.yaml` add: flag > `POLYAUDIT_*` > file > default.
//!
//! Contract: a flag that nobody gave is taken from the file as if it had been typed, so that clap checks both alike.
//! `polyaudit.yaml` of the working directory is data only: it starts nothing.

use super::args::{Arguments, Command as Subcommand};
use crate::checks::{Config, PluginChoice};
use anyhow::{Context, Result, bail};
use clap::parser::ValueSource;
use clap::{ArgAction, ArgMatches, Command, CommandFactory, FromArgMatches};
use serde_yaml::Value;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

/// The file that is looked for in the working directory.
pub const FILE: &str = "polyaudit.yaml";

/// Variables that are no flags: of plugins, and of the tests that run the program.
const OTHER_VARIABLES: [&str; 8] = [
    "POLYAUDIT_BIN",
    "POLYAUDIT_BLESS",
    "POLYAUDIT_CHROMIUM",
    "POLYAUDIT_ONNX_NODE_TESTS",
    "POLYAUDIT_PLUGIN_FOLDER",
    "POLYAUDIT_PLUGIN_PATH",
    "POLYAUDIT_PYTHON",
    "POLYAUDIT_SHARED",
];

/// Headings whose flags the file may set.
const HEADINGS: [&str; 4] = ["What to audit", "How", "Budgets", "Review"];

/// The whole command line, every flag also readable from the environment.
pub fn command() -> Command {
    with_environment(Arguments::command().long_version(super::manual::version()))
}

fn with_environment(command: Command) -> Command {
    let command = command.mut_args(|arg| match arg.get_long() {
        Some(long) if !matches!(arg.get_id().as_str(), "help" | "version") => {
            let name = format!("POLYAUDIT_{}", long.replace('-', "_").to_uppercase());
            arg.env(name).hide_env(true)
        }
        _ => arg,
    });
    let names: Vec<String> = command.get_subcommands().map(|c| c.get_name().to_string()).collect();
    names.iter().fold(command, |command, name| command.mut_subcommand(name, with_environment))
}

/// Arguments with the file's settings filled in, and the file where there is one.
pub fn parse(argv: Vec<OsString>) -> Result<(Arguments, Option<Config>)> {
    let command = command();
    misspelt_variable(&command)?;
    let matches = command.clone().get_matches_from(&argv);
    let arguments = Arguments::from_arg_matches(&matches).unwrap_or_else(|e| e.exit());
    let Some(named) = asked(&arguments) else { return Ok((arguments, None)) };
    let found = || Path::new(FILE).exists().then(|| PathBuf::from(FILE));
    let Some(path) = named.map(PathBuf::from).or_else(found) else { return Ok((arguments, None)) };
    let name = path.display().to_string();
    let text = std::fs::read_to_string(&path).with_context(|| format!("{name}: cannot be read"))?;
    let (command_used, matches_used) = match matches.subcommand() {
        Some((sub, inner)) => (command.find_subcommand(sub).unwrap_or(&command), inner),
        None => (&command, &matches),
    };
    let config = Config::parse(&text, &names(&command)).with_context(|| name.clone())?;
    // A file that is merely found must not start a program that lies beside it.
    let by_path = |p: &&PluginChoice| named.is_none() && p.name.contains(['/', '\\']);
    if let Some(plugin) = config.plugins.iter().find(by_path) {
        bail!("{name}: plugin {} is named by its path, which takes --config {name} or --plugin", plugin.name);
    }
    let added = added(command_used, matches_used, &config).with_context(|| name.clone())?;
    if added.is_empty() {
        return Ok((arguments, Some(config)));
    }
    let end = argv.iter().position(|a| a == "--").unwrap_or(argv.len());
    let argv: Vec<OsString> = argv[..end].iter().cloned().chain(added).chain(argv[end..].iter().cloned()).collect();
    let arguments = command.try_get_matches_from(argv).and_then(|m| Arguments::from_arg_matches(&m));
    match arguments {
        Ok(arguments) => Ok((arguments, Some(config))),
        Err(error) => {
            let text = error.to_string();
            let first = text.lines().next().unwrap_or_default();
            let tip =
                text.lines().find_map(|l| l.trim().strip_prefix("tip: ")).map_or(String::new(), |t| format!("; {t}"));
            bail!("{name}: {}{tip}", first.strip_prefix("error: ").unwrap_or(first))
        }
    }
}

/// Refuses an environment variable that is spelt almost like a setting.
fn misspelt_variable(command: &Command) -> Result<()> {
    let all = std::iter::once(command).chain(command.get_subcommands());
    let known: BTreeSet<String> = all
        .flat_map(|c| c.get_arguments().filter_map(|a| Some(a.get_env()?.to_string_lossy().into_owned())))
        .chain(OTHER_VARIABLES.map(String::from))
        .collect();
    for name in std::env::vars_os().filter_map(|(name, _)| name.into_string().ok()) {
        if !name.starts_with("POLYAUDIT_") || known.contains(&name) {
            continue;
        }
        // Short names are near to each other without being meant.
        let far = if name.len() < "POLYAUDIT_".len() + 6 { 1 } else { 2 };
        if let Some(near) = known.iter().find(|k| strsim::damerau_levenshtein(k, &name) <= far) {
            bail!("{name} in the environment is no setting: did you mean {near}? Unset it or rename it");
        }
    }
    Ok(())
}

/// The file named by a command that reads one: `None` for those that do not.
fn asked(arguments: &Arguments) -> Option<Option<&Path>> {
    match &arguments.command {
        None => Some(arguments.gate.config.as_deref()),
        Some(Subcommand::Compare(compare)) => Some(compare.config.as_deref()),
        Some(_) => None,
    }
}

/// Names that the file may use for flags.
fn names(command: &Command) -> Vec<String> {
    let settable = command.get_arguments().filter(|a| a.get_help_heading().is_some_and(|h| HEADINGS.contains(&h)));
    settable.filter_map(|a| a.get_long()).filter(|l| *l != "config").map(|l| l.replace('-', "_")).collect()
}

/// The file's settings as flags, without those that were given otherwise.
fn added(command: &Command, matches: &ArgMatches, config: &Config) -> Result<Vec<OsString>> {
    let mut out = vec![];
    for (name, value) in &config.flags {
        let long = name.replace('_', "-");
        let Some(arg) = command.get_arguments().find(|a| a.get_long() == Some(&long)) else { continue };
        let source = matches.value_source(arg.get_id().as_str());
        if matches!(source, Some(ValueSource::CommandLine | ValueSource::EnvVariable)) {
            continue;
        }
        match (arg.get_action(), value) {
            (ArgAction::SetTrue, Value::Bool(on)) => out.extend(on.then(|| format!("--{long}").into())),
            (ArgAction::SetTrue, _) => bail!("{name}: expected true or false"),
            (ArgAction::Append, Value::Sequence(items)) => {
                for item in items {
                    out.push(format!("--{long}={}", scalar(name, item)?).into());
                }
            }
            (_, Value::Sequence(items)) => {
                let items: Vec<String> = items.iter().map(|v| scalar(name, v)).collect::<Result<_>>()?;
                out.push(format!("--{long}={}", items.join(",")).into());
            }
            (_, value) => out.push(format!("--{long}={}", scalar(name, value)?).into()),
        }
    }
    Ok(out)
}

fn scalar(name: &str, value: &Value) -> Result<String> {
    match value {
        Value::String(s) => Ok(s.clone()),
        Value::Number(n) => Ok(n.to_string()),
        Value::Bool(b) => Ok(b.to_string()),
        _ => bail!("{name}: expected a word or a number"),
    }
}
