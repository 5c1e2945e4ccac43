//! One worker's walk down the tree of splits: its stacks, and the loop.
//!
//! Contract: depth first; every list is a stack that shrinks back when a sibling is taken up, so memory is the depth of
//! the tree and nothing is allocated once the stacks have grown. What a subtree yields depends on its path alone.

use super::bits::Bits;
use super::cones::Cone;
use super::corners::Corner;
use super::counts::Counts;
use super::edges::Edges;
use super::exact::{Lex, Point, Store};
use super::follow::Follower;
use super::forms::RowForms;
use super::reduced::{Delta, Reduced};
use super::show::{Finished, Want};
use super::sieve::Seats;
use super::stage::{Kind, Level, NONE, Stage, Stages};
use super::vertex::{Origin, Row, Spot, Vertex};
use super::volume::Spread;
use crate::explore::{Bounds, Polytope};
use crate::ir::{Rational, rational};
use crate::region::{Forms, HyperplaneId, Layout, Pattern, Walker};
use std::cmp::Ordering;
use std::rc::Rc;
use std::sync::Arc;

/// Work between two questions whether to stop: some milliseconds.
const PAUSE: u64 = 1 << 22;
/// Work of one exact multiplication.
pub const EXACT: u64 = 100;

/// What all workers share.
#[derive(Debug)]
pub struct Ground<'a> {
    pub walker: &'a Walker<'a>,
    pub bounds: &'a Bounds,
    pub stages: Stages,
    /// Per node, what [`Follower::columns`] gives, where nodes follow.
    pub columns: Vec<Vec<f64>>,
    /// The vertices of a domain with general walls.
    pub corners: Vec<Corner>,
    /// Seeded points with the patterns of their forward passes.
    pub points: Vec<(Pattern, Vec<f64>)>,
    /// Whether volumes are summed.
    pub volumes: bool,
}

/// Why a subtree was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// A cell has more walls and cuts at once than slots.
    TooManyFaces,
    /// An exact form would take more than its budget.
    Undecided(HyperplaneId),
    /// The caller asked to stop before there was anything to count.
    Asked,
}

/// Which part of the tree to walk, and how.
pub struct Errand<'a> {
    /// The choice at each split down to the subtree.
    pub path: &'a [u16],
    /// Number of splits at which the tree is cut into subtrees.
    pub trunk: usize,
    /// Collect the paths of the subtrees instead of counting regions.
    pub collect: bool,
    /// Most regions to count.
    pub limit: u64,
    /// Asked from time to time, with the work done since.
    pub stop: &'a dyn Fn(u64) -> bool,
    /// Who sees each region, and what of it; turning one down ends the walk.
    pub show: Option<(Want, &'a dyn Fn(Finished) -> bool)>,
}

/// What a walk found.
#[derive(Debug)]
pub struct Walk {
    /// Counts of the regions met, or of the layers' cells above the subtrees when collecting.
    pub counts: Counts,
    /// Paths of the subtrees, when collecting.
    pub paths: Vec<Vec<u16>>,
    /// How it ended.
    pub end: End,
}

/// How a walk ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// With its last region.
    Whole,
    /// At the limit on regions.
    Limit,
    /// Where the caller asked to stop.
    Asked,
}

/// A vertex of a cell, with the walls and cuts through it.
#[derive(Clone, Copy, Debug)]
pub struct Entry<const W: usize> {
    pub mask: Bits<W>,
    pub vertex: u32,
    /// Where its signs begin, in a stage of units on which some row is open.
    pub signs: u32,
}

impl<const W: usize> Entry<W> {
    /// No vertex.
    pub const NONE: Entry<W> = Entry { mask: Bits::EMPTY, vertex: NONE, signs: NONE };
}

/// A wall ([`NONE`]) or a cut: its source, and its form on the cells where it is.
#[derive(Clone, Copy, Debug)]
pub struct Slot<const D: usize> {
    pub source: u32,
    pub form: Row<D>,
}

/// A cell: its vertices and its table of slots.
#[derive(Clone, Copy, Debug)]
pub struct Cell<const W: usize> {
    pub start: u32,
    pub len: u32,
    pub slot_base: u32,
    pub slots: u32,
    /// How many of its slots, the first ones, are walls.
    pub walls: u32,
    /// Slots of which the cell is on the upper side.
    pub side: Bits<W>,
    /// Whether every vertex is on exactly as many walls and cuts as it takes.
    pub simple: bool,
    /// Head of the list of sources that lie along a face without having made it.
    pub along: u32,
}

/// Lengths of the stacks.
#[derive(Clone, Copy, Debug)]
pub struct Marks {
    vertices: u32,
    signs: u32,
    entries: u32,
    slots: u32,
    along: u32,
    words: u32,
    points: u32,
}

/// A cell waiting to be split.
#[derive(Clone, Copy, Debug)]
pub struct Frame<const W: usize> {
    pub cell: Cell<W>,
    pub stage: u32,
    /// The next group of a stage of groups.
    pub group: u32,
    /// Where its words begin: rows still open, then rows on whose upper side it is; or one choice per group.
    pub words: u32,
    pub points: (u32, u32),
    /// Splits above.
    pub depth: u32,
    /// The choice at the last of them.
    pub choice: u16,
    /// 0: the whole network; else one more than the place of what is open in [`Descent::reduced`].
    pub level: u32,
    /// Splits before the network is to be reduced (again).
    pub reduce_at: u32,
    pub marks: Marks,
}

/// Forms and choices of one stage on the current cell.
#[derive(Debug, Default)]
pub struct Floor {
    pub rows: RowForms,
    pub chosen: Vec<u64>,
    /// Distinguishes the cells that the forms were made for.
    pub cell: u64,
    /// Rows seen from their lower, and from their upper side; on the floors of the whole network.
    pub seen: [Vec<u64>; 2],
    /// Words that hold the choices.
    pub words: usize,
    /// Per row, its hyperplane source.
    pub sources: Vec<u32>,
    /// Generators that are not zero by these choices.
    pub deltas: Vec<Delta>,
}

/// The worker.
pub struct Descent<'a, const D: usize, const W: usize> {
    pub ground: &'a Ground<'a>,
    pub vertices: Vec<Vertex<D>>,
    /// Finite parts of vertices at infinity; as long as `vertices` when the domain is unbounded.
    pub rests: Vec<Spot<D>>,
    /// What vertices bring into volumes; as long as `vertices` where they do.
    pub cones: Vec<Cone>,
    /// The direction that these are measured along.
    pub direction: [f64; D],
    pub signs: Vec<u64>,
    pub entries: Vec<Entry<W>>,
    /// What is behind each slot.
    pub slots: Vec<Slot<D>>,
    /// (slot, source, next) lists.
    pub along: Vec<(u32, u32, u32)>,
    pub words: Vec<u64>,
    pub points: Vec<u32>,
    pub frames: Vec<Frame<W>>,
    /// Per level, the stages.
    pub floors: Vec<Floor>,
    /// What is open of the network on ever smaller cells.
    pub reduced: Vec<Arc<Reduced>>,
    pub node_forms: Vec<Forms>,
    pub followers: Vec<Follower>,
    pub pattern: Pattern,
    pub exact: Vec<Option<Rc<Point>>>,
    pub store: Store,
    pub counts: Counts,
    pub path: Vec<u16>,
    pub collected: Vec<Vec<u16>>,
    pub cells: u64,
    /// Work since the caller was asked last, as [`Descent::pause`] counts it.
    pub work: u64,
    /// Whether the walk is on its way to a subtree.
    pub seeking: bool,
    /// Sides of the entries of the cell being cut.
    pub sides: Vec<Ordering>,
    /// Vertices of the cell that enters a stage.
    pub seats: Seats<D>,
    pub upper: Vec<Entry<W>>,
    pub lower: Vec<Entry<W>>,
    pub edges: Edges,
    pub fresh: Vec<Entry<W>>,
    pub kids: Vec<Frame<W>>,
    /// Coordinates of a cell's vertices, and vertices of its faces, while its volume is taken.
    pub corners: Vec<[f64; D]>,
    pub members: Vec<u32>,
    /// The volume of the domain.
    pub domain: Spread,
    pub below: Vec<u32>,
    pub above: Vec<u32>,
}

impl<'a, const D: usize, const W: usize> Descent<'a, D, W> {
    pub fn new(ground: &'a Ground<'a>) -> Self {
        let nodes = ground.walker.network().nodes.len();
        Descent {
            ground,
            vertices: vec![],
            rests: vec![],
            cones: vec![],
            direction: [1.0; D],
            signs: vec![],
            entries: vec![],
            slots: vec![],
            along: vec![],
            words: vec![],
            points: vec![],
            frames: vec![],
            floors: ground.stages.list.iter().map(Floor::whole).collect(),
            reduced: vec![],
            node_forms: vec![Forms::default(); nodes],
            followers: vec![Follower::default(); nodes],
            pattern: ground.walker.layout().empty(),
            exact: vec![],
            store: Store::new(ground.walker.network()),
            counts: Counts::new(D, &ground.stages),
            path: vec![],
            collected: vec![],
            cells: 0,
            work: 0,
            seeking: false,
            sides: vec![],
            seats: Seats::new(),
            upper: vec![],
            lower: vec![],
            edges: Edges::default(),
            fresh: vec![],
            kids: vec![],
            corners: vec![],
            members: vec![],
            domain: Spread::default(),
            below: vec![],
            above: vec![],
        }
    }

    /// Takes a cell on to its next split.
    pub fn proceed(&mut self, frame: Frame<W>, errand: &Errand) -> Result<(), Stop> {
        match &self.ground.stages.list[frame.stage as usize].kind {
            Kind::Rows(_) => self.next_row(frame, errand),
            Kind::Groups(_) => self.next_group(frame, errand),
        }
    }

    /// Whether the errand ends at a cell that is about to be split, or at a region.
    pub fn collects(&mut self, frame: &Frame<W>, region: bool, errand: &Errand) -> bool {
        let ends = errand.collect && (region || frame.depth as usize >= errand.trunk);
        if ends {
            self.collected.push(self.path.clone());
        }
        ends
    }

    /// The domain itself.
    pub fn root(&mut self) -> Result<Frame<W>, Stop> {
        if 2 * D > Bits::<W>::CAPACITY {
            return Err(Stop::TooManyFaces);
        }
        for stack in [&mut self.words, &mut self.signs] {
            stack.clear();
        }
        self.vertices.clear();
        self.rests.clear();
        self.cones.clear();
        self.entries.clear();
        self.exact.clear();
        self.along.clear();
        self.points.clear();
        self.slots.clear();
        match self.ground.bounds {
            Bounds::Polytope(walls) => self.begin_in_polytope(walls)?,
            _ => self.begin_in_box(),
        }
        self.points.extend(0..self.ground.points.len() as u32);
        let walls = self.slots.len() as u32;
        let cell = Cell {
            start: 0,
            len: self.entries.len() as u32,
            slot_base: 0,
            slots: walls,
            walls,
            side: self.lower_walls(),
            simple: self.entries.iter().all(|e| e.mask.count() == D),
            along: NONE,
        };
        if self.has_cones() {
            self.direction = self.height_direction();
            let own = self.entries.clone();
            self.make_cones(&cell, &own);
        }
        self.domain = self.domain_volume(&cell);
        let points = (0, self.points.len() as u32);
        let reduce_at = 0;
        let marks = self.marks();
        Ok(Frame { cell, stage: 0, group: 0, words: 0, points, depth: 0, choice: 0, level: 0, reduce_at, marks })
    }

    /// Of a box, the walls that it lies above.
    fn lower_walls(&self) -> Bits<W> {
        match self.ground.bounds {
            Bounds::Polytope(_) => Bits::EMPTY,
            _ => (0..D).fold(Bits::EMPTY, |set: Bits<W>, k| set.with(2 * k)),
        }
    }

    /// Walls and vertices of a box, or of all of space with its walls at infinity.
    fn begin_in_box(&mut self) {
        for k in 0..D {
            let [lo, hi] = self.ground.bounds.frame().map_or([-1.0, 1.0], |b| b[k]);
            let normal = std::array::from_fn(|j| if j == k { 1.0 } else { 0.0 });
            self.slots.extend([lo, hi].map(|at| Slot { source: NONE, form: Row::new(normal, -at, 0.0) }));
        }
        for corner in 0..1u32 << D {
            let high = |k: usize| corner >> k & 1 == 1;
            let (mut x, mut mask) = ([0.0; D], Bits::EMPTY);
            for k in 0..D {
                let [lo, hi] = self.ground.bounds.frame().map_or([-1.0, 1.0], |b| b[k]);
                x[k] = if high(k) { hi } else { lo };
                mask.insert(2 * k + usize::from(high(k)));
            }
            let at = Spot { x, error: 0.0 };
            let vertex = Vertex::new(at, self.ground.bounds.is_bounded(), Origin::Corner(corner));
            let rest = Spot { x: [0.0; D], error: 0.0 };
            let vertex = self.push(vertex, rest);
            self.entries.push(Entry { mask, vertex, signs: NONE });
        }
    }

    /// Walls and vertices of a domain with general walls.
    fn begin_in_polytope(&mut self, walls: &Polytope) -> Result<(), Stop> {
        if walls.offsets.len() > Bits::<W>::CAPACITY {
            return Err(Stop::TooManyFaces);
        }
        for (row, normal) in walls.normals.chunks_exact(D).enumerate() {
            let normal = std::array::from_fn(|k| normal[k]);
            let form = Row::new(normal, -walls.offsets[row], walls.errors[row]);
            self.slots.push(Slot { source: NONE, form });
        }
        for (k, corner) in self.ground.corners.iter().enumerate() {
            let x: [f64; D] = std::array::from_fn(|j| corner.x[j].to_f64().value());
            let size = x.iter().fold(0.0, |s: f64, x| s.max(x.abs()));
            let at = Spot { x, error: f64::EPSILON * size + f64::MIN_POSITIVE };
            let mask = corner.walls.iter().fold(Bits::EMPTY, |mask: Bits<W>, &wall| mask.with(wall));
            let rest = Spot { x: [0.0; D], error: 0.0 };
            let vertex = self.push(Vertex::new(at, true, Origin::Corner(k as u32)), rest);
            self.entries.push(Entry { mask, vertex, signs: NONE });
        }
        Ok(())
    }

    pub fn push(&mut self, vertex: Vertex<D>, rest: Spot<D>) -> u32 {
        self.vertices.push(vertex);
        if !self.ground.bounds.is_bounded() {
            self.rests.push(rest);
        }
        self.vertices.len() as u32 - 1
    }

    pub fn rest(&self, vertex: u32) -> Spot<D> {
        self.rests.get(vertex as usize).copied().unwrap_or(Spot { x: [0.0; D], error: 0.0 })
    }

    pub fn marks(&self) -> Marks {
        Marks {
            vertices: self.vertices.len() as u32,
            signs: self.signs.len() as u32,
            entries: self.entries.len() as u32,
            slots: self.slots.len() as u32,
            along: self.along.len() as u32,
            words: self.words.len() as u32,
            points: self.points.len() as u32,
        }
    }

    pub fn restore(&mut self, marks: &Marks) {
        self.vertices.truncate(marks.vertices as usize);
        self.rests.truncate(marks.vertices as usize);
        self.cones.truncate(marks.vertices as usize);
        self.exact.truncate(marks.vertices as usize);
        self.signs.truncate(marks.signs as usize);
        self.entries.truncate(marks.entries as usize);
        self.slots.truncate(marks.slots as usize);
        self.along.truncate(marks.along as usize);
        self.words.truncate(marks.words as usize);
        self.points.truncate(marks.points as usize);
    }

    /// The exact point behind a vertex.
    pub fn exact_point(&mut self, vertex: u32) -> Rc<Point> {
        let v = vertex as usize;
        if let Some(point) = self.exact.get(v).and_then(|p| p.clone()) {
            return point;
        }
        let point = match self.vertices[v].origin {
            Origin::Same(earlier) => self.exact_point(earlier),
            Origin::Cut { upper, lower, level } => {
                let (p, n) = (self.exact_point(upper), self.exact_point(lower));
                self.store.between(self.ground.walker.network(), &self.ground.stages, level, &p, &n)
            }
            Origin::Corner(corner) if !self.ground.corners.is_empty() => {
                let x = self.ground.corners[corner as usize].x.iter().cloned().map(Lex::finite).collect();
                self.store.point(x)
            }
            Origin::Corner(corner) => {
                let x = (0..D).map(|k| {
                    let high = corner >> k & 1 == 1;
                    match self.ground.bounds.frame() {
                        Some(b) => Lex::finite(rational(b[k][usize::from(high)])),
                        None => Lex { a: Rational::ZERO, b: Rational::from(if high { 1 } else { -1 }) },
                    }
                });
                self.store.point(x.collect())
            }
            Origin::Seeded(k) => self.seed_point(k),
        };
        if self.exact.len() <= v {
            self.exact.resize(v + 1, None);
        }
        self.exact[v] = Some(point.clone());
        point
    }

    fn seed_point(&mut self, k: u32) -> Rc<Point> {
        let x = self.ground.points[k as usize].1.iter().map(|&x| Lex::finite(rational(x))).collect();
        self.store.point(x)
    }

    /// The exact sign of a level at a vertex.
    pub fn exact_sign(&mut self, vertex: u32, level: Level, errand: &Errand) -> Result<Ordering, Stop> {
        let point = self.exact_point(vertex);
        self.exact_sign_at(&point, level, errand)
    }

    /// The exact sign of a level at a seeded point.
    pub fn exact_sign_of_seed(&mut self, k: u32, level: Level, errand: &Errand) -> Result<Ordering, Stop> {
        let point = self.seed_point(k);
        self.exact_sign_at(&point, level, errand)
    }

    fn exact_sign_at(&mut self, point: &Point, level: Level, errand: &Errand) -> Result<Ordering, Stop> {
        self.store.trim();
        let sign = point.sign(self.ground.walker.network(), &self.ground.stages, level);
        self.work += self.exact_work(level);
        self.pause(errand)?;
        Ok(sign)
    }

    /// Work of an exact point on a level. It may take two values on each edge back to the domain's corners, and is counted
    /// as if it did, because what was kept of that depends on the walks before.
    pub fn exact_work(&self, level: Level) -> u64 {
        (2 * D as u64 + 1) * EXACT * self.ground.stages.exact_work[level.stage as usize]
    }

    /// Asks whether to stop, once there was work to speak of. Its unit is what a row at a vertex takes in floating point;
    /// on the way to a subtree it does not count, for that way depends on the walks before.
    #[inline(always)]
    pub fn pause(&mut self, errand: &Errand) -> Result<(), Stop> {
        if self.work < PAUSE {
            return Ok(());
        }
        let work = std::mem::take(&mut self.work);
        if (errand.stop)(if self.seeking { 0 } else { work }) { Err(Stop::Asked) } else { Ok(()) }
    }

    /// The place of a stage's floor on a level.
    #[inline(always)]
    pub fn floor(&self, level: u32, stage: usize) -> usize {
        level as usize * self.ground.stages.list.len() + stage
    }

    /// Writes the choices of a stage of the whole network into the pattern.
    pub fn note_choices(&mut self, stage: usize) {
        let s = &self.ground.stages.list[stage];
        note(self.ground.walker.layout(), &mut self.pattern, s, &self.floors[stage].chosen);
    }

    /// Writes the choices of the stages before `end` into the pattern of a cell of a level.
    pub fn note_all(&mut self, level: u32, end: usize) {
        let (mut level, mut end) = (level, end);
        while level > 0 {
            let reduced = self.reduced[level as usize - 1].clone();
            for stage in reduced.first..end {
                let (s, part) = (&self.ground.stages.list[stage], &reduced.parts[stage - reduced.first]);
                let mut all = reduced.chosen[stage - reduced.first].clone();
                let chosen = &self.floors[self.floor(level, stage)].chosen;
                match s.kind {
                    Kind::Rows(_) => {
                        for (k, &row) in part.rows.iter().enumerate() {
                            let (w, bit) = (row as usize / 64, row % 64);
                            all[w] = all[w] & !(1 << bit) | (chosen[k / 64] >> (k % 64) & 1) << bit;
                        }
                    }
                    Kind::Groups(_) => {
                        part.gates.iter().zip(chosen).for_each(|(gate, &choice)| all[gate.unit as usize] = choice);
                    }
                }
                note(self.ground.walker.layout(), &mut self.pattern, s, &all);
            }
            (end, level) = (end.min(reduced.first), level - 1);
        }
        (0..end).for_each(|s| self.note_choices(s));
    }
}

/// Writes the choices of all rows or groups of a stage into a pattern.
fn note(layout: &Layout, pattern: &mut Pattern, stage: &Stage, chosen: &[u64]) {
    match &stage.kind {
        Kind::Rows(rows) if rows.plain => layout.set_bits(pattern, stage.node, rows.unit.len(), chosen),
        Kind::Rows(rows) => {
            let mut i = 0;
            while i < rows.unit.len() {
                let (unit, mut piece) = (rows.unit[i], 0);
                while i < rows.unit.len() && rows.unit[i] == unit {
                    piece += usize::from(chosen[i / 64] >> (i % 64) & 1 == 1);
                    i += 1;
                }
                layout.set(pattern, stage.node, unit as usize, piece);
            }
        }
        Kind::Groups(groups) => {
            for (k, &(group, _)) in groups.iter().enumerate() {
                layout.set(pattern, stage.node, group as usize, chosen[k] as usize);
            }
        }
    }
}

impl Floor {
    /// The floor of a stage of the whole network.
    fn whole(stage: &Stage) -> Floor {
        let sources = (0..stage.rows() as u32).map(|i| stage.first + i).collect();
        Floor { words: stage.words(), sources, ..Floor::default() }
    }
}
