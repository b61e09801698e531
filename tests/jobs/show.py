"""Prints what it was given, and what its first executor was: one line of JSON after "shown: "."""

import json
import os
import pathlib
import sys

from pyspark import SparkFiles
from pyspark.sql import SparkSession


def around(_=None):
    conf = pathlib.Path(os.environ.get("SPARK_CONF_DIR", "/opt/spark/conf"))
    try:
        import shown

        module = shown.TEXT
    except ImportError:
        module = None
    mounted = [pathlib.Path(path) for path in os.environ.get("SHOW_FILES", "").split(":") if path]
    given = pathlib.Path(SparkFiles.get("fail.py"))
    return {
        "env": {name: text for name, text in os.environ.items() if name.startswith("SHOW_")},
        "conf": {path.name: path.read_text() for path in conf.glob("*.properties")},
        "file": given.read_text() if given.exists() else None,
        "module": module,
        "mounted": {str(path): path.read_text() for path in mounted},
    }


context = SparkSession.builder.getOrCreate().sparkContext
output = {
    "arguments": sys.argv[1:],
    "hadoop": context._jsc.hadoopConfiguration().get("shown.key"),
    "property": context.getConf().get("spark.shown"),
    "driver": around(),
    "executor": context.parallelize([0], 1).map(around).collect()[0],
}
print("shown: " + json.dumps(output), flush=True)
context.stop()
