//! A finished cell: its faces, whom they are credited to, and what it adds to the counts.

use super::bits::Bits;
use super::counts::Counts;
use super::descent::{Cell, Descent, Entry, Frame};
use super::stage::NONE;
use crate::vectors::wide;

impl<const D: usize, const W: usize> Descent<'_, D, W> {
    /// The vertices of a cell.
    pub fn own<'s>(&'s self, cell: &Cell<W>) -> &'s [Entry<W>] {
        &self.entries[cell.start as usize..(cell.start + cell.len) as usize]
    }

    /// The slots that are faces: all that occur when each vertex is on no more than it takes, else those whose vertices
    /// share no other slot (two slots never lie on one hyperplane: the second would have been noted as lying along).
    pub fn faces_of(&self, cell: &Cell<W>) -> Bits<W> {
        let own = self.own(cell);
        let all = own.iter().fold(Bits::EMPTY, |all, e| e.mask.or(&all));
        if cell.simple {
            return all;
        }
        let face = |slot: usize| {
            let mut closure = all;
            let (mut size, on) = (0, own.iter().filter(|e| e.mask.has(slot)));
            on.for_each(|e| {
                closure = closure.and(&e.mask);
                size += 1;
            });
            size >= D && closure.count() == 1
        };
        all.iter().filter(|&slot| face(slot)).fold(Bits::EMPTY, |set: Bits<W>, slot| set.with(slot))
    }

    /// Counts a region of the network up to a stage, and the sides its rows were seen on.
    pub fn count_prefix(&mut self, frame: &Frame<W>) {
        let s = frame.stage as usize;
        self.count_prefix_faces(s, &frame.cell, &self.faces_of(&frame.cell));
        if frame.level > 0 {
            let at = self.floor(frame.level, s);
            let (whole, levels) = self.floors.split_at_mut(self.ground.stages.list.len());
            let floor = &levels[at - whole.len()];
            let first = self.ground.stages.list[s].first;
            for (k, source) in floor.sources.iter().enumerate() {
                let (row, side) = ((source - first) as usize, floor.chosen[k / 64] >> (k % 64) & 1);
                whole[s].seen[side as usize][row / 64] |= 1 << (row % 64);
            }
        } else if self.ground.stages.list[s].rows() > 0 {
            let floor = &mut self.floors[s];
            for (w, &upper) in floor.chosen.iter().enumerate() {
                floor.seen[0][w] |= !upper;
                floor.seen[1][w] |= upper;
            }
        }
    }

    /// Counts a region of the network up to a stage.
    #[inline(always)]
    pub fn count_prefix_faces(&mut self, stage: usize, cell: &Cell<W>, faces: &Bits<W>) {
        let walls = faces.and(&Bits::first(cell.walls as usize)).count();
        let prefix = &mut self.counts.prefix[stage];
        prefix.regions += 1;
        prefix.total += faces.count() as u64;
        prefix.interior += (faces.count() - walls) as u64;
    }

    /// Counts a region.
    pub fn count_region(&mut self, frame: &Frame<W>) {
        let cell = &frame.cell;
        let faces = self.faces_of(cell);
        let entries = std::mem::take(&mut self.entries);
        self.count_cell(cell, &faces, &entries[cell.start as usize..(cell.start + cell.len) as usize]);
        self.entries = entries;
        if self.ground.volumes {
            let before = self.counts.volume;
            self.count_volume(&frame.cell);
            let volume = self.counts.volume - before;
            self.counts.largest = self.counts.largest.max(volume);
            let count = match self.ground.bounds.is_bounded() {
                true => faces.count(),
                false => faces.without(&Bits::first(cell.walls as usize)).count(),
            };
            let by_total = &mut self.counts.volume_by_total;
            if by_total.len() <= count {
                by_total.resize(count + 1, 0);
            }
            by_total[count] += volume;
        }
        if frame.points.1 > 0 {
            self.count_points(frame);
        }
    }

    /// Counts the faces and the vertices, `own`, of a region.
    #[inline(always)]
    pub fn count_cell(&mut self, cell: &Cell<W>, faces: &Bits<W>, own: &[Entry<W>]) {
        let boundary = Bits::first(cell.walls as usize);
        let unbounded = !self.ground.bounds.is_bounded();
        let interior = faces.without(&boundary);
        let inside = interior.count();
        let walls = if unbounded { 0 } else { faces.and(&boundary).count() };
        let touches = |e: &Entry<W>| !e.mask.and(&boundary).is_empty();
        let bounded = !unbounded || !own.iter().any(touches);
        let base = cell.slot_base as usize;
        let counts = &mut self.counts;
        counts.regions += 1;
        counts.bounded += u64::from(bounded);
        bump(&mut counts.total, inside + walls);
        bump(&mut counts.interior, inside);
        bump(&mut counts.walls, walls);
        for slot in interior.iter() {
            let source = self.slots[base + slot].source as usize;
            counts.faces[source][usize::from(cell.side.has(slot))] += 1;
        }
        let mut at = cell.along;
        let mut shared = Bits::<W>::EMPTY;
        while at != NONE {
            let (slot, source, next) = self.along[at as usize];
            if faces.has(slot as usize) && !(unbounded && slot < cell.walls) {
                counts.coincident[source as usize] += 1;
                shared.insert(slot as usize);
            }
            at = next;
        }
        counts.shared += shared.count() as u64;
        counts.degenerate += u64::from(!cell.simple);
        wide(Vertices::<D, W> { counts, own, cell, boundary: &boundary });
        if (D == 2 || D == 3) && cell.simple {
            for e in own {
                let cuts = e.mask.without(&boundary);
                if cuts.and(&cell.side).is_empty() {
                    let walls = e.mask.and(&boundary).count();
                    for slot in cuts.iter() {
                        counts.on_source[self.slots[base + slot].source as usize][walls] += 1;
                    }
                }
            }
        }
    }

    /// Compares the patterns of seeded points with that of the region they arrived in.
    fn count_points(&mut self, frame: &Frame<W>) {
        self.note_all(frame.level, self.ground.stages.list.len());
        for k in frame.points.0..frame.points.0 + frame.points.1 {
            let point = self.points[k as usize] as usize;
            self.counts.reached += 1;
            self.counts.matched += u64::from(self.ground.points[point].0 == self.pattern);
        }
    }
}

/// Counts the vertices of a region, by walls and by the sides of their units.
struct Vertices<'a, const D: usize, const W: usize> {
    counts: &'a mut Counts,
    own: &'a [Entry<W>],
    cell: &'a Cell<W>,
    boundary: &'a Bits<W>,
}

/// Bits of a count of vertices by their number of walls, nine counts to a word; and vertices that cannot overflow one.
const FIELD: usize = 7;
const FIELDS: usize = (1 << FIELD) - 1;

impl<const D: usize, const W: usize> pulp::NullaryFnOnce for Vertices<'_, D, W> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Vertices { counts, own, cell, boundary } = self;
        counts.vertices += own.len() as u64;
        if !cell.simple {
            return;
        }
        let (pairs, distinct) = (&mut counts.wall_pairs[..=D], &mut counts.distinct[..=D]);
        for some in own.chunks(FIELDS) {
            let (mut all, mut first) = (0u64, 0u64);
            for e in some {
                let walls = e.mask.and(boundary).count();
                let upper = e.mask.without(boundary).and(&cell.side);
                all += 1 << (FIELD * walls);
                first += u64::from(upper.is_empty()) << (FIELD * walls);
                if walls == 0 {
                    let mut corner = 0;
                    for (k, slot) in e.mask.iter().enumerate() {
                        corner |= usize::from(cell.side.has(slot)) << k;
                    }
                    counts.corners[corner & ((1 << D) - 1)] += 1;
                }
            }
            for k in 0..=D {
                pairs[k] += all >> (FIELD * k) & FIELDS as u64;
                distinct[k] += first >> (FIELD * k) & FIELDS as u64;
            }
        }
    }
}

#[inline(always)]
fn bump(histogram: &mut Vec<u64>, k: usize) {
    if histogram.len() <= k {
        histogram.resize(k + 1, 0);
    }
    histogram[k] += 1;
}
