//! `polyaudit completions`, `polyaudit man`, and what `--version` says: all made from the command line as clap knows it.

use super::args::{Completions, Man};
use super::{config, output};
use anyhow::{Result, bail};

/// The dependencies that decide numbers, as they were locked for this build.
const LOCK: &str = include_str!("../../Cargo.lock");

/// `polyaudit completions`.
pub fn completions(arguments: &Completions) -> Result<u8> {
    let mut out = vec![];
    clap_complete::generate(arguments.shell, &mut config::command(), "polyaudit", &mut out);
    output::print_bytes(&out)?;
    Ok(0)
}

/// `polyaudit man`.
pub fn man(arguments: &Man) -> Result<u8> {
    let command = config::command();
    let page = match &arguments.command {
        None => command,
        Some(name) => match command.find_subcommand(name) {
            Some(found) => found.clone().name(format!("polyaudit-{name}")),
            None => bail!("there is no command {name}; `polyaudit --help` lists them"),
        },
    };
    let mut out = vec![];
    clap_mangen::Man::new(page).render(&mut out)?;
    output::print_bytes(&out)?;
    Ok(0)
}

/// Version of the program and of the libraries behind its numbers.
pub fn version() -> String {
    // The crate highs-sys carries the version of the HiGHS that it builds.
    format!("{}\nHiGHS {}\ntract {}", env!("CARGO_PKG_VERSION"), locked("highs-sys"), locked("tract-core"))
}

/// The version of a crate in the lock file.
fn locked(name: &str) -> &'static str {
    let entry = LOCK.split("[[package]]").find(|e| e.contains(&format!("\nname = \"{name}\"\n")));
    let version = entry.and_then(|e| e.split("\nversion = \"").nth(1)?.split('"').next());
    version.unwrap_or("unknown")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_those_of_the_lock_file() {
        for name in ["highs-sys", "tract-core", "clap"] {
            assert!(locked(name).split('.').count() >= 3, "{name} {}", locked(name));
        }
        assert_eq!(locked("no-such-crate"), "unknown");
    }
}
