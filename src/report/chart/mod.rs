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
pub use histogram::{Frame, Series, histogram};
pub use line::{Curve, lines};
pub use partition::{colour, face_counts, partition, sample, share};

use super::Report;

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
        let digits = super::table::grouped(x.abs() as u64);
        return if x < 0.0 { format!("-{digits}") } else { digits };
    }
    if x.abs() >= 1e6 || x.abs() < 1e-4 {
        return format!("{x:.3e}");
    }
    let decimals = (3 - x.abs().log10().floor() as i64).clamp(0, 7) as usize;
    let text = format!("{x:.decimals$}");
    if decimals == 0 { text } else { text.trim_end_matches('0').trim_end_matches('.').to_string() }
}

/// A name cut to `most` characters; the whole is for the chart's tooltip.
pub fn short(name: &str, most: usize) -> String {
    if name.chars().count() <= most {
        return name.to_string();
    }
    name.chars().take(most - 1).chain(['…']).collect()
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
        assert_eq!(short("abcdef", 4), "abc…");
    }
}
