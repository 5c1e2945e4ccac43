//! Charts as SVG: one function per picture, the same for a file of its own and inside the HTML report.
//!
//! Contract: every axis has a title; colours come from classes that the style sheet [`STYLE`] defines for light and
//! dark; series differ in shape or position too, never in hue alone. Deterministic bytes.

mod axis;
mod bars;
mod histogram;
mod line;
mod partition;

pub use bars::{Bar, bars};
pub use histogram::{Frame, Series, histogram, with_legend};
pub use line::{Curve, lines};
pub use partition::{colour, face_counts, partition, sample, share};

use super::Report;
use crate::finding::grouped;

/// Colours of all charts.
pub const STYLE: &str = include_str!("chart.css");

/// A chart as a file of its own.
pub fn standalone(svg: &str) -> String {
    let (head, body) = svg.split_once('>').unwrap_or((svg, ""));
    format!(
        "{head} xmlns=\"http://www.w3.org/2000/svg\">\n<style>\n{STYLE}</style>\n<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n{body}"
    )
}

/// The histogram of a report, in a frame that it may share with others.
pub fn of_report(report: &Report, frame: Option<Frame>) -> String {
    let unit = super::table::unit(report);
    let label = format!("{}: {unit}s by number of faces", report.model.file);
    histogram(&series(report), &format!("{unit}s"), &label, frame)
}

/// The two series of a report's histogram.
pub fn series(report: &Report) -> [Series<'static>; 2] {
    let rows: Vec<(u64, u64, u64)> = report.histogram.rows.iter().map(|r| r.numbers()).collect();
    let counted: f64 = rows.iter().map(|r| r.1 as f64).sum();
    // The null is one of total faces: its shares of as many regions, or samples.
    let shares = report.null_model.iter().flat_map(|m| &m.shares);
    let null = shares.map(|s| (s.faces, s.share * counted)).collect();
    [
        Series { name: "total", rows: rows.iter().map(|r| (r.0, r.1 as f64)).collect(), null },
        Series { name: "interior", rows: rows.iter().map(|r| (r.0, r.2 as f64)).collect(), null: vec![] },
    ]
}

/// Text for SVG and HTML.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // Characters that no SVG or HTML parser accepts.
            c if c.is_control() && c != '\n' && c != '\t' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// A position in a picture, to a hundredth.
pub fn place(x: f64) -> String {
    let text = format!("{x:.2}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".into() } else { text.into() }
}

/// A number for people: grouped digits, or up to four significant ones.
pub fn number(x: f64) -> String {
    if x.fract() == 0.0 && x.abs() < 1e15 {
        let digits = grouped(x.abs() as u64);
        return if x < 0.0 { format!("-{digits}") } else { digits };
    }
    if x.abs() >= 1e6 || x.abs() < 1e-4 {
        return format!("{x:.3e}");
    }
    let decimals = (3 - x.abs().log10().floor() as i64).clamp(0, 7) as usize;
    let text = format!("{x:.decimals$}");
    if decimals == 0 { text } else { text.trim_end_matches('0').trim_end_matches('.').to_string() }
}

/// A name cut in its middle to `most` characters: what tells names apart mostly stands at their end. The whole is for the
/// chart's tooltip.
pub fn short(name: &str, most: usize) -> String {
    let letters: Vec<char> = name.chars().collect();
    if letters.len() <= most {
        return name.to_string();
    }
    let head = most.saturating_sub(1) / 3;
    let tail = most.saturating_sub(1) - head;
    letters[..head].iter().chain(['…'].iter()).chain(&letters[letters.len() - tail..]).collect()
}

/// Names of one kind, each of at most `most` characters: where they do not fit, what they all begin and end with goes first.
pub fn tell_apart(names: &[&str], most: usize) -> Vec<String> {
    let fits = names.iter().all(|n| n.chars().count() <= most);
    let (mut begin, mut end) = ("", "");
    if let Some((first, rest)) = names.split_first().filter(|(_, rest)| !fits && !rest.is_empty()) {
        let common = |a: &str, b: &str| a.char_indices().zip(b.chars()).take_while(|((_, x), y)| x == y).count();
        let letters = rest.iter().map(|n| common(first, n)).min().unwrap_or(0);
        let shared = first.char_indices().nth(letters).map_or(*first, |(k, _)| &first[..k]);
        begin = shared.rfind(['/', '_', '-', '.', ' ']).map_or("", |k| &shared[..=k]);
        let ending = first.rfind('.').filter(|&k| k >= begin.len()).map_or("", |k| &first[k..]);
        let shorter = |n: &str| n.len() >= begin.len() + ending.len() && n.ends_with(ending);
        end = if names.iter().all(|n| shorter(n)) { ending } else { "" };
    }
    let middle = |n: &&str| short(&n[begin.len()..n.len() - end.len()], most);
    names.iter().map(middle).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        for (x, text) in [
            (3602.0, "3,602"),
            (0.0, "0"),
            (-12.0, "-12"),
            (8.0818, "8.082"),
            (0.629, "0.629"),
            (0.00012346, "0.0001235"),
        ] {
            assert_eq!(number(x), text);
        }
        assert_eq!((place(1.0), place(0.126), place(-0.001)), ("1".into(), "0.13".into(), "0".into()));
    }

    #[test]
    fn names_cannot_leave_their_element() {
        assert_eq!(escape("</script><b a='\u{0}'>"), "&lt;/script&gt;&lt;b a=&#39;\u{fffd}&#39;&gt;");
        assert_eq!(short("abcdef", 4), "a…ef");
        let names = ["my-model-epoch-1.onnx", "my-model-epoch-10.onnx"];
        assert_eq!(tell_apart(&names, 8), ["1", "10"]);
        let names = ["Stateful/call/dense/Relu[3]", "Stateful/call/dense_1/Relu[4]"];
        assert_eq!(tell_apart(&names, 14), ["dense/Relu[3]", "dens…1/Relu[4]"]);
        assert_eq!(tell_apart(&["fc1", "fc2"], 14), ["fc1", "fc2"]);
    }
}
