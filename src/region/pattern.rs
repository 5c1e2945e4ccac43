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

    /// Sets the choices of all `units` of a node to 0 or 1, a bit per unit; each has but two.
    pub fn set_bits(&self, pattern: &mut Pattern, node: NodeId, units: usize, choices: &[u64]) {
        let (start, bits) = self.place(node, 0);
        if bits > 1 {
            let choice = |i: usize| (choices[i / 64] >> (i % 64) & 1) as usize;
            return (0..units).for_each(|i| self.set(pattern, node, i, choice(i)));
        }
        for (k, &word) in choices.iter().enumerate().take(units.div_ceil(64)) {
            let (at, count) = (start + 64 * k, (units - 64 * k).min(64));
            let (mask, shift) = (u64::MAX >> (64 - count), at % 64);
            let low = &mut pattern.0[at / 64];
            *low = *low & !(mask << shift) | (word & mask) << shift;
            if shift + count > 64 {
                let high = &mut pattern.0[at / 64 + 1];
                *high = *high & !(mask >> (64 - shift)) | (word & mask) >> (64 - shift);
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Bits set at once are those set one by one, wherever a node begins, and nothing beside them changes.
    #[test]
    fn bits_of_a_node_are_set_at_once() {
        for (start, units) in [(0, 64), (0, 5), (3, 61), (3, 62), (40, 64), (63, 1), (63, 130), (64, 200)] {
            for bits in [1, 2] {
                let layout = Layout { nodes: vec![Some((start, bits))], words: 8 };
                let choices = [0x0123_4567_89ab_cdefu64, !0x5555, 7, 0xf0f0].map(|w| w.rotate_left(units as u32));
                for before in [0, u64::MAX] {
                    let mut one_by_one = Pattern(vec![before; 8].into());
                    let mut at_once = one_by_one.clone();
                    for i in 0..units {
                        layout.set(&mut one_by_one, 0, i, (choices[i / 64] >> (i % 64) & 1) as usize);
                    }
                    layout.set_bits(&mut at_once, 0, units, &choices);
                    assert_eq!(one_by_one, at_once, "{units} units from {start}");
                }
            }
        }
    }
}
