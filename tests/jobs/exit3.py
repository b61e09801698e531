"""Ends with exit code 3, without an exception."""

import sys

from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
spark.stop()
sys.exit(3)
