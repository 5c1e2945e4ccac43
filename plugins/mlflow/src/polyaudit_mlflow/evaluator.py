"""The evaluator `polyaudit` of `mlflow.models.evaluate`.

Contract: it runs where its configuration names a `domain` and nowhere else, so that evaluations of other models are left
alone once the package is installed. The model is one logged by `mlflow.onnx`; anything else is an error that says so.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import mlflow
import polyaudit
from mlflow.exceptions import MlflowException
from mlflow.models.evaluation import EvaluationResult, ModelEvaluator
from mlflow.models.evaluation.artifacts import (
    CsvEvaluationArtifact,
    ImageEvaluationArtifact,
    JsonEvaluationArtifact,
    TextEvaluationArtifact,
)

from .log import log_report, metrics

ARTIFACTS = {
    "report": JsonEvaluationArtifact,
    "html": TextEvaluationArtifact,
    "histogram": CsvEvaluationArtifact,
    "histogram_plot": ImageEvaluationArtifact,
}


class PolyauditEvaluator(ModelEvaluator):  # type: ignore[misc]
    """Counts the polytopes of the model and the faces of each."""

    @classmethod
    def can_evaluate(cls, *, model_type: Any, evaluator_config: Any, **kwargs: Any) -> bool:
        return bool(evaluator_config) and "domain" in evaluator_config

    def evaluate(
        self, *, model_type: Any, dataset: Any, run_id: str, evaluator_config: dict[str, Any], model: Any = None, **kwargs: Any
    ) -> EvaluationResult:
        path = _onnx_file(model)
        page = Path(tempfile.mkdtemp(prefix="polyaudit-")) / "report.html"
        try:
            report = polyaudit.audit(path, **evaluator_config, html=page)
            html = page.read_text()
        except polyaudit.RefusedError as refused:
            log_report(refused.report, run_id)
            raise MlflowException(f"polyaudit: {refused}") from refused
        finally:
            shutil.rmtree(page.parent)
        model_id = kwargs.get("model_id") or getattr(model, "model_id", None)
        places = log_report(report, run_id, model_id=model_id, html=html)
        artifacts = {
            f"polyaudit_{key}": ARTIFACTS[key](uri=mlflow.get_artifact_uri(place)) for key, place in places.items()
        }
        if report.exit_code != 0:
            raise MlflowException(f"polyaudit: exit code {report.exit_code}; the report is among the run's artifacts")
        return EvaluationResult(metrics=metrics(report), artifacts=artifacts, run_id=run_id)


def _onnx_file(model: Any) -> Path:
    """The ONNX file of a model that MLflow has loaded."""
    meta = getattr(model, "metadata", None)
    flavor = getattr(meta, "flavors", {}).get("onnx")
    if flavor is None:
        raise MlflowException("polyaudit evaluates models logged by mlflow.onnx; export this one to ONNX and log it so")
    folder = mlflow.artifacts.download_artifacts(artifact_uri=meta.get_model_info().model_uri)
    return Path(folder) / flavor["data"]
