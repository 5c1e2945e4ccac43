//! Moves of whole blocks: what Concat, Split and Slice along an axis do, in a few numbers instead of one per element.
//!
//! Contract: a [`Block`] is the same map as the index list it was recognised in; nothing is rounded.

use super::linear::ZERO;

/// In each of the rows, `width` neighbouring numbers are copied; all other elements are zero.
///
/// `y[row · to_step + to + k] = x[row · from_step + from + k]` for `k < width` and every row; the target has
/// `rows · to_step` elements.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Block {
    /// Number of rows.
    pub rows: usize,
    /// How many neighbouring numbers are copied in each.
    pub width: usize,
    /// Where they begin in the source's first row.
    pub from: usize,
    /// From one row of the source to the next.
    pub from_step: usize,
    /// Where they begin in a row of the target.
    pub to: usize,
    /// Length of a row of the target.
    pub to_step: usize,
}

impl Block {
    /// The source of element `i`; `None` where it is zero.
    #[inline]
    pub fn source(&self, i: usize) -> Option<usize> {
        let (row, at) = (i / self.to_step, i % self.to_step);
        (at >= self.to && at - self.to < self.width).then(|| row * self.from_step + self.from + at - self.to)
    }

    /// The block that an index list is, if it is one; [`ZERO`] marks elements that are zero.
    pub fn recognise(index: &[u32]) -> Option<Block> {
        let to = index.iter().position(|&j| j != ZERO)?;
        let runs_on = |k: usize| index[k] != ZERO && index[k] == index[k - 1].wrapping_add(1);
        let width = 1 + (to + 1..index.len()).take_while(|&k| runs_on(k)).count();
        let from = index[to] as usize;
        // The next run says how long a row is; without one, all is one row.
        let next = (to + width..index.len()).find(|&k| index[k] != ZERO);
        let block = match next {
            None => Block { rows: 1, width, from, from_step: 0, to, to_step: index.len() },
            Some(next) => {
                let (to_step, from_step) = (next - to, (index[next] as usize).checked_sub(from)?);
                if to + width > to_step || !index.len().is_multiple_of(to_step) {
                    return None;
                }
                Block { rows: index.len() / to_step, width, from, from_step, to, to_step }
            }
        };
        let same = |(i, &j): (usize, &u32)| block.source(i) == (j != ZERO).then_some(j as usize);
        index.iter().enumerate().all(same).then_some(block)
    }

    /// `y = B x` with `cols` numbers per element.
    pub fn apply(&self, x: &[f64], cols: usize, y: &mut [f64]) {
        if self.width < self.to_step {
            y.fill(0.0);
        }
        for row in 0..self.rows {
            let (to, from) = (row * self.to_step + self.to, row * self.from_step + self.from);
            y[to * cols..(to + self.width) * cols].copy_from_slice(&x[from * cols..(from + self.width) * cols]);
        }
    }

    /// Whether it maps `source` elements to `length`.
    pub fn fits(&self, source: usize, length: usize) -> bool {
        let last = self.rows.checked_sub(1).and_then(|r| r.checked_mul(self.from_step));
        let end = last.and_then(|l| l.checked_add(self.from)?.checked_add(self.width));
        let row = self.to.checked_add(self.width).is_some_and(|e| e <= self.to_step);
        row && self.rows.checked_mul(self.to_step) == Some(length) && end.is_some_and(|e| e <= source)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_is_the_index_list_it_was_recognised_in() {
        let lists: [(&[u32], bool); 9] = [
            (&[0, 1, 2, 3], true),
            (&[2, 3], true),
            (&[ZERO, 0, 1, ZERO, 2, 3], true),
            (&[0, 1, 4, 5, 8, 9], true),
            (&[1, 0], false),
            (&[0, 0, 0], true),
            (&[0, 1, ZERO, 2, ZERO, ZERO], false),
            (&[ZERO, ZERO], false),
            (&[0, 2, 4, 5], false),
        ];
        for (list, expected) in lists {
            let block = Block::recognise(list);
            assert_eq!(block.is_some(), expected, "{list:?}");
            let Some(block) = block else { continue };
            let x: Vec<f64> = (0..10).map(|k| k as f64 + 1.0).collect();
            let mut y = vec![f64::NAN; list.len()];
            block.apply(&x, 1, &mut y);
            assert!(block.fits(10, list.len()));
            for (i, &j) in list.iter().enumerate() {
                assert_eq!(block.source(i), (j != ZERO).then_some(j as usize));
                assert_eq!(y[i], if j == ZERO { 0.0 } else { x[j as usize] });
            }
        }
    }

    #[test]
    fn a_block_that_reads_beyond_its_source_does_not_fit() {
        let block = Block { rows: 2, width: 2, from: 1, from_step: 3, to: 0, to_step: 2 };
        assert!(block.fits(6, 4) && !block.fits(5, 4) && !block.fits(6, 5));
    }
}
