#!/bin/bash
# Archive the classes that a driver loads at its start (class data sharing), in the image that it
# is for, by that image's Java: make-archive.sh
#
# Makes $SPARK_HOME/classpath.jar, which names every jar of Spark in a fixed order, and driver.jsa.
# Java refuses an archive where the class path begins otherwise than it did here. Spark's own begins
# with the conf folder, which is never empty in a pod, and goes on with jars/*, whose order is the
# file system's: hence a class path of one file, put before it by spark.driver.extraClassPath.
set -euo pipefail
export SPARK_HOME=${SPARK_HOME:-/opt/spark}
export SPARK_LOCAL_IP=127.0.0.1 SPARK_LOCAL_HOSTNAME=localhost # where an image is built no name need resolve
java=${JAVA_HOME:+$JAVA_HOME/bin/}java
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

manifest() { # lines of a manifest hold 72 bytes; the rest goes on after a space
  local value line
  value="Class-Path:$(cd "$SPARK_HOME" && find jars -name '*.jar' -printf ' %p\n' | LC_ALL=C sort | tr -d '\n')"
  echo "Manifest-Version: 1.0"
  line=${value:0:70}
  value=${value:70}
  while echo "$line" && [ -n "$value" ]; do
    line=" ${value:0:69}"
    value=${value:69}
  done
  echo
}

mkdir -p "$work/META-INF"
manifest >"$work/META-INF/MANIFEST.MF"
python3 - "$work" "$SPARK_HOME/classpath.jar" <<'P'
import sys, zipfile

with zipfile.ZipFile(sys.argv[2], "w") as jar:
    jar.write(sys.argv[1] + "/META-INF/MANIFEST.MF", "META-INF/MANIFEST.MF")
P
touch -d @0 "$SPARK_HOME/classpath.jar"

# what drivers have in common: a session, a query, files on disk; one executor inside the driver
cat >"$work/driver.py" <<'P'
import sys

from pyspark.sql import SparkSession

with SparkSession.builder.getOrCreate() as spark:
    spark.range(1000).selectExpr("id", "id % 7 AS k").write.parquet(sys.argv[1] + "/rows")
    rows = spark.read.parquet(sys.argv[1] + "/rows")
    rows.groupBy("k").count().join(rows, "k").selectExpr("sum(count)").collect()
    spark.sparkContext.parallelize(range(10), 2).map(lambda x: x + 1).sum()
P
mkdir "$work/conf"
: >"$work/conf/spark.properties"
(cd "$work" && SPARK_CONF_DIR=$work/conf "$SPARK_HOME/bin/spark-submit" \
  --properties-file "$work/conf/spark.properties" --master 'local[1]' \
  --conf spark.ui.enabled=true --conf spark.sql.shuffle.partitions=1 \
  --conf "spark.driver.extraClassPath=$SPARK_HOME/classpath.jar" \
  --conf "spark.driver.defaultJavaOptions=-XX:ArchiveClassesAtExit=$SPARK_HOME/driver.jsa -Xlog:cds=off -Xlog:cds+dynamic=off" \
  "$work/driver.py" "$work") >"$work/log" 2>&1 || { tail -n 40 "$work/log" >&2; exit 1; }
[ -s "$SPARK_HOME/driver.jsa" ] || { echo "$0: Java made no archive" >&2; tail -n 40 "$work/log" >&2; exit 1; }
chmod 644 "$SPARK_HOME"/{classpath.jar,driver.jsa}
"$java" -XX:SharedArchiveFile="$SPARK_HOME/driver.jsa" -Xshare:on -cp "$SPARK_HOME/classpath.jar" -version >/dev/null 2>&1 ||
  { echo "$0: Java refuses the archive that it made" >&2; exit 1; }
