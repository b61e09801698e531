WITH held AS (
    SELECT work.run
    FROM work
    WHERE work.run = $1
        AND work.lease_token = $2
        AND work.lease_expires_at > now()
        AND $3::integer IS NOT DISTINCT FROM
            (SELECT max(number) FROM job_run_attempt AS attempt WHERE attempt.run = work.run)
    FOR NO KEY UPDATE
),
changed AS (
    UPDATE job_run
    SET state = $5::text::job_run_state, state_details = $6, failure_reason = $7, finished_at = $8
    FROM held
    WHERE job_run.id = held.run AND job_run.state = $4::text::job_run_state
    RETURNING job_run.id
),
-- An attempt that was closed for a retry stays as it is.
closed AS (
    UPDATE job_run_attempt AS attempt
    SET closed_at = $8, fault = $9::text, end_details = CASE WHEN $9::text IS NOT NULL THEN $6 END
    FROM changed
    WHERE attempt.run = changed.id
        AND attempt.number = $3
        AND attempt.closed_at IS NULL
        AND $8 IS NOT NULL
),
-- $10: how long the run then waits; null where its lease goes on. $11: the wake-ups that were seen.
released AS (
    UPDATE work
    SET due_at = CASE WHEN work.wake_seq = $11 THEN now() + make_interval(secs => $10) ELSE now() END,
        waiting = false,
        lease_token = NULL,
        lease_expires_at = NULL
    FROM changed
    WHERE work.run = changed.id AND $10::float8 IS NOT NULL
    RETURNING work.due_at <= now() AS due
)
SELECT
    EXISTS (SELECT FROM held) AS "held!",
    EXISTS (SELECT FROM changed) AS "changed!",
    EXISTS (SELECT FROM released WHERE due) AS "due!"
