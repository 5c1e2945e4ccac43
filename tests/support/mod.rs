//! What the test binaries share: small networks built by hand, an exploration in one call, and the shared models.

use polyaudit::explore::{Certify, Control, Domain, Exploration, Method, Plan, explore};
use polyaudit::ir::{Activation, Affine, Broadcast, Curve, Dense, Label, Linear, Network, Node, Op, Output, Port};
use polyaudit::polytope::Engine;
use std::sync::atomic::AtomicBool;

mod shared;
mod zoo;
pub use shared::shared;
pub use zoo::zoo;

/// A small generator of numbers, so that a test's networks never change with a library's version.
pub struct Numbers(u64);

impl Numbers {
    pub fn new(seed: u64) -> Numbers {
        let mut numbers = Numbers(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x1234_5678);
        (0..8).for_each(|_| {
            numbers.next();
        });
        numbers
    }

    /// Uniform in [-1, 1), rounded to float32.
    pub fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        let u = (self.0 >> 11) as f64 / (1u64 << 53) as f64;
        f64::from((2.0 * u - 1.0) as f32)
    }
}

/// A network under construction, one node after the other.
pub struct Builder {
    nodes: Vec<Node>,
}

impl Builder {
    pub fn new(inputs: usize) -> Builder {
        Builder { nodes: vec![Node { label: Label::default(), shape: vec![inputs], op: Op::Input }] }
    }

    pub fn last(&self) -> usize {
        self.nodes.len() - 1
    }

    pub fn push(&mut self, len: usize, op: Op) -> &mut Builder {
        let label = Label { layer: format!("n{}", self.nodes.len()), op: String::new(), node: String::new() };
        self.nodes.push(Node { label, shape: vec![len], op });
        self
    }

    /// Dense layer on the last node; `weight` row-major.
    pub fn dense(&mut self, weight: Vec<f64>, bias: Vec<f64>) -> &mut Builder {
        let (rows, cols, source) = (bias.len(), weight.len() / bias.len(), self.last());
        let linear = Linear::Dense(Dense { rows, cols, weight: weight.into() });
        self.push(rows, Op::Affine(Affine { source, linear, divisor: None, bias: Some(Broadcast::full(bias)) }))
    }

    pub fn curve(&mut self, curve: Curve) -> &mut Builder {
        let (source, len) = (self.last(), self.nodes[self.last()].len());
        self.push(len, Op::Activation(Activation { source, curves: vec![curve], inner: 1 }))
    }

    pub fn relu(&mut self) -> &mut Builder {
        self.curve(Curve::relu())
    }

    pub fn build(&self) -> Network {
        let d = self.nodes[0].len();
        let port = Port { name: "x".into(), shape: vec![d], element: "float32".into(), offset: 0 };
        let shape = self.nodes[self.last()].shape.clone();
        let output = Output { name: "y".into(), shape, element: "float32".into(), node: self.last() };
        let network = Network { inputs: vec![port], outputs: vec![output], nodes: self.nodes.clone() };
        network.sanity_check().expect("a sound network");
        network
    }
}

/// A fully connected ReLU network of the given widths with seeded weights; biases are scaled by `bias`.
pub fn mlp(widths: &[usize], seed: u64, bias: f64) -> Network {
    let mut numbers = Numbers::new(seed);
    let mut builder = Builder::new(widths[0]);
    for (layer, w) in widths.windows(2).enumerate() {
        let weight = (0..w[0] * w[1]).map(|_| numbers.next()).collect();
        let biases = (0..w[1]).map(|_| f64::from((numbers.next() * bias) as f32)).collect();
        builder.dense(weight, biases);
        if layer + 2 < widths.len() {
            builder.relu();
        }
    }
    builder.build()
}

/// Explores with the given method, one seed, no budget but a million regions.
pub fn run(network: &Network, domain: &Domain, method: Method, engine: Engine, seed: u64) -> Exploration {
    let stop = AtomicBool::new(false);
    let control = Control { stop: &stop, deadline: None, progress: &|_| {}, certify: Certify::No, max_memory: None };
    let plan = Plan { method, engine, samples: Some(500), seed, ..Plan::default() };
    explore(network, domain, &plan, &control).expect("an exploration")
}

/// Every region of the network over the domain.
pub fn enumerate(network: &Network, domain: &Domain) -> Exploration {
    run(network, domain, Method::Enumerate, Engine::Auto, 0)
}

/// Every region of the network over the domain, in exact arithmetic alone.
pub fn enumerate_exactly(network: &Network, domain: &Domain) -> Exploration {
    let stop = AtomicBool::new(false);
    let control = Control { stop: &stop, deadline: None, progress: &|_| {}, certify: Certify::No, max_memory: None };
    let (method, engine) = (Method::Enumerate, Engine::Auto);
    let plan = Plan { method, engine, exact: true, ..Plan::default() };
    explore(network, domain, &plan, &control).expect("an exploration")
}

/// A histogram as a list of `(faces, count)` without zeros.
pub fn rows(histogram: &[u64]) -> Vec<(usize, u64)> {
    histogram.iter().enumerate().filter(|(_, n)| **n > 0).map(|(k, n)| (k, *n)).collect()
}

/// Sum of `faces × count`.
pub fn face_sum(histogram: &[u64]) -> u64 {
    histogram.iter().enumerate().map(|(k, n)| k as u64 * n).sum()
}

/// `n` over `k`.
pub fn choose(n: u64, k: u64) -> u64 {
    if k > n { 0 } else { (0..k).fold(1, |c, i| c * (n - i) / (i + 1)) }
}

/// Sum of `n` over `i` for `i = 0..=k`.
pub fn choose_up_to(n: u64, k: u64) -> u64 {
    (0..=k).map(|i| choose(n, i)).sum()
}
