//! The file of `--checkpoint`: how far an enumeration has come, and of what.
//!
//! Contract: a run goes on only from a checkpoint of the same model, settings, part and program; anything else is
//! refused with what differs. JSON, `polyaudit/checkpoint/1`.

use crate::explore::{Done, Shard};
use crate::report::Settings;
use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Name of the format.
const FORMAT: &str = "polyaudit/checkpoint/1";

/// What a run is, as far as its sums depend on it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Identity {
    /// Version of the program.
    pub version: String,
    /// Hash of the model's file.
    pub model: String,
    /// The report's settings.
    pub settings: Value,
    /// The part, of a run in parts.
    pub shard: Option<Shard>,
}

#[derive(Serialize, Deserialize)]
struct Document {
    format: String,
    #[serde(flatten)]
    identity: Identity,
    done: Done,
}

impl Identity {
    /// That of a run of this program.
    pub fn new(model: &str, settings: &Settings, shard: Option<Shard>) -> Result<Identity> {
        let settings = serde_json::to_value(settings).context("settings cannot be written")?;
        Ok(Identity { version: env!("CARGO_PKG_VERSION").into(), model: model.into(), settings, shard })
    }

    /// The text of a checkpoint.
    pub fn write(&self, done: &Done) -> Result<String> {
        let document = Document { format: FORMAT.into(), identity: self.clone(), done: done.clone() };
        serde_json::to_string(&document).context("a checkpoint cannot be written")
    }

    /// Reads a checkpoint of this run.
    pub fn read(&self, text: &str) -> Result<Done> {
        let value: Value = serde_json::from_str(text).context("not a checkpoint")?;
        let format = value.get("format").and_then(Value::as_str).unwrap_or_default();
        ensure!(format == FORMAT, "not a checkpoint of format {FORMAT}: its format is {format:?}");
        let document: Document = serde_json::from_str(text).context("not a whole checkpoint")?;
        let differences = self.differences(&document.identity);
        ensure!(
            differences.is_empty(),
            "the checkpoint is of another run: {}; give the same model and settings, or begin anew without --resume",
            differences.join("; ")
        );
        Ok(document.done)
    }

    fn differences(&self, other: &Identity) -> Vec<String> {
        let mut out = vec![];
        let mut compare = |what: &str, there: String, here: String| {
            if there != here {
                out.push(format!("{what} is {there} in the checkpoint and {here} now"));
            }
        };
        compare("the program's version", other.version.clone(), self.version.clone());
        compare("the model's hash", other.model.clone(), self.model.clone());
        let shard = |s: &Option<Shard>| s.map_or("none".to_string(), |s| format!("{}/{}", s.index, s.of));
        compare("the shard", shard(&other.shard), shard(&self.shard));
        let keys = |value: &Value| value.as_object().map(|m| m.keys().cloned().collect::<Vec<_>>()).unwrap_or_default();
        let mut all = keys(&self.settings);
        all.extend(keys(&other.settings));
        all.sort();
        all.dedup();
        for key in all {
            let text = |value: &Value| value.get(&key).map_or("not set".to_string(), Value::to_string);
            compare(&format!("the setting {key}"), text(&other.settings), text(&self.settings));
        }
        out
    }
}
