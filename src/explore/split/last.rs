//! The last split above two regions: counted from the masks of their vertices, which then need no positions or signs.
//!
//! Contract: the counts are those of walking into both parts. Where more is wanted of a region than counts, where a vertex
//! lies on the cut or its side is not known yet, nothing is counted and the split is made like any other.

use super::bits::Bits;
use super::descent::{Cell, Descent, Entry, Errand, Frame, Slot};

impl<const D: usize, const W: usize> Descent<'_, D, W> {
    /// Counts both parts of a cell that only row `row` of floor `s` still cuts, from the lists that
    /// [`Descent::part_by_row`] made; whether that was all there was to do.
    #[inline(always)]
    pub fn count_parts(&mut self, frame: &Frame<W>, s: usize, row: usize, errand: &Errand) -> bool {
        let (words, begin) = (self.floors[s].words, frame.words as usize);
        let open = &self.words[begin..begin + words];
        let last = s + 1 == self.ground.stages.list.len() && open.iter().map(|w| w.count_ones()).sum::<u32>() == 1;
        let counted = !self.seeking && !errand.collect && errand.show.is_none() && !self.ground.volumes;
        let room = errand.limit.saturating_sub(self.counts.regions) >= 2;
        let bounded = self.ground.bounds.is_bounded();
        let slot = frame.cell.slots as usize;
        if !(last && counted && room && bounded && frame.cell.simple && slot < Bits::<W>::CAPACITY)
            || frame.points.1 > 0
        {
            return false;
        }
        let mut cell = frame.cell;
        if self.slots.len() > (cell.slot_base + cell.slots) as usize {
            self.own_slots(&mut cell);
        }
        self.slots.push(Slot { source: self.floors[s].sources[row], form: self.floors[s].rows.row::<D>(row) });
        cell.slots += 1;
        self.edges.find::<D, W>(&self.upper, &self.lower, slot, true);
        let mut parts = [std::mem::take(&mut self.lower), std::mem::take(&mut self.upper)];
        let [lower, upper] = &mut parts;
        for &(i, j) in &self.edges.pairs {
            let mask = upper[i as usize].mask.and(&lower[j as usize].mask).with(slot);
            let fresh = Entry { mask, ..Entry::NONE };
            self.fresh.push(fresh);
        }
        parts.iter_mut().for_each(|part| part.extend_from_slice(&self.fresh));
        for (side, own) in parts.iter().enumerate() {
            let mut part = cell;
            if side == 1 {
                part.side.insert(slot);
            }
            self.count_part(&part, frame, s, (row, side), own, errand);
        }
        [self.lower, self.upper] = parts;
        true
    }

    /// Counts one part, on one side of a row.
    #[inline(always)]
    fn count_part(
        &mut self,
        cell: &Cell<W>,
        frame: &Frame<W>,
        s: usize,
        (row, side): (usize, usize),
        own: &[Entry<W>],
        errand: &Errand,
    ) {
        let faces = own.iter().fold(Bits::EMPTY, |all, e| e.mask.or(&all));
        if frame.depth as usize + 1 >= errand.trunk {
            self.count_prefix_faces(s, cell, &faces);
            let floor = &mut self.floors[s];
            let upper = frame.words as usize + floor.words;
            let [below, above] = &mut floor.seen;
            for (w, &upper) in self.words[upper..upper + floor.words].iter().enumerate() {
                let own = if w == row / 64 { 1 << (row % 64) } else { 0 };
                let upper = if side == 1 { upper | own } else { upper & !own };
                below[w] |= !upper;
                above[w] |= upper;
            }
        }
        self.count_cell(cell, &faces, own);
    }

    /// Puts the vertices on either side of a row into two lists; whether each is certainly off it.
    #[inline(always)]
    pub fn part_by_row(&mut self, cell: &Cell<W>, words: usize, row: usize) -> bool {
        let own = &self.entries[cell.start as usize..(cell.start + cell.len) as usize];
        let (w, bit) = (row / 64, row % 64);
        let (lower, upper) = (&mut self.lower, &mut self.upper);
        lower.resize(own.len(), Entry::NONE);
        upper.resize(own.len(), Entry::NONE);
        self.fresh.clear();
        let (mut below, mut above) = (0, 0);
        for e in own {
            let signs = &self.signs[e.signs as usize..][..2 * words];
            lower[below] = *e;
            upper[above] = *e;
            above += (signs[w] >> bit & 1) as usize;
            below += (signs[words + w] >> bit & 1) as usize;
        }
        lower.truncate(below);
        upper.truncate(above);
        below + above == own.len()
    }
}
