#!/bin/bash
# Start a one-node Kubernetes on this machine, or find it running.
#
#   up.sh [SPARK_VERSION...]      default: $SPARK_VERSIONS, or 3.5.9; SPARK_VERSIONS= for no Spark image
#
# The last line of stdout is the path of the administrator's kubeconfig; progress is on stderr.
# Exit code 3: this machine cannot run it. README.md has the rest.
set -Eeuo pipefail
. "$(dirname "$0")/lib.sh"
. "$here/host.sh"
. "$here/pki.sh"
. "$here/images.sh"
trap 'fail "${BASH_SOURCE[0]}:$LINENO: $BASH_COMMAND"' ERR

if [ $# -gt 0 ]; then versions=("$@"); else read -ra versions <<<"${SPARK_VERSIONS-3.5.9}" || true; fi
# a cluster that an older state of these files started is started anew
stamp=$(hash_of "$here"/{lib,up,pki}.sh "$here/bootstrap.yaml")-$KUBE_HASH

READY='{.status.conditions[?(@.type=="Ready")].status}'

healthy() {
  local p
  [ "$(cat "$STATE/run/stamp" 2>/dev/null)" = "$stamp" ] || return 1
  for p in "${PROGRAMS[@]}"; do pid_of "$p" >/dev/null || return 1; done
  # busy is not broken: while all its programs live, others may be using it
  for _ in {1..10}; do
    [ "$(kubectl get node "$NODE" -o "jsonpath=$READY" --request-timeout=10s 2>/dev/null)" = True ] && return 0
    sleep 3
  done
  return 1
}
wait_for() { # seconds program what command...
  local end=$((SECONDS + $1)) program=$2 what=$3
  shift 3
  until "$@" >/dev/null 2>&1; do
    pid_of "$program" >/dev/null || fail "$program has ended" "$STATE/log/$program.log"
    [ $SECONDS -lt $end ] || fail "still waiting for: $what" "$STATE/log/$program.log"
    sleep 0.1
  done
  say "$what"
}

configure_network() {
  ip link show $NODE_IF >/dev/null 2>&1 || ip link add $NODE_IF type bridge
  ip addr replace $NODE_IP/32 dev $NODE_IF
  ip link set $NODE_IF up
  modprobe br_netfilter 2>/dev/null || true # built in, or absent: sysctl tells
  [ -f "$STATE/sysctl.before" ] || sysctl net.ipv4.ip_forward net.bridge.bridge-nf-call-iptables \
    vm.overcommit_memory vm.panic_on_oom kernel.panic kernel.panic_on_oops \
    kernel.keys.root_maxkeys kernel.keys.root_maxbytes >"$STATE/sysctl.before"
  sysctl -qw net.ipv4.ip_forward=1 net.bridge.bridge-nf-call-iptables=1
  # a host with Docker drops what it does not know how to forward
  local way
  for way in -i -o; do
    iptables -w -C FORWARD $way $POD_BRIDGE -j ACCEPT 2>/dev/null ||
      iptables -w -I FORWARD $way $POD_BRIDGE -j ACCEPT
  done
}

start_containerd() {
  mkdir -p "$STATE/cni"
  cat >"$STATE/cni/10-pods.conflist" <<J
{"cniVersion": "1.0.0", "name": "firesteel-pods", "plugins": [
  {"type": "bridge", "bridge": "$POD_BRIDGE", "isGateway": true, "ipMasq": false, "hairpinMode": true,
   "ipam": {"type": "host-local", "dataDir": "$STATE/run/cni",
            "ranges": [[{"subnet": "$POD_CIDR"}]], "routes": [{"dst": "0.0.0.0/0"}]}},
  {"type": "portmap", "capabilities": {"portMappings": true}}]}
J
  cat >"$STATE/containerd.toml" <<T
version = 2
root = "$DISK/containerd"
state = "$STATE/run/containerd"
[grpc]
  address = "$CRI"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "$PAUSE_IMAGE"
  netns_mounts_under_state_dir = true
  disable_apparmor = true
  restrict_oom_score_adj = true    # root without CAP_SYS_RESOURCE may not lower a score: sandboxes would not start
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$STATE/cni"
T
  start containerd containerd -c "$STATE/containerd.toml"
  wait_for 30 containerd "containerd" ctr version
}

start_control_plane() {
  local etcd=/dev/shm peer=http://127.0.0.1:$((ETCD_PORT + 1))
  # a test's etcd belongs in memory, where there is enough of it (containers often have 64 MB there)
  [ "$(df --output=avail -m /dev/shm 2>/dev/null | tail -n 1)" -gt 1024 ] 2>/dev/null || etcd=$DISK
  etcd=$etcd/$ETCD_NAME
  mkdir -p "$etcd"
  chmod 700 "$etcd"
  start etcd "$KUBE" etcd --data-dir "$etcd" --unsafe-no-fsync --log-level warn \
    --listen-client-urls "http://127.0.0.1:$ETCD_PORT" --advertise-client-urls "http://127.0.0.1:$ETCD_PORT" \
    --listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" --initial-cluster "default=$peer" \
    --quota-backend-bytes 4294967296 --auto-compaction-mode periodic --auto-compaction-retention 5m
  # the node's own address alone: a pod made by whoever reaches this port is root on this machine
  start kube-apiserver "$KUBE" kube-apiserver --etcd-servers "http://127.0.0.1:$ETCD_PORT" \
    --bind-address $NODE_IP --secure-port $API_PORT --advertise-address $NODE_IP \
    --service-cluster-ip-range $SERVICE_CIDR --authorization-mode Node,RBAC \
    --enable-admission-plugins NodeRestriction --anonymous-auth=false \
    --client-ca-file "$PKI/ca.crt" --tls-cert-file "$PKI/apiserver.crt" --tls-private-key-file "$PKI/apiserver.key" \
    --service-account-issuer https://kubernetes.default.svc.cluster.local \
    --service-account-key-file "$PKI/sa.pub" --service-account-signing-key-file "$PKI/sa.key" \
    --kubelet-certificate-authority "$PKI/ca.crt" --kubelet-client-certificate "$PKI/apiserver-kubelet.crt" \
    --kubelet-client-key "$PKI/apiserver-kubelet.key" --kubelet-preferred-address-types InternalIP \
    --allow-privileged --profiling=false
  wait_for 90 kube-apiserver "API server" kubectl get --raw /readyz

  # loads of short pods would meet the two clients' default limits (20 and 50 requests a second) first
  local limits=(--kube-api-qps 1000 --kube-api-burst 2000) conf=$PKI/controller-manager.conf
  start kube-controller-manager "$KUBE" kube-controller-manager --leader-elect=false --kubeconfig "$conf" \
    --authentication-kubeconfig "$conf" --authorization-kubeconfig "$conf" \
    --service-account-private-key-file "$PKI/sa.key" --root-ca-file "$PKI/ca.crt" \
    --cluster-signing-cert-file "$PKI/ca.crt" --cluster-signing-key-file "$PKI/ca.key" \
    --use-service-account-credentials --bind-address 127.0.0.1 --profiling=false "${limits[@]}"
  conf=$PKI/scheduler.conf
  start kube-scheduler "$KUBE" kube-scheduler --leader-elect=false --kubeconfig "$conf" \
    --authentication-kubeconfig "$conf" --authorization-kubeconfig "$conf" \
    --bind-address 127.0.0.1 --profiling=false "${limits[@]}"
  kubectl apply -f "$here/bootstrap.yaml" >/dev/null

  cat >"$STATE/Corefile" <<C
cluster.local:53 in-addr.arpa:53 {
  bind $NODE_IP
  errors
  kubernetes cluster.local in-addr.arpa {
    kubeconfig $PKI/dns.conf
    ttl 5
  }
  cache 5
}
C
  start coredns "$KUBE" coredns -conf "$STATE/Corefile"
}

start_node() {
  echo "nameserver $NODE_IP" >"$STATE/resolv.conf"
  cat >"$STATE/kubelet.yaml" <<Y
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
failCgroupV1: false                # the default refuses a host with cgroup v1
cgroupDriver: cgroupfs
containerRuntimeEndpoint: unix://$CRI
podLogsDir: $DISK/pod-logs
resolvConf: $STATE/resolv.conf
clusterDNS: [$NODE_IP]
clusterDomain: cluster.local
authentication: {anonymous: {enabled: false}, webhook: {enabled: true}, x509: {clientCAFile: $PKI/ca.crt}}
authorization: {mode: Webhook}
tlsCertFile: $PKI/kubelet-server.crt
tlsPrivateKeyFile: $PKI/kubelet-server.key
address: $NODE_IP
readOnlyPort: 0
healthzPort: 0
maxPods: 250
failSwapOn: false
serializeImagePulls: false
imageGCHighThresholdPercent: 100   # no registry has the imported images: none may be collected
evictionHard: {memory.available: 200Mi, nodefs.available: 2Gi, imagefs.available: 2Gi, nodefs.inodesFree: 1%}
nodeStatusUpdateFrequency: 5s
syncFrequency: 10s
Y
  cat >"$STATE/kube-proxy.yaml" <<Y
apiVersion: kubeproxy.config.k8s.io/v1alpha1
kind: KubeProxyConfiguration
mode: nftables
clientConnection: {kubeconfig: $PKI/proxy.conf}
clusterCIDR: $POD_CIDR
hostnameOverride: $NODE
bindAddress: $NODE_IP
healthzBindAddress: 127.0.0.1:10256
metricsBindAddress: 127.0.0.1:10249
conntrack: {maxPerCore: 0, min: 0, tcpEstablishedTimeout: 0s, tcpCloseWaitTimeout: 0s}   # leave the host's sysctls
Y
  local since
  since=$(date -u +%FT%TZ)
  start kubelet "$KUBE" kubelet --config "$STATE/kubelet.yaml" --kubeconfig "$PKI/kubelet.conf" \
    --hostname-override $NODE --node-ip $NODE_IP --root-dir "$DISK/kubelet" --cert-dir "$DISK/kubelet/pki"
  start kube-proxy "$KUBE" kube-proxy --config "$STATE/kube-proxy.yaml"
  wait_for 90 kubelet "node ready" node_ready_since "$since"
  wait_for 30 kube-controller-manager "default service account" kubectl get serviceaccount default -n default
}

node_ready_since() { # time: with data kept, Ready may for a moment be the last run's word
  local status heartbeat
  read -r status heartbeat < <(kubectl get node $NODE \
    -o "jsonpath=$READY {.status.conditions[?(@.type==\"Ready\")].lastHeartbeatTime}{\"\n\"}")
  [ "$status" = True ] && [[ ! "$heartbeat" < "$1" ]]
}

check_machine
mkdir -p "$CACHE"
lock
mkdir -p "$STATE"/{run,log} "$CACHE/tmp" "$DISK"
if healthy; then
  import_images
  say "it runs"
else
  if compgen -G "$STATE/run/*.pid" >/dev/null; then
    say "cleaning up after an earlier run"
    "$here/down.sh" --data
    mkdir -p "$STATE"/{run,log} "$DISK"
  fi
  install_packages
  check_rights
  build_kube
  ln -sfn "$KUBE" "$STATE/kubectl"
  ln -sfn "$DISK" "$STATE/disk"
  make_pki
  configure_network
  start_containerd
  forget_containers
  import_images
  start_control_plane
  start_node
  echo "$stamp" >"$STATE/run/stamp"
  say "up"
fi
kubectl apply -f "$here/../../deploy/rbac.yaml" >/dev/null # Firesteel under test has these rights and no more
echo "$KUBECONFIG"
