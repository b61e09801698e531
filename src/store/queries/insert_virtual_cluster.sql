-- The key-share lock makes a deletion of the security configuration wait until this is visible.
WITH configuration AS (
    SELECT id
    FROM security_configuration
    WHERE account = $2 AND id = $10 AND deleted_at IS NULL
    FOR KEY SHARE
)
INSERT INTO virtual_cluster (
    id, account, name, state, cluster, namespace, node_label, client_token, request_hash, tags,
    security_configuration_id, session_enabled, scheduler, created_by, created_at
)
SELECT
    $1, $2, $3, 'RUNNING', $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,
    date_trunc('milliseconds', now())
WHERE $10::text IS NULL OR EXISTS (SELECT FROM configuration)
ON CONFLICT (account, client_token) DO NOTHING
RETURNING created_at
