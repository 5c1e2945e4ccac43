//! Which candidates of a group can win on a cell.

use super::reduced::{Gauge, Line};

/// A candidate: its place in the group, its element, and its form.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    pub place: u32,
    pub element: u32,
    pub line: Line<'a>,
}

/// Who is left of a group.
#[derive(Clone, Debug)]
pub struct Contest {
    /// Those that can win, each the lowest of its equals: positions in the list of candidates.
    pub left: Vec<usize>,
    /// Position of one that can win, and of one left out because it equals that.
    pub mates: Vec<(usize, usize)>,
    /// Position in `left` of the one that is likely to win most often.
    pub middle: usize,
}

impl Contest {
    /// Leaves out who is certainly below another everywhere.
    pub fn new<const D: usize>(all: &[Candidate], gauge: &Gauge<D>) -> Contest {
        let ranges: Vec<[f64; 2]> = all.iter().map(|c| gauge.range(&c.line)).collect();
        let leader = (1..all.len()).fold(0, |best, k| if ranges[k][0] > ranges[best][0] { k } else { best });
        let mut left: Vec<usize> = vec![];
        let mut mates = vec![];
        for (k, c) in all.iter().enumerate() {
            let beaten = k != leader
                && (ranges[k][1] < ranges[leader][0] || {
                    let (row, errors) = all[leader].line.minus(&c.line);
                    gauge.range(&Line { row: &row, errors: &errors })[0] > 0.0
                });
            if beaten {
                continue;
            }
            let same = |j: &&usize| {
                let other = &all[**j];
                let exact = c.line.exact() && other.line.exact();
                other.element == c.element || (exact && other.line.row == c.line.row)
            };
            match left.iter().find(same) {
                Some(&j) => mates.push((j, k)),
                None => left.push(k),
            }
        }
        let middle = |k: usize| ranges[k][0] + ranges[k][1];
        let middle = (1..left.len()).fold(0, |best, k| if middle(left[k]) > middle(left[best]) { k } else { best });
        Contest { left, mates, middle }
    }

    /// Bounds of the maximum beyond the candidate at position `reference` of the list.
    pub fn swing<const D: usize>(&self, all: &[Candidate], reference: usize, gauge: &Gauge<D>) -> [f64; 2] {
        let beyond = self.left.iter().filter(|&&k| k != reference).map(|&k| {
            let (row, errors) = all[k].line.minus(&all[reference].line);
            gauge.range(&Line { row: &row, errors: &errors })[1]
        });
        [0.0, beyond.fold(0.0, f64::max)]
    }
}
