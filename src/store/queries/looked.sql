WITH held AS (
    SELECT run FROM work
    WHERE run = $1 AND lease_token = $2 AND lease_expires_at > now()
    FOR NO KEY UPDATE
),
recorded AS (
    UPDATE job_run_attempt AS known
    SET (
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
            FROM driver_after(known, $5::jsonb, $6::text[]) AS next
        )
    FROM held
    WHERE known.run = held.run
        AND known.number = $3
        AND known.holder_uid = $4
        AND driver_after(known, $5::jsonb, $6::text[]) IS DISTINCT FROM known
)
SELECT run FROM held
