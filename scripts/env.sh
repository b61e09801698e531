# Where everything that is built, fetched or started lies: outside the checkout. Sourced.
# shellcheck shell=bash
if [ -z "${FIRESTEEL_CACHE:-}" ]; then
  if [ "$(id -u)" -eq 0 ]; then
    # Not in root's home: the user that Postgres is started as, in root's place, must reach it.
    FIRESTEEL_CACHE=/var/cache/firesteel
  else
    FIRESTEEL_CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/firesteel
  fi
fi
export FIRESTEEL_CACHE
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$FIRESTEEL_CACHE/target}
VENV=$FIRESTEEL_CACHE/venv
# The one Python that has the clients and pyspark.
export FIRESTEEL_PYTHON=${FIRESTEEL_PYTHON:-$VENV/bin/python}
# What the clients' tests alone need.
export ORCHESTRATORS=$FIRESTEEL_CACHE/clients/orchestrators
export GO_CACHE=$FIRESTEEL_CACHE/clients/go
export NODE_CACHE=$FIRESTEEL_CACHE/clients/js
fail() { echo "$(basename "$0"): $*" >&2; exit 1; }
