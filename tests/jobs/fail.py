"""Fails as a job fails whose input is not there."""

from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
raise ValueError("the input table is empty")
