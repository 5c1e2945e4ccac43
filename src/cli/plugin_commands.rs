//! `polyaudit plugins`: list, check, new, schema.

use super::args::ColorArg;
use super::plugin_args::{Looking, PluginCommand, config};
use super::plugins::tell;
use super::{FAILED, output};
use crate::audit::{Audit, DomainChoice, Settings, audit};
use crate::explore::{Certify, Control};
use crate::plugin::{self, Check, External, Kind, Limits, Render, SCHEMA, Search, Subject, TEMPLATE, valid_name};
use anyhow::{Context, Result, ensure};
use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// The model whose report a plugin is tried with: five hyperplanes in the plane.
const SAMPLE: &[u8] = include_bytes!("../../fixtures/geometry/ngon-5.onnx");

/// Runs the subcommand.
pub fn run(command: &PluginCommand, color: ColorArg) -> Result<u8> {
    match command {
        PluginCommand::List { looking } => list(looking),
        PluginCommand::Check { name, config, looking } => check(name, config, looking, color),
        PluginCommand::New { folder } => new(folder),
        PluginCommand::Schema => output::print(SCHEMA).map(|()| 0),
    }
}

fn list(looking: &Looking) -> Result<u8> {
    let search = Search::new(&looking.plugin_dir);
    search.warnings.iter().for_each(|w| output::message(&format!("warning: {w}\n")));
    let mut rows: Vec<[String; 5]> = vec![];
    for (name, kind, summary) in plugin::summaries() {
        rows.push([name.into(), kind.name().into(), "-".into(), "built in".into(), summary.into()]);
    }
    for entry in search.list() {
        let at = format!("{} ({})", entry.at.display(), entry.place);
        let [kind, version, mut note] = match &entry.located {
            Some(Ok(l)) => [l.manifest.kind.name().into(), l.manifest.version.clone(), l.manifest.summary.clone()],
            Some(Err(e)) => ["?".into(), "?".into(), format!("cannot be used: {}", e.what)],
            None => ["?".into(), "?".into(), format!("a program; `polyaudit plugins check {}` asks it", entry.name)],
        };
        if let Some(hidden) = entry.hidden_by {
            note = format!("hidden by {hidden}");
        }
        rows.push([entry.name, kind, version, at, note]);
    }
    let width = |column: usize| rows.iter().map(|r| r[column].chars().count()).max().unwrap_or(0);
    let [a, b, c, d] = [width(0), width(1), width(2), width(3)];
    let lines = rows.iter().map(|[name, kind, version, at, note]| {
        let line = format!("{name:a$}  {kind:b$}  {version:c$}  {at:d$}  {note}");
        format!("{}\n", line.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim_end())
    });
    output::print(&lines.collect::<String>())?;
    Ok(0)
}

fn check(name: &str, settings: &str, looking: &Looking, color: ColorArg) -> Result<u8> {
    let stop = AtomicBool::new(false);
    let limits = Limits { timeout: Duration::from_secs_f64(looking.plugin_timeout), stop: &stop };
    let config = config(settings).context("--config")?;
    if plugin::is_builtin(name) {
        output::print(&format!("{name} is built in\n"))?;
        return Ok(0);
    }
    let search = Search::new(&looking.plugin_dir);
    let mut warnings = search.warnings.clone();
    let located = search.find(name, limits, &mut warnings)?;
    warnings.iter().for_each(|w| output::message(&format!("warning: {w}\n")));
    let manifest = &located.manifest;
    let (at, kind) = (located.at.display(), manifest.kind.name());
    let card = format!("{} {}, a {kind} at {at}: {}\n", manifest.name, manifest.version, manifest.summary);
    output::print(&format!("{card}manifest {}\n", located.sha256))?;
    let done = sample(&stop)?;
    let network = done.network.as_ref();
    let subject =
        Subject { report: &done.report, network, path: Path::new("ngon-5.onnx"), config: &config, probe: true };
    let external = External { located: &located, limits };
    let answer = match manifest.kind {
        Kind::Check => external.check(&subject).map(|findings| {
            let lines = findings.iter().map(|f| format!("  {}: {}\n", f.code, f.message));
            format!("answers with {} finding(s)\n{}", findings.len(), lines.collect::<String>())
        }),
        Kind::Render => external.render(&subject).map(|bytes| format!("answers with {} bytes\n", bytes.len())),
    };
    match answer {
        Ok(text) => output::print(&text).map(|()| 0),
        Err(failure) => {
            tell(&failure, color);
            Ok(FAILED)
        }
    }
}

/// A real report, and its network.
fn sample(stop: &AtomicBool) -> Result<Audit> {
    let folder = tempfile::tempdir().context("no temporary folder")?;
    let path = folder.path().join("ngon-5.onnx");
    fs::write(&path, SAMPLE).context("no temporary file")?;
    let settings = Settings { domain: DomainChoice::Cube(-1.0, 1.0), ..Settings::default() };
    audit(
        &path,
        &settings,
        &Control { stop, deadline: None, progress: &|_| {}, certify: Certify::No, max_memory: None },
    )
}

fn new(folder: &Path) -> Result<u8> {
    let name = folder.file_name().and_then(|n| n.to_str()).unwrap_or_default();
    ensure!(valid_name(name), "{}: a plugin's name is lower-case letters, digits and hyphens", folder.display());
    ensure!(!plugin::is_builtin(name), "{name} is the name of a built-in: choose another");
    fs::create_dir(folder).with_context(|| format!("{}: cannot be made", folder.display()))?;
    for (file, text) in TEMPLATE {
        output::save(&folder.join(file), &text.replace("template", name))?;
    }
    output::print(&format!("{0} holds a working check. Try it: polyaudit plugins check ./{0}\n", folder.display()))?;
    Ok(0)
}
