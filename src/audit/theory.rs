//! Statements of theory, each checked on the model at hand: *holds*, *exceeded*, or *not applicable* and why.
//!
//! Contract: nothing is asserted. A statement whose assumptions are not known to be met is not applicable; one that is
//! proven only in special cases says whether this is such a case. Counts are compared as integers.

use super::shape::interior_cells;
use crate::explore::identities::Outcome;
use crate::explore::{Domain, Exploration, Method, State};
use crate::ir::{Network, Op};
use crate::report::Statement;
use crate::stats::bounds;
use dashu_int::UBig;

/// What the statements look at.
struct Facts<'a> {
    found: &'a Exploration,
    d: u64,
    regions: u64,
    interior: u64,
    total: u64,
    unbounded: bool,
    slice: bool,
    /// Widths of the layers of units.
    widths: Vec<u64>,
    /// Hyperplanes that one region can lie on at most, over units and groups.
    sources: u64,
    /// What is not a chain of layers of rectifiers: named.
    unlike: Option<String>,
    /// Maxima over groups, named.
    maxima: Option<String>,
    /// Whether every hyperplane passes through the origin.
    central: bool,
    /// Why the cells are not in general position, where that is known.
    special: Option<String>,
    /// Rank of the first layer.
    rank: Option<u64>,
}

type Answer = Result<(bool, String), String>;
type Check = fn(&Facts) -> Answer;

/// All statements, in order.
pub fn statements(network: &Network, domain: &Domain, found: &Exploration, rank: Option<u64>) -> Vec<Statement> {
    let complete = found.method == Method::Enumerate && found.state == State::Complete && found.tally.undecided == 0;
    let facts = Facts::new(network, domain, found, rank);
    let list: [(&str, &str, Check); 16] = [
        ("S1", "interior faces are seen twice, once from either side", s1),
        ("S2", "mean interior faces at most 2d", s2),
        ("S3", "mean interior faces at most twice the rank of the first layer", s3),
        ("S4", "k-dimensional cells have at most 2k faces on average, for every k", s4),
        ("S5", "in all of space every region has at least min(n1, d) interior faces", s5),
        ("S6", "each further layer raises the mean of interior faces", s6),
        ("S7", "one layer in general position: regions and faces by the closed form", s7),
        ("S8", "two inputs in a box: total faces sum to four per region", s8),
        ("S9", "three inputs in a box: total faces = 2N + 4 v0 + 2 v1 + v2 + 4", s9),
        (
            "S10",
            "all hyperplanes through the origin: mean interior faces 2 (d = 2), 4 − 8/N (d = 3), at most 2(d − 1)",
            s10,
        ),
        (
            "S11",
            "one layer in a box: regions are flats that meet it, one each; interior faces twice the planes through them",
            s11,
        ),
        ("S12", "one plane in a cube of three inputs: mean total faces at most 7", s12),
        ("S13", "no region has more interior faces than hyperplanes", s13),
        ("zaslavsky", "regions at most sum of C(n, i) for i up to d: one layer", zaslavsky),
        ("montufar", "regions at most the product over layers of sums of C(n_l, j)", montufar),
        ("serra", "regions at most the sum over dimensions of products of C(n_l, j_l)", serra),
    ];
    list.into_iter()
        .map(|(id, statement, check)| {
            let answer = if complete { check(&facts) } else { Err("not every region was counted".into()) };
            let (outcome, detail) = match answer {
                Ok((true, detail)) => ("holds", detail),
                Ok((false, detail)) => ("exceeded", detail),
                Err(why) => ("not-applicable", why),
            };
            Statement { id: id.into(), statement: statement.into(), outcome: outcome.into(), detail }
        })
        .collect()
}

impl<'a> Facts<'a> {
    fn new(network: &Network, domain: &Domain, found: &'a Exploration, rank: Option<u64>) -> Facts<'a> {
        let sum = |counts: &[u64]| counts.iter().enumerate().map(|(k, n)| k as u64 * n).sum();
        let (mut widths, mut sources, mut unlike, mut maxima, mut central) = (vec![], 0, None, None, true);
        for node in &network.nodes {
            match &node.op {
                Op::Activation(a) => {
                    let counted = (0..node.len()).map(|i| a.curve(i).breakpoints().len() as u64);
                    sources += counted.clone().sum::<u64>();
                    widths.push(counted.clone().filter(|&n| n > 0).count() as u64);
                    if counted.clone().any(|n| n > 1) {
                        unlike.get_or_insert(format!("units of {} have several breakpoints", node.label.layer));
                    }
                    let rectifies = |i: usize| a.curve(i).pieces() == 1 || (a.curve(i).slope(0) == 0.0);
                    if !(0..node.len()).all(rectifies) {
                        unlike.get_or_insert(format!("units of {} are no rectifiers", node.label.layer));
                    }
                    central &= (0..node.len()).all(|i| {
                        let c = a.curve(i);
                        c.breakpoints().iter().all(|&t| t == 0.0) && (0..c.pieces()).all(|p| c.offset(p) == 0.0)
                    });
                }
                Op::Max(m) => {
                    sources += (0..m.groups()).map(|g| m.group(g).len() as u64 - 1).sum::<u64>();
                    maxima.get_or_insert(format!("{} takes maxima over groups", node.label.layer));
                    unlike.get_or_insert(format!("{} takes maxima over groups", node.label.layer));
                }
                Op::Sum(_) => {
                    unlike.get_or_insert(format!("{} is a shortcut", node.label.layer));
                }
                Op::Affine(a) => {
                    let zero = |b: &crate::ir::Broadcast| (0..node.len()).all(|i| b.get(i) == 0.0);
                    central &= a.bias.as_ref().is_none_or(zero);
                }
                Op::Input => {}
            }
        }
        widths.retain(|&w| w > 0);
        let centred = match domain {
            Domain::Box { lo, hi } => lo.iter().zip(hi).all(|(l, h)| *l < 0.0 && *h > 0.0),
            Domain::Unbounded { .. } => true,
            Domain::Slice { .. } => false,
        };
        let coincident: u64 = found.tally.units.values().map(|u| u.coincident).sum();
        let degenerate = found.shape.as_ref().map_or(0, |s| s.degenerate);
        let special = if !found.vanishing.is_empty() {
            Some(format!("{} hyperplane sources vanish identically on a region", found.vanishing.len()))
        } else if coincident > 0 {
            Some(format!("{coincident} faces lie on several hyperplanes or along a wall"))
        } else if degenerate > 0 {
            Some(format!("{degenerate} regions have a vertex on more than d hyperplanes and walls"))
        } else {
            None
        };
        Facts {
            found,
            d: found.dimension as u64,
            regions: found.tally.count,
            interior: sum(&found.tally.interior),
            total: sum(&found.tally.total),
            unbounded: matches!(domain, Domain::Unbounded { .. } | Domain::Slice { within: None, .. }),
            slice: matches!(domain, Domain::Slice { .. }),
            widths,
            sources,
            unlike,
            maxima,
            central: central && centred,
            special,
            rank,
        }
    }

    fn one_layer(&self) -> Result<u64, String> {
        match self.widths[..] {
            [n] if self.maxima.is_none() && self.sources == n => Ok(n),
            [] => Err("no units".into()),
            _ => Err(format!("{} hidden layers, or units with several hyperplanes", self.widths.len())),
        }
    }

    fn need(&self, holds: bool, what: &str) -> Result<(), String> {
        if holds { Ok(()) } else { Err(what.into()) }
    }

    fn generic(&self) -> Result<(), String> {
        self.special.clone().map_or(Ok(()), |why| Err(format!("not in general position: {why}")))
    }

    fn simple(&self) -> Result<(), String> {
        self.need(self.found.shape.is_some(), "vertices were not enumerated")?;
        self.generic()
    }

    fn no_maxima(&self) -> Result<(), String> {
        let three = |name: String| Err(format!("{name}: three regions meet at a ridge there, not four"));
        self.maxima.clone().map_or(Ok(()), three)
    }
}

fn s1(f: &Facts) -> Answer {
    let handshake = f.found.identities.iter().find(|i| i.name == "handshake");
    let holds = handshake.is_some_and(|i| i.outcome == Outcome::Holds) && f.interior.is_multiple_of(2);
    Ok((holds, format!("{} = 2 · {}", f.interior, f.interior / 2)))
}

/// A sum against a bound per region.
fn at_most(f: &Facts, bound: u64, case: &str) -> Answer {
    let mean = f.interior as f64 / f.regions as f64;
    Ok((f.interior <= bound * f.regions, format!("mean {mean:.6}, bound {bound} ({case})")))
}

fn s2(f: &Facts) -> Answer {
    f.no_maxima()?;
    let proved = f.widths.len() <= 1 || f.d <= 2;
    let case =
        if proved { "proved for one layer, or d at most 2" } else { "not proved for this depth and d: observed" };
    let (holds, detail) = at_most(f, 2 * f.d, case)?;
    let hint = "; attribution.euler_characteristics says which hyperplanes make it possible";
    Ok((holds, if holds { detail } else { detail + hint }))
}

fn s3(f: &Facts) -> Answer {
    f.no_maxima()?;
    let rank = f.rank.ok_or("the rank of the first layer was not computed")?;
    f.need(f.widths.len() > 1 || rank < f.d, "one layer of full rank: the same as S2")?;
    let case = if rank.min(f.d) <= 2 || f.widths.len() <= 1 {
        "proved"
    } else {
        "not proved for this depth and rank: observed"
    };
    at_most(f, 2 * rank.min(f.d), case)
}

fn s4(f: &Facts) -> Answer {
    f.no_maxima()?;
    if f.d <= 2 {
        return at_most(f, 2 * f.d, "edges have at most two ends");
    }
    f.need(!f.unbounded && !f.slice, "for more than two inputs the cells of all dimensions are counted in a box only")?;
    let cells = interior_cells(f.found)?;
    let d = f.d as usize;
    // Every cell of dimension k - 1 inside the box bounds 2 (d - k + 1) cells of dimension k.
    let holds = (1..=d).all(|k| (d - k + 1) as u64 * cells[k - 1] <= k as u64 * cells[k]);
    let mean = |k: usize| 2.0 * (d - k + 1) as f64 * cells[k - 1] as f64 / cells[k].max(1) as f64;
    let means: Vec<String> = (1..=d).map(|k| format!("{:.4} ≤ {}", mean(k), 2 * k)).collect();
    let case = if f.widths.len() <= 1 { "proved for one layer" } else { "not proved for this depth: observed" };
    Ok((holds, format!("inside the box, k from 1: {} ({case})", means.join(", "))))
}

fn s5(f: &Facts) -> Answer {
    f.need(f.unbounded, "the domain is bounded, and its walls can take faces away")?;
    f.simple()?;
    let n1 = *f.widths.first().ok_or("no units")?;
    let least = f.found.tally.interior.iter().position(|&n| n > 0).unwrap_or(0) as u64;
    Ok((least >= n1.min(f.d), format!("least {least}, min(n1, d) = {}", n1.min(f.d))))
}

fn s6(f: &Facts) -> Answer {
    let shape = f.found.shape.as_ref().ok_or("the regions of the first layers were not counted by themselves")?;
    f.need(shape.layers.len() > 1, "one layer only")?;
    let means: Vec<f64> = shape.layers.iter().map(|l| l.sums.interior as f64 / l.sums.regions as f64).collect();
    let rises = shape.layers.windows(2).all(|w| {
        u128::from(w[0].sums.interior) * u128::from(w[1].sums.regions)
            <= u128::from(w[1].sums.interior) * u128::from(w[0].sums.regions)
    });
    let written: Vec<String> = means.iter().map(|m| format!("{m:.4}")).collect();
    Ok((rises, format!("{} (no theorem for further layers)", written.join(", "))))
}

fn s7(f: &Facts) -> Answer {
    let n = f.one_layer()?;
    f.need(f.unbounded, "the closed form is of all of space")?;
    f.simple()?;
    let regions = bounds::zaslavsky(n, f.d);
    let faces = UBig::from(2 * n) * bounds::zaslavsky(n.saturating_sub(1), f.d.saturating_sub(1));
    let holds = regions == UBig::from(f.regions) && faces == UBig::from(f.interior);
    Ok((holds, format!("{} regions and {} faces, by the closed form {regions} and {faces}", f.regions, f.interior)))
}

fn s8(f: &Facts) -> Answer {
    f.need(f.d == 2 && !f.unbounded && !f.slice, "two inputs in a box only")?;
    f.no_maxima()?;
    f.simple()?;
    Ok((f.total == 4 * f.regions, format!("{} = 4 · {}", f.total, f.regions)))
}

fn s9(f: &Facts) -> Answer {
    f.need(f.d == 3 && !f.unbounded && !f.slice, "three inputs in a box only")?;
    f.no_maxima()?;
    f.simple()?;
    let at = |k: usize| f.found.shape.as_ref().and_then(|s| s.distinct_vertices.get(k)).copied().unwrap_or(0);
    let sum = 2 * f.regions + 4 * at(0) + 2 * at(1) + at(2) + 4;
    let detail = format!("{} and {sum}, with v0 = {}, v1 = {}, v2 = {}", f.total, at(0), at(1), at(2));
    Ok((f.total == sum, detail))
}

fn s10(f: &Facts) -> Answer {
    f.need(f.central, "a bias is not zero, or the origin is not inside the domain")?;
    let coincident = f.found.tally.units.values().any(|u| u.coincident > 0);
    f.need(!coincident, "not in general position: faces lie on several hyperplanes")?;
    f.need(f.found.vanishing.is_empty(), "a whole layer is off on some cone, and later hyperplanes end there")?;
    match f.d {
        2 => Ok((f.interior == 2 * f.regions, format!("{} = 2 · {}", f.interior, f.regions))),
        3 => Ok((f.interior + 8 == 4 * f.regions, format!("{} = 4 · {} − 8", f.interior, f.regions))),
        d if d > 3 => {
            let case = if f.widths.len() <= 1 { "proved for one layer" } else { "not proved for this depth: observed" };
            at_most(f, 2 * (d - 1), case)
        }
        _ => Err("one input".into()),
    }
}

fn s11(f: &Facts) -> Answer {
    f.one_layer()?;
    let counted = (f.d == 2 || f.d == 3) && !f.unbounded && !f.slice;
    f.need(counted, "where flats meet is counted for two and three inputs in a box only")?;
    f.simple()?;
    let planes = f.found.tally.units.values().filter(|u| u.lower > 0).count() as u64;
    let vertices =
        |walls: usize| f.found.shape.as_ref().and_then(|s| s.distinct_vertices.get(walls)).copied().unwrap_or(0);
    // A line in which two planes meet ends on a wall at either side.
    let lines = if f.d == 3 { vertices(1) / 2 } else { 0 };
    let crossings = vertices(0);
    let (regions, faces) = (1 + planes + lines + crossings, 2 * (planes + 2 * lines + f.d * crossings));
    let holds = f.regions == regions && f.interior == faces;
    let sum =
        if f.d == 2 { format!("1 + {planes} + {crossings}") } else { format!("1 + {planes} + {lines} + {crossings}") };
    Ok((holds, format!("{} = {sum} regions, {} and {faces} interior faces", f.regions, f.interior)))
}

fn s12(f: &Facts) -> Answer {
    f.need(f.d == 3 && f.regions == 2 && !f.unbounded && !f.slice, "not one plane in a box of three inputs")?;
    Ok((f.total <= 14, format!("mean {}", f.total as f64 / 2.0)))
}

fn s13(f: &Facts) -> Answer {
    let most = f.found.tally.interior.iter().rposition(|&n| n > 0).unwrap_or(0) as u64;
    Ok((most <= f.sources, format!("most {most}, hyperplanes {}", f.sources)))
}

fn against(f: &Facts, bound: &UBig) -> Answer {
    Ok((UBig::from(f.regions) <= *bound, format!("{} regions, bound {bound}", f.regions)))
}

fn zaslavsky(f: &Facts) -> Answer {
    let n = f.one_layer()?;
    against(f, &bounds::zaslavsky(n, f.d))
}

fn chain(f: &Facts) -> Result<(), String> {
    f.unlike.clone().map_or(Ok(()), |why| Err(format!("not a chain of layers of rectifiers: {why}")))
}

fn montufar(f: &Facts) -> Answer {
    chain(f)?;
    against(f, &bounds::montufar(f.d, &f.widths))
}

fn serra(f: &Facts) -> Answer {
    chain(f)?;
    against(f, &bounds::serra(f.d, &f.widths))
}
