//! Walking on with what is open on a cell instead of the whole network.
//!
//! Contract: regions, faces and names are those of the whole network; only the work per cell depends on it. When a cell
//! is looked at again depends on the splits above it alone.

use super::bits::Ones;
use super::descent::{Descent, Errand, Floor, Frame, Stop};
use super::reduce::Start;
use super::reduced::{Delta, Gauge, Line, Reduced, change};
use super::refine::Refinement;
use super::stage::Kind;
use crate::ir::{Curve, Op};
use std::sync::Arc;

/// Open rows of the present stage beyond which the whole network is not looked at.
const ROWS: u32 = 160;
/// Splits between two looks at the whole network, and at what is open already.
const AGAIN: u32 = 2;
const REFINED: u32 = 3;
/// Generators below which nothing is gained.
const FEW: usize = 8;

impl<const D: usize, const W: usize> Descent<'_, D, W> {
    /// Whether a cell is to be looked at for what is open on it.
    pub fn reduces(&self, frame: &Frame<W>) -> bool {
        if frame.depth < frame.reduce_at || !self.ground.stages.links.is_empty() || !self.ground.bounds.is_bounded() {
            return false;
        }
        let s = frame.stage as usize;
        // The last layer of units tells by itself which of them are open.
        if s + 1 == self.ground.stages.list.len() && self.ground.stages.list[s].rows() > 0 {
            return false;
        }
        if frame.level > 0 {
            let reduced = &self.reduced[frame.level as usize - 1];
            return reduced.size - reduced.offsets[s - reduced.first] > FEW;
        }
        let open = match &self.ground.stages.list[s].kind {
            Kind::Rows(_) => {
                let begin = frame.words as usize;
                self.words[begin..begin + self.floors[s].words].iter().map(|w| w.count_ones()).sum()
            }
            Kind::Groups(_) => 0,
        };
        open <= ROWS
    }

    /// Looks at a cell for what is open on it, and goes on with that.
    pub fn reduce(&mut self, mut frame: Frame<W>, errand: &Errand) -> Result<(), Stop> {
        let (ground, s) = (self.ground, frame.stage as usize);
        let gauge = Gauge::new(self.own(&frame.cell).iter().map(|e| self.vertices[e.vertex as usize]).collect());
        let at = self.floor(frame.level, s);
        let rows = matches!(ground.stages.list[s].kind, Kind::Rows(_));
        let (begin, words) = (frame.words as usize, if rows { self.floors[at].words } else { 0 });
        let (open, upper) = self.words[begin.min(self.words.len())..].split_at(words);
        let upper = &upper[..words];
        let (network, stages) = (ground.walker.network(), &ground.stages);
        let reduced = if frame.level == 0 {
            self.work += (D as u64 + 1) * stages.all_work;
            let start = Start { network, stages, stage: s, forms: &self.node_forms, open, upper };
            Reduced::new::<D>(start, gauge).map(Arc::new)
        } else {
            let old = &self.reduced[frame.level as usize - 1];
            let floors = &self.floors[self.floor(frame.level, old.first)..at];
            let made: Vec<Delta> = floors.iter().flat_map(|f| f.deltas.iter().copied()).collect();
            let forms = &self.floors[at].rows;
            let count = self.floors[at].sources.len();
            let rows: Vec<f64> = (0..count).flat_map(|i| (0..=D).map(move |k| forms.coefficient(i, k))).collect();
            let errors: Vec<f64> = (0..count).map(|i| forms.error(i)).collect();
            let (rows, errors) = (&rows[..], &errors[..]);
            let from = Refinement { network, stages, old, stage: s, made: &made, rows, errors, open, upper };
            Some(Arc::new(Reduced::refined::<D>(&from, gauge)))
        };
        let Some(reduced) = reduced else {
            frame.reduce_at = frame.depth + AGAIN;
            if rows {
                return self.next_row(frame, errand);
            }
            return self.begin_groups(frame, errand);
        };
        self.push_level(&frame, reduced);
        self.enter_part(Frame { level: frame.level + 1, reduce_at: frame.depth + REFINED, ..frame }, errand)
    }

    fn push_level(&mut self, frame: &Frame<W>, reduced: Arc<Reduced>) {
        reduced.vanishing.iter().for_each(|&v| self.counts.vanishing[v as usize] = true);
        let list = &self.ground.stages.list;
        let level = frame.level + 1;
        let end = (level as usize + 1) * list.len();
        if self.floors.len() < end {
            self.floors.resize_with(end, Floor::default);
        }
        for (k, part) in reduced.parts.iter().enumerate() {
            let s = reduced.first + k;
            let at = self.floor(level, s);
            let groups = matches!(list[s].kind, Kind::Groups(_));
            let floor = &mut self.floors[at];
            floor.words = part.words(groups);
            floor.deltas.clear();
            floor.chosen.clear();
            floor.sources.clear();
            if groups {
                continue;
            }
            floor.sources.extend(part.rows.iter().map(|row| list[s].first + row));
            let mut open = vec![0u64; list[s].words()];
            part.rows.iter().for_each(|&row| open[row as usize / 64] |= 1 << (row % 64));
            // On the way to a subtree nothing is noted: the walk of the trunk has.
            let [below, above] = &mut self.floors[s].seen;
            let seen = below.iter_mut().zip(above).zip(open.iter().zip(&reduced.chosen[k]));
            seen.for_each(|((below, above), (open, upper))| {
                *below |= !upper & !open;
                *above |= upper & !open;
            });
        }
        self.reduced.truncate(frame.level as usize);
        self.reduced.push(reduced);
    }

    /// Brings a cell into a stage of what is open.
    pub fn enter_part(&mut self, mut frame: Frame<W>, errand: &Errand) -> Result<(), Stop> {
        let s = frame.stage as usize;
        let at = self.floor(frame.level, s);
        let reduced = self.reduced[frame.level as usize - 1].clone();
        let part = &reduced.parts[s - reduced.first];
        frame.words = self.words.len() as u32;
        frame.group = 0;
        if part.rows.is_empty() {
            self.floors[at].chosen.clear();
            return self.leave(frame, errand);
        }
        let (before, rest) = self.floors.split_at_mut(at);
        let begin = before.len() - (s - reduced.first);
        rest[0].rows.assemble::<D>(part, before[begin..].iter().flat_map(|f| &f.deltas));
        match &self.ground.stages.list[s].kind {
            Kind::Rows(rows) => {
                frame.words = self.open_rows(&mut frame, rows, errand)?;
                self.next_row(frame, errand)
            }
            Kind::Groups(_) => self.begin_groups(frame, errand),
        }
    }

    /// Notes which generators of a stage are not zero by the choices made.
    pub fn make_deltas(&mut self, frame: &Frame<W>) {
        let s = frame.stage as usize;
        let at = self.floor(frame.level, s);
        let reduced = self.reduced[frame.level as usize - 1].clone();
        let part = &reduced.parts[s - reduced.first];
        let offset = reduced.offsets[s - reduced.first] as u32;
        let stage = &self.ground.stages.list[s];
        let mut deltas = std::mem::take(&mut self.floors[at].deltas);
        deltas.clear();
        let floor = &self.floors[at];
        let row =
            |i: usize| -> [f64; 9] { std::array::from_fn(|k| if k <= D { floor.rows.coefficient(i, k) } else { 0.0 }) };
        let bent = |curve: &Curve, reference: usize, piece: usize, level: f64, i: usize| -> ([f64; 9], f64) {
            let line = Line { row: &row(i)[..=D], errors: &[floor.rows.error(i)] };
            let (form, errors) = change(curve, reference, piece, level, &line);
            (std::array::from_fn(|k| form.get(k).copied().unwrap_or(0.0)), errors[0])
        };
        let mut push = |generator: usize, form: [f64; 9], error: f64| {
            let size = form.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
            deltas.push(Delta { generator: offset + generator as u32, form, error, size });
        };
        match (&stage.kind, &self.ground.walker.network().nodes[stage.node].op) {
            (Kind::Rows(all), Op::Activation(a)) if all.plain && part.rows.len() == part.gates.len() => {
                for (w, &chosen) in floor.chosen.iter().enumerate() {
                    let references = (64 * w..part.gates.len().min(64 * w + 64))
                        .fold(0, |bits, i| bits | u64::from(part.gates[i].reference) << (i % 64));
                    for k in Ones(chosen ^ references) {
                        let i = 64 * w + k;
                        let up = chosen >> k & 1 == 1;
                        let curve = a.curve(part.gates[i].unit as usize);
                        let (form, error) = if curve.slope(0) == 0.0 && curve.slope(1) == 1.0 {
                            let own = row(i);
                            (if up { own } else { own.map(|v| -v) }, floor.rows.error(i))
                        } else {
                            bent(curve, usize::from(!up), usize::from(up), 0.0, i)
                        };
                        push(i, form, error);
                    }
                }
            }
            (Kind::Rows(all), Op::Activation(a)) => {
                for (g, gate) in part.gates.iter().enumerate() {
                    let first = gate.first as usize;
                    let upper = |r: &usize| floor.chosen[r / 64] >> (r % 64) & 1 == 1;
                    let above = (first..first + gate.rows as usize).filter(upper).count();
                    let (piece, reference) = (gate.below as usize + above, gate.reference as usize);
                    if piece == reference {
                        continue;
                    }
                    let level = all.level[part.rows[first] as usize];
                    let (form, error) = bent(a.curve(gate.unit as usize), reference, piece, level, first);
                    push(g, form, error);
                }
            }
            (Kind::Groups(_), _) => {
                for (g, gate) in part.gates.iter().enumerate() {
                    let (first, end) = (gate.first as usize, (gate.first + gate.rows) as usize);
                    let winner = (first..end).find(|&r| u64::from(part.rows[r]) == floor.chosen[g]);
                    let reference = first + gate.reference as usize;
                    let Some(winner) = winner.filter(|&w| w != reference) else { continue };
                    let (x, y) = (row(winner), row(reference));
                    let form: [f64; 9] = std::array::from_fn(|k| x[k] - y[k]);
                    let size = form.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
                    let errors = floor.rows.error(winner) + floor.rows.error(reference);
                    push(g, form, errors * (1.0 + 1e-9) + f64::EPSILON * size);
                }
            }
            _ => {}
        }
        self.floors[at].deltas = deltas;
    }
}
