"""polyaudit inside MLflow: an evaluator (`evaluators="polyaudit"`), and `log_report` for reports from anywhere else."""

from .log import PREFIX, log_report, metrics

__all__ = ["PREFIX", "log_report", "metrics"]
