//! Stages of groups: the cell is clipped once per candidate that can win, never by all pairs.
//!
//! Contract: candidates with equal forms on the cell are one choice, named by the lowest; a candidate certainly below
//! another at every vertex is left out, because it can neither win nor touch.

use super::descent::{Cell, Descent, Errand, Frame, Stop};
use super::stage::{Kind, Level, tie};
use super::vertex::Row;
use crate::ir::Op;
use std::cmp::Ordering;

impl<const D: usize, const W: usize> Descent<'_, D, W> {
    /// Splits a cell by the next group that more than one candidate wins on it, or hands it on to the next stage.
    pub fn next_group(&mut self, mut frame: Frame<W>, errand: &Errand) -> Result<(), Stop> {
        let s = frame.stage as usize;
        let stage = &self.ground.stages.list[s];
        let Kind::Groups(groups) = &stage.kind else { return Ok(()) };
        while let Some(&(group, first)) = groups.get(frame.group as usize) {
            let winners = self.winners(&frame, s, group as usize, stage.first + first)?;
            if winners > 1 && self.collects(&frame, false, errand) {
                self.kids.clear();
                return Ok(());
            }
            let Some(only) = self.kids.pop() else { return Ok(()) };
            if winners == 1 {
                (frame.cell, frame.points, frame.words) = (only.cell, only.points, only.words);
                frame.group += 1;
                continue;
            }
            self.kids.push(only);
            let marks = self.marks();
            while let Some(mut kid) = self.kids.pop() {
                kid.marks = marks;
                kid.group = frame.group + 1;
                kid.depth = frame.depth + 1;
                self.frames.push(kid);
            }
            return Ok(());
        }
        let begin = frame.words as usize;
        let chosen = &mut self.floors[s].chosen;
        chosen.clear();
        chosen.extend_from_slice(&self.words[begin..begin + groups.len()]);
        self.leave(frame, errand)
    }

    /// Puts the parts of a cell where each candidate wins into `kids`, in order of the candidates.
    fn winners(&mut self, frame: &Frame<W>, s: usize, group: usize, first: u32) -> Result<usize, Stop> {
        let ground = self.ground;
        let stage = &ground.stages.list[s];
        let Op::Max(max) = &ground.walker.network().nodes[stage.node].op else { return Ok(0) };
        let members = max.group(group);
        let rivals = self.rivals(frame, stage.source, members);
        self.kids.clear();
        'candidates: for &c in &rivals {
            let mut kid = *frame;
            self.own_slots(&mut kid.cell);
            let mut vanishing = vec![];
            for &j in rivals.iter().filter(|&&j| j != c) {
                let source = first + tie(members.len(), c.min(j), c.max(j));
                if members[c] == members[j] {
                    if j < c {
                        continue 'candidates;
                    }
                    vanishing.push(source);
                    continue;
                }
                // The upper side of a tie is that of the later candidate.
                let (low, high) = (members[c.min(j)], members[c.max(j)]);
                let form = self.difference(stage.source, high as usize, low as usize);
                let level = Level { stage: s as u32, a: high, b: low };
                let (above, below) = match self.constant_difference(stage.source, high as usize, low as usize) {
                    Some(side) => (side == Ordering::Greater, side == Ordering::Less),
                    None => self.classify(&kid.cell, &form, level),
                };
                match if c < j { (below, above) } else { (above, below) } {
                    (false, true) => continue 'candidates,
                    (false, false) if j < c => continue 'candidates,
                    (false, false) => vanishing.push(source),
                    (true, false) => self.touch(&mut kid.cell, source),
                    (true, true) => {
                        let (lower, upper) = self.cut(&kid.cell, &form, level, source, None)?;
                        let (below, above) = self.part_points(&kid, &form, level);
                        (kid.cell, kid.points) = if c < j { (lower, below) } else { (upper, above) };
                    }
                }
            }
            vanishing.iter().for_each(|&v| self.counts.vanishing[v as usize] = true);
            kid.words = self.words.len() as u32;
            let begin = frame.words as usize;
            self.words.extend_from_within(begin..begin + stage.words());
            self.words[kid.words as usize + frame.group as usize] = c as u64;
            kid.choice = c as u16;
            self.kids.push(kid);
        }
        Ok(self.kids.len())
    }

    /// Candidates that are not certainly below another at every vertex.
    fn rivals(&self, frame: &Frame<W>, source: usize, members: &[u32]) -> Vec<usize> {
        let entries = &self.entries[frame.cell.start as usize..(frame.cell.start + frame.cell.len) as usize];
        let rows: Vec<Row<D>> = members.iter().map(|&m| self.element(source, m as usize)).collect();
        let mut leaders = vec![false; members.len()];
        for e in entries {
            let v = &self.vertices[e.vertex as usize];
            let value = |c: &usize| rows[*c].at(v).0;
            if let Some(best) = (0..members.len()).max_by(|a, b| value(a).total_cmp(&value(b))) {
                leaders[best] = true;
            }
        }
        let beaten = |c: usize| {
            (0..members.len()).filter(|&j| leaders[j] && j != c && members[j] != members[c]).any(|j| {
                let form = self.difference(source, members[j] as usize, members[c] as usize);
                entries.iter().all(|e| {
                    let (value, bound) = form.at(&self.vertices[e.vertex as usize]);
                    value > bound
                })
            })
        };
        (0..members.len()).filter(|&c| !beaten(c)).collect()
    }

    fn element(&self, source: usize, i: usize) -> Row<D> {
        let forms = &self.node_forms[source];
        let row = forms.row(i, D + 1);
        Row::new(std::array::from_fn(|k| row[k]), row[D], forms.errors[i])
    }

    fn difference(&self, source: usize, a: usize, b: usize) -> Row<D> {
        let forms = &self.node_forms[source];
        let (x, y) = (forms.row(a, D + 1), forms.row(b, D + 1));
        let size = (0..=D).fold(0.0, |s: f64, k| s.max((x[k] - y[k]).abs()));
        let error = (forms.errors[a] + forms.errors[b]) * (1.0 + 1e-9) + f64::EPSILON * size;
        Row::new(std::array::from_fn(|k| x[k] - y[k]), x[D] - y[D], error)
    }

    /// The sign of a difference that is a number without error: of units that are off, above all. Leaves no `sides`.
    fn constant_difference(&mut self, source: usize, a: usize, b: usize) -> Option<Ordering> {
        self.sides.clear();
        let forms = &self.node_forms[source];
        let (x, y) = (forms.row(a, D + 1), forms.row(b, D + 1));
        let same = forms.errors[a] == 0.0 && forms.errors[b] == 0.0 && x[..D] == y[..D];
        if same { x[D].partial_cmp(&y[D]) } else { None }
    }

    /// Puts the certain signs of a form at a cell's vertices into `sides`; whether any is above, below.
    fn classify(&mut self, cell: &Cell<W>, form: &Row<D>, level: Level) -> (bool, bool) {
        self.sides.clear();
        let (mut above, mut below) = (false, false);
        for k in cell.start..cell.start + cell.len {
            let vertex = self.entries[k as usize].vertex;
            let (value, bound) = form.at(&self.vertices[vertex as usize]);
            let side = if value > bound {
                Ordering::Greater
            } else if -value > bound {
                Ordering::Less
            } else {
                self.exact_sign(vertex, level)
            };
            above |= side == Ordering::Greater;
            below |= side == Ordering::Less;
            self.sides.push(side);
        }
        (above, below)
    }

    /// Copies a cell's table of slots to the end, where it can grow without running into those of siblings.
    #[cold]
    pub fn own_slots(&mut self, cell: &mut Cell<W>) {
        let base = self.slots.len();
        self.slots.extend_from_within(cell.slot_base as usize..(cell.slot_base + cell.slots) as usize);
        cell.slot_base = base as u32;
    }
}
