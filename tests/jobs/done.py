"""Ends well at once: it starts no Spark session, and so it is the quickest job there is."""

print("done", flush=True)
