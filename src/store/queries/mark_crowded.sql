-- $1: how many ended drivers a namespace may hold. Of the others the oldest are marked, some at a
-- time, and their runs wake.
WITH ended AS (
    SELECT
        attempt.run,
        row_number() OVER (
            PARTITION BY job_run.cluster, job_run.namespace
            ORDER BY attempt.closed_at DESC, attempt.run DESC
        ) AS place
    FROM work
    JOIN job_run ON job_run.id = work.run
    JOIN job_run_attempt AS attempt ON attempt.run = work.run
    WHERE attempt.closed_at IS NOT NULL
        AND attempt.holder_uid IS NOT NULL
        AND attempt.gone_at IS NULL
        AND NOT attempt.removed
),
crowded AS (
    SELECT work.run
    FROM work
    WHERE NOT work.crowded AND work.run IN (SELECT ended.run FROM ended WHERE ended.place > $1)
    ORDER BY work.run
    LIMIT 5000
    FOR NO KEY UPDATE
)
UPDATE work
SET crowded = true, wake_seq = work.wake_seq + 1, due_at = least(work.due_at, now())
FROM crowded
WHERE work.run = crowded.run
RETURNING work.cluster
