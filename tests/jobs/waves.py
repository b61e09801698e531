"""Works on many tasks at once, then on nothing for a while: executors should come and go."""

import sys
import time

from pyspark.sql import SparkSession

with SparkSession.builder.getOrCreate() as spark:
    spark.sparkContext.parallelize(range(8), 8).map(lambda _: time.sleep(2)).count()
    print("idle now", flush=True)
    time.sleep(float(sys.argv[1]))
