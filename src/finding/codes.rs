//! The registry of finding codes: what each means, why it matters, what to do. `polyaudit explain` and `docs/codes.md`
//! are made of it.
//!
//! Contract: sorted by name; a code is added by one more entry of [`CODES`], and none is renamed or removed.

use super::Severity;

/// A kind of finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// Stable kebab-case name.
    pub name: &'static str,
    /// Severity, unless `polyaudit.yaml` says otherwise.
    pub severity: Severity,
    /// One line.
    pub title: &'static str,
    /// What it means, why it matters, what to do.
    pub text: &'static str,
}

const fn entry(name: &'static str, severity: Severity, title: &'static str, text: &'static str) -> Code {
    Code { name, severity, title, text }
}

use Severity::{Error, Info, Warning};

/// All codes.
#[rustfmt::skip]
pub const CODES: &[Code] = &[
    entry("always-active-units", Info, "Units are active everywhere in the domain",
        "Their pre-activation is above the breakpoint in every region, proven by enumeration or by bounds over the domain: there they compute a linear function and make no face. A layer without them computes the same. `attribution.always_active` lists them all. With another domain the list is another one."),
    entry("certificate-failed", Error, "A certificate of the face engine did not hold",
        "The independent check of `--certify` or `--certificates` did not accept the proof of a verdict. The verdict was taken back: its region counts as undecided and is in no histogram, so the other numbers stand. This is a defect of polyaudit: please report the model, its domain and the settings."),
    entry("constant-output", Info, "An output does not depend on the input",
        "The graph has an output that is the same for every input, or that depends only on inputs that are held. It has no boundaries and adds none to the regions. Often it is a leftover of the export, such as a shape or a stored parameter."),
    entry("coverage-low", Warning, "Most regions have not been seen",
        "At least half of the last samples met a region that no earlier sample had met: the distinct regions that were found are a small part of those that exist. Statistics weighted by volume stand with their intervals; `regions_found` says little about the number of regions. Take more samples, a smaller domain, or enumerate."),
    entry("data-inputs-held", Info, "Inputs that are constant in the data are held",
        "With `--domain data` the domain is the smallest box that holds the data points. An input with the same value in every row leaves no room: it is held at that value and not counted among the free inputs. State a box with `--domain LO,HI` to let it move."),
    entry("dead-units", Warning, "Units are active nowhere in the domain",
        "Their pre-activation is below the breakpoint in every region, proven by enumeration or by bounds over the domain, so that they make no face and, behind a ReLU, contribute nothing: dead weight. `attribution.never_active` lists them all. Many of them can mean that the domain is not the one the model was trained for, that inputs are scaled otherwise, or that training killed the units. What samples merely did not show is listed apart and is no finding."),
    entry("domain-not-stated", Warning, "The domain was not stated",
        "Every number of the report depends on the part of the input space that is audited. None was given, and [-1, 1] was assumed for every input. State the range that your inputs have after preprocessing: `--domain LO,HI`, `--domain FILE`, or `domain` in polyaudit.yaml."),
    entry("enumerated-by-crossing", Info, "The enumeration went from region to region across faces",
        "The faster enumeration, which splits cells on their vertices, did not finish this network: too many half-spaces meet in a vertex, or a sign could not be decided in its arithmetic. The whole domain was enumerated again by crossing faces, with certified verdicts. The numbers are as exact; only the time was longer."),
    entry("enumeration-given-up", Info, "The regions were sampled because enumerating them takes too long",
        "Without `--method`, networks of few inputs are enumerated, unless that meets more regions than `--max-regions` or takes more work than sampling is worth waiting for. What had been counted by then is dropped, for it is no fair sample, and the report is that of uniform samples, with intervals. `--method sample` goes to them directly; `--method enumerate` counts all regions up to `--max-regions`, or as many as `--time-limit` allows; a smaller domain or a slice has fewer."),
    entry("found-weight-biased", Warning, "The histogram is that of the regions met, a biased choice",
        "`--weight found` counts each distinct region that samples or data points met once, as published experiments do. Regions that hold more of the volume, or of the data, are met first, and large regions have more faces than small ones, so that the mean mostly lies above the one over all regions, and it changes with the number of samples. The block `weights` holds it beside the same run counted per sample. Use it to compare with results of the same protocol; otherwise enumerate, or use `--weight volume`."),
    entry("identically-on-breakpoint", Info, "A unit is identically on its breakpoint in some region",
        "Its pre-activation is constantly equal to a breakpoint over a whole region, typically 0 because all units before it are off or its weights are zero. It draws no boundary there and counts as being on the lower piece. Pruned, quantised and lattice networks have many; elsewhere it can show dead weight."),
    entry("identity-violated", Error, "A self-check of the enumeration failed",
        "A relation that every complete enumeration satisfies does not hold, so the count cannot be trusted. The report is marked partial. This is a defect of polyaudit: please report the model, its domain and the settings."),
    entry("limit-broken", Error, "A limit of polyaudit.yaml does not hold",
        "A number of `summary` is beyond a limit, is missing, or is only a bound that cannot show the limit to hold (a partial enumeration's `regions_found` can break a maximum and never meet one). The rows of `checks.limits` say which. Change the model, the limit, or audit with a larger budget."),
    entry("not-complete", Error, "The configuration requires a complete audit",
        "`require_complete: true` is set and the audit is partial: a budget ran out, a region stayed undecided, or a self-check failed. `status.reason` says which. Give it a larger budget, or a smaller domain."),
    entry("not-in-general-position", Info, "The network is not in general position",
        "Closed forms for numbers of regions and faces assume that hyperplanes meet as random ones do: no unit without a hyperplane, no two with the same, none parallel, no more than d through a vertex. `checks.general_position` counts the departures and names the units. The counts of this report are exact all the same; statements of theory that assume general position are not applicable. Pruned, quantised and hand-made networks depart from it; elsewhere duplicates show redundant units."),
    entry("one-region-sampled", Warning, "All samples fell in one region",
        "Every sample met the same region, so every interval has width zero: it describes the sampling, not a certainty that there is nothing else. What the samples did not meet is unknown; `attribution.not_seen_active` lists the units that no sample switched on. Take more samples, a larger domain, or data points (`--points`). If the domain is the intended one, the network is affine on most of it, which can mean that inputs are scaled otherwise than in training."),
    entry("part-of-a-run", Info, "The report is that of one shard",
        "It was made with `--shard I/N`: every number is that of one part of the tree of splits, and says nothing of the whole. `polyaudit merge` adds the reports of all parts up to the report of the whole run, with its self-checks."),
    entry("plugin-failed", Error, "A plugin gave no answer",
        "The plugin could not be started, took too long, failed, or answered with something that the protocol does not allow. The audit's own numbers are untouched; what the plugin was to say is missing, so the exit code is 2. The reason and the end of the plugin's standard error were written to standard error; `polyaudit plugins check NAME` tries it alone."),
    entry("points-left-out", Warning, "Some data points are in no count",
        "A data point is counted in the region that holds it. One outside of the domain has none; one exactly on the hyperplane of a unit belongs to several. Both are left out and counted in `summary.points_left_out`; the message names the first row of each kind. State a domain that holds the data, for example `--domain data`."),
    entry("stale-ignore", Warning, "An ignored finding does not occur",
        "An entry of `ignore` in polyaudit.yaml matched no finding of any model of this run. Either it was fixed, and the entry can go, or the entry has a wrong code, model or node and hides nothing."),
    entry("tail-cut", Info, "A final node that does not change the regions was cut",
        "The graph ends in a Softmax, Sigmoid, ArgMax or the like. It is not piecewise linear, or yields no numbers of interest, but as a strictly monotone or purely selecting last step it moves no boundary between regions: the network before it was audited."),
    entry("undecided-faces", Warning, "Some half-spaces could not be decided",
        "Neither floating point with error bounds nor the bounded exact arithmetic decided whether a half-space is a face of its region. The regions concerned are counted under `summary.undecided` and are in no histogram. Many of them mean nearly coincident hyperplanes; a smaller network, or `--output` at an earlier tensor, narrows down where."),
    entry("unsupported-operator", Error, "A node is outside the supported fragment",
        "The node computes no piecewise linear function of the inputs, or one that polyaudit does not read. Nothing was counted. docs/operators.md lists what is supported; `--output TENSOR` cuts the graph before the node, and simplifying or re-exporting the model often removes it."),
    entry("weights-extreme", Warning, "Weights of very different or very large magnitude",
        "The largest weight of a layer is beyond 1e4, or more than 1e8 times its median weight. Regions can then be too thin for the runtime's float32 arithmetic to tell apart, and training has usually gone wrong. Look at the layer's weights; a collapsed batch normalisation (variance near zero) is a common cause."),
];

/// The entry of a code.
pub fn code(name: &str) -> Option<&'static Code> {
    CODES.iter().find(|c| c.name == name)
}

/// The registered code whose spelling is nearest.
pub fn nearest(name: &str) -> &'static str {
    let by_likeness = |a: &&Code, b: &&Code| strsim::jaro(a.name, name).total_cmp(&strsim::jaro(b.name, name));
    CODES.iter().max_by(by_likeness).map_or("", |c| c.name)
}

/// All codes as a page of Markdown: `docs/codes.md`.
pub fn reference() -> String {
    let mut out = "# Findings\n\nEvery code that a report's `findings` can hold, apart from those of plugins. `polyaudit explain CODE` prints one;\n\
        `severities` and `ignore` in polyaudit.yaml change what follows from it ([review.md](review.md)).\n"
        .to_string();
    for c in CODES {
        out += &format!("\n## {}\n\n**{}.** Severity: {}.\n\n{}\n", c.name, c.title, c.severity.name(), c.text);
    }
    out
}
