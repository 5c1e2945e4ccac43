//! A point well inside a large region in a box, from one that is only just inside.
//!
//! Contract: every slack stays positive in float64; whether the point is certainly inside is for [`super::check`] to say.
//! A few damped Newton steps on the logarithmic barrier, their equations solved by conjugate gradients, so that no
//! matrix but the rows is ever formed.
//!
//! References: Boyd and Vandenberghe, Convex Optimization, 2004, section 9.5 (damped Newton steps); Nocedal and Wright,
//! Numerical Optimization, 2nd ed., section 7.1 (inexact Newton steps by conjugate gradients).

use super::check::Check;
use super::kernel::{axpy, dot};
use super::observer::Observer;
use super::rows::Halfspaces;
use super::tolerances::{BOX_CENTRING, CENTRED, STEP_SHARE};

/// Iterations of conjugate gradients in one step.
const INNER: usize = 40;

/// Share of the first residual at which they end: the direction need not be exact.
const ROUGH: f64 = 1e-2;

/// The centre, or nearer to it than the interior point of `check`.
pub(super) fn centre(h: &Halfspaces, check: &Check, observer: &Observer) -> Vec<f64> {
    let (d, m) = (h.dimension, h.len());
    let mut x = check.interior().to_vec();
    let mut slack = check.slack.clone();
    for _ in 0..BOX_CENTRING {
        if observer.stopped() || slack.iter().any(|s| s.is_nan() || *s <= 0.0) {
            break;
        }
        let weight: Vec<f64> = slack.iter().map(|s| 1.0 / s).collect();
        let squared: Vec<f64> = weight.iter().map(|w| w * w).collect();
        let gradient = check.combined(&weight, |a| a);
        let diagonal = check.combined(&squared, |a| a * a);
        // H p = -gradient, preconditioned by the diagonal.
        let (mut p, mut rest) = (vec![0.0; d], gradient.iter().map(|g| -g).collect::<Vec<f64>>());
        let scaled = |rest: &[f64]| -> Vec<f64> { rest.iter().zip(&diagonal).map(|(r, d)| r / d).collect() };
        let mut z = scaled(&rest);
        let mut way = z.clone();
        let mut size = dot(&rest, &z);
        let begin = size;
        for _ in 0..INNER {
            let mut image = check.forward(&way);
            image.iter_mut().zip(&squared).for_each(|(v, w)| *v *= w);
            let back = check.combined(&image, |a| a);
            let curvature = dot(&way, &back);
            if curvature.is_nan() || curvature <= 0.0 {
                break;
            }
            let length = size / curvature;
            axpy(length, &way, &mut p);
            axpy(-length, &back, &mut rest);
            z = scaled(&rest);
            let next = dot(&rest, &z);
            if next <= ROUGH * begin {
                break;
            }
            let ratio = next / size;
            size = next;
            way.iter_mut().zip(&z).for_each(|(w, z)| *w = z + ratio * *w);
        }
        let change = check.forward(&p);
        let decrement = change.iter().zip(&weight).map(|(c, w)| (c * w).powi(2)).sum::<f64>().sqrt();
        let reach = change.iter().zip(&slack).fold(0.0, |m: f64, (c, s)| m.max(c / s));
        let length = (STEP_SHARE / reach.max(STEP_SHARE)).min(1.0);
        axpy(length, &p, &mut x);
        for i in 0..m {
            slack[i] -= length * change[i];
        }
        if decrement * decrement < CENTRED {
            break;
        }
    }
    x
}
