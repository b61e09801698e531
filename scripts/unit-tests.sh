#!/usr/bin/env bash
# cargo test with a Postgres of its own.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh
export SQLX_OFFLINE=true
pgdir=$(mktemp -d "${TMPDIR:-/tmp}/firesteel-test-pg.XXXXXX")
trap 'tests/postgres.sh stop "$pgdir"; rm -rf "$pgdir"' EXIT
DATABASE_URL=$(tests/postgres.sh start "$pgdir")
export DATABASE_URL
cargo test --locked --features failpoints "$@"
