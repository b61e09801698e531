"""Pi by throwing darts: the argument is the number of tasks."""

import random
import sys

from pyspark.sql import SparkSession

THROWS = 100_000


def hits(_):
    return sum(random.random() ** 2 + random.random() ** 2 < 1 for _ in range(THROWS))


spark = SparkSession.builder.appName("pi").getOrCreate()
tasks = int(sys.argv[1]) if len(sys.argv) > 1 else 4
total = spark.sparkContext.parallelize(range(tasks), tasks).map(hits).sum()
print(f"Pi is roughly {4 * total / (tasks * THROWS):.4f}")
spark.stop()
