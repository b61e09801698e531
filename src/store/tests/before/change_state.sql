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
closed AS (
    UPDATE job_run_attempt
    SET closed_at = $8
    FROM changed
    WHERE job_run_attempt.run = changed.id AND job_run_attempt.number = $3 AND $8 IS NOT NULL
)
SELECT
    EXISTS (SELECT FROM held) AS "held!",
    EXISTS (SELECT FROM changed) AS "changed!"
