//! `--domain` and `--fix`: text and files into bounds.
//!
//! Contract: a YAML file lists one `[lo, hi]` per input, by itself or under the key `domain`; a VNN-LIB 1.0 file is
//! read for its bounds on `X_i` only. Refuses anything else with its line, bounds that are not finite, and empty boxes.

use super::numpy;
use crate::audit::DomainChoice;
use anyhow::{Context, Result, bail, ensure};
use std::path::Path;

/// Reads `--domain`.
pub fn choice(text: Option<&str>) -> Result<DomainChoice> {
    let Some(text) = text else { return Ok(DomainChoice::Unstated) };
    match text {
        "unbounded" => return Ok(DomainChoice::Unbounded),
        "data" => return Ok(DomainChoice::Data),
        _ => {}
    }
    if let Some((lo, hi)) = text.split_once(',')
        && let (Ok(lo), Ok(hi)) = (lo.trim().parse::<f64>(), hi.trim().parse::<f64>())
    {
        check(&[[lo, hi]]).with_context(|| format!("--domain {text}"))?;
        return Ok(DomainChoice::Cube(lo, hi));
    }
    let path = Path::new(text);
    let file = path.file_name().map(|f| f.to_string_lossy().into_owned()).unwrap_or_default();
    if !path.exists() {
        let near = if strsim::levenshtein(text, "unbounded") < 4 { " (did you mean `unbounded`?)" } else { "" };
        bail!("--domain {text}: neither LO,HI nor `unbounded`, and no such file{near}");
    }
    let content = std::fs::read_to_string(path).with_context(|| format!("--domain {text}: cannot be read"))?;
    let vnnlib = path.extension().is_some_and(|e| e == "vnnlib") || content.trim_start().starts_with([';', '(']);
    let bounds = if vnnlib { vnnlib_box(&content) } else { yaml_box(&content) };
    let bounds = bounds.with_context(|| format!("--domain {text}"))?;
    check(&bounds).with_context(|| format!("--domain {text}"))?;
    Ok(DomainChoice::Bounds(bounds, file))
}

fn check(bounds: &[[f64; 2]]) -> Result<()> {
    ensure!(!bounds.is_empty(), "states no bounds");
    for (k, [lo, hi]) in bounds.iter().enumerate() {
        ensure!(
            lo.is_finite() && hi.is_finite(),
            "bounds {lo}, {hi} of input {k} are not finite (use `unbounded` for all of space)"
        );
        ensure!(lo <= hi, "the domain is empty: lower bound {lo} of input {k} is above its upper bound {hi}");
    }
    ensure!(bounds.iter().any(|[lo, hi]| lo < hi), "the domain is a single point: no input is free");
    Ok(())
}

fn yaml_box(content: &str) -> Result<Vec<[f64; 2]>> {
    let value: serde_yaml::Value = serde_yaml::from_str(content).context("not YAML")?;
    let list = value.get("domain").cloned().unwrap_or(value);
    serde_yaml::from_value(list).context("expected a list with one [lo, hi] per input, by itself or under `domain:`")
}

/// The box part of a VNN-LIB 1.0 property.
fn vnnlib_box(content: &str) -> Result<Vec<[f64; 2]>> {
    let mut bounds: Vec<[f64; 2]> = vec![];
    for (line, form) in forms(content)? {
        let words = form.replace(['(', ')'], " ");
        let words: Vec<&str> = words.split_whitespace().collect();
        let at = |what: &str| anyhow::anyhow!("line {line}: {what}: {form}");
        match words[..] {
            ["vnnlib-version", ..] | ["declare-network", ..] | ["declare-input", ..] => {
                return Err(at("VNN-LIB 2.0 is not supported yet, write the property as VNN-LIB 1.0"));
            }
            ["declare-const", name, "Real"] => {
                if let Some(k) = index(name) {
                    ensure!(k == bounds.len(), at("inputs must be declared in order"));
                    bounds.push([f64::NEG_INFINITY, f64::INFINITY]);
                }
            }
            ["assert", relation @ ("<=" | ">="), a, b] if index(a).is_some() || index(b).is_some() => {
                let (k, value, upper) = match (index(a), index(b)) {
                    (Some(k), None) => (k, b, relation == "<="),
                    (None, Some(k)) => (k, a, relation == ">="),
                    _ => return Err(at("a relation between inputs is no box")),
                };
                let value: f64 = value.parse().map_err(|_| at("not a number"))?;
                let bound = bounds.get_mut(k).ok_or_else(|| at("an input that is not declared"))?;
                if upper {
                    bound[1] = bound[1].min(value);
                } else {
                    bound[0] = bound[0].max(value);
                }
            }
            ["assert", ..] if words.iter().any(|w| index(w).is_some()) => {
                return Err(at("only simple bounds on inputs make a box"));
            }
            // Output constraints do not concern the domain.
            ["assert", ..] => {}
            _ => return Err(at("not understood")),
        }
    }
    Ok(bounds)
}

/// `X_7` is input 7.
fn index(word: &str) -> Option<usize> {
    word.strip_prefix("X_")?.parse().ok()
}

/// The top-level parenthesised forms, with the line each begins on.
fn forms(content: &str) -> Result<Vec<(usize, String)>> {
    let (mut out, mut depth, mut form, mut begun) = (vec![], 0usize, String::new(), 0);
    for (number, line) in content.lines().enumerate() {
        let code = line.split(';').next().unwrap_or_default();
        for c in code.chars() {
            match c {
                '(' => {
                    if depth == 0 {
                        begun = number + 1;
                    }
                    depth += 1;
                }
                ')' => depth = depth.checked_sub(1).with_context(|| format!("line {}: unbalanced )", number + 1))?,
                _ => {}
            }
            if depth > 0 || c == ')' {
                form.push(c);
            }
            if depth == 0 && !form.is_empty() {
                out.push((begun, std::mem::take(&mut form)));
            }
        }
        form.push(' ');
        if depth == 0 {
            form.clear();
        }
    }
    ensure!(depth == 0, "line {begun}: a form that never ends");
    Ok(out)
}

/// Reads `--fix`.
pub fn fix(text: &str) -> Result<(String, Vec<f64>)> {
    let (input, value) =
        text.split_once('=').with_context(|| format!("--fix {text}: expected NAME=VALUE or NAME=FILE.npy"))?;
    let values = match value.parse::<f64>() {
        Ok(v) => vec![v],
        Err(_) => {
            numpy::read(Path::new(value))
                .with_context(|| format!("--fix {text}: neither a number nor a readable .npy file"))?
                .1
        }
    };
    ensure!(values.iter().all(|v| v.is_finite()), "--fix {text}: a value that is not finite");
    Ok((input.to_string(), values))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_property_gives_its_box() {
        let text = "; comment\n(declare-const X_0 Real)\n(declare-const X_1 Real)\n(declare-const Y_0 Real)\n\
                    (assert (<= X_0 0.5))\n(assert (>= X_0 -0.5))\n(assert (<= 0.25 X_1))\n(assert\n (<= X_1 1e0))\n(assert (>= Y_0 3))\n";
        assert_eq!(vnnlib_box(text).expect("a box"), [[-0.5, 0.5], [0.25, 1.0]]);
    }

    #[test]
    fn what_is_no_box_is_refused_with_its_line() {
        let declared = "(declare-const X_0 Real)\n(declare-const X_1 Real)\n";
        for (form, what) in [
            ("(assert (<= X_0 X_1))", "line 3: a relation"),
            ("(assert (or (<= X_0 1) (>= X_0 2)))", "line 3: only simple"),
            ("(assert (<= X_5 1))", "line 3: an input that is not declared"),
            ("(vnnlib-version <2.0>)", "line 3: VNN-LIB 2.0"),
            ("(assert (<= X_0 1)", "line 3: a form that never ends"),
        ] {
            let error = vnnlib_box(&format!("{declared}{form}\n")).expect_err("refused").to_string();
            assert!(error.starts_with(what), "{error}");
        }
    }

    #[test]
    fn yaml_by_itself_and_under_a_key() {
        for text in ["- [0, 1]\n- [-2.5, 3]\n", "domain:\n  - [0, 1]\n  - [-2.5, 3]\n"] {
            assert_eq!(yaml_box(text).expect("a box"), [[0.0, 1.0], [-2.5, 3.0]]);
        }
        assert!(yaml_box("a: b").is_err());
    }
}
