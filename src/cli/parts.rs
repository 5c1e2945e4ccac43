//! Runs that list regions, keep checkpoints or are one shard of several; and `polyaudit merge`.
//!
//! Contract: each of them enumerates one model. A checkpoint appears whole or not at all.

use super::args::{Arguments, FormatArg};
use super::enumerate_args::Merge;
use super::regions::RegionsFile;
use super::{output, review, run};
use crate::audit::{Audit, Hooks, Keep, Settings, add, audit_with};
use crate::explore::{Certify, Control, Method, RegionRow, Watch};
use crate::report::{Report, to_json, to_yaml};
use anyhow::{Context, Result, bail, ensure};
use std::path::Path;

/// The settings of the run, where one of these flags is given.
pub fn settings(arguments: &Arguments, mut settings: Settings) -> Result<Settings> {
    let flags = &arguments.enumerating;
    let Some(flag) = flags.given() else { return Ok(settings) };
    ensure!(
        arguments.models.len() == 1,
        "{flag} is for one model at a time: audit the {} models one by one",
        arguments.models.len()
    );
    ensure!(
        settings.plan.method != Method::Sample,
        "{flag} enumerates and does not sample: use --method enumerate, or drop it"
    );
    ensure!(
        settings.plan.samples.is_none(),
        "--samples has no meaning with {flag}, which enumerates: drop one of them"
    );
    let in_parts = flags.checkpoint.is_some() || flags.resume.is_some() || flags.shard.is_some();
    ensure!(
        !(in_parts && flags.regions.is_some()),
        "--regions lists a whole run: drop it, or drop --checkpoint, --resume and --shard"
    );
    ensure!(
        !(in_parts && settings.plan.exact),
        "{flag} is about the tree of splits, which --exact does not walk: drop one of them"
    );
    ensure!(
        !(in_parts && (arguments.audit.certify || arguments.writing.certificates.is_some())),
        "{flag} is about the tree of splits, which certifies no single regions: drop it, or drop --certify and --certificates"
    );
    settings.plan.method = Method::Enumerate;
    Ok(settings)
}

/// Audits a model as the flags say.
pub fn audited(model: &Path, settings: &Settings, control: &Control, arguments: &Arguments) -> Result<Audit> {
    let flags = &arguments.enumerating;
    let mut file = flags.regions.as_deref().map(|f| RegionsFile::create(f, flags.regions_volume)).transpose()?;
    let listed = file.is_some();
    let resume = match &flags.resume {
        Some(path) => Some(
            std::fs::read_to_string(path)
                .with_context(|| format!("--resume {}: cannot be read; begin with --checkpoint", path.display()))?,
        ),
        None => None,
    };
    let mut watch = |row: Option<&RegionRow>| match (&mut file, row) {
        (Some(file), Some(row)) => file.add(row),
        (Some(file), None) => file.restart(),
        (None, _) => Ok(()),
    };
    let mut keep = |text: &str| match &flags.checkpoint {
        Some(path) => output::save(path, text),
        None => Ok(()),
    };
    let hooks = Hooks {
        watch: if listed { Some(&mut watch as &mut Watch) } else { None },
        volumes: flags.regions_volume,
        certificates: arguments.writing.certificates.as_deref(),
        shard: flags.shard,
        resume,
        sums: None,
        save: if flags.checkpoint.is_some() { Some(&mut keep as &mut Keep) } else { None },
    };
    let done = audit_with(model, settings, control, hooks)?;
    match file {
        Some(file) if !done.refused => file.finish()?,
        _ => {}
    }
    Ok(done)
}

/// `polyaudit merge`.
pub fn merged(arguments: &Merge) -> Result<u8> {
    let mut reports: Vec<(String, Report)> = vec![];
    for path in &arguments.reports {
        let several = review::stored(path)?;
        reports.extend(several.into_iter().map(|r| (path.display().to_string(), r)));
    }
    let sums = add(&reports)?;
    let mut settings = run::settings(&arguments.audit)?;
    settings.plan.method = Method::Enumerate;
    let stop = std::sync::atomic::AtomicBool::new(false);
    let control = Control { stop: &stop, deadline: None, progress: &|_| {}, certify: Certify::No, max_memory: None };
    let hooks = Hooks { sums: Some(sums), ..Hooks::default() };
    let report = audit_with(&arguments.model, &settings, &control, hooks)?.report;
    let (name, part) = &reports[0];
    ensure!(
        report.model.sha256 == part.model.sha256,
        "{name} is of another model than {}: {} and {}",
        arguments.model.display(),
        part.model.sha256,
        report.model.sha256
    );
    let text = |report: &Report| serde_json::to_string(&report.settings);
    let (here, there) = (text(&report)?, text(part)?);
    ensure!(
        here == there,
        "the shards were run with other settings: give merge the flags of the shards; {there} and {here}"
    );
    let format = match (arguments.format, &arguments.output_file) {
        (Some(format), _) => format,
        (None, None) => FormatArg::Yaml,
        (None, Some(path)) => match path.extension().and_then(|e| e.to_str()) {
            Some("yaml" | "yml") => FormatArg::Yaml,
            Some("json" | "jsonl") => FormatArg::Json,
            _ => bail!("-o {}: the ending names no format; add --format yaml or --format json", path.display()),
        },
    };
    let text = if format == FormatArg::Json { to_json(&report)? } else { to_yaml(&report)? };
    match &arguments.output_file {
        Some(path) => output::save(path, &text)?,
        None => output::print(&text)?,
    }
    Ok(0)
}
