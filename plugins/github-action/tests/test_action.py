"""The action's steps as a runner executes them: inputs into the environment, bash with its options, the files of outputs,
paths and summary. Source of truth: the action's schema as published, and the reports of the program."""

import json
import os
import re
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ACTION = Path(__file__).resolve().parents[1]
ROOT = ACTION.parents[1]
FIXTURES = ROOT / "fixtures"


class Job:
    """A runner's job with one step that uses the action."""

    def __init__(self, folder):
        self.folder = folder
        self.workspace = folder / "workspace"
        self.workspace.mkdir()
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.outputs = {}
        self.path = []
        self.log = ""

    def file(self, name):
        path = self.folder / name
        path.touch()
        return path

    def expression(self, text, inputs):
        def value(match):
            scope, *rest = match.group(1).strip().split(".")
            return {"inputs": lambda: inputs[rest[0]], "steps": lambda: self.outputs.get(rest[0], {}).get(rest[2], "")}[scope]()

        return re.sub(r"\$\{\{(.*?)\}\}", value, text)

    def run(self, **given):
        action = yaml.safe_load((ACTION / "action.yml").read_text())
        inputs = {name: given.get(name, spec.get("default")) for name, spec in action["inputs"].items()}
        assert all(v is not None for v in inputs.values()) and set(given) <= set(inputs)
        for step in action["runs"]["steps"]:
            assert step["shell"] == "bash" and "${{" not in step["run"], "inputs never become code"
            script = self.folder / "step.sh"
            script.write_text(step["run"])
            files = {name: self.file(name) for name in ("GITHUB_OUTPUT", "GITHUB_PATH", "GITHUB_STEP_SUMMARY")}
            files["GITHUB_OUTPUT"].write_text("")
            environment = {
                **os.environ,
                **{name: str(path) for name, path in files.items()},
                **{name: self.expression(text, inputs) for name, text in step.get("env", {}).items()},
                "PATH": os.pathsep.join([*self.path, str(self.bin), os.environ["PATH"]]),
                "GITHUB_ACTION_PATH": str(ACTION),
                "RUNNER_TEMP": str(self.folder / "temp"),
            }
            command = ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", str(script)]
            done = subprocess.run(command, cwd=self.workspace, env=environment, capture_output=True, text=True)
            self.log += done.stdout + done.stderr
            if "id" in step:
                lines = files["GITHUB_OUTPUT"].read_text().splitlines()
                self.outputs[step["id"]] = dict(line.split("=", 1) for line in lines)
            self.path = files["GITHUB_PATH"].read_text().splitlines()
            if done.returncode != 0:
                return done.returncode
        return 0

    def summary(self):
        return (self.folder / "GITHUB_STEP_SUMMARY").read_text()


@pytest.fixture
def job(tmp_path):
    job = Job(tmp_path)
    (job.bin / "polyaudit").symlink_to(os.environ["POLYAUDIT_BIN"])
    for model in ("iris-mlp.onnx", "iris-residual.onnx"):
        (job.workspace / "models").mkdir(exist_ok=True)
        shutil.copy(FIXTURES / model, job.workspace / "models")
    return job


def test_the_action_fits_the_published_schema():
    checker = [str(Path(sys.executable).parent / "check-jsonschema"), "--builtin-schema", "vendor.github-actions"]
    done = subprocess.run([*checker, str(ACTION / "action.yml")], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def test_models_are_audited_and_summarised(job):
    assert job.run(models="models/*.onnx\n", domain="-1,1") == 0, job.log
    assert job.outputs["audit"] == {"exit-code": "0", "reports": "polyaudit-reports"}
    report = json.loads((job.workspace / "polyaudit-reports" / "iris-mlp.polyaudit.json").read_text())
    assert report["settings"]["domain"] == {"kind": "box", "lo": -1.0, "hi": 1.0}
    assert (job.workspace / "polyaudit-reports" / "iris-residual.polyaudit.json").exists()
    summary = job.summary()
    assert summary.startswith("# polyaudit: passed\n") and summary.count("## Polytopes of") == 2
    assert f"{report['summary']['regions']:,} polytopes" in summary


def test_a_failed_check_fails_the_step_after_the_summary(job):
    arguments = "--plugin=complete\n--method=enumerate\n--max-regions=50"
    assert job.run(models="models/iris-mlp.onnx", domain="-1,1", arguments=arguments) == 1
    assert "::error title=polyaudit::a check failed" in job.log
    assert job.summary().startswith("# polyaudit: a check failed\n") and "not-complete" in job.summary()
    assert job.outputs["audit"]["exit-code"] == "1"


def test_the_gate_can_be_open(job):
    arguments = "--plugin=complete\n--method=enumerate\n--max-regions=50"
    assert job.run(models="models/iris-mlp.onnx", domain="-1,1", arguments=arguments, gate="false") == 0
    assert "::warning title=polyaudit::a check failed" in job.log and job.outputs["audit"]["exit-code"] == "1"
    assert job.run(models="models/iris-mlp.onnx", gate="perhaps") == 2


def test_refused_models_and_errors_fail(job):
    shutil.copy(FIXTURES / "refused" / "sign.onnx", job.workspace)
    assert job.run(models="sign.onnx") == 3
    assert "outside the supported fragment" in job.summary()
    shutil.copy(FIXTURES / "hostile" / "truncated.onnx", job.workspace)
    assert job.run(models="truncated.onnx", gate="false") == 2
    assert job.run(models="nothing/*.onnx") == 2 and "no file matches nothing/*.onnx" in job.log
    assert job.run(models="\n") == 2


def test_inputs_are_never_code(job):
    shutil.copy(FIXTURES / "iris-mlp.onnx", job.workspace / "a $(touch pwned) 'b.onnx")
    assert job.run(models="a $(touch pwned) 'b.onnx\n", domain="-1,1") == 0, job.log
    assert job.run(models="models/*.onnx; touch pwned", domain="-1,1; touch pwned") != 0
    assert job.run(models="models/iris-mlp.onnx", domain="$(touch pwned)", arguments="`touch pwned`") != 0
    assert not list(job.folder.rglob("pwned"))


def test_what_is_not_there_is_built_from_the_repository(tmp_path):
    """The build itself takes minutes and is the README's first command; here cargo is a stand-in that notes its call."""
    job = Job(tmp_path)
    cargo = job.bin / "cargo"
    cargo.write_text(
        '#!/bin/sh\necho "$@" > "$RUNNER_TEMP/call"\nwhile [ "$1" != --root ]; do shift; done\n'
        'mkdir -p "$2/bin"; ln -s "$POLYAUDIT_BIN" "$2/bin/polyaudit"\n'
    )
    cargo.chmod(cargo.stat().st_mode | stat.S_IXUSR)
    (tmp_path / "temp").mkdir()
    if shutil.which("polyaudit"):
        pytest.skip("polyaudit is on this machine's PATH")
    shutil.copy(FIXTURES / "iris-mlp.onnx", job.workspace)
    assert job.run(models="iris-mlp.onnx", domain="-1,1") == 0, job.log
    call = (tmp_path / "temp" / "call").read_text().split()
    assert call[:3] == ["install", "--locked", "--path"] and Path(call[3]) == ROOT
