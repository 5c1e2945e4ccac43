#!/usr/bin/env bash
# The action's steps, executed as a runner does.
. "$(dirname "$0")/../venv.sh" github-action
"$python" -m pytest -q -p no:cacheprovider "$root/plugins/github-action/tests"
