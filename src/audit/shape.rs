//! Shape beyond faces: vertices, faces of all dimensions, volumes, Euler characteristics, slopes.
//!
//! Contract: of complete enumerations by splitting in closed forms from exact sums. In a simple polytope every vertex is on
//! as many edges as there are dimensions, and the numbers of its faces of all dimensions follow from the h-vector, which
//! is symmetric (Dehn and Sommerville; Ziegler, Lectures on Polytopes, 8.3): vertices and facets determine them in up to
//! five dimensions. All of it is linear, so that it holds for sums over regions. What is not known is listed with its reason.

use crate::explore::{Domain, Exploration, Method, Shape, Slopes, State, Weight, slope};
use crate::ir::Network;
use crate::report::{DimensionRow, Lipschitz, NotAvailable, ShapeBlock, ShapeSummary, WeightRow, rounded};

/// Seeded points at which an enumeration looks at slopes; fewer in networks of more than [`LARGE`] values, where each
/// takes as long as many regions.
const POINTS: u64 = 200;
const FEW: u64 = 10;
const LARGE: usize = 20_000;

/// Most inputs of a point that is listed.
const LISTED: usize = 64;

/// The numbers, and the block.
pub fn shape(
    network: &Network,
    domain: &Domain,
    found: &Exploration,
    seed: u64,
) -> anyhow::Result<(Option<ShapeSummary>, ShapeBlock)> {
    let (mut summary, mut block) = (ShapeSummary::default(), ShapeBlock::default());
    let mut lacks = |quantity: &str, reason: &str| {
        block.not_available.push(NotAvailable { quantity: quantity.into(), reason: reason.into() });
    };
    let n = found.tally.count.max(1) as f64;
    match whole(found) {
        Err(why) => {
            ["vertices", "faces by dimension", "volumes", "Euler characteristics"].iter().for_each(|q| lacks(q, &why))
        }
        Ok(shape) => {
            let bounded = found.unbounded.is_none();
            if bounded {
                summary.vertices_mean = Some(rounded(shape.vertices as f64 / n));
            } else {
                lacks("vertices", "the sum over regions of an unbounded domain counts ends of rays");
            }
            match by_dimension(found, shape) {
                Ok(rows) => {
                    let rows = rows.into_iter().enumerate().filter_map(|(k, sum)| {
                        let mean_per_region = rounded(sum? as f64 / n);
                        Some(DimensionRow { dimension: k as u64, mean_per_region })
                    });
                    block.faces_by_dimension = rows.collect();
                    if found.dimension > 5 {
                        lacks(
                            "faces of dimensions between",
                            "vertices and facets determine them in up to five dimensions only",
                        );
                    }
                }
                Err(why) => lacks("faces by dimension", &why),
            }
            match (&shape.volume_by_total, shape.largest) {
                (Some(by_total), Some(largest)) => {
                    summary.largest_volume = Some(rounded(largest));
                    summary.volume_weighted_mean = Some(rounded(weighted(by_total)));
                }
                _ => lacks("volumes", "volumes are summed in bounded domains of up to five inputs"),
            }
        }
    }
    if found.method == Method::Enumerate && found.state == State::Complete {
        summary.bounded_share = found.unbounded.map(|rays| rounded(1.0 - rays as f64 / n));
    }
    lacks("inradius", "it takes a further linear program per region");
    let all = found.method == Method::Sample;
    let slopes = match &found.slopes {
        Some(slopes) => Some(slopes.clone()),
        None if all => None,
        None => {
            let large = network.nodes.iter().map(|n| n.len()).sum::<usize>() > LARGE;
            slope::seeded(network, domain, seed, if large { FEW } else { POINTS })?
        }
    };
    match slopes.as_ref().and_then(|s| Some((s, s.steepest.as_ref()?))) {
        None if found.tally.count == 0 => lacks("Lipschitz constants", "nothing was counted"),
        None => lacks(
            "Lipschitz constants",
            &format!("spectral norms are taken of up to {} inputs or outputs", slope::MOST),
        ),
        Some((slopes, (norm, at))) => {
            summary.lipschitz_max = Some(rounded(*norm));
            let weighed = found.slopes.is_some() && found.weight != Weight::Found;
            summary.lipschitz_mean = slopes.mean().filter(|_| weighed).map(rounded);
            block.lipschitz = Some(lipschitz(found, at, slopes));
        }
    }
    match merged(found) {
        Ok(regions) => summary.regions_merged = Some(regions),
        Err(why) => lacks("regions after merging", &why),
    }
    let any = summary != ShapeSummary::default();
    Ok((any.then_some(summary), block))
}

fn lipschitz(found: &Exploration, at: &[f64], slopes: &Slopes) -> Lipschitz {
    let all_regions = found.method == Method::Enumerate && found.slopes.is_some() && found.state == State::Complete;
    let over = match (found.method, &found.left_out) {
        _ if all_regions => format!("all {} regions", slopes.count),
        _ if found.method == Method::Enumerate && found.slopes.is_some() => {
            format!("the {} regions found", slopes.count)
        }
        (Method::Sample, Some(_)) => format!("the regions of {} data points", slopes.count),
        (Method::Sample, None) => format!("the regions of {} samples", slopes.count),
        _ => format!("the regions of {} seeded points", slopes.count),
    };
    let attained_at = if at.len() <= LISTED { at.iter().map(|&x| rounded(x)).collect() } else { vec![] };
    Lipschitz { norm: "spectral".into(), over, all_regions, attained_at }
}

/// Regions after merging neighbours with equal affine maps, or why they are not known.
fn merged(found: &Exploration) -> Result<u64, String> {
    match &found.merged {
        _ if found.method == Method::Sample => Err("samples: regions were not enumerated".into()),
        _ if found.state != State::Complete => Err("the enumeration is not complete".into()),
        Some(merged) => merged.clone(),
        None if found.shape.is_some() => Err("the second look at every region was ended before it was complete".into()),
        None => Err("exact arithmetic does not follow faces to neighbours".into()),
    }
}

/// What a complete enumeration by splitting saw, or why there is nothing.
fn whole(found: &Exploration) -> Result<&Shape, String> {
    if found.method == Method::Sample {
        return Err("samples: regions were not enumerated".into());
    }
    if found.state != State::Complete {
        return Err("the enumeration is not complete".into());
    }
    found.shape.as_ref().ok_or_else(|| "the regions were enumerated without their vertices".into())
}

/// The distribution per region and per volume, of an enumeration that knows both.
pub fn weights(found: &Exploration) -> Vec<WeightRow> {
    let (Ok(shape), Some(each)) = (whole(found), super::weights::row(Weight::Region, &found.tally, found.dimension))
    else {
        return vec![];
    };
    let Some(by_total) = &shape.volume_by_total else { return vec![] };
    let at_most: f64 = by_total.iter().take(2 * found.dimension + 1).sum();
    let volume = WeightRow {
        weight: "volume".into(),
        counted: found.tally.count,
        mean_total: rounded(weighted(by_total)),
        mean_total_low: None,
        mean_total_high: None,
        mean_interior: None,
        share_at_most_2d: rounded(at_most / by_total.iter().sum::<f64>()),
    };
    vec![each, volume]
}

/// Mean faces by volume.
fn weighted(by_total: &[f64]) -> f64 {
    by_total.iter().enumerate().map(|(k, v)| k as f64 * v).sum::<f64>() / by_total.iter().sum::<f64>()
}

/// Sums over regions of their faces of each dimension, where known.
fn by_dimension(found: &Exploration, shape: &Shape) -> Result<Vec<Option<u64>>, String> {
    if found.unbounded.is_some() {
        return Err("unbounded regions have ends at infinity".into());
    }
    if shape.degenerate > 0 {
        return Err(format!("{} regions have a vertex on more hyperplanes than it takes", shape.degenerate));
    }
    let (d, n) = (found.dimension as u64, found.tally.count);
    let total: u64 = found.tally.total.iter().enumerate().map(|(k, m)| k as u64 * m).sum();
    let first = total - d * n;
    let rest = |known: u64| shape.vertices.checked_sub(known).ok_or("the vertices do not fit the faces");
    let h = match d {
        1 => vec![n, n],
        2 => vec![n, first, n],
        3 => vec![n, first, first, n],
        4 => vec![n, first, rest(2 * (n + first))?, first, n],
        5 => {
            let middle = rest(2 * (n + first))? / 2;
            vec![n, first, middle, middle, first, n]
        }
        _ => {
            let mut out = vec![None; d as usize + 1];
            (out[0], out[1]) = (Some(shape.vertices), Some(d * shape.vertices / 2));
            (out[d as usize - 1], out[d as usize]) = (Some(total), Some(n));
            return Ok(out);
        }
    };
    let choose = |n: u64, k: u64| (0..k).fold(1u64, |c, i| c * (n - i) / (i + 1));
    let faces = |k: u64| (k..=d).map(|i| choose(i, k) * h[i as usize]).sum::<u64>();
    Ok((0..=d).map(|k| Some(faces(k))).collect())
}

/// Cells of each dimension inside an open box, walls left out, of up to four inputs; or which assumption fails.
pub fn interior_cells(found: &Exploration) -> Result<Vec<u64>, String> {
    let shape = whole(found)?;
    if found.unbounded.is_some() {
        return Err("the domain is unbounded".into());
    }
    if let Some(why) = &shape.special {
        return Err(format!("not in general position: {why}"));
    }
    let d = found.dimension;
    let at = |walls: usize| shape.distinct_vertices.get(walls).copied().unwrap_or(0);
    let interior: u64 = found.tally.interior.iter().enumerate().map(|(k, m)| k as u64 * m).sum();
    // A vertex ends two edges per hyperplane left out; one on a single wall ends one edge inside.
    let edges = (2 * d as u64 * at(0) + at(1)) / 2;
    let (faces, regions) = (interior / 2, found.tally.count);
    match d {
        1 => Ok(vec![faces, regions]),
        2 => Ok(vec![at(0), faces, regions]),
        3 => Ok(vec![at(0), edges, faces, regions]),
        // An open box has Euler characteristic 1 in an even dimension.
        4 => Ok(vec![at(0), edges, (1 + edges + faces).wrapping_sub(at(0) + regions), faces, regions]),
        _ => Err("cells of all dimensions are counted in up to four inputs".into()),
    }
}
