//! Where the documents of a run go: one place per format, or a folder with one file per model and format.
//!
//! Contract: standard output gets each report as soon as it is there, a page about several models at the end. A file
//! appears whole after each model, so that a run that is cut short leaves what it has.

use super::args::{FormatArg, PictureArg, Writing};
use super::output;
use crate::audit::Audit;
use crate::plugin;
use crate::report::html::{Subject, html};
use crate::report::{CSV_HEADER, chart, to_csv};
use anyhow::{Context, Result, bail, ensure};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// The documents of a run.
pub struct Documents {
    places: Vec<Place>,
    folder: Option<(PathBuf, Vec<FormatArg>)>,
    picture: PictureArg,
    names: HashSet<String>,
    /// All audits of the run, where a page needs them together.
    kept: Vec<Audit>,
}

struct Place {
    format: FormatArg,
    /// `None` is standard output.
    path: Option<PathBuf>,
    text: String,
}

impl Documents {
    /// Pairs formats with places; `silent` leaves standard output to somebody else.
    pub fn new(writing: &Writing, models: usize, silent: bool) -> Result<Documents> {
        let (formats, files) = (&writing.format, &writing.output_file);
        let mut documents = Documents {
            places: vec![],
            folder: None,
            picture: writing.picture.unwrap_or(PictureArg::Histogram),
            names: HashSet::new(),
            kept: vec![],
        };
        if let Some(folder) = &writing.out_dir {
            std::fs::create_dir_all(folder).with_context(|| format!("--out-dir {}", folder.display()))?;
            let formats = if formats.is_empty() { vec![FormatArg::Yaml] } else { formats.clone() };
            documents.folder = Some((folder.clone(), formats));
        } else if !(files.is_empty() && silent) {
            let place = |(format, path)| Place { format, path, text: String::new() };
            documents.places = pairs(formats, files)?.into_iter().map(place).collect();
        }
        let one = documents.places.iter().find(|p| p.format == FormatArg::Svg);
        ensure!(one.is_none() || models == 1, "--format svg draws one model: use --out-dir for several");
        let svg = one.is_some() || documents.folder.iter().any(|f| f.1.contains(&FormatArg::Svg));
        ensure!(svg || writing.picture.is_none(), "--picture says what --format svg draws: add --format svg");
        Ok(documents)
    }

    /// Whether the partition has to be drawn.
    pub fn need_picture(&self) -> bool {
        let formats = self.places.iter().map(|p| &p.format).chain(self.folder.iter().flat_map(|f| &f.1));
        formats.into_iter().any(|f| match f {
            FormatArg::Html => true,
            FormatArg::Svg => self.picture == PictureArg::Partition,
            _ => false,
        })
    }

    /// Writes what one audit adds.
    pub fn add(&mut self, model: &Path, done: &Audit) -> Result<()> {
        if let Some((folder, formats)) = &self.folder {
            for &format in formats {
                let name = report_name(model, format, &mut self.names);
                let head = if format == FormatArg::Csv { CSV_HEADER } else { "" };
                output::save(&folder.join(name), &format!("{head}{}", render(&[done], format, self.picture)?))?;
            }
        }
        if self.places.iter().any(|p| p.format == FormatArg::Html) {
            self.kept.push(done.clone());
        }
        for place in &mut self.places {
            if place.format == FormatArg::Html {
                let all: Vec<&Audit> = self.kept.iter().collect();
                place.text = render(&all, place.format, self.picture)?;
                if let Some(path) = &place.path {
                    output::save(path, &place.text)?;
                }
                continue;
            }
            let first = place.text.is_empty();
            let between = match place.format {
                FormatArg::Yaml if !first => "---\n",
                FormatArg::Markdown if !first => "\n",
                FormatArg::Csv if first => CSV_HEADER,
                _ => "",
            };
            let addition = format!("{between}{}", render(&[done], place.format, self.picture)?);
            place.text.push_str(&addition);
            match &place.path {
                None => output::print(&addition)?,
                Some(path) => output::save(path, &place.text)?,
            }
        }
        Ok(())
    }

    /// Writes what waited for the last model.
    pub fn finish(&self) -> Result<()> {
        let waiting = self.places.iter().filter(|p| p.format == FormatArg::Html && p.path.is_none());
        waiting.into_iter().try_for_each(|p| output::print(&p.text))
    }
}

/// One document about the audits; all formats but HTML take one.
fn render(audits: &[&Audit], format: FormatArg, picture: PictureArg) -> Result<String> {
    let done = audits.last().context("a document about no model")?;
    match format {
        FormatArg::Yaml => by_name("yaml", done),
        FormatArg::Json => by_name("json", done),
        FormatArg::Markdown => by_name("markdown", done),
        FormatArg::Csv => Ok(to_csv(&done.report)),
        FormatArg::Html => {
            let subjects: Vec<Subject> = (audits.iter())
                .map(|a| Subject {
                    report: &a.report,
                    picture: a.picture.as_ref().map(|p| p.as_ref().map_err(String::as_str)),
                })
                .collect();
            Ok(html(&subjects))
        }
        FormatArg::Svg if picture == PictureArg::Histogram => by_name("svg", done),
        FormatArg::Svg => match &done.picture {
            Some(Ok(partition)) => Ok(chart::standalone(&chart::partition(partition, true))),
            Some(Err(reason)) => bail!("{}: {reason}", done.report.model.file),
            None => bail!(
                "{}: --picture partition takes a domain of 2 dimensions, this one has {}: hold inputs with --fix, or take a slice",
                done.report.model.file,
                done.report.summary.inputs.unwrap_or(0)
            ),
        },
    }
}

/// The document of a built-in renderer.
fn by_name(name: &str, done: &Audit) -> Result<String> {
    let render = plugin::render(name).with_context(|| format!("no renderer {name}"))?;
    let bytes = render.render(&plugin::Subject::of(&done.report, Path::new(&done.report.model.file)))?;
    String::from_utf8(bytes).with_context(|| format!("the renderer {name} wrote no text"))
}

/// Formats paired with files, in order; `None` is standard output.
pub fn pairs(formats: &[FormatArg], files: &[PathBuf]) -> Result<Vec<(FormatArg, Option<PathBuf>)>> {
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
            None => by_ending(file)?,
        };
        Ok((format, Some(file.clone())))
    });
    paired.collect()
}

fn by_ending(file: &Path) -> Result<FormatArg> {
    match file.extension().and_then(|e| e.to_str()) {
        Some("yaml" | "yml") => Ok(FormatArg::Yaml),
        Some("json" | "jsonl") => Ok(FormatArg::Json),
        Some("md") => Ok(FormatArg::Markdown),
        Some("csv") => Ok(FormatArg::Csv),
        Some("html" | "htm") => Ok(FormatArg::Html),
        Some("svg") => Ok(FormatArg::Svg),
        _ => bail!(
            "-o {}: the ending names no format (yaml, json, md, csv, html, svg); add --format FORMAT",
            file.display()
        ),
    }
}

/// `<stem>.polyaudit.yaml`, numbered where two models have the same stem.
fn report_name(model: &Path, format: FormatArg, taken: &mut HashSet<String>) -> String {
    let stem = model.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default();
    let ending = match format {
        FormatArg::Yaml => "yaml",
        FormatArg::Json => "json",
        FormatArg::Markdown => "md",
        FormatArg::Csv => "csv",
        FormatArg::Html => "html",
        FormatArg::Svg => "svg",
    };
    let names = std::iter::once(format!("{stem}.polyaudit.{ending}"))
        .chain((2..).map(|k| format!("{stem}-{k}.polyaudit.{ending}")));
    let mut free = names.skip_while(|n| taken.contains(n));
    let name = free.next().unwrap_or_default();
    taken.insert(name.clone());
    name
}
