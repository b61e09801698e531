"""Works until two executors share the work, then on nothing until none is left."""

import socket
import sys
import time

from pyspark.sql import SparkSession

LIMIT = 300


def where(_):
    time.sleep(1)
    return socket.gethostname()


def wait_until(what, condition):
    deadline = time.monotonic() + LIMIT
    while not condition():
        if time.monotonic() > deadline:
            sys.exit(f"not {what} within {LIMIT} s")
        time.sleep(0.2)
    print(what, flush=True)


with SparkSession.builder.getOrCreate() as spark:
    context = spark.sparkContext
    work = context.parallelize(range(8), 8).map(where)
    wait_until("grown", lambda: len(set(work.collect())) == 2)
    # The driver is among them.
    wait_until("shrunk", lambda: context._jsc.sc().getExecutorMemoryStatus().size() == 1)
