//! `polyaudit points`: the region around each point of a file.
//!
//! Contract: one document with one entry per point: YAML, or JSON with `--format json`.

use super::args::{Points, PointsFormat};
use super::progress::Line;
use super::{INTERRUPTED, domain, output, run, vectors};
use crate::audit::{Settings, domain_of, neighbourhoods};
use crate::explore::{Certify, Control};
use crate::import;
use anyhow::{Result, ensure};
use serde::Serialize;
use std::sync::atomic::Ordering;

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    model: String,
    sha256: String,
    points: Vec<crate::audit::Neighbourhood>,
}

/// Runs it; gives the exit code.
pub fn run(arguments: &Points) -> Result<u8> {
    let settings = Settings {
        import: arguments.reading.options()?,
        domain: domain::choice(arguments.domain.as_deref().or(Some("unbounded")))?,
        ..Settings::default()
    };
    let model = import::load(&arguments.model, &settings.import)?;
    let points = vectors::read(&arguments.points, Some(model.network.input_len()))?;
    ensure!(!points.is_empty(), "{}: no points", arguments.points.display());
    let domain = domain_of(&model.network, &settings)?;
    let (stop, line) = (run::interrupt()?, Line::new(false, &arguments.model.display().to_string()));
    let progress = &|p| line.show(p);
    let control = Control { stop: &stop, deadline: None, progress, certify: Certify::No, max_memory: None };
    let found = neighbourhoods(&model.network, &domain, &points, &control);
    line.finish();
    let document = Document {
        schema: "polyaudit/points/1",
        model: model.card.file.clone(),
        sha256: format!("sha256:{}", model.card.sha256),
        points: found?,
    };
    let text = match arguments.format {
        PointsFormat::Json => serde_json::to_string(&document)? + "\n",
        PointsFormat::Yaml => serde_yaml::to_string(&document)?,
    };
    output::print(&text)?;
    Ok(if stop.load(Ordering::Relaxed) { INTERRUPTED } else { 0 })
}
