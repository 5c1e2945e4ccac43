//! When an enumeration has to end: its caller's budgets, and how much work an attempt may take that another method
//! stands behind.
//!
//! Contract: work is counted in steps that depend on the network, the domain and the settings alone, so an attempt is
//! given up on every machine and for any number of threads, or on none.

use super::run::{Control, State};
use std::sync::atomic::{AtomicU64, Ordering};

/// Steps that `auto` spends on enumerating before it samples: a minute or two of one core.
pub const TRIED: u64 = 20_000_000_000;

/// Multiplications of the face engine that take as long as a step of the splitter.
const MULTIPLICATIONS: u64 = 30;

/// Budgets of a run.
pub struct Allowance<'a> {
    /// The caller's.
    pub control: &'a Control<'a>,
    most: u64,
    spent: AtomicU64,
}

impl<'a> Allowance<'a> {
    /// The caller's budgets, and at most so many steps.
    pub fn new(control: &'a Control<'a>, most: u64) -> Allowance<'a> {
        Allowance { control, most, spent: AtomicU64::new(0) }
    }

    /// Adds steps; whether the run has to end.
    pub fn spend(&self, steps: u64) -> bool {
        let spent = self.spent.fetch_add(steps, Ordering::Relaxed).saturating_add(steps);
        spent > self.most || self.control.exhausted().is_some()
    }

    /// Adds what regions took that were crossed into, in multiplications.
    pub fn spend_multiplications(&self, count: u64) {
        self.spent.fetch_add(count / MULTIPLICATIONS, Ordering::Relaxed);
    }

    /// The state of a run that has to end now, if it has to.
    pub fn exhausted(&self) -> Option<State> {
        if self.given_up() { Some(State::tried(self.most)) } else { self.control.exhausted() }
    }

    /// Whether more steps were spent than allowed, be it with the very last of them.
    pub fn given_up(&self) -> bool {
        self.spent.load(Ordering::Relaxed) > self.most
    }
}
