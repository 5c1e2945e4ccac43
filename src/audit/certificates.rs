//! The file of certificates: written as a run goes, read back region by region (`docs/certificates.md`).
//!
//! Contract: the file appears whole or not at all, and its bytes depend on the run alone. Reading refuses a file that
//! is foreign, truncated or altered before anything in it is used; what it says is then checked, never believed.

use crate::explore::{Domain, Record};
use crate::import::Options;
use crate::place::{Place, cannot};
use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// First line of the file.
const MAGIC: &str = "polyaudit/certificates/1\n";
/// Marks a region.
const REGION: u8 = 1;
/// Marks the end.
const END: u8 = 0;
/// Bytes of the hash that ends the file.
const HASH: u64 = 32;
/// Longest second line that is read.
const HEADER: u64 = 1 << 28;

/// What the certificates are about. Numbers are written as decimal text that reads back to the same bits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// `sha256:` and the model file's hash.
    pub model: String,
    /// Tensors at which the graph was cut.
    pub outputs: Vec<String>,
    /// Sizes of symbolic dimensions.
    pub dims: Vec<(String, usize)>,
    /// Inputs held constant.
    pub fix: Vec<(String, Vec<String>)>,
    /// Number of inputs, held ones included.
    pub inputs: usize,
    /// Lower and upper bound of each input; absent for all of R^d.
    #[serde(rename = "box")]
    pub bounds: Option<Vec<[String; 2]>>,
    /// The section that was audited: a point of it, then its directions; absent for the whole domain.
    pub slice: Option<Vec<Vec<String>>>,
}

fn text(x: &f64) -> String {
    format!("{x:e}")
}

fn texts(values: &[f64]) -> Vec<String> {
    values.iter().map(text).collect()
}

impl Header {
    /// Describes a run.
    pub fn new(model: &str, options: &Options, domain: &Domain) -> Header {
        let pairs = |lo: &[f64], hi: &[f64]| lo.iter().zip(hi).map(|(l, h)| [text(l), text(h)]).collect();
        let (inputs, bounds, slice) = match domain {
            Domain::Unbounded { inputs } => (*inputs, None, None),
            Domain::Box { lo, hi } => (lo.len(), Some(pairs(lo, hi)), None),
            Domain::Slice { origin, directions, within } => {
                let slice = std::iter::once(origin).chain(directions).map(|v| texts(v)).collect();
                (origin.len(), within.as_ref().map(|(lo, hi)| pairs(lo, hi)), Some(slice))
            }
        };
        Header {
            model: model.into(),
            outputs: options.outputs.clone(),
            dims: options.dims.clone(),
            fix: options.fix.iter().map(|(name, values)| (name.clone(), texts(values))).collect(),
            inputs,
            bounds,
            slice,
        }
    }

    /// How to read the model.
    pub fn options(&self) -> Result<Options> {
        let fix = self.fix.iter().map(|(name, values)| Ok((name.clone(), numbers(values)?)));
        Ok(Options { dims: self.dims.clone(), outputs: self.outputs.clone(), fix: fix.collect::<Result<_>>()? })
    }

    /// The audited domain.
    pub fn domain(&self) -> Result<Domain> {
        let within = self.bounds.as_ref().map(|bounds| {
            ensure!(bounds.len() == self.inputs, "{} bounds for {} inputs", bounds.len(), self.inputs);
            let side = |k: usize| bounds.iter().map(|b| number(&b[k])).collect::<Result<Vec<f64>>>();
            let (lo, hi) = (side(0)?, side(1)?);
            ensure!(lo.iter().zip(&hi).all(|(l, h)| l <= h), "a lower bound lies above its upper bound");
            Ok((lo, hi))
        });
        let within = within.transpose()?;
        if let Some(slice) = &self.slice {
            let mut vectors = slice.iter().map(|v| numbers(v)).collect::<Result<Vec<_>>>()?;
            ensure!(vectors.len() > 1 && vectors.iter().all(|v| v.len() == self.inputs), "the slice is none");
            let origin = vectors.remove(0);
            return Ok(Domain::Slice { origin, directions: vectors, within });
        }
        Ok(within.map_or(Domain::unbounded(self.inputs), |(lo, hi)| Domain::Box { lo, hi }))
    }
}

fn numbers(texts: &[String]) -> Result<Vec<f64>> {
    texts.iter().map(|t| number(t)).collect()
}

fn number(text: &str) -> Result<f64> {
    match text.parse::<f64>() {
        Ok(x) if x.is_finite() => Ok(x),
        _ => bail!("`{text}` is not a number"),
    }
}

/// Writes a file of certificates.
pub struct Writer {
    path: PathBuf,
    open: Mutex<Open>,
}

struct Open {
    file: Place,
    hash: Sha256,
    start: Vec<u8>,
    regions: u64,
}

impl Open {
    fn begin(path: &Path, start: Vec<u8>) -> Result<Open> {
        let mut open = Open { file: Place::create(path)?, hash: Sha256::new(), start: vec![], regions: 0 };
        open.put(&start).with_context(|| cannot(path))?;
        Ok(Open { start, ..open })
    }

    fn region(&mut self, record: &Record) -> std::io::Result<()> {
        self.regions += 1;
        self.put(&[REGION])?;
        for part in [&record.pattern, &record.verdicts] {
            self.put(&(part.len() as u64).to_le_bytes())?;
            self.put(part)?;
        }
        Ok(())
    }

    fn put(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.hash.update(bytes);
        self.file.write_all(bytes)
    }
}

impl Writer {
    /// Begins a file that will stand at `path`.
    pub fn create(path: &Path, header: &Header) -> Result<Writer> {
        let start = format!("{MAGIC}{}\n", serde_json::to_string(header)?).into_bytes();
        let open = Open::begin(path, start)?;
        Ok(Writer { path: path.into(), open: Mutex::new(open) })
    }

    /// Appends one region; `None` forgets all that were written.
    pub fn add(&self, record: Option<&Record>) -> Result<()> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(record) = record else {
            let start = std::mem::take(&mut open.start);
            *open = Open::begin(&self.path, start)?;
            return Ok(());
        };
        open.region(record).with_context(|| cannot(&self.path))
    }

    /// Ends the file and moves it to its place.
    pub fn finish(self) -> Result<()> {
        let what = || cannot(&self.path);
        let mut open = self.open.into_inner().unwrap_or_else(PoisonError::into_inner);
        let regions = open.regions;
        open.put(&[END]).with_context(what)?;
        open.put(&regions.to_le_bytes()).with_context(what)?;
        let hash = open.hash.finalize();
        open.file.write_all(&hash).with_context(what)?;
        open.file.finish()
    }
}

/// Reads a file of certificates.
pub struct Reader {
    name: String,
    /// What the certificates are about.
    pub header: Header,
    file: BufReader<File>,
    left: u64,
    regions: u64,
    ended: bool,
}

impl Reader {
    /// Opens a file, and checks that it is whole.
    pub fn open(path: &Path) -> Result<Reader> {
        let name = path.display().to_string();
        let unreadable = || format!("{name}: cannot be read");
        let mut file = BufReader::new(File::open(path).with_context(unreadable)?);
        let length = file.get_ref().metadata().with_context(unreadable)?.len();
        let mut first = Vec::new();
        file.by_ref().take(MAGIC.len() as u64).read_to_end(&mut first).with_context(unreadable)?;
        ensure!(first == MAGIC.as_bytes(), "{name}: no certificates of polyaudit; write them with --certificates FILE");
        file.rewind().with_context(unreadable)?;
        let broken = || format!("{name}: truncated or altered; write it again with --certificates");
        let body = length.checked_sub(HASH).with_context(broken)?;
        let mut hash = Sha256::new();
        let mut rest = file.by_ref().take(body);
        loop {
            let chunk = rest.fill_buf().with_context(unreadable)?;
            if chunk.is_empty() {
                break;
            }
            hash.update(chunk);
            let read = chunk.len();
            rest.consume(read);
        }
        let mut stated = [0; HASH as usize];
        file.read_exact(&mut stated).with_context(broken)?;
        ensure!(hash.finalize().as_slice() == stated, broken());
        file.seek(SeekFrom::Start(MAGIC.len() as u64)).with_context(unreadable)?;
        let mut line = String::new();
        file.by_ref().take(HEADER).read_line(&mut line).with_context(broken)?;
        let header = serde_json::from_str(&line).with_context(|| format!("{name}: the header cannot be read"))?;
        let left = body.checked_sub((MAGIC.len() + line.len()) as u64).with_context(broken)?;
        Ok(Reader { name, header, file, left, regions: 0, ended: false })
    }

    /// The next record, until all are read.
    pub fn record(&mut self) -> Result<Option<Record>> {
        if self.ended {
            return Ok(None);
        }
        let kind = self.bytes(1)?[0];
        if kind == END {
            let stated = self.length()?;
            ensure!(stated == self.regions && self.left == 0, "{}: regions are missing or left over", self.name);
            self.ended = true;
            return Ok(None);
        }
        ensure!(kind == REGION, "{}: neither a region nor the end", self.name);
        let mut part = || {
            let length = self.length()?;
            self.bytes(length)
        };
        let record = Record { pattern: part()?, verdicts: part()? };
        self.regions += 1;
        Ok(Some(record))
    }

    fn length(&mut self) -> Result<u64> {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&self.bytes(8)?);
        Ok(u64::from_le_bytes(bytes))
    }

    fn bytes(&mut self, count: u64) -> Result<Vec<u8>> {
        self.left = self.left.checked_sub(count).with_context(|| format!("{}: ends too early", self.name))?;
        let mut out = Vec::new();
        self.file
            .by_ref()
            .take(count)
            .read_to_end(&mut out)
            .with_context(|| format!("{}: cannot be read", self.name))?;
        ensure!(out.len() as u64 == count, "{}: ends too early", self.name);
        Ok(out)
    }
}
