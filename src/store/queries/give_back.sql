WITH held AS (
    SELECT work.run
    FROM unnest($1::text[], $2::uuid[]) AS lease (run, token)
    JOIN work ON work.run = lease.run
    WHERE work.lease_token = lease.token
    ORDER BY work.run
    FOR NO KEY UPDATE OF work
)
UPDATE work
SET due_at = least(work.due_at, now()), lease_token = NULL, lease_expires_at = NULL
FROM held
WHERE work.run = held.run
