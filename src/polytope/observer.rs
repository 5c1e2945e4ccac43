//! Who looks on while one region is decided: asked whether to stop, told how many rows are decided.
//!
//! Contract: an observer changes no result; it can only keep one from being given. Once it has asked to stop it must
//! go on doing so: work that was left out in between is then certainly not taken for an answer.

/// Looks on while one region is decided.
#[derive(Clone, Copy)]
pub struct Observer<'a> {
    /// Whether to stop.
    pub stop: &'a (dyn Fn() -> bool + Sync),
    /// Told how many rows of how many are decided, in large regions.
    pub decided: &'a (dyn Fn(usize, usize) + Sync),
}

impl Observer<'static> {
    /// Looks away.
    pub const NONE: Observer<'static> = Observer { stop: &|| false, decided: &|_, _| {} };
}

impl Observer<'_> {
    /// Whether to stop.
    pub fn stopped(&self) -> bool {
        (self.stop)()
    }
}
