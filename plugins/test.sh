#!/usr/bin/env bash
# Runs the test of every bundled plugin that has one, each against its real host; all of them, then says which failed.
set -uo pipefail
failed=()
for test in "$(dirname "$0")"/*/test.sh; do
  name=$(basename "$(dirname "$test")")
  echo "== plugin $name"
  begun=$SECONDS
  "$test" || failed+=("$name")
  echo "== plugin $name: $((SECONDS - begun)) s"
done
[ ${#failed[@]} = 0 ] || { echo "failed: ${failed[*]}" >&2; exit 1; }
