"""A report as metrics, tags and artifacts of a run.

Contract: metrics are the numbers of `summary` and nothing else, each as `polyaudit.` and its dotted path. What a report
lacks (`regions` of a sampled one) is no metric, so a threshold on it fails instead of passing.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import mlflow
from polyaudit import Report

PREFIX = "polyaudit."
"""What names of metrics and tags begin with."""

FOLDER = "polyaudit"
"""The artifacts' folder."""


def metrics(report: Report) -> dict[str, float]:
    """The report's numbers by the names that MLflow gets."""
    return {PREFIX + path: value for path, value in report.metrics().items()}


def log_report(
    report: Report, run_id: str | None = None, *, model_id: str | None = None, html: str | None = None
) -> dict[str, str]:
    """Logs to a run (the active one, else a new one); gives the artifacts' names and places in the run.

    A second report in one run has artifacts of its own; its metrics and tags take the place of the first one's.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "report.json").write_text(json.dumps(report.raw, indent=1) + "\n")
        files = {"report": "report.json"}
        if html is not None:
            (folder / "report.html").write_text(html)
            files["html"] = "report.html"
        if report.histogram.rows:
            report.histogram.frame().to_csv(folder / "histogram.csv", index=False)
            files["histogram"] = "histogram.csv"
            _draw(report, folder / "histogram.png")
            files["histogram_plot"] = "histogram.png"
        place = f"{FOLDER}/{Path(report.model.file).stem}"
        client = mlflow.MlflowClient()
        if run_id is None:
            active = mlflow.active_run() or mlflow.start_run()
            run_id = active.info.run_id
        mlflow.log_metrics(metrics(report), run_id=run_id, model_id=model_id)
        for key, value in _tags(report).items():
            client.set_tag(run_id, PREFIX + key, value)
        client.log_artifacts(run_id, str(folder), place)
    return {key: f"{place}/{file}" for key, file in files.items()}


def _tags(report: Report) -> dict[str, str]:
    settings = report.raw["settings"]
    return {
        "model": report.model.file,
        "sha256": report.model.sha256,
        "state": report.status.state,
        "domain": json.dumps(settings["domain"]),
        "method": report.settings.method,
        "seed": str(report.settings.seed),
        "version": report.tool.version,
    }


def _draw(report: Report, path: Path) -> None:
    # A figure of its own: no window is opened and nobody's current figure is touched.
    from matplotlib.figure import Figure

    figure = Figure()
    report.plot_histogram(figure.subplots())
    figure.savefig(path)
