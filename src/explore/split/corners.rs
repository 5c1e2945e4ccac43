//! The vertices of a domain with general walls, exactly: where the tree of splits begins.
//!
//! Contract: no rounding. A frame that certainly holds the domain is cut by one wall after the other, keeping the inner
//! part (the double description method; Fukuda and Prodon 1996); two vertices span an edge iff no third lies on all
//! they share. Walls may meet in more than they take. Refuses domains of more than [`MOST`] vertices at once.

use crate::explore::Bounds;
use crate::ir::{Rational, rational};
use std::cmp::Ordering;

/// Most vertices held at once.
pub const MOST: usize = 4096;

/// A vertex of the domain.
#[derive(Clone, Debug)]
pub struct Corner {
    /// Coordinates.
    pub x: Vec<Rational>,
    /// Walls through it, ascending.
    pub walls: Vec<usize>,
}

/// A vertex under way, with the frame's sides and the walls through it as bits.
struct Vertex {
    x: Vec<Rational>,
    on: Box<[u64]>,
}

impl Vertex {
    fn count(&self) -> usize {
        self.on.iter().map(|w| w.count_ones() as usize).sum()
    }

    fn shared(&self, other: &Vertex) -> Box<[u64]> {
        self.on.iter().zip(&other.on).map(|(a, b)| a & b).collect()
    }

    fn holds(&self, set: &[u64]) -> bool {
        self.on.iter().zip(set).all(|(a, b)| b & !a == 0)
    }
}

/// The vertices of a polytope over `d` inputs; `None` when they are too many. Empty for boxes and for all of space.
pub fn corners(bounds: &Bounds, d: usize) -> Option<Vec<Corner>> {
    let walls = bounds.further_walls();
    let (Some(frame), false) = (bounds.frame(), walls.is_empty()) else { return Some(vec![]) };
    let words = (2 * d + walls.len()).div_ceil(64);
    let corner = |corner: usize| {
        let mut on = vec![0u64; words].into_boxed_slice();
        let side = |k: usize| corner >> k & 1;
        (0..d).for_each(|k| insert(&mut on, 2 * k + side(k)));
        Vertex { x: (0..d).map(|k| rational(frame[k][side(k)])).collect(), on }
    };
    let mut vertices: Vec<Vertex> = (0..1 << d).map(corner).collect();
    for (number, (normal, offset)) in walls.iter().enumerate() {
        vertices = cut(vertices, normal, offset, 2 * d + number, d);
        if vertices.len() > MOST {
            return None;
        }
    }
    let named = |v: Vertex| {
        let walls = (0..walls.len()).filter(|&w| v.on[(2 * d + w) / 64] >> ((2 * d + w) % 64) & 1 == 1).collect();
        Corner { x: v.x, walls }
    };
    Some(vertices.into_iter().map(named).collect())
}

/// The part with `normal · x ≤ offset`; `slot` is the wall's bit.
fn cut(all: Vec<Vertex>, normal: &[Rational], offset: &Rational, slot: usize, d: usize) -> Vec<Vertex> {
    let value = |v: &Vertex| normal.iter().zip(&v.x).fold(-offset, |sum, (a, x)| sum + a * x);
    let values: Vec<Rational> = all.iter().map(value).collect();
    let side = |k: usize| values[k].cmp(&Rational::ZERO);
    let at = |side_: Ordering| (0..all.len()).filter(move |&k| side(k) == side_);
    let mut fresh = vec![];
    for outer in at(Ordering::Greater) {
        for inner in at(Ordering::Less) {
            let mut shared = all[outer].shared(&all[inner]);
            let lines: usize = shared.iter().map(|w| w.count_ones() as usize).sum();
            let simple = all[outer].count() == d || all[inner].count() == d;
            let third = |k: usize| k != outer && k != inner && all[k].holds(&shared);
            if lines + 1 < d || (!simple && (0..all.len()).any(third)) {
                continue;
            }
            let share = &values[inner] / (&values[inner] - &values[outer]);
            let x = all[inner].x.iter().zip(&all[outer].x).map(|(i, o)| i + &share * (o - i)).collect();
            insert(&mut shared, slot);
            fresh.push(Vertex { x, on: shared });
        }
    }
    let keep: Vec<Ordering> = (0..all.len()).map(side).collect();
    let mut kept = vec![];
    for (mut v, side) in all.into_iter().zip(keep) {
        match side {
            Ordering::Greater => continue,
            Ordering::Equal => insert(&mut v.on, slot),
            Ordering::Less => {}
        }
        kept.push(v);
    }
    kept.append(&mut fresh);
    kept
}

fn insert(set: &mut [u64], k: usize) {
    set[k / 64] |= 1 << (k % 64);
}
