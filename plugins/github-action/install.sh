#!/usr/bin/env bash
# Puts polyaudit on the path of the steps to come: the one that is there, else built from the repository of this action.
set -euo pipefail
if command -v polyaudit >/dev/null; then
  echo "$(polyaudit --version) is there"
  exit 0
fi
repository=$(cd "$GITHUB_ACTION_PATH/../.." && pwd)
if ! ls /usr/lib/*/libclang*.so* /usr/lib/llvm-*/lib/libclang*.so* >/dev/null 2>&1 || ! command -v cmake >/dev/null; then
  sudo apt-get update
  sudo apt-get install -y --no-install-recommends build-essential cmake libclang-dev
fi
cargo install --locked --path "$repository" --root "$RUNNER_TEMP/polyaudit"
echo "$RUNNER_TEMP/polyaudit/bin" >>"$GITHUB_PATH"
