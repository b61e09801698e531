#!/usr/bin/env bash
# Runs a folder of Python tests against the built server.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh
export FIRESTEEL_BIN=${FIRESTEEL_BIN:-$CARGO_TARGET_DIR/debug/firesteel}
# The checkout stays clean.
export PYTHONDONTWRITEBYTECODE=1
exec "$FIRESTEEL_PYTHON" -m pytest -c tests/pytest.ini "$@"
