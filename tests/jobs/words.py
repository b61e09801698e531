"""Counts the words of a text and writes the counts as Parquet, and the Spark that did it as JSON."""

import sys

from pyspark.sql import SparkSession

source, target = sys.argv[1:]
with SparkSession.builder.getOrCreate() as spark:
    counts = spark.read.text(source).selectExpr("explode(split(value, ' ')) AS word")
    counts.groupBy("word").count().repartition(2).write.parquet(f"{target}/counts")
    read = spark.read.parquet(f"{target}/counts").agg({"count": "sum"}).collect()[0][0]
    spark.createDataFrame([(spark.version, read)], "version string, words long").coalesce(
        1
    ).write.json(f"{target}/summary")
