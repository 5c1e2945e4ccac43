"""The renderer `mlflow`: one envelope in, the report into a run, the run's id out.

The run is that of MLFLOW_RUN_ID, else a new one in the experiment of MLFLOW_EXPERIMENT_NAME; the store that of
MLFLOW_TRACKING_URI, as everywhere in MLflow. Settings: `run_name`, `experiment`.
"""

from __future__ import annotations

import json
import os
import sys
from importlib import resources

from polyaudit import Report


def main() -> None:
    """The program `polyaudit-mlflow`."""
    if sys.argv[1:] == ["--plugin-manifest"]:
        print(resources.files(__package__).joinpath("plugin.yaml").read_text(), end="")
        return
    envelope = json.load(sys.stdin)
    if envelope["protocol"] != 1:
        sys.exit(f"this plugin speaks protocol 1, not {envelope['protocol']}")
    config = envelope["config"]
    unknown = set(config) - {"run_name", "experiment"}
    if unknown:
        sys.exit(f"unknown settings {sorted(unknown)}: they are run_name and experiment")
    report = Report.from_dict(envelope["report"])
    if envelope["probe"]:
        print(f"{len(report.metrics())} metrics")
        return
    # What MLflow says on standard output is not the answer.
    answer, sys.stdout = sys.stdout, sys.stderr
    import mlflow

    from .log import log_report

    if "experiment" in config:
        mlflow.set_experiment(config["experiment"])
    with mlflow.start_run(run_id=os.environ.get("MLFLOW_RUN_ID"), run_name=config.get("run_name")) as run:
        log_report(report, run.info.run_id)
    print(run.info.run_id, file=answer)
