//! One model from file to report: load, choose the domain, explore, summarise.
//!
//! Contract: a model that can be read always gets a report, also one that is refused or only partly explored.

use crate::explore::identities::Outcome;
use crate::explore::{self, Control, Exploration, Method, Plan, State, Weight};
use crate::finding::{Finding, Severity};
use crate::import::{self, Card, ImportError, Offender};
use crate::ir::{Network, Op};
use crate::polytope::Engine;
use crate::report::{
    Bound, Checks, Domain, FaceSummary, Faces, Histogram, HistogramRow, IdentityRow, Layer, Model, Report, SCHEMA_ID,
    Settings as ReportSettings, Status, Summary, Tool, rounded,
};
use crate::stats::{Distribution, mean_interval, proportion_interval};
use anyhow::ensure;
use sha2::{Digest, Sha256};
use std::path::Path;

/// Most inputs whose bounds a report lists; beyond, a hash of them.
const LISTED_BOUNDS: usize = 64;

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
    /// All of R^d.
    Unbounded,
}

/// All that determines a report.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How to read the model.
    pub import: import::Options,
    /// Which part of the input space.
    pub domain: DomainChoice,
    /// How to explore.
    pub plan: Plan,
}

impl Default for Settings {
    fn default() -> Settings {
        let plan = Plan { method: Method::Auto, engine: Engine::Auto, samples: None, seed: 0, max_regions: 1_000_000 };
        Settings { import: import::Options::default(), domain: DomainChoice::default(), plan }
    }
}

/// A report, and how the run ended.
#[derive(Clone, Debug)]
pub struct Audit {
    /// The document.
    pub report: Report,
    /// Whether the model is outside the supported fragment.
    pub refused: bool,
    /// Whether an interrupt ended the run.
    pub interrupted: bool,
}

/// Audits the model at `path`. Errors are those of a file that is no readable model, or of settings that do not fit it.
pub fn audit(path: &Path, settings: &Settings, control: &Control) -> anyhow::Result<Audit> {
    let model = match import::load(path, &settings.import) {
        Ok(model) => model,
        Err(ImportError::Refused { card, offenders, .. }) => return Ok(refused(*card, &offenders, settings)),
        Err(e) => return Err(e.into()),
    };
    let domain = domain(&model.network, settings)?;
    let found = explore::explore(&model.network, &domain, &settings.plan, control)?;
    let interrupted = matches!(&found.state, State::Partial { interrupted: true, .. });
    let mut findings = model.findings;
    if settings.domain == DomainChoice::Unstated {
        let message = "the domain was not stated, and every number depends on it: [-1, 1] is assumed for every input";
        let hint = "state the range of the inputs with --domain LO,HI or --domain FILE";
        findings.push(Finding::new("domain-not-stated", Severity::Warning, message).hint(hint));
    }
    findings.extend(found.findings.iter().cloned());
    sort(&mut findings);
    let report = Report {
        schema: SCHEMA_ID,
        tool: Tool::default(),
        model: card(model.card),
        settings: report_settings(&domain, settings, &found),
        status: status(&found),
        summary: summary(&model.network, &found),
        histogram: histogram(&found),
        layers: layers(&model.network),
        findings,
        checks: checks(&found),
    };
    Ok(Audit { report, refused: false, interrupted })
}

/// The domain over all inputs of the network, held ones included.
fn domain(network: &Network, settings: &Settings) -> anyhow::Result<explore::Domain> {
    let n = network.input_len();
    let domain = match &settings.domain {
        DomainChoice::Unstated => explore::Domain::cube(n, -1.0, 1.0),
        DomainChoice::Cube(lo, hi) => explore::Domain::cube(n, *lo, *hi),
        DomainChoice::Unbounded => explore::Domain::unbounded(n),
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
    Ok(domain)
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
        schema: SCHEMA_ID,
        tool: Tool::default(),
        model: card(source),
        settings: ReportSettings {
            domain: stated_domain(settings),
            method: name(settings.plan.method),
            auto: None,
            engine: engine(settings.plan.engine),
            seed: settings.plan.seed,
            samples: settings.plan.samples,
            max_regions: Some(settings.plan.max_regions),
            outputs: settings.import.outputs.clone(),
            dims: dims(settings),
            fixed: fixed(settings),
        },
        status: Status { state: "refused", reason: Some(reason) },
        summary: Summary::default(),
        histogram: Histogram::default(),
        layers: vec![],
        findings,
        checks: Checks::default(),
    };
    Audit { report, refused: true, interrupted: false }
}

fn sort(findings: &mut [Finding]) {
    findings.sort_by(|a, b| (a.severity, a.code, &a.node, &a.message).cmp(&(b.severity, b.code, &b.node, &b.message)));
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

fn name(method: Method) -> &'static str {
    match method {
        Method::Auto => "auto",
        Method::Enumerate => "enumerate",
        Method::Sample => "sample",
    }
}

fn engine(engine: Engine) -> &'static str {
    match engine {
        Engine::Auto => "auto",
        Engine::Lp => "lp",
    }
}

fn dims(settings: &Settings) -> Vec<String> {
    settings.import.dims.iter().map(|(name, size)| format!("{name}={size}")).collect()
}

/// Inputs held constant, as `name=value`, or by a hash of their values.
fn fixed(settings: &Settings) -> Vec<String> {
    let written = |(name, values): &(String, Vec<f64>)| match values[..] {
        [one] => format!("{name}={one}"),
        _ => {
            let mut hash = Sha256::new();
            values.iter().for_each(|v| hash.update(v.to_le_bytes()));
            format!("{name}=sha256:{}", hash.finalize().iter().map(|b| format!("{b:02x}")).collect::<String>())
        }
    };
    settings.import.fix.iter().map(written).collect()
}

/// The domain as far as it is known without the model.
fn stated_domain(settings: &Settings) -> Domain {
    let bounds = match settings.domain {
        DomainChoice::Unstated => Some((-1.0, 1.0)),
        DomainChoice::Cube(lo, hi) => Some((lo, hi)),
        _ => None,
    };
    let file = match &settings.domain {
        DomainChoice::Bounds(_, file) => Some(file.clone()),
        _ => None,
    };
    let kind = if settings.domain == DomainChoice::Unbounded { "unbounded" } else { "box" };
    let bound = |b: Option<f64>| b.map(Bound::One);
    Domain { kind, lo: bound(bounds.map(|b| b.0)), hi: bound(bounds.map(|b| b.1)), file, sha256: None }
}

fn report_settings(domain: &explore::Domain, settings: &Settings, found: &Exploration) -> ReportSettings {
    let sampled = found.method == Method::Sample;
    ReportSettings {
        domain: described(domain, settings),
        method: name(found.method),
        auto: found.why.clone(),
        engine: engine(settings.plan.engine),
        seed: settings.plan.seed,
        samples: sampled.then(|| settings.plan.samples.unwrap_or_else(|| explore::default_samples(found.dimension))),
        max_regions: (settings.plan.method != Method::Sample).then_some(settings.plan.max_regions),
        outputs: settings.import.outputs.clone(),
        dims: dims(settings),
        fixed: fixed(settings),
    }
}

fn described(domain: &explore::Domain, settings: &Settings) -> Domain {
    let mut out = stated_domain(settings);
    match domain {
        explore::Domain::Unbounded { .. } => {}
        explore::Domain::Box { lo, hi } => {
            let uniform = |b: &[f64]| b.iter().all(|x| x == &b[0]);
            if uniform(lo) && uniform(hi) {
                (out.lo, out.hi) = (lo.first().copied().map(Bound::One), hi.first().copied().map(Bound::One));
            } else if lo.len() <= LISTED_BOUNDS {
                (out.lo, out.hi) = (Some(Bound::Each(lo.clone())), Some(Bound::Each(hi.clone())));
            } else {
                let mut hash = Sha256::new();
                lo.iter().zip(hi).for_each(|(l, h)| {
                    hash.update(l.to_le_bytes());
                    hash.update(h.to_le_bytes());
                });
                let digits: String = hash.finalize().iter().map(|b| format!("{b:02x}")).collect();
                (out.lo, out.hi, out.sha256) = (None, None, Some(format!("sha256:{digits}")));
            }
        }
    }
    out
}

fn status(found: &Exploration) -> Status {
    match &found.state {
        State::Complete => Status { state: "complete", reason: None },
        State::Partial { reason, .. } => Status { state: "partial", reason: Some(reason.clone()) },
    }
}

fn summary(network: &Network, found: &Exploration) -> Summary {
    let all = found.method == Method::Enumerate && found.state == State::Complete;
    let sampled = found.method == Method::Sample;
    let covered = found.covered.map(|(inside, drawn)| rounded(inside as f64 / drawn as f64));
    let interval = found.covered.and_then(|(inside, drawn)| proportion_interval(inside, drawn));
    let d = found.dimension;
    let faces = |counts: &[u64]| faces(counts, d, sampled);
    let tally = &found.tally;
    let faces = faces(&tally.total).zip(faces(&tally.interior)).zip(faces(&tally.walls));
    Summary {
        inputs: Some(d as u64),
        units: Some(network.units() as u64),
        regions: all.then_some(found.regions_found),
        regions_found: (!all).then_some(found.regions_found),
        samples: sampled.then_some(found.samples),
        new_in_last_tenth: found.new_in_last_tenth.map(rounded),
        covered,
        covered_low: interval.map(|i| rounded(i[0])),
        covered_high: interval.map(|i| rounded(i[1])),
        undecided: Some(tally.undecided),
        identically_on_breakpoint: Some(found.vanishing.len() as u64),
        faces: faces.map(|((total, interior), walls)| FaceSummary { total, interior, walls }),
    }
}

fn faces(counts: &[u64], d: usize, sampled: bool) -> Option<Faces> {
    let distribution = Distribution::new(counts)?;
    let interval = sampled.then(|| mean_interval(&distribution)).flatten();
    Some(Faces {
        mean: rounded(distribution.mean()),
        mean_low: interval.map(|i| rounded(i[0])),
        mean_high: interval.map(|i| rounded(i[1])),
        median: distribution.quantile(50) as u64,
        p95: distribution.quantile(95) as u64,
        min: distribution.min() as u64,
        max: distribution.max() as u64,
        stddev: rounded(distribution.deviation()),
        share_at_most_2d: rounded(distribution.share_at_most(2 * d)),
    })
}

fn histogram(found: &Exploration) -> Histogram {
    let weight = match found.weight {
        Weight::Region => "region",
        Weight::Volume => "volume",
        Weight::Point => "point",
    };
    let tally = &found.tally;
    let at = |counts: &[u64], k: usize| counts.get(k).copied().unwrap_or(0);
    let rows = (0..tally.total.len().max(tally.interior.len()))
        .map(|k| (k as u64, at(&tally.total, k), at(&tally.interior, k)))
        .filter(|&(_, total, interior)| total + interior > 0)
        .map(|(face_count, total, interior)| match found.weight {
            Weight::Region => HistogramRow::Regions { face_count, regions_total: total, regions_interior: interior },
            _ => HistogramRow::Samples { face_count, samples_total: total, samples_interior: interior },
        })
        .collect();
    Histogram { weight: Some(weight), rows }
}

/// The layers of a network that have units.
pub fn layers(network: &Network) -> Vec<Layer> {
    let layer = |node: &crate::ir::Node, unit_count: usize, kind: &str| Layer {
        layer: node.label.layer.clone(),
        op: node.label.op.clone(),
        unit_count: unit_count as u64,
        kind: kind.into(),
    };
    (network.nodes.iter())
        .filter_map(|node| match &node.op {
            Op::Activation(a) => {
                let units = (0..node.len()).filter(|&i| a.curve(i).pieces() > 1).count();
                Some(layer(node, units, a.curves.iter().map(|c| c.kind()).find(|&k| k != "linear").unwrap_or("linear")))
            }
            Op::Max(m) => Some(layer(node, (0..m.groups()).filter(|&g| m.group(g).len() > 1).count(), "max")),
            _ => None,
        })
        .collect()
}

fn checks(found: &Exploration) -> Checks {
    let outcome = |o: Outcome| match o {
        Outcome::Holds => "holds",
        Outcome::Violated => "violated",
        Outcome::NotApplicable => "not-applicable",
    };
    let rows = found.identities.iter();
    Checks {
        identities: rows
            .map(|i| IdentityRow { identity: i.name, outcome: outcome(i.outcome), detail: i.detail.clone() })
            .collect(),
    }
}
