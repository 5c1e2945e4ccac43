#!/usr/bin/env bash
# Audits the models, writes the job summary, and leaves the verdict to the gate: ends well whatever polyaudit says.
# Inputs come in the environment, one value per line, and are never parsed as shell code.
set -euo pipefail
shopt -s nullglob globstar

models=()
while IFS= read -r pattern; do
  pattern=${pattern%$'\r'}
  [ -n "${pattern// /}" ] || continue
  # Expanded as a pattern, not split at spaces.
  matches=("")
  IFS='' eval 'matches=(${pattern})'
  [ ${#matches[@]} -gt 0 ] || { echo "::error title=polyaudit::no file matches $pattern"; exit 2; }
  models+=("${matches[@]}")
done <<<"$MODELS"
[ ${#models[@]} -gt 0 ] || { echo "::error title=polyaudit::the input models is empty"; exit 2; }

arguments=()
[ -z "$DOMAIN" ] || arguments+=("--domain=$DOMAIN")
while IFS= read -r argument; do
  [ -z "$argument" ] || arguments+=("$argument")
done <<<"$ARGUMENTS"

section=$(mktemp)
trap 'rm -f "$section"' EXIT
code=0
polyaudit "${arguments[@]}" --format json --out-dir "$REPORTS" \
  --plugin-dir "$(dirname "$0")/.." --plugin "model-card=$section" --plugin-config 'model-card={card: null}' \
  -- "${models[@]}" || code=$?

case $code in
  0) verdict="passed" ;;
  1) verdict="a check failed" ;;
  3) verdict="a model is outside the supported fragment" ;;
  *) verdict="failed, see the log" ;;
esac
{
  echo "# polyaudit: $verdict"
  echo
  cat "$section"
} >>"$GITHUB_STEP_SUMMARY"
{
  echo "exit-code=$code"
  echo "reports=$REPORTS"
} >>"$GITHUB_OUTPUT"
