//! `--points` and `--weight`: what one count of the histogram stands for, and the data points behind it.
//!
//! Contract: `--weight` and `--method` agree or are refused; points that nothing uses are refused.

use super::args::{Auditing, MethodArg, WeightArg};
use super::{slice, vectors};
use crate::audit::DomainChoice;
use crate::audit::data::Data;
use crate::explore::Method;
use anyhow::{Context, Result, bail, ensure};

/// What the flags say together.
pub struct Weighed {
    /// How to look for regions.
    pub method: Method,
    /// Whether each distinct region met counts once.
    pub distinct: bool,
    /// The points.
    pub data: Option<Data>,
}

impl Weighed {
    /// Whether the points are what is counted.
    pub fn at_points(&self) -> bool {
        self.data.as_ref().is_some_and(|data| data.counted)
    }
}

/// Reads the flags.
pub fn choice(arguments: &Auditing, domain: &DomainChoice) -> Result<Weighed> {
    let (weight, method, points) = (arguments.weight, arguments.method, arguments.points.as_deref());
    ensure!(
        points.is_some() || *domain != DomainChoice::Data,
        "--domain data is the smallest box that holds the data: state them with --points FILE"
    );
    ensure!(
        points.is_some() || weight != Some(WeightArg::Point),
        "--weight point counts data points: state them with --points FILE"
    );
    let slice = arguments.slice.is_some() || !arguments.slice_points.is_empty();
    // Without a choice the points are counted, unless something else is asked for.
    let enumerates = method == MethodArg::Enumerate || arguments.exact;
    let elsewhere = enumerates || method == MethodArg::Sample || slice;
    let counted = match weight {
        Some(WeightArg::Point) => true,
        Some(WeightArg::Found) => points.is_some() && method == MethodArg::Auto && !slice,
        Some(WeightArg::Region | WeightArg::Volume) => false,
        None => points.is_some() && !elsewhere,
    };
    let method = match weight {
        Some(WeightArg::Region) if method == MethodArg::Sample => {
            bail!("--weight region counts every region, which --method sample does not: use --method enumerate")
        }
        Some(WeightArg::Region) => Method::Enumerate,
        Some(WeightArg::Volume | WeightArg::Point | WeightArg::Found) if enumerates => {
            let flag = if arguments.exact { "--exact" } else { "--method enumerate" };
            bail!("{flag} counts every region: use --weight region, or drop one of them")
        }
        Some(WeightArg::Point) if method == MethodArg::Sample => {
            bail!("--method sample draws uniform points: drop it to count the points of --points")
        }
        Some(WeightArg::Point) if slice => {
            bail!("--weight point: the points need not lie in the slice: drop it, or the slice")
        }
        Some(WeightArg::Volume | WeightArg::Point | WeightArg::Found) => Method::Sample,
        None if counted => Method::Sample,
        None => method.into(),
    };
    let Some(path) = points else {
        return Ok(Weighed { method, distinct: weight == Some(WeightArg::Found), data: None });
    };
    ensure!(
        counted || *domain == DomainChoice::Data,
        "--points has no use here: count them with --weight point, or state the domain with --domain data"
    );
    let rows = vectors::read(path, None).context("--points")?;
    let data = Data { rows, file: slice::name(path), counted };
    Ok(Weighed { method, distinct: weight == Some(WeightArg::Found), data: Some(data) })
}
