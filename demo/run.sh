#!/usr/bin/env bash
# Starts `firesteel dev` in a folder of its own, runs three Spark jobs through boto3, and stops it.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh
data=$FIRESTEEL_CACHE/demo
log=$FIRESTEEL_CACHE/demo.log
listen=127.0.0.1:${DEMO_PORT:-9400}
admin=127.0.0.1:${DEMO_ADMIN_PORT:-9401}
firesteel=$CARGO_TARGET_DIR/debug/firesteel

command=("$firesteel" dev --listen "$listen" --admin-listen "$admin" --data-dir "$data")
echo "Starting: ${command[*]}"
ready=$(mktemp)
"${command[@]}" >"$ready" 2>"$log" &
server=$!
trap 'kill "$server" 2>/dev/null; wait "$server" 2>/dev/null || true; rm -f "$ready"' EXIT
for _ in $(seq 300); do
  [ ! -s "$ready" ] || break
  kill -0 "$server" 2>/dev/null || {
    tail -n 1 "$log" >&2
    fail "the server did not start (log: $log); other ports: make demo DEMO_PORT=9500 DEMO_ADMIN_PORT=9501"
  }
  sleep 0.1
done
cat "$ready"
server_line=$(printf "%q " "${command[@]}")
"$FIRESTEEL_PYTHON" -u demo/demo.py "http://$listen" "$data" "${server_line% }"
