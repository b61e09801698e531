"""Waits for the given number of seconds (default 600), without a Spark session."""

import sys
import time

time.sleep(float(sys.argv[1]) if len(sys.argv) > 1 else 600)
