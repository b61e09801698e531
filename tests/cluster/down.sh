#!/bin/bash
# Stop the cluster: its pods, its programs (each by its own pid), then its mounts, links, packet
# rules, cgroups and sysctls. What the API server holds is kept for the next up.sh, unless --data
# is given; images are always kept.
set -uo pipefail
. "$(dirname "$0")/lib.sh"
[ "$(id -u)" = 0 ] || fail "it needs root"
[ -d "$STATE" ] || exit 0
lock

forget_data() {
  rm -rf "/dev/shm/$ETCD_NAME" "${DISK:?}"/{"$ETCD_NAME",kubelet,pod-logs}
}
if [ -L "$STATE/disk" ]; then
  DISK=$(readlink "$STATE/disk") # it may have been started with another cache folder
else
  # not up: what is cleaned below could by now be another Kubernetes' own
  [ "${1:-}" != --data ] || forget_data
  exit 0
fi

stop kubelet # first: it would restart what is stopped next
if pid_of containerd >/dev/null; then remove_containers; fi
stop kwok kube-proxy coredns kube-scheduler kube-controller-manager kube-apiserver etcd
[ ! -f "$STATE/kube-proxy.yaml" ] ||
  "$(readlink "$STATE/kubectl")" kube-proxy --cleanup --config "$STATE/kube-proxy.yaml" >/dev/null 2>&1
stop containerd
# shims outlive containerd by design; ours have our socket on their command line
for p in /proc/[0-9]*; do
  if { tr '\0' ' ' <"$p/cmdline"; } 2>/dev/null | grep -- "^[^ ]*containerd-shim.* -address $CRI " >/dev/null; then
    # with the shim its container's processes lose their parent, not their life: they go by cgroup below
    kill -KILL "${p#/proc/}"
  fi
done

# cgroups deepest first, in every v1 controller or in the one v2 tree
for root in /sys/fs/cgroup /sys/fs/cgroup/*; do
  [ -d "$root/kubepods" ] || continue
  find "$root/kubepods" -name cgroup.procs -exec cat {} + 2>/dev/null | sort -u | xargs -r kill -KILL 2>/dev/null
done
sleep 0.2
for root in /sys/fs/cgroup /sys/fs/cgroup/*; do
  [ ! -d "$root/kubepods" ] || find "$root/kubepods" -depth -type d -exec rmdir {} + 2>/dev/null
done

# file systems of containers, network namespaces and volumes of pods
unmount_below "$STATE" "$DISK"
rm -f /var/lib/cni/results/firesteel-pods-*
for l in /var/log/containers/*.log; do # the kubelet's links into its podLogsDir
  case $(readlink "$l") in "$DISK"/*) rm "$l" ;; esac
done
ip link del $POD_BRIDGE 2>/dev/null
ip link del $NODE_IF 2>/dev/null
for way in -i -o; do
  iptables -w -D FORWARD $way $POD_BRIDGE -j ACCEPT 2>/dev/null
done
for t in iptables ip6tables; do # chains of the kubelet and of the portmap plugin
  rules=$("$t-save" 2>/dev/null)
  ! grep -qE 'KUBE-|CNI-' <<<"$rules" || grep -vE 'KUBE-|CNI-' <<<"$rules" | "$t-restore"
done
[ ! -f "$STATE/sysctl.before" ] || { sysctl -qp "$STATE/sysctl.before" && rm "$STATE/sysctl.before"; }
rm -rf "$STATE/run" "$STATE/disk"
[ "${1:-}" != --data ] || forget_data
