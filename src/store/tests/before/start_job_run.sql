-- The key-share lock makes a deletion of the virtual cluster wait until this run is visible.
WITH place AS (
    SELECT id, account, cluster, namespace
    FROM virtual_cluster
    WHERE account = $1 AND id = $2 AND state = 'RUNNING'
    FOR KEY SHARE
),
started AS (
    INSERT INTO job_run (
        id, account, virtual_cluster, cluster, namespace, name, client_token, request_hash,
        execution_role_arn, release_label, driver, overrides, tags, max_attempts, created_by,
        created_at
    )
    SELECT
        $3, place.account, place.id, place.cluster, place.namespace, $4, $5, $6,
        $7, $8, $9, $10, $11, $12, $13, $14
    FROM place
    ON CONFLICT (account, virtual_cluster, client_token) DO NOTHING
    RETURNING id, cluster, account, virtual_cluster
)
INSERT INTO work (run, cluster, account, virtual_cluster)
SELECT id, cluster, account, virtual_cluster FROM started
RETURNING run
