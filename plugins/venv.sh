# Sourced by the test scripts of the plugins. It sets, and says what it does:
#   root            the repository
#   POLYAUDIT_BIN   the program under test, built where it is missing
#   python          the interpreter of the plugin's own virtual environment, with its requirements.txt installed
# Ends the script with success, visibly, when the package index cannot be reached; any other trouble is a failure.
# Usage: . "$(dirname "$0")/../venv.sh" NAME
set -euo pipefail
plugin=$1
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
target=${CARGO_TARGET_DIR:-$root/target}

if [ -z "${POLYAUDIT_BIN:-}" ]; then
  [ -x "$target/release/polyaudit" ] || (cd "$root" && cargo build --release --locked)
  POLYAUDIT_BIN=$target/release/polyaudit
fi
export POLYAUDIT_BIN

venv=$target/plugins/$plugin
python=$venv/bin/python
stamp=$(cat "$root/plugins/$plugin/requirements.txt" <(python3 --version) | sha256sum | cut -d' ' -f1)
if [ "$(cat "$venv/stamp" 2>/dev/null)" != "$stamp" ]; then
  rm -rf "$venv"
  python3 -m venv "$venv"
  if ! "$python" -m pip install --quiet --disable-pip-version-check -r "$root/plugins/$plugin/requirements.txt"; then
    if "$python" -m pip download --quiet --disable-pip-version-check --no-cache-dir --no-deps --dest "$venv/probe" six==1.17.0; then
      echo "FAILED $plugin: its requirements cannot be installed" >&2
      exit 1
    fi
    echo "SKIPPED $plugin: the package index cannot be reached" >&2
    exit 0
  fi
  echo "$stamp" >"$venv/stamp"
fi

# Installs folders of this repository as packages: from copies, so that nothing is built in the tree, and without their
# dependencies, which are pinned.
install() {
  local folder copy
  for folder in "$@"; do
    copy=$(mktemp -d)
    cp -R "$folder/." "$copy"
    "$python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --force-reinstall "$copy"
    rm -rf "$copy"
  done
}
