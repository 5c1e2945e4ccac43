//! polyaudit reads an ONNX model, lowers it into a piecewise-linear network, finds the polytopes into which that
//! network divides its input domain, counts the faces of each, and writes a report.
//!
//! The way of the data, one direction:
//!
//! ```text
//!  model.onnx ──► import ──► ir::Network ──► explore ──► stats ──► report ──► YAML, JSON, table
//!                               │          (domain)  ▲
//!                               ▼                    │
//!                            region ──► polytope ────┘
//!                        (pattern, half-spaces) (faces, certificates)
//! ```
//!
//! [`audit::audit`] is that way in one call:
//!
//! ```
//! use polyaudit::audit::{DomainChoice, Settings, audit};
//! use polyaudit::explore::{Certify, Control};
//! use std::sync::atomic::AtomicBool;
//!
//! let settings = Settings { domain: DomainChoice::Cube(-1.0, 1.0), ..Settings::default() };
//! let control = Control { stop: &AtomicBool::new(false), deadline: None, progress: &|_| {}, certify: Certify::No, max_memory: None };
//! let done = audit("fixtures/geometry/ngon-5.onnx".as_ref(), &settings, &control)?;
//! println!("{}", polyaudit::report::to_yaml(&done.report)?);
//! assert_eq!(done.report.status.state, "complete");
//! # Ok::<(), anyhow::Error>(())
//! ```

pub mod audit;
pub mod checks;
pub mod cli;
pub mod compare;
pub mod explore;
pub mod finding;
mod hash;
pub mod import;
pub mod ir;
mod place;
pub mod plugin;
pub mod polytope;
pub mod region;
pub mod report;
pub mod stats;
mod vectors;
