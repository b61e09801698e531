-- Updates of one virtual cluster wait for each other at its row, before they meet at their token.
WITH place AS (
    SELECT id
    FROM virtual_cluster
    WHERE account = $1 AND id = $2 AND state = 'RUNNING'
    FOR NO KEY UPDATE
),
first AS (
    INSERT INTO virtual_cluster_update (virtual_cluster, client_token, request_hash, made_by)
    SELECT id, $3, $4, $5 FROM place
    ON CONFLICT (virtual_cluster, client_token) DO NOTHING
    RETURNING virtual_cluster
)
UPDATE virtual_cluster
SET scheduler = CASE WHEN $6::boolean THEN $7::jsonb ELSE scheduler END
FROM first
WHERE virtual_cluster.id = first.virtual_cluster
RETURNING virtual_cluster.id
