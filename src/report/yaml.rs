//! The document as YAML that readers of version 1.1 and of version 1.2 read alike.
//!
//! serde_yaml writes for 1.2: a 1.1 reader takes its `1e-9` for a string, `no` for a boolean and `12:30:45` for a
//! number. So every float, and every string that is not plainly a word, leaves serde_yaml as a token and is put back
//! as a float with a signed exponent, or as a double-quoted string with JSON's escapes.

use serde::Serialize;
use serde_yaml::Value;

const TOKEN: &str = "polyauditscalar";

/// The document, ending in a line feed, without a document marker.
pub fn to_yaml(document: &impl Serialize) -> anyhow::Result<String> {
    emit(serde_yaml::to_value(document)?)
}

fn emit(mut value: Value) -> anyhow::Result<String> {
    let mut scalars = vec![];
    replace(&mut value, &mut scalars);
    let text = serde_yaml::to_string(&value)?;
    let mut out = String::with_capacity(text.len());
    let mut parts = text.split(TOKEN);
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (number, rest) = part.split_once('z').ok_or_else(|| anyhow::anyhow!("a token without an end"))?;
        out.push_str(&scalars[number.parse::<usize>()?]);
        out.push_str(rest);
    }
    Ok(out)
}

fn replace(value: &mut Value, scalars: &mut Vec<String>) {
    let written = match value {
        Value::Sequence(items) => return items.iter_mut().for_each(|v| replace(v, scalars)),
        Value::Mapping(map) => return map.iter_mut().for_each(|(_, v)| replace(v, scalars)),
        Value::Number(n) if n.is_f64() => n.as_f64().map(float),
        Value::String(s) if !plain(s) => serde_json::to_string(s).ok(),
        _ => None,
    };
    if let Some(written) = written {
        *value = Value::String(format!("{TOKEN}{}z", scalars.len()));
        scalars.push(written);
    }
}

/// A float that both versions read as one: with a point, and a sign and two digits in the exponent.
fn float(x: f64) -> String {
    if !x.is_finite() {
        return "null".into();
    }
    let text = format!("{x:?}");
    let Some((mantissa, exponent)) = text.split_once('e') else { return text };
    let point = if mantissa.contains('.') { "" } else { ".0" };
    let (sign, digits) = exponent.strip_prefix('-').map_or(("+", exponent), |d| ("-", d));
    format!("{mantissa}{point}e{sign}{digits:0>2}")
}

/// Whether a string is a word that no reader takes for anything else.
fn plain(s: &str) -> bool {
    const WORDS: [&str; 10] = ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan"];
    let first = s.chars().next().is_some_and(|c| c.is_ascii_alphabetic());
    let rest = s.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_' || c == '/');
    first && rest && !WORDS.contains(&s.to_ascii_lowercase().as_str()) && !s.contains(TOKEN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scalars_that_readers_disagree_on_are_quoted() {
        let hard =
            ["no", "On", "2026-01-01", "12:30:45", "12e345", "0x1F", "1_000", "~", "null", "", " a", "a: b", "#x"];
        for s in hard {
            assert_eq!(
                emit(Value::String(s.into())).expect("yaml").trim_end(),
                serde_json::to_string(s).expect("json")
            );
        }
        assert_eq!(emit(Value::String("relu".into())).expect("yaml"), "relu\n");
    }

    /// A key is not quoted: one that a reader takes for null or a boolean would be no string for it.
    #[test]
    fn keys_of_the_schema_are_plain_words() {
        fn keys(schema: &serde_json::Value, out: &mut Vec<String>) {
            if let Some(properties) = schema.get("properties").and_then(|p| p.as_object()) {
                out.extend(properties.keys().cloned());
            }
            match schema {
                serde_json::Value::Object(map) => map.values().for_each(|v| keys(v, out)),
                serde_json::Value::Array(items) => items.iter().for_each(|v| keys(v, out)),
                _ => {}
            }
        }
        let mut all = vec![];
        keys(&serde_json::from_str(crate::report::SCHEMA).expect("a schema"), &mut all);
        assert!(all.len() > 100);
        assert!(all.iter().all(|k| plain(k)), "{:?}", all.iter().find(|k| !plain(k)));
    }

    #[test]
    fn floats_have_a_point_and_a_signed_exponent() {
        for (x, text) in [(1e-9, "1.0e-09"), (1e16, "1.0e+16"), (1.5e-7, "1.5e-07"), (8.0, "8.0"), (0.1, "0.1")] {
            assert_eq!(float(x), text);
            assert_eq!(serde_yaml::from_str::<f64>(text).expect("a float"), x);
        }
    }
}
