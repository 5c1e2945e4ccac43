//! What a model has to pass: built-in checks, limits on `summary`, severities, findings set aside, the verdict.
//!
//! Contract: reads reports, never models' files or engines. A limit that cannot be shown to hold is broken: a missing
//! metric, or a bound on the wrong side.

mod built_in;
mod config;
mod gate;
mod limits;

pub use built_in::{coverage, weights};
pub use config::{Config, Ignore, Limit, PluginChoice, TEMPLATE, nearest};
pub use gate::{FailOn, Gate};
pub use limits::{differences, evaluate};
