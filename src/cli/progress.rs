//! Progress on stderr, on terminals only, with an estimate where the work is known.

use crate::explore::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::time::Duration;

/// A progress line for one model.
pub struct Line {
    bar: Option<ProgressBar>,
}

impl Line {
    /// A line, or silence.
    pub fn new(quiet: bool, model: &str) -> Line {
        if quiet || !std::io::stderr().is_terminal() {
            return Line { bar: None };
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(8));
        bar.set_prefix(model.to_string());
        // Until the exploration speaks for itself, the model is being read.
        if let Ok(style) = ProgressStyle::with_template("{prefix} {spinner} {msg}, {elapsed}") {
            bar.set_style(style);
        }
        bar.set_message("reading the model");
        bar.enable_steady_tick(Duration::from_millis(200));
        Line { bar: Some(bar) }
    }

    /// Shows how far along a run is.
    pub fn show(&self, progress: Progress) {
        let Some(bar) = &self.bar else { return };
        let template = match progress.total {
            Some(total) => {
                bar.set_length(total);
                "{prefix} [{bar:30}] {pos}/{len} {msg}, {eta} left"
            }
            None => "{prefix} {spinner} {pos} {msg}, {per_sec}, {elapsed}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        let regions = if progress.total.is_some() { format!(", {} regions", progress.regions) } else { String::new() };
        bar.set_message(format!("{}{regions}", progress.note));
        bar.set_position(progress.done);
    }

    /// Clears the line.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
