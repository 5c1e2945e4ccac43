#!/usr/bin/env bash
# The template as its README says, from the command line; tests/cli/plugins.rs tests the rest. Needs Python alone.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
bin=${POLYAUDIT_BIN:-${CARGO_TARGET_DIR:-$root/target}/release/polyaudit}
cd "$root/plugins"
"$bin" plugins check ./template
code() {
  local code=0
  "$bin" "$root/fixtures/iris-mlp.onnx" --domain -1,1 -q -o "$report" --plugin ./template --plugin-config "./template={max_faces: $1}" || code=$?
  echo "$code"
}
report=$(mktemp --suffix .yaml)
trap 'rm -f "$report"' EXIT
[ "$(code 19)" = 0 ]
[ "$(code 18)" = 1 ]
grep -q 'code: template/too-many-faces' "$report" || grep -q 'code: "template/too-many-faces"' "$report"
echo "template: passes at 19 faces, fails at 18"
