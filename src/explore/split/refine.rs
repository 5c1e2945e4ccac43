//! From what is open on a cell to what is open on a part of it.
//!
//! Contract: what [`Reduced`] says, for the smaller cell. Generators whose choice is made become affine functions, those
//! that bounds decide become forms in the generators that are left, and both are put in their place.

use super::contest::{Candidate, Contest};
use super::reduced::{Delta, Gate, Gauge, Line, Part, Reduced, SLACK, Verdict, change, column, lifted, outer, swing};
use super::stage::{Kind, NONE, Stage, Stages, tie};
use crate::ir::{Activation, Curve, Network, Op};

/// Where the pass begins.
pub struct Refinement<'a> {
    pub network: &'a Network,
    pub stages: &'a Stages,
    /// What is open on the larger cell.
    pub old: &'a Reduced,
    /// The stage that is being decided.
    pub stage: usize,
    /// Generators whose choices are made.
    pub made: &'a [Delta],
    /// Of a stage of units: its rows' forms here one after the other (inputs, constant) and their errors; which are open;
    /// on whose upper side the cell is.
    pub rows: &'a [f64],
    pub errors: &'a [f64],
    pub open: &'a [u64],
    pub upper: &'a [u64],
}

/// What a generator of the larger cell is on the smaller one.
#[derive(Clone, Debug)]
enum Now {
    Zero,
    Kept(usize),
    /// Inputs, generators, constant; and their errors.
    Form(Vec<f64>, Vec<f64>),
}

impl Reduced {
    /// The smaller cell's.
    pub fn refined<const D: usize>(from: &Refinement, mut gauge: Gauge<D>) -> Reduced {
        let (old, skipped) = (from.old, from.stage - from.old.first);
        let mut out = Reduced { first: from.stage, chosen: old.chosen[skipped..].to_vec(), ..Reduced::default() };
        let mut now = vec![Now::Zero; old.size];
        for d in from.made {
            let form = d.form[..=D].to_vec();
            now[d.generator as usize] = Now::Form(form, vec![d.error]);
        }
        for (k, part) in old.parts[skipped..].iter().enumerate() {
            let s = from.stage + k;
            let offset = old.offsets[skipped + k];
            let stage = &from.stages.list[s];
            let begun = k == 0 && !from.open.is_empty();
            let (rows, errors, before) = if begun {
                (from.rows.to_vec(), from.errors.to_vec(), 0)
            } else {
                substituted::<D>(part, &now, gauge.len())
            };
            let lines = Lines { rows: &rows, errors: &errors, width: D + 1 + before, wide: 1 + before };
            let mut next = Next { part: Part::new(before), rows: vec![], errors: vec![] };
            match &from.network.nodes[stage.node].op {
                Op::Activation(a) => {
                    let verdicts: Vec<Verdict> = (0..part.rows.len())
                        .map(|r| match begun {
                            true => Verdict::noted(from.open, from.upper, r),
                            false => gauge.verdict(&lines.at(r)).0,
                        })
                        .collect();
                    for (g, gate) in part.gates.iter().enumerate() {
                        let is = next.unit::<D>(a, stage, gate, part, &lines, &verdicts, &gauge, &mut out, k);
                        now[offset + g] = is;
                    }
                }
                Op::Max(m) => {
                    let Kind::Groups(groups) = &stage.kind else { continue };
                    for (g, gate) in part.gates.iter().enumerate() {
                        let (group, ties) = groups[gate.unit as usize];
                        let size = m.group(group as usize).len();
                        let tie_of =
                            |a: u32, b: u32| stage.first + ties + tie(size, a.min(b) as usize, a.max(b) as usize);
                        now[offset + g] = next.group::<D>(gate, part, &lines, &gauge, &mut out, k, tie_of);
                    }
                }
                _ => {}
            }
            // Kept generators are numbered in order behind those of earlier stages.
            let mut number = gauge.len();
            for n in &mut now[offset..offset + part.gates.len()] {
                if let Now::Kept(place) = n {
                    *place = number;
                    number += 1;
                }
            }
            out.offsets.push(gauge.len());
            next.part.gates.iter().for_each(|g| gauge.push(g.swing));
            next.part.fill(&next.rows, &next.errors, D);
            out.parts.push(next.part);
        }
        out.size = gauge.len();
        out
    }
}

/// Rows one after the other, and their errors.
struct Lines<'a> {
    rows: &'a [f64],
    errors: &'a [f64],
    width: usize,
    wide: usize,
}

impl<'a> Lines<'a> {
    fn at(&self, r: usize) -> Line<'a> {
        let row = &self.rows[r * self.width..(r + 1) * self.width];
        Line { row, errors: &self.errors[r * self.wide..(r + 1) * self.wide] }
    }
}

/// A part in the making.
struct Next {
    part: Part,
    rows: Vec<f64>,
    errors: Vec<f64>,
}

impl Next {
    fn keep(&mut self, number: u32, line: Line) {
        self.part.rows.push(number);
        self.rows.extend_from_slice(line.row);
        self.errors.extend_from_slice(line.errors);
    }

    #[allow(clippy::too_many_arguments)]
    fn unit<const D: usize>(
        &mut self,
        a: &Activation,
        stage: &Stage,
        gate: &Gate,
        part: &Part,
        lines: &Lines,
        verdicts: &[Verdict],
        gauge: &Gauge<D>,
        out: &mut Reduced,
        k: usize,
    ) -> Now {
        let Kind::Rows(all) = &stage.kind else { return Now::Zero };
        let curve: &Curve = a.curve(gate.unit as usize);
        let own = gate.first as usize..(gate.first + gate.rows) as usize;
        let first = self.part.rows.len();
        let mut below = gate.below;
        for r in own.clone() {
            let number = part.rows[r];
            match verdicts[r] {
                Verdict::Above => {
                    below += 1;
                    out.chosen[k][number as usize / 64] |= 1 << (number % 64);
                }
                Verdict::Open => self.keep(number, lines.at(r)),
                Verdict::Vanishes => out.vanishing.push(stage.first + number),
                Verdict::Below => {}
            }
        }
        let r = own.start;
        let level = all.level[part.rows[r] as usize];
        let line = lines.at(r);
        let open = self.part.rows.len() - first;
        if open == 0 {
            if below == gate.reference {
                return Now::Zero;
            }
            let (form, errors) = change(curve, gate.reference as usize, below as usize, level, &line);
            return Now::Form(form, errors);
        }
        // The generator counts from the same piece as before: what it multiplies has that piece in it.
        let range = lifted(gauge.range(&line), level);
        let swing = swing(curve, gate.reference as usize, range);
        self.part.gates.push(Gate { first: first as u32, rows: open as u32, below, swing, ..*gate });
        Now::Kept(0)
    }

    #[allow(clippy::too_many_arguments)]
    fn group<const D: usize>(
        &mut self,
        gate: &Gate,
        part: &Part,
        lines: &Lines,
        gauge: &Gauge<D>,
        out: &mut Reduced,
        k: usize,
        tie_of: impl Fn(u32, u32) -> u32,
    ) -> Now {
        let begin = gate.first as usize;
        let candidate = |i: usize| {
            let r = begin + i;
            Candidate { place: part.rows[r], element: NONE - r as u32, line: lines.at(r) }
        };
        let all: Vec<Candidate> = (0..gate.rows as usize).map(candidate).collect();
        let contest = Contest::new(&all, gauge);
        // Candidates equal to one that is left: those of the larger cell, those that became it, and theirs.
        let mates_of = |c: usize| {
            let became = contest.mates.iter().filter(move |m| m.0 == c).map(|m| m.1);
            let named = became.clone().map(|j| all[j].place);
            let theirs = became
                .chain([c])
                .flat_map(move |j| part.mates.iter().filter(move |m| m.0 as usize == begin + j).map(|m| m.1));
            named.chain(theirs)
        };
        let stand_in = contest.mates.iter().find(|m| m.1 == gate.reference as usize).map(|m| m.0);
        let reference = stand_in.unwrap_or(gate.reference as usize);
        if let [chief] = contest.left[..] {
            out.chosen[k][gate.unit as usize] = u64::from(all[chief].place);
            out.vanishing.extend(mates_of(chief).map(|mate| tie_of(all[chief].place, mate)));
            if chief == reference {
                return Now::Zero;
            }
            let (form, errors) = all[chief].line.minus(&all[reference].line);
            return Now::Form(form, errors);
        }
        // The one that the generator counts from stays, even where it cannot win.
        let first = self.part.rows.len();
        let mut place = 0;
        for c in (0..all.len()).filter(|&c| c == reference || contest.left.contains(&c)) {
            let row = self.part.rows.len() as u32;
            if c == reference {
                place = row - first as u32;
            }
            self.part.mates.extend(mates_of(c).map(|mate| (row, mate)));
            self.keep(all[c].place, all[c].line);
        }
        let count = (self.part.rows.len() - first) as u32;
        let swing = contest.swing(&all, reference, gauge);
        self.part.gates.push(Gate { first: first as u32, rows: count, reference: place, swing, ..*gate });
        Now::Kept(0)
    }
}

/// Rows of a part, one after the other (inputs, generators, constant), with their errors and number of generators.
fn substituted<const D: usize>(part: &Part, now: &[Now], generators: usize) -> (Vec<f64>, Vec<f64>, usize) {
    let (n, s) = (part.rows.len(), part.stride);
    let (width, wide) = (D + 1 + generators, 1 + generators);
    let (mut columns, mut errors) = (vec![0.0; width * s], vec![0.0; wide * s]);
    columns[..(D + 1) * s].copy_from_slice(&part.values[..(D + 1) * s]);
    errors[..s].copy_from_slice(&part.errors[..s]);
    let rounding = (part.before + 8) as f64 * (f64::EPSILON / 2.0);
    let rounds = now[..part.before].iter().any(|is| matches!(is, Now::Form(..)));
    if rounds {
        for k in 0..=D {
            let own = &part.values[k * s..(k + 1) * s];
            errors[..s].iter_mut().zip(own).for_each(|(e, v)| *e += rounding * v.abs());
        }
    }
    for (k, is) in now[..part.before].iter().enumerate() {
        let weights = &part.values[(D + 1 + k) * s..(D + 2 + k) * s];
        let own = &part.errors[(1 + k) * s..(2 + k) * s];
        match is {
            Now::Zero => {}
            Now::Kept(number) => {
                let (at, by) = ((D + 1 + number) * s, (1 + number) * s);
                for i in 0..s {
                    columns[at + i] += weights[i];
                    errors[by + i] += own[i] + if rounds { rounding * weights[i].abs() } else { 0.0 };
                }
            }
            Now::Form(form, theirs) => {
                for (c, &f) in form.iter().enumerate().filter(|(_, f)| **f != 0.0) {
                    let at = column(c, form.len(), D) * s;
                    columns[at..at + s].iter_mut().zip(weights).for_each(|(v, w)| *v += w * f);
                }
                for (c, error) in theirs.iter().enumerate() {
                    let size = if c == 0 { outer(form, D) } else { form[D + c - 1].abs() };
                    let each = error + rounding * size;
                    let by = c * s;
                    for i in 0..s {
                        errors[by + i] += weights[i].abs() * each + own[i] * size;
                    }
                }
            }
        }
    }
    let (mut rows, mut bounds) = (vec![0.0; n * width], vec![0.0; n * wide]);
    for i in 0..n {
        let row = &mut rows[i * width..(i + 1) * width];
        row.iter_mut().enumerate().for_each(|(k, v)| *v = columns[column(k, width, D) * s + i]);
        let bound = &mut bounds[i * wide..(i + 1) * wide];
        bound.iter_mut().enumerate().for_each(|(k, e)| *e = errors[k * s + i] * SLACK);
    }
    (rows, bounds, generators)
}
