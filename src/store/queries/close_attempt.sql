-- The latest attempt is over and another will follow, unless the run comes to its end before.
WITH held AS (
    SELECT work.run
    FROM work
    JOIN job_run ON job_run.id = work.run
    WHERE work.run = $1
        AND work.lease_token = $2
        AND work.lease_expires_at > now()
        AND job_run.state < 'COMPLETED'
        AND $3 = (SELECT max(number) FROM job_run_attempt AS attempt WHERE attempt.run = work.run)
    FOR NO KEY UPDATE OF work
)
UPDATE job_run_attempt AS attempt
SET closed_at = $4, fault = $5, end_details = $6, retry_at = $7, charged = $8
FROM held
WHERE attempt.run = held.run AND attempt.number = $3
RETURNING attempt.run
