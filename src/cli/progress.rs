//! Progress on stderr, on terminals only, with an estimate where the work is known.
//!
//! Contract: the estimate is the time taken so far, spread over the share of the work that is done: whole samples (or
//! points, or subtrees), and within large regions the rows that are decided. Before anything is done there is none.

use crate::explore::Progress;
use crate::finding::counted;
use indicatif::{HumanDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;
use std::time::{Duration, Instant};

/// Steps of the bar per unit of work, so that parts of a unit show.
const FINE: u64 = 1000;

/// A progress line for one model.
pub struct Line {
    bar: Option<ProgressBar>,
    start: Instant,
}

impl Line {
    /// A line, or silence.
    pub fn new(quiet: bool, model: &str) -> Line {
        let start = Instant::now();
        if quiet || !std::io::stderr().is_terminal() {
            return Line { bar: None, start };
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr_with_hz(8));
        bar.set_prefix(model.to_string());
        // Until the exploration speaks for itself, the model is being read.
        if let Ok(style) = ProgressStyle::with_template("{prefix} {spinner} {msg}, {elapsed}") {
            bar.set_style(style);
        }
        bar.set_message("reading the model");
        bar.enable_steady_tick(Duration::from_millis(200));
        Line { bar: Some(bar), start }
    }

    /// Shows how far along a run is.
    pub fn show(&self, progress: Progress) {
        let Some(bar) = &self.bar else { return };
        let template = match progress.total {
            Some(_) => "{prefix} [{bar:20}] {msg}",
            None => "{prefix} {spinner} {msg}, {per_sec}, {elapsed}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style);
        }
        bar.set_message(words(&progress, self.start.elapsed()));
        match progress.total {
            Some(total) => {
                bar.set_length(total.max(1) * FINE);
                bar.set_position((share(&progress) * (total.max(1) * FINE) as f64) as u64);
            }
            None => bar.set_position(progress.done),
        }
    }

    /// Clears the line.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Share of the work that is done: units of work, and the rows of those under way, in units.
fn share(progress: &Progress) -> f64 {
    let Some(total) = progress.total.filter(|t| *t > 0) else { return 0.0 };
    let begun = progress.rows.map_or(0.0, |(decided, rows)| decided as f64 / rows.max(1) as f64);
    ((progress.done as f64 + begun) / total as f64).min(1.0)
}

/// The line's words after `elapsed`.
fn words(progress: &Progress, elapsed: Duration) -> String {
    let mut out = match progress.total {
        Some(total) => format!("{}/{total} {}", progress.done, progress.note),
        None => format!("{} {}", progress.done, progress.note),
    };
    if progress.total.is_some() && progress.regions > 0 {
        out += &format!(", {}", counted(progress.regions, "region"));
    }
    if let Some((decided, rows)) = progress.rows {
        out += &format!(", {decided} of {rows} rows decided");
    }
    if progress.total.is_some() {
        let share = share(progress);
        out += &match share > 0.0 {
            true => format!(", {} left", HumanDuration(elapsed.mul_f64((1.0 - share) / share))),
            false => ", no estimate yet".to_string(),
        };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn progress(done: u64, rows: Option<(u64, u64)>) -> Progress {
        Progress { done, total: Some(5), regions: done, note: "samples", rows }
    }

    #[test]
    fn the_estimate_goes_by_the_rows_decided() {
        let none = words(&progress(0, None), Duration::from_secs(7));
        assert_eq!(none, "0/5 samples, no estimate yet");
        let half = words(&progress(2, Some((500, 1000))), Duration::from_secs(60));
        assert_eq!(half, "2/5 samples, 2 regions, 500 of 1000 rows decided, 60 seconds left");
        let whole = words(&progress(5, None), Duration::from_secs(60));
        assert_eq!(whole, "5/5 samples, 5 regions, 0 seconds left");
    }
}
