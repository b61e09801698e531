WITH queued AS (
    SELECT work.run
    FROM work
    JOIN job_run ON job_run.id = work.run
    WHERE work.run = $3 AND job_run.account = $1 AND job_run.virtual_cluster = $2
    FOR NO KEY UPDATE OF work
),
cancelled AS (
    UPDATE job_run
    SET state = 'CANCEL_PENDING', state_details = NULL
    FROM queued
    WHERE job_run.id = queued.run AND job_run.state IN ('PENDING', 'SUBMITTED', 'RUNNING')
    RETURNING job_run.id
)
UPDATE work
SET wake_seq = work.wake_seq + 1, due_at = least(work.due_at, now())
FROM cancelled
WHERE work.run = cancelled.id
RETURNING work.run
