//! A row of a large region in a box: the shortest step onto its hyperplane within the box and the rows that matter.
//!
//! Contract: offers candidates; [`super::check`] accepts them or another method goes on. The box costs no rows: of the
//! problem minimise `½|v|²` over steps `v` in the box with `a_i·v = s_i` and `a_f·v <= (1 - margin) s_f`, only the rows have
//! multipliers, and for given ones the best step is each coordinate of `λ a_i - Σ y_f a_f` cut off at the box. The dual
//! function is concave, piecewise quadratic and once differentiable; Newton steps over its pieces with an exact search
//! along each end after a handful. Lengths are measured by the barrier's curvature along each axis at the interior point,
//! so that axes along which the region is thin are left alone. At any multipliers, `λ s_i` above the largest value over the
//! box proves the row redundant; any step that fits is a point on the face.
//!
//! References: Mangasarian, A Newton method for linear programming, 2004 (dual of a projection onto a polytope, with
//! generalised Newton steps); Bertsekas, Projected Newton methods, 1982. We depart from them in ending at the first
//! multipliers or step that settle the row.

use super::check::Check;
use super::kernel;
use super::rows::Halfspaces;
use super::tolerances::{BOX_LARGEST, BOX_NEWTON_STEPS, BOX_RIDGE, BOX_SEARCH};
use crate::vectors;
use faer::dyn_stack::{MemBuffer, MemStack};
use faer::linalg::cholesky::llt;
use faer::linalg::matmul::triangular::{self, BlockStructure};
use faer::{Accum, MatMut, MatRef, Par};

/// Entries from which coordinates that join or leave are one product of matrices.
const BLOCKED: usize = 4096;

/// Coordinates that are gathered from all rows before the next ones: few enough to stay in the cache, enough to be read at a
/// stretch.
const STRETCH: usize = 64;

/// One row on its way to a verdict.
pub(super) struct Task {
    /// Row index.
    pub row: usize,
    /// Rows that matter so far, and their multipliers; for rows divided by their slacks.
    pub active: Vec<usize>,
    pub multipliers: Vec<f64>,
    /// The row's own multiplier.
    lead: f64,
    /// Margin kept from the box and the rows.
    pub margin: f64,
    /// The step found last.
    pub step: Vec<f64>,
    /// Newton steps taken.
    pub steps: usize,
    /// Rounds it took part in.
    pub rounds: usize,
}

/// The length of a step of one along each axis, in the region's own measure; positive and finite.
pub(super) fn measure(check: &Check) -> Vec<f64> {
    let squared: Vec<f64> = check.slack.iter().map(|s| 1.0 / (s * s)).collect();
    let curvature = check.combined(&squared, |a| a * a);
    let usable = |w: f64| if w.is_finite() && w > 0.0 { w } else { 1.0 };
    curvature.iter().map(|c| usable(c.sqrt())).collect()
}

/// What one round says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    /// `step` is on the hyperplane, in the box and inside the rows that matter.
    Point,
    /// The multipliers prove the row redundant.
    Proof,
    /// Rounding, or a face thinner than the margin, got in the way.
    Stuck,
}

/// Buffers of one thread.
#[derive(Default)]
pub(super) struct Solver {
    /// Coordinates in use, and whether each is.
    support: Vec<usize>,
    used: Vec<bool>,
    low: Vec<f64>,
    high: Vec<f64>,
    /// Coordinate-major: the row over its slack, then minus the rows that matter over theirs.
    rows: Vec<f64>,
    forces: Vec<f64>,
    step: Vec<f64>,
    change: Vec<f64>,
    gram: Vec<f64>,
    /// Columns that reach or leave the box.
    changed: Vec<f64>,
    /// Squared lengths of the rows.
    lengths: Vec<f64>,
    inside: Vec<bool>,
}

impl Task {
    /// Begins with no other rows.
    pub fn new(row: usize, margin: f64) -> Task {
        Task { row, active: vec![], multipliers: vec![], lead: 0.0, margin, step: vec![], steps: 0, rounds: 0 }
    }

    /// The multipliers of a proof, for the rows as given.
    pub fn proof(&self, check: &Check) -> (Vec<usize>, Vec<f64>) {
        let used = self.active.iter().zip(&self.multipliers).filter(|(_, y)| **y > 0.0);
        used.map(|(&j, y)| (j, y / self.lead * check.slack[self.row] / check.slack[j])).unzip()
    }

    /// Takes further rows in.
    pub fn admit(&mut self, rows: impl Iterator<Item = usize>) {
        for j in rows {
            self.active.push(j);
            self.multipliers.push(0.0);
        }
    }

    /// Begins anew with the rows that matter, at another margin.
    pub fn restart(&mut self, margin: f64) {
        self.margin = margin;
        self.lead = 0.0;
        self.multipliers.fill(0.0);
    }

    /// Lets go of rows that carry nothing.
    pub fn shed(&mut self) {
        let keep: Vec<bool> = self.multipliers.iter().map(|y| *y > 0.0).collect();
        let mut at = keep.iter();
        self.active.retain(|_| *at.next().unwrap_or(&true));
        self.multipliers.retain(|y| *y > 0.0);
    }
}

/// See [`vectors::wide`].
struct Advance<'a> {
    solver: &'a mut Solver,
    h: &'a Halfspaces,
    check: &'a Check<'a>,
    measure: &'a [f64],
    task: &'a mut Task,
}

impl pulp::NullaryFnOnce for Advance<'_> {
    type Output = Answer;
    #[inline(always)]
    fn call(self) -> Answer {
        self.solver.solve(self.h, self.check, self.measure, self.task)
    }
}

impl Solver {
    /// Settles a row against the rows that matter; `measure` as [`measure`] gives it.
    pub fn advance(&mut self, h: &Halfspaces, check: &Check, measure: &[f64], task: &mut Task) -> Answer {
        vectors::wide(Advance { solver: self, h, check, measure, task })
    }

    #[inline(always)]
    fn solve(&mut self, h: &Halfspaces, check: &Check, measure: &[f64], task: &mut Task) -> Answer {
        let k = task.active.len() + 1;
        let room = check.slack[task.row];
        if room.is_nan() || room <= 0.0 || task.active.iter().any(|&j| check.slack[j] <= 0.0) {
            return Answer::Stuck;
        }
        self.gather(h, check, measure, task);
        let n = self.support.len();
        self.gram.clear();
        self.gram.resize(k * k, 0.0);
        self.inside.clear();
        self.inside.resize(n, false);
        self.forces.resize(n, 0.0);
        self.step.resize(n, 0.0);
        let mut multipliers = vec![task.lead];
        multipliers.extend_from_slice(&task.multipliers);
        let mut target = vec![-(1.0 - task.margin); k];
        target[0] = 1.0;
        self.lengths.clear();
        self.lengths.resize(k, 0.0);
        for column in self.rows.chunks_exact(k) {
            self.lengths.iter_mut().zip(column).for_each(|(l, a)| *l += a * a);
        }
        if task.lead <= 0.0 {
            multipliers[0] = 1.0 / self.lengths[0];
        }
        let mut gradient = vec![0.0; k];
        for _ in 0..BOX_NEWTON_STEPS {
            task.steps += 1;
            gradient.copy_from_slice(&target);
            // What the box adds at most, of the full box.
            let mut most = 0.0;
            for (c, column) in self.rows.chunks_exact(k).enumerate() {
                let r = kernel::dot(column, &multipliers);
                let v = r.clamp(self.low[c], self.high[c]);
                most += r * if r > 0.0 { self.high[c] } else { self.low[c] };
                (self.forces[c], self.step[c]) = (r, v);
                kernel::axpy(-v, column, &mut gradient);
            }
            most /= 1.0 - task.margin;
            let spent: f64 = multipliers[1..].iter().sum();
            if multipliers[0] > 0.0 && multipliers[0] - spent - most > 1e-9 * (multipliers[0] + spent) {
                self.store(task, &multipliers);
                return Answer::Proof;
            }
            if self.fits(task, &gradient, measure) {
                self.store(task, &multipliers);
                return Answer::Point;
            }
            if multipliers[0] * self.lengths[0] > BOX_LARGEST || !self.ascend(k, &target, &mut multipliers, &gradient) {
                break;
            }
        }
        self.store(task, &multipliers);
        Answer::Stuck
    }

    fn store(&self, task: &mut Task, multipliers: &[f64]) {
        task.lead = multipliers[0];
        task.multipliers.copy_from_slice(&multipliers[1..]);
    }

    /// The coordinates that matter, and the rows over their slacks, by coordinates, each in its measure.
    #[inline(always)]
    fn gather(&mut self, h: &Halfspaces, check: &Check, measure: &[f64], task: &Task) {
        let (d, k) = (h.dimension, task.active.len() + 1);
        self.used.clear();
        self.used.resize(d, false);
        for &j in task.active.iter().chain([&task.row]) {
            match (check.wall(j), check.support(j)) {
                (Some((axis, _)), _) => self.used[axis] = true,
                (None, Some(support)) => support.iter().for_each(|&c| self.used[c as usize] = true),
                (None, None) => self.used.fill(true),
            }
        }
        self.support.clear();
        self.support.extend((0..d).filter(|&c| self.used[c]));
        let keep = 1.0 - task.margin;
        self.low.clear();
        self.high.clear();
        for &c in &self.support {
            let (below, above) = check.room(c);
            self.low.push(-below * keep);
            self.high.push(above * keep);
        }
        if let Some((axis, sign)) = check.wall(task.row) {
            let c = self.support.binary_search(&axis).unwrap_or(0);
            let beyond = 2.0 * check.slack[task.row];
            if sign > 0.0 { self.high[c] = beyond } else { self.low[c] = -beyond }
        }
        for (c, &axis) in self.support.iter().enumerate() {
            self.low[c] *= measure[axis];
            self.high[c] *= measure[axis];
        }
        // All of it is written below, by blocks of coordinates: row by row every entry would be a cache line of its own.
        self.rows.resize(self.support.len() * k, 0.0);
        for (block, axes) in self.rows.chunks_mut(STRETCH * k).zip(self.support.chunks(STRETCH)) {
            let mut unit = [0.0; STRETCH];
            unit.iter_mut().zip(axes).for_each(|(u, &axis)| *u = 1.0 / measure[axis]);
            for (f, &j) in [task.row].iter().chain(&task.active).enumerate() {
                let scale = if f == 0 { 1.0 } else { -1.0 } / check.slack[j];
                let row = h.normal(j);
                for (c, &axis) in axes.iter().enumerate() {
                    block[c * k + f] = row[axis] * scale * unit[c];
                }
            }
        }
    }

    /// Whether the step, drawn onto the hyperplane, is inside the box and the rows; then it becomes the task's.
    #[inline(always)]
    fn fits(&self, task: &mut Task, gradient: &[f64], measure: &[f64]) -> bool {
        let own = 1.0 - gradient[0];
        if own.is_nan() || own <= 0.0 {
            return false;
        }
        let scale = 1.0 / own;
        let most = (1.0 - 0.5 * task.margin) / (1.0 - task.margin);
        let in_rows = gradient[1..].iter().all(|g| scale * (g + 1.0 - task.margin) <= 1.0 - 0.5 * task.margin);
        let in_box = |c: usize| {
            let v = scale * self.step[c];
            v <= most * self.high[c] && v >= most * self.low[c]
        };
        if !in_rows || (scale > 1.0 && !(0..self.step.len()).all(in_box)) {
            return false;
        }
        task.step.clear();
        task.step.resize(measure.len(), 0.0);
        self.support.iter().zip(&self.step).for_each(|(&axis, v)| task.step[axis] = scale * v / measure[axis]);
        true
    }

    /// One Newton step of the dual with an exact search; whether there was a way up.
    #[inline(always)]
    fn ascend(&mut self, k: usize, target: &[f64], multipliers: &mut [f64], gradient: &[f64]) -> bool {
        self.update_gram(k);
        let mut free: Vec<usize> = (0..k).filter(|&f| f == 0 || multipliers[f] > 0.0 || gradient[f] > 0.0).collect();
        let direction = loop {
            let Some(direction) = self.newton(k, &free, gradient) else { return false };
            let before = free.len();
            let stays = |f: usize, p: f64| f == 0 || multipliers[f] > 0.0 || p >= 0.0;
            let kept: Vec<usize> = free.iter().zip(&direction).filter(|(f, p)| stays(**f, **p)).map(|x| *x.0).collect();
            if kept.len() == before {
                break direction;
            }
            free = kept;
        };
        let mut full = vec![0.0; k];
        free.iter().zip(&direction).for_each(|(&f, &p)| full[f] = p);
        let (mut blocking, mut limit) = (0, f64::INFINITY);
        for f in 1..k {
            if full[f] < 0.0 && -multipliers[f] / full[f] < limit {
                (blocking, limit) = (f, -multipliers[f] / full[f]);
            }
        }
        self.change.clear();
        for column in self.rows.chunks_exact(k) {
            self.change.push(kernel::dot(column, &full));
        }
        let along: f64 = target.iter().zip(&full).map(|(t, p)| t * p).sum();
        let slope = |t: f64| {
            let mut sum = along;
            for c in 0..self.change.len() {
                let v = (self.forces[c] + t * self.change[c]).clamp(self.low[c], self.high[c]);
                sum -= self.change[c] * v;
            }
            sum
        };
        let begin = slope(0.0);
        if begin.is_nan() || begin <= 0.0 {
            return false;
        }
        let length = search(slope, begin, limit);
        for f in 0..k {
            multipliers[f] += length * full[f];
            if f > 0 && multipliers[f] < 0.0 {
                multipliers[f] = 0.0;
            }
        }
        if blocking > 0 && length >= limit {
            multipliers[blocking] = 0.0;
        }
        length > 0.0
    }

    /// Keeps the Gram matrix (lower triangle by rows) over the coordinates that the box does not cut off.
    #[inline(always)]
    fn update_gram(&mut self, k: usize) {
        for joins in [true, false] {
            self.changed.clear();
            for (c, column) in self.rows.chunks_exact(k).enumerate() {
                let now = self.forces[c] > self.low[c] && self.forces[c] < self.high[c];
                if now == joins && now != self.inside[c] {
                    self.inside[c] = now;
                    self.changed.extend_from_slice(column);
                }
            }
            let (sign, count) = (if joins { 1.0 } else { -1.0 }, self.changed.len() / k);
            if count * k < BLOCKED {
                for column in self.changed.chunks_exact(k) {
                    for (f, a) in column.iter().enumerate() {
                        if *a != 0.0 {
                            kernel::axpy(sign * a, &column[..=f], &mut self.gram[f * k..f * k + f + 1]);
                        }
                    }
                }
                continue;
            }
            // The lower triangle by rows is the upper one by columns.
            let columns = MatRef::from_column_major_slice(&self.changed, k, count);
            triangular::matmul(
                MatMut::from_column_major_slice_mut(&mut self.gram, k, k),
                BlockStructure::TriangularUpper,
                Accum::Add,
                columns,
                BlockStructure::Rectangular,
                columns.transpose(),
                BlockStructure::Rectangular,
                sign,
                Par::Seq,
            );
        }
    }

    /// Solves the Newton equations over `free`, with a ridge.
    #[inline(always)]
    fn newton(&self, k: usize, free: &[usize], gradient: &[f64]) -> Option<Vec<f64>> {
        let m = free.len();
        // The lower triangle by columns.
        let mut factor = vec![0.0; m * m];
        for r in 0..m {
            let row = &self.gram[free[r] * k..free[r] * k + free[r] + 1];
            for q in 0..=r {
                factor[q * m + r] = row[free[q]];
            }
            // By the rows' full lengths: where the box cuts everything off, nothing else is left.
            factor[r * m + r] += BOX_RIDGE * self.lengths[free[r]];
        }
        let mut memory = MemBuffer::new(llt::factor::cholesky_in_place_scratch::<f64>(m, Par::Seq, Default::default()));
        let matrix = MatMut::from_column_major_slice_mut(&mut factor, m, m);
        let stack = MemStack::new(&mut memory);
        llt::factor::cholesky_in_place(matrix, Default::default(), Par::Seq, stack, Default::default()).ok()?;
        let mut solution: Vec<f64> = free.iter().map(|&f| gradient[f]).collect();
        for q in 0..m {
            let column = &factor[q * m..(q + 1) * m];
            let value = solution[q] / column[q];
            solution[q] = value;
            kernel::axpy(-value, &column[q + 1..], &mut solution[q + 1..]);
        }
        for q in (0..m).rev() {
            let column = &factor[q * m..(q + 1) * m];
            solution[q] = (solution[q] - kernel::dot(&column[q + 1..], &solution[q + 1..])) / column[q];
        }
        solution.iter().all(|x| x.is_finite()).then_some(solution)
    }
}

/// Where a decreasing slope that begins positive comes near zero, at most `limit` away.
#[inline(always)]
fn search(slope: impl Fn(f64) -> f64, begin: f64, limit: f64) -> f64 {
    let enough = 0.1 * begin;
    let mut end = limit.min(1.0);
    let mut at_end = slope(end);
    let (mut start, mut at_start) = (0.0, begin);
    // Upwards, in ever longer steps: without a bound the multipliers run off to a proof.
    while at_end > enough && end < limit && end < 1e15 {
        (start, at_start) = (end, at_end);
        end = (8.0 * end).min(limit);
        at_end = slope(end);
    }
    if at_end >= -enough {
        return end;
    }
    // The Illinois rule: an end that stays weighs half as much every time, or it would hold the secant where the slope falls
    // off as if by a step.
    let (mut weight, mut last) = ([1.0, 1.0], None);
    for _ in 0..BOX_SEARCH {
        let (above, below) = (weight[0] * at_start, weight[1] * at_end);
        let secant = start + (end - start) * (above / (above - below));
        let middle = secant.clamp(start + 0.05 * (end - start), end - 0.05 * (end - start));
        let here = slope(middle);
        if here.abs() <= enough {
            return middle;
        }
        let moved = usize::from(here <= 0.0);
        if here > 0.0 {
            (start, at_start) = (middle, here)
        } else {
            (end, at_end) = (middle, here)
        }
        weight[moved] = 1.0;
        if last == Some(moved) {
            weight[1 - moved] *= 0.5;
        }
        last = Some(moved);
    }
    start
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Truth: the slope is written down. Near its end it falls off as if by a step, as when the box cuts everything off.
    #[test]
    fn the_search_finds_ends_of_any_size() {
        for end in [1e-12, 1e-9, 1e-3, 0.4, 3.0, 1e5] {
            let slope = |t: f64| if t < end { 1e14 } else { 1e14 - 1.1e14 * ((t - end) / (0.01 * end)).min(1.0) };
            let found = search(slope, slope(0.0), f64::INFINITY);
            assert!(found > 0.99 * end && slope(found).abs() <= 1e13, "{end}: {found}");
        }
    }
}
