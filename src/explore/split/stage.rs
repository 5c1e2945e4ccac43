//! The network as the splitter sees it: a sequence of stages, each a layer of units or of groups that can cut a cell.
//!
//! Contract: stages are in topological order, and so are the hyperplane sources, numbered through all stages. A row is
//! one breakpoint of one unit; the rows of a stage are ordered by unit, then breakpoint.

use super::exact::for_inputs;
use super::forms::Length;
use crate::ir::{Dense, Linear, Network, NodeId, Op};
use crate::region::HyperplaneId;

/// No level or vertex.
pub const NONE: u32 = u32::MAX;

/// A layer that can cut.
#[derive(Debug)]
pub struct Stage {
    /// The activation or max node.
    pub node: NodeId,
    /// The node whose values are compared.
    pub source: NodeId,
    /// Elements of that node.
    pub units: usize,
    /// Number of its first hyperplane source.
    pub first: u32,
    /// What decides.
    pub kind: Kind,
}

/// What decides in a stage.
#[derive(Debug)]
pub enum Kind {
    /// Units against their breakpoints.
    Rows(Rows),
    /// Groups that choose among candidates: the groups with a choice, and per such group its number and the number of
    /// its first tie, counted from the stage's first source.
    Groups(Vec<(u32, u32)>),
}

/// Breakpoints of a layer of units.
#[derive(Debug)]
pub struct Rows {
    /// Unit of each row.
    pub unit: Vec<u32>,
    /// Breakpoint of each row.
    pub level: Vec<f64>,
    /// Number of the breakpoint within its unit.
    pub number: Vec<u32>,
    /// Whether row i is unit i with its only breakpoint and its value there at zero, for all units.
    pub plain: bool,
}

/// What is compared with zero: an element minus its breakpoint, or the difference of two elements of a stage's source.
#[derive(Clone, Copy, Debug)]
pub struct Level {
    /// The stage.
    pub stage: u32,
    /// The row, or the element.
    pub a: u32,
    /// [`NONE`], or the element subtracted.
    pub b: u32,
}

/// A dense layer between two plain stages, for updates by one unit: columns contiguous, as many numbers as rows.
#[derive(Debug)]
pub struct Link {
    /// Column by column, each padded to `stride`.
    pub columns: Vec<f64>,
    /// At least the length of each row of weights, padded.
    pub norms: Vec<f64>,
    /// Bias, padded.
    pub bias: Vec<f64>,
    /// Rows of the layer.
    pub rows: usize,
    /// Length of a column.
    pub stride: usize,
    /// Slopes of the units before it, below and above their breakpoint.
    pub slopes: Vec<[f64; 2]>,
    /// Which of these are not zero, a bit per unit.
    pub sloped: Vec<[u64; 2]>,
}

/// All stages, their sources, and the direct links between them where there are any.
#[derive(Debug)]
pub struct Stages {
    /// In topological order.
    pub list: Vec<Stage>,
    /// Per source, its stable name.
    pub ids: Vec<HyperplaneId>,
    /// For each stage but the first, the dense layer from the stage before; empty unless all are such.
    pub links: Vec<Link>,
    /// Most parts that one split can have.
    pub most: usize,
    /// Per stage, multiplications of the nodes after the stage before it, whose forms are made with its own.
    pub layer_work: Vec<u64>,
    /// Per stage, multiplications that one element of its source takes with all it depends on, plus one: the most of a
    /// few elements spread over the source; where that is more than [`COUNTED`], of all nodes up to the source.
    pub exact_work: Vec<u64>,
    /// Multiplications of all nodes up to the last stage's source.
    pub all_work: u64,
}

impl Stages {
    /// Reads the stages off a network.
    pub fn new(network: &Network) -> Stages {
        let (mut list, mut ids, mut most) = (vec![], vec![], 2);
        for (node, n) in network.nodes.iter().enumerate() {
            let first = ids.len() as u32;
            match &n.op {
                Op::Activation(a) => {
                    let mut rows = Rows { unit: vec![], level: vec![], number: vec![], plain: true };
                    for unit in 0..n.len() {
                        let breakpoints = a.curve(unit).breakpoints();
                        rows.plain &= breakpoints == [0.0] && a.curve(unit).offset(0) == 0.0;
                        for (k, &t) in breakpoints.iter().enumerate() {
                            rows.unit.push(unit as u32);
                            rows.level.push(t);
                            rows.number.push(k as u32);
                            ids.push(HyperplaneId::breakpoint(node, unit, k));
                        }
                    }
                    if !rows.unit.is_empty() {
                        list.push(Stage { node, source: a.source, units: n.len(), first, kind: Kind::Rows(rows) });
                    }
                }
                Op::Max(m) => {
                    let mut groups = vec![];
                    for g in (0..m.groups()).filter(|&g| m.group(g).len() > 1) {
                        groups.push((g as u32, ids.len() as u32 - first));
                        let k = m.group(g).len();
                        most = most.max(k);
                        ids.extend((0..k).flat_map(|a| (a + 1..k).map(move |b| HyperplaneId::tie(node, g, a, b))));
                    }
                    if !groups.is_empty() {
                        let units = network.nodes[m.source].len();
                        list.push(Stage { node, source: m.source, units, first, kind: Kind::Groups(groups) });
                    }
                }
                _ => {}
            }
        }
        let links = links(network, &list);
        let weights: Vec<u64> = (0..network.nodes.len()).map(|id| network.multiplications(id)).collect();
        let up_to = |stage: &Stage| weights[..=stage.source].iter().sum();
        let exact_work = list.iter().map(|s| 1 + cone(network, s.source).unwrap_or_else(|| up_to(s))).collect();
        let all_work = list.last().map_or(0, up_to);
        // By the stages' own nodes: the source of a stage on another branch can lie before that of the stage before it.
        let before = [0].into_iter().chain(list.iter().map(|stage| stage.node));
        let layer_work = list.iter().zip(before).map(|(stage, from)| weights[from..stage.node].iter().sum()).collect();
        Stages { list, ids, links, most, layer_work, exact_work, all_work }
    }
}

impl Stage {
    /// Rows of a stage of units; zero for groups.
    pub fn rows(&self) -> usize {
        match &self.kind {
            Kind::Rows(rows) => rows.unit.len(),
            Kind::Groups(_) => 0,
        }
    }

    /// Words that hold the choices of this stage: one bit per row, one word per group.
    pub fn words(&self) -> usize {
        match &self.kind {
            Kind::Rows(rows) => rows.unit.len().div_ceil(64),
            Kind::Groups(groups) => groups.len(),
        }
    }
}

/// Position of the tie of candidates `a < b` among those of a group of `k`.
pub fn tie(k: usize, a: usize, b: usize) -> u32 {
    (a * k - a * (a + 1) / 2 + b - a - 1) as u32
}

/// Elements of a node whose dependences are counted.
const PROBES: usize = 7;
/// Multiplications beyond which they are not counted one by one.
const COUNTED: u64 = 1 << 22;

/// The most multiplications that one of some elements of a node takes with all it depends on; `None` for more than
/// [`COUNTED`]. The elements are spread unevenly over channels, rows and columns, for those at an edge depend on less.
fn cone(network: &Network, source: NodeId) -> Option<u64> {
    let len = network.nodes[source].len();
    (0..PROBES)
        .map(|k| dependences(network, source, (2 * k + 1) * len / (2 * PROBES + 1)))
        .try_fold(0, |most, count| Some(count?.max(most)))
}

/// Multiplications of the elements that one depends on, itself among them; `None` for more than [`COUNTED`].
fn dependences(network: &Network, source: NodeId, element: usize) -> Option<u64> {
    let mut wanted: Vec<Vec<bool>> = network.nodes[..=source].iter().map(|n| vec![false; n.len()]).collect();
    wanted[source][element] = true;
    let mut count = 0;
    for id in (0..=source).rev() {
        let terms = matches!(network.nodes[id].op, Op::Affine(_));
        let (before, here) = wanted.split_at_mut(id);
        for i in (0..here[0].len()).filter(|&i| here[0][i]) {
            for_inputs(network, id, i, |(node, j)| {
                before[node][j] = true;
                count += u64::from(terms);
            });
            if count > COUNTED {
                return None;
            }
        }
    }
    Some(count)
}

fn links(network: &Network, stages: &[Stage]) -> Vec<Link> {
    let plain = |s: &Stage| matches!(&s.kind, Kind::Rows(r) if r.plain);
    let link = |pair: &[Stage]| {
        let (from, to) = (&pair[0], &pair[1]);
        let Op::Affine(a) = &network.nodes[to.source].op else { return None };
        let Linear::Dense(dense) = &a.linear else { return None };
        if a.source != from.node || a.divisor.is_some() || !plain(from) || !plain(to) {
            return None;
        }
        let Op::Activation(curves) = &network.nodes[from.node].op else { return None };
        let slopes: Vec<[f64; 2]> =
            (0..dense.cols).map(|i| [curves.curve(i).slope(0), curves.curve(i).slope(1)]).collect();
        let bits = |units: &[[f64; 2]], side: usize| {
            units.iter().enumerate().fold(0, |bits, (k, slopes)| bits | u64::from(slopes[side] != 0.0) << k)
        };
        let sloped = slopes.chunks(64).map(|units| [bits(units, 0), bits(units, 1)]).collect();
        let Dense { rows, cols, .. } = *dense;
        let stride = rows.next_multiple_of(8);
        let (mut columns, mut norms) = (vec![0.0; stride * cols], vec![0.0; stride]);
        for i in 0..rows {
            let mut length = Length::default();
            a.linear.for_row(i, |j, w| {
                columns[j * stride + i] = w;
                length.add(w.abs());
            });
            norms[i] = length.bound();
        }
        let mut bias = vec![0.0; stride];
        (0..rows).for_each(|i| bias[i] = a.bias.as_ref().map_or(0.0, |b| b.get(i)));
        Some(Link { columns, norms, bias, rows, stride, slopes, sloped })
    };
    stages.windows(2).map(link).collect::<Option<Vec<Link>>>().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::{Affine, Label, Node};

    /// Layers of `units` units, each fed by itself and by its neighbour to the right, if there is one.
    fn bands(units: usize, layers: usize) -> Network {
        let node = |op| Node {
            label: Label { layer: String::new(), op: String::new(), node: String::new() },
            shape: vec![units],
            op,
        };
        let weight: Vec<f64> =
            (0..units * units).map(|k| f64::from(u8::from((k % units).wrapping_sub(k / units) <= 1))).collect();
        let mut nodes = vec![node(Op::Input)];
        for source in 0..layers {
            let linear = Linear::Dense(Dense { rows: units, cols: units, weight: weight.clone().into() });
            nodes.push(node(Op::Affine(Affine { source, linear, divisor: None, bias: None })));
        }
        Network { inputs: vec![], outputs: vec![], nodes }
    }

    #[test]
    fn an_element_is_counted_with_what_it_depends_on_and_no_more() {
        let network = bands(100, 4);
        // Layer by layer back: two terms of one element, then of two, of three, of four; at the right end one each.
        assert_eq!(dependences(&network, 4, 50), Some(2 * (1 + 2 + 3 + 4)));
        assert_eq!(dependences(&network, 4, 99), Some(4));
        assert_eq!(cone(&network, 4), Some(20));
        assert_eq!(cone(&network, 0), Some(0));
        assert_eq!(cone(&bands(1, 3), 3), Some(3));
    }

    #[test]
    fn what_depends_on_very_much_is_not_counted_one_by_one() {
        let mut network = bands(2100, 1);
        let linear = Linear::Dense(Dense { rows: 2100, cols: 2100, weight: vec![1.0; 2100 * 2100].into() });
        let op =
            |source, linear: &Linear| Op::Affine(Affine { source, linear: linear.clone(), divisor: None, bias: None });
        network.nodes[1].op = op(0, &linear);
        assert_eq!(cone(&network, 1), Some(2100));
        let last = Node { op: op(1, &linear), ..network.nodes[1].clone() };
        network.nodes.push(last);
        assert_eq!(cone(&network, 2), None);
    }
}
