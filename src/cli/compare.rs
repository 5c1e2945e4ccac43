//! `polyaudit compare`: models or stored reports, groups of them, or a series.

use super::args::{Compare, FormatArg};
use super::progress::Line;
use super::review::stored;
use super::run::{interrupt, limit_threads, settings};
use super::{INTERRUPTED, REFUSED, documents, output};
use crate::audit::{Slice, audit};
use crate::compare::{Comparison, Entry, Kind, compare, to_html, to_table};
use crate::explore::{Certify, Control};
use crate::report::{Style, table, to_json, to_yaml};
use anyhow::{Context, Result, bail, ensure};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Runs the subcommand.
pub fn run(arguments: &Compare) -> Result<u8> {
    let (kind, files) = what(arguments)?;
    let targets = targets(arguments)?;
    let outputs: Vec<&Path> = arguments.output_file.iter().map(PathBuf::as_path).collect();
    output::writable(&outputs, &files.iter().map(|(_, file)| file.as_path()).collect::<Vec<_>>())?;
    let mut settings = settings(&arguments.audit)?;
    if let Some(threads) = arguments.audit.threads {
        limit_threads(threads)?;
    }
    let stop = interrupt()?;
    let deadline = arguments.audit.time_limit.map(|s| Instant::now() + Duration::from_secs_f64(s));
    let mut entries = vec![];
    for (group, file) in &files {
        if !is_model(file) {
            entries.extend(stored(file)?.into_iter().map(|report| Entry { report, group: group.clone() }));
            continue;
        }
        let line = Line::new(arguments.quiet, &file.display().to_string());
        let certify = if arguments.audit.certify { Certify::Verify } else { Certify::No };
        let max_memory = arguments.audit.max_memory;
        let control = Control { stop: &stop, deadline, progress: &|p| line.show(p), certify, max_memory };
        let done = audit(file, &settings, &control);
        line.finish();
        let done = done?;
        if done.interrupted {
            return Ok(INTERRUPTED);
        }
        if done.refused {
            output::message(&table(&done.report, Style { width: 100, color: false }));
            return Ok(REFUSED);
        }
        entries.push(Entry { report: done.report, group: group.clone() });
        // Tests take independent points: every model that may be sampled draws its own. A random slice has to stay.
        if !matches!(settings.slice, Some(Slice::Random(_))) {
            settings.plan.seed += 1;
        }
    }
    let comparison = compare(&entries, kind, arguments.audit.seed, arguments.allow_mismatch)?;
    if !arguments.quiet {
        output::message(&to_table(&comparison, &shares(&entries)));
    }
    for (format, path) in targets {
        let text = render(&comparison, &entries, format)?;
        match path {
            None => output::print(&text)?,
            Some(path) => output::save(&path, &text)?,
        }
    }
    Ok(0)
}

fn render(comparison: &Comparison, entries: &[Entry], format: FormatArg) -> Result<String> {
    match format {
        FormatArg::Yaml => to_yaml(comparison),
        FormatArg::Json => to_json(comparison),
        FormatArg::Html => Ok(to_html(comparison, entries)),
        _ => bail!("a comparison is written as yaml, json or html"),
    }
}

fn targets(arguments: &Compare) -> Result<Vec<(FormatArg, Option<PathBuf>)>> {
    let targets = documents::pairs(&arguments.format, &arguments.output_file)?;
    let known = |f: &FormatArg| matches!(f, FormatArg::Yaml | FormatArg::Json | FormatArg::Html);
    ensure!(targets.iter().all(|(f, _)| known(f)), "a comparison is written as yaml, json or html");
    Ok(targets)
}

/// Shares by number of total faces, per report: its own and its null model's.
fn shares(entries: &[Entry]) -> Vec<Vec<[f64; 2]>> {
    let one = |entry: &Entry| {
        let rows: Vec<(u64, u64, u64)> = entry.report.histogram.rows.iter().map(|r| r.numbers()).collect();
        let all = rows.iter().map(|r| r.1).sum::<u64>().max(1) as f64;
        let mut out = vec![[0.0; 2]; rows.last().map_or(0, |r| r.0 as usize + 1)];
        rows.iter().for_each(|r| out[r.0 as usize][0] = r.1 as f64 / all);
        for null in entry.report.null_model.iter().flat_map(|m| &m.shares) {
            if let Some(slot) = out.get_mut(null.faces as usize) {
                slot[1] = null.share;
            }
        }
        out
    };
    entries.iter().map(one).collect()
}

/// Reports end like YAML or JSON; all else is taken for a model.
fn is_model(file: &Path) -> bool {
    !matches!(file.extension().and_then(|e| e.to_str()), Some("yaml" | "yml" | "json" | "jsonl"))
}

type Files = Vec<(Option<String>, PathBuf)>;

/// What is compared, and the files in order.
fn what(arguments: &Compare) -> Result<(Kind, Files)> {
    let given = [!arguments.inputs.is_empty(), !arguments.group.is_empty(), !arguments.series.is_empty()];
    ensure!(
        given.iter().filter(|g| **g).count() == 1,
        "give models or reports, or --group NAME=FILES twice or more, or --series FILES: one of the three"
    );
    if !arguments.inputs.is_empty() {
        return Ok((Kind::Models, arguments.inputs.iter().map(|f| (None, f.clone())).collect()));
    }
    if !arguments.series.is_empty() {
        let mut files = vec![];
        for text in &arguments.series {
            files.extend(matching(text).context("--series")?);
        }
        files.sort_by_cached_key(|f| natural(&f.to_string_lossy()));
        return Ok((Kind::Series, files.into_iter().map(|f| (None, f)).collect()));
    }
    let mut files = vec![];
    for text in &arguments.group {
        let (name, patterns) = text
            .split_once('=')
            .with_context(|| format!("--group {text}: expected NAME=FILE,FILE,… or NAME=PATTERN"))?;
        ensure!(!name.is_empty(), "--group {text}: has no name");
        for pattern in patterns.split(',') {
            let found = matching(pattern).with_context(|| format!("--group {text}"))?;
            files.extend(found.into_iter().map(|f| (Some(name.to_string()), f)));
        }
    }
    for (k, (group, file)) in files.iter().enumerate() {
        let other = files[..k].iter().find(|(g, f)| f == file && g != group);
        ensure!(other.is_none(), "--group: {} is in two groups", file.display());
    }
    Ok((Kind::Groups, files))
}

/// Files that a pattern matches, sorted; a name without a pattern is itself.
fn matching(pattern: &str) -> Result<Vec<PathBuf>> {
    if !pattern.contains(['*', '?', '[']) || Path::new(pattern).exists() {
        return Ok(vec![pattern.into()]);
    }
    let found = glob::glob(pattern).with_context(|| format!("{pattern} is no pattern"))?;
    let files: Vec<PathBuf> = found.collect::<Result<_, _>>()?;
    ensure!(!files.is_empty(), "no file matches {pattern}");
    Ok(files)
}

/// A key that puts `epoch-9` before `epoch-10`.
fn natural(name: &str) -> Vec<(String, u64)> {
    let mut out = vec![];
    let mut rest = name;
    while !rest.is_empty() {
        let digits = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
        let (word, after) = rest.split_at(digits);
        let end = after.find(|c: char| !c.is_ascii_digit()).unwrap_or(after.len());
        out.push((word.to_string(), after[..end].parse().unwrap_or(u64::MAX)));
        rest = &after[end..];
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checkpoints_come_in_the_order_of_their_numbers() {
        let mut names = ["epoch-10.onnx", "epoch-9.onnx", "epoch-100.onnx", "epoch-1.onnx"];
        names.sort_by_cached_key(|n| natural(n));
        assert_eq!(names, ["epoch-1.onnx", "epoch-9.onnx", "epoch-10.onnx", "epoch-100.onnx"]);
    }
}
