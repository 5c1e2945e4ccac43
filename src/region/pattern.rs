//! Activation patterns: which piece each unit is on and which candidate each group chooses, in packed bits.

use crate::ir::{Network, NodeId, Op};

/// Where each unit's choice lies in a [`Pattern`].
#[derive(Clone, Debug)]
pub struct Layout {
    /// Per node: first bit and bits per unit (a power of two); `None` for nodes without units.
    nodes: Vec<Option<(usize, usize)>>,
    words: usize,
}

/// One choice per unit, packed as a [`Layout`] says. Equal patterns have equal bits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pattern(Box<[u64]>);

impl Layout {
    /// The layout of a network's patterns.
    pub fn new(network: &Network) -> Layout {
        let mut next = 0;
        let nodes = (network.nodes.iter())
            .map(|node| {
                let choices = match &node.op {
                    Op::Activation(a) => a.curves.iter().map(|c| c.pieces()).max()?,
                    Op::Max(m) => (0..m.groups()).map(|g| m.group(g).len()).max()?,
                    _ => return None,
                };
                let bits = (usize::BITS - (choices - 1).leading_zeros()).max(1).next_power_of_two() as usize;
                let start = next + (64 - next % 64) % bits;
                next = start + bits * node.len();
                Some((start, bits))
            })
            .collect();
        Layout { nodes, words: next.div_ceil(64) }
    }

    /// The pattern with every choice 0.
    pub fn empty(&self) -> Pattern {
        Pattern(vec![0; self.words].into())
    }

    /// The choice of a unit.
    pub fn get(&self, pattern: &Pattern, node: NodeId, unit: usize) -> usize {
        let (at, bits) = self.place(node, unit);
        let mask = u64::MAX >> (64 - bits);
        ((pattern.0[at / 64] >> (at % 64)) & mask) as usize
    }

    /// Sets the choice of a unit.
    pub fn set(&self, pattern: &mut Pattern, node: NodeId, unit: usize, choice: usize) {
        let (at, bits) = self.place(node, unit);
        let mask = u64::MAX >> (64 - bits);
        let word = &mut pattern.0[at / 64];
        *word = (*word & !(mask << (at % 64))) | ((choice as u64 & mask) << (at % 64));
    }

    /// The pattern that [`Pattern::bytes`] wrote, when every choice in it is one that `network` has.
    pub fn read(&self, network: &Network, bytes: &[u8]) -> Option<Pattern> {
        let words: Vec<u64> =
            bytes.chunks(8).map(|c| Some(u64::from_le_bytes(c.try_into().ok()?))).collect::<Option<_>>()?;
        let given = Pattern(words.into());
        if given.0.len() != self.words {
            return None;
        }
        let mut out = self.empty();
        for (id, node) in network.nodes.iter().enumerate() {
            for unit in 0..node.len() {
                let choices = match &node.op {
                    Op::Activation(a) => a.curve(unit).pieces(),
                    Op::Max(m) => m.group(unit).len(),
                    _ => break,
                };
                if self.nodes[id].is_none() {
                    break;
                }
                let choice = self.get(&given, id, unit);
                if choice >= choices {
                    return None;
                }
                self.set(&mut out, id, unit, choice);
            }
        }
        (out == given).then_some(out)
    }

    fn place(&self, node: NodeId, unit: usize) -> (usize, usize) {
        let (start, bits) = self.nodes[node].expect("only activation and max nodes have choices");
        (start + bits * unit, bits)
    }
}

impl Pattern {
    /// Adds the bits of another pattern of the same layout.
    pub fn unite(&mut self, other: &Pattern) {
        self.0.iter_mut().zip(&other.0).for_each(|(a, b)| *a |= b);
    }

    /// Keeps the bits that another pattern of the same layout has too.
    pub fn intersect(&mut self, other: &Pattern) {
        self.0.iter_mut().zip(&other.0).for_each(|(a, b)| *a &= b);
    }

    /// The packed bits, low bytes first.
    pub fn bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|w| w.to_le_bytes()).collect()
    }

    /// The packed bits, as lower-case hexadecimal words separated by nothing.
    pub fn hex(&self) -> String {
        self.0.iter().map(|w| format!("{w:016x}")).collect()
    }
}
