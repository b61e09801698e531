-- A run's first creation needs a slot, where its virtual cluster has a limit.
WITH held AS (
    SELECT run FROM work
    WHERE run = $1 AND lease_token = $2 AND lease_expires_at > now()
    FOR NO KEY UPDATE
),
asked AS (
    SELECT
        held.run,
        CASE WHEN NOT EXISTS (SELECT FROM job_run_attempt AS begun WHERE begun.run = held.run)
            THEN slot_refusal(held.run)
        END AS full_at
    FROM held
    WHERE $3 = 1 OR EXISTS (
        SELECT FROM job_run_attempt AS before
        WHERE before.run = held.run AND before.number = $3 - 1 AND before.retry_at IS NOT NULL
    )
),
noted AS (
    UPDATE work
    SET host = CASE WHEN asked.full_at IS NULL THEN coalesce($6, work.host) ELSE work.host END,
        waiting = asked.full_at IS NOT NULL,
        -- What waited was due when it had waited too long; whoever follows after a crash finds it now.
        due_at = CASE WHEN work.waiting AND asked.full_at IS NULL
            THEN least(work.due_at, now()) ELSE work.due_at
        END
    FROM asked
    WHERE work.run = asked.run
),
begun AS (
    INSERT INTO job_run_attempt AS attempt (run, number, driver_name, cluster_identity)
    SELECT asked.run, $3, $4, $5
    FROM asked
    WHERE asked.full_at IS NULL
    ON CONFLICT (run, number) DO UPDATE SET unanswered = attempt.unanswered + 1
)
SELECT full_at FROM asked
