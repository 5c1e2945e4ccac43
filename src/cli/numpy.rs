//! NumPy files as shape and float64 values, row-major.
//!
//! Refuses: what is no `.npy` of floats or integers, and column-major arrays of more than one dimension.

use anyhow::{Context, Result, bail};
use npyz::{DType, NpyFile, Order};
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

/// Reads an `.npy` file.
pub fn read(path: &Path) -> Result<(Vec<usize>, Vec<f64>)> {
    let file = File::open(path).with_context(|| format!("{}: cannot be read", path.display()))?;
    let npy = NpyFile::new(BufReader::new(file)).with_context(|| format!("{}: not an .npy file", path.display()))?;
    let shape: Vec<usize> = npy.shape().iter().map(|&d| d as usize).collect();
    if npy.order() == Order::Fortran && shape.len() > 1 {
        bail!("{}: column-major; save it with numpy.ascontiguousarray", path.display());
    }
    let DType::Plain(kind) = npy.dtype() else { bail!("{}: a structured array", path.display()) };
    let text = kind.to_string();
    let values: std::io::Result<Vec<f64>> = match text.trim_start_matches(['<', '>', '|', '=']) {
        "f8" => npy.into_vec::<f64>(),
        "f4" => npy.into_vec::<f32>().map(|v| v.into_iter().map(f64::from).collect()),
        "i8" => npy.into_vec::<i64>().map(|v| v.into_iter().map(|x| x as f64).collect()),
        "i4" => npy.into_vec::<i32>().map(|v| v.into_iter().map(f64::from).collect()),
        "u1" => npy.into_vec::<u8>().map(|v| v.into_iter().map(f64::from).collect()),
        other => bail!("{}: element type {other}; save it as float32 or float64", path.display()),
    };
    Ok((shape, values.with_context(|| format!("{}: truncated", path.display()))?))
}
