//! The command line: arguments → settings → audits → documents → exit code.
//!
//! Contract: stdout holds documents only; tables, progress and messages go to stderr. Exit codes: 0 audited, 1 a check
//! failed, 2 usage, input, output or an unreadable model, 3 outside the supported fragment, 130 interrupted; the highest
//! wins over several models.

mod args;
mod compare;
mod config;
mod documents;
mod domain;
mod enumerate_args;
mod eval;
mod inspect;
mod manual;
mod numpy;
mod output;
mod parts;
mod plugin_args;
mod plugin_commands;
mod plugins;
mod points;
mod progress;
mod regions;
mod review;
mod run;
mod slice;
mod vectors;
mod verify;
mod weight;

pub use args::{Arguments, Command};
pub use config::command;

use std::process::ExitCode;

/// Exit code of models that fail a check.
pub const CHECK_FAILED: u8 = 1;
/// Exit code of usage, input and output errors, and of unreadable models.
pub const FAILED: u8 = 2;
/// Exit code of models outside the supported fragment.
pub const REFUSED: u8 = 3;
/// Exit code after an interrupt.
pub const INTERRUPTED: u8 = 130;

/// Parses the command line and runs it.
pub fn main() -> ExitCode {
    let (arguments, config) = match config::parse(std::env::args_os().collect()) {
        Ok(parsed) => parsed,
        Err(error) => {
            output::error(&error, args::ColorArg::Auto);
            return ExitCode::from(FAILED);
        }
    };
    let color = arguments.color;
    let outcome = match arguments.command {
        Some(Command::Inspect(inspect)) => inspect::run(&inspect),
        Some(Command::Eval(eval)) => eval::run(&eval),
        Some(Command::Compare(compare)) => compare::run(&compare),
        Some(Command::Points(points)) => points::run(&points),
        Some(Command::Init(init)) => review::init(&init),
        Some(Command::Explain(explain)) => review::explain(&explain),
        Some(Command::Merge(merge)) => parts::merged(&merge),
        Some(Command::Verify(verify)) => verify::run(&verify),
        Some(Command::Completions(completions)) => manual::completions(&completions),
        Some(Command::Man(man)) => manual::man(&man),
        Some(Command::Schema(schema)) => review::schema(&schema),
        Some(Command::Plugins(plugins)) => plugin_commands::run(&plugins.what, color),
        None => run::run(&arguments, config.as_ref()),
    };
    match outcome {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            output::error(&error, color);
            ExitCode::from(FAILED)
        }
    }
}
