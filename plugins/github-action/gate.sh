#!/usr/bin/env bash
# Turns polyaudit's exit code into the step's.
set -euo pipefail
case $GATE in
  true | false) ;;
  *) echo "::error title=polyaudit::the input gate is true or false, not $GATE"; exit 2 ;;
esac
case $CODE in
  0) exit 0 ;;
  1) message="a check failed" ;;
  3) message="a model is outside the supported fragment" ;;
  *) echo "::error title=polyaudit::polyaudit failed with exit code $CODE"; exit "${CODE:-2}" ;;
esac
if [ "$GATE" = false ]; then
  echo "::warning title=polyaudit::$message (gate is false)"
  exit 0
fi
echo "::error title=polyaudit::$message"
exit "$CODE"
