# Certificates, keys and kubeconfigs, with openssl alone (about a second). Sourced by up.sh.
# shellcheck shell=bash

make_pki() {
  [ ! -f "$PKI/done" ] || return 0
  rm -rf "$PKI"
  mkdir -m 700 "$PKI"
  (
    cd "$PKI"
    key ca
    openssl req -x509 -new -key ca.key -subj /CN=firesteel-test-cluster -days 365 -out ca.crt \
      -addext keyUsage=critical,keyCertSign,digitalSignature,cRLSign
    openssl genrsa -out sa.key 2048
    openssl rsa -in sa.key -pubout -out sa.pub

    certificate apiserver /CN=kube-apiserver serverAuth "DNS:localhost,DNS:kubernetes.default.svc,IP:$NODE_IP,IP:$SERVICE_API"
    certificate kubelet-server "/O=system:nodes/CN=system:node:$NODE" serverAuth "DNS:$NODE,IP:$NODE_IP"
    certificate apiserver-kubelet /CN=kube-apiserver-kubelet-client clientAuth

    client kubelet "/O=system:nodes/CN=system:node:$NODE"
    client controller-manager /CN=system:kube-controller-manager
    client scheduler /CN=system:kube-scheduler
    client proxy /CN=system:kube-proxy
    client dns /CN=coredns
    client admin /O=system:masters/CN=admin
    mv admin.conf "$KUBECONFIG"
  ) >"$STATE/log/openssl.log" 2>&1 || fail "openssl cannot make the certificates" "$STATE/log/openssl.log"
  touch "$PKI/done"
}

key() { # name
  case $1 in
    # the Java client that spark-submit uses does not read EC client keys by itself
    admin) openssl genrsa -out "$1.key" 2048 ;;
    *) openssl ecparam -name prime256v1 -genkey -noout -out "$1.key" ;;
  esac
}

certificate() { # name subject usage [subjectAltName]
  key "$1"
  openssl req -new -key "$1.key" -subj "$2" -out "$1.csr"
  {
    echo "keyUsage=critical,digitalSignature,keyEncipherment"
    echo "extendedKeyUsage=$3"
    [ -z "${4:-}" ] || echo "subjectAltName=$4"
  } >"$1.ext"
  openssl x509 -req -in "$1.csr" -CA ca.crt -CAkey ca.key -CAcreateserial -days 365 \
    -extfile "$1.ext" -out "$1.crt"
  rm "$1.csr" "$1.ext"
}

client() { # name subject: a certificate, and NAME.conf to use it with
  certificate "$1" "$2" clientAuth
  kubeconfig "client-certificate-data: $(base64 -w0 "$1.crt"), client-key-data: $(base64 -w0 "$1.key")" >"$1.conf"
}
