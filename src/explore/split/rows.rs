//! Stages of units: their forms on a cell, the signs at its vertices, which rows cut it, and the split by one row.

use super::bits::{Bits, Ones};
use super::descent::{Cell, Descent, EXACT, Entry, Errand, Frame, Stop};
use super::follow::Follower;
use super::sieve::Sieve;
use super::stage::{Kind, Level, NONE, Rows};
use super::vertex::{Origin, Row, Spot, Vertex, solve};
use crate::ir::{Op, Rational, rational};
use crate::vectors::widest;
use std::cmp::Ordering;

/// Where a cell's seeded points begin, and how many they are.
type Span = (u32, u32);

impl<const D: usize, const W: usize> Descent<'_, D, W> {
    /// Brings a cell into its next stage, or counts it as a region when there is none.
    pub fn enter(&mut self, mut frame: Frame<W>, errand: &Errand) -> Result<(), Stop> {
        let ground = self.ground;
        let s = frame.stage as usize;
        let Some(stage) = ground.stages.list.get(s) else {
            if !self.collects(&frame, true, errand) {
                self.count_region(&frame);
                self.show(&frame, errand)?;
            }
            return Ok(());
        };
        if frame.level > 0 {
            return self.enter_part(frame, errand);
        }
        self.cells += 1;
        self.floors[s].cell = self.cells;
        self.work += self.entering(s);
        if s > 0 && !ground.stages.links.is_empty() {
            let (before, after) = self.floors.split_at_mut(s);
            let from = &before[s - 1];
            if self.seeking {
                after[0].rows.forget();
            }
            after[0].rows.compose::<D>(&ground.stages.links[s - 1], &from.rows, &from.chosen, from.cell);
        } else {
            let first = if s == 0 { 0 } else { ground.stages.list[s - 1].node };
            (first..stage.node).for_each(|id| self.bring(id));
            if let Kind::Rows(rows) = &stage.kind {
                self.floors[s].rows.load::<D>(rows, &self.node_forms[stage.source]);
            }
        }
        match &stage.kind {
            Kind::Rows(rows) => {
                frame.words = self.open_rows(&mut frame, rows, errand)?;
                self.next_row(frame, errand)
            }
            Kind::Groups(_) if self.reduces(&frame) => self.reduce(frame, errand),
            Kind::Groups(_) => self.begin_groups(frame, errand),
        }
    }

    /// Work of the forms of a stage on a cell.
    fn entering(&self, stage: usize) -> u64 {
        let stages = &self.ground.stages;
        // Those of dense layers are brought up to date by a few units at a time.
        let forms = match stages.links.get(stage.wrapping_sub(1)) {
            Some(link) => (8 * link.rows) as u64,
            None => stages.layer_work[stage],
        };
        (D as u64 + 1) * forms
    }

    /// Brings the forms of a node to the cell of the present pattern.
    fn bring(&mut self, id: usize) {
        let ground = self.ground;
        let (walker, forms) = (ground.walker, &mut self.node_forms);
        let node = &walker.network().nodes[id];
        match &node.op {
            Op::Affine(map) if Follower::suits(map) => {
                if self.seeking {
                    self.followers[id].forget();
                }
                let mut own = std::mem::take(&mut forms[id]);
                let columns = &ground.columns[id];
                self.followers[id].follow::<D>(map, columns, &forms[map.source], node.len(), &mut own);
                forms[id] = own;
            }
            _ => forms[id] = walker.node_forms(id, forms, &self.pattern),
        }
    }

    /// Evaluates all rows at all vertices of a cell that enters their stage; where its words begin.
    pub fn open_rows(&mut self, frame: &mut Frame<W>, rows: &Rows, errand: &Errand) -> Result<u32, Stop> {
        let s = self.floor(frame.level, frame.stage as usize);
        let n = self.floors[s].sources.len();
        let (words, begin) = (n.div_ceil(64), self.words.len());
        self.words.resize(begin + 2 * words, 0);
        self.words[begin..begin + words].fill(u64::MAX);
        if !n.is_multiple_of(64) {
            self.words[begin + words - 1] = (1 << (n % 64)) - 1;
        }
        let suspects = if self.floors[s].rows.flat() { n } else { 0 };
        for i in 0..suspects {
            if let Some(sign) = self.constant(frame, i, rows, errand)? {
                self.words[begin + i / 64] &= !(1 << (i % 64));
                self.words[begin + words + i / 64] |= u64::from(sign == Ordering::Greater) << (i % 64);
                if sign == Ordering::Equal {
                    self.counts.vanishing[self.floors[s].sources[i] as usize] = true;
                }
            }
        }
        if self.sieve(&frame.cell, s, begin, words) {
            return Ok(begin as u32);
        }
        let start = self.entries.len() as u32;
        let (first, signs) = (self.vertices.len(), self.signs.len());
        for k in 0..frame.cell.len {
            let Entry { mask, vertex, .. } = self.entries[(frame.cell.start + k) as usize];
            let (mut copy, rest) = (self.vertices[vertex as usize], self.rest(vertex));
            copy.origin = Origin::Same(vertex);
            if self.has_cones() {
                self.cones.push(self.cones[vertex as usize]);
            }
            let vertex = self.push(copy, rest);
            let signs = (signs + 3 * words * k as usize) as u32;
            self.entries.push(Entry { mask, vertex, signs });
        }
        frame.cell.start = start;
        self.evaluate(first, s, begin, words);
        self.settle(&mut frame.cell, (s, begin), None, errand)
    }

    /// Takes the rows that are certainly on one side of a cell out of the open ones; whether none is left.
    #[inline(always)]
    fn sieve(&mut self, cell: &Cell<W>, stage: usize, begin: usize, words: usize) -> bool {
        let own = &self.entries[cell.start as usize..(cell.start + cell.len) as usize];
        self.seats.take(own.iter().map(|e| &self.vertices[e.vertex as usize]));
        let mut left = 0;
        for word in 0..words {
            let (above, below) = widest(Sieve { forms: &self.floors[stage].rows, seats: &self.seats, word });
            let open = self.words[begin + word];
            self.words[begin + word] = open & !(above | below);
            self.words[begin + words + word] |= open & above;
            left |= self.words[begin + word];
        }
        left == 0
    }

    /// Puts the signs of the open rows at all vertices from the `first` on at the end of the signs.
    #[inline(always)]
    pub fn evaluate(&mut self, first: usize, stage: usize, open: usize, words: usize) {
        let fresh = &self.vertices[first..];
        let begin = self.signs.len();
        self.signs.resize(begin + 3 * words * fresh.len(), 0);
        self.floors[stage].rows.signs(fresh, &self.words[open..open + words], &mut self.signs[begin..]);
    }

    /// The sign of a row whose form is constant on the cell; `None` for one that varies.
    fn constant(&mut self, frame: &Frame<W>, i: usize, rows: &Rows, errand: &Errand) -> Result<Option<Ordering>, Stop> {
        let (stage, floor) = (frame.stage as usize, self.floor(frame.level, frame.stage as usize));
        let forms = &self.floors[floor].rows;
        let error = forms.error(i);
        if (0..D).any(|k| forms.coefficient(i, k).abs() > error) {
            return Ok(None);
        }
        if error == 0.0 {
            return Ok(forms.coefficient(i, D).partial_cmp(&0.0));
        }
        self.note_all(frame.level, stage);
        let (s, source) = (&self.ground.stages.list[stage], self.floors[floor].sources[i]);
        let row = (source - s.first) as usize;
        self.work += EXACT * self.ground.stages.exact_work[stage];
        self.pause(errand)?;
        let form = self.ground.walker.exact_form(&self.pattern, s.source, rows.unit[row] as usize);
        let Some(form) = form else {
            return Err(Stop::Undecided(self.ground.stages.ids[source as usize]));
        };
        if form[..D].iter().any(|c| *c != Rational::ZERO) {
            return Ok(None);
        }
        Ok(Some(form[D].cmp(&rational(rows.level[row]))))
    }

    /// Which of the parent's open rows cut a cell, and the sides of the others; where the words begin.
    #[inline(always)]
    pub fn settle(
        &mut self,
        cell: &mut Cell<W>,
        (stage, parent): (usize, usize),
        done: Option<(usize, bool)>,
        errand: &Errand,
    ) -> Result<u32, Stop> {
        let words = self.floors[stage].words;
        let begin = self.words.len();
        self.words.extend_from_within(parent..parent + 2 * words);
        if let Some((row, upper)) = done {
            self.words[begin + row / 64] &= !(1 << (row % 64));
            self.words[begin + words + row / 64] |= u64::from(upper) << (row % 64);
        }
        for w in 0..words {
            let open = self.words[begin + w];
            if open == 0 {
                continue;
            }
            let (mut positive, mut negative, mut known) = (0, 0, !0);
            for e in &self.entries[cell.start as usize..(cell.start + cell.len) as usize] {
                let at = e.signs as usize;
                let (p, n) = (self.signs[at + w], self.signs[at + words + w]);
                positive |= p;
                negative |= n;
                known &= p | n;
            }
            let mut cross = positive & negative & open;
            for k in Ones(open & !cross & !known) {
                match self.settle_touching(cell, stage, 64 * w + k, errand)? {
                    Some(Ordering::Equal) => cross |= 1 << k,
                    Some(Ordering::Greater) => positive |= 1 << k,
                    _ => positive &= !(1 << k),
                }
            }
            self.words[begin + w] = cross;
            self.words[begin + words + w] |= open & !cross & positive;
        }
        Ok(begin as u32)
    }

    /// The side of a row that is not known at every vertex: `Equal` when it cuts, `None` when it vanishes identically.
    #[cold]
    fn settle_touching(
        &mut self,
        cell: &mut Cell<W>,
        stage: usize,
        row: usize,
        errand: &Errand,
    ) -> Result<Option<Ordering>, Stop> {
        let (mut above, mut below) = (false, false);
        self.sides.clear();
        for k in cell.start..cell.start + cell.len {
            let sign = self.row_sign(cell, k, (stage, row), errand)?;
            above |= sign == Ordering::Greater;
            below |= sign == Ordering::Less;
            self.sides.push(sign);
        }
        let source = self.floors[stage].sources[row];
        match (above, below) {
            (true, true) => return Ok(Some(Ordering::Equal)),
            (false, false) => {
                self.counts.vanishing[source as usize] = true;
                return Ok(None);
            }
            _ => self.touch(cell, source),
        }
        Ok(Some(if above { Ordering::Greater } else { Ordering::Less }))
    }

    /// Puts the certain signs of a row at the entries of a cell into `sides`.
    #[inline(always)]
    fn row_signs(&mut self, cell: &Cell<W>, stage: usize, row: usize, errand: &Errand) -> Result<(), Stop> {
        let words = self.floors[stage].words;
        let (w, bit) = (row / 64, row % 64);
        let (signs, mut unclear) = (&self.signs, false);
        let own = &self.entries[cell.start as usize..(cell.start + cell.len) as usize];
        self.sides.clear();
        self.sides.extend(own.iter().map(|e| {
            let at = e.signs as usize;
            let own = &signs[at..at + 2 * words];
            let (above, below) = (own[w] >> bit & 1 == 1, own[words + w] >> bit & 1 == 1);
            unclear |= !(above | below);
            if above {
                Ordering::Greater
            } else if below {
                Ordering::Less
            } else {
                Ordering::Equal
            }
        }));
        for k in (0..self.sides.len()).filter(|_| unclear) {
            if self.sides[k] == Ordering::Equal {
                self.sides[k] = self.row_sign(cell, cell.start + k as u32, (stage, row), errand)?;
            }
        }
        Ok(())
    }

    /// The certain sign of a row at an entry of a cell.
    #[inline(always)]
    fn row_sign(
        &mut self,
        cell: &Cell<W>,
        entry: u32,
        (stage, row): (usize, usize),
        errand: &Errand,
    ) -> Result<Ordering, Stop> {
        let words = self.floors[stage].words;
        let at = self.entries[entry as usize].signs as usize + row / 64;
        let bit = |bits: u64| bits >> (row % 64) & 1 == 1;
        if bit(self.signs[at]) {
            return Ok(Ordering::Greater);
        }
        if bit(self.signs[at + words]) {
            return Ok(Ordering::Less);
        }
        if bit(self.signs[at + 2 * words]) {
            return Ok(Ordering::Equal);
        }
        self.unclear_sign(cell, entry, (stage, row), errand)
    }

    /// The same where the bound at the vertex as it stands does not decide: from its hyperplanes, or exactly.
    #[cold]
    #[inline(never)]
    fn unclear_sign(
        &mut self,
        cell: &Cell<W>,
        entry: u32,
        (stage, row): (usize, usize),
        errand: &Errand,
    ) -> Result<Ordering, Stop> {
        let Entry { mask, vertex, signs } = self.entries[entry as usize];
        let words = self.floors[stage].words;
        let at = signs as usize + row / 64;
        let solved = self.solved_sign(cell, &mask, vertex, &self.floors[stage].rows.row::<D>(row));
        let sign = match solved {
            Some(sign) => sign,
            None => self.exact_sign(vertex, self.level_of(stage, row), errand)?,
        };
        let block = match sign {
            Ordering::Greater => 0,
            Ordering::Less => 1,
            Ordering::Equal => 2,
        };
        self.signs[at + block * words] |= 1 << (row % 64);
        Ok(sign)
    }

    /// The sign of a form at a vertex solved for from its hyperplanes, where that can be clearer than what is known. The
    /// position stays as it is: what a subtree adds must not depend on which signs were asked for before.
    fn solved_sign(&self, cell: &Cell<W>, mask: &Bits<W>, vertex: u32, form: &Row<D>) -> Option<Ordering> {
        let v = &self.vertices[vertex as usize];
        if v.finite != 1.0 || v.sharp() || mask.count() < D {
            return None;
        }
        let mut rows = [*form; D];
        for (row, slot) in rows.iter_mut().zip(mask.iter()) {
            *row = self.slots[cell.slot_base as usize + slot].form;
        }
        let (value, bound) = form.at(&Vertex::new(solve(&rows)?, true, v.origin));
        (value.abs() > bound).then(|| value.total_cmp(&0.0))
    }

    /// Splits a cell by its first open row, or hands it on to the next stage.
    pub fn next_row(&mut self, frame: Frame<W>, errand: &Errand) -> Result<(), Stop> {
        let s = self.floor(frame.level, frame.stage as usize);
        let (words, begin) = (self.floors[s].words, frame.words as usize);
        let Some(w) = (0..words).find(|&w| self.words[begin + w] != 0) else {
            let chosen = &mut self.floors[s].chosen;
            chosen.clear();
            chosen.extend_from_slice(&self.words[begin + words..begin + 2 * words]);
            return self.leave(frame, errand);
        };
        if self.collects(&frame, false, errand) {
            return Ok(());
        }
        if self.reduces(&frame) {
            return self.reduce(frame, errand);
        }
        let row = 64 * w + self.words[begin + w].trailing_zeros() as usize;
        self.work += (self.floors[s].sources.len() as u64) << D;
        // A full table of slots is renumbered, and the lists with it.
        let full = frame.cell.slots as usize == Bits::<W>::CAPACITY;
        let parted = !full && self.part_by_row(&frame.cell, words, row);
        if parted && self.count_parts(&frame, s, row, errand) {
            return Ok(());
        }
        if !parted {
            self.row_signs(&frame.cell, s, row, errand)?;
        }
        let form = self.floors[s].rows.row::<D>(row);
        let (level, source) = (self.level_of(s, row), self.floors[s].sources[row]);
        // New vertices lie on the row itself; their signs are asked for the other open rows only.
        self.words[begin + w] &= !(1 << (row % 64));
        let (mut lower, mut upper) = self.cut(&frame.cell, &form, level, source, (Some((s, begin, words)), parted))?;
        let [low_points, up_points] = self.part_points(&frame, &form, level, errand)?;
        let low_words = self.settle(&mut lower, (s, begin), Some((row, false)), errand)?;
        let up_words = self.settle(&mut upper, (s, begin), Some((row, true)), errand)?;
        let marks = self.marks();
        let depth = frame.depth + 1;
        let lower = Frame { cell: lower, words: low_words, points: low_points, depth, choice: 0, marks, ..frame };
        let upper = Frame { cell: upper, words: up_words, points: up_points, depth, choice: 1, marks, ..frame };
        self.frames.push(upper);
        self.frames.push(lower);
        Ok(())
    }

    /// Ends a stage on a cell: counts the region of the network up to here and goes on.
    pub fn leave(&mut self, frame: Frame<W>, errand: &Errand) -> Result<(), Stop> {
        if frame.level > 0 {
            self.make_deltas(&frame);
        } else if self.ground.stages.links.is_empty() {
            self.note_choices(frame.stage as usize);
        }
        // Cells above the trunk's end belong to the walk that collects it, those below to their subtree.
        if errand.collect == ((frame.depth as usize) < errand.trunk) {
            self.count_prefix(&frame);
        }
        self.enter(Frame { stage: frame.stage + 1, ..frame }, errand)
    }

    /// What is compared with zero by a row of a floor.
    pub fn level_of(&self, floor: usize, row: usize) -> Level {
        let stage = floor % self.ground.stages.list.len();
        let a = self.floors[floor].sources[row] - self.ground.stages.list[stage].first;
        Level { stage: stage as u32, a, b: NONE }
    }

    /// The seeded points of a cell on either side of a form.
    pub fn part_points(
        &mut self,
        frame: &Frame<W>,
        form: &Row<D>,
        level: Level,
        errand: &Errand,
    ) -> Result<[Span; 2], Stop> {
        let (start, len) = frame.points;
        let begin = self.points.len() as u32;
        for k in start..start + len {
            let point = self.points[k as usize];
            let x = &self.ground.points[point as usize].1;
            let spot = Spot { x: std::array::from_fn(|j| x[j]), error: 0.0 };
            let (value, bound) = form.at(&Vertex::new(spot, true, Origin::Seeded(point)));
            let above = if value.abs() > bound {
                value > 0.0
            } else {
                self.exact_sign_of_seed(point, level, errand)? == Ordering::Greater
            };
            let kept = if above { &mut self.above } else { &mut self.below };
            kept.push(point);
        }
        let (below, above) = (self.below.len() as u32, self.above.len() as u32);
        self.points.append(&mut self.below);
        self.points.append(&mut self.above);
        Ok([(begin, below), (begin + below, above)])
    }
}
