//! The edges of a cell with ends on both sides of a cut.
//!
//! Contract: all pairs (upper, lower) that share `D - 1` walls and cuts or more; in a cell of simple vertices these are
//! the edges. Few vertices are compared pair by pair. Many are looked up: a vertex of `D` slots spans its edges with
//! those that have all its slots but one, so with one set of lower vertices per slot an upper vertex costs 3 D
//! intersections of sets instead of one comparison with every lower vertex.

use super::bits::{Bits, Ones};
use super::descent::Entry;
use crate::vectors::wide;

/// Lower vertices looked up together.
const BLOCK: usize = 256;
/// Pairs from which on looking up is faster than comparing.
const MANY: usize = 160;

/// A set of a block of lower vertices.
type Set = [u64; BLOCK / 64];

/// Pairs of vertices, and the sets that find them.
#[derive(Debug, Default)]
pub struct Edges {
    /// Positions among the upper and among the lower vertices.
    pub pairs: Vec<(u32, u32)>,
    /// Per slot, the lower vertices of a block that have it.
    with: Vec<Set>,
}

impl Edges {
    /// Finds the pairs; `slots` is the number of slots in use, `simple` tells that every vertex has `D` of them.
    pub fn find<const D: usize, const W: usize>(
        &mut self,
        upper: &[Entry<W>],
        lower: &[Entry<W>],
        slots: usize,
        simple: bool,
    ) {
        self.pairs.clear();
        if simple && D > 1 && upper.len() * lower.len() >= MANY {
            wide(LookUp::<D, W> { own: self, upper, lower, slots });
        } else {
            wide(Compare::<D, W> { own: self, upper, lower });
        }
    }
}

struct Compare<'a, const D: usize, const W: usize> {
    own: &'a mut Edges,
    upper: &'a [Entry<W>],
    lower: &'a [Entry<W>],
}

impl<const D: usize, const W: usize> pulp::NullaryFnOnce for Compare<'_, D, W> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        for (i, p) in self.upper.iter().enumerate() {
            for (j, n) in self.lower.iter().enumerate() {
                if p.mask.and(&n.mask).count() + 1 >= D {
                    self.own.pairs.push((i as u32, j as u32));
                }
            }
        }
    }
}

struct LookUp<'a, const D: usize, const W: usize> {
    own: &'a mut Edges,
    upper: &'a [Entry<W>],
    lower: &'a [Entry<W>],
    slots: usize,
}

impl<const D: usize, const W: usize> pulp::NullaryFnOnce for LookUp<'_, D, W> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        let Edges { pairs, with } = self.own;
        for (block, some) in self.lower.chunks(BLOCK).enumerate() {
            with.clear();
            with.resize(self.slots, Set::default());
            for (j, n) in some.iter().enumerate() {
                let (word, bit) = (j / 64, 1 << (j % 64));
                n.mask.iter().for_each(|slot| with[slot][word] |= bit);
            }
            for (i, p) in self.upper.iter().enumerate() {
                let sets = own_sets::<D, W>(with, &p.mask);
                // What has the slots before the k-th; `after` what has those behind it.
                let mut before = [[u64::MAX; BLOCK / 64]; D];
                for k in 1..D {
                    before[k] = and(&before[k - 1], &sets[k - 1]);
                }
                let mut after = [u64::MAX; BLOCK / 64];
                let mut any = Set::default();
                for k in (0..D).rev() {
                    let found = and(&before[k], &after);
                    after = and(&after, &sets[k]);
                    any = std::array::from_fn(|w| any[w] | found[w]);
                }
                for w in 0..BLOCK / 64 {
                    let j = |bit: usize| (block * BLOCK + 64 * w + bit) as u32;
                    pairs.extend(Ones(any[w]).map(|bit| (i as u32, j(bit))));
                }
            }
        }
    }
}

#[inline(always)]
fn own_sets<const D: usize, const W: usize>(with: &[Set], mask: &Bits<W>) -> [Set; D] {
    let mut sets = [Set::default(); D];
    for (set, slot) in sets.iter_mut().zip(mask.iter()) {
        *set = with[slot];
    }
    sets
}

#[inline(always)]
fn and(a: &Set, b: &Set) -> Set {
    std::array::from_fn(|w| a[w] & b[w])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Corners of a cube on either side of a coordinate: looking up and comparing agree, and so they do across blocks.
    #[test]
    fn looking_up_finds_what_comparing_finds() {
        let corners = |d: usize, side: usize| {
            let of = move |c: &usize| c & 1 == side;
            let mask = move |c: usize| (0..d).fold(Bits::<1>::EMPTY, |m, k| m.with(2 * k + (c >> k & 1)));
            (0..1usize << d).filter(of).map(move |c| Entry { mask: mask(c), vertex: c as u32 }).collect::<Vec<_>>()
        };
        fn pairs<const D: usize>(upper: &[Entry<1>], lower: &[Entry<1>]) -> [Vec<(u32, u32)>; 2] {
            let (mut slow, mut fast) = (Edges::default(), Edges::default());
            wide(Compare::<D, 1> { own: &mut slow, upper, lower });
            wide(LookUp::<D, 1> { own: &mut fast, upper, lower, slots: 2 * D });
            fast.pairs.sort_unstable();
            [slow.pairs, fast.pairs]
        }
        let [slow, fast] = pairs::<5>(&corners(5, 1), &corners(5, 0));
        assert_eq!((slow.len(), &slow), (16, &fast));
        let [slow, fast] = pairs::<10>(&corners(10, 1), &corners(10, 0));
        assert_eq!((slow.len(), &slow), (512, &fast));
    }
}
