//! `polyaudit.yaml`: settings by the names of the flags, limits, severities, findings set aside.
//!
//! Contract: an unknown key is an error that names the nearest known one; an ignored finding needs a reason.
//! A finding that stands for a broken gate cannot be ignored.

use super::FailOn;
use crate::finding::{Severity, code, nearest as nearest_code};
use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use serde_yaml::{Mapping, Value};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// What `polyaudit init` writes.
pub const TEMPLATE: &str = include_str!("template.yaml");

/// Codes that stand for a broken gate.
const GATES: [&str; 3] = ["limit-broken", "not-complete", "stale-ignore"];

/// The file's content.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Config {
    /// Flags by name, with their values as written.
    #[serde(skip)]
    pub flags: Vec<(String, Value)>,
    /// Limits on `summary`.
    pub limits: Vec<Limit>,
    /// Whether a partial audit fails.
    pub require_complete: bool,
    /// From which severity on a finding fails the model.
    pub fail_on: Option<FailOn>,
    /// Severities by code.
    pub severities: BTreeMap<String, Severity>,
    /// Findings to set aside.
    pub ignore: Vec<Ignore>,
    /// Plugins to run.
    pub plugins: Vec<PluginChoice>,
}

/// Limits on one number.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Limit {
    /// Dotted path below `summary`.
    pub metric: String,
    /// Which models, as a pattern of file names; all of them where absent.
    pub model: Option<String>,
    /// Largest allowed value.
    pub max: Option<f64>,
    /// Smallest allowed value.
    pub min: Option<f64>,
    /// Largest allowed increase against the baseline.
    pub max_increase: Option<f64>,
    /// Largest allowed decrease against the baseline.
    pub max_decrease: Option<f64>,
    /// Largest allowed increase in percent of the baseline.
    pub max_increase_pct: Option<f64>,
    /// Largest allowed decrease in percent of the baseline.
    pub max_decrease_pct: Option<f64>,
    /// Severity when broken; error where absent.
    pub severity: Option<Severity>,
}

/// Findings to set aside.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Ignore {
    /// Code.
    pub code: String,
    /// Which models, as a pattern of file names; all of them where absent.
    pub model: Option<String>,
    /// Which node or unit; all of them where absent.
    pub node: Option<String>,
    /// Why.
    pub reason: String,
}

/// A plugin to run.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct PluginChoice {
    /// Its name.
    pub name: String,
    /// Where a renderer's bytes go; standard output where absent.
    pub output: Option<PathBuf>,
    /// Whether it may be absent.
    pub optional: bool,
    /// Its own settings, passed on untouched.
    pub config: Value,
}

const TOP: [&str; 6] = ["limits", "require_complete", "fail_on", "severities", "ignore", "plugins"];
const LIMIT: [&str; 9] = [
    "metric",
    "model",
    "max",
    "min",
    "max_increase",
    "max_decrease",
    "max_increase_pct",
    "max_decrease_pct",
    "severity",
];
const IGNORE: [&str; 4] = ["code", "model", "node", "reason"];
const PLUGIN: [&str; 4] = ["name", "output", "optional", "config"];

impl Config {
    /// Reads the file's text; `flags` are the names of the flags that it may set.
    pub fn parse(text: &str, flags: &[String]) -> Result<Config> {
        let document: Value = serde_yaml::from_str(text).context("not YAML")?;
        let mut map = match document {
            Value::Null => return Ok(Config::default()),
            Value::Mapping(map) => map,
            _ => bail!("expected `key: value` lines"),
        };
        let known: Vec<&str> = TOP.into_iter().chain(flags.iter().map(String::as_str)).collect();
        check_keys(&map, &known, "")?;
        for (list, keys) in [("limits", &LIMIT[..]), ("ignore", &IGNORE), ("plugins", &PLUGIN)] {
            for (k, item) in map.get(list).and_then(Value::as_sequence).into_iter().flatten().enumerate() {
                let place = format!("{list}[{k}]");
                let item = item.as_mapping().with_context(|| format!("{place}: expected `key: value` pairs"))?;
                check_keys(item, keys, &format!("{place}."))?;
            }
        }
        let flags = flags.iter().filter(|f| *f != "fail_on");
        let flags = flags.filter_map(|f| Some((f.clone(), map.remove(f.as_str())?))).collect();
        let mut config: Config = serde_yaml::from_value(Value::Mapping(map))?;
        config.flags = flags;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<()> {
        for (k, limit) in self.limits.iter().enumerate() {
            ensure!(!limit.metric.is_empty(), "limits[{k}] has no metric: name a path of `summary`");
            let bounds = limit.bounds();
            ensure!(!bounds.is_empty(), "limits[{k}] ({}) states no limit: add max, min, …", limit.metric);
            for (name, bound) in bounds {
                ensure!(bound.is_finite(), "limits[{k}].{name} is not finite");
                let change = name.starts_with("max_");
                ensure!(!change || bound >= 0.0, "limits[{k}].{name} is negative: state how much change is allowed");
            }
            pattern(limit.model.as_deref()).with_context(|| format!("limits[{k}].model"))?;
        }
        for name in self.severities.keys() {
            known_code(name).with_context(|| format!("severities.{name}"))?;
        }
        for (k, ignore) in self.ignore.iter().enumerate() {
            known_code(&ignore.code).with_context(|| format!("ignore[{k}]"))?;
            ensure!(!ignore.reason.trim().is_empty(), "ignore[{k}] ({}) has no reason: say why", ignore.code);
            let gate = GATES.contains(&ignore.code.as_str());
            ensure!(!gate, "ignore[{k}]: {} cannot be ignored: change what it reports on", ignore.code);
            pattern(ignore.model.as_deref()).with_context(|| format!("ignore[{k}].model"))?;
        }
        for (k, plugin) in self.plugins.iter().enumerate() {
            ensure!(!plugin.name.is_empty(), "plugins[{k}] has no name");
        }
        Ok(())
    }
}

impl Limit {
    /// The limits stated, by key.
    pub fn bounds(&self) -> Vec<(&'static str, f64)> {
        let all = [
            ("max", self.max),
            ("min", self.min),
            ("max_increase", self.max_increase),
            ("max_decrease", self.max_decrease),
            ("max_increase_pct", self.max_increase_pct),
            ("max_decrease_pct", self.max_decrease_pct),
        ];
        all.into_iter().filter_map(|(name, bound)| Some((name, bound?))).collect()
    }
}

/// A pattern of file names, with `*` and `?`; everything where absent.
pub fn pattern(text: Option<&str>) -> Result<glob::Pattern> {
    let text = text.unwrap_or("*");
    glob::Pattern::new(text).with_context(|| format!("{text:?} is no pattern"))
}

/// A plugin's codes hold a slash (`plugin/code`); all others are registered.
fn known_code(name: &str) -> Result<()> {
    ensure!(
        name.contains('/') || code(name).is_some(),
        "no finding has the code {name:?}; did you mean {:?}?",
        nearest_code(name)
    );
    Ok(())
}

fn check_keys(map: &Mapping, known: &[&str], place: &str) -> Result<()> {
    for key in map.keys() {
        let key = key.as_str().with_context(|| format!("{place}{key:?} is no name"))?;
        ensure!(
            known.contains(&key),
            "unknown key {place}{key}; did you mean {:?}?",
            nearest(key, known).unwrap_or_default()
        );
    }
    Ok(())
}

/// The known word whose spelling is nearest.
pub fn nearest<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let likeness = |k: &&&str| strsim::jaro_winkler(k, word);
    known.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b))).copied()
}
