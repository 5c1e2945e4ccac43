//! The ONNX project's own tests of single nodes, run as they are.
//! Source of truth: the outputs that come with the tests.
//!
//! `fixtures/node_tests.py` writes them; `POLYAUDIT_ONNX_NODE_TESTS` names the folder. A test is run once with all its
//! floating-point inputs free and once with each of them free by itself, the others held at the test's values. It is
//! *passed* when every run that is not refused gives the test's outputs; *cut* when the network ends before the node, at
//! the node's own inputs and with a finding; *refused* when no run is possible. The table is in `docs/onnx-node-tests.md`.

use polyaudit::import::{self, ImportError, Options, Status, TABLE};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use tract_onnx::pb::{GraphProto, type_proto};
use tract_onnx::prelude::*;

const BEGIN: &str = "<!-- table: written by the tests -->\n";

/// Tests whose expected outputs are written with four digits; the project's own tolerance is 1e-3.
const FOUR_DIGITS: [&str; 1] = ["test_averagepool_2d_ceil_last_window_starts_on_pad"];

enum Outcome {
    Passed,
    Cut,
    Refused(String),
}

#[test]
#[ignore = "needs the ONNX project's node tests; see docs/onnx-node-tests.md"]
fn onnx_node_tests() {
    let root = PathBuf::from(std::env::var_os("POLYAUDIT_ONNX_NODE_TESTS").expect("POLYAUDIT_ONNX_NODE_TESTS"));
    let mut tally: BTreeMap<String, [usize; 4]> = BTreeMap::new();
    let mut reasons: BTreeMap<(String, String), usize> = BTreeMap::new();
    let mut failures = vec![];
    let mut folders: Vec<PathBuf> =
        fs::read_dir(root).expect("a folder").map(|e| e.expect("an entry").path()).collect();
    folders.sort();
    for folder in folders {
        let Ok(proto) = tract_onnx::onnx().proto_model_for_path(folder.join("model.onnx")) else { continue };
        let Some(graph) = proto.graph else { continue };
        let [node] = &graph.node[..] else { continue };
        let entry = TABLE.iter().find(|e| e.domain == node.domain && e.op == node.op_type);
        let Some(entry) = entry.filter(|e| e.status != Status::Refused) else { continue };
        let domain = if node.domain.is_empty() { String::new() } else { format!("{}.", node.domain) };
        let op = format!("{domain}{}", node.op_type);
        let column = match node_test(&folder, &graph, entry.status) {
            Ok(Outcome::Passed) => 0,
            Ok(Outcome::Cut) => 1,
            Ok(Outcome::Refused(reason)) => {
                *reasons.entry((op.clone(), reason)).or_default() += 1;
                2
            }
            Err(why) => {
                failures.push(format!("{}: {why}", folder.display()));
                3
            }
        };
        tally.entry(op).or_default()[column] += 1;
    }
    let mut text =
        String::from("| operator | passed | cut | refused | failed | why refused |\n|---|---|---|---|---|---|\n");
    for (op, [passed, cut, refused, failed]) in &tally {
        let why: Vec<String> =
            reasons.iter().filter(|((o, _), _)| o == op).map(|((_, r), n)| format!("{n}: {r}")).collect();
        text += &format!("| `{op}` | {passed} | {cut} | {refused} | {failed} | {} |\n", why.join("; "));
    }
    let sums: Vec<usize> = (0..4).map(|c| tally.values().map(|t| t[c]).sum()).collect();
    text += &format!("| all | {} | {} | {} | {} | |\n", sums[0], sums[1], sums[2], sums[3]);
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/onnx-node-tests.md");
    let page = fs::read_to_string(&path).expect("readable");
    let (head, old) = page.split_once(BEGIN).expect("the marker");
    if std::env::var_os("POLYAUDIT_BLESS").is_some() {
        fs::write(&path, format!("{head}{BEGIN}{text}")).expect("written");
    } else {
        assert_eq!(old, text, "run the test with POLYAUDIT_BLESS=1");
    }
}

/// The same tests with all inputs constant: folding is right, or refused.
#[test]
#[ignore = "needs the ONNX project's node tests; see docs/onnx-node-tests.md"]
fn onnx_node_tests_on_constants() {
    let root = PathBuf::from(std::env::var_os("POLYAUDIT_ONNX_NODE_TESTS").expect("POLYAUDIT_ONNX_NODE_TESTS"));
    let (mut passed, mut refused, mut failures) = (0, vec![], vec![]);
    let mut folders: Vec<PathBuf> =
        fs::read_dir(root).expect("a folder").map(|e| e.expect("an entry").path()).collect();
    folders.sort();
    for folder in folders.iter().filter(|f| f.join("constant.onnx").is_file()) {
        let name = folder.file_name().expect("a name").to_string_lossy().into_owned();
        let network = match import::load(&folder.join("constant.onnx"), &Options::default()) {
            Ok(model) => model.network,
            Err(ImportError::Refused { offenders, .. }) => {
                refused.push(format!("{name}: {} {}", offenders[0].op, offenders[0].reason));
                continue;
            }
            Err(other) => {
                refused.push(other.to_string());
                continue;
            }
        };
        let mut wrong = None;
        for (output, got) in network.outputs.iter().zip(network.forward(&[0.0])) {
            let k = output.name.trim_start_matches("sum_");
            let Some((_, expected)) = read(folder, &format!("output_{k}.pb")) else { continue };
            let close = |a: &f64, b: &f64| a == b || a.is_nan() && b.is_nan() || (a - b).abs() <= 1e-3 * a.abs() + 1e-7;
            if expected.len() != got.len() || !expected.iter().zip(&got).all(|(a, b)| close(a, b)) {
                wrong = Some(format!("{name}: {got:?} for {expected:?}").chars().take(300).collect::<String>());
            }
        }
        match wrong {
            Some(wrong) => failures.push(wrong),
            None => passed += 1,
        }
    }
    println!("{passed} passed, {} refused\n{}", refused.len(), refused.join("\n"));
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    assert!(passed > 300);
}

/// A tensor of a test, where it is one of numbers.
fn read(folder: &Path, name: &str) -> Option<(Vec<usize>, Vec<f64>)> {
    let file = fs::File::open(folder.join("test_data_set_0").join(name)).ok()?;
    let proto = tract_onnx::tensor::proto_from_reader(file).ok()?;
    let resolver = tract_onnx::data_resolver::FopenDataResolver;
    let tensor = std::panic::catch_unwind(|| tract_onnx::tensor::load_tensor(&resolver, &proto, None)).ok()?.ok()?;
    let values = tensor.cast_to::<f64>().ok()?.try_as_plain_ram().ok()?.as_slice::<f64>().ok()?.to_vec();
    Some((tensor.shape().to_vec(), values))
}

fn node_test(folder: &Path, graph: &GraphProto, status: Status) -> Result<Outcome, String> {
    let mut inputs: Vec<(String, bool, Vec<f64>)> = vec![];
    for (k, input) in graph.input.iter().enumerate() {
        let Some(tract_onnx::pb::TypeProto { value: Some(type_proto::Value::TensorType(t)), .. }) = &input.r#type
        else {
            return Ok(Outcome::Refused("an input is no tensor".into()));
        };
        let Some((_, values)) = read(folder, &format!("input_{k}.pb")) else {
            return Ok(Outcome::Refused("an input has an element type that is not supported".into()));
        };
        inputs.push((input.name.clone(), [1, 10, 11].contains(&t.elem_type), values));
    }
    let float: BTreeSet<usize> = (0..inputs.len()).filter(|&k| inputs[k].1).collect();
    if float.is_empty() {
        return Ok(Outcome::Refused("no input is a floating-point tensor".into()));
    }
    let mut choices = vec![float.clone()];
    if float.len() > 1 {
        choices.extend(float.iter().map(|&k| BTreeSet::from([k])));
    }
    let (mut passed, mut cut, mut refusal) = (0, 0, None);
    for free in choices {
        match attempt(folder, graph, &inputs, &free, status)? {
            Outcome::Passed => passed += 1,
            Outcome::Cut => cut += 1,
            // With one input free, the reason is the node's; with all of them free, that there are several.
            Outcome::Refused(reason) => refusal = refusal.or(Some(reason)),
        }
    }
    Ok(match (passed, cut, refusal) {
        (0, 0, Some(reason)) => Outcome::Refused(reason),
        (0, _, _) => Outcome::Cut,
        _ => Outcome::Passed,
    })
}

/// One run, with some inputs free.
fn attempt(
    folder: &Path,
    graph: &GraphProto,
    inputs: &[(String, bool, Vec<f64>)],
    free: &BTreeSet<usize>,
    status: Status,
) -> Result<Outcome, String> {
    let mut options = Options::default();
    let mut x = vec![];
    for (k, (name, _, values)) in inputs.iter().enumerate() {
        if free.contains(&k) {
            if values.is_empty() {
                return Ok(Outcome::Refused("a free input has no elements".into()));
            }
            x.extend(values);
        } else {
            options.fix.push((name.clone(), values.clone()));
        }
    }
    let model = match import::load(&folder.join("model.onnx"), &options) {
        Ok(model) => model,
        Err(ImportError::Refused { offenders, .. }) => return Ok(Outcome::Refused(offenders[0].reason.clone())),
        Err(other) => return Ok(Outcome::Refused(other.to_string())),
    };
    let network = &model.network;
    if network.input_len() != x.len() {
        return Err(format!("{} inputs for {}", network.input_len(), x.len()));
    }
    let values = network.forward(&x);
    if model.findings.iter().any(|f| f.code == "tail-cut") {
        // Comparisons and casts, too, end a network that they are the last node of.
        let ends = matches!(status, Status::Tail | Status::Group | Status::Affine | Status::Movement);
        for (output, got) in network.outputs.iter().zip(&values) {
            let port = network.inputs.iter().find(|p| p.name == output.name);
            let equal = |a: f64, b: f64| a == b || a.is_nan() && b.is_nan();
            let same = port.is_some_and(|p| {
                let given = &x[p.offset..p.offset + p.len()];
                given.len() == got.len() && given.iter().zip(got).all(|(a, b)| equal(*a, *b))
            });
            if !(ends && (same || output.name.ends_with(".scores"))) {
                return Err(format!("cut, but {} is not the node's input", output.name));
            }
        }
        return Ok(Outcome::Cut);
    }
    for (output, got) in network.outputs.iter().zip(&values) {
        let sequence = graph.output.iter().any(|o| output.name.starts_with(&format!("{}.", o.name)));
        if sequence {
            return Ok(Outcome::Refused("the expected output is a sequence, which this test does not read".into()));
        }
        let k = graph.output.iter().position(|o| o.name == output.name).ok_or("an output of another name")?;
        let Some((shape, expected)) = read(folder, &format!("output_{k}.pb")) else {
            return Ok(Outcome::Refused("the expected output is of a type that this test does not read".into()));
        };
        if shape != output.shape {
            return Err(format!("shape {:?} for {shape:?}", output.shape));
        }
        let largest = expected.iter().fold(1.0, |m: f64, v| m.max(v.abs()));
        let half = x.iter().chain(&expected).all(|v| f64::from(f16::from_f64(*v).to_f32()) == *v);
        let literal = FOUR_DIGITS.iter().any(|t| folder.ends_with(t));
        let allowed = if half {
            2e-3
        } else if literal {
            1e-3
        } else {
            1e-5
        };
        let worst = expected.iter().zip(got).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        if worst > allowed * largest {
            return Err(format!("differs by {worst:e}"));
        }
    }
    Ok(Outcome::Passed)
}
