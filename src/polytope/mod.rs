//! Half-spaces and an interior point → which of them are faces, with certificates.
//!
//! Contract: [`faces`] gives every class of coincident rows one verdict: *face* with a witness, *redundant* with a
//! Farkas proof, or *undecided*. A verdict is certified in float64 with margins beyond every error bound, or decided
//! in rational arithmetic; never by a tolerance. [`verify`] re-checks the certificates and shares no code with the
//! solvers. The interior point must lie strictly inside every row, and no row may have a zero normal.
//!
//! ```
//! use polyaudit::polytope::{Engine, Halfspaces, faces, verify};
//!
//! // The unit square, and a line that cuts one corner off.
//! let mut h = Halfspaces::boxed(&[0.0, 0.0], &[1.0, 1.0]);
//! h.push(&[1.0, 1.0], 1.5, 0.0);
//! let found = faces(&h, &h, &[0.5, 0.5], Engine::Auto);
//! assert_eq!(found.count(), 5);
//! assert!(verify(&h, &h, &found).holds());
//! ```

mod archive;
mod ball;
mod blocked;
mod boxed;
mod centre;
mod check;
mod cone;
mod dense;
mod engine;
mod exact;
mod extent;
mod gram;
mod kernel;
mod lazy;
mod local;
mod lp;
mod memory;
mod observer;
mod products;
mod project;
mod reduce;
mod rows;
mod sieve;
mod simplex;
mod sweep;
pub mod tolerances;
mod verdict;
mod verify;

pub use archive::{Malformed, decode, encode, shorten};
pub use ball::ball;
pub use engine::{Workspace, faces_in, faces_observed};
pub use extent::{extent, spread};
pub use memory::working_memory;
pub use observer::Observer;
pub use rows::{ExactRows, Halfspaces, StoredRows};
pub use verdict::{Class, Effort, Engine, Faces, Farkas, Verdict, Witness};
pub use verify::{Verification, enforce, verify, verify_observed};

/// Decides every class of rows of the region around `interior`, with buffers of its own.
pub fn faces(h: &Halfspaces, exact: &dyn ExactRows, interior: &[f64], engine: Engine) -> Faces {
    faces_in(&mut Workspace::default(), h, exact, interior, engine)
}
