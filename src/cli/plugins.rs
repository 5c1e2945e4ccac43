//! The plugins of an audit: found before it begins, run on each of its reports.
//!
//! Contract: a name that leads nowhere is a usage error at once. Any other trouble of a plugin leaves the audit's own
//! result as it is, adds the finding `plugin-failed`, and makes the exit code 2. Findings are only ever added.

use super::args::{Arguments, ColorArg};
use super::{FAILED, INTERRUPTED, output};
use crate::audit::Audit;
use crate::checks::Config;
use crate::finding::{Finding, Severity, sort};
use crate::plugin::{self, Check, Choice, External, Failure, Kind, Limits, Located, Missing, Render, Search, Subject};
use crate::report::Plugin as Row;
use anyhow::{Context, Result, bail, ensure};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The plugins of a run.
pub struct Plugins {
    chosen: Vec<(Choice, What)>,
    /// Names of plugins that are there and cannot be used.
    unusable: Vec<String>,
    written: Vec<Vec<u8>>,
    timeout: Duration,
    stop: Arc<AtomicBool>,
    color: ColorArg,
}

enum What {
    Check(&'static dyn Check),
    Render(&'static dyn Render),
    External(Box<Located>),
}

impl What {
    fn kind(&self) -> Kind {
        match self {
            What::Check(_) => Kind::Check,
            What::Render(_) => Kind::Render,
            What::External(located) => located.manifest.kind,
        }
    }
}

impl Plugins {
    /// Finds the plugins asked for.
    pub fn new(arguments: &Arguments, config: Option<&Config>, stop: Arc<AtomicBool>) -> Result<Plugins> {
        let flags = &arguments.plugins;
        let search = Search::new(&flags.looking.plugin_dir);
        let timeout = Duration::from_secs_f64(flags.looking.plugin_timeout);
        let (chosen, unusable, written) = (vec![], vec![], vec![]);
        let mut plugins = Plugins { chosen, unusable, written, timeout, stop, color: arguments.color };
        let mut warnings = vec![];
        let mut choices = flags.choices()?;
        for entry in config.iter().flat_map(|c| &c.plugins) {
            let asked = choices.iter().any(|c| c.name == entry.name);
            if !asked {
                let config = serde_json::to_value(&entry.config).context("settings of a plugin")?;
                choices.push(Choice {
                    name: entry.name.clone(),
                    output: entry.output.clone(),
                    optional: entry.optional,
                    config,
                });
            }
        }
        for mut choice in choices {
            if choice.config.is_null() {
                choice.config = serde_json::json!({});
            }
            let what = match builtin(&choice.name) {
                Some(what) => {
                    let hidden = search.hidden(&choice.name);
                    warnings.extend(
                        hidden
                            .iter()
                            .map(|h| format!("plugin {}: the built-in is used and hides {}", choice.name, h.display())),
                    );
                    what
                }
                None => match search.find(&choice.name, plugins.limits(), &mut warnings) {
                    Ok(located) => What::External(Box::new(located)),
                    Err(missing @ Missing::Nowhere { .. }) if choice.optional => {
                        warnings.push(format!("{missing}; it is optional"));
                        continue;
                    }
                    Err(missing @ Missing::Nowhere { .. }) => bail!("{missing} (`polyaudit plugins list` shows all)"),
                    Err(unusable) => {
                        output::error(&unusable.into(), arguments.color);
                        plugins.unusable.push(choice.name);
                        continue;
                    }
                },
            };
            let is_check = what.kind() == Kind::Check;
            ensure!(!is_check || choice.output.is_none(), "--plugin {}: a check writes no file", choice.name);
            plugins.chosen.push((choice, what));
            plugins.written.push(vec![]);
        }
        if !plugins.chosen.is_empty() {
            warnings.splice(0..0, search.warnings.iter().cloned());
        }
        warnings.iter().for_each(|w| output::message(&format!("warning: {w}\n")));
        let writing = &arguments.writing;
        let free = writing.format.is_empty() || !writing.output_file.is_empty() || writing.out_dir.is_some();
        if let Some(name) = plugins.on_stdout().next() {
            ensure!(free, "--plugin {name} and --format both write to stdout: use --plugin {name}=FILE or -o FILE");
        }
        ensure!(plugins.on_stdout().count() <= 1, "several renderers write to stdout: use --plugin NAME=FILE");
        Ok(plugins)
    }

    fn on_stdout(&self) -> impl Iterator<Item = &str> {
        let renders = self.chosen.iter().filter(|(c, w)| w.kind() == Kind::Render && c.output.is_none());
        renders.map(|(c, _)| c.name.as_str())
    }

    /// Whether a renderer writes to standard output, where the report would go.
    pub fn take_stdout(&self) -> bool {
        self.on_stdout().next().is_some()
    }

    fn limits(&self) -> Limits<'_> {
        Limits { timeout: self.timeout, stop: &self.stop }
    }

    /// Adds the checks' findings and what runs to the report; gives the exit code.
    pub fn check(&self, model: &Path, done: &mut Audit) -> u8 {
        let (mut code, mut found) = (0, vec![]);
        for name in &self.unusable {
            found.push(failed(name));
            code = FAILED;
        }
        for (choice, what) in &self.chosen {
            done.report.plugins.push(row(&choice.name, what));
            let subject = subject(choice, model, done);
            let answer = match what {
                What::Check(check) => check.check(&subject),
                What::External(located) if located.manifest.kind == Kind::Check => {
                    External { located, limits: self.limits() }.check(&subject)
                }
                _ => continue,
            };
            match answer {
                Ok(findings) => found.extend(findings),
                Err(failure) => {
                    code = code.max(self.tell(&failure));
                    found.push(failed(&failure.plugin));
                }
            }
        }
        done.report.findings.extend(found);
        sort(&mut done.report.findings);
        code
    }

    /// Runs the renderers and writes their bytes; gives the exit code.
    pub fn render(&mut self, model: &Path, done: &Audit) -> Result<u8> {
        let mut code = 0;
        for k in 0..self.chosen.len() {
            let (choice, what) = &self.chosen[k];
            let subject = subject(choice, model, done);
            let answer = match what {
                What::Render(render) => render.render(&subject),
                What::External(located) if located.manifest.kind == Kind::Render => {
                    External { located, limits: self.limits() }.render(&subject)
                }
                _ => continue,
            };
            match (answer, &choice.output) {
                (Ok(bytes), None) => output::print_bytes(&bytes)?,
                (Ok(bytes), Some(file)) => {
                    self.written[k].extend(bytes);
                    output::save_bytes(file, &self.written[k])?;
                }
                (Err(failure), _) => code = code.max(self.tell(&failure)),
            }
        }
        Ok(code)
    }

    fn tell(&self, failure: &Failure) -> u8 {
        if self.stop.load(Ordering::Relaxed) {
            return INTERRUPTED;
        }
        tell(failure, self.color);
        FAILED
    }
}

/// Says on stderr why a plugin failed, with the end of what it wrote there itself.
pub fn tell(failure: &Failure, color: ColorArg) {
    output::error(&failure.clone().into(), color);
    if !failure.stderr.is_empty() {
        let lines: String = failure.stderr.lines().map(|l| format!("  | {l}\n")).collect();
        output::message(&format!("  the end of its standard error:\n{lines}"));
    }
}

fn builtin(name: &str) -> Option<What> {
    plugin::check(name).map(What::Check).or_else(|| plugin::render(name).map(What::Render))
}

fn subject<'a>(choice: &'a Choice, path: &'a Path, done: &'a Audit) -> Subject<'a> {
    Subject { report: &done.report, network: done.network.as_ref(), path, config: &choice.config, probe: false }
}

fn row(name: &str, what: &What) -> Row {
    let kind = what.kind().name().into();
    match what {
        What::External(located) => Row {
            name: located.manifest.name.clone(),
            version: located.manifest.version.clone(),
            kind,
            manifest: Some(located.sha256.clone()),
        },
        _ => Row { name: name.into(), version: env!("CARGO_PKG_VERSION").into(), kind, manifest: None },
    }
}

/// The finding for what is not checked. The reason is told on stderr: it may name places on this machine.
fn failed(name: &str) -> Finding {
    let name = name.rsplit('/').next().unwrap_or(name);
    let message = format!("the plugin {name} gave no answer: what it was to say about this model is missing");
    Finding::new("plugin-failed", Severity::Error, message).hint("the reason was written to standard error")
}
