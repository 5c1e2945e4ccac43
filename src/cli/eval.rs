//! `polyaudit eval`: the audited function at given points, in full precision.

use super::{args::Eval, numpy, output};
use crate::import::{ImportError, load};
use crate::ir::Network;
use anyhow::{Context, Result, ensure};
use serde_json::{Map, Value, json};
use std::path::Path;

/// Runs the subcommand.
pub fn run(arguments: &Eval) -> Result<u8> {
    let model = match load(&arguments.model, &arguments.reading.options()?) {
        Ok(model) => model,
        Err(error @ ImportError::Refused { .. }) => {
            super::inspect::offenders(&error);
            return Ok(super::REFUSED);
        }
        Err(error) => return Err(error.into()),
    };
    let network = &model.network;
    let points = points(network, &arguments.inputs)?;
    let mut outputs: Vec<Vec<Vec<f64>>> = vec![vec![]; network.outputs.len()];
    let (mut active, mut near_zero) = (vec![], vec![]);
    for x in &points {
        let values = network.evaluate(x);
        for (all, output) in outputs.iter_mut().zip(&network.outputs) {
            all.push(values.nodes[output.node].clone());
        }
        let (on, near) = values.activity(network);
        active.push(on);
        near_zero.push(near);
    }
    let named: Map<String, Value> =
        network.outputs.iter().zip(outputs).map(|(o, values)| (o.name.clone(), json!(values))).collect();
    let document = json!({
        "outputs": named,
        "active": active,
        "near_zero": near_zero,
        "units": network.single_breakpoint_units(),
    });
    output::print(&format!("{document}\n"))?;
    Ok(0)
}

/// The points of a file, each as the flat input vector.
fn points(network: &Network, path: &Path) -> Result<Vec<Vec<f64>>> {
    let n = network.input_len();
    let name = path.display();
    if path.extension().is_some_and(|e| e == "npy") {
        let (shape, values) = numpy::read(path)?;
        let rows = if shape.len() <= 1 && values.len() == n { 1 } else { shape.first().copied().unwrap_or(1) };
        ensure!(
            rows > 0 && values.len() == rows * n,
            "{name}: shape {shape:?} is not one point of {n} numbers per row"
        );
        ensure!(values.iter().all(|v| v.is_finite()), "{name}: a number that is not finite");
        return Ok(values.chunks_exact(n).map(<[f64]>::to_vec).collect());
    }
    let text = std::fs::read_to_string(path).with_context(|| format!("{name}: cannot be read"))?;
    let value: Map<String, Value> = serde_json::from_str(&text)
        .with_context(|| format!("{name}: expected an .npy file or JSON {{\"input name\": [[numbers], …]}}"))?;
    let names: Vec<&str> = network.inputs.iter().map(|p| p.name.as_str()).collect();
    if let Some(unknown) = value.keys().find(|k| !names.contains(&k.as_str())) {
        anyhow::bail!("{name}: the model has no input {unknown:?}; it has {}", names.join(", "));
    }
    let mut points: Vec<Vec<f64>> = vec![];
    for port in &network.inputs {
        let rows: Vec<Vec<f64>> = value
            .get(&port.name)
            .with_context(|| format!("{name}: input {:?} is missing", port.name))
            .and_then(|v| {
                serde_json::from_value(v.clone())
                    .with_context(|| format!("{name}: input {:?}: expected [[numbers], …]", port.name))
            })?;
        ensure!(points.is_empty() || points.len() == rows.len(), "{name}: inputs with different numbers of points");
        points.resize(rows.len(), vec![]);
        for (point, row) in points.iter_mut().zip(rows) {
            ensure!(
                row.len() == port.len(),
                "{name}: input {:?} takes {} numbers, a row has {}",
                port.name,
                port.len(),
                row.len()
            );
            point.extend(row);
        }
    }
    ensure!(points.iter().flatten().all(|v| v.is_finite()), "{name}: a number that is not finite");
    Ok(points)
}
