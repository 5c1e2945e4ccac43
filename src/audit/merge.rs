//! The sums of all shards of a run, added up.
//!
//! Contract: reported for the same model and settings, they make the very document of the run without `--shard`.
//! Refuses parts that are missing, doubled, unfinished, or of another model, other settings or another program, and says
//! which.

use crate::explore::Sums;
use crate::report::Report;
use anyhow::{Context, Result, ensure};

/// Adds the parts up, given with the names of their files.
pub fn add(reports: &[(String, Report)]) -> Result<Sums> {
    let mut parts: Vec<(&String, &Report, Sums)> = vec![];
    for (name, report) in reports {
        let block = report.shard.as_ref().with_context(|| {
            format!("{name}: the report of a whole run, not of a shard: make its parts with --shard I/N")
        })?;
        let sums = serde_json::from_str(&block.sums).with_context(|| format!("{name}: its sums cannot be read"))?;
        parts.push((name, report, sums));
    }
    parts.sort_by_key(|(_, _, sums)| sums.shard.index);
    let (first_name, first, mut total) = parts.first().cloned().context("no reports to merge")?;
    let of = total.shard.of;
    for (name, report, sums) in &parts {
        same((first_name, first, &total), (name, report, sums))?;
    }
    for pair in parts.windows(2) {
        let (a, b) = (&pair[0], &pair[1]);
        let index = a.2.shard.index;
        ensure!(index != b.2.shard.index, "shard {index}/{of} is given twice: {} and {}", a.0, b.0);
    }
    parts[1..].iter().for_each(|(_, _, sums)| total.counts.merge(&sums.counts));
    let missing: Vec<String> = (1..=of)
        .filter(|k| !parts.iter().any(|(_, _, sums)| sums.shard.index == *k))
        .map(|k| format!("{k}/{of}"))
        .collect();
    ensure!(missing.is_empty(), "shard(s) missing: {}; run them with --shard", missing.join(", "));
    for (name, _, sums) in &parts {
        ensure!(
            sums.finished,
            "{name}: shard {}/{of} is not finished; run it again without the limit, or go on with --resume",
            sums.shard.index
        );
    }
    let limit = first.settings.max_regions.unwrap_or(u64::MAX);
    ensure!(
        total.counts.regions <= limit,
        "the shards hold {} regions, and a whole run would have stopped at --max-regions {limit}: run the shards with a \
         larger limit",
        total.counts.regions
    );
    Ok(total)
}

/// Refuses a part that is not of the same run as the first.
fn same(first: (&String, &Report, &Sums), part: (&String, &Report, &Sums)) -> Result<()> {
    let settings = |report: &Report| serde_json::to_string(&report.settings);
    let rows = [
        ("the program's version", first.1.tool.version.clone(), part.1.tool.version.clone()),
        ("the model", first.1.model.sha256.clone(), part.1.model.sha256.clone()),
        ("the number of shards", first.2.shard.of.to_string(), part.2.shard.of.to_string()),
        ("the settings", settings(first.1)?, settings(part.1)?),
        ("the tree of splits", first.2.tree.clone(), part.2.tree.clone()),
    ];
    for (what, here, there) in rows {
        ensure!(here == there, "{} is of another run than {}: {what} differs, {there} and {here}", part.0, first.0);
    }
    Ok(())
}
