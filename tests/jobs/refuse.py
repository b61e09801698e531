"""Fails at once with an exception that has a text, without a Spark session."""

raise ValueError("the input table is empty")
