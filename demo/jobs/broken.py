"""A job that fails as jobs do: with an exception deep in the user's code."""

from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("broken").getOrCreate()
orders = spark.range(10).where("id > 100")
if orders.isEmpty():
    raise ValueError("no orders since yesterday: is the import late?")
