-- The key-share lock makes a deletion of the virtual cluster wait until this run is visible. Where
-- the virtual cluster has a limit, starts wait for each other at its slots; one that is just being
-- set is for the next, though this run is counted.
WITH place AS (
    SELECT id, account, cluster, namespace
    FROM virtual_cluster
    WHERE account = $1 AND id = $2 AND state = 'RUNNING'
    FOR KEY SHARE
),
admission AS (
    SELECT
        place.*,
        CASE WHEN (slots).in_queue >= (slots).max_in_queue THEN (slots).max_in_queue END AS full_at,
        (slots).max_concurrent IS NOT NULL AS waiting
    FROM (
        SELECT
            place.*,
            CASE WHEN EXISTS (
                SELECT FROM virtual_cluster_slots AS known WHERE known.virtual_cluster = place.id
            ) THEN lock_slots(place.id) END AS slots
        FROM place
    ) AS place
),
started AS (
    INSERT INTO job_run (
        id, account, virtual_cluster, cluster, namespace, name, client_token, request_hash,
        execution_role_arn, release_label, driver, overrides, tags, max_attempts, created_by,
        created_at, state_details
    )
    SELECT
        $3, account, id, cluster, namespace, $4, $5, $6,
        $7, $8, $9, $10, $11, $12, $13, $14, CASE WHEN waiting THEN $15 END
    FROM admission
    WHERE full_at IS NULL
    ON CONFLICT (account, virtual_cluster, client_token) DO NOTHING
    RETURNING id, cluster, account, virtual_cluster, state_details
),
-- $16: the minutes that its priority is worth; $17: the seconds until it has waited for too long.
queued AS (
    INSERT INTO work (run, cluster, account, virtual_cluster, turn, waiting, due_at)
    SELECT
        id, cluster, account, virtual_cluster, now() - make_interval(mins => $16), waiting,
        CASE
            WHEN waiting THEN now() + make_interval(secs => $17)
            ELSE now() - make_interval(mins => greatest($16, 0))
        END
    FROM started
    CROSS JOIN (SELECT waiting FROM admission) AS admission
    RETURNING run
)
SELECT
    EXISTS (SELECT FROM queued) AS "started!",
    (SELECT full_at FROM admission) AS full_at,
    (SELECT state_details FROM started) AS state_details
