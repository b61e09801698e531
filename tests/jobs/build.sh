#!/bin/bash
# Compile the Java jobs into OUT_DIR/jobs.jar: build.sh OUT_DIR PYSPARK_JARS_DIR
# Needs a JDK 17 or later (JAVA_HOME, or on the PATH). The classes run on every Spark from 3.3 on.
set -euo pipefail
[ $# -eq 2 ] || { echo "usage: $0 OUT_DIR PYSPARK_JARS_DIR" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
[ -z "${JAVA_HOME:-}" ] || PATH=$JAVA_HOME/bin:$PATH
mkdir -p "$1"
classes=$(mktemp -d)
trap 'rm -rf "$classes"' EXIT
find "$here/java" -name '*.java' -print0 |
  xargs -0 javac --release 8 -Xlint:-options -nowarn -cp "$2/*" -d "$classes"
jar --create --file "$1/jobs.jar.part" -C "$classes" .
mv "$1/jobs.jar.part" "$1/jobs.jar"
