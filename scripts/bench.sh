#!/usr/bin/env bash
# Measures Firesteel on this machine: bench.sh [MEASURE...], all where none is named. The page of figures,
# docs/performance.md, is written anew from what is kept in the cache; SHORT=1 only tries it out.
#
# Needs root on Linux, and Go: it starts the cluster of tests/cluster with KWOK, and a Postgres.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/env.sh
out=$FIRESTEEL_CACHE/bench
figures=$out/figures${SHORT:+-short}
mkdir -p "$figures"

admin=$(SPARK_VERSIONS= tests/cluster/up.sh | tail -n 1)
run=$(dirname "$admin")/run
tests/cluster/kwok.sh up
tests/cluster/namespace.sh bench
tests/cluster/kubeconfig-for.sh firesteel firesteel "$out/kubeconfig"

tests/postgres.sh stop "$out/postgres"
trap 'tests/postgres.sh stop "$out/postgres"; tests/cluster/kwok.sh down; tests/cluster/down.sh --data' EXIT
database=$(tests/postgres.sh start "$out/postgres" durable)

programs=(--program="postgres=$(head -n 1 "$out/postgres/data/postmaster.pid")")
for program in etcd kube-apiserver kube-scheduler kube-controller-manager kwok; do
  programs+=(--program="$program=$(cut -d' ' -f1 "$run/$program.pid")")
done
spark=$("$FIRESTEEL_PYTHON" -c 'import os, pyspark; print(os.path.dirname(pyspark.__file__))')
if [ -n "${SHORT:-}" ]; then last=(--short); else last=(--report docs/performance.md); fi
SQLX_OFFLINE=true cargo bench --locked --bench scale -- "$@" --out "$figures" \
  --kubeconfig "$out/kubeconfig" --admin-kubeconfig "$admin" --database-url "$database" --spark-home "$spark" \
  "${programs[@]}" "${last[@]}"
