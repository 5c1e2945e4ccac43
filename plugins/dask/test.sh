#!/usr/bin/env bash
# A real cluster of worker processes on this machine.
. "$(dirname "$0")/../venv.sh" dask
install "$root/plugins/dask"
"$python" -m pytest -q -p no:cacheprovider "$root/plugins/dask/tests"
