"""Runs small stages, so that it has executors, until the given number of seconds is over (default 60)."""

import sys
import time

from pyspark.sql import SparkSession

seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60
spark = SparkSession.builder.getOrCreate()
end = time.monotonic() + seconds
stages = 0
while time.monotonic() < end:
    spark.sparkContext.parallelize(range(2), 2).count()
    stages += 1
    time.sleep(max(0, min(1, end - time.monotonic())))
print(f"slept through {stages} stages", flush=True)
spark.stop()
