# What the machine must offer, and the Debian packages that bring it. Sourced by up.sh.
# shellcheck shell=bash disable=SC2154

check_machine() { # cheap: runs at every start
  [ "$(uname -s)" = Linux ] || unable "it needs Linux, and this is $(uname -s)"
  [ "$(id -u)" = 0 ] || unable "it needs root, for namespaces, mounts, cgroups and links"
  [ -x "$KUBE" ] || command -v go >/dev/null ||
    unable "its Kubernetes is not built yet, and there is no Go to build it"
}

check_rights() { # what root may still lack inside a container; and what another cluster would hold
  local t port
  t=$(mktemp -d "$CACHE/probe.XXXXXX")
  mkdir "$t"/{lower,upper,work,merged}
  unshare -mn mount -t overlay overlay \
    -o "lowerdir=$t/lower,upperdir=$t/upper,workdir=$t/work" "$t/merged" 2>/dev/null ||
    { rm -r "$t"; unable "no right to make namespaces and overlay mounts in $CACHE (an unprivileged container?)"; }
  rm -r "$t"
  t=/sys/fs/cgroup/memory
  [ -d "$t" ] || t=/sys/fs/cgroup
  mkdir "$t/firesteel-probe" 2>/dev/null || unable "no right to make cgroups in $t"
  rmdir "$t/firesteel-probe"
  for port in $ETCD_PORT $API_PORT 10250 10256; do
    [ -z "$(ss -Hltn "sport = :$port")" ] || unable "port $port is taken: does another Kubernetes run here?"
  done
}

install_missing() { # (program or file) package ...: installs the packages whose program is absent
  local wanted=()
  while [ $# -gt 0 ]; do
    # by program, not by package: replacing a host's own containerd could take its Docker away
    [ -e "$1" ] || command -v "$1" >/dev/null || wanted+=("$2")
    shift 2
  done
  [ ${#wanted[@]} = 0 ] || install "${wanted[@]}"
}

install() { # package...
  local log=$STATE/log/apt.log
  command -v apt-get >/dev/null || unable "there is no apt-get to install $*"
  say "installing $*"
  { apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -qy --no-install-recommends "$@"; } >"$log" 2>&1 ||
    fail "apt-get cannot install $*" "$log"
}

install_packages() {
  install_missing containerd containerd runc runc /usr/lib/cni/bridge containernetworking-plugins \
    iptables iptables nft nftables ip iproute2 sysctl procps openssl openssl python3 python3
}

build_kube() {
  [ ! -x "$KUBE" ] || return 0
  say "building Kubernetes (minutes when Go's cache is empty)"
  local log=$STATE/log/build.log version minor
  # without leave to fetch another Go, an old one refuses go.mod
  (cd "$here/kube" && go version) >"$log" 2>&1 || unable "Go cannot build its Kubernetes: $(tail -n 1 "$log")"
  mkdir -p "$(dirname "$KUBE")"
  (
    cd "$here/kube"
    export CGO_ENABLED=0 # with cgo nothing of Go's build cache would be shared
    version=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
    minor=${version#v1.}
    go build -trimpath -o "$KUBE.part" -ldflags "-s -w
      -X k8s.io/component-base/version.gitVersion=$version
      -X k8s.io/component-base/version.gitMajor=1
      -X k8s.io/component-base/version.gitMinor=${minor%%.*}" .
  ) >"$log" 2>&1 || fail "Kubernetes does not build" "$log"
  mv "$KUBE.part" "$KUBE"
  find "$CACHE" -maxdepth 1 -name 'kube-*' ! -name "kube-$KUBE_HASH" -exec rm -r {} +
  say "built Kubernetes"
}
