#!/usr/bin/env bash
# Formatting, clippy and documentation, all without a database.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh
export SQLX_OFFLINE=true
cargo fmt --check
cargo clippy --locked --all-targets --features failpoints -- -D warnings
RUSTDOCFLAGS="-D warnings" cargo doc --locked --no-deps --document-private-items --quiet
scripts/sqlx-prepare.sh --check
