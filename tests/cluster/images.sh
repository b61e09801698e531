# The images, made of Debian packages and PyPI's pyspark, without Docker and without a registry.
# Sourced by up.sh.
#
# A layer's file name carries the hash of what it is made from (the text of its recipe included),
# and an imported image gets a second tag with the hash of its layers: nothing is made or imported
# twice, nor left as it was when its sources change.
# shellcheck shell=bash disable=SC2154

PAUSE_IMAGE=localhost/pause:1
BUSYBOX_IMAGE=localhost/busybox:1
SPARK_IMAGE=localhost/firesteel-spark   # :VERSION
LAYERS=$CACHE/layers
JOBS=$here/../jobs
SPARK_IMAGE_SCRIPTS=$here/../../docker/spark # the tuned image's own
JAVA_MODULES=java.se,jdk.unsupported,jdk.management,jdk.crypto.ec,jdk.crypto.cryptoki,jdk.zipfs,jdk.security.auth,\
jdk.security.jgss,jdk.httpserver,jdk.naming.dns,jdk.charsets,jdk.localedata,jdk.net,jdk.jcmd,jdk.attach,jdk.jfr,\
jdk.management.agent,jdk.compiler,jdk.incubator.vector

import_images() {
  local version
  mkdir -p "$LAYERS"
  import_busybox_images
  for version in ${versions[@]+"${versions[@]}"}; do import_spark_image "$version"; done
}

text_hash() { sha256sum | cut -c1-12; }

layer() { # name hash recipe arg...: sets LAYER to the file; RECIPE fills $ROOT, which becomes the layer
  local name=$1 recipe=$3 dir
  LAYER=$LAYERS/$name-$2.tar
  shift 3
  [ ! -f "$LAYER" ] || return 0
  dir=$CACHE/tmp/$name
  unmount_below "$dir" # debootstrap, interrupted, leaves the host's /proc in there
  rm -rf --one-file-system "$dir"
  mkdir -p "$dir"
  ROOT=$dir "$recipe" "$@"
  tar -C "$dir" --numeric-owner -cf "$LAYER.part" .
  rm -rf "$dir"
  rm -f "$LAYERS/$name"-*.tar "$LAYERS/$name"-*.tar.sha256
  mv "$LAYER.part" "$LAYER"
  say "layer $name, $(($(stat -c %s "$LAYER") >> 20)) MB"
}

import_image() { # name:tag config_json layer...
  local image=$1 hash old
  hash=$(printf '%s\n' "$@" | text_hash)
  if ctr image ls -q | grep -xF "$image-$hash" >/dev/null; then return 0; fi
  python3 "$here/image.py" "$image" "$(go_arch)" "${@:2}" | ctr image import - >"$STATE/log/import.log" 2>&1 ||
    fail "$image cannot be imported" "$STATE/log/import.log"
  for old in $(ctr image ls -q | grep -E "^${image//./\\.}-[0-9a-f]{12}$" || true) $(nameless_images); do
    ctr image rm --sync "$old" >/dev/null
  done
  ctr image tag "$image" "$image-$hash" >/dev/null # last: it says that the import is whole
  say "imported $image"
}

nameless_images() { # the runtime's own entries (by id) of images whose names have moved to newer ones
  ctr image ls | awk 'NR > 1 {if ($1 ~ /^sha256:/) id[$1] = $3; else named[$3] = 1}
    END {for (i in id) if (!(id[i] in named)) print i}'
}

go_arch() { case $(uname -m) in x86_64) echo amd64 ;; aarch64) echo arm64 ;; *) uname -m ;; esac; }

# --- pause and busybox: one layer, Debian's static busybox

import_busybox_images() {
  # ldd refuses a static program, the only kind that runs in an image of nothing else
  if [ ! -x /bin/busybox ] || ldd /bin/busybox >/dev/null 2>&1; then install busybox-static; fi
  layer busybox "$(cat /bin/busybox <(declare -f busybox_layer) | text_hash)" busybox_layer
  # a sandbox's first process only has to be there
  import_image $PAUSE_IMAGE '{"Entrypoint": ["/bin/sleep", "2147483647"]}' "$LAYER"
  import_image $BUSYBOX_IMAGE '{"Env": ["PATH=/bin"], "Cmd": ["sh"]}' "$LAYER"
}

busybox_layer() {
  local applet
  mkdir -p "$ROOT"/{bin,etc}
  mkdir -m 1777 "$ROOT/tmp"
  echo root:x:0:0:root:/:/bin/sh >"$ROOT/etc/passwd"
  cp /bin/busybox "$ROOT/bin/"
  for applet in $(/bin/busybox --list); do
    [ "$applet" = busybox ] || ln -s busybox "$ROOT/bin/$applet"
  done
}

# --- Spark: Debian, Python and Java; then Spark itself; then what docker/spark adds, by the same
# scripts; then our entry point and jobs

import_spark_image() { # version
  local v=$1 base spark config tuned=() list=$SPARK_IMAGE_SCRIPTS/jars/${1%.*}.sha256
  layer base "$(declare -f base_layer find_jdk | cat - <(echo "$JAVA_MODULES") | text_hash)" base_layer
  base=$LAYER
  layer "spark-$v" "$(declare -f spark_layer | text_hash)" spark_layer "$v"
  spark=$LAYER
  if [ -f "$list" ]; then
    layer "s3-$v" "$(cat "$list" "$SPARK_IMAGE_SCRIPTS/fetch-jars.sh" <(declare -f s3_layer) | text_hash)" s3_layer "$v"
    tuned+=("$LAYER")
  fi
  layer "archive-$v" "$(cat "$SPARK_IMAGE_SCRIPTS/make-archive.sh" <(declare -f archive_layer) \
    <(echo "$base" "$spark" ${tuned[@]+"${tuned[@]}"}) | text_hash)" \
    archive_layer "$base" "$spark" ${tuned[@]+"${tuned[@]}"}
  tuned+=("$LAYER")
  layer "jobs-$v" "$(find "$JOBS" "$here/spark" -type f -print0 | sort -z | xargs -0 cat |
    cat - <(declare -f jobs_layer) | text_hash)" jobs_layer "$v"
  config='{"User": "185", "WorkingDir": "/opt/spark/work-dir", "Entrypoint": ["/opt/entrypoint.sh"],
    "Env": ["PATH=/opt/java/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "JAVA_HOME=/opt/java", "SPARK_HOME=/opt/spark", "LANG=C.UTF-8"]}'
  import_image "$SPARK_IMAGE:$v" "$config" "$base" "$spark" "${tuned[@]}" "$LAYER"
}

find_jdk() { # prints the home of a JDK 17 that has what jlink needs
  local home
  for home in "${JAVA_HOME:-}" /usr/lib/jvm/java-17-openjdk-* /usr/lib/jvm/*; do
    if [ -f "$home/jmods/java.base.jmod" ] && grep -qs '^JAVA_VERSION="17' "$home/release"; then
      echo "$home"
      return
    fi
  done
  return 1
}

need_jdk() { # sets JDK
  JDK=$(find_jdk) && return 0
  install openjdk-17-jdk-headless
  JDK=$(find_jdk) || unable "there is no JDK 17 with jmods to make the Spark image's Java from"
}

base_layer() {
  local log=$STATE/log/debootstrap.log
  install_missing debootstrap debootstrap /usr/share/keyrings/debian-archive-keyring.gpg debian-archive-keyring
  need_jdk
  say "making the base of the Spark images: Debian and Java"
  debootstrap --variant=minbase --include=python3,tini bookworm "$ROOT" >"$log" 2>&1 ||
    fail "debootstrap cannot make the base of the Spark images" "$log"
  rm -rf "${ROOT:?}"/{var/cache/apt,var/lib/apt/lists,var/log,usr/share/doc,usr/share/locale,usr/share/man,dev,proc,sys}
  mkdir -p "$ROOT"/{dev,proc,sys,var/log,var/cache/apt/archives/partial,var/lib/apt/lists/partial}
  "$JDK/bin/jlink" --module-path "$JDK/jmods" --add-modules "$JAVA_MODULES" --include-locales=en \
    --strip-debug --no-header-files --no-man-pages --compress=0 --output "$ROOT/opt/java" >>"$log" 2>&1 ||
    fail "jlink cannot make the Java of the Spark images" "$log"
  "$ROOT/opt/java/bin/java" -Xshare:dump >/dev/null 2>&1 || true # only makes JVMs start faster
  echo spark:x:185: >>"$ROOT/etc/group"
  echo spark:x:185:185:spark:/opt/spark:/bin/bash >>"$ROOT/etc/passwd"
  chmod 664 "$ROOT/etc/passwd" # the entry point names a uid that it does not know, as group 0
}

pyspark_home() { # version: sets PYSPARK to an installed pyspark of that version
  local v=$1 log=$STATE/log/pip.log
  PYSPARK=${PYSPARK_HOME:-}
  if grep -qs "__version__.*\"$v\"" "$PYSPARK/version.py"; then return 0; fi
  PYSPARK=$CACHE/pyspark-$v/pyspark
  [ ! -d "$PYSPARK" ] || return 0
  python3 -m pip --version >/dev/null 2>&1 || install python3-pip
  say "getting pyspark $v"
  rm -rf "$CACHE/tmp/pip"
  # no dependencies: Spark's own files are wanted, and py4j is among them
  python3 -m pip install --no-deps --no-compile --target "$CACHE/tmp/pip" "pyspark==$v" >"$log" 2>&1 ||
    fail "pip cannot install pyspark $v" "$log"
  rm -rf "$CACHE/pyspark-$v"
  mv "$CACHE/tmp/pip" "$CACHE/pyspark-$v"
}

spark_layer() { # version: the folders of Spark's own image
  local home=$ROOT/opt/spark
  pyspark_home "$1"
  mkdir -p "$home"/{python/lib,conf,work-dir}
  cp -r "$PYSPARK"/{jars,bin,sbin} "$home/"
  cp "$PYSPARK"/python/lib/*.zip "$home/python/lib/"
  tar -C "$PYSPARK/.." -c --exclude=pyspark/{jars,bin,sbin,python,data,examples,licenses} --exclude=__pycache__ pyspark |
    tar -C "$home/python" -x
  chmod 755 "$home"/{bin,sbin}/*
  chown -R 0:0 "$ROOT"
  chown 185:0 "$home/work-dir"
  chmod 775 "$home/work-dir"
}

s3_layer() { # version
  local log=$STATE/log/jars.log
  "$SPARK_IMAGE_SCRIPTS/fetch-jars.sh" "$1" "$ROOT/opt/spark/jars" >"$log" 2>&1 ||
    fail "the jars of S3 for Spark $1 cannot be had" "$log"
  chown -R 0:0 "$ROOT"
}

archive_layer() { # layer...: those below it, in which Java runs as it will in the image
  local log=$STATE/log/archive.log below=$CACHE/tmp/archive-root layer
  unmount_below "$below"
  rm -rf --one-file-system "$below"
  mkdir -p "$below"
  for layer; do tar -C "$below" -xf "$layer"; done
  mkdir -m 1777 -p "$below/tmp"
  cp "$SPARK_IMAGE_SCRIPTS/make-archive.sh" "$below/tmp/"
  echo 127.0.0.1 localhost >"$below/etc/hosts"
  mount -t proc proc "$below/proc"
  mount --rbind /dev "$below/dev"
  chroot "$below" env -i PATH=/opt/java/bin:/usr/bin:/bin JAVA_HOME=/opt/java SPARK_HOME=/opt/spark LANG=C.UTF-8 \
    bash /tmp/make-archive.sh >"$log" 2>&1 || fail "Java makes no class archive" "$log"
  unmount_below "$below"
  mkdir -p "$ROOT/opt/spark"
  cp -p "$below/opt/spark"/{classpath.jar,driver.jsa} "$ROOT/opt/spark/"
  rm -rf --one-file-system "$below"
}

jobs_layer() { # version
  local log=$STATE/log/jobs.log
  need_jdk
  pyspark_home "$1"
  mkdir -p "$ROOT/opt/firesteel-jobs"
  cp "$JOBS"/*.py "$ROOT/opt/firesteel-jobs/"
  JAVA_HOME=$JDK "$JOBS/build.sh" "$ROOT/opt/firesteel-jobs" "$PYSPARK/jars" >"$log" 2>&1 ||
    fail "the test jobs do not compile" "$log"
  cp "$here/spark/entrypoint.sh" "$ROOT/opt/"
  chown -R 0:0 "$ROOT"
  chmod -R u=rwX,go=rX "$ROOT"
  chmod 755 "$ROOT/opt/entrypoint.sh"
}

# --- containers of a run that ended without down.sh

forget_containers() {
  [ -n "$(ctr container ls -q)" ] || return 0
  say "removing containers of an earlier run"
  remove_containers
  # the runtime has them in its memory still
  kill "$(pid_of containerd)"
  while pid_of containerd >/dev/null; do sleep 0.1; done
  start_containerd
}
