"""Fails on an executor: Spark then says much more than the exception."""

from pyspark.sql import SparkSession


def refuse(row):
    raise ValueError(f"row {row} is bad")


spark = SparkSession.builder.getOrCreate()
spark.sparkContext.parallelize(range(4), 4).map(refuse).count()
