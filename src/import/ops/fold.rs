//! Col2Im: the columns of windows added up where they overlap.
//!
//! Opset history: 18. Each output element is the sum of the input elements whose window covers it. Refuses computed
//! shapes.

use crate::import::bounds::MOVED;
use crate::import::call::Call;
use crate::import::lower::{Lowering, affine};
use crate::import::tensor::{elements, integers};
use crate::import::value::{Computed, Refusal};
use crate::ir::sparse;

/// Lowers a Col2Im.
pub fn lower(l: &mut Lowering, call: &Call) -> Result<Computed, Refusal> {
    let x = call.computed(0)?;
    let list = |k: usize| -> Result<Vec<usize>, Refusal> {
        let given = call.constant(k)?.map_or(Ok(vec![]), |t| integers(&t))?;
        let fits = given.iter().all(|d| (1..=1 << 24).contains(d)) && !given.is_empty() && given.len() <= 8;
        if fits {
            Ok(given.iter().map(|&d| d as usize).collect())
        } else {
            Err(Refusal::new(format!("sizes {given:?}")))
        }
    };
    let (image, block) = (list(1)?, list(2)?);
    let n = image.len();
    let attribute = |name: &str, count: usize, least: i64, default: i64| -> Result<Vec<i64>, Refusal> {
        let given = call.ints(name).filter(|v| !v.is_empty()).unwrap_or_else(|| vec![default; count]);
        let fits = given.len() == count && given.iter().all(|v| (least..=1 << 24).contains(v));
        if fits { Ok(given) } else { Err(Refusal::new(format!("attribute {name} {given:?} does not fit its image"))) }
    };
    let strides = attribute("strides", n, 1, 1)?;
    let dilations = attribute("dilations", n, 1, 1)?;
    let pads = attribute("pads", 2 * n, 0, 0)?;
    let wrong = || Refusal::new(format!("blocks of {block:?} do not fit an input of shape {:?}", x.shape));
    let [batch, rows, columns] = x.shape[..] else { return Err(wrong()) };
    let taps = block.iter().try_fold(1usize, |n, &b| n.checked_mul(b)).ok_or_else(wrong)?;
    if block.len() != n || rows % taps != 0 {
        return Err(wrong());
    }
    // How many windows fit along each dimension.
    let mut windows = vec![];
    for k in 0..n {
        let reach = dilations[k] * (block[k] as i64 - 1) + 1;
        let room = image[k] as i64 + pads[k] + pads[n + k] - reach;
        windows.push(if room < 0 { return Err(wrong()) } else { (room / strides[k] + 1) as usize });
    }
    if windows.iter().try_fold(1usize, |n, &w| n.checked_mul(w)) != Some(columns) {
        return Err(wrong());
    }
    let channels = rows / taps;
    let mut shape = vec![batch, channels];
    shape.extend(&image);
    let count = elements(&shape)?;
    if x.len() as u64 > MOVED || count as u64 > MOVED {
        return Err(Refusal::new(format!("adds up {} elements; at most {MOVED} are supported", x.len())));
    }
    let space: usize = image.iter().product();
    let mut sums: Vec<Vec<(u32, f64)>> = vec![vec![]; count];
    for at in 0..x.len() {
        let (column, row) = (at % columns, at / columns);
        let (mut window, mut tap, mut place, mut unit) = (column, row % taps, 0usize, 1usize);
        let mut inside = true;
        for k in (0..n).rev() {
            let position = (window % windows[k]) as i64 * strides[k] + (tap % block[k]) as i64 * dilations[k] - pads[k];
            (window, tap) = (window / windows[k], tap / block[k]);
            inside &= (0..image[k] as i64).contains(&position);
            place += position.max(0) as usize * unit;
            unit *= image[k];
        }
        if inside {
            sums[row / taps * space + place].push((at as u32, 1.0));
        }
    }
    Ok(l.emit(call, shape, affine(x.node, sparse(sums))))
}
