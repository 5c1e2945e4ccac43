//! polyaudit reads an ONNX model, lowers it into a piecewise-linear network, finds the polytopes into which that
//! network divides its input domain, counts the faces of each, and writes a report.

pub mod explore;
pub mod finding;
pub mod import;
pub mod ir;
pub mod polytope;
pub mod region;
