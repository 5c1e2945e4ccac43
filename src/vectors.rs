//! Which vector instructions code is compiled for: the machine decides when the program runs.
//!
//! Contract: what is run has one result, whatever the instruction set: each sum is taken in an order that its code fixes.

/// Runs a kernel with vector instructions of the machine enabled for everything inlined into it; its `call` is marked
/// `#[inline(always)]`. On x86 vectors of four numbers: the compiler makes plain loops slower with masks and vectors of
/// eight, which are for kernels written for them ([`widest`]).
#[inline(always)]
pub fn wide<K: pulp::NullaryFnOnce>(kernel: K) -> K::Output {
    #[cfg(target_arch = "x86_64")]
    if let Some(v3) = pulp::x86::V3::try_new() {
        return v3.vectorize(kernel);
    }
    pulp::Arch::new().dispatch(kernel)
}

/// Runs a kernel that is written for vectors of any length with the widest of the machine.
#[inline(always)]
pub fn widest<K: pulp::WithSimd>(kernel: K) -> K::Output {
    pulp::Arch::new().dispatch(kernel)
}
