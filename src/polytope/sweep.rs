//! Large regions in a box: a fixed number of rows at a time, in rounds of short problems and one product.
//!
//! Contract: as [`super::engine`]. In each round every row that is still open offers a step or a proof against the
//! rows that matter to it ([`super::boxed`]); the products of all steps with all rows, one for the round, show which
//! further rows matter, and are at the same time what the check needs. What this leaves over goes to linear programs.

use super::boxed::{self, Answer, Solver, Task};
use super::engine::{Region, Workspace};
use super::lazy;
use super::tolerances::{BOX_MARGINS, BOX_PROGRAM, BOX_ROUNDS, BOX_ROWS};
use super::verdict::{Effort, Farkas, Verdict, Witness};
use rayon::prelude::*;

/// Rows under way at a time; fixed, so that results do not depend on the number of threads. Where one is settled the next
/// follows, so that no thread waits for the last few rows of a group.
const UNDER_WAY: usize = 128;

/// What the products show of a point.
enum Seen {
    /// It is a witness.
    Face(Verdict),
    /// Further rows cut it off.
    Cut,
    /// The same rows again, or a witness too close to call.
    Nothing,
}

/// A row that one margin does not settle is tried with the smallest, and then handed on.
fn hand_on(mut task: Task, open: &mut Vec<Task>, left: &mut Vec<Task>) {
    let least = BOX_MARGINS[1];
    if task.margin > least {
        task.restart(least);
        open.push(task);
    } else {
        left.push(task);
    }
}

impl Region<'_> {
    /// Decides the rows `open`, deepest first: what is proven redundant leaves the later problems.
    pub(super) fn sweep_box(&self, open: &[usize], verdicts: &mut [Verdict], effort: &mut Effort) {
        let depth = |i: usize| self.check.slack[i] / self.check.norms[i];
        let mut order = open.to_vec();
        order.sort_by(|&i, &j| depth(j).total_cmp(&depth(i)).then(i.cmp(&j)));
        let mut alive = vec![false; self.h.len()];
        open.iter().for_each(|&i| alive[i] = true);
        let measure = boxed::measure(&self.check);
        let mut next = order.iter();
        let (mut tasks, mut left) = (vec![], vec![]);
        loop {
            tasks.extend(next.by_ref().take(UNDER_WAY - tasks.len()).map(|&i| Task::new(i, BOX_MARGINS[0])));
            if tasks.is_empty() || self.observer.stopped() {
                break;
            }
            (self.observer.decided)(order.len() - next.len() - tasks.len() - left.len(), order.len());
            let rows: Vec<usize> = tasks.iter().map(|task| task.row).collect();
            let open = self.round(tasks, &measure, &alive, verdicts, &mut left, effort);
            let tired;
            (tasks, tired) = open.into_iter().partition(|task| task.rounds < BOX_ROUNDS);
            left.extend::<Vec<Task>>(tired);
            for i in rows {
                alive[i] &= !matches!(verdicts[self.class_of[i]], Verdict::Redundant(_));
            }
        }
        if self.observer.stopped() {
            return;
        }
        let rest: Vec<(usize, Verdict, Effort)> = left
            .par_iter()
            .map_init(Workspace::default, |workspace, task| {
                let mut effort = Effort::default();
                let verdict = self.program(workspace, task, &alive, &mut effort);
                (task.row, verdict, effort)
            })
            .collect();
        for (i, verdict, spent) in rest {
            effort.exact_decisions += spent.exact_decisions;
            effort.lp_calls += spent.lp_calls;
            verdicts[self.class_of[i]] = verdict;
        }
    }

    /// One round; the rows that stay open. What this way cannot settle goes to `left`.
    fn round(
        &self,
        tasks: Vec<Task>,
        measure: &[f64],
        alive: &[bool],
        verdicts: &mut [Verdict],
        left: &mut Vec<Task>,
        effort: &mut Effort,
    ) -> Vec<Task> {
        let answered: Vec<(Task, Answer, Option<Verdict>)> = tasks
            .into_par_iter()
            .map_init(Default::default, |(solver, scratch): &mut (Solver, Vec<f64>), mut task| {
                if self.observer.stopped() {
                    return (task, Answer::Stuck, None);
                }
                let answer = solver.advance(self.h, &self.check, measure, &mut task);
                task.rounds += 1;
                let verdict = (answer == Answer::Proof).then(|| {
                    let (rows, multipliers) = task.proof(&self.check);
                    let gap = self.check.proof(task.row, &rows, &multipliers, scratch)?;
                    Some(Verdict::Redundant(Farkas::Float { rows, multipliers, gap }))
                });
                (task, answer, verdict.flatten())
            })
            .collect();
        let (mut open, mut points, mut waiting) = (vec![], vec![], vec![]);
        for (mut task, answer, verdict) in answered {
            effort.steps += std::mem::take(&mut task.steps);
            match (answer, verdict) {
                (_, Some(verdict)) => verdicts[self.class_of[task.row]] = verdict,
                (Answer::Point, None) => {
                    points.extend(self.check.interior().iter().zip(&task.step).map(|(c, v)| c + v));
                    waiting.push(task);
                }
                (_, None) => hand_on(task, &mut open, left),
            }
        }
        let slacks = self.check.slacks_at_many(&points);
        let seen: Vec<(Task, Seen)> = waiting
            .into_par_iter()
            .zip(points.par_chunks_exact(self.h.dimension))
            .zip(slacks.par_chunks_exact(self.h.len()))
            .map(|((task, point), slacks)| self.look(task, point, slacks, alive))
            .collect();
        for (task, seen) in seen {
            match seen {
                Seen::Face(verdict) => verdicts[self.class_of[task.row]] = verdict,
                Seen::Cut => open.push(task),
                Seen::Nothing => hand_on(task, &mut open, left),
            }
        }
        open
    }

    /// Whether a point is a witness; if not, the rows that it violates most join those that matter.
    fn look(&self, mut task: Task, point: &[f64], slacks: &[f64], alive: &[bool]) -> (Task, Seen) {
        let class = &self.classes[self.class_of[task.row]];
        let kept = 0.25 * task.margin;
        let mut violated: Vec<(f64, usize)> = (self.h.walls..self.h.len())
            .filter(|&j| alive[j] && class.binary_search(&j).is_err())
            .map(|j| (slacks[j] / self.check.slack[j], j))
            .filter(|(left, _)| *left < kept)
            .collect();
        if violated.is_empty() {
            if let Some(margin) = self.check.witness(class, point, &self.leaders, slacks) {
                return (task, Seen::Face(Verdict::Face(Witness::Float { point: point.to_vec(), margin })));
            }
            return (task, Seen::Nothing);
        }
        violated.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        violated.truncate(BOX_ROWS);
        task.shed();
        let fresh: Vec<usize> = violated.iter().map(|v| v.1).filter(|j| !task.active.contains(j)).collect();
        let seen = if fresh.is_empty() { Seen::Nothing } else { Seen::Cut };
        task.admit(fresh.into_iter());
        (task, seen)
    }

    /// One class by programs over the box and the rows that matter so far, then by one over all where that is not out of reach.
    fn program(&self, workspace: &mut Workspace, task: &Task, alive: &[bool], effort: &mut Effort) -> Verdict {
        let i = task.row;
        if self.observer.stopped() {
            return Verdict::Undecided;
        }
        let open: Vec<usize> = self.leaders.iter().copied().filter(|&j| alive[j]).collect();
        effort.lp_calls += 1;
        let found = match lazy::candidate(self.h, &self.check, i, &task.active, &open, self.observer) {
            Some(lazy::Found::Point(point)) => {
                let slacks = self.check.slacks_at_many(&point);
                let margin = self.check.witness(&self.classes[self.class_of[i]], &point, &self.leaders, &slacks);
                margin.map(|margin| Verdict::Face(Witness::Float { point, margin }))
            }
            Some(lazy::Found::Multipliers(rows, multipliers)) => {
                match self.check.proof(i, &rows, &multipliers, &mut workspace.scratch) {
                    Some(gap) => Some(Verdict::Redundant(Farkas::Float { rows, multipliers, gap })),
                    // By no gap at all, perhaps: exactly the sum of these rows.
                    None => {
                        let used = rows.iter().zip(&multipliers).filter(|(_, y)| **y > 0.0).map(|(&f, _)| f);
                        self.settle(i, None, Some(&used.collect::<Vec<_>>()), effort)
                    }
                }
            }
            None => None,
        };
        let small = (self.h.len() - self.h.walls) * self.h.dimension <= BOX_PROGRAM;
        found.unwrap_or_else(|| match small {
            true => self.lp_verdict(workspace, self.class_of[i], effort),
            false => Verdict::Undecided,
        })
    }
}
