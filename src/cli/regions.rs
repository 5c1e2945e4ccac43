//! The file of `--regions`: one row per region, as CSV, packed as the ending says.
//!
//! Contract: rows come in the order in which the enumeration shows them and are never kept; the file appears whole
//! when the run ends, also when a budget or an interrupt ended it, and not at all when the run fails.
//! Columns: `pattern`, `faces_total`, `faces_interior`, `walls`, one `x<k>` per free input `k`, `volume` on request.

use crate::explore::{Inside, RegionRow};
use crate::ir::{Rational, rational};
use crate::place::{Place, cannot};
use anyhow::{Context, Result};
use dashu_int::{IBig, UBig};
use flate2::{Compression, write::GzEncoder};
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use std::fmt::Write as _;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

/// Bytes of CSV in one frame of a `.zst` file.
const FRAME: usize = 1 << 20;

/// A file of regions under way.
pub struct RegionsFile {
    path: PathBuf,
    packer: Packer,
    line: String,
    begun: bool,
    volumes: bool,
}

enum Packer {
    Plain(BufWriter<Place>),
    Gzip(GzEncoder<BufWriter<Place>>),
    Zstd { file: BufWriter<Place>, frame: Vec<u8> },
}

impl RegionsFile {
    /// Begins a file beside its final place.
    pub fn create(path: &Path, volumes: bool) -> Result<RegionsFile> {
        let packer = Packer::create(path)?;
        Ok(RegionsFile { path: path.into(), packer, line: String::new(), begun: false, volumes })
    }

    /// Throws away what was added so far.
    pub fn restart(&mut self) -> Result<()> {
        if self.begun {
            self.packer = Packer::create(&self.path)?;
            self.begun = false;
        }
        Ok(())
    }

    /// Adds a region.
    pub fn add(&mut self, row: &RegionRow) -> Result<()> {
        self.line.clear();
        if !self.begun {
            self.header(row.inputs);
        }
        self.line += &row.pattern.hex();
        // Writing to a string cannot fail.
        let _ = match row.faces {
            Some((interior, walls)) => write!(self.line, ",{},{interior},{walls}", interior + walls),
            None => write!(self.line, ",,,"),
        };
        match row.inside {
            Inside::Floats(x) => x.iter().for_each(|x| {
                let _ = write!(self.line, ",{x}");
            }),
            Inside::Exact(x) => x.iter().for_each(|x| {
                self.line.push(',');
                self.line += &decimal(x);
            }),
        }
        if self.volumes {
            self.line.push(',');
            // Writing to a string cannot fail.
            let _ = row.volume.map_or(Ok(()), |volume| write!(self.line, "{volume}"));
        }
        self.line.push('\n');
        self.flush_line()
    }

    /// Moves the finished file to its place.
    pub fn finish(mut self) -> Result<()> {
        self.line.clear();
        if !self.begun {
            self.header(&[]);
            self.flush_line()?;
        }
        let path = self.path;
        let what = || cannot(&path);
        let file = match self.packer {
            Packer::Plain(file) => file,
            Packer::Gzip(encoder) => encoder.finish().with_context(what)?,
            Packer::Zstd { mut file, frame } => {
                file.write_all(&packed(&frame)).with_context(what)?;
                file
            }
        };
        let file = file.into_inner().map_err(|e| e.into_error()).with_context(what)?;
        file.finish()
    }

    fn header(&mut self, inputs: &[usize]) {
        self.begun = true;
        self.line += "pattern,faces_total,faces_interior,walls";
        inputs.iter().for_each(|k| {
            let _ = write!(self.line, ",x{k}");
        });
        if self.volumes {
            self.line += ",volume";
        }
        self.line.push('\n');
    }

    fn flush_line(&mut self) -> Result<()> {
        let text = self.line.as_bytes();
        let written = match &mut self.packer {
            Packer::Plain(file) => file.write_all(text),
            Packer::Gzip(encoder) => encoder.write_all(text),
            Packer::Zstd { file, frame } => {
                frame.extend_from_slice(text);
                if frame.len() < FRAME {
                    return Ok(());
                }
                let frame = std::mem::take(frame);
                file.write_all(&packed(&frame))
            }
        };
        written.with_context(|| cannot(&self.path))
    }
}

impl Packer {
    fn create(path: &Path) -> Result<Packer> {
        let file = BufWriter::new(Place::create(path)?);
        Ok(match path.extension().and_then(|e| e.to_str()) {
            Some("gz") => Packer::Gzip(GzEncoder::new(file, Compression::default())),
            Some("zst") => Packer::Zstd { file, frame: vec![] },
            _ => Packer::Plain(file),
        })
    }
}

/// One frame; a file of several is one stream.
fn packed(frame: &[u8]) -> Vec<u8> {
    compress_to_vec(frame, CompressionLevel::Fastest)
}

/// A dyadic rational in decimals: as the shortest that reads back as the same float where it is one, else in full.
fn decimal(x: &Rational) -> String {
    let float = x.to_f64().value();
    if float.is_finite() && rational(float) == *x {
        return format!("{float}");
    }
    // n / 2^k = n · 5^k / 10^k
    let mut places = 0;
    let mut unit = UBig::ONE;
    let mut number = x.numerator().clone();
    while unit < *x.denominator() {
        unit *= 2u8;
        number *= 5u8;
        places += 1;
    }
    let sign = if number < IBig::ZERO { "-" } else { "" };
    let digits = number.into_parts().1.to_string();
    let digits = format!("{digits:0>width$}", width = places + 1);
    let (whole, fraction) = digits.split_at(digits.len() - places);
    format!("{sign}{whole}.{fraction}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dyadic_numbers_are_written_in_full() {
        let thin = Rational::ONE + Rational::from_parts(IBig::ONE, UBig::ONE << 80);
        assert_eq!(decimal(&rational(-0.375)), "-0.375");
        assert_eq!(decimal(&rational(0.1)), "0.1");
        let text = decimal(&-thin);
        assert!(text.starts_with("-1.000000000000000000000000827180612553") && text.len() == 83, "{text}");
    }
}
