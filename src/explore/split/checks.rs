//! What a complete enumeration by splitting proves about itself.
//!
//! Contract: integers are compared exactly, volumes within the bound carried along with them. A relation is claimed
//! only when its assumptions were seen to hold in every region: simple vertices, no unit identically on its breakpoint,
//! no two sources on one face, no groups.

use super::counts::{Counts, VOLUME_UNIT};
use super::names::{Names, OneLayer};
use super::stage::{Kind, Stages};
use crate::explore::Bounds;
use crate::explore::identities::Identity;
use crate::ir::Rational;
use crate::region::Walker;

/// Most subsets of hyperplanes looked at to see whether they are in general position.
const SUBSETS: u64 = 100_000;

/// All relations, each with its outcome.
pub fn all(counts: &Counts, names: &Names, d: usize, bounded: bool, volumes: bool) -> Vec<Identity> {
    let unmet = generic(counts, names);
    let unmet = || unmet.clone();
    vec![
        vertex_handshake(counts, d, unmet()),
        volume(counts, bounded, volumes),
        one_layer(counts, d, &names.one_layer),
        plane(counts, names, d, bounded, unmet()),
        space(counts, names, d, bounded, unmet()),
        euler(counts, d, bounded, unmet()),
    ]
}

/// Why the complex is not known to be generic, or nothing.
pub fn generic(counts: &Counts, names: &Names) -> Option<String> {
    if names.groups {
        return Some("groups choose among more than two".into());
    }
    if counts.degenerate > 0 {
        return Some(format!("{} region(s) have a vertex on more hyperplanes than it takes", counts.degenerate));
    }
    if counts.vanishing.iter().any(|v| *v) {
        return Some("a unit is identically on its breakpoint in some region".into());
    }
    let shared = counts.coincident.iter().any(|&n| n > 0);
    shared.then(|| "two units share a hyperplane, or one lies along a wall".into())
}

fn vertex_handshake(counts: &Counts, d: usize, unmet: Option<String>) -> Identity {
    let name = "vertex-handshake";
    if let Some(why) = unmet {
        return Identity::not_applicable(name, why);
    }
    let each = counts.corners[0];
    let unequal = counts.corners.iter().find(|&&n| n != each);
    let walls = (1..=d).find(|&k| counts.wall_pairs[k] != counts.distinct[k] << (d - k));
    let detail = match (unequal, walls) {
        (Some(n), _) => format!("one of the {} sides of interior vertices has {n} regions, another {each}", 1u32 << d),
        (None, Some(k)) => format!("vertices on {k} wall(s) are not met equally often from their sides"),
        (None, None) => format!("{each} interior vertices, each met from all {} sides", 1u32 << d),
    };
    Identity::new(name, unequal.is_none() && walls.is_none(), detail)
}

fn volume(counts: &Counts, bounded: bool, volumes: bool) -> Identity {
    let name = "volume";
    if !bounded {
        return Identity::not_applicable(name, "an unbounded domain");
    }
    if !volumes {
        return Identity::not_applicable(name, "volumes were not summed");
    }
    let off = counts.volume.abs_diff(1 << 100);
    let (off_by, bound) = (off as f64 * VOLUME_UNIT, counts.volume_error as f64 * VOLUME_UNIT);
    let detail = format!("the regions' volumes add up to the domain's within {off_by:.1e}; the bound is {bound:.1e}");
    // A bound as large as a region's share would prove nothing.
    if bound > 0.5 / counts.regions.max(1) as f64 {
        return Identity::not_applicable(
            name,
            format!("the bound of the sum, {bound:.1e}, exceeds half a mean region"),
        );
    }
    Identity::new(name, off <= counts.volume_error, detail)
}

fn one_layer(counts: &Counts, d: usize, layer: &OneLayer) -> Identity {
    let name = "one-hidden-layer";
    let (n, d) = match layer {
        OneLayer::Not(why) => return Identity::not_applicable(name, why.clone()),
        OneLayer::Planes(n, _) => (*n, d as u64),
    };
    if counts.degenerate > 0 || counts.coincident.iter().any(|&k| k > 0) {
        return Identity::not_applicable(name, "more hyperplanes meet in a point than inputs");
    }
    if let OneLayer::Planes(_, Some(why)) = layer {
        return Identity::not_applicable(name, why.clone());
    }
    let (regions, faces) = (choose_up_to(n, d), 2 * n * choose_up_to(n - 1, d - 1));
    let found: u64 = counts.interior.iter().enumerate().map(|(k, m)| k as u64 * m).sum();
    let detail = format!("{} regions and {found} faces; the closed form gives {regions} and {faces}", counts.regions);
    Identity::new(name, counts.regions == regions && found == faces, detail)
}

/// Whether a network is one hidden layer in the whole space, with its hyperplanes in general position.
pub fn one_layer_of(walker: &Walker, bounds: &Bounds, stages: &Stages) -> OneLayer {
    let not = |why: &str| OneLayer::Not(why.into());
    let [stage] = &stages.list[..] else { return not("more than one layer with units, or none") };
    if bounds.is_bounded() {
        return not("a bounded domain");
    }
    let Kind::Rows(rows) = &stage.kind else { return not("a layer of groups") };
    let (d, n) = (walker.dimension() as u64, rows.unit.len() as u64);
    if n < d {
        return not("fewer hyperplanes than inputs");
    }
    let but = |why: &str| OneLayer::Planes(n, Some(why.into()));
    if choose(n, d) > SUBSETS {
        return but("too many hyperplanes to see whether they are in general position");
    }
    let empty = walker.layout().empty();
    let normals: Option<Vec<Vec<Rational>>> = (rows.unit.iter())
        .map(|&u| {
            let mut form = walker.exact_form(&empty, stage.source, u as usize)?;
            form.pop();
            Some(form)
        })
        .collect();
    let Some(normals) = normals else { return but("exact normals would take more than their budget") };
    if !independent(&normals, d as usize) {
        return but("the hyperplanes are not in general position");
    }
    OneLayer::Planes(n, None)
}

/// Whether every `d` of the normals are linearly independent: by floating point where its error bound decides, else
/// exactly.
fn independent(normals: &[Vec<Rational>], d: usize) -> bool {
    let rounded: Vec<Vec<f64>> = (normals.iter())
        .map(|row| {
            let row: Vec<f64> = row.iter().map(|a| a.to_f64().value()).collect();
            let length = row.iter().map(|a| a * a).sum::<f64>().sqrt();
            row.iter().map(|a| a / length).collect()
        })
        .collect();
    let mut chosen: Vec<usize> = (0..d).collect();
    loop {
        let mut m: Vec<Vec<f64>> = chosen.iter().map(|&i| rounded[i].clone()).collect();
        let size = eliminate(&mut m).abs();
        let certain = size > 1e-13 * ((d * d * d) << d) as f64;
        if !certain {
            let mut m: Vec<Vec<Rational>> = chosen.iter().map(|&i| normals[i].clone()).collect();
            if singular(&mut m) {
                return false;
            }
        }
        let Some(k) = (0..d).rev().find(|&k| chosen[k] + d - k < normals.len()) else { return true };
        chosen[k] += 1;
        (k + 1..d).for_each(|j| chosen[j] = chosen[j - 1] + 1);
    }
}

/// The determinant, by elimination with row interchanges.
fn eliminate(m: &mut [Vec<f64>]) -> f64 {
    let (d, mut product) = (m.len(), 1.0);
    for k in 0..d {
        let pivot = (k..d).max_by(|&a, &b| m[a][k].abs().total_cmp(&m[b][k].abs())).unwrap_or(k);
        m.swap(k, pivot);
        product *= m[k][k];
        if m[k][k] == 0.0 {
            return 0.0;
        }
        for i in k + 1..d {
            let factor = m[i][k] / m[k][k];
            (k..d).for_each(|j| m[i][j] -= factor * m[k][j]);
        }
    }
    product
}

fn singular(m: &mut [Vec<Rational>]) -> bool {
    let d = m.len();
    for k in 0..d {
        let Some(pivot) = (k..d).find(|&i| !m[i][k].is_zero()) else { return true };
        m.swap(k, pivot);
        for i in k + 1..d {
            let factor = &m[i][k] / &m[k][k];
            for j in k..d {
                let term = &factor * &m[k][j];
                m[i][j] -= term;
            }
        }
    }
    false
}

fn plane(counts: &Counts, names: &Names, d: usize, bounded: bool, unmet: Option<String>) -> Identity {
    let name = "plane-mean-four";
    if d != 2 || !bounded {
        return Identity::not_applicable(name, "two inputs and a bounded domain only");
    }
    if let Some(why) = unmet {
        return Identity::not_applicable(name, why);
    }
    let (faces, regions, corners) = (sum(&counts.total), counts.regions, names.corners);
    let (right, and) = match corners {
        4 => (4 * regions, String::new()),
        n => (4 * regions + n - 4, format!(", and the {n} corners of the domain less four")),
    };
    Identity::new(name, faces == right, format!("{faces} faces in all, four times {regions} regions{and}"))
}

fn space(counts: &Counts, names: &Names, d: usize, bounded: bool, unmet: Option<String>) -> Identity {
    let name = "space-face-sum";
    if d != 3 || !bounded {
        return Identity::not_applicable(name, "three inputs and a bounded domain only");
    }
    if let Some(why) = unmet {
        return Identity::not_applicable(name, why);
    }
    let v = &counts.distinct;
    // Of simple cells in space, faces are 2 and half the vertices; the corners of the domain are each in one cell.
    let half = names.corners / 2;
    let right = 2 * counts.regions + 4 * v[0] + 2 * v[1] + v[2] + half;
    let detail = format!(
        "{} faces in all; 2·{} + 4·{} + 2·{} + {} + {half} = {right}",
        sum(&counts.total),
        counts.regions,
        v[0],
        v[1],
        v[2]
    );
    Identity::new(name, sum(&counts.total) == right, detail)
}

fn euler(counts: &Counts, d: usize, bounded: bool, unmet: Option<String>) -> Identity {
    let name = "euler";
    if d > 3 || !bounded {
        return Identity::not_applicable(
            name,
            "up to three inputs and a bounded domain: else not all cells are counted",
        );
    }
    if let Some(why) = unmet {
        return Identity::not_applicable(name, why);
    }
    let vertices: u64 = counts.distinct.iter().sum();
    // Of the d lines through a vertex, one per hyperplane left out, those that leave out a wall end there.
    let ends: u64 = counts.distinct.iter().enumerate().map(|(k, n)| (2 * d - k) as u64 * n).sum();
    let faces = sum(&counts.interior) / 2 + sum(&counts.walls);
    let cells: Vec<u64> = match d {
        1 => vec![vertices, counts.regions],
        2 => vec![vertices, faces, counts.regions],
        _ => vec![vertices, ends / 2, faces, counts.regions],
    };
    let signed = cells.iter().enumerate().map(|(k, &n)| if k % 2 == 0 { n as i64 } else { -(n as i64) });
    let value: i64 = signed.sum();
    let odd = d > 1 && ends % 2 == 1;
    let detail = format!("cells by dimension {cells:?}, alternating sum {value}");
    Identity::new(name, value == 1 && !odd, detail)
}

fn sum(histogram: &[u64]) -> u64 {
    histogram.iter().enumerate().map(|(k, n)| k as u64 * n).sum()
}

fn choose(n: u64, k: u64) -> u64 {
    (0..k).fold(1u64, |c, i| c.saturating_mul(n - i) / (i + 1))
}

fn choose_up_to(n: u64, k: u64) -> u64 {
    (0..=k.min(n)).map(|i| choose(n, i)).sum()
}
