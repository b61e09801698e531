-- $1: the watch; $5: its cluster. Only what differs is written, and only what differs wakes: but for
-- the node, on which nothing waits. Strangers are the uids of objects that are no attempt's driver, as
-- far as is recorded.
WITH term AS (
    SELECT FROM cluster_watch
    WHERE cluster = $1 AND term = $2 AND expires_at > now()
    FOR SHARE
),
met AS (
    SELECT
        seen.run, seen.attempt, seen.uid, seen.driver,
        known, known.run AS known_run, known.holder_uid
    FROM jsonb_to_recordset($3::jsonb) AS seen (run text, attempt integer, uid text, driver jsonb)
    LEFT JOIN job_run_attempt AS known ON known.run = seen.run AND known.number = seen.attempt
),
different AS (
    SELECT
        met.run, met.attempt, met.uid, met.driver,
        met.holder_uid IS NULL
            OR driver_after(met.known, met.driver - 'node', $4::text[]) IS DISTINCT FROM met.known AS wakes
    FROM met
    WHERE met.holder_uid = met.uid
            AND driver_after(met.known, met.driver, $4::text[]) IS DISTINCT FROM met.known
        OR met.known_run IS NOT NULL
            AND met.holder_uid IS NULL
            AND ((met.known).early_uid, (met.known).early_driver)
                IS DISTINCT FROM (met.uid, met.driver)
),
woken AS (
    SELECT work.run FROM work
    WHERE work.cluster = $5
        AND work.run IN (SELECT different.run FROM different)
        AND EXISTS (SELECT FROM term)
    ORDER BY work.run
    FOR NO KEY UPDATE
),
recorded AS (
    UPDATE job_run_attempt AS known
    SET early_uid = CASE WHEN known.holder_uid IS NULL THEN different.uid END,
        early_driver = CASE WHEN known.holder_uid IS NULL THEN different.driver END,
        (
            phase, since, waiting_reason, waiting_message, exit_code, exit_reason, exit_message,
            started_at, ended_at, node, deleting, deleting_since, gone_at,
            disruption, pod_ended, grace_seconds
        ) = (
            SELECT
                next.phase, next.since, next.waiting_reason, next.waiting_message,
                next.exit_code, next.exit_reason, next.exit_message,
                next.started_at, next.ended_at, next.node, next.deleting,
                next.deleting_since, next.gone_at,
                next.disruption, next.pod_ended, next.grace_seconds
            FROM driver_after(
                known,
                CASE WHEN known.holder_uid IS NULL THEN '{}' ELSE different.driver END,
                $4::text[]
            ) AS next
        )
    FROM different
    JOIN woken ON woken.run = different.run
    WHERE known.run = different.run
        AND known.number = different.attempt
        AND (known.holder_uid IS NULL OR known.holder_uid = different.uid)
),
due AS (
    UPDATE work
    SET wake_seq = work.wake_seq + 1, due_at = least(work.due_at, now())
    FROM woken
    WHERE work.run = woken.run
        AND EXISTS (SELECT FROM different WHERE different.run = woken.run AND different.wakes)
    RETURNING work.run
)
SELECT due.run AS "woken?", NULL AS "stranger?" FROM due
UNION ALL
SELECT NULL, met.uid FROM met
WHERE met.holder_uid <> met.uid
    OR met.holder_uid IS NULL AND NOT EXISTS (SELECT FROM work WHERE work.run = met.run)
