//! What a run was asked and told, in the words of the report's `settings`.

use super::{DomainChoice, Settings};
use crate::explore::{self, Exploration, Method, Plan};
use crate::hash::hex;
use crate::polytope::Engine;
use crate::report::{Bound, Domain, Settings as ReportSettings};
use sha2::{Digest, Sha256};

/// Most inputs whose bounds a report lists; beyond, a hash of them.
const LISTED_BOUNDS: usize = 64;

pub fn name(method: Method) -> String {
    match method {
        Method::Auto => "auto".into(),
        Method::Enumerate => "enumerate".into(),
        Method::Sample => "sample".into(),
    }
}

pub fn engine(plan: &Plan) -> String {
    match plan.engine {
        _ if plan.exact => "exact".into(),
        Engine::Auto => "auto".into(),
        Engine::Lp => "lp".into(),
    }
}

pub fn dims(settings: &Settings) -> Vec<String> {
    settings.import.dims.iter().map(|(name, size)| format!("{name}={size}")).collect()
}

/// Inputs held constant, as `name=value`, or by a hash of their values.
pub fn fixed(settings: &Settings) -> Vec<String> {
    let written = |(name, values): &(String, Vec<f64>)| match values[..] {
        [one] => format!("{name}={one}"),
        _ => {
            let mut hash = Sha256::new();
            values.iter().for_each(|v| hash.update(v.to_le_bytes()));
            format!("{name}=sha256:{}", hex(hash.finalize()))
        }
    };
    settings.import.fix.iter().map(written).collect()
}

/// The domain as far as it is known without the model.
pub fn stated_domain(settings: &Settings) -> Domain {
    let bounds = match settings.domain {
        DomainChoice::Unstated => Some((-1.0, 1.0)),
        DomainChoice::Cube(lo, hi) => Some((lo, hi)),
        _ => None,
    };
    let file = match &settings.domain {
        DomainChoice::Bounds(_, file) => Some(file.clone()),
        DomainChoice::Data => settings.data.as_ref().map(|data| data.file.clone()),
        _ => None,
    };
    let from = (settings.domain == DomainChoice::Data).then(|| "data".to_string());
    let kind = if settings.domain == DomainChoice::Unbounded { "unbounded".into() } else { "box".into() };
    let bound = |b: Option<f64>| b.map(Bound::One);
    Domain { kind, lo: bound(bounds.map(|b| b.0)), hi: bound(bounds.map(|b| b.1)), file, from, sha256: None }
}

pub fn report_settings(domain: &explore::Domain, settings: &Settings, found: &Exploration) -> ReportSettings {
    let sampled = found.method == Method::Sample;
    ReportSettings {
        method: if found.left_out.is_some() { "points".into() } else { name(found.method) },
        auto: found.why.clone(),
        samples: match found.left_out {
            Some(_) => settings.plan.samples,
            None => sampled.then_some(found.samples_asked),
        },
        ..enumeration(domain, settings)
    }
}

/// The settings of a run that enumerates because it was asked to.
pub fn enumeration(domain: &explore::Domain, settings: &Settings) -> ReportSettings {
    ReportSettings {
        domain: described(domain, settings),
        slice: settings.slice.as_ref().and_then(|s| s.described(domain)),
        points: settings.data.as_ref().map(super::data::Data::described),
        method: name(Method::Enumerate),
        auto: None,
        engine: engine(&settings.plan),
        seed: settings.plan.seed,
        samples: None,
        max_regions: (settings.plan.method != Method::Sample).then_some(settings.plan.max_regions),
        outputs: settings.import.outputs.clone(),
        dims: dims(settings),
        fixed: fixed(settings),
    }
}

fn described(domain: &explore::Domain, settings: &Settings) -> Domain {
    let mut out = stated_domain(settings);
    match domain {
        explore::Domain::Unbounded { .. } | explore::Domain::Slice { within: None, .. } => {}
        explore::Domain::Box { lo, hi } | explore::Domain::Slice { within: Some((lo, hi)), .. } => {
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
                let digits = hex(hash.finalize());
                (out.lo, out.hi, out.sha256) = (None, None, Some(format!("sha256:{digits}")));
            }
        }
    }
    out
}
