"""Takes memory in the driver's Python process until the kernel kills it at the pod's limit."""

from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
hog = []
while True:
    hog.append(b"x" * (16 << 20))
