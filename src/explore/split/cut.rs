//! Cutting a cell in two by a hyperplane through its interior.
//!
//! Contract: signs at vertices are certain, so what comes out is exact: a vertex on the hyperplane belongs to both
//! parts and cuts nothing, every edge with ends on both sides gives one new vertex, and that lies on the walls and cuts
//! that the whole edge lies on. Two vertices span an edge iff no third lies on all they share; where one of them lies
//! on no more than it takes, sharing `D - 1` is enough.

use super::bits::Bits;
use super::descent::{Cell, Descent, Entry, Slot, Stop};
use super::stage::{Level, NONE};
use super::vertex::{Origin, Row, Spot, Vertex, between, between_far, solve};
use crate::vectors::wide;
use std::cmp::Ordering;

impl<const D: usize, const W: usize> Descent<'_, D, W> {
    /// Cuts by the form whose signs at the cell's entries are in `sides`: the lower and the upper part. `open` tells
    /// for which rows of which stage (words at, how many) new vertices need signs, `parted` that the lists of vertices on
    /// either side are there already and no vertex is on the cut.
    #[inline(always)]
    pub fn cut(
        &mut self,
        cell: &Cell<W>,
        form: &Row<D>,
        level: Level,
        source: u32,
        (open, parted): (Option<(usize, usize, usize)>, bool),
    ) -> Result<(Cell<W>, Cell<W>), Stop> {
        let mut cell = *cell;
        if cell.slots as usize == Bits::<W>::CAPACITY {
            self.renumber(&mut cell)?;
        }
        if self.slots.len() > (cell.slot_base + cell.slots) as usize {
            self.own_slots(&mut cell);
        }
        let slot = cell.slots as usize;
        self.slots.push(Slot { source, form: *form });
        cell.slots += 1;
        let touching = if parted { 0 } else { self.part_entries(&cell, slot) };
        self.edges.find::<D, W>(&self.upper, &self.lower, slot, cell.simple);
        let first = self.vertices.len();
        if !cell.simple {
            self.drop_diagonals(&cell);
        }
        self.cut_edges(&cell, form, level);
        let (signs, each) = (self.signs.len(), open.map_or(0, |(_, _, words)| 3 * words));
        for (k, &(i, j)) in self.edges.pairs.iter().enumerate() {
            let shared = self.upper[i as usize].mask.and(&self.lower[j as usize].mask);
            let (vertex, signs) = ((first + k) as u32, (signs + each * k) as u32);
            self.fresh.push(Entry { mask: shared.with(slot), vertex, signs });
        }
        if self.has_cones() {
            let fresh = std::mem::take(&mut self.fresh);
            self.make_cones(&cell, &fresh[touching..]);
            self.fresh = fresh;
        }
        if let Some((stage, begin, words)) = open {
            self.evaluate(first, stage, begin, words);
        }
        let mut parts = [cell, cell];
        for (k, part) in parts.iter_mut().enumerate() {
            part.start = self.entries.len() as u32;
            self.entries.extend_from_slice(if k == 0 { &self.lower } else { &self.upper });
            self.entries.extend_from_slice(&self.fresh);
            part.len = self.entries.len() as u32 - part.start;
            if touching > 0 || !cell.simple {
                let own = &self.entries[part.start as usize..];
                part.simple = own.iter().all(|e| e.mask.count() == D);
            }
        }
        let [lower, mut upper] = parts;
        upper.side.insert(slot);
        Ok((lower, upper))
    }

    /// Puts the vertices below, above and on a cut, by their `sides`, into three lists; how many are on it.
    #[inline(always)]
    pub fn part_entries(&mut self, cell: &Cell<W>, slot: usize) -> usize {
        let own = &self.entries[cell.start as usize..(cell.start + cell.len) as usize];
        let (lower, upper) = (&mut self.lower, &mut self.upper);
        // Each is written to both sides and kept on its own: which one that is, no branch could foretell.
        lower.resize(own.len(), Entry::NONE);
        upper.resize(own.len(), Entry::NONE);
        self.fresh.clear();
        let (mut below, mut above) = (0, 0);
        for (e, &side) in own.iter().zip(&self.sides) {
            lower[below] = *e;
            upper[above] = *e;
            below += usize::from(side == Ordering::Less);
            above += usize::from(side == Ordering::Greater);
            if side == Ordering::Equal {
                self.fresh.push(Entry { mask: e.mask.with(slot), ..*e });
            }
        }
        lower.truncate(below);
        upper.truncate(above);
        self.fresh.len()
    }

    /// Leaves out pairs that span no edge of a cell that is not simple.
    #[cold]
    fn drop_diagonals(&mut self, cell: &Cell<W>) {
        let all = &self.entries[cell.start as usize..(cell.start + cell.len) as usize];
        let (upper, lower) = (&self.upper, &self.lower);
        self.edges.pairs.retain(|&(i, j)| {
            let (p, n) = (&upper[i as usize], &lower[j as usize]);
            let shared = p.mask.and(&n.mask);
            let third = |e: &Entry<W>| e.vertex != p.vertex && e.vertex != n.vertex && e.mask.contains(&shared);
            p.mask.count() == D || n.mask.count() == D || !all.iter().any(third)
        });
    }

    /// The new vertices, one per pair.
    #[inline(always)]
    fn cut_edges(&mut self, cell: &Cell<W>, form: &Row<D>, level: Level) {
        let first = self.vertices.len();
        let (pairs, upper, lower) = (&self.edges.pairs, &self.upper, &self.lower);
        let (strict, vertices) = (self.ground.volumes, &mut self.vertices);
        let unclear = wide(Between { pairs, upper, lower, form, level, strict, vertices });
        if !self.ground.bounds.is_bounded() {
            self.rests.resize(self.vertices.len(), Spot { x: [0.0; D], error: 0.0 });
        }
        for k in (0..self.edges.pairs.len()).filter(|_| unclear) {
            if self.vertices[first + k].at.error.is_infinite() {
                let (i, j) = self.edges.pairs[k];
                let (p, n) = (self.upper[i as usize], self.lower[j as usize]);
                self.cut_edge(cell, form, first + k, p, n);
            }
        }
    }

    /// The new vertex on an edge that has an end at infinity, or where interpolation is too uncertain.
    #[cold]
    #[inline(never)]
    fn cut_edge(&mut self, cell: &Cell<W>, form: &Row<D>, vertex: usize, p: Entry<W>, n: Entry<W>) {
        let shared = p.mask.and(&n.mask);
        let origin = self.vertices[vertex].origin;
        let (upper, lower) = (&self.vertices[p.vertex as usize], &self.vertices[n.vertex as usize]);
        if upper.finite * lower.finite == 1.0 {
            return self.cut_by_solving(cell, form, &shared, true, vertex);
        }
        let finite = shared.and(&Bits::first(cell.walls as usize)).is_empty();
        let rest = self.rest(p.vertex);
        if let Some((spot, rest)) = between_far(form, (upper, &rest), lower, finite) {
            let cut = Vertex::new(spot, finite, origin);
            if !cut.hazy(true) {
                return self.place(vertex, cut, rest);
            }
        }
        self.cut_by_solving(cell, form, &shared, finite, vertex)
    }

    fn place(&mut self, vertex: usize, cut: Vertex<D>, rest: Spot<D>) {
        self.vertices[vertex] = cut;
        if let Some(place) = self.rests.get_mut(vertex) {
            *place = rest;
        }
    }

    /// A new vertex from the hyperplanes through it; at infinity, its two parts from the same normals.
    fn cut_by_solving(&mut self, cell: &Cell<W>, form: &Row<D>, shared: &Bits<W>, finite: bool, vertex: usize) {
        let origin = self.vertices[vertex].origin;
        let mut rows = [*form; D];
        let mut count = 1;
        for slot in shared.iter().take(D - 1) {
            rows[count] = self.slots[cell.slot_base as usize + slot].form;
            count += 1;
        }
        let walls = shared.and(&Bits::first(cell.walls as usize)).count();
        let solved = if count < D {
            None
        } else if finite {
            solve(&rows).map(|at| (at, Spot { x: [0.0; D], error: 0.0 }))
        } else {
            // Walls have the lowest slots and stand right behind the form.
            let wall = |i: usize| (1..=walls).contains(&i);
            let part = |of_walls: bool| {
                let mut part = rows;
                (0..D).filter(|&i| wall(i) != of_walls).for_each(|i| part[i].c = 0.0);
                solve(&part)
            };
            part(true).zip(part(false))
        };
        if let Some((at, rest)) = solved {
            let cut = Vertex::new(at, finite, origin);
            if !cut.blurred() {
                return self.place(vertex, cut, rest);
            }
        }
        self.cut_exactly(finite, vertex)
    }

    /// A new vertex at its exact position, rounded.
    #[cold]
    fn cut_exactly(&mut self, finite: bool, vertex: usize) {
        let origin = self.vertices[vertex].origin;
        if let Origin::Cut { level, .. } = origin {
            self.work += self.exact_work(level);
        }
        let point = self.exact_point(vertex as u32);
        let spot = |part: &dyn Fn(usize) -> f64| {
            let x: [f64; D] = std::array::from_fn(part);
            let size = x.iter().fold(0.0, |s: f64, x| s.max(x.abs()));
            Spot { x, error: f64::EPSILON * size + f64::MIN_POSITIVE }
        };
        let a = spot(&|k| point.x[k].a.to_f64().value());
        let b = spot(&|k| point.x[k].b.to_f64().value());
        self.place(vertex, Vertex::new(if finite { a } else { b }, finite, origin), a);
    }

    /// Gives a cell a table of slots of its own without those that no vertex lies on; the order stays.
    #[cold]
    fn renumber(&mut self, cell: &mut Cell<W>) -> Result<(), Stop> {
        let range = cell.start as usize..(cell.start + cell.len) as usize;
        let alive = self.entries[range.clone()].iter().fold(Bits::EMPTY, |all, e| all.or(&e.mask));
        if alive.count() == Bits::<W>::CAPACITY {
            return Err(Stop::TooManyFaces);
        }
        let mut place = vec![NONE; Bits::<W>::CAPACITY];
        let base = self.slots.len();
        for (new, old) in alive.iter().enumerate() {
            place[old] = new as u32;
            self.slots.push(self.slots[cell.slot_base as usize + old]);
        }
        let moved =
            |set: Bits<W>| set.and(&alive).iter().fold(Bits::EMPTY, |all: Bits<W>, old| all.with(place[old] as usize));
        let start = self.entries.len() as u32;
        for k in range {
            let own = self.entries[k];
            self.entries.push(Entry { mask: moved(own.mask), ..own });
        }
        let (mut head, mut at) = (NONE, cell.along);
        while at != NONE {
            let (slot, source, next) = self.along[at as usize];
            if place[slot as usize] != NONE {
                self.along.push((place[slot as usize], source, head));
                head = self.along.len() as u32 - 1;
            }
            at = next;
        }
        cell.along = head;
        (cell.start, cell.slot_base, cell.slots) = (start, base as u32, alive.count() as u32);
        cell.side = moved(cell.side);
        cell.walls = alive.and(&Bits::first(cell.walls as usize)).count() as u32;
        Ok(())
    }

    /// Notes a source whose hyperplane supports the cell along a whole face. `sides` holds its signs.
    #[cold]
    pub fn touch(&mut self, cell: &mut Cell<W>, source: u32) {
        let all = &self.entries[cell.start as usize..(cell.start + cell.len) as usize];
        let on = || all.iter().zip(&self.sides).filter(|(_, s)| **s == Ordering::Equal).map(|(e, _)| e);
        let count = on().count();
        if count < D {
            return;
        }
        let mut shared = Bits::first(cell.slots as usize);
        on().for_each(|e| shared = shared.and(&e.mask));
        let face = shared.iter().find(|&slot| {
            let (mut closure, mut size) = (Bits::first(cell.slots as usize), 0);
            for e in all.iter().filter(|e| e.mask.has(slot)) {
                closure = closure.and(&e.mask);
                size += 1;
            }
            size == count && closure.count() == 1
        });
        if let Some(slot) = face {
            self.along.push((slot as u32, source, cell.along));
            cell.along = self.along.len() as u32 - 1;
        }
    }
}

/// Cuts the edges between finite vertices by interpolation; a vertex that this leaves too uncertain gets an infinite
/// error. Whether there is one.
struct Between<'a, const D: usize, const W: usize> {
    pairs: &'a [(u32, u32)],
    upper: &'a [Entry<W>],
    lower: &'a [Entry<W>],
    form: &'a Row<D>,
    level: Level,
    strict: bool,
    vertices: &'a mut Vec<Vertex<D>>,
}

impl<const D: usize, const W: usize> pulp::NullaryFnOnce for Between<'_, D, W> {
    type Output = bool;

    #[inline(always)]
    fn call(self) -> bool {
        let mut unclear = false;
        for &(i, j) in self.pairs {
            let (upper, lower) = (self.upper[i as usize].vertex, self.lower[j as usize].vertex);
            let origin = Origin::Cut { upper, lower, level: self.level };
            let (p, n) = (&self.vertices[upper as usize], &self.vertices[lower as usize]);
            let spot = if p.finite * n.finite == 1.0 { between(self.form, p, n) } else { None };
            let mut vertex = Vertex::new(spot.unwrap_or(Spot { x: [0.0; D], error: f64::INFINITY }), true, origin);
            if vertex.hazy(self.strict) {
                vertex.at.error = f64::INFINITY;
                unclear = true;
            }
            self.vertices.push(vertex);
        }
        unclear
    }
}
