//! Limits on numbers of `summary`, absolute and against a baseline.
//!
//! Contract: every limit yields one row. A metric that is absent, and a bound that lies on the wrong side to show the
//! limit, are as bad as a broken limit. Sampled numbers are compared as intervals: a limit is broken only when the
//! whole interval is beyond it, and what lies inside is named as sampling noise.

use super::config::{Config, nearest, pattern};
use crate::finding::Severity;
use crate::report::{Knowledge, LimitRow, Measure, Report, measure, paths, rounded};
use anyhow::Result;
use serde_json::Value;

/// The rows of all limits that concern this model.
pub fn evaluate(report: &Report, config: &Config, baseline: Option<&Report>) -> Result<Vec<LimitRow>> {
    let mut rows = vec![];
    for limit in &config.limits {
        if !pattern(limit.model.as_deref())?.matches(&report.model.file) {
            continue;
        }
        for (kind, bound) in limit.bounds() {
            let metric = limit.metric.strip_prefix("summary.").unwrap_or(&limit.metric);
            let (value, base) = (measure(report, metric), baseline.map(|b| measure(b, metric)));
            let (outcome, detail) = match value {
                None => ("missing", missing(report, metric)),
                Some(value) if kind.starts_with("max_") => change(kind, bound, value, base),
                Some(value) => absolute(kind, bound, value),
            };
            rows.push(LimitRow {
                metric: metric.to_string(),
                limit: kind.into(),
                bound,
                value: value.map(|m| m.value),
                baseline: base.flatten().filter(|_| kind.starts_with("max_")).map(|m| m.value),
                outcome: outcome.into(),
                severity: limit.severity.unwrap_or(Severity::Error),
                detail,
            });
        }
    }
    Ok(rows)
}

fn missing(report: &Report, metric: &str) -> String {
    let known = paths(report);
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let near = nearest(metric, &known).map_or(String::new(), |n| format!("; nearest is {n}"));
    format!("the {} report has no such number{near}", report.settings.method)
}

/// Where a range lies with respect to "at most `bound`".
fn at_most([low, high]: [f64; 2], bound: f64) -> &'static str {
    match (high <= bound, low > bound) {
        (true, _) => "holds",
        (_, true) => "broken",
        _ => "between",
    }
}

fn absolute(kind: &str, bound: f64, value: Measure) -> (&'static str, String) {
    let written = describe(value);
    let Some([low, high]) = value.range() else {
        return (
            "undecided",
            format!("{written}: without an interval, or of a part of the regions, it cannot show it"),
        );
    };
    let (place, sign) = match kind {
        "max" => (at_most([low, high], bound), "at most"),
        _ => (at_most([-high, -low], -bound), "at least"),
    };
    conclude(place, value.knowledge, format!("{written}, allowed {sign} {bound}"))
}

fn change(kind: &str, bound: f64, value: Measure, base: Option<Option<Measure>>) -> (&'static str, String) {
    let Some(base) = base else {
        return ("missing", "there is no baseline: give --baseline REPORT".into());
    };
    let Some(base) = base else {
        return ("missing", "the baseline has no such number".into());
    };
    let written = format!("{} after {}", describe(value), describe(base));
    let (Some([low, high]), Some([base_low, base_high])) = (value.range(), base.range()) else {
        return (
            "undecided",
            format!("{written}: without an interval, or of a part of the regions, it cannot show it"),
        );
    };
    let (mut allowed, mut unit, mut remark) = (bound, "", "");
    if kind.ends_with("_pct") {
        allowed = bound / 100.0 * base.value.abs();
        unit = " %";
        if base.value == 0.0 {
            remark = "; the baseline is 0, so any change counts";
        }
    }
    let increase = [low - base_high, high - base_low];
    let (place, word) = if kind.starts_with("max_increase") {
        (at_most(increase, allowed), "increase")
    } else {
        (at_most([-increase[1], -increase[0]], allowed), "decrease")
    };
    let knowledge = match (value.knowledge, base.knowledge) {
        (bound @ (Knowledge::AtLeast | Knowledge::AtMost), _)
        | (_, bound @ (Knowledge::AtLeast | Knowledge::AtMost)) => bound,
        (Knowledge::Interval(..), _) => value.knowledge,
        (_, other) => other,
    };
    conclude(place, knowledge, format!("{written}, allowed {word} {bound}{unit}{remark}"))
}

fn conclude(place: &'static str, knowledge: Knowledge, detail: String) -> (&'static str, String) {
    match (place, knowledge) {
        ("between", Knowledge::AtLeast | Knowledge::AtMost) => {
            ("undecided", format!("{detail}: a bound that cannot show it"))
        }
        ("between", _) => ("within-noise", format!("{detail}: within sampling noise")),
        (decided, _) => (decided, detail),
    }
}

fn describe(m: Measure) -> String {
    let value = rounded(m.value);
    match m.knowledge {
        Knowledge::Exact | Knowledge::Part => format!("{value}"),
        Knowledge::Interval(low, high) => format!("{value} in [{low}, {high}]"),
        Knowledge::AtLeast => format!("at least {value}"),
        Knowledge::AtMost => format!("at most {value}"),
        Knowledge::Estimate => format!("about {value}"),
    }
}

/// Settings that never change the numbers of a report, or that are compared otherwise.
const FREE: [&str; 5] = ["auto", "engine", "max_regions", "samples", "seed"];

/// What makes two reports not comparable, in words; empty when they are.
pub fn differences(a: &Report, b: &Report) -> Vec<String> {
    let settings = |r: &Report| {
        let mut value = serde_json::to_value(&r.settings).unwrap_or(Value::Null);
        if let Some(map) = value.as_object_mut() {
            FREE.iter().for_each(|key| {
                map.remove(*key);
            });
            if let Some(domain) = map.get_mut("domain").and_then(Value::as_object_mut) {
                domain.remove("file");
            }
            if let Some(points) = map.get_mut("points").and_then(Value::as_object_mut) {
                points.remove("file");
            }
        }
        value
    };
    let mut out = vec![];
    compare("settings", &settings(a), &settings(b), &mut out);
    compare("summary.inputs", &a.summary.inputs.into(), &b.summary.inputs.into(), &mut out);
    let weight = |r: &Report| Value::from(r.histogram.weight.clone());
    compare("histogram.weight", &weight(a), &weight(b), &mut out);
    // How many distinct regions are met, and which, depends on how many samples there are.
    if [a, b].iter().all(|r| r.histogram.weight.as_deref() == Some("found")) {
        let samples = |r: &Report| Value::from(r.summary.samples.or(r.summary.points));
        compare("samples behind histogram.weight found", &samples(a), &samples(b), &mut out);
    }
    out
}

fn compare(path: &str, a: &Value, b: &Value, out: &mut Vec<String>) {
    if let (Value::Object(x), Value::Object(y)) = (a, b) {
        let keys: std::collections::BTreeSet<&String> = x.keys().chain(y.keys()).collect();
        for key in keys {
            let at = |map: &serde_json::Map<String, Value>| map.get(key).cloned().unwrap_or(Value::Null);
            compare(&format!("{path}.{key}"), &at(x), &at(y), out);
        }
    } else if a != b {
        out.push(format!("{path}: {a} and {b}"));
    }
}
