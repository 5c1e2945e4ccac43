//! The words of the page, explained.

use crate::report::chart::escape;

#[rustfmt::skip]
const WORDS: [(&str, &str); 12] = [
    ("region", "A polytope of inputs on which every unit stays on one piece of its activation: the network is affine there. Neighbours with the same affine function are still two regions."),
    ("face", "A side of a region, of one dimension less than the region. Counted exactly."),
    ("interior face", "A face on the hyperplane of a unit; shared by exactly two regions."),
    ("wall", "A face on the boundary of the audited domain."),
    ("total", "Interior faces and walls together."),
    ("domain", "The part of the input space that is audited. Every number depends on it."),
    ("d", "The number of free inputs. A box in d dimensions has 2d faces, so “at most 2d” means: no more sides than a box."),
    ("weight", "What one count stands for: region (each region once, by enumeration), volume (each uniform sample once, so large regions weigh more), point (each given data point once). The means differ; neither approximates the other."),
    ("p95", "The number of faces that 95 of 100 do not exceed."),
    ("null model", "What hyperplanes in random position would give in the same domain; what lies on it is combinatorics, what leaves it belongs to this model."),
    ("decision boundary", "Where the largest output changes, or a single output changes its sign."),
    ("95 % interval", "The range in which the true mean lies, in 95 of 100 such samplings."),
];

/// The section.
pub fn section() -> String {
    let word = |(word, text): &(&str, &str)| format!("<dt>{}</dt><dd>{}</dd>\n", escape(word), escape(text));
    let words: String = WORDS.iter().map(word).collect();
    format!("<section class=\"glossary\">\n<h2>Words</h2>\n<dl>\n{words}</dl>\n</section>\n")
}
