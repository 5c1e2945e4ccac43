//! Upper bounds on the number of regions of a network, as exact integers.
//!
//! References: T. Zaslavsky, Facing up to arrangements, Mem. AMS 154 (1975); G. Montúfar, R. Pascanu, K. Cho, Y. Bengio,
//! On the number of linear regions of deep neural networks, NIPS 2014; T. Serra, C. Tjandraatmadja, S. Ramalingam,
//! Bounding and counting linear regions of deep neural networks, ICML 2018, theorem 1.

use dashu_int::UBig;
use std::collections::BTreeMap;

/// `n` over `k`.
fn choose(n: u64, k: u64) -> UBig {
    if k > n { UBig::ZERO } else { (0..k).fold(UBig::ONE, |c, i| c * UBig::from(n - i) / UBig::from(i + 1)) }
}

fn choose_up_to(n: u64, k: u64) -> UBig {
    (0..=k.min(n)).map(|i| choose(n, i)).fold(UBig::ZERO, |a, b| a + b)
}

/// Regions of `n` hyperplanes in `d` dimensions, at most: `Σ_{i≤d} C(n,i)`.
pub fn zaslavsky(n: u64, d: u64) -> UBig {
    choose_up_to(n, d)
}

/// `Π_l Σ_{j ≤ min(d, n_1..n_l)} C(n_l, j)` for layers of `widths` units on `d` inputs.
pub fn montufar(d: u64, widths: &[u64]) -> UBig {
    let mut narrow = d;
    widths.iter().fold(UBig::ONE, |product, &n| {
        narrow = narrow.min(n);
        product * choose_up_to(n, narrow)
    })
}

/// `Σ Π_l C(n_l, j_l)` over `j_l ≤ min(d, n_1 − j_1, …, n_{l−1} − j_{l−1}, n_l)`: rectifiers only.
pub fn serra(d: u64, widths: &[u64]) -> UBig {
    fn from(at: usize, room: u64, widths: &[u64], known: &mut BTreeMap<(usize, u64), UBig>) -> UBig {
        let Some(&n) = widths.get(at) else { return UBig::ONE };
        if let Some(sum) = known.get(&(at, room)) {
            return sum.clone();
        }
        let mut sum = UBig::ZERO;
        for j in 0..=room.min(n) {
            sum += choose(n, j) * from(at + 1, room.min(n - j), widths, known);
        }
        known.insert((at, room), sum.clone());
        sum
    }
    from(0, d, widths, &mut BTreeMap::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_values() {
        assert_eq!(serra(3, &[40, 20]), UBig::from(14_457_051u64));
        assert_eq!(serra(3, &[80, 40]), UBig::from(913_876_101u64));
        assert_eq!(serra(2, &[8, 8]), UBig::from(1_369u64));
        assert_eq!(zaslavsky(16, 3), UBig::from(697u64));
        assert_eq!(montufar(2, &[8, 8]), UBig::from(37u64 * 37));
        assert_eq!(serra(2, &[5]), zaslavsky(5, 2));
    }
}
