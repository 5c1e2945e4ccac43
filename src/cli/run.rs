//! The main job: audit every model given, write its report, go on with the others when one fails.

use super::args::{Arguments, Auditing, EngineArg, FormatArg, MethodArg, Writing};
use super::plugins::Plugins;
use super::progress::Line;
use super::review::Review;
use super::{CHECK_FAILED, FAILED, INTERRUPTED, REFUSED, domain, output, regions, slice};
use crate::audit::{Audit, DomainChoice, Settings};
use crate::checks::Config;
use crate::explore::{Certify, Control, Plan};
use crate::report::{Style, finding_line, table, to_json, to_yaml};
use anyhow::{Context, Result, bail, ensure};
use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Width of the table where there is no terminal to fit.
const WIDTH: usize = 100;

/// Runs the audits; gives the exit code.
pub fn run(arguments: &Arguments, config: Option<&Config>) -> Result<u8> {
    let settings = regions::settings(arguments, settings(&arguments.audit)?)?;
    let writing = &arguments.writing;
    if writing.certificates.is_some() {
        let models = arguments.models.len();
        ensure!(models <= 1, "--certificates holds those of one model: run {models} models one by one");
        ensure!(!arguments.audit.exact, "--exact keeps no certificates: drop --exact or --certificates");
    }
    let stop = interrupt()?;
    let mut plugins = Plugins::new(arguments, config, stop.clone())?;
    let targets = if plugins.take_stdout() && writing.output_file.is_empty() { vec![] } else { targets(writing)? };
    if let Some(threads) = arguments.audit.threads {
        limit_threads(threads)?;
    }
    let mut review = Review::new(&arguments.gate, config)?;
    let deadline = arguments.audit.time_limit.map(|s| Instant::now() + Duration::from_secs_f64(s));
    let (mut code, mut documents) = (0, vec![String::new(); targets.len()]);
    let mut names = HashSet::new();
    for model in &arguments.models {
        let line = Line::new(writing.quiet, &model.display().to_string());
        let certify = if arguments.audit.certify { Certify::Verify } else { Certify::No };
        let control = Control { stop: &stop, deadline, progress: &|p| line.show(p), certify };
        let certificates = writing.certificates.as_deref();
        let outcome =
            regions::audited(model, &settings, &control, certificates, arguments.enumerating.regions.as_deref());
        line.finish();
        let checked = outcome.and_then(|mut done| {
            let code = if done.interrupted { 0 } else { plugins.check(model, &mut done) };
            let passes = review.check(&mut done.report)?;
            Ok((done, code.max(if passes { 0 } else { CHECK_FAILED })))
        });
        let (done, failed) = match checked {
            Ok(checked) => checked,
            Err(error) => {
                output::error(&error, arguments.color);
                code = code.max(FAILED);
                continue;
            }
        };
        if !writing.quiet {
            let style = Style { width: WIDTH, color: output::colored(arguments.color) };
            output::message(&table(&done.report, style));
        }
        code = code.max(exit_code(&done)).max(failed);
        if !done.interrupted {
            code = code.max(plugins.render(model, &done)?);
        }
        if let Some(folder) = &writing.out_dir {
            let format = writing.format.first().copied().unwrap_or(FormatArg::Yaml);
            let path = folder.join(report_name(model, format, &mut names));
            output::save(&path, &document(&done, format)?)?;
            continue;
        }
        for ((format, path), text) in targets.iter().zip(&mut documents) {
            let document = document(&done, *format)?;
            let marker = if *format == FormatArg::Yaml && !text.is_empty() { "---\n" } else { "" };
            let addition = format!("{marker}{document}");
            match path {
                // Standard output gets each report as soon as it is there.
                None => output::print(&addition)?,
                Some(path) => output::save(path, &format!("{text}{addition}"))?,
            }
            text.push_str(&addition);
        }
        if done.interrupted {
            return Ok(code);
        }
    }
    let (stale, fails) = review.stale();
    stale.iter().for_each(|finding| output::message(&finding_line(finding, output::colored(arguments.color))));
    Ok(code.max(if fails { CHECK_FAILED } else { 0 }))
}

/// Sets the number of threads of the whole program.
pub fn limit_threads(threads: u16) -> Result<()> {
    rayon::ThreadPoolBuilder::new().num_threads(threads.into()).build_global().context("--threads")
}

fn exit_code(done: &Audit) -> u8 {
    match (done.interrupted, done.refused) {
        (true, _) => INTERRUPTED,
        (_, true) => REFUSED,
        _ => 0,
    }
}

fn document(done: &Audit, format: FormatArg) -> Result<String> {
    match format {
        FormatArg::Yaml => to_yaml(&done.report),
        FormatArg::Json => to_json(&done.report),
    }
}

/// Formats paired with places, in order; `None` is stdout.
fn targets(arguments: &Writing) -> Result<Vec<(FormatArg, Option<PathBuf>)>> {
    let (formats, files) = (&arguments.format, &arguments.output_file);
    if let Some(folder) = &arguments.out_dir {
        ensure!(formats.len() <= 1, "--out-dir writes one format: give --format once");
        std::fs::create_dir_all(folder).with_context(|| format!("--out-dir {}", folder.display()))?;
    }
    if files.is_empty() {
        ensure!(formats.len() <= 1, "several --format need a file each: pair them with -o FILE");
        return Ok(vec![(formats.first().copied().unwrap_or(FormatArg::Yaml), None)]);
    }
    ensure!(
        formats.len() <= files.len(),
        "{} --format for {} -o: give one file per format",
        formats.len(),
        files.len()
    );
    let paired = files.iter().enumerate().map(|(k, file)| {
        let format = match formats.get(k) {
            Some(format) => *format,
            None => match file.extension().and_then(|e| e.to_str()) {
                Some("yaml" | "yml") => FormatArg::Yaml,
                Some("json" | "jsonl") => FormatArg::Json,
                _ => bail!("-o {}: the ending names no format; add --format yaml or --format json", file.display()),
            },
        };
        Ok((format, Some(file.clone())))
    });
    paired.collect()
}

/// `<stem>.polyaudit.yaml`, numbered where two models have the same stem.
fn report_name(model: &Path, format: FormatArg, taken: &mut HashSet<String>) -> String {
    let stem = model.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let ending = if format == FormatArg::Json { "json" } else { "yaml" };
    let names = std::iter::once(format!("{stem}.polyaudit.{ending}"))
        .chain((2..).map(|k| format!("{stem}-{k}.polyaudit.{ending}")));
    let mut free = names.skip_while(|n| taken.contains(n));
    let name = free.next().unwrap_or_default();
    taken.insert(name.clone());
    name
}

fn settings(arguments: &Auditing) -> Result<Settings> {
    let domain = domain::choice(arguments.domain.as_deref())?;
    if domain == DomainChoice::Unbounded && arguments.method == MethodArg::Sample {
        bail!("--domain unbounded has no uniform samples: use --method enumerate, or state a box with --domain LO,HI");
    }
    if arguments.method == MethodArg::Enumerate && arguments.samples.is_some() {
        bail!("--samples has no meaning with --method enumerate: drop it, or use --method sample");
    }
    if arguments.exact && arguments.method == MethodArg::Sample {
        bail!("--exact enumerates and does not sample: drop it, or use --method enumerate");
    }
    ensure!(
        !arguments.exact || arguments.engine == EngineArg::Auto,
        "--exact decides every face in rational arithmetic and has no use for --engine lp: drop one of them"
    );
    ensure!(
        !arguments.exact || !arguments.certify,
        "--exact decides every face in rational arithmetic and keeps no certificates: drop --exact or --certify"
    );
    ensure!(
        !arguments.exact || arguments.samples.is_none(),
        "--samples has no meaning with --exact, which enumerates: drop one of them"
    );
    let plan = Plan {
        method: arguments.method.into(),
        engine: arguments.engine.into(),
        exact: arguments.exact,
        samples: arguments.samples,
        seed: arguments.seed,
        max_regions: arguments.max_regions,
    };
    let slice = slice::choice(arguments.slice.as_deref(), &arguments.slice_points)?;
    Ok(Settings { import: arguments.reading.options()?, domain, slice, plan })
}

/// A flag that the first interrupt sets; the second one ends the program.
fn interrupt() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    ctrlc::set_handler(move || {
        if flag.swap(true, Ordering::Relaxed) {
            std::process::exit(INTERRUPTED.into());
        }
    })
    .context("interrupts cannot be caught")?;
    Ok(stop)
}
