#!/usr/bin/env bash
# The plugin through the real program, its cards through the real loader of huggingface_hub.
. "$(dirname "$0")/../venv.sh" model-card
"$python" -m pytest -q -p no:cacheprovider "$root/plugins/model-card/tests"
