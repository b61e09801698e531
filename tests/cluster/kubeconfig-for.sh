#!/bin/bash
# Write a kubeconfig with a token (a day long) of a service account: kubeconfig-for.sh SERVICEACCOUNT NAMESPACE OUT
set -euo pipefail
[ $# -eq 3 ] || { echo "usage: $0 SERVICEACCOUNT NAMESPACE OUT" >&2; exit 2; }
. "$(dirname "$0")/lib.sh"
token=$(kubectl create token "$1" --namespace "$2" --duration 24h)
umask 077
kubeconfig "token: $token" >"$3.part"
mv "$3.part" "$3"
