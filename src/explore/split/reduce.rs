//! From the whole network to what is open on a cell: one pass over its nodes with a column per generator.
//!
//! Contract: what [`Reduced`] says. `None` when there would be more generators than [`MOST`]: a smaller cell has fewer.

use super::contest::{Candidate, Contest};
use super::reduced::{Gate, Gauge, Line, Part, Reduced, Verdict, lifted, swing};
use super::stage::{Kind, NONE, Stages, tie};
use super::wide::{MOST, Wide};
use crate::ir::{Activation, Max, Network, NodeId, Op};
use crate::region::Forms;
use std::borrow::Cow;

/// The network and where the pass begins.
pub struct Start<'a> {
    pub network: &'a Network,
    pub stages: &'a Stages,
    /// The stage whose rows are being decided.
    pub stage: usize,
    /// Forms on the cell of all nodes before that stage's.
    pub forms: &'a [Forms],
    /// Of a stage of units: which of its rows are open, and on whose upper side the cell is.
    pub open: &'a [u64],
    pub upper: &'a [u64],
}

struct Pass<'a, const D: usize> {
    start: Start<'a>,
    gauge: Gauge<D>,
    /// Of the nodes from the stage's on.
    wide: Vec<Wide>,
    out: Reduced,
}

impl Reduced {
    /// The network on the cell that the gauge holds the vertices of.
    pub fn new<const D: usize>(start: Start, gauge: Gauge<D>) -> Option<Reduced> {
        let (network, first) = (start.network, start.stage);
        let begin = start.stages.list[first].node;
        let end = start.stages.list.last()?.node;
        let mut needed = vec![false; network.nodes.len()];
        start.stages.list[first..].iter().for_each(|s| needed[s.source] = true);
        for id in (0..network.nodes.len()).rev().filter(|&id| id <= end) {
            if needed[id] || start.stages.list[first..].iter().any(|s| s.node == id) {
                network.sources(id).iter().for_each(|&s| needed[s] = true);
            }
        }
        let out = Reduced { first, ..Reduced::default() };
        let mut pass = Pass { start, gauge, wide: vec![], out };
        let mut next = first;
        for id in begin..=end {
            let stage = pass.start.stages.list.get(next).is_some_and(|s| s.node == id).then_some(next);
            next += usize::from(stage.is_some());
            let wide = if needed[id] || stage.is_some() { pass.node(id, stage)? } else { Wide::default() };
            pass.wide.push(wide);
        }
        pass.out.size = pass.gauge.len();
        Some(pass.out)
    }
}

impl<const D: usize> Pass<'_, D> {
    /// Forms of a node.
    fn at(&self, id: NodeId) -> Cow<'_, Wide> {
        let begin = self.start.stages.list[self.start.stage].node;
        match id.checked_sub(begin) {
            None => Cow::Owned(Wide::plain(&self.start.forms[id], D)),
            Some(k) => Cow::Borrowed(&self.wide[k]),
        }
    }

    fn node(&mut self, id: NodeId, stage: Option<usize>) -> Option<Wide> {
        let node = &self.start.network.nodes[id];
        Some(match &node.op {
            Op::Input => Wide::plain(&Forms::identity(D), D),
            Op::Affine(map) => self.at(map.source).affine(map, node.len(), D),
            Op::Sum(sources) => {
                let width = sources.iter().map(|&s| self.at(s).width).max()?;
                let parts: Vec<Wide> = sources.iter().map(|&s| self.at(s).widened(width)).collect();
                Wide::sum(&parts, D)
            }
            Op::Activation(a) => self.activation(id, a, stage)?,
            Op::Max(m) => self.max(m, stage)?,
        })
    }

    fn activation(&mut self, id: NodeId, a: &Activation, stage: Option<usize>) -> Option<Wide> {
        let units = self.start.network.nodes[id].len();
        let offset = self.gauge.len();
        let source = self.at(a.source);
        let width = source.width;
        let mut part = Part::new(width - D - 1);
        let (mut pieces, mut gates) = (vec![0u32; units], vec![]);
        let (mut rows, mut bounds) = (vec![], vec![]);
        let (mut chosen, mut vanishing) = (vec![], vec![]);
        if let Some(s) = stage {
            let list = &self.start.stages.list[s];
            let Kind::Rows(all) = &list.kind else { return None };
            chosen = vec![0u64; list.words()];
            let mut r = 0;
            while r < all.unit.len() {
                let unit = all.unit[r] as usize;
                let count = all.unit[r..].iter().take_while(|&&u| u as usize == unit).count();
                let (row, errors) = (source.row(unit), source.errors(unit, D));
                let mut range = None;
                for k in r..r + count {
                    let mut shifted = row.to_vec();
                    let constant = row[width - 1] - all.level[k];
                    let exact = all.level[k] == 0.0 || row[width - 1] == 0.0;
                    let mut errors = errors.clone();
                    errors[0] += if exact { 0.0 } else { f64::EPSILON * constant.abs() };
                    shifted[width - 1] = constant;
                    let line = Line { row: &shifted, errors: &errors };
                    let verdict = if s == self.start.stage {
                        Verdict::noted(self.start.open, self.start.upper, k)
                    } else {
                        let (verdict, around) = self.gauge.verdict(&line);
                        range = range.or(Some(lifted(around, all.level[k])));
                        verdict
                    };
                    match verdict {
                        Verdict::Above => {
                            pieces[unit] += 1;
                            chosen[k / 64] |= 1 << (k % 64);
                        }
                        Verdict::Open => {
                            part.rows.push(k as u32);
                            bounds.extend_from_slice(&errors);
                            rows.extend_from_slice(&shifted);
                        }
                        Verdict::Vanishes => vanishing.push(list.first + k as u32),
                        Verdict::Below => {}
                    }
                }
                let first = part.gates.last().map_or(0, |g: &Gate| g.first + g.rows);
                let open = part.rows.len() as u32 - first;
                if open > 0 {
                    let curve = a.curve(unit);
                    let range = range.unwrap_or_else(|| self.gauge.range(&Line { row, errors: &errors }));
                    let reference = curve.piece(0.5 * (range[0] + range[1])) as u32;
                    let reference = reference.clamp(pieces[unit], pieces[unit] + open);
                    let below = pieces[unit];
                    pieces[unit] = reference;
                    let swing = swing(curve, reference as usize, range);
                    part.gates.push(Gate { unit: unit as u32, first, rows: open, below, reference, swing });
                    gates.push(unit);
                }
                if offset + gates.len() > MOST {
                    return None;
                }
                r += count;
            }
            part.fill(&rows, &bounds, D);
        } else {
            (0..units).for_each(|i| pieces[i] = a.curve(i).piece(source.row(i)[width - 1]) as u32);
        }
        let to = D + 1 + offset + gates.len();
        let mut wide = source.widened(to);
        for (i, &piece) in pieces.iter().enumerate() {
            wide.bend(i, a.curve(i).slope(piece as usize), a.curve(i).offset(piece as usize), D);
        }
        gates.iter().enumerate().for_each(|(k, &unit)| wide.generate(unit, offset + k, D));
        if stage.is_some() {
            self.close(part, chosen, vanishing);
        }
        Some(wide)
    }

    fn max(&mut self, m: &Max, stage: Option<usize>) -> Option<Wide> {
        let offset = self.gauge.len();
        let source = self.at(m.source);
        let width = source.width;
        let mut part = Part::new(width - D - 1);
        let (mut winners, mut gates) = (vec![0u32; m.groups()], vec![]);
        let (mut rows, mut bounds) = (vec![], vec![]);
        let (mut chosen, mut vanishing) = (vec![], vec![]);
        (0..m.groups()).for_each(|g| winners[g] = m.group(g)[0]);
        let groups: &[(u32, u32)] = match stage.map(|s| &self.start.stages.list[s].kind) {
            Some(Kind::Groups(groups)) => groups,
            _ => &[],
        };
        let first = stage.map_or(0, |s| self.start.stages.list[s].first);
        for (k, &(g, first_tie)) in groups.iter().enumerate() {
            let members = m.group(g as usize);
            let errors: Vec<Vec<f64>> = members.iter().map(|&e| source.errors(e as usize, D)).collect();
            let candidate = |(place, &element): (usize, &u32)| {
                let line = Line { row: source.row(element as usize), errors: &errors[place] };
                Candidate { place: place as u32, element, line }
            };
            let all: Vec<Candidate> = members.iter().enumerate().map(candidate).collect();
            let contest = Contest::new(&all, &self.gauge);
            let tie_of = |a: usize, b: usize| first + first_tie + tie(members.len(), a.min(b), a.max(b));
            let chief = contest.left[contest.middle];
            winners[g as usize] = members[chief];
            chosen.push(chief as u64);
            if contest.left.len() == 1 {
                vanishing.extend(contest.mates.iter().map(|&(a, b)| tie_of(a, b)));
                continue;
            }
            let begin = part.rows.len();
            for &c in &contest.left {
                part.rows.push(c as u32);
                bounds.extend_from_slice(all[c].line.errors);
                rows.extend_from_slice(all[c].line.row);
            }
            let place = |c: usize| contest.left.iter().position(|&l| l == c).map_or(NONE, |p| (begin + p) as u32);
            part.mates.extend(contest.mates.iter().map(|&(a, b)| (place(a), b as u32)));
            let reference = contest.middle;
            let swing = contest.swing(&all, chief, &self.gauge);
            let (first, rows) = (begin as u32, contest.left.len() as u32);
            part.gates.push(Gate { unit: k as u32, first, rows, below: 0, reference: reference as u32, swing });
            gates.push(g as usize);
            if offset + gates.len() > MOST {
                return None;
            }
        }
        part.fill(&rows, &bounds, D);
        let to = D + 1 + offset + gates.len();
        let wide = source.widened(to);
        let mut best = Wide { width: to, ..Wide::default() };
        for &winner in &winners {
            let winner = winner as usize;
            best.values.extend_from_slice(wide.row(winner));
            best.outer.push(wide.outer[winner]);
            best.inner.push(wide.inner[winner]);
            best.support.push(wide.support[winner]);
        }
        gates.iter().enumerate().for_each(|(k, &g)| best.generate(g, offset + k, D));
        if stage.is_some() {
            self.close(part, chosen, vanishing);
        }
        Some(best)
    }

    /// Ends a stage.
    fn close(&mut self, part: Part, chosen: Vec<u64>, vanishing: Vec<u32>) {
        self.out.offsets.push(self.gauge.len());
        part.gates.iter().for_each(|g| self.gauge.push(g.swing));
        self.out.parts.push(part);
        self.out.chosen.push(chosen);
        self.out.vanishing.extend(vanishing);
    }
}
