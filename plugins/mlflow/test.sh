#!/usr/bin/env bash
# The evaluator and the renderer with a real MLflow on a sqlite store.
. "$(dirname "$0")/../venv.sh" mlflow
install "$root/plugins/python" "$root/plugins/mlflow"
export MPLCONFIGDIR=$venv/matplotlib MLFLOW_DISABLE_TELEMETRY=true
cd "$venv"
"$python" -m pytest -q -p no:cacheprovider -W ignore "$root/plugins/mlflow/tests"
