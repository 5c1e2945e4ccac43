//! `polyaudit inspect`: the network as it was read, one line per node, as far as it could be read.

use super::{args::Inspect, output};
use crate::finding::counted;
use crate::import::{ImportError, load};
use crate::ir::{Linear, Network, NodeId, Op};
use anyhow::Result;

/// Runs the subcommand.
pub fn run(arguments: &Inspect) -> Result<u8> {
    match load(&arguments.model, &arguments.reading.options()?) {
        Ok(model) => {
            let card = &model.card;
            let mut text = format!(
                "{}: opset {}, IR {}, {}, {} bytes, sha256:{}\n",
                card.file,
                card.opset,
                card.ir_version,
                if card.producer.is_empty() { "no producer" } else { &card.producer },
                card.bytes,
                card.sha256
            );
            text += &network(&model.network);
            model.notes.iter().for_each(|note| text += &format!("note: {note}\n"));
            output::print(&text)?;
            Ok(0)
        }
        Err(error) => match &error {
            ImportError::Refused { partial, .. } => {
                if let Some(partial) = partial {
                    output::print(&network(partial))?;
                }
                offenders(&error);
                Ok(super::REFUSED)
            }
            _ => Err(error.into()),
        },
    }
}

/// Lists what stands in the way, on stderr.
pub fn offenders(error: &ImportError) {
    let ImportError::Refused { offenders, .. } = error else { return };
    let mut text = format!("error: {error}\n");
    for o in offenders {
        text += &format!("  {} at {} (output {}): {}\n    hint: {}\n", o.op, o.node, o.output, o.reason, o.hint);
    }
    output::message(&text);
}

fn network(network: &Network) -> String {
    let mut out = String::new();
    for port in &network.inputs {
        out += &format!("input {}: {} {:?}\n", port.name, port.element, port.shape);
    }
    let width = network.nodes.iter().map(|n| n.label.layer.chars().count()).max().unwrap_or(0).min(40);
    let mut parameters = 0;
    for id in 1..network.nodes.len() {
        let node = &network.nodes[id];
        let (kind, size) = describe(network, id);
        parameters += size;
        let from: Vec<String> = network.sources(id).iter().map(|s| s.to_string()).collect();
        out += &format!(
            "{id:>4}  {:width$}  {kind:<24}  {:?} from {}  ({} {})\n",
            node.label.layer,
            node.shape,
            from.join(", "),
            node.label.op,
            node.label.node
        );
    }
    for output in &network.outputs {
        out += &format!("output {}: node {} {:?}\n", output.name, output.node, output.shape);
    }
    let [units, inputs] = [network.units(), network.input_len()].map(|n| n as u64);
    let parameters = counted(parameters as u64, "parameter");
    out + &format!("{}, {parameters}, {}\n", counted(units, "unit"), counted(inputs, "input"))
}

/// What a node is, and its number of stored parameters.
fn describe(network: &Network, id: NodeId) -> (String, usize) {
    let node = &network.nodes[id];
    match &node.op {
        Op::Input => ("input".into(), 0),
        Op::Affine(a) => {
            let kind = match &a.linear {
                Linear::Identity => "shift",
                Linear::Scale(_) => "scale",
                Linear::Index(_) | Linear::Block(_) => "move",
                Linear::Dense(_) => "dense",
                // A sum over windows has ones for weights, and no parameters.
                Linear::Conv(_) if ["AveragePool", "CumSum"].contains(&node.label.op.as_str()) => "window",
                Linear::Conv(c) if c.transposed => "transposed convolution",
                Linear::Conv(_) => "convolution",
                Linear::Sparse { .. } => "mean",
            };
            let bias = a.bias.as_ref().map_or(0, |b| b.values.len());
            let weights = if kind == "window" { 0 } else { a.linear.parameters() };
            (kind.into(), weights + bias)
        }
        Op::Sum(parts) => (format!("shortcut of {}", parts.len()), 0),
        Op::Activation(a) => {
            let units = (0..node.len()).filter(|&i| a.curve(i).pieces() > 1).count();
            (format!("{}, {units} units", a.curves[0].kind()), 0)
        }
        Op::Max(m) => (format!("max, {} groups", m.groups()), 0),
    }
}
