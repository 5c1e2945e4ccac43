//! The frame of every page, and the parts that pages share.

use crate::report::chart::{self, escape};

/// A whole page.
pub fn page(title: &str, body: &str) -> String {
    let version = env!("CARGO_PKG_VERSION");
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
        <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
        <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n\
        <link rel=\"icon\" href=\"data:,\">\n<title>{}: polyaudit</title>\n<style>\n{}{}</style>\n</head>\n<body>\n<main>\n{body}\
        <footer>Written by polyaudit {version}. This page loads nothing from elsewhere.</footer>\n</main>\n<script>\n{}</script>\n</body>\n</html>\n",
        escape(title),
        chart::STYLE,
        include_str!("style.css"),
        include_str!("script.js"),
    )
}

/// A row of figures, each with what it is.
pub fn figures(rows: &[(String, String)]) -> String {
    let item =
        |(value, what): &(String, String)| format!("<li><b>{}</b><span>{}</span></li>\n", escape(value), escape(what));
    format!("<ul class=\"figures\">\n{}</ul>\n", rows.iter().map(item).collect::<String>())
}

/// A cell of a table.
pub enum Cell {
    /// Text, still to be escaped.
    Text(String),
    /// Text, and what stands under it in smaller type.
    Below(String, String),
    /// A word whose class shows how it turned out.
    Outcome(String),
}

impl From<String> for Cell {
    fn from(text: String) -> Cell {
        Cell::Text(text)
    }
}

/// A dotted path may end its line after any of its words.
fn breakable(text: &str) -> String {
    let path = text.contains(['.', '_'])
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._".contains(&b));
    if path && text.bytes().any(|b| b.is_ascii_lowercase()) {
        text.replace('.', ".<wbr>").replace('_', "_<wbr>")
    } else {
        text.into()
    }
}

/// A table; columns after the first `names` hold numbers.
pub fn table(head: &[&str], names: usize, rows: Vec<Vec<Cell>>) -> String {
    let class = |k: usize| if k < names { " class=\"name\"" } else { " class=\"n\"" };
    let cell = |cell: &Cell| match cell {
        Cell::Text(text) => breakable(&escape(text)),
        Cell::Below(text, below) => format!("{}<br><small>{}</small>", escape(text), escape(below)),
        Cell::Outcome(word) => format!("<span class=\"outcome-{0}\">{0}</span>", escape(word)),
    };
    let mut out = String::from("<div class=\"scroll\"><table>\n<thead><tr>");
    head.iter().enumerate().for_each(|(k, h)| out += &format!("<th{}>{}</th>", class(k), escape(h)));
    out += "</tr></thead>\n<tbody>\n";
    for row in rows {
        let cells: String = row.iter().enumerate().map(|(k, c)| format!("<td{}>{}</td>", class(k), cell(c))).collect();
        out += &format!("<tr>{cells}</tr>\n");
    }
    out + "</tbody></table></div>\n"
}
