# /// script
# requires-python = ">=3.10"
# dependencies = ["pyyaml==6.0.4", "ruamel.yaml==0.19.1", "jsonschema==4.26.0", "numpy==2.4.6", "onnx==1.23.2"]
# ///
"""Reads polyaudit's YAML with a YAML 1.1 and a YAML 1.2 reader and compares every value with its JSON; validates both
against the schema that `polyaudit schema` prints. Layers get the names that YAML readers stumble over.

    python tests/support/readers.py target/release/polyaudit fixtures/iris*.onnx fixtures/refused/*.onnx
"""

import io
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import jsonschema
import numpy as np
import onnx
import yaml
from onnx import TensorProto, helper, numpy_helper
from ruamel.yaml import YAML

NAMES = ["no", "Yes", "off", "null", "~", "1e3", "0x1F", "0o17", "012", "12:30:45", "2020-01-01", "1_000", ".inf", "NaN", "-", "#", "a: b", "", " x", "<<", "é\u2028", "'", '"', "%", "@", "`", "!t", "&a", "*a", "{", "["]


def awkward(path):
    """A network with a layer of each name."""
    rng = np.random.default_rng(0)
    nodes, weights, x = [], [], "x"
    for k, name in enumerate(NAMES):
        weights.append(numpy_helper.from_array(rng.normal(size=(2, 2)).astype(np.float32), f"{name}.weight"))
        nodes.append(helper.make_node("Gemm", [x, f"{name}.weight"], [f"z{k}"], name=name))
        nodes.append(helper.make_node("Relu", [f"z{k}"], [f"a{k}"], name=name))
        x = f"a{k}"
    info = lambda n: helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, 2])
    graph = helper.make_graph(nodes, "g", [info("x")], [info(x)], weights)
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8, producer_name="no"), path)


def same(a, b, at=""):
    """Values and types, floats exactly."""
    if isinstance(a, bool) or isinstance(b, bool) or a is None or b is None:
        assert a is b, (at, a, b)
    elif isinstance(a, dict):
        assert isinstance(b, dict) and list(a) == list(b), (at, list(a), list(b))
        for key in a:
            same(a[key], b[key], f"{at}.{key}")
    elif isinstance(a, list):
        assert isinstance(b, list) and len(a) == len(b), at
        for k, (x, y) in enumerate(zip(a, b)):
            same(x, y, f"{at}[{k}]")
    elif isinstance(a, (int, float)):
        assert isinstance(b, (int, float)) and a == b, (at, a, b)
    else:
        assert isinstance(a, str) and isinstance(b, str) and a == b, (at, a, b)


def main(program, models):
    run = lambda *arguments: subprocess.run([program, *arguments], capture_output=True, text=True).stdout
    schema = json.loads(run("schema"))
    with tempfile.TemporaryDirectory() as folder:
        strange = str(Path(folder) / "no.onnx")
        awkward(strange)
        for model in [strange, *models]:
            options = [model, "--domain", "-1,1", "--max-regions", "50", "--samples", "20", "-q"]
            lines = run(*options, "--format", "json").strip().split("\n")
            text = run(*options, "--format", "yaml")
            assert len(lines) == 1 and text, model
            value = json.loads(lines[0])
            same(value, yaml.safe_load(text))
            same(value, YAML(typ="safe").load(io.StringIO(text)))
            jsonschema.validate(value, schema)
    print(f"{len(models) + 1} reports are the same for PyYAML, ruamel.yaml and JSON, and fit the schema")


main(sys.argv[1], sys.argv[2:])
