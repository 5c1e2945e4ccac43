"""The stage of this folder in a real repository, run and read by a real DVC.
Source of truth: the report of the same run; the committed metrics and histogram."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

HERE = Path(__file__).parent
PLUGIN = HERE.parent
ROOT = PLUGIN.parents[1]
FIXTURES = ROOT / "fixtures"
BIN = Path(sys.executable).parent


def call(folder, *command):
    """Runs a command of the virtual environment or the machine; gives what it prints."""
    environment = {
        **os.environ,
        "PATH": os.pathsep.join([str(folder.parent / "bin"), str(BIN), os.environ["PATH"]]),
        "HOME": str(folder.parent),
        "DVC_NO_ANALYTICS": "true",
        "DVC_SITE_CACHE_DIR": str(folder.parent / "site"),
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@b.example",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@b.example",
        "POLYAUDIT_PLUGIN_PATH": "",
    }
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A repository with two commits: the plain iris network, then the residual one."""
    top = tmp_path_factory.mktemp("dvc")
    (top / "bin").mkdir()
    (top / "bin" / "polyaudit").symlink_to(os.environ["POLYAUDIT_BIN"])
    folder = top / "repository"
    folder.mkdir()
    call(folder, "git", "init", "-q")
    call(folder, "dvc", "init", "-q")
    shutil.copy(PLUGIN / "dvc.yaml", folder)
    plugin = folder / "plugins" / "dvc"
    plugin.mkdir(parents=True)
    for file in ("plugin.yaml", "render.py"):
        shutil.copy(PLUGIN / file, plugin)
        (plugin / file).chmod(0o644)
    for model in ("iris-mlp.onnx", "iris-residual.onnx"):
        shutil.copy(FIXTURES / model, folder / "model.onnx")
        call(folder, "dvc", "repro", "-q")
        call(folder, "git", "add", ".")
        call(folder, "git", "commit", "-q", "-m", model)
    return folder


def leaves(value, path=""):
    if isinstance(value, dict):
        return {k: v for key, inner in value.items() for k, v in leaves(inner, f"{path}.{key}" if path else key).items()}
    return {path: value}


def reports(folder):
    texts = [call(folder, "git", "show", f"{commit}:polyaudit/report.yaml") for commit in ("HEAD~1", "HEAD")]
    return [yaml.safe_load(text) for text in texts]


def test_metrics_show_is_the_summary_and_nothing_else(repository):
    shown = json.loads(call(repository, "dvc", "metrics", "show", "--json"))
    data = shown[""]["data"]["polyaudit/metrics.yaml"]["data"]
    assert data == reports(repository)[1]["summary"]
    assert all(isinstance(v, (int, float)) for v in leaves(data).values())


def test_metrics_diff_has_old_new_and_change(repository):
    diff = json.loads(call(repository, "dvc", "metrics", "diff", "HEAD~1", "--json"))["polyaudit/metrics.yaml"]
    old, new = (leaves(r["summary"]) for r in reports(repository))
    changed = {k for k in old.keys() | new.keys() if old.get(k) != new.get(k)}
    assert set(diff) == changed and "regions" in changed and "faces.total.mean" in changed
    for path in changed & old.keys() & new.keys():
        assert (diff[path]["old"], diff[path]["new"]) == (old[path], new[path])
        assert diff[path]["diff"] == pytest.approx(new[path] - old[path])


def test_plots_show_the_histogram(repository):
    shown = json.loads(call(repository, "dvc", "plots", "show", "--json"))
    (plot,) = shown["data"]["polyaudit/histogram.csv"]
    values = plot["content"]["data"]["values"]
    rows = [(int(v["faces"]), int(v["total"]), int(v["interior"])) for v in values]
    expected = reports(repository)[1]["histogram"]["rows"]
    assert rows == [(r["face_count"], r["regions_total"], r["regions_interior"]) for r in expected]
    page = call(repository, "dvc", "plots", "show", "-o", "page")
    html = Path(page.strip().removeprefix("file://"))
    assert html.exists() and "faces per region" in html.read_text()


def test_plots_diff_shows_both(repository):
    shown = json.loads(call(repository, "dvc", "plots", "diff", "HEAD~1", "HEAD", "--json"))
    (plot,) = shown["data"]["polyaudit/histogram.csv"]
    assert set(plot["revisions"]) == {"HEAD~1", "HEAD"}


def test_repro_does_nothing_when_nothing_changed(repository):
    assert "didn't change" in call(repository, "dvc", "repro")


def test_the_files_are_the_committed_ones(tmp_path):
    envelope = {"protocol": 1, "kind": "render", "config": {"histogram": "{model}.csv", "metrics": "{model}.yaml"}}
    envelope |= {"probe": False, "report": json.loads((HERE / "report.json").read_text())}
    command = ["python3", str(PLUGIN / "render.py")]
    subprocess.run(command, input=json.dumps(envelope), text=True, check=True, cwd=tmp_path, capture_output=True)
    assert (tmp_path / "iris-mlp.yaml").read_text() == (HERE / "metrics.yaml").read_text()
    assert (tmp_path / "iris-mlp.csv").read_text() == (HERE / "histogram.csv").read_text()


def test_other_paths_and_several_models(tmp_path):
    config = "dvc={metrics: 'out/{model}.yaml', histogram: 'out/{model}.csv'}"
    models = [FIXTURES / "iris-mlp.onnx", FIXTURES / "iris-residual.onnx"]
    command = [os.environ["POLYAUDIT_BIN"], *models, "--domain=-1,1", "-q", "-o", "reports.yaml"]
    command += ["--plugin-dir", ROOT / "plugins", "--plugin", "dvc", "--plugin-config", config]
    subprocess.run(command, cwd=tmp_path, check=True)
    found = list(yaml.safe_load_all((tmp_path / "reports.yaml").read_text()))
    for report, name in zip(found, ["iris-mlp", "iris-residual"]):
        assert yaml.safe_load((tmp_path / "out" / f"{name}.yaml").read_text()) == report["summary"]
    assert (tmp_path / "out" / "iris-residual.csv").exists()
