"""A real MLflow with a store on this disk, and a model logged by mlflow.onnx.
Source of truth: what the store holds against the program's own report."""

import json
import os
import subprocess
import sys
from pathlib import Path

import mlflow
import numpy as np
import onnx
import pandas
import polyaudit
import pytest
from mlflow.exceptions import MlflowException
from mlflow.models import MetricThreshold
from mlflow.models.evaluation.validation import ModelValidationFailedException

HERE = Path(__file__).parent
PLUGIN = HERE.parent
ROOT = PLUGIN.parents[1]
FIXTURES = ROOT / "fixtures"
IRIS = FIXTURES / "iris-mlp.onnx"
SCRIPT = Path(sys.executable).parent / "polyaudit-mlflow"


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("store")
    uri = f"sqlite:///{folder}/mlflow.db"
    mlflow.set_tracking_uri(uri)
    mlflow.create_experiment("audits", artifact_location=(folder / "artifacts").as_uri())
    mlflow.set_experiment("audits")
    return uri


@pytest.fixture(scope="module")
def logged(store):
    with mlflow.start_run():
        return mlflow.onnx.log_model(onnx.load(IRIS), name="iris").model_uri


@pytest.fixture(scope="module")
def truth():
    return polyaudit.audit(IRIS, domain=(-1, 1))


def data():
    return pandas.DataFrame(np.zeros((1, 4), dtype=np.float32))


def evaluate(uri, config, run_name=None):
    with mlflow.start_run(run_name=run_name) as run:
        result = mlflow.models.evaluate(
            uri, np.zeros((1, 4), dtype=np.float32), model_type="polyaudit", evaluators="polyaudit", evaluator_config=config
        )
    return run.info.run_id, result


def test_it_is_registered():
    from mlflow.models.evaluation import list_evaluators

    assert "polyaudit" in list_evaluators()


def test_evaluation_logs_the_summary_and_the_artifacts(logged, truth):
    run_id, result = evaluate(logged, {"domain": (-1, 1)})
    stored = mlflow.get_run(run_id).data
    own = {k.removeprefix("polyaudit."): v for k, v in stored.metrics.items() if k.startswith("polyaudit.")}
    assert own == truth.metrics() and result.metrics["polyaudit.regions"] == 3602
    assert stored.tags["polyaudit.state"] == "complete" and stored.tags["polyaudit.method"] == "enumerate"
    artifacts = result.artifacts
    assert artifacts["polyaudit_report"].content["summary"] == truth.raw["summary"]
    pandas.testing.assert_frame_equal(artifacts["polyaudit_histogram"].content, truth.histogram.frame())
    assert artifacts["polyaudit_histogram_plot"].content.size[0] > 100
    assert "<html" in artifacts["polyaudit_html"].content and "model.onnx" in artifacts["polyaudit_html"].content
    files = {f.path for f in mlflow.MlflowClient().list_artifacts(run_id, "polyaudit/model")}
    assert {"polyaudit/model/report.html", "polyaudit/model/report.json", "polyaudit/model/histogram.csv", "polyaudit/model/histogram.png"} <= files


def test_the_committed_metrics(logged):
    _, result = evaluate(logged, {"domain": (-1, 1)})
    golden = json.loads((HERE / "metrics.json").read_text())
    assert {k: v for k, v in result.metrics.items() if k in golden} == golden


def test_thresholds_gate_and_a_missing_metric_fails(logged):
    _, exact = evaluate(logged, {"domain": (-1, 1)})
    _, sampled = evaluate(logged, {"domain": (-1, 1), "method": "sample", "samples": 100})
    most = {"polyaudit.regions": MetricThreshold(threshold=4000, greater_is_better=False)}
    mlflow.validate_evaluation_results(validation_thresholds=most, candidate_result=exact)
    fewer = {"polyaudit.regions": MetricThreshold(threshold=3000, greater_is_better=False)}
    with pytest.raises(ModelValidationFailedException):
        mlflow.validate_evaluation_results(validation_thresholds=fewer, candidate_result=exact)
    with pytest.raises(ModelValidationFailedException):
        mlflow.validate_evaluation_results(validation_thresholds=most, candidate_result=sampled)


def test_a_failed_check_and_a_refused_model_fail_the_evaluation(logged):
    config = {"domain": (-1, 1), "method": "enumerate", "max_regions": 20, "arguments": ["--plugin", "complete"]}
    with pytest.raises(MlflowException, match="exit code 1"):
        evaluate(logged, config)
    with mlflow.start_run():
        model = onnx.load(FIXTURES / "refused" / "sign.onnx")
        uri = mlflow.onnx.log_model(model, name="sign").model_uri
    with pytest.raises(MlflowException, match="outside the supported fragment"):
        evaluate(uri, {"domain": (-1, 1)}, run_name="refused")
    (run,) = mlflow.search_runs(filter_string="tags.`mlflow.runName` = 'refused'", output_format="list")
    assert run.data.tags["polyaudit.state"] == "refused"


def test_other_evaluations_are_left_alone(store):
    class Constant(mlflow.pyfunc.PythonModel):
        def predict(self, context, model_input, params=None):
            return [0.0] * len(model_input)

    with mlflow.start_run():
        uri = mlflow.pyfunc.log_model(name="constant", python_model=Constant()).model_uri
        table = pandas.DataFrame({"x": [1.0, 2.0], "y": [0.0, 0.5]})
        result = mlflow.models.evaluate(uri, table, targets="y", model_type="regressor")
    assert "mean_squared_error" in result.metrics and not any(k.startswith("polyaudit") for k in result.metrics)
    with pytest.raises(MlflowException, match="mlflow.onnx"), mlflow.start_run():
        mlflow.models.evaluate(
            uri, table, targets="y", model_type="polyaudit", evaluators="polyaudit", evaluator_config={"domain": (-1, 1)}
        )


@pytest.mark.parametrize("way", ["folder", "path"])
def test_the_renderer_logs_to_a_run(store, truth, way):
    """By the plugin's folder, and by the program that the package puts on PATH."""
    path = os.pathsep.join([str(SCRIPT.parent), os.environ["PATH"]])
    where = ["--plugin-dir", str(PLUGIN.parent)] if way == "folder" else []
    command = [os.environ["POLYAUDIT_BIN"], str(IRIS), "--domain=-1,1", "-q", *where, "--plugin", "mlflow"]
    command += ["--plugin-config", f"mlflow={{experiment: audits, run_name: by-{way}}}"]
    environment = {**os.environ, "PATH": path, "MLFLOW_TRACKING_URI": store}
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    run = mlflow.get_run(done.stdout.strip())
    assert run.info.run_name == f"by-{way}"
    assert run.data.metrics["polyaudit.faces.total.mean"] == truth.summary.faces.total.mean
    files = {f.path for f in mlflow.MlflowClient().list_artifacts(run.info.run_id, "polyaudit/iris-mlp")}
    report = mlflow.artifacts.load_dict(f"{run.info.artifact_uri}/polyaudit/iris-mlp/report.json")
    assert "polyaudit/iris-mlp/histogram.csv" in files and report["plugins"][0]["name"] == "mlflow"


def test_a_probe_leaves_nothing_behind(tmp_path):
    command = [os.environ["POLYAUDIT_BIN"], "plugins", "check", "mlflow", "--plugin-dir", str(PLUGIN.parent)]
    path = os.pathsep.join([str(SCRIPT.parent), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "MLFLOW_TRACKING_URI": f"sqlite:///{tmp_path}/none.db"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "answers with" in done.stdout and not list(tmp_path.iterdir())
