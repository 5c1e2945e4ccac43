//! One model from file to report: load, choose the domain, explore, summarise.
//!
//! Contract: a model that can be read always gets a report, also one that is refused or only partly explored.

mod attribution;
pub mod certificates;
mod checkpoint;
pub mod data;
mod digest;
mod euler;
mod merge;
mod names;
mod null;
mod picture;
mod points;
mod position;
mod recheck;
mod remarks;
mod settings;
mod shape;
mod slice;
mod summary;
mod theory;
mod weights;

pub use attribution::attribution;
pub use merge::add;
pub use points::{ClassChange, NearestFace, Neighbourhood, neighbourhoods};
pub use recheck::{Recheck, verify};
pub use shape::shape;
pub use slice::Slice;
pub use summary::layers;

use crate::explore::{self, Certify, Control, Plan, Shard, State, Sums, Watch};
use crate::finding::{Finding, Severity, sort};
use crate::import::{self, Card, ImportError, Offender};
use crate::ir::Network;
use crate::plugin::{self, Subject};
use crate::report::{
    Checks, Histogram, Model, Partition, Report, SCHEMA_ID, Settings as ReportSettings, ShardBlock, Status, Summary,
    Tool,
};
use anyhow::{Context, ensure};
use std::path::Path;
use std::sync::Arc;

/// Which part of the input space to audit.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum DomainChoice {
    /// Not stated: `[-1, 1]` for every input, and a finding that says so.
    #[default]
    Unstated,
    /// The same bounds for every input.
    Cube(f64, f64),
    /// Bounds per input, from a file of this name.
    Bounds(Vec<[f64; 2]>, String),
    /// The smallest box that holds the data points of [`Settings::data`].
    Data,
    /// All of R^d.
    Unbounded,
}

/// All that determines a report.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// How to read the model.
    pub import: import::Options,
    /// Which part of the input space.
    pub domain: DomainChoice,
    /// Which section of it; `None`: all of it.
    pub slice: Option<Slice>,
    /// Data points to count at, or that state the domain.
    pub data: Option<data::Data>,
    /// How to explore.
    pub plan: Plan,
    /// Whether to draw the partition of a two-dimensional domain.
    pub picture: bool,
}

/// A report, and how the run ended.
#[derive(Clone, Debug)]
pub struct Audit {
    /// The document.
    pub report: Report,
    /// The network; none for a refused model.
    pub network: Option<Network>,
    /// The partition, where it was asked for and the domain has two dimensions; or why it is not drawn.
    pub picture: Option<Result<Partition, String>>,
    /// Whether the model is outside the supported fragment.
    pub refused: bool,
    /// Whether an interrupt ended the run.
    pub interrupted: bool,
}

/// Who looks on at an audit, and which part of it is wanted.
#[derive(Default)]
pub struct Hooks<'a> {
    /// Sees every region that an enumeration counts; its errors end the run.
    pub watch: Option<&'a mut Watch<'a>>,
    /// Whether it asks for volumes.
    pub volumes: bool,
    /// Where verified certificates of all regions go; a refused model leaves none.
    pub certificates: Option<&'a Path>,
    /// The part of the tree of splits that is wanted.
    pub shard: Option<Shard>,
    /// The checkpoint to go on from.
    pub resume: Option<String>,
    /// The sums of all shards, to be reported instead of a run's.
    pub sums: Option<Sums>,
    /// Keeps checkpoints; its errors end the run.
    pub save: Option<&'a mut Keep<'a>>,
}

/// Called with the text of a checkpoint.
pub type Keep<'a> = dyn FnMut(&str) -> anyhow::Result<()> + 'a;

/// Audits the model at `path`. Errors are those of a file that is no readable model, or of settings that do not fit it.
pub fn audit(path: &Path, settings: &Settings, control: &Control) -> anyhow::Result<Audit> {
    audit_with(path, settings, control, Hooks::default())
}

/// Audits the model at `path`, or a part of it, from the beginning or from a checkpoint.
pub fn audit_with(path: &Path, settings: &Settings, control: &Control, hooks: Hooks) -> anyhow::Result<Audit> {
    let model = match import::load(path, &settings.import) {
        Ok(model) => model,
        Err(ImportError::Refused { card, offenders, .. }) => return Ok(refused(*card, &offenders, settings)),
        Err(e) => return Err(e.into()),
    };
    let domain = domain_of(&model.network, settings)?;
    let card = card(model.card);
    let found = {
        let header = certificates::Header::new(&card.sha256, &settings.import, &domain);
        let writer = hooks.certificates.map(|file| certificates::Writer::create(file, &header)).transpose()?;
        let keep = |record: Option<&explore::Record>| writer.as_ref().map_or(Ok(()), |w| w.add(record));
        let certify = if writer.is_some() { Certify::Keep(&keep) } else { control.certify };
        let control = Control { certify, ..*control };
        let mut found = explored(&model.network, &domain, &card, settings, &control, hooks)?;
        explore::look_again(&model.network, &domain, settings.plan.seed, &mut found, &control)?;
        writer.map_or(Ok(()), certificates::Writer::finish)?;
        found
    };
    let interrupted = matches!(&found.state, State::Partial { interrupted: true, .. });
    let mut findings = model.findings;
    if settings.domain == DomainChoice::Unstated {
        let message = "the domain was not stated, and every number depends on it: [-1, 1] is assumed for every input";
        let hint = "state the range of the inputs with --domain LO,HI or --domain FILE";
        findings.push(Finding::new("domain-not-stated", Severity::Warning, message).hint(hint));
    }
    findings.extend(found.findings.iter().cloned());
    findings.extend(data::findings(settings, model.network.input_len(), &found)?);
    let (weights, biased) = weights::weights(&found);
    findings.extend(biased);
    let (shape_summary, shape) = shape::shape(&model.network, &domain, &found, settings.plan.seed)?;
    let (null_summary, null_model) = null::null(&domain, &found);
    let (general_position, rank) = position::position(&model.network, &domain, &found);
    let mut checks_made = summary::checks(&found);
    checks_made.theory = theory::statements(&model.network, &domain, &found, rank);
    checks_made.general_position = general_position;
    let attribution = attribution::attribution(&model.network, &domain, &found, control)?;
    let units = model.network.units() as u64;
    findings.extend(remarks::remarks(units, &attribution, &checks_made.general_position, &found));
    let shard = part(&found, &mut findings)?;
    let mut report = Report {
        schema: SCHEMA_ID.into(),
        tool: Tool::default(),
        model: card,
        settings: settings::report_settings(&domain, settings, &found),
        status: summary::status(&found),
        summary: Summary { null: null_summary, shape: shape_summary, ..summary::summary(&model.network, &found) },
        histogram: summary::histogram(&found),
        layers: layers(&model.network),
        findings,
        checks: checks_made,
        plugins: vec![],
        null_model: Some(null_model),
        attribution: Some(attribution),
        weights,
        shape: Some(shape),
        shard,
    };
    let noticed = plugin::always(&Subject { network: Some(&model.network), ..Subject::of(&report, path) })?;
    report.findings.extend(noticed);
    sort(&mut report.findings);
    let picture = (settings.picture && found.dimension == 2 && !interrupted)
        .then(|| picture::partition(&model.network, &domain, &report, settings, control).map_err(|e| format!("{e:#}")));
    Ok(Audit { report, network: Some(model.network), picture, refused: false, interrupted })
}

/// Explores, with checkpoints in the words of the exploration.
fn explored(
    network: &Network,
    domain: &explore::Domain,
    card: &Model,
    settings: &Settings,
    control: &Control,
    hooks: Hooks,
) -> anyhow::Result<explore::Exploration> {
    if let Some(sums) = hooks.sums {
        return Ok(sums.exploration(State::Complete, None));
    }
    let stated = settings::enumeration(domain, settings);
    let identity = checkpoint::Identity::new(&card.sha256, &stated, hooks.shard)?;
    let resume = hooks.resume.map(|text| identity.read(&text)).transpose()?;
    let (mut watch, mut keep) = (hooks.watch, hooks.save);
    let (watches, keeps) = (watch.is_some(), keep.is_some());
    let mut show = |row: Option<&explore::RegionRow>| match &mut watch {
        Some(watch) => watch(row),
        None => Ok(()),
    };
    let mut save = |done: &explore::Done| match &mut keep {
        Some(keep) => keep(&identity.write(done)?),
        None => Ok(()),
    };
    let mut inner = explore::Hooks {
        watch: if watches { Some(&mut show) } else { None },
        volumes: hooks.volumes,
        shard: hooks.shard,
        resume,
        save: if keeps { Some(&mut save) } else { None },
    };
    let counted = settings.data.as_ref().filter(|data| data.counted);
    let points = counted.map(|data| data.points(network.input_len())).transpose()?;
    let plan = Plan { points: points.map(Arc::new), ..settings.plan.clone() };
    explore::explore_with(network, domain, &plan, control, &mut inner)
}

/// The block of a shard's report, with the finding that says what it is.
fn part(found: &explore::Exploration, findings: &mut Vec<Finding>) -> anyhow::Result<Option<ShardBlock>> {
    let Some(sums) = &found.sums else { return Ok(None) };
    let message = format!(
        "the numbers are those of part {} of {} of the tree of splits: `polyaudit merge` makes the whole of them",
        sums.shard.index, sums.shard.of
    );
    findings.push(Finding::new("part-of-a-run", Severity::Info, message));
    Ok(Some(ShardBlock { part: sums.shard.index, of: sums.shard.of, sums: serde_json::to_string(sums)? }))
}

/// The domain over all inputs of the network, held ones included.
pub fn domain_of(network: &Network, settings: &Settings) -> anyhow::Result<explore::Domain> {
    let n = network.input_len();
    let domain = match &settings.domain {
        DomainChoice::Unstated => explore::Domain::cube(n, -1.0, 1.0),
        DomainChoice::Cube(lo, hi) => explore::Domain::cube(n, *lo, *hi),
        DomainChoice::Unbounded => explore::Domain::unbounded(n),
        DomainChoice::Data => {
            let data = settings.data.as_ref().context("--domain data needs the data: --points FILE")?;
            let bounds = data.bounds(n)?;
            explore::Domain::Box {
                lo: bounds.iter().map(|b| b[0]).collect(),
                hi: bounds.iter().map(|b| b[1]).collect(),
            }
        }
        DomainChoice::Bounds(bounds, file) => {
            let ports: Vec<String> = network.inputs.iter().map(|p| format!("{} ({})", p.name, p.len())).collect();
            ensure!(
                bounds.len() == n,
                "--domain {file} bounds {} inputs, the model has {n}: {}",
                bounds.len(),
                ports.join(", ")
            );
            explore::Domain::Box {
                lo: bounds.iter().map(|b| b[0]).collect(),
                hi: bounds.iter().map(|b| b[1]).collect(),
            }
        }
    };
    ensure!(domain.free() > 0, "every input is held constant: nothing is left to audit");
    match &settings.slice {
        None => Ok(domain),
        Some(slice) => slice.of(domain, network, settings.plan.seed),
    }
}

fn refused(source: Card, offenders: &[Offender], settings: &Settings) -> Audit {
    let mut findings: Vec<Finding> = (offenders.iter())
        .map(|o| {
            let message = format!("{} (output {}) {}", o.op, o.output, o.reason);
            Finding::new("unsupported-operator", Severity::Error, message).at(o.node.clone()).hint(o.hint.clone())
        })
        .collect();
    sort(&mut findings);
    let reason = format!("{} node(s) are outside the supported fragment", offenders.len());
    let report = Report {
        schema: SCHEMA_ID.into(),
        tool: Tool::default(),
        model: card(source),
        settings: ReportSettings {
            domain: settings::stated_domain(settings),
            slice: None,
            points: settings.data.as_ref().map(data::Data::described),
            method: settings::name(settings.plan.method),
            auto: None,
            engine: settings::engine(&settings.plan),
            seed: settings.plan.seed,
            samples: settings.plan.samples,
            max_regions: Some(settings.plan.max_regions),
            outputs: settings.import.outputs.clone(),
            dims: settings::dims(settings),
            fixed: settings::fixed(settings),
        },
        status: Status { state: "refused".into(), reason: Some(reason) },
        summary: Summary::default(),
        histogram: Histogram::default(),
        layers: vec![],
        findings,
        checks: Checks::default(),
        plugins: vec![],
        null_model: None,
        attribution: None,
        weights: vec![],
        shape: None,
        shard: None,
    };
    Audit { report, network: None, picture: None, refused: true, interrupted: false }
}

fn card(card: Card) -> Model {
    Model {
        file: card.file,
        sha256: format!("sha256:{}", card.sha256),
        bytes: card.bytes,
        ir_version: card.ir_version,
        opset: card.opset,
        producer: card.producer,
        inputs: card.inputs,
        outputs: card.outputs,
    }
}
