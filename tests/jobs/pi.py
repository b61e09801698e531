"""Estimates pi on the executors. Argument: the number of partitions (default 2)."""

import random
import sys

from pyspark.sql import SparkSession

DARTS = 100_000


def throw_darts(seed):
    rng = random.Random(seed)
    return sum(rng.random() ** 2 + rng.random() ** 2 <= 1 for _ in range(DARTS))


partitions = int(sys.argv[1]) if len(sys.argv) > 1 else 2
spark = SparkSession.builder.getOrCreate()
inside = spark.sparkContext.parallelize(range(partitions), partitions).map(throw_darts).sum()
print(f"Pi is roughly {4 * inside / (DARTS * partitions)}", flush=True)
spark.stop()
