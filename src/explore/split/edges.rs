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
    /// Per lower vertex of a block, the folded slots that it has not.
    #[cfg(target_arch = "x86_64")]
    without: Vec<u32>,
    /// Which of 64 lower vertices an upper one, named next, may share an edge with, and the first of them.
    #[cfg(target_arch = "x86_64")]
    hits: Vec<(u64, u32, u32)>,
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
        if !simple || D == 1 || upper.len() * lower.len() < MANY {
            return wide(Compare::<D, W> { own: self, upper, lower });
        }
        #[cfg(target_arch = "x86_64")]
        if W == 1
            && let Some(simd) = pulp::x86::V4::try_new()
        {
            return simd.vectorize(Sixteen::<D, W> { simd, own: self, upper, lower, slots });
        }
        wide(LookUp::<D, W> { own: self, upper, lower, slots });
    }
}

/// Compares with sixteen lower vertices at a time; finds the pairs in the order of [`LookUp`].
#[cfg(target_arch = "x86_64")]
struct Sixteen<'a, const D: usize, const W: usize> {
    simd: pulp::x86::V4,
    own: &'a mut Edges,
    upper: &'a [Entry<W>],
    lower: &'a [Entry<W>],
    slots: usize,
}

#[cfg(target_arch = "x86_64")]
impl<const D: usize, const W: usize> pulp::NullaryFnOnce for Sixteen<'_, D, W> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        use pulp::Simd;
        let Sixteen { simd, own: Edges { pairs, without, hits, .. }, upper, lower, slots } = self;
        let (minus_one, zero) = (simd.splat_u32s(u32::MAX), simd.splat_u32s(0));
        for (block, some) in lower.chunks(BLOCK).enumerate() {
            without.clear();
            without.extend(some.iter().map(|n| !n.mask.folded()));
            without.resize(some.len().next_multiple_of(64), u32::MAX);
            let (without, _) = pulp::x86::V4::as_simd_u32s(without);
            // What is written stays only if it is a hit: no branch could foretell which ones are.
            hits.resize(upper.len() * without.len() / 4 + 1, (0, 0, 0));
            let (mut words, mut count) = (0, 0);
            for (i, p) in upper.iter().enumerate() {
                let own = simd.splat_u32s(p.mask.folded());
                for (w, four) in without.chunks_exact(4).enumerate() {
                    let mut any = 0u64;
                    for (k, &without) in four.iter().enumerate() {
                        // All slots but one are shared iff one at most is not.
                        let missing = simd.and_u32s(own, without);
                        let second = simd.and_u32s(missing, simd.add_u32s(missing, minus_one));
                        any |= u64::from(simd.equal_u32s(second, zero).0) << (16 * k);
                    }
                    hits[words] = (any, i as u32, 64 * w as u32);
                    words += usize::from(any != 0);
                    count += any.count_ones() as usize;
                }
            }
            hits[words] = (0, 0, 0);
            let (mut at, mut next) = (hits[0], 1);
            let first = (block * BLOCK) as u32;
            for _ in 0..count {
                let (i, j) = (at.1, at.2 + at.0.trailing_zeros());
                // Folded sets may share more than the sets themselves.
                let spans = |n: &Entry<W>| upper[i as usize].mask.without(&n.mask).count() == 1;
                if slots <= 32 || some.get(j as usize).is_some_and(spans) {
                    pairs.push((i, first + j));
                }
                at.0 &= at.0.wrapping_sub(1);
                let done = at.0 == 0;
                let following = hits[next.min(words)];
                at = if done { following } else { at };
                next += usize::from(done);
            }
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
        let Edges { pairs, with, .. } = self.own;
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

    /// Corners of a cube on either side of a coordinate, its walls at slots `step` apart: looking up and comparing, one by
    /// one and sixteen at a time, agree, also across blocks and where sets are folded.
    #[test]
    fn looking_up_finds_what_comparing_finds() {
        let corners = |d: usize, side: usize, step: usize| {
            let of = move |c: &usize| c & 1 == side;
            let slot = move |k: usize, c: usize| step * (2 * k + (c >> k & 1)) % 64;
            let mask = move |c: usize| (0..d).fold(Bits::<1>::EMPTY, |m, k| m.with(slot(k, c)));
            let entry = move |c: usize| Entry { mask: mask(c), vertex: c as u32, signs: 0 };
            (0..1usize << d).filter(of).map(entry).collect::<Vec<_>>()
        };
        fn pairs<const D: usize>(upper: &[Entry<1>], lower: &[Entry<1>], slots: usize) -> [Vec<(u32, u32)>; 3] {
            let mut all = [Edges::default(), Edges::default(), Edges::default()];
            let [slow, fast, own] = &mut all;
            wide(Compare::<D, 1> { own: slow, upper, lower });
            wide(LookUp::<D, 1> { own: fast, upper, lower, slots });
            own.pairs.clone_from(&fast.pairs);
            #[cfg(target_arch = "x86_64")]
            if let Some(simd) = pulp::x86::V4::try_new() {
                own.pairs.clear();
                simd.vectorize(Sixteen::<D, 1> { simd, own, upper, lower, slots });
            }
            assert_eq!(own.pairs, fast.pairs, "the same order");
            fast.pairs.sort_unstable();
            all.map(|edges| edges.pairs)
        }
        for step in [1, 7, 31] {
            let slots = if step == 1 { 20 } else { 64 };
            let [slow, fast, _] = pairs::<5>(&corners(5, 1, step), &corners(5, 0, step), slots);
            assert_eq!((slow.len(), &slow), (16, &fast));
            let [slow, fast, _] = pairs::<10>(&corners(10, 1, step), &corners(10, 0, step), slots);
            assert_eq!((slow.len(), &slow), (512, &fast));
        }
    }
}
