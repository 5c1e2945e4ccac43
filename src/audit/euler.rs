//! The Euler characteristic of each unit's bent hyperplane within the closed domain, of two and three inputs.
//!
//! Contract: vertices − edges + two-dimensional faces, from counts of a complete enumeration in general position. On the
//! surface of a source every vertex has two edges per hyperplane or wall left out but for the source itself, of which
//! those that leave a wall end there: 2(d − 1) less one per wall. A unit of several breakpoints has their sum, because
//! they are disjoint. A line through a box has 1, a closed curve 0, a sphere 2, a closed surface with g handles 2 − 2g.

use crate::explore::{Exploration, Method, State};
use crate::ir::NodeId;
use std::collections::BTreeMap;

/// By unit (nodes as the model has them), or which assumption fails.
pub fn characteristics(found: &Exploration, shift: usize) -> Result<BTreeMap<(NodeId, usize), i64>, String> {
    let d = found.dimension;
    if d != 2 && d != 3 {
        return Err("they are counted for two and three inputs".into());
    }
    if found.method != Method::Enumerate || found.state != State::Complete {
        return Err("not every region was counted".into());
    }
    let shape = found.shape.as_ref().ok_or("the regions were enumerated without their vertices")?;
    if found.unbounded.is_some() {
        return Err("the domain is unbounded".into());
    }
    if let Some(why) = &shape.special {
        return Err(format!("not in general position: {why}"));
    }
    let mut out = BTreeMap::new();
    for (id, sides, vertices) in &shape.sources {
        let points: i64 = vertices.iter().map(|&n| n as i64).sum();
        let cells = (*sides / 2) as i64;
        let of = match d {
            2 => points - cells,
            _ => {
                let ends: i64 = vertices.iter().zip([4, 3, 2]).map(|(&n, degree)| n as i64 * degree).sum();
                points - ends / 2 + cells
            }
        };
        *out.entry((id.node as usize - shift, id.unit as usize)).or_insert(0) += of;
    }
    Ok(out)
}
