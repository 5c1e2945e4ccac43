//! Enumerations that end early: what they found counts, and `auto` samples instead. Truth: the complete enumeration.

use crate::support::{Builder, Numbers, mlp};
use polyaudit::explore::split::{Split, Tree};
use polyaudit::explore::{Allowance, Certify, Control, Domain, Done, Hooks, Method, Plan, State, explore};
use polyaudit::finding::grouped;
use polyaudit::ir::{Activation, Affine, Broadcast, Curve, Dense, Linear, Network, Op};
use polyaudit::region::Walker;
use std::sync::atomic::AtomicBool;

/// No budgets but those of the test.
fn control(stop: &AtomicBool) -> Control<'_> {
    Control { stop, deadline: None, progress: &|_| {}, certify: Certify::No, max_memory: None }
}

/// Hands over the tree of splits of a network over a cube.
fn on_tree(network: &Network, look: impl FnOnce(&Tree, &Control)) {
    let (network, bounds) = Domain::cube(network.input_len(), -1.0, 1.0).restrict(network).expect("a domain");
    let (walker, stop) = (Walker::new(&network), AtomicBool::new(false));
    let tree = Tree::new(&walker, &bounds, 0, 100, true, &|_| false).expect("points").expect("a tree of splits");
    look(&tree, &control(&stop));
}

fn explored(width: usize, certify: bool, most_steps: u64, threads: usize) -> polyaudit::explore::Exploration {
    let (network, domain) = (mlp(&[3, width, width, 1], 2, 0.3), Domain::cube(3, -1.0, 1.0));
    let stop = AtomicBool::new(false);
    let plan = Plan { method: Method::Auto, samples: Some(50), most_steps, ..Plan::default() };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
    let certify = if certify { Certify::Verify } else { Certify::No };
    let control = Control { certify, ..control(&stop) };
    pool.install(|| explore(&network, &domain, &plan, &control)).expect("a network to explore")
}

/// The number of steps at which `auto` gives up is one and the same for any number of threads, be it by splitting or, where
/// certificates are asked for, by crossing faces.
#[test]
fn auto_gives_up_at_the_same_step_for_any_number_of_threads() {
    for (width, certify) in [(24, false), (8, true)] {
        let explored = |steps, threads| explored(width, certify, steps, threads);
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
                let said = format!("more than {} steps", grouped(fails));
                assert!(sampled.why.is_some_and(|why| why.contains(&said)));
                let finding = sampled.findings.iter().find(|f| f.code == "enumeration-given-up").expect("a finding");
                assert!(finding.message.contains(&said), "{}", finding.message);
            }
        }
    }
}

/// Regions of subtrees that a budget cut off count, in every cell of every sum no more than the whole has.
#[test]
fn what_was_found_before_a_budget_ran_out_counts() {
    on_tree(&mlp(&[4, 30, 30, 1], 4, 0.3), |tree, control| {
        let run = |steps: u64| -> Split {
            let allowance = Allowance::new(control, steps);
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
    });
}

/// Two branches on the input, the second with more weights, their units in either order, and the sum of what they give.
fn branches(crossed: bool) -> Network {
    let (mut numbers, mut builder) = (Numbers::new(8), Builder::new(2));
    let mut dense = |builder: &mut Builder, source: usize, rows: usize, cols: usize| {
        let weight = (0..rows * cols).map(|_| numbers.next()).collect();
        let linear = Linear::Dense(Dense { rows, cols, weight });
        let bias = Some(Broadcast::full((0..rows).map(|_| 0.3 * numbers.next()).collect()));
        builder.push(rows, Op::Affine(Affine { source, linear, divisor: None, bias }));
        builder.last()
    };
    let near = dense(&mut builder, 0, 200, 2);
    let wide = dense(&mut builder, 0, 200, 2);
    let layers = [(near, 200), (dense(&mut builder, wide, 200, 200), 200)];
    let mut units = [0; 2];
    for k in if crossed { [1, 0] } else { [0, 1] } {
        let (source, rows) = layers[k];
        builder.push(rows, Op::Activation(Activation { source, curves: vec![Curve::relu()], inner: 1 }));
        units[k] = builder.last();
    }
    let ends = [0, 1].map(|k| dense(&mut builder, units[k], 1, layers[k].1));
    builder.push(1, Op::Sum(ends.to_vec())).build()
}

/// The order in which the units of two branches are computed changes neither the regions nor whether all are found.
#[test]
fn branches_in_any_order_are_enumerated_by_default() {
    let domain = Domain::cube(2, -1.0, 1.0);
    let counts = [false, true].map(|crossed| {
        let stop = AtomicBool::new(false);
        let found = explore(&branches(crossed), &domain, &Plan::default(), &control(&stop)).expect("two branches");
        assert_eq!((found.method, &found.state), (Method::Enumerate, &State::Complete), "{:?}", found.why);
        found.regions_found
    });
    assert_eq!(counts[0], counts[1]);
}

/// A run that ends exactly at its limit, between two subtrees, has saved all that it counted.
#[test]
fn a_limit_between_two_subtrees_is_saved() {
    on_tree(&mlp(&[3, 24, 24, 1], 2, 0.3), |tree, control| {
        let saved = |limit: u64| {
            let mut last = None;
            let mut save = |done: &Done| {
                last = Some(done.counts.regions);
                Ok(())
            };
            let mut hooks = Hooks { save: Some(&mut save), ..Hooks::default() };
            let allowance = Allowance::new(control, u64::MAX);
            let found = tree.run(limit, &allowance, &mut hooks, None).expect("regions").expect("a splitter");
            assert_eq!((found.counts.regions, found.state), (limit, State::regions(limit)));
            drop(hooks);
            last
        };
        let whole = saved(2000).expect("the subtrees before the limit");
        assert!(0 < whole && whole < 2000);
        assert_eq!(saved(whole), Some(whole));
    });
}
