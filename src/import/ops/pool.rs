//! MaxPool and AveragePool, and the window arithmetic that they share with convolutions.
//!
//! Opset history: AveragePool 7 `count_include_pad`, 10 `ceil_mode`, 19 `dilations`; MaxPool 8 `Indices`, 10 `ceil_mode`
//! and `dilations`. The Indices output is refused when it is read.

use crate::import::bounds::MOVED;
use crate::import::call::Call;
use crate::import::lower::Lowering;
use crate::import::tensor::elements;
use crate::import::value::{Computed, Refusal};
use crate::ir::{Affine, Broadcast, Conv, Linear, Max, Op};

/// A sliding window: the attributes of convolutions and pools.
pub struct Window {
    pub kernel: Vec<usize>,
    pub strides: Vec<usize>,
    pub dilations: Vec<usize>,
    begin: Vec<isize>,
    end: Vec<isize>,
    auto: String,
}

impl Window {
    /// Reads the attributes of a node whose kernel is known.
    pub fn new(call: &Call, kernel: &[usize]) -> Result<Window, Refusal> {
        let n = kernel.len();
        if kernel.contains(&0) {
            return Err(Refusal::new(format!("a kernel of shape {kernel:?} has no elements")));
        }
        let positive = |name: &str| -> Result<Vec<usize>, Refusal> {
            let values = call.ints(name).filter(|v| !v.is_empty()).unwrap_or_else(|| vec![1; n]);
            let wrong = || Refusal::new(format!("attribute {name} {values:?} does not fit a kernel of rank {n}"));
            if values.len() != n || !values.iter().all(|v| (1..=1 << 24).contains(v)) {
                return Err(wrong());
            }
            Ok(values.iter().map(|&v| v as usize).collect())
        };
        let pads = call.ints("pads").filter(|v| !v.is_empty()).unwrap_or_else(|| vec![0; 2 * n]);
        if pads.len() != 2 * n || pads.iter().any(|p| p.abs() > 1 << 24) {
            return Err(Refusal::new(format!("attribute pads {pads:?} does not fit a kernel of rank {n}")));
        }
        Ok(Window {
            kernel: kernel.to_vec(),
            strides: positive("strides")?,
            dilations: positive("dilations")?,
            begin: pads[..n].iter().map(|&p| p as isize).collect(),
            end: pads[n..].iter().map(|&p| p as isize).collect(),
            auto: call.text("auto_pad").unwrap_or_else(|| "NOTSET".into()),
        })
    }

    fn reach(&self, k: usize) -> isize {
        ((self.kernel[k] - 1) * self.dilations[k] + 1) as isize
    }

    /// Padding before each dimension and the output's spatial shape for an input's.
    pub fn fit(&self, space: &[usize], ceil: bool) -> Result<(Vec<isize>, Vec<usize>), Refusal> {
        let (mut pads, mut out) = (vec![], vec![]);
        for (k, &size) in space.iter().enumerate() {
            let (stride, reach, size) = (self.strides[k] as isize, self.reach(k), size as isize);
            let (begin, count) = match self.auto.as_str() {
                "SAME_UPPER" | "SAME_LOWER" => {
                    let count = (size + stride - 1) / stride;
                    let total = ((count - 1) * stride + reach - size).max(0);
                    let half = if self.auto == "SAME_UPPER" { total / 2 } else { total - total / 2 };
                    (half, count)
                }
                "VALID" => (0, (size - reach).div_euclid(stride) + 1),
                _ => {
                    let room = size + self.begin[k] + self.end[k] - reach;
                    let mut count =
                        if ceil { (room + stride - 1).div_euclid(stride) } else { room.div_euclid(stride) } + 1;
                    // A window that begins in the padding behind the input is dropped.
                    if ceil && (count - 1) * stride >= size + self.begin[k] {
                        count -= 1;
                    }
                    (self.begin[k], count)
                }
            };
            if count < 1 {
                return Err(Refusal::new(format!("the window is larger than its input of shape {space:?}")));
            }
            pads.push(begin);
            out.push(count as usize);
        }
        Ok((pads, out))
    }

    /// Padding and output shape of a transposed convolution.
    pub fn transposed(&self, call: &Call, space: &[usize]) -> Result<(Vec<isize>, Vec<usize>), Refusal> {
        let n = space.len();
        let extra = call.ints("output_padding").filter(|v| v.len() == n).unwrap_or_else(|| vec![0; n]);
        let wanted = call.ints("output_shape").filter(|v| v.len() >= n).map(|v| v[v.len() - n..].to_vec());
        let (mut pads, mut out) = (vec![], vec![]);
        for k in 0..n {
            let full = (space[k] as isize - 1) * self.strides[k] as isize + extra[k] as isize + self.reach(k);
            let same = self.auto.starts_with("SAME");
            let target = match &wanted {
                Some(shape) => Some(shape[k] as isize),
                None if same => Some((space[k] * self.strides[k]) as isize),
                None => None,
            };
            let (begin, size) = match target {
                Some(size) => {
                    let total = (full - size).max(0);
                    let less = if self.auto == "SAME_UPPER" || !same && self.auto != "SAME_LOWER" {
                        total / 2
                    } else {
                        total - total / 2
                    };
                    (if wanted.is_some() && !same { total - total / 2 } else { less }, size)
                }
                None => (self.begin[k], full - self.begin[k] - self.end[k]),
            };
            if !(1..=1 << 31).contains(&size) {
                return Err(Refusal::new(format!("an output of {size} elements in dimension {k}")));
            }
            pads.push(begin);
            out.push(size as usize);
        }
        Ok((pads, out))
    }

    /// Per dimension and output position, the input positions under its window.
    fn taps(&self, space: &[usize], out: &[usize], pads: &[isize]) -> Vec<Vec<Vec<usize>>> {
        let along = |k: usize, o: usize| -> Vec<usize> {
            (0..self.kernel[k])
                .map(|q| (o * self.strides[k] + q * self.dilations[k]) as isize - pads[k])
                .filter(|&p| p >= 0 && p < space[k] as isize)
                .map(|p| p as usize)
                .collect()
        };
        (0..space.len()).map(|k| (0..out[k]).map(|o| along(k, o)).collect()).collect()
    }

    /// For each output position, how many window elements fall in the padded input (for `count_include_pad`).
    fn padded(&self, space: &[usize], out: &[usize], pads: &[isize]) -> Vec<usize> {
        let mut all = vec![1usize];
        for k in 0..space.len() {
            let end = match self.auto.as_str() {
                "NOTSET" => self.end[k],
                _ => (out[k] as isize - 1) * self.strides[k] as isize + self.reach(k) - space[k] as isize - pads[k],
            };
            let limit = space[k] as isize + end.max(0);
            let along: Vec<usize> = (0..out[k])
                .map(|o| {
                    let inside = |q: &usize| ((o * self.strides[k] + q * self.dilations[k]) as isize - pads[k]) < limit;
                    (0..self.kernel[k]).filter(inside).count()
                })
                .collect();
            all = all.iter().flat_map(|a| along.iter().map(move |b| a * b)).collect();
        }
        all
    }
}

/// Lowers a pool.
pub fn lower(l: &mut Lowering, call: &Call) -> Result<Computed, Refusal> {
    let x = call.computed(0)?;
    let kernel: Vec<usize> =
        call.ints("kernel_shape").unwrap_or_default().iter().map(|&k| k.clamp(0, 1 << 24) as usize).collect();
    if kernel.is_empty() || x.shape.len() != kernel.len() + 2 {
        return Err(Refusal::new(format!("a window of shape {kernel:?} does not fit an input of shape {:?}", x.shape)));
    }
    if call.node.output.len() > 1 && l.is_read(&call.node.output[1]) {
        return Err(Refusal::new("its Indices output jumps: it is not piecewise linear"));
    }
    let window = Window::new(call, &kernel)?;
    let space = &x.shape[2..];
    let (pads, out) = window.fit(space, call.int("ceil_mode", 0) != 0)?;
    let mut shape = x.shape[..2].to_vec();
    shape.extend(&out);
    elements(&shape)?;
    let planes = x.shape[0] * x.shape[1];
    let size: usize = space.iter().product();
    let reach: u64 = kernel.iter().zip(&out).fold(0, |n: u64, (&k, &o)| n.saturating_add(k as u64 * o as u64));
    if reach > MOVED {
        return Err(Refusal::new(format!("a window of shape {kernel:?} is not supported")));
    }
    let taps = window.taps(space, &out, &pads);
    if taps.iter().flatten().any(|t| t.is_empty()) {
        return Err(Refusal::new("a window lies wholly in the padding"));
    }
    if call.node.op_type == "MaxPool" {
        let along = |k: &Vec<Vec<usize>>| k.iter().map(|t| t.len() as u64).sum::<u64>();
        let entries = taps.iter().map(along).fold(planes as u64, u64::saturating_mul);
        if entries > MOVED {
            return Err(Refusal::new(format!("chooses among {entries} elements; at most {MOVED} are supported")));
        }
        let windows = positions(&taps, space);
        let (mut starts, mut candidates) = (vec![0], vec![]);
        for plane in 0..planes {
            for window in &windows {
                candidates.extend(window.iter().map(|t| (plane * size + t) as u32));
                starts.push(candidates.len());
            }
        }
        return Ok(l.emit(call, shape, Op::Max(Max { source: x.node, starts, candidates })));
    }
    let counts: Vec<usize> = match call.int("count_include_pad", 0) {
        0 => {
            (taps.iter()).fold(vec![1], |all, k| all.iter().flat_map(|n| k.iter().map(move |t| n * t.len())).collect())
        }
        _ => window.padded(space, &out, &pads),
    };
    // A sum over a window is a convolution with ones, plane by plane.
    let divisor = Broadcast::full(counts.iter().map(|&c| c as f64).collect());
    let conv = Conv {
        batch: planes,
        groups: 1,
        small_channels: 1,
        large_channels: 1,
        small: out,
        large: space.to_vec(),
        weight: vec![1.0; kernel.iter().product()].into(),
        kernel,
        strides: window.strides,
        dilations: window.dilations,
        pads,
        transposed: false,
    };
    let op = Op::Affine(Affine { source: x.node, linear: Linear::Conv(conv), divisor: Some(divisor), bias: None });
    Ok(l.emit(call, shape, op))
}

/// For each output position, the flat input positions under its window.
fn positions(taps: &[Vec<Vec<usize>>], space: &[usize]) -> Vec<Vec<usize>> {
    taps.iter().zip(space).fold(vec![vec![0]], |all, (along, &size)| {
        let cross = |outer: &Vec<usize>, inner: &Vec<usize>| -> Vec<usize> {
            outer.iter().flat_map(|o| inner.iter().map(move |i| o * size + i)).collect()
        };
        all.iter().flat_map(|outer| along.iter().map(move |inner| cross(outer, inner))).collect()
    })
}
