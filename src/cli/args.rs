//! Flags and subcommands.

use crate::checks;
use crate::explore::Method;
use crate::polytope::Engine;
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  polyaudit model.onnx --domain -1,1              every region if they are few, samples if not
  polyaudit model.onnx --domain box.yaml -o model.yaml
  polyaudit model.onnx --domain property.vnnlib --method sample --samples 5000
  polyaudit model.onnx --points data.csv --domain data                 the regions that hold your data
  polyaudit big.onnx --domain 0,1 --slice-points a.npy,b.npy,c.npy     the plane through three inputs
  polyaudit *.onnx --out-dir reports              one report per model
  polyaudit model.onnx --domain -1,1 -o model.yaml -o model.html
  polyaudit model.onnx --baseline old.yaml        pass or fail, by the limits of polyaudit.yaml
  polyaudit compare a.onnx b.onnx --domain -1,1   what differs between two models
  polyaudit model.onnx --certificates model.cert  every verdict with its proof
  polyaudit verify model.onnx model.cert          check them again, from the model alone
  polyaudit inspect model.onnx                    what was read, layer by layer
  polyaudit eval model.onnx --inputs points.npy   the function that is audited, at your points

Exit codes: 0 audited, 1 a check failed, 2 usage, input or output error, 3 model outside the supported
fragment, 130 interrupted (the partial report is written).

Every flag can also come from the environment as POLYAUDIT_<NAME>, and from polyaudit.yaml (`polyaudit init`
writes one); a flag wins over the environment, which wins over the file.";

const COMPARISONS: &str = "\
Examples:
  polyaudit compare plain.onnx residual.onnx --domain -1,1
  polyaudit compare old.polyaudit.yaml new.onnx --domain -1,1 -o change.html
  polyaudit compare --group plain='plain-*.onnx' --group residual='residual-*.onnx' --domain -1,1
  polyaudit compare --series epoch-*.onnx --domain -1,1 --format html -o training.html";

/// Counts the polytopes of a piecewise-linear neural network and the faces of each, exactly.
#[derive(Debug, Parser)]
#[command(name = "polyaudit", version, after_help = EXAMPLES, arg_required_else_help = true)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true, disable_help_subcommand = true)]
pub struct Arguments {
    #[command(subcommand)]
    pub(super) command: Option<Command>,

    /// ONNX models to audit
    #[arg(required = true, value_name = "MODEL")]
    pub(super) models: Vec<PathBuf>,

    #[command(flatten)]
    pub(super) audit: Auditing,

    #[command(flatten)]
    pub(super) gate: Gate,

    #[command(flatten)]
    pub(super) writing: Writing,

    #[command(flatten)]
    pub(super) enumerating: super::enumerate_args::Enumerating,

    #[command(flatten)]
    pub(super) plugins: super::plugin_args::Flags,

    /// Colours in messages
    #[arg(long, value_enum, default_value_t = ColorArg::Auto, global = true, help_heading = "Output")]
    pub(super) color: ColorArg,
}

/// What determines the numbers of a report, and its budgets; shared by all commands that audit.
#[derive(Clone, Debug, Args)]
pub struct Auditing {
    #[command(flatten)]
    pub(super) reading: Reading,

    /// Input domain: LO,HI for every input, a YAML or VNN-LIB file with bounds, `data` (the smallest box that holds
    /// --points), or `unbounded` [default: -1,1]
    #[arg(long, value_name = "LO,HI|FILE|data|unbounded", allow_hyphen_values = true, help_heading = "What to audit")]
    pub(super) domain: Option<String>,

    /// Data points, one per row, all inputs one after the other: each counts once, in the region that holds it
    #[arg(long, value_name = "FILE.npy|FILE.csv", help_heading = "What to audit")]
    pub(super) points: Option<PathBuf>,

    /// A section of the domain: through a point along directions (.npy files), or `random:K`, seeded
    #[arg(long, value_name = "ORIGIN,DIR,…|random:K", conflicts_with = "slice_points", help_heading = "What to audit")]
    pub(super) slice: Option<String>,

    /// The section of the domain through two or more points (.npy files), of one dimension less
    #[arg(long, value_name = "A,B,…", value_delimiter = ',', help_heading = "What to audit")]
    pub(super) slice_points: Vec<PathBuf>,

    /// How to look for regions
    #[arg(long, value_enum, default_value_t = MethodArg::Auto, help_heading = "How")]
    pub(super) method: MethodArg,

    /// What counts once in the histogram [default: region, volume or point, as the method and --points say]
    #[arg(long, value_enum, help_heading = "How")]
    pub(super) weight: Option<WeightArg>,

    /// Samples to take, or how many of --points [default: what about a minute allows, stated in the report]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..), help_heading = "How")]
    pub(super) samples: Option<u64>,

    /// Seed of every random choice
    #[arg(long, value_name = "N", default_value_t = 0, help_heading = "How")]
    pub(super) seed: u64,

    /// Face engine
    #[arg(long, value_enum, default_value_t = EngineArg::Auto, help_heading = "How")]
    pub(super) engine: EngineArg,

    /// Enumerate in rational arithmetic alone: slow, for small networks and as a check
    #[arg(long, help_heading = "How")]
    pub(super) exact: bool,

    /// Verify every certificate again, independently, and report what that found; crosses faces, does not split
    #[arg(long, help_heading = "How")]
    pub(super) certify: bool,

    /// Most regions to visit when enumerating
    #[arg(long, value_name = "N", default_value_t = 1_000_000, value_parser = clap::value_parser!(u64).range(1..), help_heading = "Budgets")]
    pub(super) max_regions: u64,

    /// Stop after this time and write what was found
    #[arg(long, value_name = "SECONDS", value_parser = seconds, help_heading = "Budgets")]
    pub(super) time_limit: Option<f64>,

    /// Refuse, before it is allocated, what would take more than this, for example 4GB
    #[arg(long, value_name = "SIZE", value_parser = size, help_heading = "Budgets")]
    pub(super) max_memory: Option<u64>,

    /// Threads to use; the numbers do not depend on it [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..), help_heading = "Budgets")]
    pub(super) threads: Option<u16>,
}

/// What a model has to pass.
#[derive(Clone, Debug, Args)]
pub struct Gate {
    /// Settings and limits [default: polyaudit.yaml of the working directory, where there is one]
    #[arg(long, value_name = "FILE", help_heading = "Review")]
    pub(super) config: Option<PathBuf>,

    /// Stored report that limits on changes compare with
    #[arg(long, value_name = "REPORT", help_heading = "Review")]
    pub(super) baseline: Option<PathBuf>,

    /// Findings of this severity, and worse, give exit code 1 [default: error]
    #[arg(long, value_enum, value_name = "SEVERITY", help_heading = "Review")]
    pub(super) fail_on: Option<FailOn>,

    /// Compare reports although their settings differ
    #[arg(long, help_heading = "Review")]
    pub(super) allow_mismatch: bool,
}

/// Where documents go.
#[derive(Clone, Debug, Args)]
pub struct Writing {
    /// Format of the report; repeat it to pair with several -o
    #[arg(long, value_enum, help_heading = "Output")]
    pub(super) format: Vec<FormatArg>,

    /// What --format svg draws [default: histogram]
    #[arg(long, value_enum, help_heading = "Output")]
    pub(super) picture: Option<PictureArg>,

    /// Write the report to a file instead of stdout; alone, the ending gives the format
    #[arg(short, long = "output-file", value_name = "FILE", help_heading = "Output")]
    pub(super) output_file: Vec<PathBuf>,

    /// Write one report per model into a folder
    #[arg(long, value_name = "DIR", conflicts_with = "output_file", help_heading = "Output")]
    pub(super) out_dir: Option<PathBuf>,

    /// Write the verified certificates of every region, for `polyaudit verify`; one model only
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(super) certificates: Option<PathBuf>,

    /// No table and no progress
    #[arg(short, long, help_heading = "Output")]
    pub(super) quiet: bool,

    /// Say more
    #[arg(short, long, conflicts_with = "quiet", help_heading = "Output")]
    pub(super) verbose: bool,
}

/// How to read a model; shared by all commands that do.
#[derive(Clone, Debug, Args)]
pub struct Reading {
    /// Cut the network at this tensor instead of the graph's outputs
    #[arg(long, value_name = "TENSOR", help_heading = "What to audit")]
    pub(super) output: Vec<String>,

    /// Size of a symbolic dimension; others become 1
    #[arg(long, value_name = "NAME=N", help_heading = "What to audit")]
    pub(super) dim: Vec<String>,

    /// Hold an input constant: one value for all its elements, or an .npy file with one each
    #[arg(long, value_name = "NAME=VALUE|FILE.npy", allow_hyphen_values = true, help_heading = "What to audit")]
    pub(super) fix: Vec<String>,
}

/// Subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Compare models or stored reports, groups of them, or the checkpoints of a training run
    Compare(Box<Compare>),
    /// Print the network as it was read: layers, shapes, units, shortcuts, what was folded or cut
    Inspect(Inspect),
    /// Evaluate the network that is audited, to compare it with your runtime
    Eval(Eval),
    /// Look closely at points: the faces around each, the nearest one, the nearest change of class
    Points(Points),
    /// Write a commented polyaudit.yaml
    Init(Init),
    /// Explain a finding's code, or list them all
    Explain(Explain),
    /// Check a file of certificates again, from the model alone
    Verify(Verify),
    /// Add the reports of all shards of a run up to the report of the whole run
    Merge(super::enumerate_args::Merge),
    /// Print the JSON Schema of a document
    Schema(Schema),
    /// Print a completion script for a shell
    Completions(Completions),
    /// Print a manual page, as roff
    Man(Man),
    /// List, try and begin plugins: checks and renderers of your own
    Plugins(super::plugin_args::Plugins),
}

/// `polyaudit inspect`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  polyaudit inspect model.onnx")]
pub struct Inspect {
    /// ONNX model
    pub(super) model: PathBuf,
    #[command(flatten)]
    pub(super) reading: Reading,
}

/// `polyaudit eval`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  polyaudit eval model.onnx --inputs points.npy\n  polyaudit eval model.onnx --inputs points.json --output logits"
)]
pub struct Eval {
    /// ONNX model
    pub(super) model: PathBuf,
    /// Points: .npy with one per row, or JSON {"input name": [[numbers], …]}
    #[arg(long, value_name = "FILE")]
    pub(super) inputs: PathBuf,
    #[command(flatten)]
    pub(super) reading: Reading,
}

/// `polyaudit points`.
#[derive(Debug, Args)]
pub struct Points {
    /// ONNX model
    pub(super) model: PathBuf,
    /// Points, one per row: .npy or .csv
    pub(super) points: PathBuf,
    /// Input domain: LO,HI for every input, a YAML or VNN-LIB file with bounds, or `unbounded` [default: unbounded]
    #[arg(long, value_name = "LO,HI|FILE|unbounded", allow_hyphen_values = true)]
    pub(super) domain: Option<String>,
    /// Format of the document
    #[arg(long, value_enum, default_value_t = PointsFormat::Yaml)]
    pub(super) format: PointsFormat,
    #[command(flatten)]
    pub(super) reading: Reading,
}

/// Format of `polyaudit points`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PointsFormat {
    /// YAML
    Yaml,
    /// JSON, one line
    Json,
}

/// `polyaudit verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// ONNX model
    pub(super) model: PathBuf,
    /// What `--certificates` wrote for it
    pub(super) certificates: PathBuf,
    /// Threads to use [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(super) threads: Option<u16>,
}

/// `polyaudit compare`.
#[derive(Debug, Args)]
#[command(after_help = COMPARISONS, arg_required_else_help = true)]
pub struct Compare {
    /// Models, or reports that end in .yaml or .json; each is compared with the first
    #[arg(value_name = "MODEL|REPORT")]
    pub(super) inputs: Vec<PathBuf>,

    /// Models of one kind, several seeds each: files with commas between, or a pattern; give it twice or more
    #[arg(long, value_name = "NAME=FILES", help_heading = "What to compare")]
    pub(super) group: Vec<String>,

    /// Checkpoints in the order of the numbers in their names; each is compared with the one before
    #[arg(long, value_name = "FILES", num_args = 1.., help_heading = "What to compare")]
    pub(super) series: Vec<String>,

    /// Compare although settings differ
    #[arg(long, help_heading = "What to compare")]
    pub(super) allow_mismatch: bool,

    /// Settings [default: polyaudit.yaml of the working directory, where there is one]
    #[arg(long, value_name = "FILE", help_heading = "Review")]
    pub(super) config: Option<PathBuf>,

    #[command(flatten)]
    pub(super) audit: Auditing,

    /// yaml, json or html; repeat it to pair with several -o
    #[arg(long, value_enum, help_heading = "Output")]
    pub(super) format: Vec<FormatArg>,

    /// Write to a file instead of stdout; alone, the ending gives the format
    #[arg(short, long = "output-file", value_name = "FILE", help_heading = "Output")]
    pub(super) output_file: Vec<PathBuf>,

    /// No table and no progress
    #[arg(short, long, help_heading = "Output")]
    pub(super) quiet: bool,
}

/// `polyaudit completions`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  polyaudit completions bash >~/.local/share/bash-completion/completions/polyaudit")]
pub struct Completions {
    /// Which shell
    #[arg(value_enum)]
    pub(super) shell: clap_complete::Shell,
}

/// `polyaudit man`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  polyaudit man | man -l -\n  polyaudit man compare >polyaudit-compare.1")]
pub struct Man {
    /// A command; the program itself where absent
    pub(super) command: Option<String>,
}

/// `polyaudit schema`.
#[derive(Debug, Args)]
pub struct Schema {
    /// Which document
    #[arg(value_enum, default_value_t = SchemaArg::Report)]
    pub(super) document: SchemaArg,
}

/// A kind of document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaArg {
    /// The report of an audit
    Report,
    /// A comparison
    Compare,
}

/// `polyaudit init`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  polyaudit init && polyaudit model.onnx")]
pub struct Init {
    /// Where to write it
    #[arg(default_value = "polyaudit.yaml")]
    pub(super) file: PathBuf,
    /// Replace the file where it exists
    #[arg(long)]
    pub(super) force: bool,
}

/// `polyaudit explain`.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  polyaudit explain\n  polyaudit explain domain-not-stated")]
pub struct Explain {
    /// Code of a finding, for example domain-not-stated
    pub(super) code: Option<String>,
}

/// Severity from which on a finding fails a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Errors
    Error,
    /// Errors and warnings
    Warning,
    /// Nothing: exit code 1 never occurs
    Never,
}

/// What one count of the histogram stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum WeightArg {
    /// Each region: enumerates
    Region,
    /// Each uniform sample
    Volume,
    /// Each point of --points
    Point,
    /// Each distinct region met by samples or points: a biased choice, for comparison with such results
    Found,
}

/// How to look for regions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum MethodArg {
    /// Enumerate when there are few inputs and regions, else sample
    Auto,
    /// Every region of the domain
    Enumerate,
    /// The regions around seeded uniform points
    Sample,
}

/// Face engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum EngineArg {
    /// Certified projections and exact arithmetic
    Auto,
    /// One linear program per half-space
    Lp,
}

/// Format of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FormatArg {
    /// YAML, one document per model
    Yaml,
    /// JSON, one line per model
    Json,
    /// Markdown, for pull requests
    Markdown,
    /// The histogram as CSV
    Csv,
    /// One self-contained page about all models
    Html,
    /// A picture of one model
    Svg,
}

/// What an SVG file shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PictureArg {
    /// The histogram
    Histogram,
    /// The regions of a domain of two dimensions
    Partition,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ColorArg {
    /// On terminals, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

impl From<FailOn> for checks::FailOn {
    fn from(level: FailOn) -> checks::FailOn {
        match level {
            FailOn::Error => checks::FailOn::Error,
            FailOn::Warning => checks::FailOn::Warning,
            FailOn::Never => checks::FailOn::Never,
        }
    }
}

impl From<MethodArg> for Method {
    fn from(method: MethodArg) -> Method {
        match method {
            MethodArg::Auto => Method::Auto,
            MethodArg::Enumerate => Method::Enumerate,
            MethodArg::Sample => Method::Sample,
        }
    }
}

impl From<EngineArg> for Engine {
    fn from(engine: EngineArg) -> Engine {
        match engine {
            EngineArg::Auto => Engine::Auto,
            EngineArg::Lp => Engine::Lp,
        }
    }
}

/// Bytes: a number with kB, MB, GB or TB (powers of 1000), or KiB, MiB, GiB or TiB.
fn size(text: &str) -> Result<u64, String> {
    let trimmed = text.trim();
    let end = trimmed.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(trimmed.len());
    let (number, unit) = (trimmed[..end].parse::<f64>(), trimmed[end..].trim().to_ascii_lowercase());
    let factor = match unit.as_str() {
        "" | "b" => 1.0,
        "k" | "kb" => 1e3,
        "m" | "mb" => 1e6,
        "g" | "gb" => 1e9,
        "t" | "tb" => 1e12,
        "kib" => 1024.0,
        "mib" => 1024f64.powi(2),
        "gib" => 1024f64.powi(3),
        "tib" => 1024f64.powi(4),
        _ => return Err("not a size: write for example 500MB or 4GB".into()),
    };
    match number {
        Ok(n) if n > 0.0 && n * factor < 1e18 => Ok((n * factor) as u64),
        _ => Err("not a size: write for example 500MB or 4GB".into()),
    }
}

/// A positive number of seconds.
pub(super) fn seconds(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(s) if s > 0.0 && s.is_finite() => Ok(s),
        _ => Err("not a positive number of seconds".into()),
    }
}

impl Reading {
    /// The importer's options.
    pub fn options(&self) -> anyhow::Result<crate::import::Options> {
        let dims = self.dim.iter().map(|text| {
            let parsed = text.split_once('=').and_then(|(name, size)| Some((name.to_string(), size.parse().ok()?)));
            match parsed {
                Some((name, size)) if size > 0 && !name.is_empty() => Ok((name, size)),
                _ => anyhow::bail!("--dim {text}: expected NAME=N with a positive N"),
            }
        });
        let fix = self.fix.iter().map(|f| super::domain::fix(f)).collect::<anyhow::Result<_>>()?;
        Ok(crate::import::Options { dims: dims.collect::<anyhow::Result<_>>()?, outputs: self.output.clone(), fix })
    }
}
