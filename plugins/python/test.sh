#!/usr/bin/env bash
# Installs the package and tests it against the real program, ONNX, PyTorch, pandas, matplotlib and Jupyter.
. "$(dirname "$0")/../venv.sh" python
install "$root/plugins/python"
"$python" -m mypy --strict --ignore-missing-imports --no-error-summary --cache-dir "$venv/mypy" "$root/plugins/python/src/polyaudit"
MPLCONFIGDIR=$venv/matplotlib "$python" -m pytest -q -p no:cacheprovider "$root/plugins/python/tests"
