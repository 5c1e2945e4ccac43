//! Stages of groups: the cell is clipped once per candidate that can win, never by all pairs.
//!
//! Contract: candidates with equal forms on the cell are one choice, named by the lowest; a candidate certainly below
//! another at every vertex is left out, because it can neither win nor touch.

use super::descent::{Cell, Descent, Errand, Frame, Stop};
use super::stage::{Kind, Level, tie};
use super::vertex::Row;
use crate::ir::Op;
use std::cmp::Ordering;

/// A candidate of a group.
#[derive(Clone, Copy, Debug)]
struct Member {
    /// Its place in the group.
    place: usize,
    /// Its element of the stage's source.
    element: u32,
    /// Where its form is: that element, or a row of the floor.
    row: usize,
}

impl<const D: usize, const W: usize> Descent<'_, D, W> {
    /// Begins with the first group of a stage.
    pub fn begin_groups(&mut self, mut frame: Frame<W>, errand: &Errand) -> Result<(), Stop> {
        let at = self.floor(frame.level, frame.stage as usize);
        frame.words = self.words.len() as u32;
        self.words.resize(self.words.len() + self.floors[at].words, 0);
        frame.group = 0;
        self.next_group(frame, errand)
    }

    /// Splits a cell by the next group that more than one candidate wins on it, or hands it on to the next stage.
    pub fn next_group(&mut self, mut frame: Frame<W>, errand: &Errand) -> Result<(), Stop> {
        let at = self.floor(frame.level, frame.stage as usize);
        while (frame.group as usize) < self.floors[at].words {
            let winners = self.winners(&frame, errand)?;
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
            for mut kid in self.kids.drain(..) {
                kid.marks = marks;
                kid.group = frame.group + 1;
                kid.depth = frame.depth + 1;
                self.frames.push(kid);
            }
            return Ok(());
        }
        let begin = frame.words as usize;
        let floor = &mut self.floors[at];
        floor.chosen.clear();
        floor.chosen.extend_from_slice(&self.words[begin..begin + floor.words]);
        self.leave(frame, errand)
    }

    /// The candidates of the frame's group that are open, and the source of its first tie.
    fn members(&self, frame: &Frame<W>) -> (Vec<Member>, usize, u32) {
        let s = frame.stage as usize;
        let stage = &self.ground.stages.list[s];
        let Kind::Groups(groups) = &stage.kind else { return (vec![], 0, 0) };
        let Op::Max(max) = &self.ground.walker.network().nodes[stage.node].op else { return (vec![], 0, 0) };
        let member = |place: usize, all: &[u32], row: usize| Member { place, element: all[place], row };
        if frame.level == 0 {
            let (group, ties) = groups[frame.group as usize];
            let all = max.group(group as usize);
            let each = (0..all.len()).map(|c| member(c, all, all[c] as usize)).collect();
            return (each, all.len(), stage.first + ties);
        }
        let reduced = &self.reduced[frame.level as usize - 1];
        let part = &reduced.parts[s - reduced.first];
        let gate = &part.gates[frame.group as usize];
        let (group, ties) = groups[gate.unit as usize];
        let all = max.group(group as usize);
        let rows = gate.first as usize..(gate.first + gate.rows) as usize;
        (rows.map(|r| member(part.rows[r] as usize, all, r)).collect(), all.len(), stage.first + ties)
    }

    /// Puts the parts of a cell where each candidate wins into `kids`, the lowest candidate last.
    fn winners(&mut self, frame: &Frame<W>, errand: &Errand) -> Result<usize, Stop> {
        let (members, size, first) = self.members(frame);
        let at = self.floor(frame.level, frame.stage as usize);
        self.work += (members.len() as u64) << D;
        let rivals = self.rivals(frame, &members);
        let reduced = frame.level.checked_sub(1).map(|k| self.reduced[k as usize].clone());
        let mates_of = |row: usize| {
            let part = reduced.iter().flat_map(|r| &r.parts[frame.stage as usize - r.first].mates);
            part.filter(move |m| m.0 as usize == row).map(|m| m.1 as usize)
        };
        self.kids.clear();
        // The lowest is made last and walked first: a cut gives up the slots above its cell's, which are no other kid's.
        'candidates: for &c in rivals.iter().rev() {
            let mut kid = *frame;
            self.own_slots(&mut kid.cell);
            let mut vanishing = vec![];
            for &j in rivals.iter().filter(|j| j.place != c.place) {
                let source = first + tie(size, c.place.min(j.place), c.place.max(j.place));
                if c.element == j.element {
                    if j.place < c.place {
                        continue 'candidates;
                    }
                    vanishing.push(source);
                    continue;
                }
                // The upper side of a tie is that of the later candidate.
                let (low, high) = if c.place < j.place { (c, j) } else { (j, c) };
                let form = self.difference(frame, high, low);
                let level = Level { stage: frame.stage, a: high.element, b: low.element };
                let (above, below) = match self.constant_difference(frame, high, low) {
                    Some(side) => (side == Ordering::Greater, side == Ordering::Less),
                    None => self.classify(&kid.cell, &form, level, errand)?,
                };
                match if c.place < j.place { (below, above) } else { (above, below) } {
                    (false, true) => continue 'candidates,
                    (false, false) if j.place < c.place => continue 'candidates,
                    (false, false) => vanishing.push(source),
                    (true, false) => {
                        self.touch(&mut kid.cell, source);
                        for mate in mates_of(j.row) {
                            self.touch(&mut kid.cell, first + tie(size, c.place.min(mate), c.place.max(mate)));
                        }
                    }
                    (true, true) => {
                        let (lower, upper) = self.cut(&kid.cell, &form, level, source, (None, false))?;
                        let [below, above] = self.part_points(&kid, &form, level, errand)?;
                        (kid.cell, kid.points) = if c.place < j.place { (lower, below) } else { (upper, above) };
                        for mate in mates_of(j.row) {
                            self.classify(&kid.cell, &form, level, errand)?;
                            self.touch(&mut kid.cell, first + tie(size, c.place.min(mate), c.place.max(mate)));
                        }
                    }
                }
            }
            vanishing.extend(mates_of(c.row).map(|mate| first + tie(size, c.place.min(mate), c.place.max(mate))));
            vanishing.iter().for_each(|&v| self.counts.vanishing[v as usize] = true);
            kid.words = self.words.len() as u32;
            let begin = frame.words as usize;
            self.words.extend_from_within(begin..begin + self.floors[at].words);
            self.words[kid.words as usize + frame.group as usize] = c.place as u64;
            kid.choice = c.place as u16;
            self.kids.push(kid);
        }
        Ok(self.kids.len())
    }

    /// Candidates that are not certainly below another at every vertex.
    fn rivals(&self, frame: &Frame<W>, members: &[Member]) -> Vec<Member> {
        let entries = &self.entries[frame.cell.start as usize..(frame.cell.start + frame.cell.len) as usize];
        let rows: Vec<Row<D>> = members.iter().map(|&m| self.candidate(frame, m)).collect();
        let mut leaders = vec![false; members.len()];
        for e in entries {
            let v = &self.vertices[e.vertex as usize];
            let value = |c: &usize| rows[*c].at(v).0;
            if let Some(best) = (0..members.len()).max_by(|a, b| value(a).total_cmp(&value(b))) {
                leaders[best] = true;
            }
        }
        let beaten = |c: usize| {
            (0..members.len()).filter(|&j| leaders[j] && members[j].element != members[c].element).any(|j| {
                let form = self.difference(frame, members[j], members[c]);
                entries.iter().all(|e| {
                    let (value, bound) = form.at(&self.vertices[e.vertex as usize]);
                    value > bound
                })
            })
        };
        (0..members.len()).filter(|&c| !beaten(c)).map(|c| members[c]).collect()
    }

    /// Coefficients of a candidate's form, the constant last, and the bound on the error of each.
    fn form_of(&self, frame: &Frame<W>, member: Member) -> ([f64; 9], f64) {
        let s = frame.stage as usize;
        if frame.level == 0 {
            let forms = &self.node_forms[self.ground.stages.list[s].source];
            let row = forms.row(member.row, D + 1);
            return (std::array::from_fn(|k| row.get(k).copied().unwrap_or(0.0)), forms.errors[member.row]);
        }
        let rows = &self.floors[self.floor(frame.level, s)].rows;
        let at = |k: usize| if k <= D { rows.coefficient(member.row, k) } else { 0.0 };
        (std::array::from_fn(at), rows.error(member.row))
    }

    fn candidate(&self, frame: &Frame<W>, member: Member) -> Row<D> {
        let (row, error) = self.form_of(frame, member);
        Row::new(std::array::from_fn(|k| row[k]), row[D], error)
    }

    fn difference(&self, frame: &Frame<W>, a: Member, b: Member) -> Row<D> {
        let ((x, x_error), (y, y_error)) = (self.form_of(frame, a), self.form_of(frame, b));
        let size = (0..=D).fold(0.0, |s: f64, k| s.max((x[k] - y[k]).abs()));
        let error = (x_error + y_error) * (1.0 + 1e-9) + f64::EPSILON * size;
        Row::new(std::array::from_fn(|k| x[k] - y[k]), x[D] - y[D], error)
    }

    /// The sign of a difference that is a number without error: of units that are off, above all. Leaves no `sides`.
    fn constant_difference(&mut self, frame: &Frame<W>, a: Member, b: Member) -> Option<Ordering> {
        self.sides.clear();
        let ((x, x_error), (y, y_error)) = (self.form_of(frame, a), self.form_of(frame, b));
        let same = x_error == 0.0 && y_error == 0.0 && x[..D] == y[..D];
        if same { x[D].partial_cmp(&y[D]) } else { None }
    }

    /// Puts the certain signs of a form at a cell's vertices into `sides`; whether any is above, below.
    fn classify(&mut self, cell: &Cell<W>, form: &Row<D>, level: Level, errand: &Errand) -> Result<(bool, bool), Stop> {
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
                self.exact_sign(vertex, level, errand)?
            };
            above |= side == Ordering::Greater;
            below |= side == Ordering::Less;
            self.sides.push(side);
        }
        Ok((above, below))
    }

    /// Copies a cell's table of slots to the end, where it can grow without running into those of siblings.
    #[cold]
    pub fn own_slots(&mut self, cell: &mut Cell<W>) {
        let base = self.slots.len();
        self.slots.extend_from_within(cell.slot_base as usize..(cell.slot_base + cell.slots) as usize);
        cell.slot_base = base as u32;
    }
}
