#!/bin/bash
# Fetch what Spark needs to speak to S3 (hadoop-aws, Spark's committers, the parts of AWS's SDK that
# they use): fetch-jars.sh SPARK_VERSION FOLDER
#
# jars/LINE.sha256 names every file, by its path in a Maven repository, and what it must contain.
# MAVEN_REPOSITORY names a mirror of Maven Central.
set -euo pipefail
[ $# -eq 2 ] || { echo "usage: $0 SPARK_VERSION FOLDER" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
list=$here/jars/${1%.*}.sha256
repository=${MAVEN_REPOSITORY:-https://repo1.maven.org/maven2}
[ -f "$list" ] || { echo "$0: no list of jars for Spark ${1%.*}: jars/ has one for each line" >&2; exit 1; }

download() { # url file
  if command -v curl >/dev/null; then
    curl --fail --silent --show-error --location --retry 5 --retry-all-errors --connect-timeout 20 -o "$2" "$1"
  else
    wget --quiet --tries 5 --timeout 20 -O "$2" "$1"
  fi
}

mkdir -p "$2"
while read -r sum path; do
  file=$2/${path##*/}
  download "$repository/$path" "$file.part"
  echo "$sum  $file.part" | sha256sum --check --quiet --strict
  # the time of a file is part of what a class archive is checked against: the same for everybody
  touch -d @0 "$file.part"
  mv "$file.part" "$file"
done <"$list"
