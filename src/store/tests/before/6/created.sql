-- $4, $5, $6: who holds the attempt's name; $7: what was seen of it. A driver is recorded once;
-- only a tombstone may follow it, and only after it is gone.
WITH held AS (
    SELECT run FROM work
    WHERE run = $1 AND lease_token = $2 AND lease_expires_at > now()
    FOR NO KEY UPDATE
),
answered AS (
    UPDATE job_run_attempt AS known
    SET unanswered = greatest(known.unanswered - 1, 0),
        early_uid = NULL,
        early_driver = NULL,
        (holder_uid, holder_kind, holder_created_at) = (
            SELECT
                CASE WHEN free THEN $4 ELSE known.holder_uid END,
                CASE WHEN free THEN $5 ELSE known.holder_kind END,
                CASE WHEN free THEN $6 ELSE known.holder_created_at END
            FROM (
                SELECT known.holder_uid IS NULL
                    OR $5 = 'TOMBSTONE'
                        AND known.holder_kind = 'DRIVER'
                        AND known.gone_at IS NOT NULL AS free
            ) AS name
        ),
        (
            phase, since, waiting_reason, waiting_message, exit_code, exit_reason, exit_message,
            started_at, ended_at, node, deleting, deleting_since, gone_at,
            disruption, pod_ended
        ) = (
            SELECT
                next.phase, next.since, next.waiting_reason, next.waiting_message,
                next.exit_code, next.exit_reason, next.exit_message,
                next.started_at, next.ended_at, next.node, next.deleting,
                next.deleting_since, next.gone_at,
                next.disruption, next.pod_ended
            FROM (
                SELECT CASE WHEN known.holder_uid = $4 OR known.holder_uid IS NULL
                    THEN $7::jsonb ELSE '{}' END AS driver
            ) AS seen
            CROSS JOIN LATERAL driver_after(known, seen.driver, $8::text[]) AS now_known
            CROSS JOIN LATERAL driver_after(
                now_known,
                CASE WHEN known.early_uid = $4 THEN known.early_driver ELSE '{}' END,
                $8::text[]
            ) AS next
        )
    FROM held
    WHERE known.run = held.run AND known.number = $3
    RETURNING known.run
)
SELECT run FROM answered
