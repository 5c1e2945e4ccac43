//! One number of `summary` by its dotted path, and what is known of it: exact, an interval, or a bound.
//!
//! Contract: an enumeration that is complete gives exact numbers; samples give intervals where the report states them;
//! extremes and counts of what was met are bounds, never the thing itself.

use super::Report;
use serde_yaml::Value;

/// What a number tells about the quantity it stands for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Knowledge {
    /// The quantity itself.
    Exact,
    /// A 95 % interval around it.
    Interval(f64, f64),
    /// The quantity is at least this.
    AtLeast,
    /// The quantity is at most this.
    AtMost,
    /// An estimate whose error is not stated.
    Estimate,
    /// Computed from the found part of a domain: says nothing certain about the whole.
    Part,
}

/// A number of `summary`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measure {
    /// The number.
    pub value: f64,
    /// What is known.
    pub knowledge: Knowledge,
}

impl Measure {
    /// The range in which the quantity lies, as far as it is known.
    pub fn range(&self) -> Option<[f64; 2]> {
        match self.knowledge {
            Knowledge::Exact => Some([self.value, self.value]),
            Knowledge::Interval(low, high) => Some([low, high]),
            Knowledge::AtLeast => Some([self.value, f64::INFINITY]),
            Knowledge::AtMost => Some([f64::NEG_INFINITY, self.value]),
            Knowledge::Estimate | Knowledge::Part => None,
        }
    }
}

/// All dotted paths of `summary` that hold a number, in the order of the document, without the ends of intervals.
pub fn paths(report: &Report) -> Vec<String> {
    let mut out = vec![];
    collect(&summary(report), "", &mut out);
    out
}

/// The number at `path` (with or without the leading `summary.`); `None` where there is none.
pub fn measure(report: &Report, path: &str) -> Option<Measure> {
    let path = path.strip_prefix("summary.").unwrap_or(path);
    let summary = summary(report);
    let value = number(&summary, path)?;
    Some(Measure { value, knowledge: knowledge(report, &summary, path) })
}

fn knowledge(report: &Report, summary: &Value, path: &str) -> Knowledge {
    let ends = (number(summary, &format!("{path}_low")), number(summary, &format!("{path}_high")));
    if let (Some(low), Some(high)) = ends {
        return Knowledge::Interval(low, high);
    }
    let sampled = report.settings.method != "enumerate";
    let complete = report.status.state == "complete";
    let (group, leaf) = path.rsplit_once('.').unwrap_or(("", path));
    let about_faces = group.starts_with("faces");
    let weight = report.histogram.weight.as_deref();
    let all_slopes = report.shape.as_ref().and_then(|s| s.lipschitz.as_ref()).is_some_and(|l| l.all_regions);
    match path {
        "inputs" | "units" | "samples" | "points" | "points_left_out" => return Knowledge::Exact,
        "regions_met_once" => return Knowledge::Part,
        "regions_found" => return Knowledge::AtLeast,
        "undecided" | "identically_on_breakpoint" if sampled || !complete => return Knowledge::AtLeast,
        // The steepest of some regions: others may be steeper.
        "shape.lipschitz_max" if !all_slopes => return Knowledge::AtLeast,
        _ if group == "null_model" && leaf != "planes" => return Knowledge::Estimate,
        _ if about_faces && weight == Some("point") => return Knowledge::Exact,
        // A biased choice of regions says nothing certain about all of them.
        _ if about_faces && weight == Some("found") => return Knowledge::Part,
        _ => {}
    }
    match (sampled, complete, leaf) {
        (false, true, _) => Knowledge::Exact,
        (_, _, "max") if about_faces => Knowledge::AtLeast,
        (_, _, "min") if about_faces => Knowledge::AtMost,
        (true, _, _) => Knowledge::Estimate,
        (false, false, _) => Knowledge::Part,
    }
}

fn summary(report: &Report) -> Value {
    serde_yaml::to_value(&report.summary).unwrap_or(Value::Null)
}

fn number(summary: &Value, path: &str) -> Option<f64> {
    path.split('.').try_fold(summary, |value, key| value.get(key))?.as_f64()
}

fn collect(value: &Value, prefix: &str, out: &mut Vec<String>) {
    let Value::Mapping(map) = value else {
        if value.is_number() {
            out.push(prefix.to_string());
        }
        return;
    };
    for (key, inner) in map {
        let Some(key) = key.as_str() else { continue };
        let end = ["_low", "_high"].iter().any(|e| key.strip_suffix(e).is_some_and(|k| map.contains_key(k)));
        if !end {
            let path = if prefix.is_empty() { key.to_string() } else { format!("{prefix}.{key}") };
            collect(inner, &path, out);
        }
    }
}
