-- $6: it waits for a slot, and keeps its turn.
WITH held AS (
    SELECT run FROM work
    WHERE run = $1 AND lease_token = $2 AND lease_expires_at > now()
    FOR NO KEY UPDATE
),
told AS (
    UPDATE job_run
    SET state_details = $5
    FROM held
    WHERE job_run.id = held.run
        AND job_run.state < 'COMPLETED'
        AND job_run.state_details IS DISTINCT FROM $5
)
UPDATE work
SET due_at = CASE WHEN work.wake_seq = $3 THEN now() + make_interval(secs => $4) ELSE now() END,
    waiting = work.waiting AND $6,
    lease_token = NULL,
    lease_expires_at = NULL
FROM held
WHERE work.run = held.run
RETURNING work.due_at <= now() AS "due!"
