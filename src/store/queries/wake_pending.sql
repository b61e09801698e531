-- The longest waiting of them, and a few more in case one has come to its end.
WITH waiting AS (
    SELECT work.run
    FROM work
    JOIN job_run ON job_run.id = work.run
    WHERE work.cluster = $1
        AND job_run.state = 'PENDING'
        AND NOT work.waiting
        AND (work.due_at > now() OR work.lease_token IS NOT NULL)
    ORDER BY work.run
    LIMIT 4
    FOR NO KEY UPDATE OF work
)
UPDATE work
SET wake_seq = work.wake_seq + 1, due_at = least(work.due_at, now())
FROM waiting
WHERE work.run = waiting.run
