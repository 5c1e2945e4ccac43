//! The partition of a plane: regions coloured by number of faces, boundaries by layer, the decision boundary.
//!
//! Colours are samples of viridis, which stays ordered for every kind of colour vision and in grey. Edges are white,
//! thinner and more broken from layer to layer; the decision boundary is vermilion in a white casing.

use super::super::Partition;
use super::axis::ticks;
use super::{escape, number, place};

/// Viridis in ten steps, as red, green, blue.
pub const COLOURS: [[u8; 3]; 10] = [
    [68, 1, 84],
    [72, 40, 120],
    [62, 73, 137],
    [49, 104, 142],
    [38, 130, 142],
    [31, 158, 137],
    [53, 183, 121],
    [110, 206, 88],
    [181, 222, 43],
    [253, 231, 37],
];

/// Side of the square in which the partition is drawn.
const SIDE: f64 = 560.0;

/// Width and dashes of a layer's edges, from the first layer on.
const EDGES: [(&str, &str); 4] = [("2.2", ""), ("1.4", "10 2"), ("1.1", "5 2.5"), ("0.9", "2 2")];

/// Colour of a share between 0 and 1.
pub fn colour(share: f64) -> String {
    let at = share.clamp(0.0, 1.0) * (COLOURS.len() - 1) as f64;
    let k = (at as usize).min(COLOURS.len() - 2);
    let mix = |c: usize| {
        let (a, b) = (f64::from(COLOURS[k][c]), f64::from(COLOURS[k + 1][c]));
        (a + (at - k as f64) * (b - a)).round() as u8
    };
    format!("#{:02x}{:02x}{:02x}", mix(0), mix(1), mix(2))
}

/// The numbers of faces that occur, ascending.
pub fn face_counts(picture: &Partition) -> Vec<usize> {
    let mut counts: Vec<usize> = picture.polygons.iter().filter_map(|p| p.faces.map(|[i, w]| i + w)).collect();
    counts.sort_unstable();
    counts.dedup();
    counts
}

/// Where a number of faces lies between the fewest and the most.
pub fn share(counts: &[usize], n: usize) -> f64 {
    match (counts.first(), counts.last()) {
        (Some(&first), Some(&last)) if last > first => (n - first) as f64 / (last - first) as f64,
        _ => 0.5,
    }
}

/// Draws the partition; with `titles`, each polygon says by itself what it is (files without a script).
pub fn partition(picture: &Partition, titles: bool) -> String {
    let [[x0, x1], [y0, y1]] = picture.frame;
    // Room for the labels of the ticks, at the larger type of narrow screens, and for the title beside them.
    let longest = ticks([y0, y1], 6).into_iter().map(|t| number(t).chars().count()).max().unwrap_or(0);
    let (left, top) = (f64::max(84.0, 46.0 + 12.0 * longest as f64), 14.0);
    let px = |x: f64| left + (x - x0) / (x1 - x0) * SIDE;
    let py = |y: f64| top + SIDE - (y - y0) / (y1 - y0) * SIDE;
    let point = |p: &[f64; 2]| format!("{} {}", place(px(p[0])), place(py(p[1])));
    let present = face_counts(picture);
    let legend = 20.0 * (picture.layers.len() + usize::from(picture.decision_label.is_some())) as f64;
    let height = if titles { 710.0 + legend } else { 646.0 };
    let mut out = format!(
        "<svg class=\"chart partition\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{} regions, coloured by number of faces\">\n<style>",
        place(left + 566.0),
        place(height),
        picture.polygons.len()
    );
    present.iter().for_each(|&n| out += &format!(".f{n}{{fill:{0};stroke:{0}}}", colour(share(&present, n))));
    out += ".regions path{stroke-width:.6;vector-effect:non-scaling-stroke}</style>\n";
    out += &axes(picture, left, top, px, py);
    out += &format!(
        "<svg class=\"view\" x=\"{left}\" y=\"{top}\" width=\"{SIDE}\" height=\"{SIDE}\" viewBox=\"{left} {top} {SIDE} {SIDE}\" data-home=\"{left} {top} {SIDE} {SIDE}\">\n<g class=\"regions\">\n"
    );
    for polygon in &picture.polygons {
        let class = polygon.faces.map_or("undecided".to_string(), |[i, w]| format!("f{}", i + w));
        let outline: Vec<String> = polygon.vertices.iter().map(point).collect();
        let outline = outline.join("L");
        match titles {
            false => out += &format!("<path class=\"{class}\" d=\"M{outline}Z\"/>\n"),
            true => {
                let names: Vec<&str> = polygon.units.iter().map(|&u| picture.units[u].as_str()).collect();
                let words = match polygon.faces {
                    Some([i, w]) => format!("{} faces ({i} interior, {w} walls): {}", i + w, names.join(", ")),
                    None => "undecided".into(),
                };
                out += &format!("<path class=\"{class}\" d=\"M{outline}Z\"><title>{}</title></path>\n", escape(&words));
            }
        }
    }
    out += "</g>\n";
    for (layer, name) in picture.layers.iter().enumerate().rev() {
        let runs: String = (picture.edges.iter().filter(|e| e.layer == layer))
            .map(|e| format!("M{}L{}", point(&e.ends[0]), point(&e.ends[1])))
            .collect();
        out += &format!(
            "<path class=\"edge\" data-layer=\"{layer}\" {} d=\"{runs}\"><title>{}</title></path>\n",
            pen(layer),
            escape(name)
        );
    }
    if picture.decision_label.is_some() {
        let runs: String = picture.decision.iter().map(|[a, b]| format!("M{}L{}", point(a), point(b))).collect();
        out += &format!(
            "<g data-layer=\"decision\"><path class=\"casing\" d=\"{runs}\"/><path class=\"decision\" d=\"{runs}\"/></g>\n"
        );
    }
    out += "</svg>\n";
    if titles {
        out += &keys(picture, &present);
    }
    out + "</svg>\n"
}

/// Stroke of a layer's edges.
fn pen(layer: usize) -> String {
    let (width, dashes) = EDGES[layer.min(EDGES.len() - 1)];
    let dashes = if dashes.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{dashes}\"") };
    format!("stroke-width=\"{width}\"{dashes}")
}

fn axes(picture: &Partition, left: f64, top: f64, px: impl Fn(f64) -> f64, py: impl Fn(f64) -> f64) -> String {
    let mut out = format!("<rect class=\"rule\" x=\"{left}\" y=\"{top}\" width=\"{SIDE}\" height=\"{SIDE}\"/>");
    for tick in ticks(picture.frame[0], 6) {
        out += &format!(
            "<text class=\"tick\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            place(px(tick)),
            place(top + SIDE + 32.0),
            number(tick)
        );
    }
    for tick in ticks(picture.frame[1], 6) {
        out += &format!(
            "<text class=\"tick\" x=\"{}\" y=\"{}\" dy=\".32em\" text-anchor=\"end\">{}</text>",
            place(left - 8.0),
            place(py(tick)),
            number(tick)
        );
    }
    out += &format!(
        "<text class=\"title\" x=\"{}\" y=\"{}\" text-anchor=\"middle\">{}</text><text class=\"title\" transform=\"translate(22 {}) rotate(-90)\" text-anchor=\"middle\">{}</text>\n",
        place(left + SIDE / 2.0),
        place(top + SIDE + 60.0),
        escape(&picture.axes[0]),
        place(top + SIDE / 2.0),
        escape(&picture.axes[1])
    );
    out
}

/// Legends under the picture.
fn keys(picture: &Partition, present: &[usize]) -> String {
    let mut out = String::from("<text x=\"74\" y=\"672\">faces</text>\n");
    let every = present.len().div_ceil(14).max(1);
    for (k, &n) in present.iter().step_by(every).enumerate() {
        let x = 124.0 + 34.0 * k as f64;
        out += &format!(
            "<rect fill=\"{}\" x=\"{x}\" y=\"660\" width=\"14\" height=\"14\"/><text x=\"{}\" y=\"672\">{n}</text>\n",
            colour(share(present, n)),
            x + 17.0
        );
    }
    for (layer, name) in picture.layers.iter().enumerate() {
        let y = 696.0 + 20.0 * layer as f64;
        out += &format!(
            "<rect fill=\"#31688e\" x=\"74\" y=\"{}\" width=\"40\" height=\"12\"/><path class=\"edge\" {} d=\"M74 {y}L114 {y}\"/><text x=\"124\" y=\"{}\">{}</text>\n",
            y - 6.0,
            pen(layer),
            y + 4.0,
            escape(name)
        );
    }
    if let Some(label) = &picture.decision_label {
        let y = 696.0 + 20.0 * picture.layers.len() as f64;
        out += &format!(
            "<path class=\"decision\" d=\"M74 {y}L114 {y}\"/><text x=\"124\" y=\"{}\">{}</text>\n",
            y + 4.0,
            escape(label)
        );
    }
    out
}

/// Stroke of a layer's edges, for legends elsewhere.
pub fn sample(layer: usize) -> String {
    format!(
        "<svg class=\"chart key\" viewBox=\"0 0 40 12\" width=\"40\" height=\"12\" aria-hidden=\"true\"><rect fill=\"#31688e\" width=\"40\" height=\"12\"/><path class=\"edge\" {} d=\"M0 6L40 6\"/></svg>",
        pen(layer)
    )
}
