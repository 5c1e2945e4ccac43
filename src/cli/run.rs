//! The main job: audit every model given, write its report, go on with the others when one fails.

use super::args::{Arguments, Auditing, EngineArg};
use super::documents::Documents;
use super::plugins::Plugins;
use super::progress::Line;
use super::review::Review;
use super::{CHECK_FAILED, FAILED, INTERRUPTED, REFUSED, domain, output, parts, slice, weight};
use crate::audit::{Audit, DomainChoice, Settings};
use crate::checks::Config;
use crate::explore::{Certify, Control, Method, Plan};
use crate::place::folder;
use crate::report::{Style, finding_line, table};
use anyhow::{Context, Result, bail, ensure};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Width of the table where there is no terminal to fit.
const WIDTH: usize = 100;

/// Refuses a first model that is no file and is spelt almost like a command.
fn misspelt_command(arguments: &Arguments) -> Result<()> {
    let Some(first) = arguments.models.first().filter(|m| !m.exists() && m.extension().is_none()) else {
        return Ok(());
    };
    let word = first.to_string_lossy();
    let command = <Arguments as clap::CommandFactory>::command();
    if let Some(near) = command.get_subcommands().map(|c| c.get_name()).find(|c| strsim::levenshtein(&word, c) < 3) {
        bail!("{word}: no such file (did you mean the command `polyaudit {near}`?)");
    }
    Ok(())
}

/// Runs the audits; gives the exit code.
pub fn run(arguments: &Arguments, config: Option<&Config>) -> Result<u8> {
    misspelt_command(arguments)?;
    let mut settings = parts::settings(arguments, settings(&arguments.audit)?)?;
    let writing = &arguments.writing;
    if writing.certificates.is_some() {
        let models = arguments.models.len();
        ensure!(models <= 1, "--certificates holds those of one model: run {models} models one by one");
        ensure!(!arguments.audit.exact, "--exact keeps no certificates: drop --exact or --certificates");
    }
    writable(arguments, config)?;
    let stop = interrupt()?;
    let mut plugins = Plugins::new(arguments, config, stop.clone())?;
    let mut documents = Documents::new(writing, arguments.models.len(), plugins.take_stdout())?;
    settings.picture = documents.need_picture();
    if let Some(threads) = arguments.audit.threads {
        limit_threads(threads)?;
    }
    let mut review = Review::new(&arguments.gate, config)?;
    let deadline = arguments.audit.time_limit.map(|s| Instant::now() + Duration::from_secs_f64(s));
    let mut code = 0;
    for (k, model) in arguments.models.iter().enumerate() {
        let line = Line::new(writing.quiet, &model.display().to_string());
        let certify = if arguments.audit.certify { Certify::Verify } else { Certify::No };
        let control = Control {
            stop: &stop,
            deadline,
            progress: &|p| line.show(p),
            certify,
            max_memory: arguments.audit.max_memory,
        };
        let outcome = parts::audited(model, &settings, &control, arguments);
        line.finish();
        let checked = outcome.and_then(|mut done| {
            // A part passes and fails nothing: the limits are those of the whole.
            if done.report.shard.is_some() {
                return Ok((done, 0));
            }
            let code = if done.interrupted { 0 } else { plugins.check(model, &mut done) };
            let passes = review.check(&mut done.report, k + 1 == arguments.models.len())?;
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
        documents.add(model, &done)?;
        if done.interrupted {
            documents.finish()?;
            return Ok(code);
        }
    }
    documents.finish()?;
    let (stale, fails) = review.stale();
    stale.iter().for_each(|finding| output::message(&finding_line(finding, output::colored(arguments.color))));
    Ok(code.max(if fails { CHECK_FAILED } else { 0 }))
}

/// Refuses outputs of the run that cannot be written, or that would replace what it reads.
fn writable(arguments: &Arguments, config: Option<&Config>) -> Result<()> {
    let (writing, gate) = (&arguments.writing, &arguments.gate);
    let found = Path::new(super::config::FILE);
    let inputs = arguments.models.iter().chain(&gate.config).chain(&gate.baseline).map(PathBuf::as_path);
    let inputs: Vec<&Path> = inputs.chain(found.exists().then_some(found)).collect();
    // A plugin may make the folder that a report goes to.
    let plugged = !arguments.plugins.plugin.is_empty() || config.is_some_and(|c| !c.plugins.is_empty());
    let outputs = writing.output_file.iter().chain(&writing.certificates).chain(&arguments.enumerating.regions);
    let outputs = outputs.map(PathBuf::as_path).filter(|path| !plugged || folder(path).exists());
    output::writable(&outputs.collect::<Vec<_>>(), &inputs)
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

/// The settings that flags state.
pub fn settings(arguments: &Auditing) -> Result<Settings> {
    let domain = domain::choice(arguments.domain.as_deref())?;
    let weighed = weight::choice(arguments, &domain)?;
    let method = weighed.method;
    if domain == DomainChoice::Unbounded && method == Method::Sample && !weighed.at_points() {
        bail!("--domain unbounded has no uniform samples: use --method enumerate, or state a box with --domain LO,HI");
    }
    if method == Method::Enumerate && arguments.samples.is_some() {
        bail!("--samples has no meaning with --method enumerate: drop it, or use --method sample");
    }
    if arguments.exact && method == Method::Sample {
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
        method,
        engine: arguments.engine.into(),
        exact: arguments.exact,
        samples: arguments.samples,
        seed: arguments.seed,
        max_regions: arguments.max_regions,
        points: None,
        distinct: weighed.distinct,
        ..Plan::default()
    };
    let slice = slice::choice(arguments.slice.as_deref(), &arguments.slice_points)?;
    let data = weighed.data;
    Ok(Settings { import: arguments.reading.options()?, domain, slice, data, plan, picture: false })
}

/// Two interrupts closer together than this are one: `timeout` and shells send theirs to a process and to its group.
const ONE_INTERRUPT: Duration = Duration::from_millis(300);

/// A flag that the first interrupt sets; the second one ends the program.
pub fn interrupt() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let (flag, mut first) = (stop.clone(), None::<Instant>);
    ctrlc::set_handler(move || match first {
        Some(first) if first.elapsed() < ONE_INTERRUPT => {}
        Some(_) => std::process::exit(INTERRUPTED.into()),
        None => {
            first = Some(Instant::now());
            flag.store(true, Ordering::Relaxed);
        }
    })
    .context("interrupts cannot be caught")?;
    Ok(stop)
}
