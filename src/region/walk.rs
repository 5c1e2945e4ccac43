//! From a point, a pattern, or a neighbour across a face to a region: its pattern and its half-spaces.
//!
//! Contract: every choice is certain. Signs are decided with error bounds and, where these do not decide, in exact
//! rational arithmetic; a point that lies on a hyperplane is refused, not guessed. A unit that is identically on its
//! breakpoint takes the lower piece; candidates with equal functions are one choice, named by the lowest index.

use super::double::Low;
use super::{Boundary, Forms, HyperplaneId, Layout, Pattern, last_uses};
use crate::ir::{Activation, Max, Network, NodeId, Op, Rational, rational};

/// A region: its pattern and its half-spaces `normal · x ≤ offset` (the domain's walls are not among them).
#[derive(Clone, Debug)]
pub struct Region {
    /// The activation pattern.
    pub pattern: Pattern,
    /// Row-major normals, `dimension` numbers per row, not normalised.
    pub normals: Vec<f64>,
    /// One offset per row.
    pub offsets: Vec<f64>,
    /// Bound on the error of each coefficient and of the offset of a row, against the exact row.
    pub errors: Vec<f64>,
    /// Which hyperplane source each row comes from.
    pub labels: Vec<HyperplaneId>,
    /// Per row, whether the region lies on the lower side of its source (smaller piece, or first candidate chosen).
    pub lower: Vec<bool>,
    /// Sources that vanish identically on the region: units on their breakpoint, candidates equal to the chosen one.
    pub vanishing: Vec<HyperplaneId>,
    /// Affine forms of the outputs, `dimension + 1` numbers per element, in order.
    pub outputs: Vec<Vec<f64>>,
    /// Bound on the error of each coefficient of an output's element.
    pub output_errors: Vec<Vec<f64>>,
}

/// Error of a coefficient, relative to the largest one of its row, from which rows are computed in pairs of float64: at some
/// hundred inputs a face's witness would have to keep a millionth of all slacks.
const COARSE: f64 = 1e-9;

impl Region {
    /// Whether float64 leaves rows in doubt.
    fn is_coarse(&self) -> bool {
        let d = self.normals.len().checked_div(self.offsets.len()).unwrap_or(0);
        let rows = self.normals.chunks_exact(d.max(1)).zip(&self.errors);
        rows.into_iter().any(|(row, error)| *error > COARSE * row.iter().fold(0.0, |m: f64, a| m.max(a.abs())))
    }
}

/// Why no region was built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoRegion {
    /// The point lies on a hyperplane.
    #[error("the point lies on a hyperplane of node {}, unit {}", .0.node, .0.unit)]
    OnHyperplane(HyperplaneId),
    /// Floating point does not decide a sign and exact arithmetic would take more than its budget.
    #[error("a sign at node {}, unit {} could not be decided", .0.node, .0.unit)]
    Undecided(HyperplaneId),
}

/// How the choices of a walk are made.
enum Choice<'a> {
    /// By the values at a point.
    At(&'a [f64]),
    /// As a pattern says.
    Given(&'a Pattern),
    /// As a neighbour's pattern says, but for sources that vanish on the crossed face: these by their derivative.
    Across { from: &'a Pattern, on_face: &'a [HyperplaneId], direction: &'a [f64] },
}

/// Builds regions of one network, all of whose inputs are free.
#[derive(Debug)]
pub struct Walker<'a> {
    pub(super) network: &'a Network,
    pub(super) layout: Layout,
    last_use: Vec<NodeId>,
}

impl<'a> Walker<'a> {
    /// Prepares for a network.
    pub fn new(network: &'a Network) -> Walker<'a> {
        Walker { network, layout: Layout::new(network), last_use: last_uses(network) }
    }

    /// The network.
    pub fn network(&self) -> &'a Network {
        self.network
    }

    /// Number of inputs.
    pub fn dimension(&self) -> usize {
        self.network.input_len()
    }

    /// Multiplications of the affine forms of one region.
    pub fn forms_work(&self) -> u64 {
        let nodes = (0..self.network.nodes.len()).map(|id| self.network.multiplications(id));
        nodes.sum::<u64>() * (self.dimension() as u64 + 1)
    }

    /// How patterns are packed.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// The region around the point `x`.
    pub fn at(&self, x: &[f64]) -> Result<Region, NoRegion> {
        self.walk(&Choice::At(x))
    }

    /// The region of a pattern (which may be empty: the caller certifies an interior point).
    pub fn with(&self, pattern: &Pattern) -> Result<Region, NoRegion> {
        self.walk(&Choice::Given(pattern))
    }

    /// The region on the other side of a face of `region`. `on_face` holds all sources of `region` that vanish on the
    /// face (those of the face's rows and those vanishing identically), sorted; `direction` points across.
    ///
    /// By continuity a source that does not vanish on the face keeps its sign across it, and one that does is, on the
    /// other side, a multiple of the face's equation: the sign of its derivative along `direction` is its sign.
    pub fn across(&self, region: &Pattern, on_face: &[HyperplaneId], direction: &[f64]) -> Result<Region, NoRegion> {
        self.walk(&Choice::Across { from: region, on_face, direction })
    }

    /// The pattern with one boundary crossed and all else equal; `None` when the pattern is not next to the boundary.
    pub fn flipped(&self, pattern: &Pattern, id: HyperplaneId) -> Option<Pattern> {
        let (node, unit) = (id.node as usize, id.unit as usize);
        let old = self.layout.get(pattern, node, unit);
        let new = match id.boundary {
            Boundary::Breakpoint(k) if old == k as usize => old + 1,
            Boundary::Breakpoint(k) if old == k as usize + 1 => old - 1,
            Boundary::Tie(a, b) if old == a as usize => b as usize,
            Boundary::Tie(a, b) if old == b as usize => a as usize,
            _ => return None,
        };
        let mut out = pattern.clone();
        self.layout.set(&mut out, node, unit, new);
        Some(out)
    }

    /// The pattern at `x`, without building the region's rows.
    pub fn pattern_at(&self, x: &[f64]) -> Result<Pattern, NoRegion> {
        let mut pattern = self.layout.empty();
        let mut values: Vec<Forms> = Vec::with_capacity(self.network.nodes.len());
        for (id, node) in self.network.nodes.iter().enumerate() {
            let value = match &node.op {
                Op::Input => Forms { values: x.to_vec(), errors: vec![0.0; x.len()] },
                Op::Affine(a) => values[a.source].affine(a, node.len(), 1),
                Op::Sum(s) => Forms::sum(s.iter().map(|&s| &values[s]), node.len(), 1),
                Op::Activation(a) => {
                    for i in 0..node.len() {
                        let (z, error) = (values[a.source].values[i], values[a.source].errors[i]);
                        let curve = a.curve(i);
                        if curve.breakpoints().iter().any(|t| (z - t).abs() <= error * 1.000001) {
                            return self.at(x).map(|region| region.pattern);
                        }
                        self.layout.set(&mut pattern, id, i, curve.piece(z));
                    }
                    self.apply_activation(id, a, &values[a.source], &pattern, 1)
                }
                Op::Max(m) => {
                    let source = &values[m.source];
                    for g in 0..m.groups() {
                        let Some(choice) = clear_maximum(m.group(g), &source.values, &source.errors) else {
                            return self.at(x).map(|region| region.pattern);
                        };
                        self.layout.set(&mut pattern, id, g, choice);
                    }
                    self.apply_max(id, m, source, &pattern, 1)
                }
            };
            values.push(value);
            self.release(&mut values, id);
        }
        Ok(pattern)
    }

    /// The pattern at an exact point: on a breakpoint the lower piece, among the largest the first.
    pub fn pattern_of(&self, x: &[Rational]) -> Pattern {
        let values = self.network.evaluate_exactly(x);
        let mut pattern = self.layout.empty();
        for (id, node) in self.network.nodes.iter().enumerate() {
            match &node.op {
                Op::Activation(a) => {
                    for (i, z) in values[a.source].iter().enumerate() {
                        self.layout.set(&mut pattern, id, i, a.curve(i).piece_exactly(z));
                    }
                }
                Op::Max(m) => {
                    for g in 0..m.groups() {
                        let value = |c: usize| &values[m.source][m.group(g)[c] as usize];
                        let best = (1..m.group(g).len()).fold(0, |b, c| if value(c) > value(b) { c } else { b });
                        self.layout.set(&mut pattern, id, g, best);
                    }
                }
                _ => {}
            }
        }
        pattern
    }

    /// Forms of node `id` from those of the nodes before it, on the region of a pattern that is set as far as needed.
    pub fn node_forms(&self, id: NodeId, forms: &[Forms], pattern: &Pattern) -> Forms {
        let (node, cols) = (&self.network.nodes[id], self.dimension() + 1);
        match &node.op {
            Op::Input => Forms::identity(self.dimension()),
            Op::Affine(a) => forms[a.source].affine(a, node.len(), cols),
            Op::Sum(s) => Forms::sum(s.iter().map(|&s| &forms[s]), node.len(), cols),
            Op::Activation(a) => self.apply_activation(id, a, &forms[a.source], pattern, cols),
            Op::Max(m) => self.apply_max(id, m, &forms[m.source], pattern, cols),
        }
    }

    /// In float64, and in pairs of them where that leaves a row in doubt.
    fn walk(&self, choice: &Choice) -> Result<Region, NoRegion> {
        let region = self.walk_in(choice, false)?;
        if region.is_coarse() { self.in_pairs(&region.pattern) } else { Ok(region) }
    }

    /// As [`Walker::with`], in pairs of float64 whether that takes them or not.
    pub fn in_pairs(&self, pattern: &Pattern) -> Result<Region, NoRegion> {
        self.walk_in(&Choice::Given(pattern), true)
    }

    fn walk_in(&self, choice: &Choice, in_pairs: bool) -> Result<Region, NoRegion> {
        let network = self.network;
        let mut region = Region {
            pattern: self.layout.empty(),
            normals: vec![],
            offsets: vec![],
            errors: vec![],
            labels: vec![],
            lower: vec![],
            vanishing: vec![],
            outputs: vec![],
            output_errors: vec![],
        };
        let mut forms: Vec<Forms> = Vec::with_capacity(network.nodes.len());
        let mut low: Vec<Low> = vec![];
        for (id, node) in network.nodes.iter().enumerate() {
            match &node.op {
                Op::Activation(a) => {
                    for i in 0..node.len() {
                        self.pass_unit(choice, id, i, a, &forms[a.source], &mut region)?;
                    }
                }
                Op::Max(m) => {
                    for g in 0..m.groups() {
                        self.pass_group(choice, id, g, m, &forms[m.source], &mut region)?;
                    }
                }
                _ => {}
            }
            if in_pairs {
                let (next, rest) = self.node_pairs(id, &forms, &low, &region.pattern);
                forms.push(next);
                low.push(rest);
            } else {
                forms.push(self.node_forms(id, &forms, &region.pattern));
            }
            self.release(&mut forms, id);
            self.release(&mut low, id);
        }
        region.outputs = network.outputs.iter().map(|o| forms[o.node].values.clone()).collect();
        region.output_errors = network.outputs.iter().map(|o| forms[o.node].errors.clone()).collect();
        Ok(region)
    }

    /// Frees the forms that no later node reads.
    pub(super) fn release<F: Default>(&self, forms: &mut [F], id: NodeId) {
        for &s in self.network.sources(id).iter().filter(|&&s| self.last_use[s] == id) {
            if let Some(form) = forms.get_mut(s) {
                *form = F::default();
            }
        }
    }

    fn apply_activation(&self, id: NodeId, a: &Activation, source: &Forms, pattern: &Pattern, cols: usize) -> Forms {
        let mut out = source.clone();
        for (i, row) in out.values.chunks_exact_mut(cols).enumerate() {
            let (curve, piece) = (a.curve(i), self.layout.get(pattern, id, i));
            let (slope, offset) = (curve.slope(piece), curve.offset(piece));
            if slope == 1.0 && offset == 0.0 {
                continue;
            }
            let size = row.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
            row.iter_mut().for_each(|v| *v *= slope);
            row[cols - 1] += offset;
            let exact = slope == 0.0 || (slope.abs() == 1.0 && (offset == 0.0 || row[cols - 1] == offset));
            let rounding = if exact { 0.0 } else { f64::EPSILON * (slope.abs() * size + row[cols - 1].abs()) };
            out.errors[i] = out.errors[i] * slope.abs() * (1.0 + 1e-10) + rounding;
        }
        out
    }

    fn apply_max(&self, id: NodeId, m: &Max, source: &Forms, pattern: &Pattern, cols: usize) -> Forms {
        let mut out = Forms { values: Vec::with_capacity(m.groups() * cols), errors: Vec::with_capacity(m.groups()) };
        for g in 0..m.groups() {
            let chosen = m.group(g)[self.layout.get(pattern, id, g)] as usize;
            out.values.extend_from_slice(source.row(chosen, cols));
            out.errors.push(source.errors[chosen]);
        }
        out
    }

    fn pass_unit(
        &self,
        choice: &Choice,
        node: NodeId,
        unit: usize,
        a: &Activation,
        forms: &Forms,
        region: &mut Region,
    ) -> Result<(), NoRegion> {
        let curve = a.curve(unit);
        if curve.breakpoints().is_empty() {
            return Ok(());
        }
        let cols = self.dimension() + 1;
        let (row, error) = (forms.row(unit, cols), forms.errors[unit]);
        let label = |k: usize| HyperplaneId::breakpoint(node, unit, k);
        let exact = |pattern: &Pattern| self.exact_form(pattern, a.source, unit).ok_or(NoRegion::Undecided(label(0)));
        if error == 0.0 && row[..cols - 1].iter().all(|&c| c == 0.0) {
            self.pass_constant(&rational(row[cols - 1]), curve, node, unit, region);
            return Ok(());
        }
        let piece = match choice {
            Choice::Given(pattern) => self.layout.get(pattern, node, unit),
            Choice::At(x) => {
                let (z, error) = forms.value_at(unit, x);
                let clear =
                    curve.breakpoints().iter().all(|t| (z - t).abs() > error + f64::EPSILON * (z.abs() + t.abs()));
                if clear { curve.piece(z) } else { self.piece_exactly(x, curve, exact(&region.pattern)?, label)? }
            }
            Choice::Across { from, on_face, direction } => {
                let old = self.layout.get(from, node, unit);
                let touched = (0..curve.breakpoints().len()).find(|&k| on_face.binary_search(&label(k)).is_ok());
                match touched {
                    None => old,
                    Some(k) => {
                        let rises = match derivative(row, error, direction) {
                            Some(slope) => slope > 0.0,
                            None => along(&exact(&region.pattern)?, direction) > Rational::ZERO,
                        };
                        k + usize::from(rises)
                    }
                }
            }
        };
        if row[..cols - 1].iter().all(|c| c.abs() <= error) {
            // A constant, unless exact arithmetic finds a coefficient below the error bound.
            let form = exact(&region.pattern)?;
            if form[..cols - 1].iter().all(|c| c.is_zero()) {
                self.pass_constant(&form[cols - 1], curve, node, unit, region);
                return Ok(());
            }
        }
        self.layout.set(&mut region.pattern, node, unit, piece);
        let boundaries = [(piece > 0).then(|| piece - 1), (piece + 1 < curve.pieces()).then_some(piece)];
        for (k, upper) in boundaries.into_iter().zip([false, true]).filter_map(|(k, upper)| Some((k?, upper))) {
            let sign = if upper { 1.0 } else { -1.0 };
            let t = curve.breakpoints()[k];
            region.normals.extend(row[..cols - 1].iter().map(|c| sign * c));
            region.offsets.push(sign * (t - row[cols - 1]));
            let rounding =
                if t == 0.0 || row[cols - 1] == 0.0 { 0.0 } else { f64::EPSILON * (t - row[cols - 1]).abs() };
            region.errors.push(error + rounding);
            region.labels.push(label(k));
            region.lower.push(upper);
        }
        Ok(())
    }

    /// A unit whose pre-activation is constant on the region: no rows, and the lower piece if on a breakpoint.
    fn pass_constant(&self, z: &Rational, curve: &crate::ir::Curve, node: NodeId, unit: usize, region: &mut Region) {
        self.layout.set(&mut region.pattern, node, unit, curve.piece_exactly(z));
        if let Some(k) = curve.breakpoints().iter().position(|&t| rational(t) == *z) {
            region.vanishing.push(HyperplaneId::breakpoint(node, unit, k));
        }
    }

    /// The piece at `x` of a unit whose exact form is given.
    fn piece_exactly(
        &self,
        x: &[f64],
        curve: &crate::ir::Curve,
        form: Vec<Rational>,
        label: impl Fn(usize) -> HyperplaneId,
    ) -> Result<usize, NoRegion> {
        let d = x.len();
        let mut z = form[d].clone();
        (0..d).for_each(|k| z += &form[k] * rational(x[k]));
        let constant = form[..d].iter().all(|c| c.is_zero());
        if let Some(k) = curve.breakpoints().iter().position(|&t| rational(t) == z) {
            return if constant { Ok(k) } else { Err(NoRegion::OnHyperplane(label(k))) };
        }
        Ok(curve.piece_exactly(&z))
    }

    fn pass_group(
        &self,
        choice: &Choice,
        node: NodeId,
        group: usize,
        m: &Max,
        forms: &Forms,
        region: &mut Region,
    ) -> Result<(), NoRegion> {
        let members = m.group(group);
        if members.len() < 2 {
            return Ok(());
        }
        let (d, cols) = (self.dimension(), self.dimension() + 1);
        let tie = |a: usize, b: usize| HyperplaneId::tie(node, group, a, b);
        let chosen = match choice {
            Choice::Given(pattern) => self.layout.get(pattern, node, group),
            Choice::At(x) => {
                let all: Vec<usize> = (0..members.len()).collect();
                let value = |c: usize| forms.value_at(members[c] as usize, x);
                self.best(&all, value, |form| at(form, x), m, group, &region.pattern, node)?
            }
            Choice::Across { from, on_face, direction } => {
                let old = self.layout.get(from, node, group);
                let rivals: Vec<usize> =
                    (0..members.len()).filter(|&c| c == old || on_face.binary_search(&tie(old, c)).is_ok()).collect();
                let slope = |c: usize| {
                    let i = members[c] as usize;
                    let (mut value, mut bound) = (0.0, 0.0);
                    for (a, n) in forms.row(i, cols).iter().zip(*direction) {
                        value += a * n;
                        bound += (a * n).abs() * f64::EPSILON * cols as f64 + forms.errors[i] * n.abs();
                    }
                    (value, bound)
                };
                self.best(&rivals, slope, |form| along(form, direction), m, group, &region.pattern, node)?
            }
        };
        self.layout.set(&mut region.pattern, node, group, chosen);
        let winner = members[chosen] as usize;
        for c in (0..members.len()).filter(|&c| c != chosen) {
            let rival = members[c] as usize;
            if rival == winner {
                region.vanishing.push(tie(chosen, c));
                continue;
            }
            let row: Vec<f64> =
                forms.row(rival, cols).iter().zip(forms.row(winner, cols)).map(|(r, w)| r - w).collect();
            let size = row.iter().fold(0.0, |s: f64, v| s.max(v.abs()));
            let error = (forms.errors[rival] + forms.errors[winner]) * (1.0 + 1e-10) + f64::EPSILON * size;
            if row[..d].iter().all(|v| v.abs() <= error) {
                let difference = self.exact_difference(&region.pattern, m.source, rival, winner);
                let difference = difference.ok_or(NoRegion::Undecided(tie(chosen, c)))?;
                if difference[..d].iter().all(|v| v.is_zero()) {
                    if difference[d].is_zero() {
                        region.vanishing.push(tie(chosen, c));
                    }
                    continue;
                }
            }
            region.normals.extend_from_slice(&row[..d]);
            region.offsets.push(-row[d]);
            region.errors.push(error);
            region.labels.push(tie(chosen, c));
            region.lower.push(chosen < c);
        }
        Ok(())
    }

    /// The candidate with the largest key; among equal functions the lowest index. Keys that error bounds do not
    /// separate are compared exactly; equal keys of unequal functions mean a point on a tie.
    #[allow(clippy::too_many_arguments)]
    fn best(
        &self,
        rivals: &[usize],
        key: impl Fn(usize) -> (f64, f64),
        exact_key: impl Fn(&[Rational]) -> Rational,
        m: &Max,
        group: usize,
        pattern: &Pattern,
        node: NodeId,
    ) -> Result<usize, NoRegion> {
        let members = m.group(group);
        let keys: Vec<(f64, f64)> = rivals.iter().map(|&c| key(c)).collect();
        let floor = keys.iter().map(|(v, e)| v - e - f64::EPSILON * v.abs()).fold(f64::NEG_INFINITY, f64::max);
        let close: Vec<usize> = (0..rivals.len())
            .filter(|&k| keys[k].0 + keys[k].1 + f64::EPSILON * keys[k].0.abs() >= floor)
            .map(|k| rivals[k])
            .collect();
        let mut best = close[0];
        if close.iter().all(|&c| members[c] == members[best]) {
            return Ok(best);
        }
        let first = best;
        let form = |c: usize| {
            let label = HyperplaneId::tie(node, group, c, first);
            self.exact_form(pattern, m.source, members[c] as usize).ok_or(NoRegion::Undecided(label))
        };
        let mut best_form = form(best)?;
        for &c in &close[1..] {
            let candidate = form(c)?;
            match exact_key(&candidate).cmp(&exact_key(&best_form)) {
                std::cmp::Ordering::Greater => (best, best_form) = (c, candidate),
                std::cmp::Ordering::Equal if candidate != best_form => {
                    return Err(NoRegion::OnHyperplane(HyperplaneId::tie(node, group, best, c)));
                }
                _ => {}
            }
        }
        Ok(best)
    }
}

/// The candidate that is largest beyond all error bounds, if there is one.
fn clear_maximum(members: &[u32], values: &[f64], errors: &[f64]) -> Option<usize> {
    let best =
        (0..members.len()).max_by(|&a, &b| values[members[a] as usize].total_cmp(&values[members[b] as usize]))?;
    let (top, error) = (values[members[best] as usize], errors[members[best] as usize]);
    let clear = (0..members.len()).all(|c| {
        let (v, e) = (values[members[c] as usize], errors[members[c] as usize]);
        c == best || top - v > (error + e) * 1.000001
    });
    clear.then_some(best)
}

/// Derivative of a form along a direction, or `None` when its sign is not certain.
fn derivative(row: &[f64], error: f64, direction: &[f64]) -> Option<f64> {
    let (mut value, mut bound) = (0.0, 0.0);
    for (a, n) in row.iter().zip(direction) {
        value += a * n;
        bound += (a * n).abs() * f64::EPSILON * row.len() as f64 + error * n.abs();
    }
    (value.abs() > bound * 1.000001).then_some(value)
}

fn along(form: &[Rational], direction: &[f64]) -> Rational {
    direction.iter().zip(form).fold(Rational::ZERO, |sum, (&n, a)| sum + rational(n) * a)
}

fn at(form: &[Rational], x: &[f64]) -> Rational {
    along(form, x) + &form[x.len()]
}

impl HyperplaneId {
    /// A breakpoint of a unit.
    pub fn breakpoint(node: NodeId, unit: usize, k: usize) -> HyperplaneId {
        HyperplaneId { node: node as u32, unit: unit as u32, boundary: Boundary::Breakpoint(k as u32) }
    }

    /// The tie between two candidates of a group.
    pub fn tie(node: NodeId, group: usize, a: usize, b: usize) -> HyperplaneId {
        let boundary = Boundary::Tie(a.min(b) as u32, a.max(b) as u32);
        HyperplaneId { node: node as u32, unit: group as u32, boundary }
    }
}
