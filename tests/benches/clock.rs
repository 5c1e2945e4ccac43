//! The processor's clock, for benchmarks: other work on the machine shows little in it.

/// Processor time of all threads so far, in seconds.
pub fn cpu() -> f64 {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}
