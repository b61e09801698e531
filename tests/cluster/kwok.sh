#!/bin/bash
# Nodes and pods that KWOK plays, next to the real node: kwok.sh up [NODES] | down
#
# Pods with the node selector `type: kwok` land there: kwok.yaml says how they live and end. Needs the
# cluster of up.sh, and stops with it.
set -euo pipefail
. "$(dirname "$0")/lib.sh"
trap 'fail "${BASH_SOURCE[0]}:$LINENO: $BASH_COMMAND"' ERR

up() {
  local nodes=$1 n
  pid_of kube-apiserver >/dev/null || fail "the cluster does not run: start it with up.sh"
  for ((n = 0; n < nodes; n++)); do
    echo "{apiVersion: v1, kind: Node, metadata: {name: kwok-$n, labels: {type: kwok, kubernetes.io/hostname: kwok-$n}}}"
    echo ---
  done | kubectl apply -f - >/dev/null
  if ! pid_of kwok >/dev/null; then
    start kwok "$KUBE" kwok --kubeconfig "$KUBECONFIG" --config "$here/kwok.yaml" --cidr 10.200.0.0/14 \
      --manage-nodes-with-label-selector type=kwok
  fi
  kubectl wait --for=condition=Ready node -l type=kwok --timeout=60s >/dev/null ||
    fail "its nodes are not ready" "$STATE/log/kwok.log"
  say "KWOK plays $nodes nodes"
}

case "${1:-} $#" in
"up 1") up 4 ;;
"up 2") up "$2" ;;
"down 1")
  stop kwok
  kubectl delete node -l type=kwok >/dev/null
  ;;
*) echo "usage: $0 up [NODES] | down" >&2; exit 2 ;;
esac
