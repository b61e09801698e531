WITH held AS (
    UPDATE work
    SET host = coalesce($6, host)
    WHERE run = $1 AND lease_token = $2 AND lease_expires_at > now()
    RETURNING run
)
INSERT INTO job_run_attempt AS attempt (run, number, driver_name, cluster_identity)
SELECT held.run, $3, $4, $5
FROM held
WHERE $3 = 1 OR EXISTS (
    SELECT FROM job_run_attempt AS before WHERE before.run = held.run AND before.number = $3 - 1
)
ON CONFLICT (run, number) DO UPDATE SET unanswered = attempt.unanswered + 1
RETURNING attempt.run
