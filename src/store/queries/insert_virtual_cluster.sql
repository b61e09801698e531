INSERT INTO virtual_cluster (
    id, account, name, state, cluster, namespace, node_label, client_token, request_hash, tags,
    security_configuration_id, session_enabled, scheduler, created_by, created_at
)
VALUES (
    $1, $2, $3, 'RUNNING', $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,
    date_trunc('milliseconds', now())
)
ON CONFLICT (account, client_token) DO NOTHING
RETURNING created_at
