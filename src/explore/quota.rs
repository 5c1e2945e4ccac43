//! How many samples a run takes that was not told: about as many as a minute of two cores allows.
//!
//! Contract: a function of the network, the domain and the seed alone, so every machine takes the same number. The first
//! [`PILOT`] samples tell how much work one takes; the number stays open until they are done, and depends on nothing
//! after them.

/// Samples that are taken in any case, and tell what one takes.
pub const PILOT: u64 = 3;

/// Multiplications of a default run.
const BUDGET: u64 = 600_000_000_000;

/// Samples of a default run of a network of `dimension` free inputs, whose first [`PILOT`] took `work` multiplications.
pub fn quota(dimension: usize, work: u64) -> u64 {
    let most = match dimension {
        0..=20 => 2000,
        21..=100 => 500,
        _ => 200,
    };
    BUDGET.checked_div(work / PILOT).unwrap_or(most).clamp(PILOT, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dear_samples_are_few_and_cheap_ones_as_many_as_serve() {
        assert_eq!([5, 50, 500, 5000].map(|d| quota(d, 0)), [2000, 500, 200, 200]);
        assert_eq!(quota(784, u64::MAX), PILOT);
        assert_eq!(quota(784, PILOT * BUDGET / 40), 40);
    }
}
