//! What deciding one region takes in memory, from its size alone.
//!
//! Contract: an upper estimate of what [`super::faces`] holds at its peak beside the rows themselves, with all threads of
//! the pool inside the region; term by term in `docs/performance.md`.

use super::tolerances::{BLOCKED_DIMENSION, LAZY_DIMENSION, LAZY_ROUNDS, LAZY_ROWS};

const FLOAT: usize = 8;

/// Bytes for a region of `d` inputs and `rows` half-spaces, `walls` of them walls.
pub fn working_memory(d: usize, rows: usize, walls: usize) -> usize {
    let units = rows - walls.min(rows);
    let small = 16 * rows * FLOAT + 4 * d * d * FLOAT;
    // A witness a face, and its copy in the answer.
    let witnesses = rows * (d * FLOAT + 64);
    if d < BLOCKED_DIMENSION {
        return small + witnesses + 5 * rows * d * FLOAT + rows * rows * FLOAT;
    }
    let threads = rayon::current_num_threads();
    let metric = (2 * d * d + units * units + 3 * d * units) * FLOAT;
    let chunk = 128 * (2 * d + rows) * FLOAT;
    let lazy = d >= LAZY_DIMENSION && walls >= 2 * d;
    let columns = (d + 2) * rows * FLOAT;
    // The solver holds the rows by columns and by rows, a copy of each, and its factors.
    let programs = if lazy { (LAZY_ROUNDS * LAZY_ROWS).min(units) * d * 48 } else { 0 };
    small + witnesses + metric + chunk + threads * (columns + programs)
}
