//! Files of points, one per row: `.npy`, or `.csv` with or without a line of names.
//!
//! Refuses: rows of different lengths, what is no number, and numbers that are not finite; each with its line.

use super::numpy;
use anyhow::{Context, Result, bail, ensure};
use std::path::Path;

/// The rows of a file. An `.npy` array of one dimension is one row unless `width` says how long a row is.
pub fn read(path: &Path, width: Option<usize>) -> Result<Vec<Vec<f64>>> {
    let name = path.display();
    let rows = match path.extension().and_then(|e| e.to_str()) {
        Some("npy") => {
            let (shape, values) = numpy::read(path)?;
            let single = shape.len() <= 1 && width.is_none_or(|w| w == values.len());
            let rows = if single { 1 } else { shape.first().copied().unwrap_or(1) };
            ensure!(rows > 0 && !values.is_empty(), "{name}: no points");
            let width = values.len() / rows;
            values.chunks_exact(width).map(<[f64]>::to_vec).collect()
        }
        Some("csv") => csv(&std::fs::read_to_string(path).with_context(|| format!("{name}: cannot be read"))?)
            .with_context(|| name.to_string())?,
        _ => bail!("{name}: points are read from .npy and .csv files"),
    };
    ensure!(rows.iter().flatten().all(|v: &f64| v.is_finite()), "{name}: a number that is not finite");
    if let Some(w) = width {
        let length = rows.first().map_or(0, Vec::len);
        ensure!(length == w, "{name}: rows of {length} numbers, the model has {w} inputs");
    }
    Ok(rows)
}

fn csv(text: &str) -> Result<Vec<Vec<f64>>> {
    let mut rows: Vec<Vec<f64>> = vec![];
    for (number, line) in text.lines().enumerate().filter(|(_, l)| !l.trim().is_empty()) {
        let cells: Vec<Option<f64>> = line.split(',').map(|cell| cell.trim().parse().ok()).collect();
        if rows.is_empty() && cells.iter().all(Option::is_none) {
            // A line of names may come first; a second one is an error below.
            if number == 0 {
                continue;
            }
        }
        let row: Option<Vec<f64>> = cells.into_iter().collect();
        let row = row.with_context(|| format!("line {}: not a number in {line:?}", number + 1))?;
        let length = rows.first().map_or(row.len(), Vec::len);
        ensure!(row.len() == length, "line {}: {} numbers, the lines before have {length}", number + 1, row.len());
        rows.push(row);
    }
    ensure!(!rows.is_empty(), "no points");
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::csv;

    #[test]
    fn names_are_skipped_and_errors_have_lines() {
        assert_eq!(csv("a,b\n1,2\n\n 3 , 4e-1\n").expect("rows"), [[1.0, 2.0], [3.0, 0.4]]);
        assert_eq!(csv("1,2\n").expect("a row"), [[1.0, 2.0]]);
        for (text, message) in
            [("a,b\nc,d\n", "line 2"), ("1,2\n3\n", "line 2: 1 numbers"), ("1,x\n", "line 1"), ("\n", "no points")]
        {
            let error = csv(text).expect_err("an error").to_string();
            assert!(error.contains(message), "{text:?}: {error}");
        }
    }
}
