//! Enumerations that end early: what they found counts, and `auto` samples instead. Truth: the complete enumeration.

use crate::support::mlp;
use polyaudit::explore::split::{Split, Tree};
use polyaudit::explore::{Allowance, Certify, Control, Domain, Hooks, Method, Plan, State, explore};
use polyaudit::region::Walker;
use std::sync::atomic::AtomicBool;

fn explored(most_steps: u64, threads: usize) -> polyaudit::explore::Exploration {
    let (network, domain) = (mlp(&[3, 24, 24, 1], 2, 0.3), Domain::cube(3, -1.0, 1.0));
    let stop = AtomicBool::new(false);
    let control = Control { stop: &stop, deadline: None, progress: &|_| {}, certify: Certify::No, max_memory: None };
    let plan = Plan { method: Method::Auto, samples: Some(50), most_steps, ..Plan::default() };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
    pool.install(|| explore(&network, &domain, &plan, &control)).expect("a network to explore")
}

/// The number of steps at which `auto` gives up is one and the same for any number of threads.
#[test]
fn auto_gives_up_at_the_same_step_for_any_number_of_threads() {
    let enumerates = |steps| explored(steps, 1).method == Method::Enumerate;
    assert!(enumerates(u64::MAX) && !enumerates(1));
    let (mut fails, mut holds) = (1u64, 1 << 40);
    assert!(enumerates(holds));
    while holds - fails > 1 {
        let middle = fails + (holds - fails) / 2;
        if enumerates(middle) { holds = middle } else { fails = middle }
    }
    for threads in [1, 2, 3] {
        for _ in 0..3 {
            assert_eq!(explored(holds, threads).method, Method::Enumerate, "{threads} threads");
            let sampled = explored(fails, threads);
            assert_eq!((sampled.method, sampled.samples, sampled.state), (Method::Sample, 50, State::Complete));
            assert!(sampled.why.is_some_and(|why| why.contains(&format!("more than {fails} steps"))));
        }
    }
}

/// Regions of subtrees that a budget cut off count, in every cell of every sum no more than the whole has.
#[test]
fn what_was_found_before_a_budget_ran_out_counts() {
    let (network, domain) = (mlp(&[4, 30, 30, 1], 4, 0.3), Domain::cube(4, -1.0, 1.0));
    let (network, bounds) = domain.restrict(&network).expect("a domain");
    let walker = Walker::new(&network);
    let stop = AtomicBool::new(false);
    let control = Control { stop: &stop, deadline: None, progress: &|_| {}, certify: Certify::No, max_memory: None };
    let tree = Tree::new(&walker, &bounds, 0, 100, true, &|_| false).expect("points").expect("a tree of splits");
    let run = |steps: u64| -> Split {
        let allowance = Allowance::new(&control, steps);
        tree.run(u64::MAX, &allowance, &mut Hooks::default(), None).expect("regions").expect("a splitter")
    };
    let whole = run(u64::MAX);
    assert_eq!(whole.state, State::Complete);
    let mut before = 0;
    for steps in [10_000_000, 40_000_000, 90_000_000] {
        let part = run(steps);
        assert_eq!(part.state, State::tried(steps), "{} of {} regions", part.counts.regions, whole.counts.regions);
        assert!(part.counts.regions > before && part.counts.regions < whole.counts.regions);
        assert!(part.counts.volume > 0 && part.counts.volume < whole.counts.volume);
        assert!(part.counts.matched <= whole.counts.matched);
        before = part.counts.regions;
    }
}
