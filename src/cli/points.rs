//! `polyaudit points`: the region around each point of a file.
//!
//! Contract: one document with one entry per point: YAML, or JSON with `--format json`.

use super::args::{Points, PointsFormat};
use super::{domain, output, vectors};
use crate::audit::{Settings, domain_of, neighbourhoods};
use crate::import;
use anyhow::{Result, ensure};
use serde::Serialize;

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
    let document = Document {
        schema: "polyaudit/points/1",
        model: model.card.file.clone(),
        sha256: format!("sha256:{}", model.card.sha256),
        points: neighbourhoods(&model.network, &domain, &points)?,
    };
    let text = match arguments.format {
        PointsFormat::Json => serde_json::to_string(&document)? + "\n",
        PointsFormat::Yaml => serde_yaml::to_string(&document)?,
    };
    output::print(&text)?;
    Ok(0)
}
