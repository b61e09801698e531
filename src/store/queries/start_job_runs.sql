-- The key-share lock makes a deletion of the virtual cluster wait until these runs are visible. Where
-- the virtual cluster has a limit, starts wait for each other at its slots; one that is just being
-- set is for the next, though these runs are counted.
WITH place AS (
    SELECT id, account, cluster, namespace
    FROM virtual_cluster
    WHERE account = $1 AND id = $2 AND state = 'RUNNING'
    FOR KEY SHARE
),
admission AS (
    SELECT
        place.*,
        (slots).max_in_queue AS max_in_queue,
        (slots).max_in_queue - (slots).in_queue AS room,
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
-- `minutes`: what its priority is worth; `patience`: the seconds until it has waited for too long.
asked AS MATERIALIZED (
    SELECT *
    FROM unnest(
        $3::text[], $4::text[], $5::text[], $6::bytea[], $7::text[], $8::text[], $9::jsonb[],
        $10::jsonb[], $11::jsonb[], $12::integer[], $13::text[], $14::timestamptz[], $15::text[],
        $16::integer[], $17::float8[]
    ) WITH ORDINALITY AS asked (
        run, name, client_token, request_hash, execution_role_arn, release_label, driver,
        overrides, tags, max_attempts, created_by, created_at, details,
        minutes, patience, nth
    )
),
started AS (
    INSERT INTO job_run (
        id, account, virtual_cluster, cluster, namespace, name, client_token, request_hash,
        execution_role_arn, release_label, driver, overrides, tags, max_attempts, created_by,
        created_at, state_details
    )
    SELECT
        asked.run, account, id, cluster, namespace, asked.name, asked.client_token, request_hash,
        execution_role_arn, release_label, driver, overrides, tags, max_attempts, created_by,
        created_at, CASE WHEN waiting THEN details END
    FROM asked
    CROSS JOIN admission
    WHERE max_in_queue IS NULL OR nth <= room
    ON CONFLICT (account, virtual_cluster, client_token) DO NOTHING
    RETURNING id, cluster, account, virtual_cluster, state_details
),
queued AS (
    INSERT INTO work (run, cluster, account, virtual_cluster, turn, waiting, due_at)
    SELECT
        id, cluster, account, virtual_cluster, now() - make_interval(mins => minutes), waiting,
        CASE
            WHEN waiting THEN now() + make_interval(secs => patience)
            ELSE now() - make_interval(mins => greatest(minutes, 0))
        END
    FROM started
    JOIN asked ON asked.run = started.id
    CROSS JOIN (SELECT waiting FROM admission) AS admission
)
SELECT
    started.id IS NOT NULL AS "started!",
    CASE WHEN nth > room THEN max_in_queue END AS full_at,
    state_details
FROM asked
LEFT JOIN admission ON true
LEFT JOIN started ON started.id = asked.run
ORDER BY nth
