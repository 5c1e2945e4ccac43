//! Before any solving: rows on one and the same hyperplane become one class.
//!
//! Contract: two rows share a class exactly when their exact rows are positive multiples of each other. Rows that the
//! error bounds tell apart are never compared exactly; rows whose exact form is refused stay apart, and whatever
//! hangs on them comes out undecided.

use super::check::Check;
use super::exact::Exact;
use super::rows::Halfspaces;
use super::tolerances::ROUNDOFF;

/// Classes in order of their first row, and the number of exact comparisons.
pub(super) fn classes(h: &Halfspaces, check: &Check, exact: &Exact) -> (Vec<Vec<usize>>, usize) {
    let (d, m) = (h.dimension, h.len());
    let weight: Vec<f64> = (0..=d).map(weight).collect();
    let (mut keys, mut doubt) = (vec![0.0; m], vec![0.0; m]);
    for i in 0..m {
        let (n, b) = (check.norms[i], h.offsets[i]);
        let sum = match check.wall(i) {
            Some((k, sign)) => weight[k] * sign,
            None => super::kernel::dot(&weight[..d], h.normal(i)),
        };
        keys[i] = (sum + weight[d] * b) / n;
        let relative = 2.0 * (1.0 + (d as f64).sqrt()) * h.errors[i] / n;
        doubt[i] = (relative + 8.0 * (d + 4) as f64 * ROUNDOFF) * (1.0 + (b / n).abs());
    }
    let mut order: Vec<usize> = (0..m).collect();
    order.sort_by(|&i, &j| keys[i].total_cmp(&keys[j]).then(i.cmp(&j)));
    let spread = 2.0 * (d + 1) as f64;
    let widest = doubt.iter().fold(0.0, |w: f64, &x| w.max(x));
    let (mut leader, mut exact_comparisons) = ((0..m).collect::<Vec<usize>>(), 0);
    for (position, &i) in order.iter().enumerate() {
        for &j in &order[position + 1..] {
            if keys[j] - keys[i] > spread * (doubt[i] + widest) {
                break;
            }
            let (p, q) = (root(&leader, i), root(&leader, j));
            if p != q && may_coincide(h, check, &doubt, i, j) && coincide(h, exact, i, j, &mut exact_comparisons) {
                leader[p.max(q)] = p.min(q);
            }
        }
    }
    let mut classes: Vec<Vec<usize>> = Vec::with_capacity(m);
    let mut class_of = vec![usize::MAX; m];
    for i in 0..m {
        let first = root(&leader, i);
        if first == i {
            class_of[i] = classes.len();
            classes.push(vec![i]);
        } else {
            classes[class_of[first]].push(i);
        }
    }
    (classes, exact_comparisons)
}

fn root(leader: &[usize], mut i: usize) -> usize {
    while leader[i] != i {
        i = leader[i];
    }
    i
}

/// Fixed weights without pattern, so that different rows get different keys.
fn weight(k: usize) -> f64 {
    let mut z = (k as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    0.5 + ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

fn may_coincide(h: &Halfspaces, check: &Check, doubt: &[f64], i: usize, j: usize) -> bool {
    let (p, q) = (1.0 / check.norms[i], 1.0 / check.norms[j]);
    let tolerance = doubt[i] + doubt[j];
    (h.offsets[i] * p - h.offsets[j] * q).abs() <= tolerance
        && h.normal(i).iter().zip(h.normal(j)).all(|(a, b)| (a * p - b * q).abs() <= tolerance)
}

fn coincide(h: &Halfspaces, exact: &Exact, i: usize, j: usize, comparisons: &mut usize) -> bool {
    if h.errors[i] == 0.0 && h.errors[j] == 0.0 && h.offsets[i] == h.offsets[j] && h.normal(i) == h.normal(j) {
        return true;
    }
    *comparisons += 1;
    matches!((exact.row(i), exact.row(j)), (Some(a), Some(b)) if a.coincides(b))
}
