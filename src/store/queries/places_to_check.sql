-- Replicas share the work, and a check that nobody came to the end of is due again after its time.
UPDATE virtual_cluster AS place
SET check_due_at = now() + make_interval(secs => $2 * (0.75 + random() / 2))
FROM (
    SELECT id
    FROM virtual_cluster
    WHERE cluster = $1 AND state IN ('RUNNING', 'ARRESTED') AND check_due_at <= now()
    ORDER BY check_due_at
    LIMIT $3
    FOR NO KEY UPDATE SKIP LOCKED
) AS due
WHERE place.id = due.id
RETURNING place.id, place.namespace, place.state = 'ARRESTED' AS "arrested!"
