//! A plugin in a process of its own.

use super::manifest::{Kind, Located};
use super::process::{self, Limits, Trouble};
use super::{Check, Envelope, Failure, Render, Subject, protocol};
use crate::finding::Finding;

/// A plugin that is run for each answer.
#[derive(Debug)]
pub struct External<'a> {
    /// What is run.
    pub located: &'a Located,
    /// Within which bounds.
    pub limits: Limits<'a>,
}

impl External<'_> {
    fn answer(&self, kind: Kind, subject: &Subject) -> Result<(Vec<u8>, String), Failure> {
        let Located { manifest, program, arguments, folder, .. } = self.located;
        let envelope = Envelope::new(kind, &manifest.needs, subject);
        let failure = |t: Trouble| Failure { plugin: manifest.name.clone(), what: t.what, stderr: t.stderr };
        let mut input = serde_json::to_vec(&envelope)
            .map_err(|e| failure(Trouble { what: format!("no envelope: {e}"), stderr: String::new() }))?;
        input.push(b'\n');
        let done = process::run(program, arguments, folder.as_deref(), input, self.limits).map_err(failure)?;
        if !done.status.success() {
            return Err(failure(Trouble { what: done.status.to_string(), stderr: done.stderr }));
        }
        Ok((done.stdout, done.stderr))
    }
}

impl Check for External<'_> {
    fn check(&self, subject: &Subject) -> Result<Vec<Finding>, Failure> {
        let (answer, stderr) = self.answer(Kind::Check, subject)?;
        let plugin = &self.located.manifest.name;
        protocol::findings(plugin, &answer).map_err(|what| Failure { plugin: plugin.clone(), what, stderr })
    }
}

impl Render for External<'_> {
    fn render(&self, subject: &Subject) -> Result<Vec<u8>, Failure> {
        Ok(self.answer(Kind::Render, subject)?.0)
    }
}
