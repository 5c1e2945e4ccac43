//! Small networks of every kind that the float path could get wrong: all activations, groups, quantised weights, no
//! biases, units that are copies, multiples or opposites of others, dead units, shortcuts.

use super::{Builder, Numbers};
use polyaudit::ir::{Curve, Max, Network, Op};

/// How a layer's numbers are drawn.
#[derive(Clone, Copy, PartialEq)]
enum Draw {
    Plain,
    /// Multiples of 1/2 between −1 and 1: parallels, coincidences, hyperplanes through corners.
    Coarse,
    /// No biases.
    Central,
    /// Every second unit is a multiple of the one before; the last is zero.
    Copies,
}

fn layer(builder: &mut Builder, rows: usize, cols: usize, draw: Draw, numbers: &mut Numbers) {
    let mut number = |scale: f64| {
        let x = numbers.next();
        if draw == Draw::Coarse { (2.0 * x).round() / 2.0 } else { f64::from((scale * x) as f32) }
    };
    let mut weight: Vec<f64> = (0..rows * cols).map(|_| number(1.0)).collect();
    let mut bias: Vec<f64> = (0..rows).map(|_| if draw == Draw::Central { 0.0 } else { number(0.4) }).collect();
    if draw == Draw::Copies {
        for i in (1..rows).step_by(2) {
            let factor = [1.0, -1.0, 2.0, -0.5][(i / 2) % 4];
            (0..cols).for_each(|j| weight[i * cols + j] = factor * weight[(i - 1) * cols + j]);
            bias[i] = factor * bias[i - 1];
        }
        weight[(rows - 1) * cols..].fill(0.0);
        bias[rows - 1] = 0.0;
    }
    builder.dense(weight, bias);
}

/// The networks of one seed, with names.
pub fn zoo(seed: u64) -> Vec<(String, Network)> {
    let curves = [
        ("relu", Curve::relu()),
        ("leaky", Curve::leaky(0.1).expect("leaky")),
        ("abs", Curve::leaky(-1.0).expect("abs")),
        ("clip", Curve::clip(-0.25, 0.5).expect("clip")),
        ("shrink", Curve::new(&[-0.25, 0.25], &[1.0, 0.0, 1.0], &[0.25, 0.0, -0.25]).expect("shrink")),
    ];
    let draws = [Draw::Plain, Draw::Coarse, Draw::Central, Draw::Copies];
    let mut all = vec![];
    for (k, draw) in draws.into_iter().enumerate() {
        for (c, (name, curve)) in curves.iter().enumerate() {
            let mut numbers = Numbers::new(100 * seed + 10 * k as u64 + c as u64);
            let d = 1 + (seed as usize + c + k) % 3;
            let mut builder = Builder::new(d);
            let widths = if curve.pieces() > 2 { [4, 3] } else { [6, 4] };
            layer(&mut builder, widths[0], d, draw, &mut numbers);
            builder.curve(curve.clone());
            layer(&mut builder, widths[1], widths[0], draw, &mut numbers);
            builder.curve(curve.clone());
            if c == 0 {
                let shortcut = builder.last() - 2;
                layer(&mut builder, widths[0], widths[1], draw, &mut numbers);
                let sources = vec![builder.last(), shortcut];
                builder.push(widths[0], Op::Sum(sources));
                builder.relu();
            }
            let last = [widths[1], widths[0]][usize::from(c == 0)];
            layer(&mut builder, 1, last, Draw::Plain, &mut numbers);
            all.push((format!("{name}, draw {k}, d={d}"), builder.build()));
        }
        let mut numbers = Numbers::new(100 * seed + 10 * k as u64 + 9);
        let d = 1 + (seed as usize + k) % 3;
        let mut builder = Builder::new(d);
        layer(&mut builder, 7, d, draw, &mut numbers);
        let source = builder.last();
        // Groups that overlap, one with an element twice, one with a single candidate.
        let candidates = vec![0, 1, 2, 2, 3, 4, 3, 5, 5, 6];
        builder.push(4, Op::Max(Max { source, starts: vec![0, 3, 7, 9, 10], candidates }));
        layer(&mut builder, 4, 4, draw, &mut numbers);
        builder.relu();
        let source = builder.last();
        builder.push(1, Op::Max(Max { source, starts: vec![0, 4], candidates: vec![0, 1, 2, 3] }));
        all.push((format!("max, draw {k}, d={d}"), builder.build()));
    }
    all
}
