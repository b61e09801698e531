#!/usr/bin/env bash
# Makes the certificates of the tests' HTTPS servers. Their keys are public: nothing else may trust them.
set -euo pipefail
cd "$(dirname "$0")"
key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2>/dev/null; }
key ca.key
openssl req -x509 -new -key ca.key -days 36500 -subj "/CN=Firesteel tests" -out ca.pem
key server.key
openssl req -new -key server.key -subj "/CN=example.test" |
  openssl x509 -req -CA ca.pem -CAkey ca.key -set_serial 1 -days 36500 -out server.pem -extfile <(
    echo "basicConstraints=CA:FALSE"
    echo "extendedKeyUsage=serverAuth"
    echo "subjectAltName=DNS:example.test,DNS:*.example.test,IP:127.0.0.1"
  ) 2>/dev/null
rm ca.key
