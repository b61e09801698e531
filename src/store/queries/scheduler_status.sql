SELECT virtual_cluster, in_queue, running
FROM virtual_cluster_slots
WHERE virtual_cluster = ANY($1::text[])
