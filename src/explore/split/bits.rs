//! Small sets of slots: which walls and cuts pass through a vertex. `64 · W` slots, no allocation.

/// A set of numbers below [`Bits::CAPACITY`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bits<const W: usize>([u64; W]);

impl<const W: usize> Bits<W> {
    /// How many slots there are.
    pub const CAPACITY: usize = 64 * W;
    /// No slot.
    pub const EMPTY: Bits<W> = Bits([0; W]);

    /// The first `n` slots.
    pub fn first(n: usize) -> Bits<W> {
        Bits(std::array::from_fn(|w| match n.saturating_sub(64 * w) {
            0 => 0,
            rest if rest < 64 => (1 << rest) - 1,
            _ => u64::MAX,
        }))
    }

    #[inline(always)]
    pub fn insert(&mut self, k: usize) {
        self.0[k / 64] |= 1 << (k % 64);
    }

    #[inline(always)]
    pub fn with(mut self, k: usize) -> Bits<W> {
        self.insert(k);
        self
    }

    #[inline(always)]
    pub fn has(&self, k: usize) -> bool {
        self.0[k / 64] >> (k % 64) & 1 == 1
    }

    #[inline(always)]
    pub fn and(mut self, other: &Bits<W>) -> Bits<W> {
        (0..W).for_each(|w| self.0[w] &= other.0[w]);
        self
    }

    #[inline(always)]
    pub fn or(mut self, other: &Bits<W>) -> Bits<W> {
        (0..W).for_each(|w| self.0[w] |= other.0[w]);
        self
    }

    /// What is in this set and not in the other.
    #[inline(always)]
    pub fn without(mut self, other: &Bits<W>) -> Bits<W> {
        (0..W).for_each(|w| self.0[w] &= !other.0[w]);
        self
    }

    #[inline(always)]
    pub fn count(&self) -> usize {
        self.0.iter().map(|w| w.count_ones() as usize).sum()
    }

    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|&w| w == 0)
    }

    /// Whether all of `other` is in this set.
    #[inline(always)]
    pub fn contains(&self, other: &Bits<W>) -> bool {
        (0..W).all(|w| other.0[w] & !self.0[w] == 0)
    }

    /// All words over each other in 32 bits: of a set below 32 the set itself.
    #[inline(always)]
    pub fn folded(&self) -> u32 {
        self.0.iter().fold(0, |all, &w| all | w as u32 | (w >> 32) as u32)
    }

    /// Its members, ascending.
    #[inline(always)]
    pub fn iter(self) -> Members<W> {
        Members { words: self.0, at: 0 }
    }
}

/// The members of a set, ascending.
#[derive(Clone, Copy)]
pub struct Members<const W: usize> {
    words: [u64; W],
    at: usize,
}

impl<const W: usize> Iterator for Members<W> {
    type Item = usize;

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        while self.at < W {
            let word = &mut self.words[self.at];
            if *word != 0 {
                let k = word.trailing_zeros() as usize;
                *word &= *word - 1;
                return Some(64 * self.at + k);
            }
            self.at += 1;
        }
        None
    }
}

/// The set bits of a word, ascending.
#[derive(Clone, Copy)]
pub struct Ones(pub u64);

impl Iterator for Ones {
    type Item = usize;

    #[inline(always)]
    fn next(&mut self) -> Option<usize> {
        if self.0 == 0 {
            return None;
        }
        let k = self.0.trailing_zeros() as usize;
        self.0 &= self.0 - 1;
        Some(k)
    }
}
