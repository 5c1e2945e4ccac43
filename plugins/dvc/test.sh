#!/usr/bin/env bash
# The stage in a real repository, with a real DVC.
. "$(dirname "$0")/../venv.sh" dvc
"$python" -m pytest -q -p no:cacheprovider "$root/plugins/dvc/tests"
