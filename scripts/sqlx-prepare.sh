#!/bin/sh
# Writes down in .sqlx/ what Postgres says of every query in the code, so that a build needs no
# database. Run it after a change of a query or a migration.
#
#   scripts/sqlx-prepare.sh            regenerates .sqlx/
#   scripts/sqlx-prepare.sh --check    fails where .sqlx/ is not current
set -eu

case ${1:-} in
"" | --check) ;;
*)
    echo "usage: sqlx-prepare.sh [--check]" >&2
    exit 2
    ;;
esac

cd "$(dirname "$0")/.."
database=$(mktemp -d /tmp/firesteel-prepare-XXXXXX)
queries=$(mktemp -d /tmp/firesteel-queries-XXXXXX)
trap 'tests/postgres.sh stop "$database"; rm -rf "$database" "$queries"' EXIT

DATABASE_URL=$(tests/postgres.sh start "$database")
export DATABASE_URL
psql=$(tests/postgres.sh bin)/psql
[ -x "$psql" ] || psql=psql
for migration in migrations/*.sql; do
    transaction=--single-transaction
    ! grep -q '^-- no-transaction' "$migration" || transaction=
    # shellcheck disable=SC2086
    "$psql" "$DATABASE_URL" --no-psqlrc --quiet $transaction \
        --set=ON_ERROR_STOP=1 --file="$migration"
done

# The macros save only when they are expanded anew.
touch src/lib.rs
SQLX_OFFLINE=false SQLX_OFFLINE_DIR="$queries" cargo check --quiet --all-targets
# And whatever was compiled against that database is not compiled for good.
touch src/lib.rs

if [ "${1:-}" = --check ]; then
    diff -r "$queries" .sqlx || {
        echo "sqlx-prepare.sh: .sqlx/ is not current: run scripts/sqlx-prepare.sh" >&2
        exit 1
    }
else
    rm -rf .sqlx
    mkdir .sqlx
    cp "$queries"/*.json .sqlx/
fi
