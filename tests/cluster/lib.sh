# Names, addresses and helpers that every script here shares. Sourced, never run.
# shellcheck shell=bash disable=SC2034  # most names are for the scripts that source this

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
CACHE=${FIRESTEEL_CACHE:-/var/cache/firesteel} # root's, as in scripts/env.sh: nobody else can run the cluster
STATE=/run/firesteel-cluster        # pids, sockets, certificates, kubeconfig, logs: of this boot alone
DISK=$CACHE/node                    # what the node keeps on disk: images, pod volumes, pod logs
ETCD_NAME=firesteel-cluster-etcd
PKI=$STATE/pki
KUBECONFIG=$STATE/kubeconfig
CRI=$STATE/run/containerd.sock

# One cluster a machine, so these are fixed. They stay clear of the defaults of Docker and Kubernetes.
NODE=node0
NODE_IF=fsnode0                     # a bridge without ports: not every kernel has "dummy" links
NODE_IP=10.255.0.1
POD_BRIDGE=fspods0
POD_CIDR=10.254.0.0/22
SERVICE_CIDR=10.253.0.0/16
SERVICE_API=10.253.0.1
API_PORT=6443
ETCD_PORT=23790

PROGRAMS=(containerd etcd kube-apiserver kube-controller-manager kube-scheduler coredns kubelet kube-proxy)

hash_of() { # file...: of their contents
  cat "$@" | sha256sum | cut -c1-16
}
KUBE_HASH=$(hash_of "$here"/kube/*.go "$here"/kube/go.mod "$here"/kube/go.sum)
KUBE=$CACHE/kube-$KUBE_HASH/kube

# a link to the binary that runs the cluster, which may be older than the sources
kubectl() { "$STATE/kubectl" --kubeconfig "$KUBECONFIG" "$@"; }
ctr() { command ctr -a "$CRI" -n k8s.io "$@"; }

T0=${EPOCHREALTIME/./}
say() { # progress, with the seconds since the script began
  local t=$(((${EPOCHREALTIME/./} - T0) / 100000))
  echo "$((t / 10)).$((t % 10)) s: $*" >&2
}
unable() { # why: this machine cannot run the cluster, which is no failure of the code under test
  echo "the test cluster cannot run here: $*" >&2
  exit 3
}
fail() { # what [log]
  echo "$(basename "$0"): $1" >&2
  if [ -s "${2:-}" ]; then
    echo "the end of $2:" >&2
    tail -n 20 "$2" >&2
  fi
  exit 1
}

# A pid alone may by now be another process; a pid and its start time (in ticks since boot) may not.
start_time() { awk '{print $22}' "/proc/$1/stat" 2>/dev/null; }
pid_of() { # program: its pid if that very process still lives
  local pid started
  read -r pid started 2>/dev/null <"$STATE/run/$1.pid" || return 1
  [ "$(start_time "$pid")" = "$started" ] || return 1
  grep -q '^State:.[^Z]' "/proc/$pid/status" 2>/dev/null || return 1 # an unreaped zombie is dead
  echo "$pid"
}

start() { # program command...: in a session of its own, so that no signal meant for us reaches it
  local name=$1 pid
  shift
  setsid "$@" >"$STATE/log/$name.log" 2>&1 </dev/null 9>&- &
  pid=$!
  echo "$pid $(start_time $pid)" >"$STATE/run/$name.pid"
}

stop() { # program...: TERM, then KILL after 10 s
  local name pid
  for name; do
    if pid=$(pid_of "$name"); then
      kill -TERM "$pid"
      for _ in {1..100}; do
        pid_of "$name" >/dev/null || break
        sleep 0.1
      done
      ! pid_of "$name" >/dev/null || kill -KILL "$pid"
    fi
    rm -f "$STATE/run/$name.pid"
  done
}

lock() { # one up.sh or down.sh at a time; up.sh calls down.sh with the lock held
  [ -z "${CLUSTER_LOCKED:-}" ] || return 0
  mkdir -p "$STATE"
  chmod 700 "$STATE"
  exec 9>"$STATE/lock"
  flock 9
  export CLUSTER_LOCKED=1
}

kubeconfig() { # credentials, as the fields of a YAML flow mapping
  cat <<Y
apiVersion: v1
kind: Config
clusters: [{name: test, cluster: {server: "https://$NODE_IP:$API_PORT", certificate-authority-data: $(base64 -w0 "$PKI/ca.crt")}}]
users: [{name: test, user: {$1}}]
contexts: [{name: test, context: {cluster: test, user: test}}]
current-context: test
Y
}

unmount_below() { # folder...
  local dir m
  for dir; do
    awk -v d="$dir/" 'index($2, d) == 1 {print $2}' /proc/self/mounts | sort -r |
      while read -r m; do umount "$m" 2>/dev/null || umount -l "$m"; done
  done
}

remove_containers() { # all of them, in a running containerd, with the kubelet stopped
  local c
  for c in $(ctr task ls -q 2>/dev/null); do ctr task kill -s KILL "$c" >/dev/null 2>&1 || true; done
  for _ in {1..50}; do
    ctr task ls 2>/dev/null | grep RUNNING >/dev/null || break
    sleep 0.1
  done
  for c in $(ctr task ls -q 2>/dev/null); do ctr task rm -f "$c" >/dev/null 2>&1 || true; done
  for c in $(ctr container ls -q 2>/dev/null); do
    ctr container rm "$c" >/dev/null 2>&1 || true
    rm -f /var/lib/cni/results/*-"$c"-*
  done
}
