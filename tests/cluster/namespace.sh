#!/bin/bash
# Make a namespace in which Spark drivers may run: namespace.sh NAME
# It gets deploy/spark-rbac.yaml, and pods with the service account "spark" make executors there.
set -euo pipefail
[ $# -eq 1 ] || { echo "usage: $0 NAME" >&2; exit 2; }
. "$(dirname "$0")/lib.sh"
kubectl create namespace "$1" --dry-run=client -o yaml | kubectl apply -f - >/dev/null
sed "s/namespace: spark-jobs$/namespace: $1/" "$here/../../deploy/spark-rbac.yaml" | kubectl apply -f - >/dev/null
