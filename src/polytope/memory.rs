//! What deciding one region takes in memory, from its size alone.
//!
//! Contract: an upper estimate of what [`super::faces`] holds at its peak beside the rows themselves, with all threads of
//! the pool inside the region; term by term in `docs/performance.md`.

use super::tolerances::{
    BLOCKED_DIMENSION, BOX_DIMENSION, BOX_PROGRAM, BOX_ROUNDS, BOX_ROWS, LAZY_ROUNDS, LAZY_ROWS, SIEVED,
};

const FLOAT: usize = 8;

/// Bytes for a region of `d` inputs and `rows` half-spaces, `walls` of them walls.
pub fn working_memory(d: usize, rows: usize, walls: usize) -> usize {
    let units = rows - walls.min(rows);
    let small = 16 * rows * FLOAT + 4 * d * d * FLOAT;
    // A witness a face, and its copy in the answer.
    let witnesses = rows * (d * FLOAT + 64);
    if d < BLOCKED_DIMENSION {
        return small + witnesses + 5 * rows * d * FLOAT + rows.min(SIEVED) * rows.min(SIEVED) * FLOAT;
    }
    let threads = rayon::current_num_threads();
    if d >= BOX_DIMENSION && walls >= 2 * d {
        // Rows by columns; points, steps and slacks of a chunk, and a share of them gathered per thread.
        let products = units * d * 12 + 128 * (4 * d + 2 * rows) * FLOAT + threads * 64 * (d + units) * FLOAT;
        let short = (BOX_ROUNDS * BOX_ROWS).min(units) + 1;
        let rounds = 2 * short * (d + short) * FLOAT;
        // The solver holds the rows by columns and by rows, a copy of each, and its factors.
        let whole = if units * d <= BOX_PROGRAM { units } else { 0 };
        let programs = (BOX_ROUNDS * BOX_ROWS + LAZY_ROUNDS * LAZY_ROWS).min(units).max(whole) * d * 48;
        return small + witnesses + products + threads * (rounds + programs);
    }
    let metric = (2 * d * d + rows * rows + 2 * d * (rows + units)) * FLOAT;
    let chunk = 128 * (2 * d + rows) * FLOAT;
    // Every row's point is offered at most once by a ray.
    let rays = rows * d * FLOAT;
    let active = 9 * (d + 8) * (d + 8) * FLOAT;
    small + witnesses + metric + chunk + rays + threads * active
}
