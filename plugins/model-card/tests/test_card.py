"""The card that the real program writes, read by the real card loader of huggingface_hub.
Source of truth: the report of the same run; the committed card."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from huggingface_hub import ModelCard, ModelCardData

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
IRIS = ROOT / "fixtures" / "iris-mlp.onnx"
RESIDUAL = ROOT / "fixtures" / "iris-residual.onnx"


def run(folder, *arguments, code=0):
    """Audits with the plugin in `folder`; gives the reports."""
    command = [os.environ["POLYAUDIT_BIN"], "-q", "--plugin-dir", ROOT / "plugins", "--plugin", "model-card"]
    done = subprocess.run([*command, "-o", "reports.json", *arguments], cwd=folder, capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    return [json.loads(line) for line in (folder / "reports.json").read_text().splitlines()]


def test_a_card_is_begun_and_read_by_the_loader(tmp_path):
    (report,) = run(tmp_path, IRIS, "--domain", "-1,1")
    card = ModelCard.load(tmp_path / "README.md")
    entry = card.data.to_dict()["polyaudit"]["iris-mlp.onnx"]
    assert entry["summary"] == report["summary"]
    assert entry["sha256"] == report["model"]["sha256"] and entry["domain"] == report["settings"]["domain"]
    assert "3,602 polytopes, all of them counted" in card.text
    assert "model-index" not in card.data.to_dict()


def test_the_card_is_the_committed_one(tmp_path):
    envelope = {"protocol": 1, "kind": "render", "config": {"card": None}, "probe": False}
    envelope["report"] = json.loads((HERE / "report.json").read_text())
    command = ["python3", str(HERE.parent / "render.py")]
    done = subprocess.run(command, input=json.dumps(envelope), capture_output=True, text=True, check=True)
    assert done.stdout == (HERE / "section.md").read_text()


def test_a_card_keeps_everything_else(tmp_path):
    data = ModelCardData(language="en", license="mit", tags=["onnx"], eval_results=None, polyfill="kept")
    text = f"---\n{data.to_yaml()}\n---\n\n# Iris\n\nWords before.\n"
    (tmp_path / "README.md").write_text(text)
    run(tmp_path, IRIS, "--domain", "-1,1")
    card = ModelCard.load(tmp_path / "README.md")
    kept = card.data.to_dict()
    kept.pop("polyaudit")
    assert kept == data.to_dict()
    assert card.text.startswith("\n# Iris\n\nWords before.\n\n<!-- polyaudit:begin iris-mlp.onnx -->")


def test_running_again_replaces_and_changes_nothing_else(tmp_path):
    path = tmp_path / "README.md"
    path.write_text("# Iris\n")
    run(tmp_path, IRIS, "--domain", "-1,1")
    path.write_text(path.read_text() + "\nWords after.\n")
    first = path.read_bytes()
    run(tmp_path, IRIS, "--domain", "-1,1")
    assert path.read_bytes() == first
    (report,) = run(tmp_path, IRIS, "--domain", "-2,2")
    card = ModelCard.load(path)
    assert card.data.to_dict()["polyaudit"]["iris-mlp.onnx"]["summary"] == report["summary"]
    assert card.text.count("## Polytopes") == 1 and card.text.rstrip().endswith("Words after.")


def test_a_card_saved_by_another_program_is_updated_too(tmp_path):
    path = tmp_path / "README.md"
    run(tmp_path, IRIS, RESIDUAL, "--domain", "-1,1")
    ModelCard.load(path).save(path)
    reports = run(tmp_path, IRIS, RESIDUAL, "--domain", "-1.5,1")
    card = ModelCard.load(path)
    entries = card.data.to_dict()["polyaudit"]
    assert {name: e["summary"] for name, e in entries.items()} == {r["model"]["file"]: r["summary"] for r in reports}
    assert card.text.count("## Polytopes") == 2 and path.read_text().count("polyaudit:\n") == 1


def test_lines_end_as_they_did(tmp_path):
    path = tmp_path / "README.md"
    path.write_bytes(b"---\r\nlicense: mit\r\n---\r\n# Iris\r\n")
    run(tmp_path, IRIS, "--domain", "-1,1")
    assert b"\n" not in path.read_bytes().replace(b"\r\n", b"")
    assert ModelCard.load(path).data.license == "mit"


def test_samples_and_refused_models_say_what_they_are(tmp_path):
    run(tmp_path, IRIS, "--domain", "-1,1", "--method", "sample", "--samples", "100")
    assert "faces per uniform sample" in (tmp_path / "README.md").read_text()
    run(tmp_path, ROOT / "fixtures" / "refused" / "sign.onnx", code=3)
    card = ModelCard.load(tmp_path / "README.md")
    assert card.data.to_dict()["polyaudit"]["sign.onnx"]["state"] == "refused"
    assert "The audit is refused" in card.text


def test_a_marker_without_the_other_is_not_guessed(tmp_path):
    path = tmp_path / "README.md"
    path.write_text("<!-- polyaudit:begin iris-mlp.onnx -->\nwords\n")
    run(tmp_path, IRIS, "--domain", "-1,1", code=2)
    assert path.read_text() == "<!-- polyaudit:begin iris-mlp.onnx -->\nwords\n"


@pytest.mark.parametrize("value", [1e-9, 1e16, 1.5e-7, 0.1, 12.0, 123456789012.0, 5e-324])
def test_numbers_survive_yaml(value):
    import importlib.util

    import yaml

    spec = importlib.util.spec_from_file_location("render", HERE.parent / "render.py")
    render = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(render)
    assert yaml.safe_load(render.scalar(value)) == value
